"""One JSON request on standard input, one JSON answer on standard output: how agent and store are spoken to.

`serve` is the program's side, `call` the caller's. A request names a verb and carries items; the answer has one
answer an item, in order, and a failed item harms no other. Standard library only.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from portal.errors import ForbiddenError, LimitError, NotFoundError, PortalError, UnavailableError, UnsafeFileError
from portal.logged import written_out

SCHEMA = 1
MAX_REQUEST_BYTES = 64 << 20
"""A dataset of 200,000 files is asked about at once, with each name."""
MAX_ANSWER_BYTES = 64 << 20
MAX_ITEMS = 10_000
UNUSABLE = 2
"""The exit code of a program that did nothing, as it could not use the request."""
NOT_BEGUN = (1, 126, 127)
"""Exit codes of sudo, a shell or Python where the program was not even begun: then it has printed nothing."""
BEGUN = b"\n"
"""What a program prints before it does anything, so that silence tells that it did nothing."""
REAPED_WITHIN_S = 1.0
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")
TEST_ONLY = ("GANTRY_FAILPOINT", "GANTRY_FAILPOINT_ONCE")

HEARD_EVERY_S = 0.25
Heard = Callable[[str], None]

S = TypeVar("S")
T = TypeVar("T")
Item = Mapping[str, Any]
Handler = Callable[[Item], Mapping[str, Any]]


@dataclass(frozen=True)
class Together:
    """A handler that takes all items of a request at once: an answer or a RefusedError for each, in order."""

    handle: "Callable[[Sequence[Item]], Sequence[Mapping[str, Any] | RefusedError]]"


Handlers = Mapping[str, Handler | Together]


class RefusedError(Exception):
    """One item is refused. `code` is for programs, `message` for people."""

    def __init__(self, code: str, message: str, *, retry: bool = False, detail: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry = retry
        self.detail = detail


class UnusableError(Exception):
    """The request itself cannot be used: nothing at all was done."""


class AnswerLostError(UnavailableError):
    """The program was asked and gave no whole answer: whether it acted is not known."""


class CallRefusedError(PortalError):
    """The program refused the whole request and did nothing."""


class NotStartedError(CallRefusedError):
    """The program did not begin at all: it could not be started, or whoever starts it refused."""


@dataclass(frozen=True)
class Refusal:
    """A refused item, as the caller gets it."""

    code: str
    message: str
    retry: bool = False
    detail: str | None = None


def fields(item: object, what: str, *, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """The item's keys, each known and each required one there; otherwise RefusedError `request`."""
    if not isinstance(item, dict):
        raise RefusedError("request", f"{what} must be an object.")
    unknown = item.keys() - set(required) - set(optional)
    if unknown:
        raise RefusedError("request", f"{what} has an unknown key: {min(unknown)!r}.")
    missing = [key for key in required if key not in item]
    if missing:
        raise RefusedError("request", f"{what} lacks the key {missing[0]!r}.")
    return dict.fromkeys(optional) | item


class Teller:
    """Where the program says how far it is: lines before its answer, for a caller that asked for them."""

    def __init__(self) -> None:
        self.sink: BinaryIO | None = None

    def tell(self, line: str) -> None:
        """Say a line; nobody need hear it."""
        if self.sink is None:
            return
        try:
            self.sink.write(line.encode() + b"\n")
            self.sink.flush()
        except OSError:  # whoever asked is gone: what is being done goes on
            self.sink = None


TELLER = Teller()


def serve(
    verbs: Callable[[dict[str, Any]], Handlers],
    config_key: str,
    *,
    source: BinaryIO | None = None,
    sink: BinaryIO | None = None,
) -> int:
    """Answer one request; the exit code. `verbs` makes the handlers from the request's configuration object."""
    source, sink = source or sys.stdin.buffer, sink or sys.stdout.buffer
    sink.write(BEGUN)
    sink.flush()
    try:
        request = _read(source, config_key)
        handlers = verbs(request[config_key])
        if request["verb"] not in handlers:
            raise UnusableError(f"There is no verb {request['verb']!r}.")
    except UnusableError as error:
        sys.stderr.write(f"{written_out(str(error))}\n")
        # Said in the answer too: through a socket no exit code comes back.
        sink.write(json.dumps({"schema": SCHEMA, "unusable": str(error)}).encode() + b"\n")
        sink.flush()
        return UNUSABLE
    TELLER.sink = sink if request["tell"] is True else None
    handler = handlers[request["verb"]]
    if isinstance(handler, Together):
        answers = [_document(answer) for answer in handler.handle(request["items"])]
    else:
        answers = [_document(attempt(handler, item)) for item in request["items"]]
    document = {"schema": SCHEMA, "verb": request["verb"], "items": answers}
    sink.write(json.dumps(document, allow_nan=False).encode() + b"\n")
    sink.flush()
    return 0


def _read(source: BinaryIO, config_key: str) -> dict[str, Any]:
    raw = source.read(MAX_REQUEST_BYTES + 1)
    if len(raw) > MAX_REQUEST_BYTES:
        raise UnusableError(f"The request is larger than {MAX_REQUEST_BYTES} bytes.")
    try:
        request = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
        request = fields(
            request, "The request", required=("schema", "verb", config_key, "items"), optional=("tell",)
        )
    except (ValueError, RecursionError) as error:
        raise UnusableError(f"The request is not usable JSON: {error}") from error
    except RefusedError as error:
        raise UnusableError(error.message) from error
    if request["schema"] != SCHEMA:
        raise UnusableError(f"The request's schema is not {SCHEMA}.")
    if not isinstance(request["items"], list) or len(request["items"]) > MAX_ITEMS:
        raise UnusableError(f"The request must hold a list of at most {MAX_ITEMS} items.")
    if not isinstance(request["verb"], str) or not isinstance(request[config_key], dict):
        raise UnusableError(f"The verb must be text and {config_key} an object.")
    return request


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")
    return made


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def attempt(handler: Callable[[S], T], item: S) -> T | RefusedError:
    """What the handler makes of one item, or why it is refused."""
    try:
        return handler(item)
    except RefusedError as error:
        return error
    except PortalError as error:
        return RefusedError(code_of(error), error.message, retry=error.retry, detail=error.detail)
    except OSError as error:
        said = f"The operating system refused: {error.strerror}."
        return RefusedError("system", said, retry=True, detail=str(error))


