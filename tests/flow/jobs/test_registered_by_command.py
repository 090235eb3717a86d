"""Three registrations by the command line alone, with a real daemon, agent and publisher.

From a command that works in a terminal to a published revision that another person runs.
"""

import contextlib
import io
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tifffile
from job_yard import Yard
from numpy import arange, uint16
from werkzeug.serving import make_server

from portal.app import create_app
from portal.catalogue.models import Datafile, Dataset
from portal.cli.main import main
from portal.identity.tokens import create_token

MAGICK = shutil.which("magick") or shutil.which("convert")

TWELVE = """\
import argparse, json, os
from pathlib import Path
take = argparse.ArgumentParser()
for name in ("threshold", "sigma", "low", "high", "method", "iterations", "tolerance", "label", "edges"):
    take.add_argument("--" + name)
for name in ("invert", "fill", "verbose"):
    take.add_argument("--" + name, action="store_true")
take.add_argument("image")
take.add_argument("table")
given = take.parse_args()
Path(given.table).write_text(json.dumps(vars(given), sort_keys=True))
"""

BOTH = """\
import sys
from pathlib import Path
first, second, sum_to, report_to = sys.argv[1:]
Path(sum_to).write_bytes(Path(first).read_bytes()[:1000] + Path(second).read_bytes()[:1000])
Path(report_to).write_text(f"{Path(first).stat().st_size} {Path(second).stat().st_size}")
"""

CARD = """\
summary: What it does, in a sentence.
category: Pictures
contact: Sam Weber
resources: {default: standard, variants: [{name: standard, label: Standard, cpus: 1, memory_mb: 256, time_s: 60}]}
result_title: "{input}, {analysis}"
"""

PICTURE = "inputs: [{name: picture, label: Picture, dataset_types: ['light-sheet stack'], files: '*.tif'}]\n"


def magick_text(program: str) -> str:
    """What the person makes of the pasted command in her editor."""
    return f"""\
name: shrink
version: "1"
title: Shrink a picture
{CARD}{PICTURE}program:
  command: [{program}, {{input: picture}}, -resize, {{text: [{{option: percent}}, "%"]}}, {{output: small.tif}}]
options: [{{name: percent, label: Size, type: integer, default: 50, min: 1, max: 100, units: "%"}}]
outputs: [{{name: small, pattern: small.tif, dataset_type: picture}}]
"""


def twelve_text(script: Path) -> str:
    """Nine values and three flags; some asked for only where others have certain values."""
    values = {
        "threshold": "type: integer, default: 120, min: 0, max: 65535",
        "sigma": "type: float, default: 1.5, min: 0, max: 20",
        "low": "type: integer, default: 10, min: 0, max: 1000",
        "high": "type: integer, default: 900, min: 0, max: 5000",
        "method": "type: choice, default: otsu, choices: [otsu, fixed, none]",
        "iterations": 'type: integer, default: 20, min: 1, max: 100, show_when: "sigma > 1", because: it smooths',
        "tolerance": 'type: float, default: 0.01, min: 0, max: 1, show_when: "iterations > 10 && sigma > 1"',
        "label": "type: text, default: cells",
        "edges": "type: choice, default: mirror, choices: [mirror, wrap]",
    }
    flags = {"invert": "", "fill": ", show_when: \"method != 'none'\"", "verbose": ""}
    options = [f"  - {{name: {name}, label: {name.title()}, {rest}}}" for name, rest in values.items()]
    options += [
        f"  - {{name: {name}, label: {name.title()}, type: boolean, default: false{more}}}"
        for name, more in flags.items()
    ]
    words = [f"    - {{option: {name}, prefix: --{name}=}}" for name in values]
    words += [f"    - {{flag: --{name}, when: {name}}}" for name in flags]
    return (
        f'name: count-cells\nversion: "1"\ntitle: Count the cells\n{CARD}{PICTURE}program:\n  command:\n'
        f"    - {sys.executable}\n    - {script}\n" + "\n".join(words) + "\n    - {input: picture}\n"
        "    - {output: table.json}\noptions:\n" + "\n".join(options) + "\n"
        "outputs: [{name: table, pattern: table.json, dataset_type: counts}]\n"
    )


