"""Conditions in the browser: the built module comes to what Python comes to, case by case and on random trees."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Route

import portal.web
from gantry_formats.conditions import Facts, as_json, check_tree, evaluate, holds, verdict
from portal.jobtype.conditions.kinds import Kind, counted
from portal.jobtype.conditions.parse import Names, read_condition
from tests.support.condition_trees import any_facts, any_tree

CASES = json.loads((Path(__file__).parents[1] / "conformance" / "conditions.json").read_text(encoding="utf-8"))
DIST = Path(portal.web.__file__).parent / "static" / "dist"
HERE = "https://conditions.example/"
A_BATCH = 40
Evaluated = Callable[[list[tuple[Any, Any]]], list[dict[str, Any]]]


def built() -> str:
    """The module as it is served: what Vite made of src/conditions.ts."""
    manifest = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    return (DIST / manifest["src/conditions.ts"]["file"]).read_text(encoding="utf-8")


def served(route: Route) -> None:
    if route.request.url.endswith(".js"):
        route.fulfill(body=built(), content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>Conditions</title>", content_type="text/html")


@pytest.fixture(scope="module")
def evaluated(chromium: Browser) -> Iterator[Evaluated]:
    """Many trees with their facts, evaluated by the built module in one page."""
    page = chromium.new_page()
    page.route(f"{HERE}**", served)
    page.goto(HERE)

    def ask(asked: list[tuple[Any, Any]]) -> list[dict[str, Any]]:
        # As text, since that is how trees and facts come to a page.
        said: str = page.evaluate(
            """async (text) => {
              const { evaluate, verdict, holds } = await import("./conditions.js");
              return JSON.stringify(JSON.parse(text).map(([tree, facts]) => ({
                value: evaluate(tree, facts), verdict: verdict(tree, facts), holds: holds(tree, facts),
              })));
            }""",
            json.dumps(asked),
        )
        found: list[dict[str, Any]] = as_floats(said)
        assert len(found) == len(asked)
        return found

    yield ask
    page.close()


def kind_named(said: Any) -> Kind:
    """The kind of an option as the cases name it."""
    if isinstance(said, list):
        return Kind("text", choices=tuple(said))
    return counted(said[7:].removeprefix("of ")) if said.startswith("number") else Kind(said)


def test_each_case_comes_to_what_it_must(evaluated: Evaluated) -> None:
    names = Names(
        {name: kind_named(said) for name, said in CASES["names"]["options"].items()}, CASES["names"]["slots"]
    )
    asked = [
        (read_condition(text, names), CASES["contexts"][context]) for context, text, _wanted in CASES["cases"]
    ]
    found = evaluated(asked)
    assert len(found) >= 300
    for (context, text, wanted), said in zip(CASES["cases"], found, strict=True):
        told = said["verdict"] if said["verdict"] is not None else {"unknown": True}
        assert (told, said["holds"]) == (wanted, wanted is True), (context, text)


def as_floats(text: str) -> Any:
    """JavaScript writes the digits that tell a large number apart from others, Python's integers have all."""
    return json.loads(text, parse_int=float)


def in_python(tree: Any, facts: Any) -> dict[str, Any]:
    told = verdict(tree, Facts(**facts))
    return {
        "value": as_json(evaluate(tree, Facts(**facts))),
        "verdict": told if isinstance(told, bool) else None,
        "holds": holds(tree, Facts(**facts)),
    }


# Without shrinking: the message names the one tree and the facts, and batches take minutes to shrink.
@settings(
    max_examples=75,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.lists(st.tuples(any_tree, any_facts), min_size=A_BATCH, max_size=A_BATCH))
def test_on_whatever_tree_and_facts_both_come_to_the_same(
    evaluated: Evaluated, batch: list[tuple[Any, Any]]
) -> None:
    asked = json.loads(json.dumps(batch))
    for tree, _facts in asked:
        check_tree(tree)
    for (tree, facts), said in zip(asked, evaluated(asked), strict=True):
        assert said == as_floats(json.dumps(in_python(tree, facts))), (tree, facts)
