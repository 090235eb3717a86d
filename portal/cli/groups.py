"""Command groups that load their commands when they are needed and help with mistyped names."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from portal.errors import ConfigError


def _needs_server(error: ModuleNotFoundError) -> ConfigError:
    return ConfigError(
        f"This command works on the portal's own machine and needs its server part ({error.name} is missing): "
        "pip install 'gantry-portal[server]'"
    )


class LazyGroup(click.Group):
    """A group whose commands stand as `name -> module:attribute`; each module is imported only when it is used."""

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which they were given, so that help reads as a story."""
        return [*self.lazy, *(name for name in super().list_commands(ctx) if name not in self.lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        place = self.lazy.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise _needs_server(error) from error
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but an unknown name is answered with the nearest known ones."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            close = get_close_matches(name, self.list_commands(ctx), n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(close)}?" if close else f" See: {ctx.command_path} --help"
            ctx.fail(f"There is no command “{name}”.{hint}")
        return super().resolve_command(ctx, args)
