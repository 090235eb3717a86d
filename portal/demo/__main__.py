"""`python -m portal.demo`, which `./run demo` calls."""

import sys
from pathlib import Path

import click

from portal.errors import PortalError

PORT = click.IntRange(0, 65535)
PORT.name = "port, a whole number"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--port", type=PORT, help="Port of the web server (8080, or the next free one).")
@click.option(
    "--var", type=click.Path(file_okay=False, path_type=Path), default=Path("var"), show_default=True,
    envvar="GANTRY_VAR", show_envvar=True, help="Folder for everything the demo writes.",
)  # fmt: skip
@click.option("--reset", is_flag=True, help="Remove the earlier demo in that folder first.")
@click.option(
    "--check", is_flag=True, help="Do the walk headless on a throw-away folder and print one JSON object."
)
@click.option(
    "--flip-byte", is_flag=True,
    help="With --check: change one byte of the result before it is read, to see that the check notices.",
)  # fmt: skip
def main(port: int | None, var: Path, reset: bool, check: bool, flip_byte: bool) -> None:
    """A whole portal on this machine: no root, no cluster."""
    if flip_byte and not check:
        raise click.UsageError("--flip-byte goes with --check.")
    try:
        if check:
            from portal.demo.check import check_walk

            sys.exit(check_walk(flip_byte=flip_byte))
        from portal.demo.start import run

        sys.exit(run(var, port=port, reset=reset))
    except PortalError as error:
        click.echo(error.message, err=True)
        if error.detail:
            click.echo(error.detail, err=True)
        sys.exit(1)
    except KeyboardInterrupt:  # before the demo itself listens for it, or in the check
        click.echo("\nStopped.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main(prog_name="./run demo")
