"""A second member of staff signs off with a security key: Chromium's own, the portal's pages, a publisher."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe import AXE, violations
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import select, update

from portal.demo.processes import Portal, free_port
from portal.drafts import service
from portal.drafts.revisions import RevisionDeed, RevisionWish, Wished
from portal.identity.models import Person
from portal.jobs.models import Job
from portal.publisher.keys import enrol
from portal.staging.models import ImageWish

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BROWSER_MS = 60_000
TEXT = """\
name: copy-signed-off
version: "1"
title: Copy that is signed off
summary: {summary}
category: Copies
contact: Sam
program: {{command: [cp, {{input: stack}}, {{output: copy.tif}}]}}
inputs: [{{name: stack, label: Stack, dataset_types: [light-sheet stack]}}]
resources: {{default: small, variants: [{{name: small, label: Small}}]}}
result_title: "{{input}}, copied"
outputs: [{{name: copy, dataset_type: picture, pattern: copy.tif}}]
"""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class FourEyes:
    """The demo as a site where a second member of staff signs off, at an address for which browsers have keys."""

    demo: Any
    chromium: Browser
    portal: Portal
    contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.portal.settings.web.port}"

    @property
    def settings(self) -> Any:
        """As the web tier and the publisher read them."""
        return self.portal.settings

    def browse(self, name: str, **more: Any) -> Page:
        """A page of a browser in which somebody signed in."""
        context = self.chromium.new_context(base_url=self.url, reduced_motion="reduce", **more)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(BROWSER_MS)
        page.goto("/sign-in")
        with page.expect_navigation():
            page.locator(f'form:has(input[value="{name}"]) button').click()
        page.wait_for_load_state("networkidle")
        return page

    def key(self, page: Page) -> None:
        """Put a security key into the browser's machine."""
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


@pytest.fixture(scope="module")
def site(demo: Any, chromium: Browser) -> Iterator[FourEyes]:
    """A web server and, in the place of the daemon, a publisher of its own, both with `signs = "staff"`."""
    web = demo.settings.web.model_copy(update={"port": free_port(0)})
    publisher = demo.settings.publisher.model_copy(update={"signs": "staff"})
    settings = demo.settings.model_copy(update={"web": web, "publisher": publisher})
    staff = {"GANTRY_PUBLISHER_SIGNS": "staff"}
    portal = replace(
        demo.portal, settings=settings, web=None, daemon=None, environment=demo.portal.environment | staff
    )
    made = FourEyes(demo, chromium, portal)
    with demo.database.write() as session:
        session.execute(update(Person).where(Person.name == "ravi").values(roles=["staff"]))
    portal.start_web()
    yield made
    for context in made.contexts:
        context.close()
    portal.stop_web()
    with demo.database.write() as session:
        session.execute(update(Person).where(Person.name == "ravi").values(roles=[]))


@pytest.fixture(scope="module")
def publisher(site: FourEyes) -> Iterator[None]:
    """The publisher's own program. The demo's daemon, which signs off what is its person's, waits meanwhile."""
    demo = site.demo
    demo.portal.stop_daemon()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GANTRY_")}
    environment |= {
        "GANTRY_CONFIG": str(site.portal.config),
        "GANTRY_WEB_PORT": str(site.settings.web.port),
        "GANTRY_PUBLISHER_SIGNS": "staff",
    }
    with (Path(demo.settings.var) / "publisher.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.publisher", "--watch"], env=environment, stdout=log, stderr=log
        )
        yield
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
    demo.portal.start_daemon()


def until(page: Page, thing: Locator) -> None:
    """Load the page anew until it shows this: the publisher works by itself."""
    for _ in range(60):
        if thing.is_visible():
            return
        page.wait_for_timeout(1000)
        page.reload()
    expect(thing).to_be_visible()


def draft_of(site: FourEyes, summary: str) -> int:
    """A draft of Sam's."""
    with site.demo.database.write() as session:
        sam = session.scalars(select(Person).where(Person.name == "sam")).one().actor()
        return service.create(session, sam, TEXT.format(summary=summary), now=datetime.now(UTC)).id


def tried(site: FourEyes, page: Page, draft: int) -> None:
    """Sam tries it, in the demo's own portal."""
    base = f"/analyses/drafts/{draft}"
    page.goto(f"{base}/try?on={site.demo.pages['dataset'].rpartition('/')[2]}")
    page.get_by_role("button", name="Ask to try it").click()
    until(page, page.get_by_role("button", name="Try it", exact=True))
    with page.expect_navigation():
        page.get_by_role("button", name="Try it", exact=True).click()
    expect(page.locator("#draft-stage")).to_contain_text("Tried:", timeout=120_000)


@pytest.fixture(scope="module")
def asked(site: FourEyes) -> Page:
    """Sam's page, with what he tried."""
    page = site.browse("sam")
    draft = draft_of(site, "Copies a stack.")
    tried(site, page, draft)
    page.goto(f"/analyses/drafts/{draft}/publish")
    return page


def code_of(page: Page) -> str:
    """Make a key; its code, as its owner reads it out."""
    page.goto("/analyses/drafts/keys")
    page.get_by_label("What you call it").fill("Blue key")
    with page.expect_navigation():
        page.get_by_role("button", name="Make a key").click()
    expect(page.locator("main")).to_contain_text("waits for an operator")
    return page.locator("main code").first.inner_text()


