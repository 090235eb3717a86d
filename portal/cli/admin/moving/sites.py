"""gantry admin jobtypes export and import: job types from one site to another, as YAML."""

from pathlib import Path

import click

from portal.cli.admin.dry import tell
from portal.cli.admin.moving.writing import write_new
from portal.cli.errors import EXIT_CODES
from portal.cli.output import dry_run_option, json_option, say, show_json
from portal.cli.reading import text_of_file
from portal.errors import ConfigError, ConflictError, InvalidError


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--all", "everything", is_flag=True, help="All that is on offer.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="New files in that folder.")
@json_option
def export(names: tuple[str, ...], everything: bool, folder: Path | None, as_json: bool) -> None:
    """Write job types that are on offer as YAML: on standard output, or with --to each as NAME.yaml.

    One whose file is here stands as in its file, with its comments. Images are not in it: the other site stages
    its own.
    """
    from portal.config import load_settings
    from portal.jobtype.load import shipped_folder
    from portal.jobtype.offer.offered import offered
    from portal.jobtype.written.start import text_of

    if bool(names) == everything:
        raise click.UsageError("Give names, or --all.")
    settings = load_settings()
    folders = settings.jobtypes or (shipped_folder(),)
    found = offered(
        folders, settings.published, by_itself=settings.publish, registered=settings.registered_published
    )
    chosen = [found.named(name) for name in dict.fromkeys(names or found.by_name)]
    if folder is None and len(chosen) > 1 and not as_json:
        raise click.UsageError("Several go into files: give --to FOLDER.")
    texts = {one.name: text_of(one, folders) for one in chosen}
    if folder is not None:
        for name, text in texts.items():
            write_new(folder / f"{name}.yaml", text)
    if as_json:
        show_json({one.name: {"revision": one.revision, "yaml": texts[one.name]} for one in chosen})
    elif folder is None:
        for text in texts.values():
            click.echo(text, nl=False)
    else:
        tell(f"{len(chosen)} written to {folder}.", dry_run=False)


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="That folder of job types.")
@dry_run_option
def import_files(files: tuple[Path, ...], folder: Path | None, dry_run: bool) -> int:
    """Take job types that another site exported into the folder of job types; publish them afterwards.

    Each is checked first, and all or none are taken. One whose name is here already is never written over. The
    exit code is 6 if something is wrong in a file.
    """
    from portal.config import load_settings
    from portal.jobtype.lines import MAX_BYTES
    from portal.jobtype.load import load_folders, parse_text

    own = load_settings().jobtypes
    folder = folder or next(iter(own), None)
    if folder is None:
        raise ConfigError("The setting jobtypes names no folder of this site's own. Name one with --to.")
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder.")
    here = load_folders([*own, folder])
    wrong, texts = False, dict[str, str]()
    for file in files:
        text = text_of_file(file, most=MAX_BYTES)
        jobtype, problems = parse_text(text, file)
        for problem in problems:
            wrong = True
            say(problem, err=True)
        if jobtype is None:
            continue
        if jobtype.name in here.by_name or jobtype.name in texts or (folder / f"{jobtype.name}.yaml").exists():
            raise ConflictError(
                f"{file}: there is a job type called {jobtype.name} here already. Nothing was taken."
            )
        texts[jobtype.name] = text
    if wrong:
        say("Nothing was taken.", err=True)
        return EXIT_CODES[InvalidError]
    for name, text in texts.items():
        if not dry_run:
            write_new(folder / f"{name}.yaml", text)
        tell(f"{name} is in {folder}.", dry_run)
    tell("They are checked by “gantry admin jobtypes check”, and on offer after “publish”.", dry_run)
    return 0
