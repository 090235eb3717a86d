"""What the shell's TAB is told: names and ids that the portal knows. A silent one disturbs no typing."""

from collections.abc import Callable, Iterator
from itertools import islice

import click
from click.shell_completion import CompletionItem

from portal.cli.output import plain
from portal.client import Client
from portal.client.credentials import load_credentials
from portal.client.http import Document

STATES = ("waiting", "running", "saving", "done", "failed", "cancelled", "on hold")
"""The words that people see, as the portal takes them."""
MOST = 200
SOON_S = 2.0
Items = list[CompletionItem]
Complete = Callable[[click.Context, click.Parameter, str], Items]


def _of(ask: Callable[[Client, click.Context, str], Iterator[CompletionItem]]) -> Complete:
    """A completion that asks the portal once, soon, and says nothing where anything goes wrong."""

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
        try:
            credentials = load_credentials()
            if credentials.token is None:
                return []
            client = Client(credentials.url, credentials.token, timeout_s=SOON_S, tries=1)
            items = ask(client, context, incomplete)
            return [item for item in islice(items, MOST) if str(item.value).startswith(incomplete)]
        except Exception:  # a broken line of typing would be worse than no help
            return []

    return complete


def complete_state(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """States of jobs."""
    return [CompletionItem(word) for word in STATES if word.startswith(incomplete.lower())]


def _item(value: object, about: object) -> CompletionItem:
    return CompletionItem(plain(value), help=plain(about))


@_of
def complete_analysis(client: Client, _context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """Names of analyses."""
    for item in client.analyses()["items"]:
        yield _item(item["name"], item["title"])


@_of
def complete_draft(client: Client, _context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """Drafts, by their name where they have one of their own, else by their number."""
    found = client.drafts()
    names = [one["analysis"] for one in found]
    for one in found:
        alone = one["analysis"] and names.count(one["analysis"]) == 1
        yield _item(one["analysis"] if alone else one["id"], one["name"])


@_of
def complete_dataset(client: Client, _context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """Ids of the newest datasets."""
    for item in client.datasets(limit=MOST):
        yield _item(item["id"], item["name"])


@_of
def complete_job(client: Client, _context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """Numbers of the newest jobs."""
    for item in client.jobs(limit=MOST):
        yield _item(item["number"], f"{item['title']}, {item['state_words'].lower()}")


@_of
def complete_type(client: Client, _context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """Dataset types, as they occur among the newest datasets."""
    for word in dict.fromkeys(item["type"] for item in client.datasets(limit=500)):
        yield _item(word, "")


@_of
def complete_experiment(client: Client, _context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """Names of experiments."""
    for item in client.experiments(limit=MOST):
        yield _item(item["name"], item["title"])


def _chosen(client: Client, context: click.Context) -> Document:
    return client.analysis(str(context.params.get("analysis") or ""))


@_of
def complete_option(client: Client, context: click.Context, text: str) -> Iterator[CompletionItem]:
    """NAME= of the analysis's options, then its choices."""
    name, equals, _ = text.partition("=")
    for field in _chosen(client, context)["form"]["fields"]:
        if not equals:
            yield _item(f"{field['name']}=", field["label"])
        elif field["name"] == name:
            values = [one["value"] for one in field["choices"]]
            for value in values or (["true", "false"] if field["kind"] == "boolean" else []):
                yield _item(f"{name}={value}", field["label"])


@_of
def complete_slot(client: Client, context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """SLOT= of the analysis's inputs."""
    for slot in _chosen(client, context)["form"]["slots"]:
        yield _item(f"{slot['name']}=", slot["label"])


@_of
def complete_preset(client: Client, context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """The analysis's presets."""
    for preset in _chosen(client, context)["form"]["presets"]:
        yield _item(preset["name"], preset["blurb"])


@_of
def complete_variant(client: Client, context: click.Context, _text: str) -> Iterator[CompletionItem]:
    """The analysis's resource requests."""
    for variant in _chosen(client, context)["variants"]:
        yield _item(variant["name"], variant["words"])
