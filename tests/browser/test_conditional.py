"""Fields that are asked for only under a condition: hidden and shown as one types, with nothing typed lost."""

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
NAME = "conditional-fields"
TEXT = f"""\
name: {NAME}
version: "1.0"
title: Conditional fields
summary: Has fields that depend on others.
category: Any data
contact: staff
image: base
program:
  command:
    - echo
    - {{option: level, prefix: --level=}}
    - {{flag: --fine, when: fine}}
    - {{option: depth, prefix: --depth=}}
    - {{option: note, prefix: --note=}}
inputs:
  - {{name: data, label: Dataset, dataset_types: ["*"]}}
options:
  - {{name: method, type: choice, label: Method, choices: [otsu, manual], default: otsu, required: true}}
  - name: engine
    type: choice
    label: Engine
    default: cpu
    choices: [cpu, {{value: gpu, label: the GPU, when: "method == 'manual'", because: needs a manual method}},
      {{value: farm, when: "files.count > 100000", because: needs more files}}]
  - {{name: level, type: float, label: Level, units: nm, required: true, show_when: "method == 'manual'"}}
  - {{name: fine, type: boolean, label: Fine, show_when: "method == 'manual' && level > 0.3 um"}}
  - {{name: depth, type: integer, label: Depth, default: 4, show_when: "files.count > 100000",
     because: "needs more than 100,000 files"}}
  - {{name: note, type: text, label: Note, group: About it, show_when: "fine"}}
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


def options_of_newest(demo: Any) -> dict[str, Any]:
    with demo.database.read() as session:
        query = select(Submission.options).join(JobTypeRevision).where(JobTypeRevision.name == NAME)
        return dict(session.scalars(query.order_by(Submission.created.desc()).limit(1)).one())


def test_fields_come_and_go_as_one_types_and_what_was_typed_comes_back(
    browse: Callable[..., Page], address: str
) -> None:
    page = browse()
    page.goto(address)
    level, fine, note = (page.locator(f"#f-{name}") for name in ("level", "fine", "note"))
    expect(level).to_be_hidden()
    expect(fine).to_be_hidden()
    expect(page.get_by_text("About it")).to_be_hidden()
    page.select_option("#f-method", "manual")
    expect(level).to_be_visible()
    expect(level).to_have_attribute("aria-required", "true")
    expect(page.locator("label[for=f-level]")).to_have_text("Level")  # and not: optional
    expect(page.locator("#conditions-told")).to_have_text("Asked for now: Level.")
    level.press_sequentially("30")
    expect(fine).to_be_hidden()
    level.press_sequentially("1")
    expect(fine).to_be_visible()
    # Numbers as people write them are read by the portal, which tells the page.
    level.fill("0,2 um")
    level.blur()
    expect(fine).to_be_hidden()
    level.fill("0,4 um")
    level.blur()
    expect(fine).to_be_visible()
    fine.check()
    expect(page.get_by_text("About it")).to_be_visible()
    note.fill("kept words")
    page.select_option("#f-method", "otsu")
    expect(level).to_be_hidden()
    expect(note).to_be_hidden()
    told = page.locator("#conditions-told")
    expect(told).to_have_text("Not asked for now: Level, Fine, Note. What stands there is kept, and not used.")
    page.select_option("#f-method", "manual")
    expect(level).to_have_value("0,4 um")
    expect(note).to_have_value("kept words")
    expect(page.get_by_text("Only if")).to_have_count(3 + 1)
    expect(page.get_by_text("Only if Method is manual.")).to_be_hidden()


def test_why_a_dataset_has_no_such_option_is_told_in_its_place(browse: Callable[..., Page], address: str) -> None:
    page = browse()
    page.goto(address)
    expect(page.locator("#f-depth")).to_be_hidden()
    expect(page.get_by_text("Depth: needs more than 100,000 files.")).to_be_visible()


def test_values_that_cannot_be_chosen_are_greyed_with_the_reason(
    browse: Callable[..., Page], address: str
) -> None:
    page = browse()
    page.goto(address)
    gpu, farm = page.locator("#f-engine option[value=gpu]"), page.locator("#f-engine option[value=farm]")
    expect(gpu).to_have_text("the GPU (needs a manual method.)")
    expect(gpu).to_be_disabled()
    expect(farm).to_have_text("farm (needs more files.)")
    expect(farm).to_be_disabled()
    page.select_option("#f-method", "manual")
    expect(gpu).to_have_text("the GPU")
    expect(gpu).to_be_enabled()
    expect(farm).to_be_disabled()
    page.select_option("#f-engine", "gpu")
    page.select_option("#f-method", "otsu")
    expect(page.locator("#f-engine")).to_have_value("gpu")
    expect(gpu).to_have_text("the GPU (needs a manual method.)")
    page.click("button.btn-start")
    wrong = "the GPU cannot be chosen: needs a manual method. Choose another one."
    expect(page.locator("#f-engine-wrong")).to_contain_text(wrong)


def test_the_keyboard_passes_over_hidden_fields(browse: Callable[..., Page], address: str) -> None:
    page = browse()
    page.goto(address)
    names = set()
    page.focus("#f-method")
    for _press in range(30):
        page.keyboard.press("Tab")
        names.add(page.evaluate("document.activeElement.id"))
    assert not names & {"f-level", "f-fine", "f-depth", "f-note"}


def test_what_is_hidden_is_not_sent_as_wrong_and_stays_through_a_refusal(
    browse: Callable[..., Page], address: str, demo: Any
) -> None:
    page = browse()
    page.goto(address)
    page.select_option("#f-method", "manual")
    page.fill("#f-level", "many parrots")
    page.select_option("#f-method", "otsu")
    page.fill("#f-title", "x" * 2000)
    page.click("button.btn-start")
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.locator("[data-error-summary]")).not_to_contain_text("Level")
    page.select_option("#f-method", "manual")
    expect(page.locator("#f-level")).to_have_value("many parrots")
    page.select_option("#f-method", "otsu")
    page.fill("#f-title", "Without a level")
    page.click("button.btn-start")
    page.wait_for_url("**/jobs/J-*")
    assert options_of_newest(demo) == {"method": "otsu", "engine": "cpu"}


def test_what_was_hidden_on_the_page_and_is_asked_for_after_all_is_shown_first(
    browse: Callable[..., Page], address: str
) -> None:
    page = browse()
    page.goto(address)
    page.select_option("#f-method", "manual")
    page.route("**/part/beside*", lambda route: route.abort())
    page.fill("#f-level", "250")
    page.locator("#f-level").blur()
    # As if the page had known something else than the portal does.
    page.evaluate("document.querySelector('[data-when=level]').toggleAttribute('data-unmet', true)")
    page.click("button.btn-start")
    expect(page.locator("[data-error-summary]")).to_contain_text("Look whether the value is right")
    expect(page.locator("#f-level")).to_have_value("250")
    expect(page.locator("#f-level")).to_be_visible()


def test_a_reload_keeps_what_is_hidden(browse: Callable[..., Page], address: str) -> None:
    page = browse()
    page.goto(address)
    page.select_option("#f-method", "manual")
    page.fill("#f-level", "333")
    page.select_option("#f-method", "otsu")
    page.reload()
    page.select_option("#f-method", "manual")
    expect(page.locator("#f-level")).to_have_value("333")


def test_without_scripts_fields_stand_there_with_their_condition(
    browse: Callable[..., Page], address: str, demo: Any
) -> None:
    page = browse(script=False)
    page.goto(address)
    expect(page.locator("#f-level")).to_be_visible()
    expect(page.get_by_text("Only if Method is manual.")).to_be_visible()
    expect(page.get_by_text("Only if Method is manual and Level is more than 0.3 µm.")).to_be_visible()
    expect(page.get_by_text("Depth: needs more")).to_be_hidden()
    page.click("button.btn-start")
    page.wait_for_url("**/jobs/J-*")
    assert options_of_newest(demo) == {"method": "otsu", "engine": "cpu"}
    page.goto(address)
    page.fill("#f-level", "5")
    page.click("button.btn-start")
    wrong = "Method must be manual; it is otsu. Leave it empty: it is not used."
    expect(page.locator("#f-level-told")).to_contain_text(wrong)
    expect(page.locator("#f-level")).to_have_value("5")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_is_no_obstacle_with_fields_hidden_or_shown(
    browse: Callable[..., Page], address: str, scheme: str
) -> None:
    page = browse(scheme=scheme)
    page.goto(address)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for method in ("otsu", "manual"):
        page.select_option("#f-method", method)
        found = page.evaluate("axe.run(document)")
        assert not [one["id"] for one in found["violations"] if one["impact"] in {"serious", "critical"}]
