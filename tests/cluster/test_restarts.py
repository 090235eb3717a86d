"""The web tier restarts behind nginx: nobody who asks meanwhile is refused, and an open page says so."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hosts.host import Host
from lab_site import PASSWORD, LabSite
from live_parts import ask_now
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PATIENCE_S = 120
BANNER = "[data-connection]"


def _pid(portal: Host) -> str:
    return portal.run("systemctl", "show", "-P", "MainPID", "gantry-web").stdout.strip()


def test_a_restart_of_the_web_tier_loses_no_request(site: LabSite, portal: Host) -> None:
    done, answers, failures = threading.Event(), [], []

    def ask(browser: requests.Session) -> None:
        while not done.is_set():
            try:
                answers.append(browser.get(f"{site.url}/jobs", timeout=PATIENCE_S).status_code)
            except requests.RequestException as error:
                failures.append(repr(error))

    people = [threading.Thread(target=ask, args=(site.pages(who),)) for who in ("maya", "tom", "ines", "ravi")]
    for one in people:
        one.start()
    try:
        for how in ("reload", "restart", "restart"):
            before, asked = _pid(portal), len(answers)
            assert portal.run("systemctl", how, "gantry-web").returncode == 0
            assert how == "reload" or _pid(portal) != before
            end = time.monotonic() + PATIENCE_S
            while len(answers) < asked + 20:
                assert time.monotonic() < end, (answers[asked:], failures)
                time.sleep(0.1)
    finally:
        done.set()
        for one in people:
            one.join()
    assert not failures
    assert set(answers) == {200}


@pytest.fixture
def page(site: LabSite) -> Iterator[Page]:
    """Maya's browser, which takes the lab's certificate and finds its name."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium: on Debian, apt-get install chromium")
    found = f"--host-resolver-rules=MAP {site.portal.name} {site.portal.address}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu", found]
        )
        made = browser.new_context(base_url=site.url, ignore_https_errors=True).new_page()
        made.set_default_timeout(PATIENCE_S * 1000)
        made.goto("/sign-in")
        made.locator("#name").fill("maya")
        made.locator("input[type=password]").fill(PASSWORD)
        made.locator("input[type=password]").press("Enter")
        made.wait_for_url(lambda url: "/sign-in" not in url)
        yield made
        browser.close()


def test_a_page_says_that_nginx_finds_no_portal_and_recovers(site: LabSite, portal: Host, page: Page) -> None:
    dataset = site.datasets["Zebrafish heart"][0]
    page.goto(f"/analyses/lab-count/start?dataset={dataset}")
    page.get_by_label("Name of the result").fill("Kept meanwhile")
    portal.run("systemctl", "stop", "gantry-web.socket", "gantry-web.service")
    try:
        assert site.browser().get(f"{site.url}/healthz").status_code == 502
        ask_now(page, 3)
        expect(page.locator(BANNER)).to_contain_text(re.compile(r"has not answered since \d\d:\d\d:"))
        assert "502" not in page.locator("body").inner_text()
    finally:
        portal.run("systemctl", "start", "gantry-web.socket", "gantry-web.service")
    ask_now(page, 1)
    expect(page.locator(BANNER)).to_be_hidden()
    expect(page.get_by_label("Name of the result")).to_have_value("Kept meanwhile")
