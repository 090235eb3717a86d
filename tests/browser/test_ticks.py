"""Ticks on Data: by hand, by range, all that was found; after live updates, on Back, and whose they are."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from portal.web.views.paging import whole_numbers

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT = "[data-pick-count]"


def _tick(page: Page, place: int, **more: Any) -> None:
    page.locator("label.pick").nth(place).click(**more)


def _search(page: Page, text: str, found: int) -> None:
    page.locator("#search").fill(text)
    expect(page.locator("#results .card-tile")).to_have_count(found)


def test_clear_works_after_a_search_has_replaced_the_list(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data?q=HL60")
    _tick(page, 0)
    _search(page, "HL60, control", 1)
    expect(page.locator(COUNT)).to_have_text("1 dataset ticked")
    page.locator("[data-pick-clear]").click()
    expect(page.locator("[data-pick-bar]")).to_be_hidden()
    _search(page, "HL60", 2)
    assert page.locator("input[data-pick]:checked").count() == 0


def test_ticks_work_where_the_page_came_without_a_list(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto(demo.pages["data-nothing"])
    _search(page, "HL60", 2)
    _tick(page, 0)
    expect(page.locator(COUNT)).to_have_text("1 dataset ticked")


def test_shift_takes_all_between_two_and_gives_them_back(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data")
    _tick(page, 1)
    _tick(page, 5, modifiers=["Shift"])
    expect(page.locator("input[data-pick]:checked")).to_have_count(5)
    expect(page.locator(COUNT)).to_have_text("5 datasets ticked")
    _tick(page, 3, modifiers=["Shift"])
    expect(page.locator("input[data-pick]:checked")).to_have_count(2)
    page.locator("input[data-pick]").nth(8).focus()
    page.keyboard.press("Space")
    expect(page.locator("input[data-pick]:checked")).to_have_count(3)


def test_all_that_was_found_is_ticked_on_every_page_of_it(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data?kind=raw")
    button = page.locator("[data-pick-all]")
    words = button.text_content() or ""
    number = int(re.findall(r"\d+", words)[0])
    assert number > 24 and "found" in words
    button.click()
    expect(page.locator(COUNT)).to_have_text(f"{number} datasets ticked")
    page.locator("[data-pick-submit]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{number} datasets")
    page.go_back()
    expect(page.locator(COUNT)).to_have_text(f"{number} datasets ticked")


def test_ticks_outlive_back_and_a_form_that_cannot_be_sent(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data?q=HL60")
    for place in range(2):
        _tick(page, place)
    page.context.set_offline(True)
    page.locator("[data-pick-submit]").click()
    page.wait_for_url("chrome-error://**")
    page.context.set_offline(False)
    page.goto("/data")
    expect(page.locator(COUNT)).to_have_text("2 datasets ticked")
    page.locator("[data-pick-submit]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 datasets")
    page.go_back()
    expect(page.locator(COUNT)).to_have_text("2 datasets ticked")


def test_once_a_job_was_started_the_next_visit_begins_anew_and_back_does_not(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto("/data?q=Zebrafish heart, mCherry")
    page.locator("li:has(a:text-is('Zebrafish heart, mCherry')) label.pick").click()
    page.locator("[data-pick-submit]").click()
    page.locator("a[href*='/analyses/qc/start']").first.click()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/J-*")
    page.locator("nav.main-nav").get_by_role("link", name="Data").click()
    expect(page.locator("[data-pick-bar]")).to_be_hidden()
    assert page.locator("input[data-pick]:checked").count() == 0


def test_ticks_are_their_persons_alone(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse(None)
    for name, words in (("maya", "1 dataset ticked"), ("ravi", None), ("maya", None)):
        page.goto("/sign-in")
        page.locator(f'form:has(input[value="{name}"]) button').click()
        page.wait_for_url("**/")
        page.goto("/data")
        if words:
            _tick(page, 0)
            expect(page.locator(COUNT)).to_have_text(words)
        else:
            expect(page.locator("[data-pick-bar]")).to_be_hidden()
            assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.includes('maya'))") == []
        page.locator("details.menu summary").click()
        page.locator("form[data-sign-out] button").click()
        page.wait_for_url("**/sign-in*")


def test_many_ticks_go_into_one_address_in_their_order(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data?q=HL60")
    _tick(page, 0)
    picks = [str(number) for number in (*range(5000, 4000, -7), 12, 13, 90_000_000)]
    kept = "picks => sessionStorage.setItem('gantry-picks:maya', JSON.stringify({ picks, sent: [], used: [] }))"
    page.evaluate(kept, picks)
    page.reload()
    expect(page.locator(COUNT)).to_have_text(f"{len(picks)} datasets ticked")
    page.locator("[data-pick-submit]").click()
    page.wait_for_url("**/analyses?*")
    asked = parse_qs(urlsplit(page.url).query)["dataset"]
    assert len(asked) == 1 and whole_numbers(asked) == [int(number) for number in picks]
