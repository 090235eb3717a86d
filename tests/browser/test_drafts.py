"""Registering an analysis in the browser, from an empty draft to a sound document, as one of the staff does it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe import AXE, violations
from hands import go, new_draft, saved, text_of, until
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal.drafts.models import Draft

pytestmark = pytest.mark.browser

COMMAND = "convert in.tif -resize 50% -blur 0x3 out.tif"
STEPS = ("purpose", "data", "command", "options", "resources", "try", "publish", "yaml")


def test_a_draft_is_tried_on_a_dataset_and_published(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    new_draft(page, "Copy of a stack", "cp in.tif out.tif")
    base = page.url.partition("/command")[0]
    for word, meant in (("in.tif", "A file of the dataset"), ("out.tif", "A file that it writes")):
        chip = page.locator(".draft-chip", has_text=word)
        chip.locator("summary").click()
        with page.expect_navigation():
            chip.get_by_role("button", name=meant).click()
    go(page, f"{base}/purpose")
    page.get_by_label("In one sentence", exact=True).fill("Copies a stack.")
    page.get_by_label("Heading on the Analyses page", exact=True).fill("Copies")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    go(page, f"{base}/publish")
    expect(page.locator("#draft-stage")).to_contain_text("Not tried yet")
    go(page, f"{base}/try")
    with page.expect_navigation():
        page.get_by_role("button", name="Ask to try it").click()
    expect(page.get_by_role("button", name="Try it", exact=True)).to_be_visible(timeout=30_000)
    with page.expect_navigation():
        page.get_by_role("button", name="Try it", exact=True).click()
    # What comes of it stands there without a reload: what it left, what it used, its log.
    expect(page.locator("#draft-trying")).to_contain_text("found, 1 file", timeout=60_000)
    expect(page.locator("#draft-stage")).to_contain_text("Tried")
    expect(page.locator("#draft-trying")).to_contain_text(re.compile("It used|not measured"))
    go(page, f"{base}/publish")
    expect(page.locator("#draft-stage")).to_contain_text("Tried")
    page.get_by_label("What changed, in a sentence").fill("It is new.")
    page.get_by_label("Everyone").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Ask to publish it").click()
    until(page, page.locator("#draft-stage", has_text="Published"))
    go(page, "/analyses")
    expect(page.get_by_role("link", name="Copy of a stack").first).to_be_visible()


def test_it_is_registered_with_the_keyboard_alone(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    new_draft(page, "Only keys", COMMAND)
    page.locator(".draft-chip summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".draft-chip.input")).to_have_count(1)
    go(page, page.url.replace("/command", "/purpose").partition("#")[0])
    page.get_by_label("In one sentence", exact=True).focus()
    page.keyboard.type("Typed.")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # saves, and does nothing else
    assert "summary: Typed." in text_of(demo, "Only keys")
    assert "{input: data}" in text_of(demo, "Only keys")


def test_what_is_typed_just_before_one_goes_on_is_saved(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    new_draft(page, "In a hurry")
    page.get_by_label("In one sentence", exact=True).fill("Typed in a hurry.")
    page.locator("#draft-steps").get_by_role("link", name="Data").click()
    page.wait_for_url("**/data*")
    assert "summary: Typed in a hurry." in text_of(demo, "In a hurry")


def test_a_text_that_is_no_yaml_is_said_at_its_line_in_each_step(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    new_draft(page, "By hand")
    go(page, page.url.partition("/purpose")[0] + "/yaml")
    page.locator(".cm-content").fill("name: by-hand\ntitle: [open\n")
    expect(page.locator("#draft-problems")).to_contain_text("not valid YAML")
    page.locator("#draft-steps").get_by_role("link", name="Purpose").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be read at line 3")


def test_what_a_second_person_saves_is_never_gone_over(demo: Any, browse: Callable[..., Page]) -> None:
    first, second = browse("sam"), browse("sam")
    new_draft(first, "Two of us")
    second.goto(first.url)
    second.get_by_label("In one sentence", exact=True).fill("Of the second.")
    second.get_by_label("In one sentence", exact=True).press("Tab")
    saved(second)
    first.get_by_label("Heading on the Analyses page", exact=True).fill("Of the first")
    first.get_by_label("Heading on the Analyses page", exact=True).press("Tab")
    saved(first)  # another place: both are kept
    text = text_of(demo, "Two of us")
    assert "Of the second." in text
    assert "Of the first" in text
    second.get_by_label("Heading on the Analyses page", exact=True).fill("Of the second too")
    second.get_by_label("Heading on the Analyses page", exact=True).press("Tab")
    expect(second.locator("#draft-saved")).to_contain_text("What you typed is not saved")
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.locator("h1")).to_contain_text("meanwhile")
    expect(second.locator("#mine")).to_have_value(re.compile("Of the second too"))
    expect(second.locator("#theirs")).to_have_value(re.compile("Of the first"))


def test_what_was_typed_without_a_network_stays_and_is_saved_later(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    new_draft(page, "On a train")
    page.context.set_offline(True)
    field = page.get_by_label("In one sentence", exact=True)
    field.fill("In a tunnel.")
    field.press("Tab")
    expect(page.locator("#draft-saved")).to_contain_text("Not saved yet")
    expect(field).to_have_value("In a tunnel.")
    page.context.set_offline(False)
    saved(page)
    assert "summary: In a tunnel." in text_of(demo, "On a train")


@pytest.mark.slow
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in portal/web/frontend")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_step_has_a_serious_obstacle_at_any_width(demo: Any, browse: Callable[..., Page], scheme: str) -> None:
    page = browse("sam", scheme=scheme)
    new_draft(page, "For everybody", COMMAND)
    base = page.url.partition("/command")[0]
    page.locator(".draft-chip", has_text="50%").locator("summary").click()
    with page.expect_navigation():
        page.get_by_role("button", name="An option").locator("visible=true").first.click()
    wrong: dict[str, Any] = {}
    for step in STEPS:
        go(page, f"{base}/{step}")
        page.evaluate("document.querySelectorAll('main details').forEach(item => { item.open = true; })")
        for width in (1440, 768, 390):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                wrong[f"{step} {width}"] = f"{wide} px too wide"
        if found := violations(page):
            wrong[step] = found
    go(page, "/analyses/drafts")
    if found := violations(page):
        wrong["list"] = found
    assert not wrong


def test_a_condition_is_picked_from_a_files_tree_without_a_mouse(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    new_draft(page, "Look inside", "smooth --sigma=1.5 stack.h5 out.h5")
    base = page.url.partition("/command")[0]
    for word, meant in (("--sigma=1.5", "An option"), ("stack.h5", "A file of the dataset")):
        chip = page.locator("details.draft-chip").filter(has=page.get_by_text(word, exact=True))
        chip.locator("summary").click()
        with page.expect_navigation():
            chip.get_by_role("button", name=meant).click()
    go(page, f"{base}/data")
    panel = page.locator("#draft-inside")
    panel.get_by_role("button", name="Show what it holds").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="In the file")).to_be_visible()
    # The tree unfolds, and what the catalogue knows has a button; what is in the file alone names its place.
    expect(panel.locator("details.inside-node").first).to_have_attribute("open", "")
    use = panel.locator(".inside-line", has_text="Number of files").get_by_role("link")
    use.focus()
    page.keyboard.press("Enter")
    picked = panel.locator("#inside-picked")
    expect(picked.get_by_label("It only fits data whose")).to_be_focused()
    page.keyboard.press("Tab")
    expect(picked.get_by_label("The value")).to_be_focused()
    for width in (1440, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # As wide as a desk, and from the top: what a bar covers where one has scrolled to is no small target.
    page.set_viewport_size({"width": 1440, "height": 900})
    page.evaluate("window.scrollTo(0, 0)")
    if AXE.exists():
        assert violations(page) == []
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".flash")).to_contain_text("It fits only where files.count ==")
    expect(page.locator("#needs-0")).to_have_attribute("open", "")
    assert "when: files.count ==" in text_of(demo, "Look inside")


def test_another_dataset_is_found_and_chosen_by_keyboard(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    new_draft(page, "Choose another", "smooth --depth=1.5 stack.h5 out.h5")
    base = page.url.partition("/command")[0]
    for word, meant in (("--depth=1.5", "An option"), ("stack.h5", "A file of the dataset")):
        chip = page.locator("details.draft-chip").filter(has=page.get_by_text(word, exact=True))
        chip.locator("summary").click()
        with page.expect_navigation():
            chip.get_by_role("button", name=meant).click()
    go(page, f"{base}/data")
    page.get_by_label("Types of dataset").first.fill("light-sheet stack")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    go(page, f"{base}/yaml")
    given = "default: 1.5\n    units: um\n    default_from: {parameter: voxel size z}\n"
    with demo.database.write() as session:
        draft = session.scalars(select(Draft).where(Draft.name == "Choose another")).one()
        draft.text = draft.text.replace("default: 1.5\n", given, 1)
        assert given in draft.text
    go(page, f"{base}/data")
    live = page.locator("form[data-live-form]")
    depth, chosen = live.locator('[name="option.depth"]'), live.get_by_label("On the dataset")
    expect(depth).to_have_value("1.5")
    before = chosen.input_value()
    panel = page.locator("#draft-inside")
    panel.get_by_role("button", name="Show what it holds").click()
    expect(panel.get_by_role("heading", name="What is known of")).not_to_contain_text("embryo")
    # Words that nothing has: it is said, and what is chosen stays.
    words = page.get_by_label("Find another dataset")
    words.focus()
    page.keyboard.type("no such thing")
    expect(live).to_contain_text("No dataset that fits has the words “no such thing”.")
    expect(words).to_be_focused()
    expect(chosen).to_have_value(before)
    page.keyboard.press("Control+a")
    page.keyboard.type("drosophila en-gfp")
    expect(live).to_contain_text("1 found, beside the chosen one.")
    expect(chosen).to_have_value(before)
    # On with the keys alone: the button, then the list, where one is chosen.
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Find", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(chosen).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(depth).to_have_value("3")
    expect(chosen).to_be_focused()
    number = chosen.input_value()
    assert number != before
    # The open page is on it everywhere, without a reload: steps, tree, what is saved, its own address.
    expect(panel.get_by_role("heading", name="What is known of")).to_contain_text("Drosophila embryo, en-GFP")
    for link in page.locator("#draft-steps a").all():
        expect(link).to_have_attribute("href", re.compile(rf"[?&]on={number}\b"))
    for link in panel.locator(".inside-line a[href]").all():
        expect(link).to_have_attribute("href", re.compile(rf"[?&]on={number}\b"))
    values = page.locator('input[type="hidden"][name="on"]').evaluate_all("all => all.map(one => one.value)")
    assert set(values) == {number}
    assert f"on={number}" in page.url
    # Another search leaves it chosen; so does a reload, and each step.
    words.fill("beads")
    expect(live).to_contain_text("3 found, beside the chosen one.")
    expect(chosen).to_have_value(number)
    page.set_viewport_size({"width": 1440, "height": 900})
    if AXE.exists():
        assert violations(page) == []
    for width in (1440, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1440, "height": 900})
    page.reload()
    expect(chosen).to_have_value(number)
    for step in ("Options", "Try", "YAML"):
        with page.expect_navigation():
            page.locator("#draft-steps").get_by_role("link", name=re.compile(step)).click()
        expect(page.locator("#live-form").get_by_label("On the dataset")).to_have_value(number)
        expect(page.locator('form[data-live-form] [name="option.depth"]')).to_have_value("3")
