"""A portal that is silent, a device that is offline: the page says so and since when, and recovers by itself."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from live_parts import ask_now
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BANNER = "[data-connection]"
PARTS = re.compile(r"/part/")


@pytest.mark.parametrize("status", (None, 500, 502, 503))
def test_after_three_silent_polls_the_page_says_so_and_recovers(
    demo: Any, browse: Callable[..., Page], status: int | None
) -> None:
    page = browse("maya")
    page.goto(demo.pages["job-done"])

    def away(route: Route) -> None:
        route.abort() if status is None else route.fulfill(status=status, body="<html>502</html>")

    page.route(PARTS, away)
    ask_now(page, 2)
    expect(page.locator(BANNER)).to_be_hidden()
    ask_now(page)
    expect(page.locator(BANNER)).to_be_visible()
    expect(page.locator(BANNER)).to_contain_text(re.compile(r"has not answered since \d\d:\d\d:"))
    expect(page.locator(BANNER)).to_contain_text("Jobs on the cluster go on")
    assert page.locator("h1").is_visible() and "502" not in (page.locator("#bell").text_content() or "")
    page.unroute(PARTS)
    ask_now(page)
    expect(page.locator(BANNER)).to_be_hidden()
    expect(page.locator(".toast-area")).to_contain_text("Connected again")


def test_offline_is_said_at_once_and_online_is_noticed(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/jobs")
    page.context.set_offline(True)
    expect(page.locator(BANNER)).to_contain_text(re.compile(r"Offline since \d\d:\d\d:"))
    page.context.set_offline(False)
    expect(page.locator(BANNER)).to_be_hidden()


def test_a_search_that_gets_no_answer_says_so_and_is_asked_again(demo: Any, browse: Callable[..., Page]) -> None:
    """The list is of the search before: it must not stand beneath the new words as if it were its answer."""
    page = browse("maya")
    page.goto("/data")
    page.route(PARTS, lambda route: route.abort())
    page.locator("#search").fill("poppy")
    expect(page.locator(BANNER)).to_contain_text("has not answered")
    page.unroute(PARTS)
    ask_now(page)
    expect(page.locator("#results .card-tile")).to_have_count(1)
    expect(page.locator(BANNER)).to_be_hidden()


def test_what_was_asked_without_a_network_is_asked_once_it_is_back(demo: Any, browse: Callable[..., Page]) -> None:
    """The page had said that it is up to date, over the answer to the search before."""
    page = browse("maya")
    page.goto("/data")
    page.context.set_offline(True)
    with page.expect_event("requestfailed", lambda request: "/part/results" in request.url):
        page.locator("#search").fill("poppy")
    page.context.set_offline(False)
    expect(page.locator("#results .card-tile")).to_have_count(1)
    page.goto(demo.pages["form"])
    page.context.set_offline(True)
    page.fill("#f-sigma_xy", "300 nm")
    with page.expect_event("requestfailed", lambda request: "/part/beside" in request.url):
        page.locator("#f-sigma_xy").blur()
    page.context.set_offline(False)
    expect(page.locator("#f-sigma_xy-told")).to_have_text("300 nm = 0.3 µm")


def test_a_sign_in_that_ended_keeps_what_was_typed_and_goes_on_after_the_next(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse(None)
    _sign_in(page)
    page.goto(demo.pages["form"])
    page.get_by_label("Name of the result").fill("Kept while away")
    page.context.clear_cookies()
    ask_now(page)
    expect(page.locator("[data-sign-in-ended]")).to_contain_text(
        "Your sign-in has ended. What you typed stands here"
    )
    expect(page.get_by_label("Name of the result")).to_have_value("Kept while away")
    other = page.context.new_page()
    _sign_in(other)
    other.close()
    ask_now(page)
    expect(page.locator("[data-sign-in-ended]")).to_have_count(0)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/J-*")
    expect(page.locator("h1")).to_have_text("Kept while away")


def test_a_sign_in_that_ended_where_nothing_was_typed_asks_for_the_next(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse(None)
    _sign_in(page)
    page.goto("/jobs?whose=all")
    page.context.clear_cookies()
    page.locator("#bell").dispatch_event("wake")
    page.wait_for_url("**/sign-in?next=/jobs*")
    page.locator('form:has(input[value="maya"]) button').click()
    page.wait_for_url("**/jobs?whose=all")


def test_the_focus_ticks_and_sections_of_a_live_part_outlive_its_updates(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto("/notices")
    page.evaluate(
        """() => {
          const box = document.createElement('details');
          box.innerHTML = '<summary>More</summary><input id="t" value="a"><input type="checkbox" id="c">';
          document.querySelector('#bell').append(box);
          box.open = true;
          document.querySelector('#t').value = 'typed';
          document.querySelector('#c').checked = true;
        }"""
    )
    fresh = (
        '<span id="bell" data-live hx-get="/notices/part/bell" hx-trigger="wake" hx-swap="morph" hx-ext="morph">'
        '<a class="tool bell" href="/notices">!</a><details><summary>More</summary><input id="t" value="b">'
        '<input type="checkbox" id="c"></details></span>'
    )
    page.route(re.compile("/part/bell"), lambda route: route.fulfill(body=fresh))
    page.locator("#t").focus()
    ask_now(page)
    expect(page.locator("#bell a")).to_have_text("!")
    assert page.evaluate("[document.querySelector('#bell details').open, t.value, c.checked]") == [
        True,
        "typed",
        True,
    ]
    expect(page.locator("#t")).to_be_focused()
    page.unroute(re.compile("/part/bell"))
    ask_now(page)
    expect(page.locator("#t")).to_have_count(0)
    expect(page.locator("#bell")).to_be_focused()


def test_the_search_over_everything_takes_nothing_away_that_was_typed(
    demo: Any, browse: Callable[..., Page]
) -> None:
    """Where the sign-in has ended it loaded the page again; without a network Enter left it."""
    page = browse(None)
    _sign_in(page)
    page.goto("/access")
    page.fill("#note", "measured in May")
    dialog = page.get_by_role("dialog", name="Search everything")
    page.context.set_offline(True)
    page.keyboard.press("Control+k")
    page.keyboard.type("zebra")
    expect(dialog.get_by_role("status")).to_contain_text("You are offline.")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text("You are offline.")
    assert page.url.endswith("/access")
    page.context.set_offline(False)
    expect(dialog.get_by_role("option").first).to_be_visible()
    page.context.clear_cookies()
    page.keyboard.type("fish")
    expect(page.locator("[data-sign-in-ended]")).to_contain_text("What you typed stands here")
    expect(page.locator("#note")).to_have_value("measured in May")
    expect(dialog).to_be_hidden()


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.locator('form:has(input[value="maya"]) button').click()
    page.wait_for_url("**/")
