"""gunicorn itself goes away while a page is open: ended and started again, or stopped so that requests time out.

A second web server over the same portal, so that other tests keep theirs; tests/cluster/test_restarts.py does it
behind nginx.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from live_parts import ask_now
from playwright.sync_api import Page, expect

from portal.demo.processes import Portal, free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BANNER = "[data-connection]"
NAME = "Kept while the portal was away"


@pytest.fixture
def second(demo: Any) -> Iterator[Portal]:
    """Another web server of the demo's, which a test may end."""
    settings = demo.settings
    web = settings.web.model_copy(update={"port": free_port(0)})
    made = replace(demo.portal, settings=settings.model_copy(update={"web": web}), web=None, daemon=None)
    made.start_web()
    yield made
    if made.web is not None and made.web.poll() is None:
        os.killpg(made.web.pid, signal.SIGCONT)
    made.stop_web()


def _form(second: Portal, demo: Any, browse: Callable[..., Page]) -> Page:
    page = browse("maya")
    page.goto(second.url + demo.pages["form"])
    page.get_by_label("Name of the result").fill(NAME)
    return page


def _recovers(page: Page) -> None:
    ask_now(page, 1)
    expect(page.locator(BANNER)).to_be_hidden()
    expect(page.locator(".toast-area")).to_contain_text("Connected again")
    expect(page.get_by_label("Name of the result")).to_have_value(NAME)


def test_a_web_server_that_ends_and_comes_back(second: Portal, demo: Any, browse: Callable[..., Page]) -> None:
    page = _form(second, demo, browse)
    second.stop_web()
    ask_now(page, 3)
    expect(page.locator(BANNER)).to_contain_text(re.compile(r"has not answered since \d\d:\d\d:"))
    second.start_web()
    _recovers(page)


def test_a_web_server_that_says_nothing_is_given_up_after_20_seconds(
    second: Portal, demo: Any, browse: Callable[..., Page]
) -> None:
    page = _form(second, demo, browse)
    assert second.web is not None
    os.killpg(second.web.pid, signal.SIGSTOP)
    ask_now(page, 3)
    expect(page.locator(BANNER)).to_contain_text(re.compile(r"has not answered since \d\d:\d\d:"))
    os.killpg(second.web.pid, signal.SIGCONT)
    _recovers(page)
