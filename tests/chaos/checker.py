"""Compares three accounts of one exercise: the programs' own ledger, Slurm's accounting, the portal's database.

It imports nothing of portal. Each rule is one function that yields disagreements; what Slurm itself forgot or
never ended is no disagreement but is listed, with what the portal did about it.
`python -m tests.chaos.checker FOLDER` checks evidence that was kept.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.chaos import table
from tests.chaos.readings import Evidence, Row, by_attempt, put_back, read
from tests.chaos.table import SUCCEEDED, Told, Word

FINAL = frozenset({"succeeded", "failed", "cancelled"})
LOST_CLASS = frozenset({"lost", "claimed", "folder"})
MOST_RETRIES = 3


@dataclass
class Finding:
    """What came out."""

    jobs: int
    arrays: int
    attempts: int
    starts: int
    registered: int
    states: Mapping[str, int]
    cells: Mapping[str, int]
    """Cells of the verdict table that were met, and how often."""
    disagreements: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    """Attempts whose end Slurm never told: what it says, and what the portal did."""
    notes: list[str] = field(default_factory=list)
    """Worth knowing, and allowed."""


class Checker:
    """The rules over one body of evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.sql = evidence.sql
        self.accepted = {one["token"]: one for one in evidence.people["accepted"]}
        self.jobs = {job["id"]: job for job in self.sql["jobs"]}
        self.attempts: dict[str, Mapping[str, Any]] = {one["id"]: one for one in self.sql["attempts"]}
        self.rows = by_attempt(evidence)
        self.cells: Counter[str] = Counter()
        self.forgotten: list[str] = []
        self.notes: list[str] = []

    @cached_property
    def attempts_of(self) -> dict[int, list[Mapping[str, Any]]]:
        """Job -> its attempts in order."""
        found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for one in sorted(self.attempts.values(), key=lambda one: one["number"]):
            found[one["job"]].append(one)
        return found

    @cached_property
    def lines(self) -> dict[str, list[Mapping[str, Any]]]:
        """Attempt -> its lines of the ledger."""
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for line in self.evidence.ledger:
            found[line["attempt"]].append(line)
        return found

    def starts(self, attempt: str) -> list[Mapping[str, Any]]:
        """The starts of an attempt that the ledger knows."""
        return [line for line in self.lines[attempt] if line["what"] == "start"]

    def ends(self, attempt: str) -> list[Mapping[str, Any]]:
        """The ends of an attempt that the ledger knows."""
        return [line for line in self.lines[attempt] if line["what"] == "end"]

    def label(self, job: int) -> str:
        """How a job is called in the report."""
        return f"{self.jobs[job]['token']} (J-{1000 + job})" if job in self.jobs else f"job {job}"

    def finding(self) -> Finding:
        """All rules."""
        rules = (
            self.nothing_is_lost,
            self.nothing_is_doubled,
            self.one_attempt_counts,
            self.results_are_whole,
            self.starts_are_known,
            self.verdicts_fit,
            self.retries_fit,
            self.endings_fit_the_ledger,
        )
        disagreements = [f"{rule.__name__.replace('_', ' ')}: {words}" for rule in rules for words in rule()]
        arrays = {row.job for rows in self.rows.values() for row in rows if row.task is not None}
        return Finding(
            jobs=len(self.jobs),
            arrays=len(arrays),
            attempts=len(self.attempts),
            starts=sum(line["what"] == "start" for line in self.evidence.ledger),
            registered=len(self.sql["outputs"]),
            states=Counter(job["state"] for job in self.jobs.values()),
            cells=dict(sorted(self.cells.items())),
            disagreements=disagreements,
            forgotten=self.forgotten,
            notes=self.notes,
        )

    # ---- rules --------------------------------------------------------------------------------------------------

    def nothing_is_lost(self) -> Iterator[str]:
        """Every job that a person was promised is there once, and has ended."""
        tokens = Counter(job["token"] for job in self.jobs.values())
        for token, one in self.accepted.items():
            if tokens[token] != 1:
                yield f"{token} was accepted as job {one['job']}; the database has {tokens[token]} jobs of it"
            elif one["job"] not in self.jobs or self.jobs[one["job"]]["token"] != token:
                yield f"{token} was accepted as job {one['job']}; in the database that is another"
        for token in sorted(set(tokens) - set(self.accepted)):
            yield f"{token} is in the database, and nobody was told so"
        for words in self.evidence.people["refused"]:
            yield f"refused: {words}"
        for job in self.jobs.values():
            if job["state"] not in FINAL:
                yield f"{self.label(job['id'])} has not ended: {job['state']}, {job['words'] or 'no words'}"
        for line in self.evidence.broken:
            yield f"the ledger has a broken line: {line[:120]}"

    def nothing_is_doubled(self) -> Iterator[str]:
        """One submission a key, one output a job, one dataset an output."""
        submissions: dict[str, set[str]] = defaultdict(set)
        for job in self.jobs.values():
            submissions[job["key"]].add(job["submission"])
        for key, made in submissions.items():
            if len(made) > 1:
                yield f"one request ({key}) made {len(made)} submissions"
        outputs = Counter(one["job"] for one in self.sql["outputs"])
        for job in self.jobs.values():
            wanted = 1 if job["state"] == SUCCEEDED else 0
            if outputs[job["id"]] != wanted:
                yield f"{self.label(job['id'])} is {job['state']} and has {outputs[job['id']]} registered results"
        datasets = Counter(one["id"] for one in self.sql["datasets"])
        pointed = Counter(one["dataset"] for one in self.sql["outputs"])
        for dataset in sorted(set(datasets) | set(pointed), key=str):
            if (datasets[dataset], pointed[dataset]) != (1, 1):
                yield f"dataset {dataset}: {datasets[dataset]} files, the result of {pointed[dataset]} jobs"

    def one_attempt_counts(self) -> Iterator[str]:
        """At most one attempt succeeded, it is the last, and the result is its."""
        result_of = {one["job"]: one["attempt"] for one in self.sql["outputs"]}
        for job, attempts in self.attempts_of.items():
            good = [one["id"] for one in attempts if one["outcome"] == SUCCEEDED]
            if len(good) > 1:
                yield f"{self.label(job)}: {len(good)} attempts count"
            if good and good[-1] != attempts[-1]["id"]:
                yield f"{self.label(job)}: an attempt after the one that succeeded"
            if result_of.get(job) != (good[0] if good else None):
                result = f"its result is of attempt {result_of.get(job)}"
                yield f"{self.label(job)}: {result}, {good or 'none'} succeeded"

    def results_are_whole(self) -> Iterator[str]:
        """What is registered is, byte by byte, what the ledger says that very attempt wrote."""
        job_of = {one["dataset"]: one for one in self.sql["outputs"]}
        kept = {one["id"]: one["sha256"] for one in self.sql["datasets"]}
        for result in self.evidence.results:
            output = job_of.get(result["dataset"])
            if output is None:
                continue  # Said by the rule about doubles.
            label = self.label(output["job"])
            if "trouble" in result:
                yield f"{label}: {result['file']} cannot be read: {result['trouble']}"
                continue
            made = result["made_by"]
            if made["token"] != self.jobs[output["job"]]["token"] or made["attempt"] != output["attempt"]:
                yield f"{label}: its result was made by {made['token']}, attempt {made['attempt']}"
            digests = {line.get("sha256") for line in self.ends(output["attempt"])}
            if (
                result["sha256"] not in digests
                or str(kept.get(result["dataset"])).removeprefix("sha256:") != result["sha256"]
            ):
                yield f"{label}: the file's digest is not the one in the ledger, or not the one in the catalogue"

    def starts_are_known(self) -> Iterator[str]:
        """Every start is of an attempt that the portal knows and did not fence, and is explained by Slurm."""
        for attempt in sorted(set(self.lines) - set(self.attempts)):
            yield f"the ledger has a start of an attempt that nobody knows: {attempt}"
        for attempt, one in self.attempts.items():
            starts, rows = self.starts(attempt), self.rows.get(attempt, [])
            if not starts:
                continue
            label = f"{self.label(one['job'])}, attempt {one['number']}"
            if one["fenced"]:
                yield f"{label}: fenced, and yet it started"
            tokens = {line["token"] for line in starts}
            if tokens != {self.jobs[one["job"]]["token"]}:
                yield f"{label}: what started was the work of {tokens}"
            runs = {(row.submit, row.restarts) for row in rows}
            most = max([1, len(runs), *(row.restarts + 1 for row in rows)])
            if len(starts) > most:
                yield f"{label}: started {len(starts)} times; Slurm ran it {most} times"
            ids = {line["slurm_job"] for line in starts}
            if one["cluster_job"] is not None and ids != {one["cluster_job"]}:
                yield f"{label}: started as Slurm's {ids}, the portal has {one['cluster_job']}"
        for job, attempts in self.attempts_of.items():
            began = [one["number"] for one in attempts if self.starts(one["id"])]
            if len(began) > 1:
                self.notes.append(
                    f"{self.label(job)}: attempts {began} started; each is recorded, one at most counts"
                )

    def verdicts_fit(self) -> Iterator[str]:
        """Each attempt came to what the table says of Slurm's last word and result.json."""
        for attempt, one in self.attempts.items():
            yield from self._verdict_fits(attempt, one)
        for job, attempts in self.attempts_of.items():
            last, state = attempts[-1], self.jobs[job]["state"]
            wanted = {SUCCEEDED: SUCCEEDED, "cancelled": "cancelled"}.get(last["outcome"], "failed")
            withdrawn_between = (
                state == "cancelled" and self.jobs[job]["withdrawn"] and last["outcome"] in table.AGAIN
            )
            if state in FINAL and state != wanted and not withdrawn_between:
                yield f"{self.label(job)} is {state}; its last attempt came to {last['outcome']!r}"

    def _verdict_fits(self, attempt: str, one: Mapping[str, Any]) -> Iterator[str]:
        rows, folder = self.rows.get(attempt, []), self.evidence.folders.get(attempt, {})
        label = f"{self.label(one['job'])}, attempt {one['number']}"
        ids = sorted({row.job for row in rows})
        if len(ids) > 1:
            yield f"{label}: Slurm has it as {ids}"
        if one["outcome"] in {table.FENCED, "temporary", "not accepted"}:
            yield from self._never_ran(label, one, rows)
            return
        wished = bool(self.jobs[one["job"]]["withdrawn"])
        row = rows[-1] if rows else None
        restarts = row.restarts if row else None
        result = table.told(folder.get("result", ""), attempt, one["job_sha256"], restarts)
        left_nothing = any(line.get("exit") == 0 and line.get("sha256") is None for line in self.ends(attempt))
        if row is None or not row.word.ended:
            yield from self._unseen(label, one, row, result, left_nothing=left_nothing, wished=wished)
            return
        wanted = table.verdicts(row.word, result, left_nothing=left_nothing, wished=wished)
        self.cells[f"{row.word.state} × {_words(result)} → {one['outcome']}"] += 1
        if one["outcome"] in wanted:
            return
        earlier = self.evidence.heard.get(row.key, frozenset()) - {row.word}
        said = [
            word
            for word in earlier
            if one["outcome"] in table.verdicts(word, result, left_nothing=left_nothing, wished=wished)
        ]
        words = (
            f"Slurm says {_say(row.word)}, result.json {_words(result)}: {_either(wanted)}, not {one['outcome']!r}"
        )
        if said:
            self.forgotten.append(
                f"{label}: Slurm said {_say(said[0])} before it said {_say(row.word)}; {one['outcome']}"
            )
        else:
            yield f"{label}: {words}"

    def _never_ran(self, label: str, one: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[str]:
        """It was given up as one that cannot run: Slurm may have it all the same, and the claim stops it."""
        self.cells[f"(never ran) → {one['outcome']}"] += 1
        for row in rows:
            if row.word.state == "COMPLETED":
                yield f"{label}: {one['outcome']}, and Slurm ran it to its end ({row.line})"
            else:
                self.notes.append(
                    f"{label}: {one['outcome']}; Slurm had it as {row.job} all the same: {_say(row.word)}"
                )

    def _unseen(
        self,
        label: str,
        one: Mapping[str, Any],
        row: Row | None,
        result: Told | None,
        *,
        left_nothing: bool,
        wished: bool,
    ) -> Iterator[str]:
        """Slurm forgot the job or never ended it."""
        if one["outcome"] is None and one["cluster_job"] is None:
            yield f"{label}: nobody knows what became of it"
            return
        claim = self.evidence.folders.get(one["id"], {}).get("claim", "")
        claimed_by = json.loads(claim).get("by") if claim else None
        # A task that is cancelled while it waits is struck out of its array, and leaves no row.
        names = {str(one["cluster_job"]), f"{one['cluster_job']}_{one['array_index']}"}
        wished = wished or bool(names & self.evidence.scancelled)
        wanted = table.verdict_unseen(result, claimed_by=claimed_by, left_nothing=left_nothing, wished=wished)
        what = "Slurm has no row of it" if row is None else f"Slurm's last row says {_say(row.word)} ({row.line})"
        self.cells[f"(unseen) × {_words(result)} → {one['outcome']}"] += 1
        # A put-back run that was withdrawn before it ran again ends with the word of its first run.
        if one["outcome"] in wanted or (row is not None and put_back(row) and one["outcome"] == table.CANCELLED):
            self.forgotten.append(f"{label}: {what}; portal: {one['outcome']}")
            return
        earlier = [
            word
            for word in self.evidence.heard.get((one["cluster_job"], one["array_index"]), frozenset())
            if one["outcome"] in table.verdicts(word, result, left_nothing=left_nothing, wished=wished)
        ]
        if earlier:
            self.forgotten.append(f"{label}: {what}; it said {_say(earlier[0])} before; portal: {one['outcome']}")
            return
        yield f"{label}: {what}; result.json {_words(result)}: {_either(wanted)}, not {one['outcome']!r}"

    def retries_fit(self) -> Iterator[str]:
        """What was tried again may be tried again, and what may be was, as often as the job type says."""
        for job, attempts in self.attempts_of.items():
            for one in attempts[:-1]:
                if one["outcome"] not in table.AGAIN:
                    yield f"{self.label(job)}: tried again after {one['outcome']!r}"
            last, withdrawn = attempts[-1]["outcome"], self.jobs[job]["withdrawn"]
            for alike in (LOST_CLASS, frozenset({"node"})):
                times = sum(one["outcome"] in alike for one in attempts)
                if times > MOST_RETRIES + 1:
                    yield f"{self.label(job)}: tried again {times - 1} times after {sorted(alike)}"
                if last in alike and times <= MOST_RETRIES and not withdrawn and self.jobs[job]["state"] in FINAL:
                    yield f"{self.label(job)}: {last}, and not tried again"
            if last in {table.FENCED, "temporary"} and not withdrawn and self.jobs[job]["state"] in FINAL:
                yield f"{self.label(job)}: {last}, and not tried again"

    def endings_fit_the_ledger(self) -> Iterator[str]:
        """What result.json says of a program is what the program wrote itself; a wish that was taken is there."""
        for attempt, one in self.attempts.items():
            result = table.told(
                self.evidence.folders.get(attempt, {}).get("result", ""), attempt, one["job_sha256"]
            )
            ends = self.ends(attempt)
            if result is None or not ends or len(self.starts(attempt)) > 1:
                continue
            end, label = ends[-1], f"{self.label(one['job'])}, attempt {one['number']}"
            if "exit" in end and result.exit_code != end["exit"] and result.reason is None:
                yield f"{label}: the program ended with {end['exit']}, result.json says {result}"
            if "signal" in end and result.signal != end["signal"] and result.reason is None:
                yield f"{label}: the program ended by signal {end['signal']}, result.json says {result}"
        for job in self.jobs.values():
            attempts = self.attempts_of.get(job["id"], [])
            if job["state"] == SUCCEEDED and not any(
                line.get("exit") == 0 and line.get("sha256") for line in self.ends(attempts[-1]["id"])
            ):
                yield f"{self.label(job['id'])} succeeded, and no program of its last attempt says so"
            if not attempts and job["state"] in FINAL and not (job["state"] == "cancelled" and job["withdrawn"]):
                yield f"{self.label(job['id'])} is {job['state']} without an attempt"
            asked = str(job["id"]) in {str(key) for key in self.evidence.people["withdrawn"]}
            if asked and not job["withdrawn"]:
                yield f"{self.label(job['id'])}: its person withdrew it, and the database does not know"


def _say(word: Word) -> str:
    return f"{word.state} {word.exit_code}:{word.signal}"


def _words(result: Told | None) -> str:
    if result is None:
        return "absent"
    if result.reason:
        return f"“{result.reason}”"
    return "exit 0" if result.well else "exit ≠ 0" if result.signal is None else "signal"


def _either(wanted: frozenset[str]) -> str:
    return " or ".join(sorted(wanted)) or "nothing can follow"


def check(evidence: Evidence) -> Finding:
    """What comes out of comparing the accounts."""
    return Checker(evidence).finding()


if __name__ == "__main__":
    from tests.chaos.report import lines

    found = check(read(Path(sys.argv[1])))
    print("\n".join(lines(found)))
    sys.exit(1 if found.disagreements else 0)
