"""What the API's own document allows, and what it does not, made up by schemathesis: never an answer of 500.

Bounded: so many requests an operation, always the same ones. The counts are printed.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from doors_house import House
from doors_table import ARGUMENTS, INSTEAD
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode, openapi
from schemathesis.config import SchemathesisConfig

from portal.db import Database

DOCUMENT = "/api/v1/openapi.json"
EXAMPLES = {"sqlite": 16, "postgresql": 4}
"""Of each operation, of each of four kinds."""
BOUNDED = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": (Phase.generate,),
    "suppress_health_check": list(HealthCheck),
}

pytestmark = pytest.mark.timeout(1800)  # some thousand requests, on whatever machine this is


@pytest.fixture
def either_house(database: Database, make_house: Callable[[Database], House]) -> House:
    """The house, once on each database."""
    return make_house(database)


def _real(house: House, operation: Any) -> dict[str, Any]:
    """The parts of an operation's address as things of the house."""
    names = re.findall(r"{([^{}]+)}", operation.path)
    endpoint = next(
        rule.endpoint
        for rule in house.app.url_map.iter_rules()
        if re.sub(r"<(?:[^<>:]+:)?([^<>:]+)>", r"{\1}", rule.rule) == operation.path
        and operation.method.upper() in (rule.methods or ())
    )
    return {name: house.things[INSTEAD.get((endpoint, name), ARGUMENTS[name])] for name in names}


def _kinds(house: House, operation: Any) -> Iterator[tuple[str, SearchStrategy[Any]]]:
    """Made up, and beneath real addresses; as the document has it, and otherwise."""
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        yield f"{mode.value}, made up", operation.as_strategy(generation_mode=mode)
        if "{" in operation.path:
            real = _real(house, operation)
            yield f"{mode.value}, real", operation.as_strategy(generation_mode=mode, path_parameters=real)


def test_nothing_that_fits_the_document_or_does_not_is_answered_500(
    either_house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house = either_house
    dialect = house.database.engine.dialect.name
    schema = openapi.from_wsgi(DOCUMENT, house.app, config=SchemathesisConfig.from_dict({}))
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    # What takes one's own token away comes last.
    operations = sorted(
        (found.ok() for found in schema.get_all_operations()), key=lambda one: one.method.upper() == "DELETE"
    )
    for operation in operations:
        for kind, cases in _kinds(house, operation):
            _ask(house, operation, kind, cases, EXAMPLES[dialect], counts, wrong)
    with capsys.disabled():
        total = sum(number for name, number in counts.items() if name[0].isdigit())
        print(
            f"\nschemathesis on {dialect}: {len(operations)} operations, {total} requests,",
            dict(sorted(counts.items())),
        )
    assert not wrong, "\n" + "\n".join(wrong)
    assert counts["2xx"] > len(operations)  # it came through the door, and not only to it
    assert len(operations) > 25


def _ask(
    house: House,
    operation: Any,
    kind: str,
    cases: SearchStrategy[Any],
    examples: int,
    counts: Counter[str],
    wrong: list[str],
) -> None:
    @settings(max_examples=examples, **BOUNDED)  # type: ignore[arg-type]
    @given(case=cases)
    def ask(case: Any) -> None:
        answer = case.call(headers=house.headers("staff"))
        counts[f"{answer.status_code // 100}xx"] += 1
        counts[kind] += 1
        if answer.status_code >= 500:
            wrong.append(f"{answer.status_code}: {operation.label} ({kind}): {case.as_curl_command()[:400]}")

    ask()
