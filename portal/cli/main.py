"""The command `gantry`."""

import sys
from collections.abc import Sequence

import click

import portal
from portal.cli.errors import exit_code_of, say_error
from portal.cli.groups import LazyGroup
from portal.errors import PortalError

HERE = "portal.cli"

COMMANDS = {
    "login": f"{HERE}.login:login",
    "logout": f"{HERE}.login:logout",
    "whoami": f"{HERE}.login:whoami",
    "data": f"{HERE}.data:data",
    "analyses": f"{HERE}.analyses:analyses",
    "run": f"{HERE}.run:run",
    "run-list": f"{HERE}.run_list:run_list",
    "jobs": f"{HERE}.jobs:jobs",
    "completion": f"{HERE}.completion:completion",
    "admin": f"{HERE}.admin:admin",
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(portal.__version__, "-V", "--version", prog_name="gantry", message="%(prog)s %(version)s")
def cli() -> None:
    """Find your data, run analyses on it, and get the results.

    Begin with `gantry login`, then `gantry data list`. Ids may come from another command: give - to read the first
    column of standard input.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code. The entry point of the console script."""
    try:
        answer = cli.main(
            args=None if arguments is None else list(arguments), prog_name="gantry", standalone_mode=False
        )
        return answer if isinstance(answer, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        click.echo("Stopped. What was started goes on.", err=True)
        return exit_code_of(KeyboardInterrupt() if isinstance(error, click.Abort) else error)
    except (PortalError, TimeoutError) as error:
        say_error(error)
        return exit_code_of(error)
    except OSError as error:  # of this computer's files: the network's are PortalErrors
        say_error(PortalError(_about_file(error)))
        return exit_code_of(error)


def _about_file(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}."


if __name__ == "__main__":
    sys.exit(main())
