"""gantry presets: values of an analysis that people keep."""

import click

from portal.cli.groups import LazyGroup

HERE = "portal.cli.presets"

COMMANDS = {
    "list": f"{HERE}.kept:list_presets",
    "keep": f"{HERE}.kept:keep",
    "remove": f"{HERE}.kept:remove",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def presets() -> None:
    """Keep values of an analysis, for yourself or your team, and start from them: gantry run --preset."""