def both_text(script: Path) -> str:
    """Two slots and two outputs."""
    slot = "dataset_types: ['light-sheet stack'], files: '*.tif'"
    return f"""\
name: put-together
version: "1"
title: Put two together
{CARD}inputs:
  - {{name: first, label: First, {slot}}}
  - {{name: second, label: Second, {slot}}}
program:
  command:
    - {sys.executable}
    - {script}
    - {{input: first}}
    - {{input: second}}
    - {{output: sum.bin}}
    - {{output: report.txt}}
options: []
outputs:
  - {{name: sum, pattern: sum.bin, dataset_type: picture}}
  - {{name: report, pattern: report.txt, dataset_type: report}}
"""


@dataclass
class Terminal:
    """Where somebody types commands; how many of them."""

    run: Callable[..., tuple[int, str, str]]
    typed: list[str] = field(default_factory=list)

    def __call__(self, *words: object, person: str = "sam", code: int = 0) -> str:
        """The command's standard output."""
        self.typed.append("gantry " + " ".join(map(str, words)))
        found, out, err = self.run(person, *words)
        assert found == code, f"{self.typed[-1]}: {found}\n{out}\n{err}"
        return out

    def json(self, *words: object, person: str = "sam") -> Any:
        """The same as a document."""
        return json.loads(self(*words, "--json", person=person))


@pytest.fixture
def yard(yard_with: Callable[..., Yard]) -> Yard:
    """With a daemon that runs and two datasets of a TIFF each."""
    made = yard_with()
    made.start_daemon()
    return made


@pytest.fixture
def terminal(yard: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Terminal]:
    """The portal's API behind a real server, and a terminal."""
    app = create_app(yard.settings, database=yard.database)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("GANTRY_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    tokens: dict[str, str] = {}

    def run(person: str, *words: object) -> tuple[int, str, str]:
        if person not in tokens:
            with yard.database.write() as session:
                actor, now = yard.facility.actors[person], datetime.now(UTC)
                tokens[person] = create_token(session, actor, "test", ("read", "submit"), days=1, now=now)[1]
        monkeypatch.setenv("GANTRY_TOKEN", tokens[person])
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(word) for word in words])
        return code, out.getvalue(), err.getvalue()

    yield Terminal(run)
    server.shutdown()
    thread.join()
    server.server_close()


def _picture(yard: Yard, name: str) -> int:
    """A dataset with one TIFF, of Maya's experiment."""
    number = yard.stack_again(name)
    folder = yard.settings.roots["demo"].path / name
    tifffile.imwrite(folder / "picture.tif", arange(40 * 60, dtype=uint16).reshape(40, 60))
    with yard.database.write() as session:
        dataset = session.get_one(Dataset, number)
        status = (folder / "picture.tif").stat()
        for row in list(dataset.datafiles):
            session.delete(row)
        session.add(
            Datafile(
                dataset_id=number, name="picture.tif", location="picture.tif", file_size=status.st_size,
                mtime_ns=status.st_mtime_ns,
            )
        )  # fmt: skip
    return number


def _result_file(yard: Yard, dataset: int, pattern: str) -> Path:
    [found] = [
        path
        for one in yard.results()
        if one.id == dataset
        for path in (yard.settings.results / (one.location or "").removeprefix("results:")).rglob(pattern)
    ]
    return found


def _registered(terminal: Terminal, name: str, pasted: str, text: str, file: Path, *data: object) -> Any:
    """From the pasted command to a tried and published revision; the trial's submission."""
    made = terminal.json("analyses", "draft", "--paste", pasted, "--title", name, "-o", file)
    assert file.read_text().startswith("# yaml-language-server: $schema=http")
    assert not made["sound"] and made["problems"]  # it says what is still to fill in
    file.write_text(text)  # in her editor
    terminal("analyses", "check", file)
    number = made["id"]
    terminal("analyses", "draft", file, "--save", number)
    tried = terminal.json("analyses", "try", number, *data, "--wait")
    assert [job["state"] for job in tried["jobs"]] == ["succeeded"] and tried["jobs"][0]["draft"]
    terminal("jobs", "keep", tried["jobs"][0]["number"])
    wish = terminal.json("analyses", "publish", name, "--to", "everyone", "--changed", "The first one.", "--wait")
    assert wish["state"] == "done", wish
    assert terminal.json("analyses", "history", name)["items"][0]["on_offer"]
    print(f"{name}: {len(terminal.typed)} commands:", *terminal.typed, sep="\n  ")
    assert len(terminal.typed) <= 8
    return tried


