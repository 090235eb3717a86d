"""What the publisher can be asked, and how it goes over the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.rpc.verb import Verb


@dataclass(frozen=True)
class Answer:
    """What became of a wish; `words` say why it was refused, and are empty where it was done."""

    wish: int
    wished: str
    name: str
    revision: str
    words: str


@dataclass(frozen=True)
class KeyAnswer:
    """A key that was enrolled or withdrawn."""

    number: int
    person: str
    label: str
    code: str


def _key(answer: Mapping[str, Any]) -> KeyAnswer:
    return KeyAnswer(int(answer["number"]), str(answer["person"]), str(answer["label"]), str(answer["code"]))


def _answer(answer: Mapping[str, Any]) -> Answer:
    return Answer(
        int(answer["wish"]),
        str(answer["wished"]),
        str(answer["name"]),
        str(answer["revision"]),
        str(answer["words"]),
    )


APPROVE: Verb[tuple[int, str], Answer] = Verb(
    "approve", lambda item: {"wish": item[0], "by": item[1]}, _answer, ("wish", "by")
)
REFUSE: Verb[tuple[int, str, str], Answer] = Verb(
    "refuse", lambda item: {"wish": item[0], "why": item[1], "by": item[2]}, _answer, ("wish", "why", "by")
)
ENROL: Verb[tuple[str, str, str], KeyAnswer] = Verb(
    "enrol",
    lambda item: {"person": item[0], "code": item[1], "by": item[2]},
    _key,
    ("person", "code", "by"),
)
WITHDRAW: Verb[tuple[int, str], KeyAnswer] = Verb(
    "withdraw-key", lambda item: {"number": item[0], "by": item[1]}, _key, ("number", "by")
)
APPROVE_IMAGE: Verb[tuple[int, str], Answer] = Verb(
    "approve-image", lambda item: {"wish": item[0], "by": item[1]}, _answer, ("wish", "by")
)
REFUSE_IMAGE: Verb[tuple[int, str, str], Answer] = Verb(
    "refuse-image",
    lambda item: {"wish": item[0], "why": item[1], "by": item[2]},
    _answer,
    ("wish", "why", "by"),
)
VERBS = (APPROVE, REFUSE, ENROL, WITHDRAW, APPROVE_IMAGE, REFUSE_IMAGE)
