"""A person's hands in the editor of analyses, for the browser tests."""

import re
from typing import Any

from playwright.sync_api import Error, Locator, Page, expect
from sqlalchemy import select

from portal.drafts.models import Draft


class Hands:
    """A person's hands: each press, choice and field that is typed into counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, thing: Locator) -> None:
        """Click."""
        self.count += 1
        thing.click()

    def type(self, label: str, text: str) -> None:
        """Into a field, and on to the next."""
        self.count += 1
        field = self.page.locator("#draft, form").get_by_label(label, exact=True).first
        field.fill(text)
        field.press("Tab")


def go(page: Page, address: str) -> None:
    """Open an address once the page has come to rest: a form that was just sent may still be on its way.

    A navigation of the page itself that begins meanwhile aborts this one, which is then asked for again.
    """
    page.wait_for_load_state("networkidle")
    try:
        page.goto(address)
    except Error as error:
        if "ERR_ABORTED" not in error.message:
            raise
        page.wait_for_load_state("networkidle")
        page.goto(address)


def new_draft(page: Page, title: str, pasted: str = "") -> None:
    """Make one; the page is its editor then."""
    go(page, "/analyses/drafts")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label(re.compile("The command that works")).fill(pasted)
    page.get_by_role("button", name="Make a draft").click()
    page.wait_for_url("**/analyses/drafts/*/*")


def text_of(demo: Any, title: str) -> str:
    """What is saved of a draft."""
    with demo.database.read() as session:
        text: str = (
            session.scalars(select(Draft.text).where(Draft.name == title).order_by(Draft.id.desc())).first() or ""
        )
    return text


def saved(page: Page) -> None:
    """Until what was typed is saved."""
    expect(page.locator("#draft-saved")).to_have_attribute("data-saved", "yes")


def until(page: Page, thing: Locator) -> None:
    """Load the page anew until it shows this: publisher and daemon work by themselves."""
    for _ in range(60):
        if thing.is_visible():
            return
        page.wait_for_timeout(1000)
        page.reload()
    expect(thing).to_be_visible()
