"""What a program says for the job's page: events.jsonl, one object a line, seldom enough to cost nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gantry_formats.limits import MAX_REFUSAL

INTERVAL_S = 0.5


class Events:
    """Writes what a program does now. A stage's first and last line are always written, others twice a second."""

    def __init__(self, path: Path, stages: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._stages = tuple(stages)
        self._clock = clock
        self._stage = self._stages[0]
        self._last = float("-inf")
        self._finished = True

    def stage(self, name: str, message: str = "") -> None:
        """Begin a stage, one of those given at the start, in the present participle."""
        self._finish()
        self._stages.index(name)
        self._stage, self._finished = name, False
        self._write(0.0, message, {})

    def progress(self, fraction: float, message: str = "", metrics: Mapping[str, float] | None = None) -> None:
        """Say how much of the stage is done (0…1), at most twice a second."""
        if self._clock() - self._last >= INTERVAL_S and fraction < 1:
            self._write(max(0.0, fraction), message, metrics or {})

    def done(self) -> None:
        """End the last stage."""
        self._finish()

    def refused(self, sentence: str) -> None:
        """Say, as the last line, why what was asked for cannot be done: the job's page shows it."""
        # Names of files may hold bytes that are no text.
        self._append({"t": _now(), "refused": sentence.encode("utf-8", "replace").decode()[:MAX_REFUSAL]})

    def _finish(self) -> None:
        if not self._finished:
            self._finished = True
            self._write(1.0, "", {})

    def _write(self, fraction: float, message: str, metrics: Mapping[str, float]) -> None:
        self._last = self._clock()
        line = {
            "t": _now(),
            "stage": self._stage,
            "step": self._stages.index(self._stage) + 1,
            "steps": len(self._stages),
            "fraction": round(fraction, 4),
            "message": message,
            "metrics": dict(metrics),
        }
        self._append(line)

    def _append(self, line: Mapping[str, object]) -> None:
        # One write of one whole line: a reader that follows the file never sees half an object.
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
