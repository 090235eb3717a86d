"""Input and result in one viewer: keys, one view of both, contrast that changes pixels, fingers, no script."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWER = "[data-compare-on]"
STATE = """one => {
  const [a, b] = [...one.querySelectorAll('canvas')];
  const box = canvas => { const r = canvas.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; };
  const sum = canvas => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let total = 0; for (let i = 0; i < d.length; i += 4) total += d[i]; return total / (d.length / 4); };
  const pane = one.querySelectorAll('.compare-pane')[1];
  return { a: box(a), b: box(b), light: [sum(a), sum(b)], clip: pane.style.clipPath, mode: one.dataset.mode,
    zoom: Number(one.dataset.zoom), says: one.querySelector('.compare-says').textContent,
    bar: one.querySelector('.compare-bar').hidden ? '' : one.querySelector('.compare-bar').textContent };
}"""


def opened(page: Page, address: str) -> Callable[[], dict[str, Any]]:
    """The page with both pictures drawn; what it gives tells how the viewer stands."""
    page.goto(address)
    viewer = page.locator(VIEWER).first
    viewer.scroll_into_view_if_needed()
    page.wait_for_function("where => document.querySelector(where).dataset.drawn === '2'", arg=VIEWER)
    return lambda: dict(viewer.evaluate(STATE))


def test_the_slider_is_moved_by_keys_and_tells_what_it_shows(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    state = opened(page, demo.pages["job-done"])
    assert "50%" in state()["clip"]
    slider = page.get_by_role("slider", name="Where the input ends and the result begins")
    slider.focus()
    for _ in range(100):
        page.keyboard.press("ArrowRight")
    assert "60%" in state()["clip"]
    expect(slider).to_have_attribute("aria-valuetext", "60 % input")
    page.keyboard.press("Home")
    assert "inset(0px)" in state()["clip"] or "0%" in state()["clip"]


def test_both_pictures_have_one_view(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    state = opened(page, demo.pages["job-done"])
    before = state()
    assert before["a"] == pytest.approx(before["b"], abs=0.5)  # they span the same, and lie on each other
    assert re.search(r"\d (nm|µm|mm)$", before["bar"])
    page.locator(".compare-stage").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    near = state()
    assert near["zoom"] == 2.25 and near["a"][2] == pytest.approx(2.25 * before["a"][2], rel=0.01)
    assert near["a"] == pytest.approx(near["b"], abs=0.5)
    page.keyboard.press("s")
    beside = state()
    assert beside["mode"] == "side" and beside["a"][2:] == pytest.approx(beside["b"][2:], abs=0.5)
    left, right = (page.locator(".compare-pane").nth(n).bounding_box() for n in (0, 1))
    assert left and right
    assert beside["a"][0] - left["x"] == pytest.approx(beside["b"][0] - right["x"], abs=3)
    page.keyboard.press("0")
    assert state()["zoom"] == 1


def test_contrast_by_hand_changes_the_pixels_of_both(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    state = opened(page, demo.pages["job-done"])
    before = state()
    assert re.match(r"One grey scale: black is \S+, white \S+\.", before["says"])
    page.locator(".compare-contrast summary").click()
    white = page.get_by_role("slider", name="White")
    white.focus()
    for _ in range(40):
        page.keyboard.press("PageDown")
    brighter = state()
    assert all(new > old * 1.1 for new, old in zip(brighter["light"], before["light"], strict=True))
    assert brighter["says"] != before["says"]
    page.get_by_role("button", name="Reset contrast").click()
    assert state()["light"] == pytest.approx(before["light"]) and state()["says"] == before["says"]
    page.get_by_label("One grey scale for both").uncheck()
    own = state()
    assert own["says"].startswith("Each picture has a grey scale of its own.") and own["light"] != before["light"]


def test_arrow_keys_step_and_what_is_not_known_is_said(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    state = opened(page, demo.pages["job-done"])
    page.locator(".compare-stage").focus()
    expect(page.locator(".compare-place")).to_have_text("1 of 5")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".compare-place")).to_have_text("5 of 5")
    expect(page.locator("[data-side='result'] [data-caption-words]")).to_contain_text("after each iteration")
    curve = state()
    assert "not known" in curve["says"] and "No scale bar" in curve["says"] and curve["bar"] == ""
    expect(page.get_by_label("One grey scale for both")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    assert state()["says"].startswith(("One grey scale", "Each picture has a grey scale of its own."))


def test_fingers_move_the_slider_and_pinch(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya", width=390, touch=True)
    state = opened(page, demo.pages["job-done"])
    box = page.locator(".compare-stage").bounding_box()
    assert box
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": n}
            for n, (x, y) in enumerate(places)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (0.5, 0.5))
    for step in range(1, 9):
        fingers("touchMove", (0.5 + step * 0.03, 0.5))
    fingers("touchEnd")
    assert "50%" not in state()["clip"]
    fingers("touchStart", (0.45, 0.5), (0.55, 0.5))
    for step in range(1, 9):
        fingers("touchMove", (0.45 - step * 0.03, 0.5), (0.55 + step * 0.03, 0.5))
    fingers("touchEnd")
    assert state()["zoom"] > 1.5
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1]


def test_without_a_script_there_are_two_pictures(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya", script=False)
    page.goto(demo.pages["job-done"])
    expect(page.locator(".compare-side img")).to_have_count(2)
    for picture in page.locator(".compare-side img").all():
        expect(picture).to_be_visible()
    expect(page.locator(".compare-stage")).to_have_count(0)
    assert page.locator("[data-shots='result'] a").count() == 5


def test_who_wants_no_motion_sees_each_change_at_once(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("maya")
    page.emulate_media(reduced_motion="reduce")
    page.goto(demo.pages["job-done"])
    width = page.evaluate(
        """() => {
          const one = document.body.appendChild(document.createElement('div'));
          one.style.width = '10px';
          one.getBoundingClientRect();
          one.style.width = '50px';
          return one.getBoundingClientRect().width;
        }"""
    )
    assert width == 50


def test_arrow_keys_reach_the_one_viewer_and_back_shows_what_was_looked_at(
    demo: Any, browse: Callable[..., Page]
) -> None:
    page = browse("maya")
    page.goto(demo.pages["job-done"])
    place = page.locator(".compare-place")
    expect(place).to_have_text(re.compile("^1 of"))
    page.keyboard.press("ArrowRight")
    expect(place).to_have_text(re.compile("^2 of"))
    page.get_by_role("button", name="Side by side").click()
    page.goto("/help")
    page.go_back()
    expect(place).to_have_text(re.compile("^2 of"))
    expect(page.locator("[data-compare]")).to_have_attribute("data-mode", "side")
    page.goto(demo.pages["job-done"])
    expect(place).to_have_text(re.compile("^1 of"))


def test_a_picture_that_does_not_come_is_said_and_the_one_before_goes(
    demo: Any, browse: Callable[..., Page]
) -> None:
    """It had stayed under the name of the next."""
    page = browse("maya")
    page.route("**/pictures/**", lambda route: route.abort())
    page.goto(demo.pages["job-done"])
    expect(page.locator(".compare-says")).to_contain_text(
        "The picture of the input and that of the result does not come"
    )
    page.unroute("**/pictures/**")
    page.reload()
    expect(page.locator("[data-compare]")).to_have_attribute("data-drawn", "2")
    canvas = page.locator(".compare-pane canvas").nth(1)
    painted = "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some((of) => of)"
    assert canvas.evaluate(painted)
    # The address of a picture that is gone, before the viewer has looked at it.
    gone = "document.querySelectorAll('[data-shots=result] [data-shot]')[1].href = '/datasets/999999/pictures/1'"
    page.add_init_script(f"document.addEventListener('readystatechange', () => {{ {gone} }}, {{ once: true }})")
    page.reload()
    expect(page.locator("[data-compare]")).to_have_attribute("data-drawn", "2")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".compare-says")).to_contain_text("The picture of the result does not come.")
    assert not canvas.evaluate(painted)
