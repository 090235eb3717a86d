"""Every page as a picture, wide, on a phone and in the dark, on one sheet: tests/screenshots/index.html."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SHEET = Path(__file__).parents[1] / "screenshots"
MODES: dict[str, dict[str, Any]] = {
    "wide": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
    "dark": {"width": 1280, "height": 800, "scheme": "dark"},
}
STYLE = (
    "body{font:14px system-ui;margin:24px;background:#e9ecef}h2{margin:32px 0 8px}"
    ".row{display:flex;gap:16px;align-items:flex-start}figure{margin:0;flex:3}figure.phone{flex:1}"
    "img{width:100%;border:1px solid #bbb;border-radius:4px}figcaption{color:#555}"
)
# Pictures that lie below the window load only when they come into view.
SCROLL = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 500) {
    window.scrollTo(0, y);
    await new Promise(done => setTimeout(done, 30));
  }
  window.scrollTo(0, 0);
}"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _shoot(page: Page, address: str, path: Path) -> None:
    page.goto(address)
    page.evaluate(SCROLL)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path, full_page=True)


def _running_job(browse: Callable[..., Page], form: str) -> str:
    """Start a job that runs long enough to be looked at; its address."""
    page = browse("maya")
    page.goto(form)
    page.get_by_label("Iterations").fill("200")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/jobs/J-*")
    # Whether the bar has a value depends on what ran before: the step that it is at says that it is at work.
    page.locator("#job-live").get_by_text(re.compile(r"^Step \d of \d.*iterations")).wait_for(timeout=120_000)
    return page.url


def _shoot_running(browse: Callable[..., Page], form: str) -> None:
    """A job at work, in all modes; it is cancelled afterwards if it has not ended by then."""
    address = _running_job(browse, form)
    for mode, look in MODES.items():
        page = browse("maya", **look)
        page.goto(address)
        page.screenshot(path=SHEET / f"job-running-{mode}.png", full_page=True)
    cancel = page.get_by_role("button", name="Cancel")
    if cancel.is_visible():
        cancel.click()


def test_every_page_is_on_the_sheet(demo: Any, browse: Callable[..., Page]) -> None:
    SHEET.mkdir(exist_ok=True)
    _shoot_running(browse, demo.pages["form"])
    people = {"sign-in": (None, "/sign-in"), "facility": ("sam", "/facility")}
    pages = people | {name: ("maya", address) for name, address in demo.pages.items()}
    for mode, look in MODES.items():
        browsers = {name: browse(name, **look) for name in ("maya", "sam", None)}
        for name, (person, address) in pages.items():
            _shoot(browsers[person], address, SHEET / f"{name}-{mode}.png")
    rows = []
    for name in (*pages, "job-running"):
        shots = "".join(
            f'<figure class="{mode}"><a href="{name}-{mode}.png"><img src="{name}-{mode}.png" alt=""></a>'
            f"<figcaption>{mode}</figcaption></figure>"
            for mode in MODES
        )
        rows.append(f'<h2>{html.escape(name)}</h2><div class="row">{shots}</div>')
    sheet = f"<!doctype html><meta charset=utf-8><title>All pages</title><style>{STYLE}</style>{''.join(rows)}"
    (SHEET / "index.html").write_text(sheet, encoding="utf-8")
    assert len(list(SHEET.glob("*.png"))) >= (len(pages) + 1) * len(MODES)
