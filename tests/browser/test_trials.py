"""Trying several values, by hand: the form, the sheet that fills, the keyboard, and the way back."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

SHEET = "[data-sheet] img"
ASK = "/analyses/tomo-slice/start?dataset="


def test_from_a_value_that_is_not_known_to_one_that_is_used(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data?type=tomography+scan")
    page.locator("h3 a").filter(has_text="Molar, 181 projections").first.click()
    dataset = page.url.rpartition("/")[2]
    page.goto(f"{ASK}{dataset}")
    page.locator("#f-row_count").fill("3")
    page.get_by_role("button", name="Try several values").click()
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_label("Hann")).to_be_checked()
    page.get_by_label("Shepp-Logan").uncheck()
    expect(page.locator("#beside")).to_contain_text("2 values")
    page.get_by_role("button", name="Try them").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Filter: 2 values tried on")
    expect(page.get_by_role("status").filter(has_text="All 2 have ended")).to_be_visible(timeout=300_000)
    expect(page.get_by_text("All pictures at one grey scale: black is")).to_be_visible()
    pictures = page.locator(SHEET)
    expect(pictures).to_have_count(2)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
    page.wait_for_function(
        "all => [...document.querySelectorAll(all)].every(one => one.naturalWidth > 100)", arg=SHEET
    )
    page.locator("[data-choice]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/use/1$"))
    expect(page.locator("#f-filter")).to_have_value("hann")
    expect(page.locator("#f-row_count")).to_have_value("3")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Filter: 2 values tried on")
