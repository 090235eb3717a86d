"""Nothing sticks out sideways, on a phone, a tablet and a desk; targets are large enough to hit."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from portal.catalogue.models import Dataset, Investigation
from portal.jobs.models import Job, Submission

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
TOO_SMALL = """() => [...document.querySelectorAll(
    'button, summary, .nav a, .btn, .tool, select, input:not([type=hidden])')]
  .filter(item => item.checkVisibility() && !item.closest('.visually-hidden, .tick, .choices, .pick'))
  .filter(item => item.getBoundingClientRect().height < 31.5)
  .map(item => item.outerHTML.slice(0, 120))"""


TOUCHING = """item => [...item.querySelectorAll('dd')]
  .filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"""
LONG = "2026-11-20_zebrafish_heart_GFP_48hpf_stack003_channel2_position17_deconvolved_final_version2"


@pytest.fixture
def long_names(demo: Any) -> Iterator[None]:
    """Every dataset, experiment, job and batch has a long name without a space, until the test is over."""
    named = ((Dataset, "name"), (Investigation, "title"), (Job, "title"), (Submission, "title"))

    def rename(names: dict[Any, str]) -> dict[Any, str]:
        before: dict[Any, str] = {}
        with demo.database.write() as session:
            for kind, field in named:
                for row in session.scalars(select(kind)):
                    before[kind, row.id] = getattr(row, field)
                    setattr(row, field, names.get((kind, row.id), f"{LONG}_{row.id}"))
        return before

    before = rename({})
    yield
    rename(before)


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_its_window(demo: Any, browse: Callable[..., Page], width: int, scheme: str) -> None:
    page, wide = browse("maya", width=width, scheme=scheme), {}
    for name, address in demo.pages.items():
        page.goto(address)
        page.evaluate("document.querySelectorAll('main details').forEach(item => { item.open = true; })")
        wide[name] = page.evaluate(TOO_WIDE)
    staff = browse("sam", width=width, scheme=scheme)
    staff.goto("/facility")
    wide["facility"] = staff.evaluate(TOO_WIDE)
    assert not {name: pixels for name, pixels in wide.items() if pixels > 0}


@pytest.mark.parametrize("width", [390, 1440])
def test_names_as_long_as_instruments_write_them_break(
    demo: Any, browse: Callable[..., Page], long_names: None, width: int
) -> None:
    page, wide = browse("maya", width=width), {}
    for name, address in demo.pages.items():
        page.goto(address)
        page.evaluate("document.querySelectorAll('main details').forEach(item => { item.open = true; })")
        wide[name] = page.evaluate(TOO_WIDE)
    assert not {name: pixels for name, pixels in wide.items() if pixels > 0}


def test_targets_are_at_least_32_pixels_high(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya", width=360)
    small = {}
    for name, address in demo.pages.items():
        page.goto(address)
        small[name] = page.evaluate(TOO_SMALL)
    assert not {name: items for name, items in small.items() if items}


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_figures_stay_in_their_columns(demo: Any, browse: Callable[..., Page], width: int) -> None:
    page = browse("sam", width=width)
    page.goto("/facility")
    # The longest words that stand there: a state of the scheduler's, beside the number of waiting jobs.
    page.locator(".figures .state").nth(1).evaluate("item => { item.lastChild.textContent = 'Does not answer'; }")
    assert page.locator(".figures").first.evaluate(TOUCHING) == []


def test_what_a_button_says_fits_on_one_line_on_a_phone(demo: Any, browse: Callable[..., Page]) -> None:
    page, broken = browse("maya", width=390), {}
    for name, address in demo.pages.items():
        page.goto(address)
        broken[name] = page.locator("main .btn:visible").evaluate_all(
            "items => items.filter(item => item.getBoundingClientRect().height > 48).map(item => item.innerText)"
        )
    assert not {name: words for name, words in broken.items() if words}


def test_on_a_phone_the_navigation_is_at_the_bottom_and_covers_nothing(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya", width=390, height=844)
    page.goto("/help")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    navigation = page.locator(".main-nav").bounding_box()
    footer = page.locator(".footer a").last.bounding_box()
    assert navigation and footer
    assert navigation["y"] + navigation["height"] == pytest.approx(844, abs=1)
    assert footer["y"] + footer["height"] <= navigation["y"]
