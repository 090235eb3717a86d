"""Pictures show something, are cut alike on both sides, and leave no dark hole while they are on their way."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LEAST_GREYS = 32
LEAST_SPREAD = 8.0
# Of a picture's place: how bright its ground is (0 to 255), and what the picture sticks out of it at either end.
GROUNDS = """() => [...document.querySelectorAll('.well')]
  .map(item => Math.max(...getComputedStyle(item).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)))"""
UNEVEN = """() => [...document.querySelectorAll('.well img')].filter(item => item.naturalWidth).filter(item => {
  const inner = item.getBoundingClientRect(), outer = item.parentElement.getBoundingClientRect();
  return Math.abs((inner.top - outer.top) + (inner.bottom - outer.bottom)) > 1;
}).map(item => item.src)"""
ARRIVED = "() => [...document.querySelectorAll('.job-card img, .grid img')].map(item => item.naturalWidth > 0)"


def test_every_picture_of_the_demo_shows_something(demo: Any, browse: Callable[..., Page]) -> None:
    page, dull, seen = browse("maya"), {}, 0
    for address in ("/data?kind=raw", "/data?kind=results"):
        page.goto(address)
        for source in page.locator(".well img").evaluate_all("found => found.map(item => item.src)"):
            image = Image.open(io.BytesIO(page.request.get(source).body())).convert("L")
            counts = image.histogram()
            greys, pixels = sum(count > 0 for count in counts), image.width * image.height
            mean = sum(grey * count for grey, count in enumerate(counts)) / pixels
            spread = (sum((grey - mean) ** 2 * count for grey, count in enumerate(counts)) / pixels) ** 0.5
            seen += 1
            if greys < LEAST_GREYS or spread < LEAST_SPREAD:
                dull[source] = (greys, spread)
    assert seen > 20
    assert not dull


@pytest.mark.parametrize("name", ["home", "data", "jobs", "batch"])
def test_a_picture_that_has_not_come_leaves_no_dark_hole(
    demo: Any, browse: Callable[..., Page], name: str
) -> None:
    page = browse("maya")
    page.route("**/pictures/**", lambda route: route.abort())
    page.goto(demo.pages[name])
    grounds = page.evaluate(GROUNDS)
    assert grounds and min(grounds) > 200


def test_a_card_without_a_picture_shows_a_symbol(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    for address in (demo.pages["home"], demo.pages["batch"]):
        page.goto(address)
        places = page.locator(".well:not(:has(img))")
        assert places.count() > 0
        assert places.count() == page.locator(".well:not(:has(img)) svg").count()


@pytest.mark.parametrize("width", [390, 1440])
def test_pictures_are_cut_alike_at_both_ends(demo: Any, browse: Callable[..., Page], width: int) -> None:
    page, uneven = browse("maya", width=width), {}
    for name in ("home", "data", "batch", "dataset", "dataset-result", "job-done", "job-failed"):
        page.goto(demo.pages[name])
        uneven[name] = page.evaluate(UNEVEN)
    assert not {name: items for name, items in uneven.items() if items}


def test_on_the_home_page_jobs_and_results_come_with_their_pictures(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto("/")
    assert page.locator("#home-jobs img[loading=lazy]").count() == 0
    assert page.locator("section:has(#results-title) img[loading=lazy]").count() == 0
    assert any(page.evaluate(ARRIVED))
