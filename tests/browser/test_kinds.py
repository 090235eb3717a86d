"""Fields of several parts in a browser: conditions follow, a refusal keeps them, the keyboard reaches them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal.jobs.models import JobTypeRevision, Submission
from portal.jobtype.load import JobTypes, parse_text
from portal.jobtype.publish import publish

AXE = Path(__file__).parents[2] / "portal/web/frontend/node_modules/axe-core/axe.min.js"
NAME = "fields-of-parts"
TEXT = f"""\
name: {NAME}
version: "1.0"
title: Fields of parts
summary: Has fields of several parts.
category: Any data
contact: staff
image: base
program: {{command: [echo, {{job: json}}]}}
inputs:
  - {{name: data, label: Dataset, dataset_types: ["*"]}}
options:
  - {{name: dyes, type: several, label: Dyes, choices: [gfp, rfp, dapi], default: [gfp]}}
  - {{name: band, type: range, label: Band, units: nm}}
  - {{name: planes, type: numbers, label: Planes, whole: true, show_when: "'rfp' in dyes"}}
  - {{name: rows, type: range, label: Rows, whole: true, show_when: "band.high > 0.6 um"}}
  - {{name: day, type: date, label: Day}}
  - {{name: mask, type: file, label: Mask, help: One of its files.}}
  - {{name: notes, type: long_text, label: Notes, advanced: true}}
resources: {{default: small, variants: [{{name: small, label: Small}}]}}
result_title: "{{input}}, looked at"
outputs: []
"""


@pytest.fixture(scope="module")
def address(demo: Any) -> str:
    """The form of the job type above, which is published, on a dataset."""
    jobtype, problems = parse_text(TEXT, Path(f"{NAME}.yaml"))
    assert jobtype is not None, problems
    publish(JobTypes({NAME: jobtype}), demo.settings.published)
    dataset = demo.pages["dataset"].rpartition("/")[2]
    return f"/analyses/{NAME}/start?dataset={dataset}"


def ends(page: Page, name: str) -> list[Any]:
    return page.locator(f'input[name="option.{name}"]').all()


def test_conditions_follow_boxes_and_ranges_and_a_refusal_keeps_all(
    browse: Callable[..., Page], address: str, demo: Any
) -> None:
    page = browse()
    page.goto(address)
    planes, rows = page.locator("#f-planes"), page.locator("#f-rows")
    expect(planes).to_be_hidden()
    expect(rows).to_be_hidden()
    page.get_by_label("rfp").check()
    expect(planes).to_be_visible()
    planes.fill("1-3")
    planes.blur()
    expect(page.locator("#f-planes-told")).to_have_text("Read as 1, 2, 3")
    low, high = ends(page, "band")
    low.fill("450")
    high.fill("650")
    high.blur()
    expect(rows).to_be_visible()
    for field, text in zip(ends(page, "rows"), ("5", "many"), strict=True):
        field.fill(text)
    high.fill("550")
    high.blur()
    expect(rows).to_be_hidden()
    page.fill("#f-title", "x" * 2000)
    page.click("button.btn-start")
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.get_by_label("rfp")).to_be_checked()
    _low, high = ends(page, "band")
    high.fill("650")
    high.blur()
    expect(rows).to_be_visible()
    assert [field.input_value() for field in ends(page, "rows")] == ["5", "many"]
    ends(page, "rows")[1].fill("9")
    page.get_by_label("gfp").uncheck()
    page.fill("#f-title", "With all")
    page.click("button.btn-start")
    page.wait_for_url("**/jobs/J-*")
    with demo.database.read() as session:
        query = select(Submission.options).join(JobTypeRevision).where(JobTypeRevision.name == NAME)
        found = session.scalars(query.order_by(Submission.created.desc()).limit(1)).one()
    assert found == {
        "dyes": ["rfp"],
        "band": {"low": 450.0, "high": 650.0},
        "planes": [1, 2, 3],
        "rows": {"low": 5, "high": 9},
    }


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_fields_are_accessible_and_fit(
    browse: Callable[..., Page], address: str, width: int, scheme: str
) -> None:
    page = browse(scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    page.get_by_label("rfp").check()
    for field in ends(page, "band"):
        field.fill("nothing")
    page.click("button.btn-start")
    expect(page.locator("[data-error-summary]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []


def test_every_field_is_reached_by_keyboard(browse: Callable[..., Page], address: str) -> None:
    page = browse()
    page.goto(address)
    page.focus("#f-title")
    names = []
    for _press in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.name"))
    reached = [name for name in names if name and name.startswith("option.")]
    assert reached[:7] == ["option.dyes"] * 3 + ["option.band"] * 2 + ["option.day", "option.mask"]