def _document(answer: Mapping[str, Any] | RefusedError) -> dict[str, Any]:
    if not isinstance(answer, RefusedError):
        return {"ok": True} | dict(answer)
    error = {"code": answer.code, "message": answer.message, "retry": answer.retry}
    return {"ok": False, "error": error | {"detail": answer.detail}}


def code_of(error: PortalError) -> str:
    """A word for programs for each kind of PortalError."""
    codes = (
        (NotFoundError, "missing"),
        (ForbiddenError, "unreadable"),
        (UnsafeFileError, "unsafe"),
        (LimitError, "limit"),
        (UnavailableError, "unavailable"),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), "refused")


def clean_environment() -> dict[str, str]:
    """What programs that this process starts see of its environment: no secret, nothing that changes a program."""
    kept = {name: os.environ[name] for name in (*PASSED_ON, *TEST_ONLY) if name in os.environ}
    # PYTHONSAFEPATH: the folder in which a program starts is no place for its modules.
    return kept | {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PYTHONSAFEPATH": "1"}


def call(
    command: Sequence[str],
    request: Mapping[str, Any],
    *,
    timeout_s: float,
    environment: Mapping[str, str],
    heard: Heard | None = None,
) -> list[dict[str, Any]]:
    """Ask a program: its answers, one an item. `heard` is told now and then what it has said so far.

    Raises AnswerLostError if it was asked and did not answer whole and in time (its effect is unknown),
    CallRefusedError if it says that it did nothing, and NotStartedError if it did not begin.
    """
    if heard is not None:
        request = {**request, "tell": True}
    name = command[0].rpartition("/")[2]
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        raise NotStartedError(f"{name} cannot be started: {error.strerror}.", detail=str(error)) from error
    try:
        out, err = _talk(process, json.dumps(request, allow_nan=False).encode(), timeout_s, heard)
    except subprocess.TimeoutExpired as error:
        _abandon(process)
        raise AnswerLostError(
            f"The answer was lost: none within {timeout_s:g} s. Whether it was done is not known."
        ) from error
    except BaseException:
        _abandon(process)
        raise
    words = err.decode(errors="replace").strip()[-2000:]
    if process.returncode == UNUSABLE:
        raise CallRefusedError("The request was refused; nothing was done.", detail=words or None)
    if process.returncode in NOT_BEGUN and not out:
        raise NotStartedError(f"{name} did not begin; nothing was done.", detail=words or None)
    if heard is not None:
        out = out.rstrip(b"\n").rpartition(b"\n")[2]  # the answer is its last line
    return _read_answer(out, request, process.returncode, words)


def _talk(
    process: subprocess.Popen[bytes], request: bytes, timeout_s: float, heard: Heard | None
) -> tuple[bytes, bytes]:
    """What it answered, and what it said beside it. Raises TimeoutExpired, and what `heard` raises."""
    if heard is None:
        return process.communicate(request, timeout=timeout_s)
    deadline = time.monotonic() + timeout_s
    told: bytes | None = request  # once: what is left of it goes on being written
    while True:
        try:
            return process.communicate(told, timeout=max(0.0, min(HEARD_EVERY_S, deadline - time.monotonic())))
        except subprocess.TimeoutExpired as still:
            told = None
            if time.monotonic() >= deadline:
                raise
            heard((still.stdout or b"").decode(errors="replace"))


def _abandon(process: subprocess.Popen[bytes]) -> None:
    """End a program that is late, with all that it started and did not set free (as supervisors are).

    What runs as another user, through sudo, is out of reach: it bounds its own time, and nobody reads it any
    more. It may hold the pipes open for as long as its file system hangs, so their end is not waited for.
    """
    with suppress(PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(REAPED_WITHIN_S)


def _read_answer(out: bytes, request: Mapping[str, Any], code: int, words: str) -> list[dict[str, Any]]:
    lost = AnswerLostError(
        "The answer was lost. Whether it was done is not known.",
        detail=f"exit {code}: {words}" if words else f"exit {code}",
    )
    if code != 0 or len(out) > MAX_ANSWER_BYTES:
        raise lost
    try:
        answer = json.loads(out)
    except (ValueError, RecursionError) as error:
        raise lost from error
    if not isinstance(answer, dict):
        raise lost
    if "unusable" in answer:
        raise CallRefusedError("The request was refused; nothing was done.", detail=str(answer["unusable"]))
    items = answer.get("items")
    if answer.get("verb") != request["verb"] or not isinstance(items, list) or len(items) != len(request["items"]):
        raise lost
    if not all(isinstance(item, dict) for item in items):
        raise lost
    return items


def refusal(item: Mapping[str, Any]) -> Refusal | None:
    """The refusal in one answer; None if the item was done."""
    if item.get("ok") is True:
        return None
    error = item.get("error") or {}
    return Refusal(
        str(error.get("code", "unknown")),
        str(error.get("message", "It was refused without a reason.")),
        error.get("retry") is True,
        error.get("detail"),
    )
