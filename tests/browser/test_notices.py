"""The bell rings for what the daemon saw; it is read and silenced by the keyboard, with and without a script."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NEW = re.compile(r"(\d+) new")


def _new(page: Page) -> int:
    found = NEW.search(page.locator("#bell").inner_text())
    return int(found.group(1)) if found else 0


@pytest.mark.parametrize("script", [True, False])
def test_notices_of_the_first_jobs_are_read_by_keyboard(
    demo: Any, browse: Callable[..., Page], script: bool
) -> None:
    page = browse("maya", script=script, width=390)
    page.goto("/help")
    bell = page.locator("#bell a")
    expect(bell).to_be_in_viewport()
    bell.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/notices")
    expect(page.locator("#notices-live")).to_contain_text("has ended")
    before = _new(page)
    assert before == page.locator(".notices .is-new").count() > 0
    page.get_by_role("button", name=re.compile("^Mark as read")).first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notices .is-new")).to_have_count(before - 1)
    assert _new(page) == before - 1
    page.locator(".notices a").first.click()
    page.wait_for_url(re.compile("/(jobs|batches)/"))


def test_the_bell_learns_of_news_by_itself(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/notices")
    page.evaluate("document.querySelector('#bell a').insertAdjacentHTML('beforeend', '<b>stale</b>')")
    page.evaluate("document.querySelector('#bell').dispatchEvent(new Event('wake'))")
    expect(page.locator("#bell b")).to_have_count(0)
