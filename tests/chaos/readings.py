"""The evidence, read into rows: sacct's text, the ledger's lines, the witness's notes, the database's document."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.table import PUT_BACK, Word

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Row:
    """One run of a job as Slurm has it."""

    job: str
    task: int | None
    name: str
    word: Word
    submit: str
    started: bool
    restarts: int
    folder: str
    """Last component of its working directory: for a single job, the attempt."""
    line: str

    @property
    def key(self) -> tuple[str, int | None]:
        """Id and task."""
        return self.job, self.task


@dataclass
class Evidence:
    """All of it."""

    people: Mapping[str, Any]
    sql: Mapping[str, Sequence[Mapping[str, Any]]]
    ledger: Sequence[Mapping[str, Any]]
    rows: Sequence[Row]
    folders: Mapping[str, Mapping[str, Any]]
    results: Sequence[Mapping[str, Any]]
    heard: Mapping[tuple[str, int | None], frozenset[Word]] = field(default_factory=dict)
    """Every final word that Slurm ever said of a job while it was watched."""
    scancelled: frozenset[str] = frozenset()
    """Ids (JOB or JOB_TASK) that the exercise's administrator cancelled."""
    runaway: str = ""
    arrays: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Folder of an array -> task -> attempt, as it was written down beside the script before Slurm was asked."""
    broken: Sequence[str] = ()
    """Lines of the ledger that cannot be read."""


def read(folder: Path) -> Evidence:
    """The evidence in a folder, as tests/chaos/evidence.py wrote it."""
    ledger, broken = ledger_lines((folder / "ledger.jsonl").read_text(encoding="utf-8"))
    rows = sacct_rows((folder / "sacct.txt").read_text(encoding="utf-8"))
    notes = folder / "words.jsonl"
    return Evidence(
        people=_json(folder / "people.json"),
        sql=_json(folder / "sql.json"),
        ledger=ledger,
        rows=rows,
        folders=_json(folder / "folders.json"),
        results=_json(folder / "results.json"),
        heard=words_heard(notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []),
        scancelled=scancelled(_json(folder / "faults.json")),
        arrays=_json(folder / "arrays.json") if (folder / "arrays.json").exists() else {},
        runaway=(folder / "runaway.txt").read_text(encoding="utf-8"),
        broken=broken,
    )


def scancelled(faults: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """What root cancelled, by the words of the faults that did it."""
    return frozenset(fault["what"].split()[2] for fault in faults if fault["what"].startswith("scancel of "))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def ledger_lines(text: str) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The ledger's entries, and the lines that are none."""
    entries, broken = [], []
    for line in text.splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            broken.append(line)
    return entries, broken


def sacct_rows(text: str) -> list[Row]:
    """Rows of `sacct --parsable2` with a header; ranges of tasks that wait are one row a task."""
    head, *lines = text.splitlines() or [""]
    columns = head.split("|")
    found = []
    for line in lines:
        cells = dict(zip(columns, line.split("|"), strict=False))
        state = cells.get("State", "")
        if "JobID" not in cells or not state:
            continue
        job, _, tasks = cells["JobID"].partition("_")
        word = Word(state.split()[0], *_code(cells["ExitCode"]))
        for task in _tasks(tasks):
            found.append(
                Row(
                    job, task, cells["JobName"], word, cells["Submit"], bool(STAMP.match(cells["Start"])),
                    int(cells["Restarts"] or 0), cells["WorkDir"].rpartition("/")[2], line,
                )
            )  # fmt: skip
    return found


def _code(text: str) -> tuple[int, int]:
    code, _, signal = text.partition(":")
    return int(code or 0), int(signal or 0)


def _tasks(text: str) -> Iterable[int | None]:
    if not text:
        return [None]
    found: list[int | None] = []
    for part in text.strip("[]").partition("%")[0].split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def words_heard(notes: Iterable[str]) -> dict[tuple[str, int | None], frozenset[Word]]:
    """Id and task -> every final word among the witness's notes."""
    heard: dict[tuple[str, int | None], set[Word]] = defaultdict(set)
    for note in notes:
        said = json.loads(note)
        if said["from"] == "sacct":
            cells = said["line"].split("|")
            if len(cells) < 5 or cells[0] == "JobID":
                continue
            job, _, tasks = cells[0].partition("_")
            word, keys = Word((cells[3] or "?").split()[0], *_code(cells[4])), _tasks(tasks)
        else:
            cells = dict(part.partition("=")[::2] for part in said["line"].split())
            if "JobState" not in cells:
                continue
            job = cells.get("ArrayJobId") or cells["JobId"]
            word, keys = (
                Word(cells["JobState"], *_code(cells.get("ExitCode", "0:0"))),
                _tasks(cells.get("ArrayTaskId", "")),
            )
        if word.ended:
            for task in keys:
                heard[job, task].add(word)
    return {key: frozenset(words) for key, words in heard.items()}


def by_attempt(evidence: Evidence) -> dict[str, list[Row]]:
    """Attempt -> its rows, oldest first: by the folder of a single job, by folder and task of an array's.

    Names tell nothing: jobs of many submissions may share one.
    """
    known = {one["id"] for one in evidence.sql["attempts"]}
    found: dict[str, list[Row]] = defaultdict(list)
    for row in evidence.rows:
        attempt = row.folder if row.task is None else evidence.arrays.get(row.folder, {}).get(str(row.task))
        if attempt in known:
            found[attempt].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row.submit, row.restarts))
    return found


def put_back(row: Row) -> bool:
    """Whether this run was ended by a requeue."""
    return row.word.state in PUT_BACK
