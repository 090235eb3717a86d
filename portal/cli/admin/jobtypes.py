"""gantry admin jobtypes: checking job types, and signing them off for the agent."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from portal.cli.admin.dry import tell
from portal.cli.admin.moving import MOVING
from portal.cli.admin.registered import COMMANDS
from portal.cli.arguments import one_dataset, pair
from portal.cli.errors import EXIT_CODES
from portal.cli.output import dry_run_option, json_option, plain, say, show_json, show_rows
from portal.errors import ConfigError, ConflictError, InvalidError
from portal.jobtype.load import JobTypes, load_file, load_folders, shipped_folder
from portal.jobtype.model import JobType

SHORT = 19
"""Characters of a revision that tell it from others."""


@click.group()
def jobtypes() -> None:
    """Check job types, publish those that are approved, see what is on offer."""


@jobtypes.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--try", "dataset", metavar="DATASET", help="Show the command that would run on it; run nothing.")
@click.option("--set", "options", multiple=True, metavar="NAME=VALUE", help="With --try: an option.")
@click.option("--input", "inputs", multiple=True, metavar="SLOT=DATASET", help="With --try: a further input.")
@json_option
def check(paths: tuple[Path, ...], dataset: str | None, as_json: bool, **given: tuple[str, ...]) -> int:
    """Check files or folders (those of the settings without PATHS). The exit code is 6 if something is wrong.

    Warnings are what was probably not meant: they change neither the exit code nor what is published. With --try
    each sound one shows its argument list, quoted, with the files of the dataset.
    """
    if dataset is None and any(given.values()):
        raise click.UsageError("--set and --input belong to --try.")
    found = _load(paths)
    problems = [{"file": str(one.file), "line": one.line, "message": one.message} for one in found.problems]
    told = [(name, words) for name, jobtype in found.by_name.items() for words in _warned(jobtype)]
    commands = _commands(found, dataset, given) if dataset is not None else {}
    if as_json:
        sound = {name: jobtype.revision for name, jobtype in found.by_name.items()}
        warned = [{"name": name, "message": words} for name, words in told]
        tried = {"commands": commands} if dataset is not None else {}
        show_json({"sound": sound, "problems": problems, "warnings": warned, **tried})
        return EXIT_CODES[InvalidError] if problems else 0
    if dataset is None:
        show_rows(
            ("Name", "Version", "Title", "Revision"),
            ((one.name, one.version, one.title, one.revision[:SHORT]) for one in found.by_name.values()),
            empty="No sound job type.",
        )
    for name, tried_on in commands.items():
        say(tried_on["words"] if len(commands) == 1 else f"{name}: {tried_on['words']}", err="why" in tried_on)
    for problem in found.problems:
        say(problem, err=True)
    for name, words in told:
        say(f"Warning: {name}: {words}.", err=True)
    return EXIT_CODES[InvalidError] if problems else 0


def _warned(jobtype: JobType) -> list[str]:
    from portal.config import load_settings
    from portal.images.places import Places
    from portal.jobtype.advice.warnings import warnings

    try:
        settings = load_settings()
        staged = Places(settings.images, settings.made_images).names()
    except ConfigError:
        staged = ()
    return [words for _place, words in warnings(jobtype, images=staged or None)]


def _commands(found: JobTypes, dataset: str, given: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, Any]]:
    """The argument list of each sound job type on the dataset; or `why` not."""
    from portal.cli.admin.trying import command_on

    number = one_dataset(dataset)
    further = [
        (slot, one_dataset(word)) for slot, word in (pair(text, "SLOT=DATASET") for text in given["inputs"])
    ]
    options = dict(pair(text, "NAME=VALUE") for text in given["options"])
    made: dict[str, dict[str, Any]] = {}
    for name, jobtype in found.by_name.items():
        try:
            words = command_on(jobtype, number, further, options)
            made[name] = {"arguments": words, "words": shlex.join(words)}
        except InvalidError as error:
            if len(found.by_name) == 1:
                raise
            made[name] = {"why": error.fields or error.message, "words": error.message}
    return made


@jobtypes.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--to", "folder", type=click.Path(path_type=Path), help="That folder, not the settings'.")
@dry_run_option
def publish(paths: tuple[Path, ...], folder: Path | None, dry_run: bool) -> int:
    """Sign job types off: write their revisions into the folder that the agent reads.

    Files with mistakes are left out, named, and make the exit code 6: the others are published all the same, and
    what was published of theirs before stays on offer. A folder that cannot be read makes it 12.
    """
    from portal.config import load_settings
    from portal.jobtype.publish import offered_again, to_publish
    from portal.jobtype.publish import publish as publish_all

    found = _load(paths)
    folder = folder or load_settings().published
    again = offered_again(found, folder)
    written = to_publish(found, folder) if dry_run else publish_all(found, folder)
    for path in written:
        tell(f"Published {path.parent.name} {path.stem[:12]}", dry_run)
    for one in again:
        tell(f"On offer again: {one.name} {one.revision.removeprefix('sha256:')[:12]}", dry_run)
    tell(f"{len(written)} new, {len(found.by_name) - len(written)} were there already, in {folder}.", dry_run)
    return _left_out(found)


def _left_out(found: JobTypes) -> int:
    """Says what was not published and why; the exit code."""
    if not found.problems:
        return 0
    for problem in found.problems:
        say(problem, err=True)
    files = {problem.file for problem in found.problems}
    what = "1 file or folder is" if len(files) == 1 else f"{len(files)} files or folders are"
    say(f"{what} left out. What was published before stays on offer.", err=True)
    lost = any(problem.of_folder for problem in found.problems)
    return EXIT_CODES[ConfigError if lost else InvalidError]


@jobtypes.command("list")
@json_option
def list_jobtypes(as_json: bool) -> None:
    """List what people are offered, and what stands in a file and is not on offer, with the reason."""
    from portal.config import load_settings
    from portal.jobtype.offer.offered import offered

    settings = load_settings()
    folders = settings.jobtypes or (shipped_folder(),)
    found = offered(
        folders, settings.published, by_itself=settings.publish, registered=settings.registered_published
    )
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "version": one.version,
            "title": one.title,
            "revision": one.revision,
            "audience": found.audiences[one.name].document() if one.name in found.audiences else None,
        }
        for one in found.by_name.values()
    ]
    unpublished = [
        {"name": one.name, "reason": one.reason, "on_offer": one.kept or None} for one in found.unpublished
    ]
    if as_json:
        show_json({"offered": rows, "unpublished": unpublished})
        return
    show_rows(
        ("Name", "Version", "Title", "Revision"),
        ((row["name"], row["version"], row["title"], row["revision"][:SHORT]) for row in rows),
        empty="Nothing is on offer.",
    )
    for one in found.unpublished:
        kept = f" Revision {one.kept[:SHORT]} stays on offer." if one.kept else " Nothing of it is on offer."
        click.echo(f"Unpublished: {plain(one.name)}: {plain(one.reason)}.{kept}", err=True)


@jobtypes.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@dry_run_option
def withdraw(names: tuple[str, ...], dry_run: bool) -> None:
    """Take job types from offer. Jobs that were started keep theirs; publish brings it back."""
    from portal.config import load_settings
    from portal.jobtype.offer.current import withdraw as withdraw_one

    settings = load_settings()
    drafts = load_folders(settings.jobtypes or (shipped_folder(),))
    for name in dict.fromkeys(names):
        if settings.publish and name in drafts.by_name:
            raise ConflictError(
                f"The daemon publishes what stands in the folder of job types, and {name} does. "
                "Take its file away first."
            )
        withdraw_one(settings.published, name, dry_run=True)  # all or none
    for name in dict.fromkeys(names):
        if not dry_run:
            withdraw_one(settings.published, name)
        tell(f"{name} is no longer on offer.", dry_run)


def _load(paths: tuple[Path, ...]) -> JobTypes:
    if not paths:
        from portal.config import load_settings

        return load_folders(load_settings().jobtypes or (shipped_folder(),))
    folders = load_folders([path for path in paths if path.is_dir()])
    by_name: dict[str, JobType] = dict(folders.by_name)
    problems = list(folders.problems)
    for path in paths:
        if path.is_dir():
            continue
        jobtype, found = load_file(path)
        problems += found
        if jobtype is not None:
            by_name[jobtype.name] = jobtype
    return JobTypes(by_name, tuple(problems))


for command in (*COMMANDS, *MOVING):
    jobtypes.add_command(command)