@pytest.mark.skipif(MAGICK is None, reason="ImageMagick is not installed; ./run test brings it")
def test_imagemagick_on_a_tiff(yard: Yard, terminal: Terminal, tmp_path: Path) -> None:
    assert MAGICK is not None
    picture, name = _picture(yard, "one"), Path(MAGICK).name
    command = f"{name} in.tif -resize 50% small.tif"
    file = tmp_path / "shrink.yaml"
    tried = _registered(terminal, "shrink", command, magick_text(name), file, "--data", picture)
    small = tifffile.imread(_result_file(yard, tried["jobs"][0]["results"][0], "small.tif"))
    assert small.shape == (20, 30)
    made = terminal.json("run", "shrink", picture, "--set", "percent=25", "--wait", person="maya")
    assert tifffile.imread(_result_file(yard, made["jobs"][0]["results"][0], "small.tif")).shape == (10, 15)


def test_a_script_of_twelve_options_with_conditions(yard: Yard, terminal: Terminal, tmp_path: Path) -> None:
    picture, script = _picture(yard, "one"), tmp_path / "count.py"
    script.write_text(TWELVE)
    command = f"{sys.executable} {script} --threshold=120 --sigma=1.5 --low=10 --invert in.tif table.json"
    data = ("--data", picture, "--set", "invert=true", "--set", "sigma=2.5")
    tried = _registered(terminal, "count-cells", command, twelve_text(script), tmp_path / "count.yaml", *data)
    table = json.loads(_result_file(yard, tried["jobs"][0]["results"][0], "table.json").read_text())
    assert (table["invert"], table["sigma"], table["iterations"], table["tolerance"]) == (
        True,
        "2.5",
        "20",
        "0.01",
    )
    # Where the condition does not hold the program is not told.
    made = terminal.json("run", "count-cells", picture, "--set", "sigma=0.5", "--wait", person="maya")
    table = json.loads(_result_file(yard, made["jobs"][0]["results"][0], "table.json").read_text())
    assert (table["sigma"], table["iterations"], table["tolerance"]) == ("0.5", None, None)
    # A second revision: what changed is compared, published, gone back from, and the analysis retired.
    first = terminal.json("analyses", "history", "count-cells")["items"][0]["revision"]
    file = tmp_path / "count.yaml"
    file.write_text(twelve_text(script).replace("default: 120", "default: 130"))
    terminal("analyses", "draft", file)
    assert "options, threshold: default: 120 -> 130" in terminal("analyses", "diff", "count-cells")
    terminal("analyses", "publish", "count-cells", "--to", "everyone", "--changed", "More.", code=7)
    terminal("analyses", "try", "count-cells", "--data", picture, "--wait")
    terminal("analyses", "publish", "count-cells", "--to", "everyone", "--changed", "More.", "--wait")
    # The job before is run again: the analysis has changed since, and that is said.
    number = made["jobs"][0]["number"]
    _, _, err = terminal.run("maya", "run", "--from-job", number, "--dry-run")
    assert "has changed since" in err
    terminal("analyses", "publish-again", "count-cells", first[7:19], "--changed", "Back.")
    yard.wait(lambda: terminal.json("analyses", "history", "count-cells")["items"][0]["revision"] == first)
    terminal("analyses", "retire", "count-cells")
    yard.wait(lambda: terminal.json("analyses", "history", "count-cells")["retired"])
    terminal("run", "count-cells", picture, person="maya", code=3)


def test_a_program_of_two_inputs_and_two_outputs(yard: Yard, terminal: Terminal, tmp_path: Path) -> None:
    one, other, script = _picture(yard, "one"), _picture(yard, "other"), tmp_path / "both.py"
    script.write_text(BOTH)
    command = f"{sys.executable} {script} first.tif second.tif sum.bin report.txt"
    data = ("--data", one, "--input", f"second={other}")
    tried = _registered(terminal, "put-together", command, both_text(script), tmp_path / "both.yaml", *data)
    results = tried["jobs"][0]["results"]
    assert len(results) == 2
    found = {
        name: _result_file(yard, number, name)
        for number, name in zip(sorted(results), ("sum.bin", "report.txt"), strict=True)
    }
    size = (yard.settings.roots["demo"].path / "one" / "picture.tif").stat().st_size
    assert found["report.txt"].read_text() == f"{size} {size}"
    assert found["sum.bin"].stat().st_size == 2 * min(size, 1000)
