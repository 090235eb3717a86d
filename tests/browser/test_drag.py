"""Items of the editor's lists drawn to another place, with mouse and finger."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hands import go, new_draft, text_of
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from portal.drafts.models import Draft

pytestmark = pytest.mark.browser

COMMAND = "run --one=1 --two=2 --three=3"


def with_options(page: Page, title: str) -> None:
    """A draft of three options, in the step Options."""
    new_draft(page, title, COMMAND)
    for value in ("--one=1", "--two=2", "--three=3"):
        chip = page.locator(".draft-chip", has_text=value)
        chip.locator("summary").click()
        with page.expect_navigation():
            chip.get_by_role("button", name="An option").click()
    go(page, page.url.partition("/command")[0] + "/options")


def order(demo: Any, title: str) -> list[str]:
    return re.findall(r"- name: (\w+)", text_of(demo, title))


def handle(page: Page, number: int) -> Locator:
    return page.locator("#draft .draft-item[data-place^='options.'] .drag-handle").nth(number)


def draw(page: Page, number: int, to: int) -> None:
    """Press and move, as a hand does: above or below the middle of the item at the other place."""
    handle(page, number).scroll_into_view_if_needed()
    box = handle(page, number).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    goal = page.locator(f"#options-{to}").bounding_box()  # only the headings stand there now
    assert goal is not None
    page.mouse.move(box["x"] + 8, box["y"] + 12, steps=3)
    page.mouse.move(box["x"] + 8, goal["y"] + (4 if to < number else goal["height"] - 4), steps=8)


def test_an_option_is_drawn_to_another_place_as_one_change(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    with_options(page, "Drawn")
    assert order(demo, "Drawn") == ["one", "two", "three"]
    page.locator("#options-1").get_by_label("Name on the form", exact=True).fill("Typed before")
    draw(page, 2, 0)
    expect(page.locator("#options-0")).to_have_class(re.compile("drop-before"))
    with page.expect_navigation():
        page.mouse.up()
    expect(page.locator("#options-0 > summary")).to_contain_text("Three")
    assert order(demo, "Drawn") == ["three", "one", "two"]
    assert "label: Typed before" in text_of(demo, "Drawn")  # what was typed went along
    draw(page, 0, 2)
    with page.expect_navigation():
        page.mouse.up()
    assert order(demo, "Drawn") == ["one", "two", "three"]
    with page.expect_navigation():
        page.get_by_role("button", name="Undo the last change").click()
    assert order(demo, "Drawn") == ["three", "one", "two"]


@pytest.mark.parametrize("script", [True, False])
def test_the_focus_stays_on_the_button_that_moves_an_item(
    demo: Any, browse: Callable[..., Page], script: bool
) -> None:
    title = f"Moved by keys {script}"
    with_options(browse("sam"), title)
    with demo.database.read() as session:
        number = session.scalars(select(Draft.id).where(Draft.name == title)).one()
    page = browse("sam", script=script)
    go(page, f"/analyses/drafts/{number}/options")
    page.locator("#options-2-up").focus()
    for place, button in (("1", "Up"), ("0", "Down"), ("1", "Down"), ("2", "Up"), ("1", "Up")):
        with page.expect_navigation():
            page.keyboard.press("Enter")
        held = page.locator(":focus")
        expect(held).to_have_attribute("id", f"options-{place}-{button.lower()}")
        expect(held).to_have_text(re.compile(rf"{button}\s*: Three"))
        expect(held).to_be_in_viewport()
    assert order(demo, title) == ["one", "three", "two"]


def test_what_is_wrong_with_a_field_is_marked_as_long_as_it_is(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    with_options(page, "Marked")
    least = page.locator("#s-options-1-min")
    look = page.locator("#options-1-look")
    expect(look).to_be_hidden()
    for typed, wrong in (("a few", True), ("1", False), ("many", True)):
        least.fill(typed)
        least.press("Tab")
        expect(look).to_be_visible() if wrong else expect(look).to_be_hidden()
        if wrong:
            expect(least).to_have_attribute("aria-invalid", "true")
            expect(page.locator("#s-options-1-min-wrong")).to_be_visible()
        else:
            expect(least).not_to_have_attribute("aria-invalid", "true")
            expect(page.locator("#s-options-1-min-wrong")).to_be_hidden()
        expect(page.locator("#s-options-1-max")).not_to_have_attribute("aria-invalid", "true")


def test_drawing_it_back_or_escape_changes_nothing(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    with_options(page, "Not drawn")
    address, held = page.url, text_of(demo, "Not drawn")
    draw(page, 2, 0)
    page.keyboard.press("Escape")
    expect(page.locator(".drop-before, .dragged")).to_have_count(0)
    page.mouse.up()
    draw(page, 0, 1)
    box = handle(page, 0).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 8, box["y"] + 8, steps=4)
    page.mouse.up()
    # A press on the handle opens nothing.
    opened = page.locator("#options-0").evaluate("item => item.open")
    handle(page, 0).click()
    assert page.locator("#options-0").evaluate("item => item.open") == opened
    assert (page.url, text_of(demo, "Not drawn")) == (address, held)


def test_a_finger_draws_it_too_and_the_page_stays(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    page.set_viewport_size({"width": 390, "height": 844})
    with_options(page, "By finger")
    handle(page, 0).scroll_into_view_if_needed()
    box = handle(page, 0).bounding_box()
    assert box is not None
    touch = page.context.new_cdp_session(page)
    x, y = box["x"] + 10, box["y"] + 10
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    goal = page.locator("#options-1").bounding_box()
    assert goal is not None
    scrolled = page.evaluate("window.scrollY")
    for part in range(1, 9):
        at = y + (goal["y"] + goal["height"] - 3 - y) * part / 8
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": at}]})
    assert page.evaluate("window.scrollY") == scrolled
    with page.expect_navigation():
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert order(demo, "By finger") == ["two", "one", "three"]


def test_the_keyboard_has_up_and_down(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    with_options(page, "By keys")
    item = page.locator("#options-2")
    item.locator("> summary").focus()
    if not item.evaluate("item => item.open"):
        page.keyboard.press("Enter")
    item.get_by_role("button", name="Up").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert order(demo, "By keys") == ["one", "three", "two"]