def test_sam_asks_and_ravi_signs_it_off_with_his_key(site: FourEyes, asked: Page, publisher: None) -> None:
    sam, ravi = asked, site.browse("ravi")
    site.key(ravi)
    code = code_of(ravi)
    sam.get_by_label("What changed, in a sentence").fill("It is new.")
    sam.get_by_label("Everyone").check()
    with sam.expect_navigation():
        sam.get_by_role("button", name="Ask to publish it").click()
    expect(sam.locator("main")).to_contain_text("waits for a second member of staff")
    sam.goto("/analyses/drafts")
    expect(sam.get_by_text("Waits for a second person")).to_have_count(0)

    ravi.goto("/analyses/drafts")
    ravi.get_by_role("link", name=re.compile("Copy that is signed off")).click()
    expect(ravi.locator("main")).to_contain_text("You have no key that counts")
    enrol(site.demo.database, site.settings, "ravi", code, by="root", now=datetime.now(UTC))
    ravi.reload()
    expect(ravi.locator("main")).to_contain_text("It is new.")
    with ravi.expect_navigation():
        ravi.get_by_role("button", name="Sign off with your key").click()
    until(ravi, ravi.get_by_text(re.compile(r"Signed off by Ravi \w+\. It is published\.")))
    until(sam, sam.get_by_role("link", name="copy-signed-off").first)
    sam.goto("/analyses/drafts/published/copy-signed-off")
    expect(sam.locator("main")).to_contain_text(re.compile(r"signed off by Ravi \w+"))


def image_of(site: FourEyes) -> int:
    """That Sam wants an image staged which a job of his made."""
    with site.demo.database.write() as session:
        job = session.scalars(select(Job).join(Person).where(Person.name == "sam").order_by(Job.id.desc())).first()
        assert job is not None
        wish = ImageWish(
            person_id=job.person_id, job_id=job.id, name="cows", digest="sha256:" + "ab" * 32, at=datetime.now(UTC)
        )
        session.add(wish)
        session.flush()
        return wish.id


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_image_is_signed_off_with_the_same_key(
    site: FourEyes, asked: Page, publisher: None, scheme: str
) -> None:
    page = site.browse("ravi", color_scheme=scheme)
    site.key(page)
    enrol(site.demo.database, site.settings, "ravi", code_of(page), by="root", now=datetime.now(UTC))
    wish = image_of(site)
    page.goto("/notices")
    page.get_by_role("link", name="cows").first.click()
    expect(page.locator("main")).to_contain_text("asks that this image is staged")
    assert not AXE.exists() or violations(page) == []
    with page.expect_navigation():
        page.get_by_role("button", name="Sign off with your key").click()
    until(page, page.get_by_text("Signed off by ravi. It is being staged."))
    page.goto(f"/images/waiting/{wish + 1000}", wait_until="commit")
    expect(page.locator("main")).to_contain_text("not")


def test_without_a_key_that_answers_nothing_is_sent_and_the_page_says_so(site: FourEyes) -> None:
    page = site.browse("ravi")
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")  # a machine without a key
    options = AUTHENTICATOR | {"isUserVerified": False}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/analyses/drafts/keys")
    page.get_by_label("What you call it").fill("Not mine")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent")
    expect(page.get_by_label("What you call it")).to_have_value("Not mine")
    expect(page.get_by_role("button", name="Make a key")).to_be_enabled()


def test_at_an_address_without_keys_the_page_leads_to_the_other(site: FourEyes) -> None:
    page = site.chromium.new_context(base_url=site.portal.url).new_page()
    site.contexts.append(page.context)
    page.goto("/sign-in")
    with page.expect_navigation():
        page.locator('form:has(input[value="ravi"]) button').click()
    page.wait_for_load_state("networkidle")
    page.goto("/analyses/drafts/keys")
    expect(page.get_by_role("link", name=f"{site.url}/analyses/drafts/keys")).to_be_visible()


def test_a_request_is_refused_with_the_keyboard_alone(site: FourEyes, asked: Page, publisher: None) -> None:
    ravi = site.browse("ravi")
    wish = again(site)
    ravi.goto(f"/analyses/drafts/waiting/{wish}")
    ravi.get_by_label("Why not").focus()
    ravi.keyboard.type("It names no contact.")
    with ravi.expect_navigation():
        ravi.keyboard.press("Enter")
    until(ravi, ravi.get_by_text(re.compile(r"It was refused by Ravi \w+: It names no contact\.")))


def again(site: FourEyes) -> int:
    """Another request for the revision that was asked for first."""
    with site.demo.database.write() as session:
        first = session.scalars(
            select(RevisionWish).where(RevisionWish.wished == Wished.PUBLISH).order_by(RevisionWish.id.desc())
        ).first()
        assert first is not None
        made = RevisionWish(
            revision_id=first.revision_id,
            person_id=first.person_id,
            wished=Wished.PUBLISH,
            audience=first.audience,
            changed="Once more.",
            at=datetime.now(UTC),
        )
        session.add(made)
        session.flush()
        return made.id


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in portal/web/frontend")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_it_has_a_serious_obstacle_at_any_width(
    site: FourEyes, asked: Page, publisher: None, scheme: Any
) -> None:
    page = site.browse("ravi", color_scheme=scheme)
    wish = again(site)
    wrong: dict[str, Any] = {}
    for address in ("/analyses/drafts", "/analyses/drafts/keys", f"/analyses/drafts/waiting/{wish}"):
        page.goto(address)
        page.evaluate("document.querySelectorAll('main details').forEach(item => { item.open = true; })")
        for width in (1440, 768, 390):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                wrong[f"{address} {width}"] = f"{wide} px too wide"
            if folder := os.environ.get("GANTRY_SCREENSHOTS"):
                name = address.rpartition("drafts")[2].strip("/").replace("/", "-") or "list"
                page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png", full_page=True)
        if found := violations(page):
            wrong[address] = found
    with site.demo.database.write() as session:
        session.add(RevisionDeed(wish_id=wish, done=False, words="Over.", by="root", at=datetime.now(UTC)))
    assert not wrong
