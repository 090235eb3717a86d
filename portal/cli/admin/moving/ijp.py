"""gantry admin jobtypes import-ijp: a job type of the ICAT Job Portal as one of ours."""

from pathlib import Path

import click

from portal.cli.admin.moving.writing import write_new
from portal.cli.errors import EXIT_CODES
from portal.cli.output import json_option, say, show_json
from portal.errors import InvalidError


@click.command("import-ijp")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there, to a new file.")
@json_option
def import_ijp(file: Path, output: Path | None, as_json: bool) -> int:
    """Turn a job type of IJP (XML) into one of ours (YAML).

    What must be filled in, what is not carried over and what is not quite the same stands on top, and is told.
    Nothing is published. The exit code is 6 if something must be mended before it can be.
    """
    from portal.jobtype.ijp import IjpError, convert, read_ijp
    from portal.jobtype.ijp.read import MOST_BYTES

    try:
        with file.open("rb") as stream:
            found = convert(read_ijp(stream.read(MOST_BYTES + 1)), file)
    except IjpError as error:
        raise InvalidError(f"{file.name} is no job type of IJP: {error}.") from None
    if output is not None:
        write_new(output, found.text)
    if as_json:
        show_json(
            {
                "yaml": found.text,
                "fill_in": found.fill_in,
                "not_carried": found.not_carried,
                "changed": found.changed,
                "problems": [{"line": one.line, "message": one.message} for one in found.problems],
            }
        )
        return EXIT_CODES[InvalidError] if found.problems else 0
    if output is None:
        click.echo(found.text, nl=False)
    for heading, told in (
        ("To fill in", found.fill_in),
        ("Not carried over", found.not_carried),
        ("Not quite the same", found.changed),
    ):
        for words in told:
            say(f"{heading}: {words}.", err=True)
    for problem in found.problems:
        say(f"To mend: {problem}", err=True)
    return EXIT_CODES[InvalidError] if found.problems else 0
