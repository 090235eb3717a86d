"""The command `gantry`."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

import portal
from portal.cli.errors import INTERRUPTED, Interrupted, exit_code_of, say_error, say_json_error, wants_json
from portal.cli.groups import LazyGroup
from portal.cli.output import say
from portal.errors import PortalError

HERE = "portal.cli"
STOPPED = "Stopped. What was started goes on."
SURPRISE = (
    "The portal gave an answer that this version of gantry does not understand, or gantry has a fault; "
    "GANTRY_TRACEBACK=1 shows where"
)

COMMANDS = {
    "login": f"{HERE}.login:login",
    "logout": f"{HERE}.login:logout",
    "whoami": f"{HERE}.login:whoami",
    "data": f"{HERE}.data:data",
    "analyses": f"{HERE}.drafts:analyses",
    "run": f"{HERE}.run:run",
    "run-list": f"{HERE}.run_list:run_list",
    "presets": f"{HERE}.presets:presets",
    "jobs": f"{HERE}.jobs:jobs",
    "batches": f"{HERE}.batches:batches",
    "completion": f"{HERE}.completing.command:completion",
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
    typed = list(sys.argv[1:] if arguments is None else arguments)
    as_json = wants_json(typed)
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # where a terminal lacks a letter, the words go on
            stream.reconfigure(errors="replace")
    if "_GANTRY_COMPLETE" in os.environ:  # a shell's TAB
        from portal.cli.completing.bash import install

        install()
    try:
        answer = cli.main(args=typed, prog_name="gantry", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except click.ClickException as error:
        if as_json:
            say_json_error("usage", error.exit_code, error.format_message())
        else:
            words = io.StringIO()
            error.show(file=words)
            say(words.getvalue().rstrip("\n"), err=True)
        return error.exit_code
    except (Interrupted, click.Abort, KeyboardInterrupt) as wish:
        words_told = f"{wish}" if isinstance(wish, Interrupted) else STOPPED
        if as_json:
            say_json_error("interrupted", INTERRUPTED, words_told)
        else:
            say(words_told, err=True)
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("GANTRY_TRACEBACK"):
            raise
        told = _told(error)
        say_error(told, as_json=as_json)
        return exit_code_of(told)


def _open_what_is_closed() -> None:
    """Python has no stream where `>&-` closed one: nothing is read there then, and what is written is lost."""
    nothing = Path(os.devnull)
    if sys.stdin is None:
        sys.stdin = nothing.open(encoding="utf-8")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, nothing.open("w", encoding="utf-8"))


def _told(error: Exception) -> Exception:
    """The error that is said to the person in the place of what was raised."""
    if isinstance(error, PortalError | TimeoutError):
        return error
    if isinstance(error, OSError):  # of this computer's files: the network's are PortalErrors
        return PortalError(_about_file(error))
    if isinstance(error, UnicodeError):
        return PortalError("A word of this command is not text in UTF-8.")
    return PortalError(f"{SURPRISE} ({type(error).__name__}: {error}).")


def _about_file(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}."


if __name__ == "__main__":
    sys.exit(main())
