"""What a program says, in the bar of `gantry run`."""

import io

from rich.console import Console

from portal.cli.run import bar


def test_brackets_in_what_a_program_says_are_shown_as_they_are() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with bar(console) as shown:
        shown.add_task("Step 1 of 1, reading: [/x] of [red]y.", total=1)
    assert "[/x] of [red]y." in console.file.getvalue()
