"""result.json and events.jsonl: what a program says, checked for form before anything looks at it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from gantry_formats.limits import MAX_REFUSAL
from portal import words
from portal.documents import finite

SCHEMA = 1
MAX_RESULT_BYTES = 256 * 1024
MAX_LINE_BYTES = 16 * 1024
REASONS = frozenset({"memory", "time", "cancelled", "image", "input", "start", "disk", "licence"})


class FormError(ValueError):
    """The file does not have the form it must have. The text is a clause for the technical view."""


@dataclass(frozen=True)
class Testimony:
    """What result.json says. Nothing in it is proof."""

    exit_code: int | None
    signal: int | None
    reason: str | None
    detail: str | None
    started: str | None
    ended: str | None
    host: str | None
    runner: str | None
    cpus: int | None
    cpu_s: float | None
    memory_peak_bytes: int | None
    memory_limit_bytes: int | None
    stdout_truncated: bool
    stderr_truncated: bool
    launch_version: str | None
    image: dict[str, str] | None = None
    """`name` and `digest` of the container image in which it ran; None: in none."""

    def document(self) -> dict[str, Any]:
        """As it is kept in the attempt's row."""
        return asdict(self)


def parse_result(
    raw: bytes, *, attempt: str, job_sha256: str | None, job_id: str | None, restarts: int = 0
) -> Testimony:
    """The testimony in `raw`, if it is about this attempt, this job spec, this job's last run. Raises FormError.

    `restarts`: how often the scheduler says that it put the job back, 0 where it does not count. What an earlier
    run left stays where it is if the last one ended before launch could begin.
    """
    if len(raw) > MAX_RESULT_BYTES:
        raise FormError(f"result.json is larger than {MAX_RESULT_BYTES} bytes")
    document = _object(raw)
    if document.get("schema") != SCHEMA:
        raise FormError("result.json has a schema that is not known")
    if document.get("attempt") != attempt:
        raise FormError("result.json is about another attempt")
    if job_sha256 is not None and document.get("job_sha256") != job_sha256:
        raise FormError("result.json is about another job spec")
    claim = document.get("claim")
    if not isinstance(claim, dict) or (job_id is not None and claim.get("job_id") != job_id):
        raise FormError("result.json was written by another run")
    if restarts and (_whole(claim, "restart", 0, 1_000_000) or 0) < restarts:
        raise FormError("result.json was written by an earlier run of this job")
    return _testimony(document)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise FormError("result.json is not JSON") from error
    if not isinstance(document, dict):
        raise FormError("result.json is not an object")
    return document


def _testimony(document: Mapping[str, Any]) -> Testimony:
    code, number = _whole(document, "exit_code", 0, 255), _whole(document, "signal", 1, 64)
    reason = _text(document, "reason", 20)
    if reason is not None and reason not in REASONS:
        raise FormError("result.json gives a reason that is not known")
    if code is None and number is None and reason is None:
        raise FormError("result.json says neither exit code nor signal")
    log = document.get("log")
    log = log if isinstance(log, dict) else {}
    return Testimony(
        exit_code=code,
        signal=number,
        reason=reason,
        detail=_text(document, "detail", 2000),
        started=_time(document, "started"),
        ended=_time(document, "ended"),
        host=_text(document, "host", 255),
        runner=_text(document, "runner", 50),
        cpus=_whole(document, "cpus", 0, 1_000_000),
        cpu_s=_number(document, "cpu_s"),
        memory_peak_bytes=_whole(document, "memory_peak_bytes", 0, 2**62),
        memory_limit_bytes=_whole(document, "memory_limit_bytes", 0, 2**62),
        stdout_truncated=log.get("stdout_truncated") is True,
        stderr_truncated=log.get("stderr_truncated") is True,
        launch_version=_text(document, "launch_version", 50),
        image=_image(document),
    )


def _image(document: Mapping[str, Any]) -> dict[str, str] | None:
    image = document.get("image")
    if image is None:
        return None
    if not isinstance(image, dict):
        raise FormError("result.json: image is not an object")
    return {key: _text(image, key, 100) or "" for key in ("name", "digest")}


def _whole(document: Mapping[str, Any], key: str, least: int, most: int) -> int | None:
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise FormError(f"result.json: {key} is not a whole number from {least} to {most}")
    return value


def _number(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e15:
        raise FormError(f"result.json: {key} is not a number")
    return float(value)


def _text(document: Mapping[str, Any], key: str, most: int) -> str | None:
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise FormError(f"result.json: {key} is not a text of at most {most} characters")
    return storable(value)


def storable(text: str) -> str:
    """The text as a database takes it: JSON can also say NUL and halves of characters (surrogates)."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


def _time(document: Mapping[str, Any], key: str) -> str | None:
    value = _text(document, key, 40)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise FormError(f"result.json: {key} is not a time") from error
    if moment.tzinfo is None:
        raise FormError(f"result.json: {key} has no time zone")
    return value


def parse_event(line: bytes) -> dict[str, Any] | None:
    """One line of events.jsonl as a checked progress document, or None for a line that is none."""
    if not line.strip() or len(line) > MAX_LINE_BYTES:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("stage"), str):
        return None
    event: dict[str, Any] = {"stage": storable(found["stage"][:100])}
    fraction = found.get("fraction")
    if finite(fraction) and 0 <= fraction <= 1:
        event["fraction"] = float(fraction)
    for key in ("step", "steps"):
        value = found.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10_000:
            event[key] = value
    for key, most in (("message", 300), ("t", 40)):
        if isinstance(found.get(key), str):
            event[key] = storable(found[key][:most])
    metrics = found.get("metrics")
    if isinstance(metrics, dict):
        good = {storable(str(k)[:50]): float(v) for k, v in metrics.items() if finite(v)}
        event["metrics"] = dict(list(good.items())[:20])
    return event


def parse_refusal(line: bytes) -> str:
    """Why the program says that it refused, where this line of events.jsonl says so; else empty.

    One printable line of at most MAX_REFUSAL characters, of a program that could write anything.
    """
    if len(line) > MAX_LINE_BYTES:
        return ""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    said = found.get("refused") if isinstance(found, dict) else None
    return words.one_line(storable(said), MAX_REFUSAL) if isinstance(said, str) else ""
