"""Terms of a program, read and accepted before something starts: by the author, then by a researcher."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe import AXE, violations
from hands import go, new_draft, until
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal.catalogue.models import Dataset

pytestmark = pytest.mark.browser

TITLE = "Copy under terms"
TEXT = "First paragraph.\n\nSecond one,\nbroken here."
ACCEPT = "I have read these terms and accept them. You are asked once."


@pytest.fixture
def staff(browse: Callable[..., Page]) -> Iterator[tuple[Page, str]]:
    """Sam's page, and the address of a draft with terms; what was published of it is retired afterwards."""
    page = browse("sam")
    new_draft(page, TITLE, "cp in.tif out.tif")
    base = page.url.partition("/command")[0]
    for word, meant in (("in.tif", "A file of the dataset"), ("out.tif", "A file that it writes")):
        chip = page.locator(".draft-chip", has_text=word)
        chip.locator("summary").click()
        with page.expect_navigation():
            chip.get_by_role("button", name=meant).click()
    go(page, f"{base}/data")
    page.get_by_label("Types of datasets", exact=True).fill("*")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    go(page, f"{base}/purpose")
    page.get_by_label("In one sentence", exact=True).fill("Copies.")
    page.get_by_label("Heading on the Analyses page", exact=True).fill("Copies")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    go(page, f"{base}/resources")
    page.locator("details", has=page.get_by_label("Title of the terms")).locator("summary").first.click()
    page.get_by_label("Title of the terms").fill("Terms of copying")
    page.get_by_label("The terms", exact=True).fill(TEXT)
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    yield page, base
    go(page, "/analyses/drafts")
    published = page.get_by_role("link", name=re.compile("copy-under-terms"))
    if published.count():
        with page.expect_navigation():
            published.first.click()
        if page.get_by_role("button", name="Retire it").count():
            with page.expect_navigation():
                page.get_by_role("button", name="Retire it").click()


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def test_terms_are_made_read_and_accepted_before_anything_starts(
    demo: Any, browse: Callable[..., Page], staff: tuple[Page, str]
) -> None:
    sam, base = staff
    # The field kept the lines, and a name was made of the title.
    expect(sam.get_by_label("The terms", exact=True)).to_have_value(TEXT)
    expect(sam.get_by_label("Name in commands", exact=True)).to_have_value("terms-of-copying")
    go(sam, f"{base}/try")
    press(sam, "Ask to try it")
    expect(sam.get_by_role("button", name="Try it", exact=True)).to_be_visible(timeout=30_000)
    press(sam, "Try it")
    expect(sam.locator("main")).to_contain_text("Accept the terms “Terms of copying” first.")
    sam.get_by_label(ACCEPT).check()
    press(sam, "Try it")
    expect(sam.locator("#draft-stage")).to_contain_text("Tried", timeout=90_000)
    expect(sam.get_by_label(ACCEPT)).to_have_count(0)
    go(sam, f"{base}/publish")
    sam.get_by_label("What changed, in a sentence").fill("It is new.")
    sam.get_by_label("Everyone").check()
    press(sam, "Ask to publish it")
    expect(sam.locator("#draft-stage")).to_contain_text("Published", timeout=60_000)
    expect(sam.locator("#draft-steps").get_by_role("link", name="Publish: published")).to_be_visible()
    expect(sam.locator("#answers-said")).to_contain_text("Published")
    expect(sam.locator("#draft-answers")).not_to_have_attribute("hx-get", re.compile("."))

    maya = browse("maya")
    go(maya, "/analyses")
    until(maya, maya.get_by_role("link", name=TITLE).first)
    with demo.database.read() as session:
        heart = session.scalars(select(Dataset.id).where(Dataset.name == "Zebrafish heart, GFP")).one()
    start = f"/analyses/copy-under-terms/start?dataset={heart}"
    go(maya, start)
    box = maya.get_by_role("region", name="Terms of copying").last
    expect(box.locator("p")).to_have_text(["First paragraph.", "Second one,\nbroken here."])
    assert box.locator("p").nth(1).evaluate("p => Math.round(p.getBoundingClientRect().height / 24)") == 2
    press(maya, "Start")
    wrong = maya.get_by_label(ACCEPT)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(maya.locator("#f-terms-accept-wrong")).to_contain_text("You are asked once.")
    if AXE.exists():
        assert violations(maya) == []
    wrong.focus()
    maya.keyboard.press("Space")
    with maya.expect_navigation():
        maya.get_by_role("button", name="Start", exact=True).press("Enter")
    maya.wait_for_url(re.compile(r"/(jobs|batches)/"))
    go(maya, start)
    expect(maya.get_by_label(ACCEPT)).to_have_count(0)
    expect(maya.locator("main")).to_contain_text("You accepted “Terms of copying” on")
    go(maya, "/me")
    mine = maya.locator("#accepted")
    mine.locator("summary").click()
    expect(mine.locator(".terms-text p")).to_have_text(["First paragraph.", "Second one,\nbroken here."])
