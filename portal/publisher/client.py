"""Asking the publisher: as its own account through the configured command, or, embedded, as this one."""

from datetime import UTC, datetime
from typing import TypeVar

from portal.config import Settings
from portal.db import Database
from portal.errors import ConflictError
from portal.publisher import images, keys, wire, work
from portal.publisher.wire import Answer, KeyAnswer
from portal.rpc.exchange import Refusal
from portal.rpc.verb import Program

TIMEOUT_S = 60.0
Told = TypeVar("Told")


def approve(settings: Settings, database: Database, wish: int, *, by: str) -> Answer:
    """Sign a wish off. Raises PortalError; AnswerLostError where it is not known whether it was done."""
    if settings.publisher.command:
        return _heard(_program(settings).ask(wire.APPROVE, [(wish, by)]))
    return _answer(work.approve(database, settings, wish, by=by, now=datetime.now(UTC)))


def refuse(settings: Settings, database: Database, wish: int, why: str, *, by: str) -> Answer:
    """Refuse a wish with a reason. Raises PortalError."""
    if settings.publisher.command:
        return _heard(_program(settings).ask(wire.REFUSE, [(wish, why, by)]))
    return _answer(work.refuse(database, wish, why, by=by, now=datetime.now(UTC)))


def approve_image(settings: Settings, database: Database, wish: int, *, by: str) -> Answer:
    """Sign off that an image is staged; the stager does it afterwards. Raises PortalError."""
    if settings.publisher.command:
        return _heard(_program(settings).ask(wire.APPROVE_IMAGE, [(wish, by)]))
    return images.approve(database, wish, by=by, now=datetime.now(UTC))


def refuse_image(settings: Settings, database: Database, wish: int, why: str, *, by: str) -> Answer:
    """Refuse that an image is staged, with a reason. Raises PortalError."""
    if settings.publisher.command:
        return _heard(_program(settings).ask(wire.REFUSE_IMAGE, [(wish, why, by)]))
    return images.refuse(database, wish, why, by=by, now=datetime.now(UTC))


def enrol(settings: Settings, database: Database, person: str, code: str, *, by: str) -> KeyAnswer:
    """Have a person's key count from now on. Raises PortalError."""
    if settings.publisher.command:
        return _heard(_program(settings).ask(wire.ENROL, [(person, code, by)]))
    return keys.enrol(database, settings, person, code, by=by, now=datetime.now(UTC))


def withdraw(settings: Settings, database: Database, number: int, *, by: str) -> KeyAnswer:
    """Have a key count no longer. Raises PortalError."""
    if settings.publisher.command:
        return _heard(_program(settings).ask(wire.WITHDRAW, [(number, by)]))
    return keys.withdraw(database, number, by=by, now=datetime.now(UTC))


def _program(settings: Settings) -> Program:
    return Program("publisher", settings.publisher.command, "publisher", {}, TIMEOUT_S, TIMEOUT_S)


def _heard(answers: list[Told | Refusal]) -> Told:
    (answer,) = answers
    if isinstance(answer, Refusal):
        raise ConflictError(answer.message, detail=answer.detail)
    return answer


def _answer(done: work.Done) -> Answer:
    return Answer(done.wish, done.wished.value, done.name, done.revision, done.words)
