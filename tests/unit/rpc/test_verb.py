"""Verbs that are said once: what a client writes is what the program reads, and each verb is handled."""

import sys
from typing import Any

import pytest

from portal.agent import wire as agent
from portal.rpc.exchange import AnswerLostError, RefusedError
from portal.rpc.verb import Program, Verb, handlers
from portal.store import wire as store

ITEMS: dict[str, dict[str, Any]] = {
    "agent": {
        "submit": {"attempt": "a", "name": "n", "order": {}, "place": 3},
        "find": ("a", "n"),
        "fence": "a",
        "cancel": agent.Wish("a", "7", "n", "Maya"),
        "seal": "a",
        "purge": "a",
        "estimate": agent.Wanted({"cpus": 1}),
    },
    "store": {
        "keep": store.Keep(1, "out", "a", "x/y", also=("*.png",)),
        "verify": "x/y",
        "drop": store.Dropped("x/y", 1, "out", "a"),
        "stop": (42, "result"),
    },
}
VERBS = {"agent": agent.VERBS, "store": store.VERBS}
EACH = [pytest.param(program, verb, id=f"{program}-{verb.name}") for program in VERBS for verb in VERBS[program]]


@pytest.mark.parametrize(("program", "verb"), EACH)
def test_what_the_client_writes_is_what_the_program_reads(program, verb):
    written = dict(verb.item(ITEMS[program][verb.name]))
    read = verb.read(written)
    assert read.keys() == {*verb.required, *verb.optional}
    assert {key: read[key] for key in written} == written


@pytest.mark.parametrize(("program", "verb"), EACH)
def test_an_item_with_a_key_too_few_or_too_many_is_refused(program, verb):
    written = dict(verb.item(ITEMS[program][verb.name]))
    for wrong in (written | {"more": 1}, {}, None, [written]):
        with pytest.raises(RefusedError) as refused:
            verb.read(wrong)
        assert refused.value.code == "request"


def test_a_verb_without_a_handler_and_a_handler_without_a_verb_are_mistakes():
    def nothing(_item: object) -> dict[str, Any]:
        return {}

    by_verb = {verb.name: nothing for verb in store.VERBS}
    assert handlers(store.VERBS, by_verb) == by_verb
    for wrong in ({"keep": nothing}, by_verb | {"more": nothing}):
        with pytest.raises(AssertionError):
            handlers(store.VERBS, wrong)


def test_an_answer_that_cannot_be_read_is_lost():
    said = '{"verb": "look", "items": [{"ok": true, "seen": "x"}]}'
    program = Program("looker", (sys.executable, "-c", f"print({said!r})"), "where", {}, 60.0, 60.0)
    look: Verb[str, int] = Verb("look", lambda item: {"at": item}, lambda answer: int(answer["seen"]), ("at",))
    assert program.ask(look, []) == []
    with pytest.raises(AnswerLostError, match="looker's answer cannot be read"):
        program.ask(look, ["here"])
