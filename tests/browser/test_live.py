"""What moves on a page while somebody looks at it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _listen(page: Page) -> list[str]:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_a_job_is_watched_from_start_to_result_without_reloading(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    said = _listen(page)
    page.goto(demo.pages["form"])
    page.get_by_label("Iterations").fill("60")  # at work for several looks of the page
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/J-*")
    page.evaluate("window.stayed = true")
    technical = page.locator("details[data-details=technical]")
    technical.locator("summary").click()
    expect(page.locator("#job-live")).to_contain_text("Running", timeout=120_000)
    expect(page.locator("#job-live progress")).to_be_visible()
    expect(page.get_by_role("link", name="Open the result")).to_be_visible(timeout=240_000)
    assert page.evaluate("window.stayed")
    assert technical.get_attribute("open") is not None
    assert page.locator("#job-live").get_attribute("hx-trigger") is None
    expect(page.locator("[data-compare-on]")).to_be_visible()
    assert said == []


def test_a_cancelled_job_says_so_without_reloading(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto(demo.pages["form"])
    page.get_by_label("Iterations").fill("200")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#job-live")).to_contain_text(re.compile("Cancelled\\s+by Maya Lind"), timeout=60_000)
    expect(page.get_by_role("button", name="Run again", exact=True)).to_be_visible()


def test_the_search_narrows_while_one_types(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    said = _listen(page)
    page.goto("/data")
    page.locator("#search").press_sequentially("poppy", delay=20)
    expect(page.locator("#results .card-tile")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=poppy"))
    assert said == []


def test_ticks_are_kept_while_one_searches(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data?q=HL60")
    expect(page.locator("[data-pick-bar]")).to_be_hidden()
    page.get_by_role("checkbox").first.check()
    page.locator("#search").fill("HL60, control")
    expect(page.locator("#results .card-tile")).to_have_count(1)
    page.locator("#search").fill("HL60")
    expect(page.locator("#results .card-tile")).to_have_count(2)
    for box in page.get_by_role("checkbox").all():
        box.check()
    expect(page.locator("[data-pick-submit]")).to_have_text("Analyse 2")
    page.locator("[data-pick-submit]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 datasets")


def test_what_stands_beside_the_form_follows_the_fields(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    said = _listen(page)
    page.goto(demo.pages["form"])
    page.get_by_text("Copy as command or Python").click()
    page.get_by_label("Iterations").fill("33")
    page.get_by_label("Iterations").blur()
    expect(page.locator("#as-command")).to_contain_text("iterations=33")
    assert said == []


def test_the_colours_follow_the_device_until_one_chooses(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya", scheme="dark")
    light, dark = "rgb(244, 246, 248)", "rgb(20, 24, 29)"
    body = page.locator("body")
    page.goto("/")
    expect(body).to_have_css("background-color", dark)
    page.locator("[data-theme-toggle]").click()
    expect(body).to_have_css("background-color", light)
    page.reload()
    expect(body).to_have_css("background-color", light)
    for _ in range(2):
        page.locator("[data-theme-toggle]").click()
    expect(body).to_have_css("background-color", dark)


def test_the_log_of_a_job_unfolds_with_the_technical_details(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto(demo.pages["job-failed"])
    page.locator("details[data-details=technical] summary").click()
    expect(page.get_by_label("Errors and warnings").locator("pre")).to_contain_text("are there")


def test_what_was_typed_is_kept_when_one_goes_back(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto(demo.pages["form"])
    page.get_by_label("Iterations").fill("33")
    page.get_by_label("Background", exact=True).fill("-4")
    page.get_by_label("Name of the result").fill("Mine")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.get_by_label("Background", exact=True)).to_have_value("-4")
    page.go_back()
    expect(page.locator("[data-error-summary]")).to_be_hidden()
    for label, value in (("Iterations", "33"), ("Background", "-4"), ("Name of the result", "Mine")):
        expect(page.get_by_label(label, exact=True)).to_have_value(value)
    page.get_by_text("Copy as command or Python").click()
    expect(page.locator("#as-command")).to_contain_text("iterations=33")
