"""The essential path works in a browser that runs no script."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_the_sign_in_to_a_downloaded_result_without_a_script(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse(None, script=False)
    page.goto("/data")
    page.get_by_role("button", name="Maya Lind").click()
    page.get_by_role("main").get_by_role("searchbox").fill("heart, mCherry")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="Zebrafish heart, mCherry", exact=True).last.click()  # its results name it, too
    every = page.get_by_role("link", name=re.compile("analyses that fit$"))
    if every.count():  # three stand on the page, whatever else is published by then
        every.click()
    page.get_by_role("link", name=re.compile("^Quality check")).click()  # and not a result that is named after one
    page.get_by_role("textbox", name="Name of the result").fill("Mine, without a script")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine, without a script")
    # The page reloads itself every ten seconds until the job has ended.
    page.get_by_role("link", name="Open the result").click(timeout=120_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine, without a script")
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download").first.click()
    assert waited.value.path().stat().st_size > 0


def test_several_datasets_are_ticked_and_analysed_without_a_script(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya", script=False)
    page.goto("/data?q=HL60")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 datasets")


def test_the_menu_and_more_settings_unfold_without_a_script(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya", script=False)
    page.goto(demo.pages["form"])
    page.get_by_text("More settings").click()
    expect(page.get_by_label("Beyond the edge")).to_be_visible()
    page.locator("details.menu summary").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.locator("[data-theme-toggle]")).to_be_hidden()
