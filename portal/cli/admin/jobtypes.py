"""gantry admin jobtypes: checking job types, and signing them off for the agent."""

from pathlib import Path

import click

from portal.cli.errors import EXIT_CODES
from portal.cli.output import json_option, show_json, show_rows
from portal.errors import InvalidError
from portal.jobtype.load import JobTypes, load_file, load_folders, shipped_folder
from portal.jobtype.model import JobType


@click.group()
def jobtypes() -> None:
    """Check job types, and publish those that are approved."""


@jobtypes.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@json_option
def check(paths: tuple[Path, ...], as_json: bool) -> int:
    """Check files or folders (those of the settings without PATHS). The exit code is 6 if something is wrong."""
    found = _load(paths)
    problems = [{"file": str(one.file), "line": one.line, "message": one.message} for one in found.problems]
    if as_json:
        sound = {name: jobtype.revision for name, jobtype in found.by_name.items()}
        show_json({"sound": sound, "problems": problems})
    else:
        show_rows(
            ("Name", "Version", "Title", "Revision"),
            ((one.name, one.version, one.title, one.revision[:19]) for one in found.by_name.values()),
            empty="No sound job type.",
        )
        for problem in found.problems:
            click.echo(str(problem), err=True)
    return EXIT_CODES[InvalidError] if problems else 0


@jobtypes.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--to", "folder", type=click.Path(path_type=Path), help="That folder, not the settings'.")
def publish(paths: tuple[Path, ...], folder: Path | None) -> int:
    """Sign job types off: write their revisions into the folder that the agent reads. Bad files are left out."""
    from portal.config import load_settings
    from portal.jobtype.publish import publish as publish_all

    found = _load(paths)
    folder = folder or load_settings().published
    written = publish_all(found, folder)
    for path in written:
        click.echo(f"Published {path.parent.name} {path.stem[:12]}")
    click.echo(f"{len(written)} new, {len(found.by_name) - len(written)} were there already, in {folder}.")
    for problem in found.problems:
        click.echo(str(problem), err=True)
    return EXIT_CODES[InvalidError] if found.problems else 0


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
