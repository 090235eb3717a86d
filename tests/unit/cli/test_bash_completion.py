"""TAB in bash, at a real terminal: what is inserted is one word, whatever names hold."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.cli.completing.bash import GantryBash, split

BASH = shutil.which("bash")
NASTY = "x; touch $HOME/done `touch $HOME/done` $(touch $HOME/done) 'a' \"b\" *\\"


@pytest.mark.parametrize(
    ("line", "words", "quote"),
    [
        ("gantry ", ["gantry", ""], ""),
        ("gantry jobs li", ["gantry", "jobs", "li"], ""),
        ("gantry  run qc --preset Quick\\ lo", ["gantry", "run", "qc", "--preset", "Quick lo"], ""),
        ('gantry data list --type "light sh', ["gantry", "data", "list", "--type", "light sh"], '"'),
        ("gantry data list --type 'a' --raw", ["gantry", "data", "list", "--type", "a", "--raw"], ""),
        ("gantry run qc --set psf=th", ["gantry", "run", "qc", "--set", "psf=th"], ""),
        ("cd /tmp && gantry jobs ", ["gantry", "jobs", ""], ""),
        ("a | gantry run q", ["gantry", "run", "q"], ""),
        ('gantry run qc --set note="a \\" b', ["gantry", "run", "qc", "--set", 'note=a " b'], '"'),
    ],
)
def test_a_line_up_to_the_cursor(line: str, words: list[str], quote: str) -> None:
    found = split(line)
    assert (found[0], found[2]) == (words, quote)


class Terminal:
    """bash at a terminal of its own."""

    def __init__(self, home: Path, answers: str) -> None:
        """`answers`: Python that is the program gantry, as far as TAB asks it."""
        (home / "bin").mkdir()
        program = home / "bin" / "gantry"
        program.write_text(
            f"#!{sys.executable} -P\nimport sys\nsys.path.insert(0, {str(Path.cwd())!r})\n{answers}"
        )
        program.chmod(0o755)
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            path = f"{home / 'bin'}:{os.environ['PATH']}"
            os.chdir(home)  # what a line does by mistake, it does there
            known = {"PATH": path, "HOME": str(home), "TERM": "dumb", "PS1": "READY", "LANG": "C.UTF-8"}
            os.execve(str(BASH), ["bash", "--norc", "--noprofile", "-i"], known)
        self.said = b""

    def type(self, text: str, until: str) -> str:
        """Everything that was shown since, as soon as `until` is among it."""
        self.said = b""
        os.write(self.file, text.encode())
        ends = time.monotonic() + 60
        while until.encode() not in self.said and time.monotonic() < ends:
            if select.select([self.file], [], [], 1)[0]:
                self.said += os.read(self.file, 65536)
        assert until.encode() in self.said, self.said
        return self.said.decode(errors="replace")

    def close(self) -> None:
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.file)


STANDS_IN = f"""
import os
import click
from click.shell_completion import CompletionItem
from portal.cli.completing.bash import install
install()
NAMES = ["on hold", "psf=", "psf=theoretical", "psf=measured", "L:S-7", {NASTY!r}]
def names(context, parameter, incomplete):
    return [CompletionItem(one) for one in NAMES if one.startswith(incomplete)]
@click.command()
@click.argument("word", shell_complete=names)
def cli(word):
    open(os.environ["HOME"] + "/got", "w").write(word)
cli(prog_name="gantry")
"""


@pytest.fixture
def terminal(tmp_path: Path):
    if BASH is None:
        pytest.skip("no bash here")
    made = Terminal(tmp_path, STANDS_IN)
    source = GantryBash(__import__("click").Command("gantry"), {}, "gantry", "_GANTRY_COMPLETE").source()
    (tmp_path / "completions").write_text(source)
    made.type("", "READY")
    made.type(f". {tmp_path}/completions; PS1='RE''ADY '\r", "READY ")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("typed", "shown", "word"),
    [
        ("gantry on", "hold", "on hold"),
        ("gantry on\\ h", "old", "on hold"),
        ('gantry "on h', "old", "on hold"),
        ("gantry psf=th", "eoretical", "psf=theoretical"),
        ('gantry psf="me', "asured", "psf=measured"),
        ("gantry L:", "S-7", "L:S-7"),
        ("gantry x", "touch", NASTY),
        ("gantry 'x", "touch", NASTY),
        ('gantry "x', "touch", NASTY),
    ],
)
def test_what_tab_inserts_is_that_word(
    terminal: Terminal, tmp_path: Path, typed: str, shown: str, word: str
) -> None:
    terminal.type(f"{typed}\t", shown)
    terminal.type("\r", "READY ")
    assert (tmp_path / "got").read_text() == word
    assert not (tmp_path / "done").exists()


def test_gantry_itself_completes_its_commands() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "portal.cli.main"], capture_output=True, text=True, check=False,
        env=os.environ | {"_GANTRY_COMPLETE": "bash_complete", "GANTRY_LINE": "gantry jobs list --state on"},
    ).stdout  # fmt: skip
    assert told == "plain,on\\ hold\n"
