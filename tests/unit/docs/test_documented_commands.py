"""Every command and option that the documents name is one that there is."""

import re
import shlex

import click
import pytest
from documented import Line, documented

from portal.cli.main import cli

LINES = [line for line in documented() if re.search(r"(^|\| )(gantry|\./run gantry) ", line.words)]
PLACES = re.compile(r"^[\[A-Z…]|^J-")


def test_there_are_many() -> None:
    assert len(LINES) > 35
    assert len({line.page for line in LINES}) >= 5


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.page}: {line.words}")
def test_it_is_a_command_with_these_options(line: Line) -> None:
    for part in line.words.replace("./run gantry", "gantry").split(" | "):
        words = shlex.split(re.split(r" >>? | < ", part)[0], comments=True)
        if words[0] != "gantry":
            continue
        command: click.Command = cli
        context = click.Context(cli)
        rest = words[1:]
        while (
            isinstance(command, click.Group) and rest and not PLACES.match(rest[0]) and not rest[0].startswith("-")
        ):
            found = command.get_command(context, rest[0])
            assert found is not None, f"there is no command {rest[0]}"
            command, rest = found, rest[1:]
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        for word in rest:
            name = word.strip("[]").partition("=")[0]
            if name.startswith("-") and name != "-":
                assert name in known | {"--help", "-h"}, f"{command.name} has no {name}"
