"""Finding: the search over everything by keyboard, counts that follow the search, the table, days."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def open_search(page: Page, words: str) -> Any:
    """The dialog with what was found."""
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    expect(page.locator("[data-everything-place]")).not_to_have_attribute("aria-busy", "true")
    return page.get_by_role("dialog", name="Search everything")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_slip_is_mended_and_arrows_enter_and_back_work(
    demo: Any, browse: Callable[..., Page], scheme: str
) -> None:
    page = browse("maya", scheme=scheme)
    page.goto("/jobs")
    dialog = open_search(page, "zebrafsh")
    expect(dialog.get_by_role("status")).to_contain_text("Found for “zebrafish”")
    field = dialog.get_by_role("combobox")
    expect(field).to_have_attribute("aria-expanded", "true")
    first = field.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    second = field.get_attribute("aria-activedescendant")
    assert first != second
    chosen = dialog.get_by_role("option", selected=True)
    expect(chosen).to_have_count(1)
    expect(chosen).to_have_id(str(second))
    page.keyboard.press("ArrowUp")
    expect(field).to_have_attribute("aria-activedescendant", str(first))
    page.keyboard.press("ArrowUp")  # round to the last
    last = dialog.get_by_role("option").last
    expect(last).to_have_attribute("aria-selected", "true")
    expect(last).to_be_in_viewport()
    page.keyboard.press("ArrowDown")
    target = str(dialog.get_by_role("option", selected=True).get_attribute("href"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")
    page.go_back()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    expect(dialog).to_be_hidden()


def test_the_field_in_the_header_opens_it_and_leads_to_a_page_without_a_hit(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto("/help")
    page.locator(".header .search input").click()
    dialog = page.get_by_role("dialog", name="Search everything")
    expect(dialog).to_be_visible()
    page.keyboard.type("xylophonist")
    expect(dialog.get_by_role("status")).to_contain_text("Nothing has “xylophonist”")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=xylophonist")


def test_the_counts_of_the_filters_follow_the_search_and_back_shows_the_page(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto("/data")
    experiment = page.locator("#filters section", has=page.get_by_role("heading", name="Experiment", exact=True))
    before = experiment.locator("li").count()
    page.fill("#search", "heart")
    expect(page).to_have_url(re.compile(r"/data\?q=heart"))
    expect(experiment.locator("li")).to_have_count(1)
    assert before > 1
    page.goto("/help")
    page.go_back()
    expect(page.locator("#search")).to_have_value("heart")
    expect(experiment.locator("li")).to_have_count(1)
    expect(page.locator("header")).to_be_visible()


def test_a_table_keeps_ticks_and_is_remembered(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data?q=heart")
    page.get_by_role("link", name="Table").click()
    page.locator("details.columns summary").click()
    page.get_by_label("voxel size x").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Voxel size x, µm")).to_be_visible()
    page.locator("input[data-pick]").first.check()
    expect(page.locator("[data-pick-count]")).to_have_text("1 dataset ticked")
    page.get_by_role("link", name="Voxel size x").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Voxel size x")
    expect(page.locator("[data-pick-count]")).to_have_text("1 dataset ticked")
    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Data").click()
    expect(page.get_by_role("columnheader", name="Voxel size x, µm")).to_be_visible()


def test_a_day_is_shown_as_iso_in_a_browser_that_writes_months_first(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto("/data")
    page.fill("#start", "20 Nov 2026")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".chip").first).to_contain_text("From 20 Nov 2026")
    page.locator("[data-calendar]").first.evaluate(
        "one => { one.value = '2026-11-25'; one.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    expect(page.locator("#start")).to_have_value("2026-11-25")
    expect(page.locator("#start")).to_be_focused()


def test_on_a_phone_the_table_can_be_sorted_and_names_stand_left(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya", width=390)
    page.goto("/data?view=table&column=voxel+size+x")
    for words, key in (
        ("Size", "-size"),
        ("Name", "name"),
        ("Voxel size x", "parameter"),
        ("Experiment", "experiment"),
    ):
        head = page.locator("thead").get_by_role("link", name=re.compile(f"^{words}"))
        box = head.bounding_box()
        assert box and box["width"] > 20 and box["x"] >= 0 and box["x"] + box["width"] <= 390, words
        head.click()
        page.wait_for_url(re.compile(f"sort={key}"))
        expect(page.locator("th[aria-sort]")).to_contain_text(words)
    name, cell = (page.locator(where).first.bounding_box() for where in ("tbody a", "tbody tr"))
    assert name and cell and name["x"] - cell["x"] < 30
