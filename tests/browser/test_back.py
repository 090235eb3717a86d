"""Back, Forward, reload and a copied tab after pages that poll, search and post: the whole page as it was."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from visits import POLLING, SEEN, WAKE, differences

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OUR_COPY = "Sign in · Gantry demo"


def _go(page: Page, steps: int) -> None:
    """Back or Forward, as its button does: Playwright's own waits for an event that a kept page does not send."""
    before = page.url
    page.evaluate(f"setTimeout(() => history.go({steps}), 0)")
    page.wait_for_function("before => location.href !== before && document.readyState === 'complete'", arg=before)


def _tour(page: Page, what: str) -> list[str]:
    """What is wrong after Back, Forward, reload and in a copied tab."""
    before = page.evaluate(SEEN)
    found = {}
    page.goto("/help")
    _go(page, -1)
    found["Back"] = page.evaluate(SEEN)
    _go(page, 1)
    found["Forward"] = {**before, **({} if page.url.endswith("/help") else {"address": page.url})}
    _go(page, -1)
    page.reload()
    found["reload"] = page.evaluate(SEEN)
    with page.context.expect_page() as opened:
        page.evaluate("window.open(location.href)")
    opened.value.wait_for_load_state()
    found["a copied tab"] = opened.value.evaluate(SEEN)
    opened.value.close()
    return [f"{what}, {how}: {wrong}" for how, after in found.items() if (wrong := differences(before, after))]


def test_the_whole_page_after_back_forward_reload_and_in_a_copied_tab(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page, wrong = browse("maya"), []
    for name in POLLING:
        page.goto(demo.pages[name])
        page.evaluate(WAKE)
        wrong += _tour(page, name)
    assert not wrong, "\n".join(wrong)


def test_back_after_a_search_finds_what_was_searched(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto("/data")
    page.locator("#search").press_sequentially("poppy", delay=20)
    expect(page.locator("#results .card-tile")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/data\?q=poppy$"))
    assert not _tour(page, "search")
    expect(page.locator("#search")).to_have_value("poppy")
    expect(page.locator("#results .card-tile")).to_have_count(1)
    _go(page, -1)  # not letter by letter
    assert "/data" not in page.url


def test_back_after_forms_that_were_sent(demo: Any, browse: Callable[..., Page]) -> None:
    page, wrong = browse("maya"), []
    page.goto(demo.pages["form"])
    page.fill("#f-iterations", "0")
    page.locator("#f-iterations").press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_visible()
    page.goto("/help")
    _go(page, -1)
    expect(page.locator("#f-iterations")).to_have_value("0")
    token = f"Back {uuid.uuid4().hex[:8]}"
    page.goto("/me")
    page.locator('form[action="/me/tokens"] input[name="name"]').fill(token)
    page.locator('form[action="/me/tokens"] button').click()
    expect(page.get_by_text("Your new token")).to_be_visible()
    expect(page).to_have_url(re.compile("/me$"))  # a reload would have made a second token
    wrong += _tour(page, "a new token")
    assert page.get_by_text(token).count() == 1
    page.goto("/device")
    page.locator("main input[name=code]").fill("ABCD-EFGH")
    with page.expect_navigation():
        page.locator("main form button").first.click()
    wrong += _tour(page, "a code that nobody knows")
    page.goto("/help")
    _go(page, -1)
    expect(page.locator("main input[name=code]")).to_be_visible()
    assert not wrong, "\n".join(wrong)


TYPED = {
    "access": {"number": "LS-77", "note": "measured in May"},
    "me": {"name": "beamline script"},
    "device": {"code": "ABCD-EFGH"},
    "form": {"title": "Hearts", "option.iterations": "7"},
}


@pytest.mark.parametrize("name", TYPED)
def test_what_was_typed_and_not_sent_is_there_after_back(
    demo: Any, browse: Callable[..., Page], name: str
) -> None:
    """Without the browser's memory of whole pages: it puts values back, but not where a field forbids it."""
    page = browse("maya")
    page.goto(demo.pages[name])
    for field, text in TYPED[name].items():
        page.locator(f'main form[method=post] [name="{field}"]').first.fill(text)
    page.goto("/help")
    _go(page, -1)
    for field, text in TYPED[name].items():
        expect(page.locator(f'main form[method=post] [name="{field}"]').first).to_have_value(text)


def test_sections_that_were_opened_are_open_after_back_and_reload(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.goto(demo.pages["job-failed"])
    technical = page.locator("details[data-details=technical]")
    expect(technical).not_to_have_attribute("open", "")
    technical.locator("summary").click()
    expect(technical).to_have_attribute("open", "")
    page.goto("/help")
    _go(page, -1)
    expect(technical).to_have_attribute("open", "")
    page.reload()
    expect(technical).to_have_attribute("open", "")
    page.goto(demo.pages["job-failed"])
    expect(technical).not_to_have_attribute("open", "")


@pytest.mark.parametrize("script", (True, False))
def test_after_a_sign_out_back_shows_nothing_of_what_was_there(
    demo: Any, browse: Callable[..., Page], script: bool
) -> None:
    page = browse(None, script=script)
    _sign_in(page, "maya")
    page.goto("/data?q=heart")
    expect(page.locator("#results")).to_contain_text("Zebrafish")
    _sign_out(page)
    page.go_back()
    expect(page).to_have_title(OUR_COPY)
    assert "Zebrafish" not in page.content()


def test_after_a_sign_out_back_shows_nothing_where_the_browser_keeps_pages(demo: Any, keeping: Browser) -> None:
    context = keeping.new_context(base_url=demo.url)
    page = context.new_page()
    page.set_default_timeout(60_000)
    _sign_in(page, "maya")
    page.goto("/jobs")
    page.evaluate("window.addEventListener('pageshow', (event) => { window.kept = event.persisted })")
    page.goto("/help")
    _go(page, -1)
    page.wait_for_function("window.kept !== undefined")
    assert page.evaluate("window.kept"), "this Chromium keeps no pages: the test says nothing"
    page.goto("/help")
    # Somebody else signs in in another tab: the page that is kept is not theirs.
    other = context.new_page()
    other.goto("/help")
    _sign_out(other)
    _sign_in(other, "ravi")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # the tab is looked at again
    page.wait_for_function("document.documentElement.dataset.person === 'ravi'")
    _go(page, -1)
    page.wait_for_function("document.documentElement.dataset.person === 'ravi'")
    context.close()


def _sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in")
    page.locator(f'form:has(input[value="{name}"]) button').click()
    page.wait_for_url("**/")


def _sign_out(page: Page) -> None:
    page.locator("details.menu summary").click()
    page.locator("form[data-sign-out] button").click()
    page.wait_for_url("**/sign-in*")
