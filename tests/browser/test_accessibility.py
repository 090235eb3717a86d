"""axe-core finds nothing serious on any page, in both colour schemes."""

from collections.abc import Callable
from typing import Any

import pytest
from axe import AXE, violations
from playwright.sync_api import Page

# What stands in the middle of the note, and at its lower edge, is the note: nothing lies over it.
SEEN = """() => { const note = document.querySelector('[data-send-note]'), box = note.getBoundingClientRect();
  const seen = y => note.contains(document.elementFromPoint(box.x + 5, y));
  return seen(box.y + box.height / 2) && seen(box.bottom - 2); }"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in portal/web/frontend"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_obstacle(demo: Any, browse: Callable[..., Page], scheme: str) -> None:
    found: dict[str, list[str]] = {}
    page = browse("maya", scheme=scheme)
    for name, address in demo.pages.items():
        page.goto(address)
        found[name] = violations(page)
    staff, visitor = browse("sam", scheme=scheme), browse(None, scheme=scheme)
    staff.goto("/facility")
    visitor.goto("/sign-in")
    found |= {"facility": violations(staff), "sign-in": violations(visitor)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def test_with_everything_unfolded_and_errors_shown_there_is_no_serious_obstacle(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    for name in ("form", "dataset-result", "job-done", "job-failed"):
        page.goto(demo.pages[name])
        page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")
        assert not violations(page), name
    page.goto(demo.pages["form"])
    page.fill("#f-iterations", "many")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector("[data-error-summary]")
    assert not violations(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_said_of_a_lost_connection_is_no_obstacle(
    demo: Any, browse: Callable[..., Page], scheme: str
) -> None:
    for width in (390, 1280):
        page = browse("maya", scheme=scheme, width=width, height=700)
        page.goto("/access")
        page.fill("#number", "LS-1")
        page.context.set_offline(True)
        page.get_by_role("button", name="Ask", exact=True).click()
        page.wait_for_selector("[data-send-note]")
        page.wait_for_selector("[data-connection] [data-when=offline]")
        page.wait_for_function(SEEN)
        assert not violations(page)
        wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1]
        page.context.close()


def test_the_search_over_everything_is_no_obstacle_while_it_is_open(
    demo: Any, browse: Callable[..., Page]
) -> None:
    for scheme in ("light", "dark"):
        page = browse("maya", scheme=scheme)
        page.goto("/jobs")
        page.keyboard.press("Control+k")
        assert not violations(page)
        page.keyboard.type("zebrafsh")
        page.wait_for_selector("[role=option][aria-selected=true]")
        assert not violations(page)
