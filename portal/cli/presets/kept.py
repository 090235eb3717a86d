"""gantry presets list, keep, remove."""

from typing import Any

import click

from portal.cli.analyses import analysis_or_hint
from portal.cli.arguments import EXPERIMENT, experiment_id, make_client, nearest, pairs
from portal.cli.completing.offers import complete_analysis, complete_experiment, complete_option
from portal.cli.output import json_option, say, show_json, show_rows
from portal.client.http import Document
from portal.errors import ConflictError, InvalidError, NotFoundError


@click.command("list")
@click.argument("analysis", shell_complete=complete_analysis)
@json_option
def list_presets(analysis: str, as_json: bool) -> None:
    """List the presets of ANALYSIS that you, your teams and the facility keep."""
    client = make_client()
    analysis_or_hint(client, analysis, [])
    page = client.presets(analysis)
    if as_json:
        show_json(page)
        return
    show_rows(
        ("Preset", "Whose", "Values", "Note"),
        ((one["key"], one["whose"], _values(one), _note(one)) for one in page["items"]),
        empty="No presets are kept. Keep one with: gantry presets keep ANALYSIS NAME --set OPTION=VALUE",
    )


@click.command()
@click.argument("analysis", shell_complete=complete_analysis)
@click.argument("name")
@click.option(
    "--set",
    "options",
    multiple=True,
    required=True,
    metavar="NAME=VALUE",
    shell_complete=complete_option,
    help="A value to keep.",
)
@click.option("--note", default="", help="What it is good for.")
@click.option(
    "--experiment",
    metavar="NAME",
    shell_complete=complete_experiment,
    help=f"Whose team has it; without, you alone. {EXPERIMENT}",
)
@click.option("--everybody", is_flag=True, help="As the facility's; for staff.")
@click.option("--replace", is_flag=True, help="In the place of the one of that name.")
@json_option
def keep(analysis: str, name: str, **given: Any) -> None:
    """Keep values of ANALYSIS under NAME."""
    experiment = given["experiment"]
    if experiment and given["everybody"]:
        raise InvalidError("Choose one: --experiment shares with its team, --everybody with all.")
    client = make_client()
    analysis_or_hint(client, analysis, [])
    body = {
        "name": name,
        "options": pairs(given["options"], "NAME=VALUE"),
        "note": given["note"],
        "experiment": experiment_id(client, experiment) if experiment else None,
        "facility": given["everybody"],
        "replace": given["replace"],
    }
    try:
        made = client.keep_preset(analysis, body)
    except ConflictError as error:
        words = error.message.replace("replace it", "give --replace")
        raise ConflictError(words) from error
    if given["as_json"]:
        show_json(made)
        return
    say(f"Kept. Start from it with: gantry run {analysis} DATASET --preset {_quoted(made['key'])}")


@click.command()
@click.argument("analysis", shell_complete=complete_analysis)
@click.argument("preset")
@json_option
def remove(analysis: str, preset: str, as_json: bool) -> None:
    """Take PRESET of ANALYSIS off; its page in the browser takes that back."""
    client = make_client()
    analysis_or_hint(client, analysis, [])
    found = client.presets(analysis)["items"]
    wanted = preset.casefold()
    chosen = [one for one in found if wanted in {one["key"].casefold(), one["name"].casefold()}]
    exact = [one for one in chosen if one["key"].casefold() == wanted] or chosen
    if len(exact) > 1:
        raise InvalidError(f"“{preset}” is meant in {len(exact)} ways: {', '.join(one['key'] for one in exact)}.")
    if not exact:
        keys = [one["key"] for one in found]
        hint = nearest(preset, keys) or (f" There are: {', '.join(keys)}." if keys else "")
        raise NotFoundError(f"No preset “{preset}” of {analysis} is kept.{hint}")
    client.remove_preset(exact[0]["id"])
    if as_json:
        show_json({"removed": exact[0]})
        return
    say(f"{exact[0]['key']} is taken off.")


def _values(one: Document) -> str:
    return ", ".join(f"{name}={value}" for name, value in one["options"].items())


def _note(one: Document) -> str:
    return " ".join(text for text in (one["note"], one["left_out"]) if text)


def _quoted(key: str) -> str:
    return f'"{key}"' if " " in key else key
