"""gantry admin: for operators, on the portal's own machine. Needs the [server] install."""

import os
import sys

import click

from portal.cli.groups import LazyGroup

HERE = "portal.cli.admin"

COMMANDS = {
    "config": f"{HERE}.config:config",
    "upgrade": f"{HERE}.site:upgrade",
    "people": f"{HERE}.people:people",
    "access": f"{HERE}.access:access",
    "images": f"{HERE}.images:images",
    "jobtypes": f"{HERE}.jobtypes:jobtypes",
    "data": f"{HERE}.data:data",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def admin() -> None:
    """For operators: settings, database, people, job types, data, and the portal's processes.

    Settings come from the file that GANTRY_CONFIG names and from GANTRY_* variables: gantry admin config
    """


def _become(*module_and_arguments: str) -> None:
    """Replace this process, so that signals and exit codes are the program's own."""
    os.execv(sys.executable, [sys.executable, "-m", *module_and_arguments])  # noqa: S606 - a list, no shell


@admin.command()
def daemon() -> None:
    """Run the daemon that looks after jobs, until it is stopped."""
    _become("portal.daemon")


@admin.command()
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def web(arguments: tuple[str, ...]) -> None:
    """Run the web server, until it is stopped. ARGUMENTS go to gunicorn, after --."""
    _become("gunicorn", "--config", "python:portal.web.gunicorn", *arguments, "portal.web.wsgi:app")


@admin.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Run a whole portal with example data, as ./run demo does; see: gantry admin demo --help"""
    _become("portal.demo", *arguments)
