"""gantry jobs logs: what a program wrote, as a terminal would show it."""

import sys
import time
from dataclasses import dataclass

import click

from portal.cli.arguments import make_client, one_job
from portal.cli.completing.offers import complete_job
from portal.cli.output import json_option, say, show_json
from portal.cli.terminal import Screen
from portal.client import Client
from portal.client.http import Document

FOLLOW_S = 1.0
NAMES = {"stdout": "standard output", "stderr": "standard error"}


@click.command()
@click.argument("job", shell_complete=complete_job)
@click.option("-f", "--follow", is_flag=True, help="Go on until the job ends.")
@click.option("--stderr", is_flag=True, help="What it wrote to standard error.")
@click.option("--stdout", is_flag=True, help="What it wrote to standard output, also if that is nothing.")
@click.option("--raw", is_flag=True, help="As it was written, with what steers a terminal.")
@json_option
def logs(job: str, *, follow: bool, stderr: bool, stdout: bool, raw: bool, as_json: bool) -> None:
    """Print what a job's program wrote: its standard output or, where that is empty, its standard error.

    Progress bars stand as they were at the end, colours and other sequences for terminals are left out; --raw has
    them.
    """
    if stderr and stdout:
        raise click.UsageError("Choose one of --stdout and --stderr.")
    chosen = "stderr" if stderr else "stdout" if stdout else None
    job = one_job(job)
    log = _Log(make_client(), job, chosen, _Printed(raw=raw, quiet=as_json))
    while not log.read() and follow:
        time.sleep(FOLLOW_S)
    log.printed.end()
    if as_json:
        text = "".join(log.pieces)
        show_json(
            {"job": job, "stream": log.stream, "text": text, "next_offset": log.offset, "note": log.last["note"]}
        )
    elif log.last["note"] or not any(log.pieces):
        say(log.last["note"] or _nothing(chosen, ended=log.last["final"]), err=True)


def _nothing(chosen: str | None, *, ended: bool) -> str:
    where = f" to {NAMES[chosen]}" if chosen else ""
    return f"Its program wrote nothing{where}." if ended else f"Its program has written nothing{where} yet."


class _Log:
    """The log as far as it was read, and which of the two it is."""

    def __init__(self, client: Client, job: str, chosen: str | None, printed: "_Printed") -> None:
        self.client, self.job, self.chosen, self.printed = client, job, chosen, printed
        self.stream = chosen or "stdout"
        self.offset = 0
        self.pieces: list[str] = []
        self.last: Document = {}

    def read(self) -> bool:
        """Read and print what is there; True once the job has ended and all of it was read."""
        if self.chosen is None and not self.pieces:
            self._choose()
        elif self.chosen is None and self.stream == "stderr":
            self._change_over()
        while True:
            self.last = self.client.log(self.job, stream=self.stream, offset=self.offset)
            self.pieces.append(self.last["text"])
            self.printed(self.last["text"])
            self.offset = self.last["next_offset"]
            if self.offset >= self.last["size"]:
                return bool(self.last["final"])

    def _choose(self) -> None:
        """Standard error, where only that has something, and a word that it is that."""
        if self.client.log(self.job, stream="stdout")["size"]:
            return
        if self.client.log(self.job, stream="stderr")["size"]:
            self.stream = "stderr"
            self.printed.note(f"Nothing on {NAMES['stdout']}; this is what it wrote to {NAMES['stderr']}:")

    def _change_over(self) -> None:
        """A program that begins to write to standard output after all."""
        if self.client.log(self.job, stream="stdout")["size"]:
            self.stream, self.offset = "stdout", 0
            self.printed.note(f"And on {NAMES['stdout']} (--stderr has the other):")


@dataclass
class _Printed:
    """Where it is printed: whole lines, and on a terminal also the line that a bar still writes."""

    raw: bool
    quiet: bool

    def __post_init__(self) -> None:
        self._screen = Screen()
        self._shown = ""
        self._live = sys.stdout.isatty()

    def __call__(self, text: str) -> None:
        if self.quiet or not text:
            return
        if self.raw:  # click would leave sequences out where no terminal reads
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        done = self._screen.feed(text)
        self._wipe()
        click.echo(done, nl=False)
        if self._live:
            self._shown = self._screen.pending
            click.echo(self._shown, nl=False)

    def note(self, words: str) -> None:
        """Words of our own, beside the log."""
        if not self.quiet:
            self.end()
            click.echo(words, err=True)

    def end(self) -> None:
        """Print the last line, which has no end, and stand at the beginning of a new one."""
        if self.quiet or self.raw:
            return
        self._wipe()
        if rest := self._screen.pending:
            click.echo(rest)
        self._screen, self._shown = Screen(), ""

    def _wipe(self) -> None:
        """Take back the line that was shown before it had ended."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False)
            self._shown = ""
