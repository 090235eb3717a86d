"""gantry analyses [show]: what is possible."""

import click

from portal.cli.arguments import dataset_ids, make_client, nearest
from portal.cli.completing.offers import complete_analysis, complete_dataset
from portal.cli.output import json_option, say, show_json, show_pairs, show_rows
from portal.cli.starting.terms import terms_lines
from portal.client import Client
from portal.client.http import Document
from portal.errors import NotFoundError
from portal.methods.quantities import printed_units, unit


@click.command("show")
@click.argument("name", required=False, shell_complete=complete_analysis)
@click.option(
    "--for",
    "datasets",
    multiple=True,
    metavar="DATASET",
    shell_complete=complete_dataset,
    help="Only what fits these; - for stdin.",
)
@json_option
def show(name: str | None, datasets: tuple[str, ...], as_json: bool) -> None:
    """List analyses, or show the form of one with all its options."""
    client = make_client()
    ids = dataset_ids(datasets)
    if name is not None:
        found = analysis_or_hint(client, name, ids)
        if as_json:
            show_json(found)
        else:
            _show(found)
        return
    page = client.analyses(ids)
    if as_json:
        show_json(page)
        return
    show_rows(
        ("Name", "Analysis", "What it does", "Typical time", f"Worked in {_days(page)} days"),
        ((item["name"], item["title"], item["summary"], _takes(item), _worked(item)) for item in page["items"]),
        empty="No analysis fits.",
    )
    for other in page["others"]:
        say(f"{other['title']} does not fit. {other['reason']}", err=True)


def _days(page: Document) -> int:
    return next((int(item["used"]["days"]) for item in page["items"]), 90)


def _takes(item: Document) -> str:
    """As runs of late took, else as its author says."""
    return str(item["used"]["takes"] or item["typical_time"] or "")


def _worked(item: Document) -> str:
    used = item["used"]
    ended = used["worked"] + used["failed"]
    return f"{used['worked']:,} of {ended:,}" if ended else "not used"


def analysis_or_hint(client: Client, name: str, datasets: list[int]) -> Document:
    """The analysis; where there is none of that name, the error names the nearest. Raises PortalError."""
    try:
        return client.analysis(name, datasets)
    except NotFoundError as error:
        known = [item["name"] for item in client.analyses()["items"]]
        if name in known or "not published" in error.message:
            raise
        hint = nearest(name, known) or f" There are: {', '.join(known)}."
        raise NotFoundError(f"There is no analysis called {name}.{hint}") from error


def _show(found: Document) -> None:
    form = found["form"]
    say(f"{found['title']} ({found['name']} {found['version']}): {found['summary']}")
    show_pairs(
        [
            ("Takes", found["goes_in"]),
            ("Gives", found["comes_out"]),
            *_expected(found),
            ("Ask", found["contact"]),
        ]
    )
    click.echo("\nInputs")
    for slot in form["slots"]:
        need = "required" if slot["min"] else "optional"
        say(f"  {slot['name']}: {slot['label']} ({need}; {', '.join(slot['dataset_types'])})")
    click.echo("\nOptions (--set NAME=VALUE)")
    for field in form["fields"]:
        value = f"{field['value']} {unit(field['unit'])}".rstrip()
        say(f"  {field['name']} = {value}   {_about(field)}")
    for preset in form["presets"]:
        say(f"\n--preset “{preset['name']}”: {preset['blurb']}")
    for line in terms_lines(form.get("terms")):  # a portal of an earlier release does not tell them
        say(line)
    click.echo("\nResources (--variant NAME)")
    for variant in found["variants"]:
        say(f"  {variant['name']}{' (default)' if variant['default'] else ''}: {variant['words']}")


def _expected(found: Document) -> list[tuple[str, str]]:
    expected = found["form"].get("expected")
    if expected is None:  # a portal of an earlier release
        return [("Typical time", found["typical_time"])]
    told = [(label, with_basis(expected, key)) for label, key in EXPECTED if expected.get(key)]
    return [*told, ("", expected["memory_advice"])] if expected.get("memory_advice") else told


def with_basis(expected: Document, key: str) -> str:
    """What is to be expected, and what that rests on: "4 to 7 minutes (from 12 runs …)"."""
    basis = expected[f"{key}_basis"]
    return f"{expected[key]} ({printed_units(basis)})" if basis else str(expected[key])


EXPECTED = (("Takes", "takes"), ("Likely wait", "wait"), ("Memory", "memory"))


def _about(field: Document) -> str:
    words = [field["label"]]
    if field["choices"]:
        words.append("one of " + ", ".join(choice["value"] for choice in field["choices"]))
    elif field["min"] or field["max"]:
        words.append(f"{field['min'] or '…'} to {field['max'] or '…'}")
    if condition := field.get("show_when"):  # a portal of an earlier release does not tell it
        words.append(printed_units(f"only if {condition['text']}"))
    if field["source"]:
        words.append(printed_units(field["source"]))
    return "; ".join(words)
