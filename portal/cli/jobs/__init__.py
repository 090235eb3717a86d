"""gantry jobs: how they are going, their logs, cancelling and running again."""

import click

from portal.cli.groups import LazyGroup

HERE = "portal.cli.jobs"

COMMANDS = {
    "list": f"{HERE}.looking:list_jobs",
    "show": f"{HERE}.looking:show",
    "logs": f"{HERE}.logs:logs",
    "cancel": f"{HERE}.many:cancel",
    "retry": f"{HERE}.many:retry",
    "keep": f"{HERE}.looking:keep",
    "open": f"{HERE}.looking:open_job",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def jobs() -> None:
    """List jobs, read their logs, cancel them or run them again."""
