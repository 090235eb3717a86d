"""Everything can be reached and done with the keyboard."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const item = document.activeElement;
  const shown = item.closest('.card-tile, .choices label') ?? item;
  const seen = [item, shown].some(one => getComputedStyle(one).outlineStyle !== 'none');
  return {name: item.textContent.trim() || item.getAttribute('aria-label') || item.id, seen, tag: item.tagName};
}"""


def test_the_first_tab_offers_to_skip_to_the_content(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_every_stop_of_the_tab_key_is_visible(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto(demo.pages["form"])
    stops = []
    for _ in range(25):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))
    stops = [stop for stop in stops if stop["tag"] != "BODY"]  # behind the last one comes the browser
    assert all(stop["seen"] for stop in stops), [stop for stop in stops if not stop["seen"]]
    assert len({stop["name"] for stop in stops}) > 15


@pytest.mark.parametrize("key", ["/", "Control+k"])
def test_a_key_opens_the_search_over_everything_and_types_there(
    demo: Any, browse: Callable[..., Page], key: str
) -> None:
    page = browse("maya")
    page.goto("/jobs")
    page.keyboard.press(key)
    field = page.get_by_role("combobox", name="Search everything")
    expect(field).to_be_focused()
    page.keyboard.type("a/b")
    expect(field).to_have_value("a/b")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.locator("[data-search-main]").focus()
    page.keyboard.type("c/d")
    expect(page.locator("[data-search-main]")).to_have_value("c/d")
    expect(field).to_be_hidden()


def test_the_account_menu_opens_and_closes_with_keys(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/")
    page.locator("details.menu summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.menu .panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("details.menu .panel")).to_be_hidden()
    expect(page.locator("details.menu summary")).to_be_focused()


def test_after_a_refused_form_the_summary_has_the_focus_and_leads_to_the_field(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto(demo.pages["form"])
    page.fill("#f-iterations", "0")
    page.locator("#f-iterations").press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#f-iterations")).to_be_focused()
    expect(page.locator("#f-iterations")).to_have_value("0")
