"""Forms by hand: what is typed stays, buttons say what they do, and messages lead to their field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select, update

from portal.identity.models import WebSession
from portal.jobs.models import Submission

START = "button.btn-start"


def submissions(demo: Any) -> int:
    with demo.database.read() as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


def typed(page: Page, demo: Any, title: str) -> None:
    """The form of the deconvolution, with a name and a number typed into it."""
    page.goto(demo.pages["form"])
    page.fill("#f-title", title)
    page.fill("#f-iterations", "3")


def end_sign_ins(demo: Any, name: str = "") -> None:
    with demo.database.write() as session:
        session.execute(update(WebSession).values(expires=datetime.now(UTC) - timedelta(seconds=1)))


def test_start_says_that_it_starts_and_makes_one_of_two_clicks(browse: Any, demo: Any) -> None:
    page = browse()
    typed(page, demo, "Clicked twice")
    before = submissions(demo)
    held: list[Route] = []
    page.route("**/healthz", lambda route: held.append(route))
    page.dblclick(START)
    button = page.locator(START)
    expect(button).to_have_text("Starting…")
    expect(button).to_be_disabled()
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_url("**/jobs/J-*")
    assert submissions(demo) == before + 1
    page.unroute("**/healthz")
    page.go_back()
    expect(page.locator(START)).to_be_enabled()
    expect(page.locator(START)).to_contain_text("Start")
    expect(page.locator("#f-title")).to_have_value("Clicked twice")
    expect(page.locator("#f-iterations")).to_have_value("3")
    # At once, and as it is: asked about, and not led to the first job without a word.
    page.click(START)
    expect(page.locator("[data-error-summary]")).to_contain_text("Nothing was started just now")
    assert submissions(demo) == before + 1
    page.go_back()
    # Another value is another submission, without a word about keys.
    page.fill("#f-iterations", "4")
    page.click(START)
    page.wait_for_url("**/jobs/J-*")
    assert submissions(demo) == before + 2


def test_offline_nothing_is_sent_and_the_page_stays(browse: Any, demo: Any) -> None:
    page = browse()
    typed(page, demo, "Sent later")
    before = submissions(demo)
    page.context.set_offline(True)
    page.click(START)
    expect(page.locator("[data-send-note]")).to_contain_text("Nothing was sent")
    expect(page.locator(START)).to_be_enabled()
    expect(page.locator("#f-title")).to_have_value("Sent later")
    page.context.set_offline(False)
    expect(page.locator("[data-send-note]")).to_contain_text("The network is back. Nothing was sent")
    assert submissions(demo) == before
    page.click(START)
    page.wait_for_url("**/jobs/J-*")
    assert submissions(demo) == before + 1


def no_answer(route: Any) -> None:
    """Nobody is there."""
    route.abort("connectionrefused")


def answer_of_a_proxy(route: Any) -> None:
    """What stands before a portal that restarts answers in its place."""
    route.fulfill(status=502, body="Bad Gateway")


@pytest.mark.parametrize("met", [no_answer, answer_of_a_proxy])
def test_a_portal_that_does_not_answer_costs_nothing_typed(browse: Any, demo: Any, met: Any) -> None:
    page = browse()
    typed(page, demo, "Asked in vain")
    page.route("**/healthz", met)
    page.click(START)
    expect(page.locator("[data-send-note]")).to_contain_text("The portal does not answer. Nothing was sent")
    expect(page.locator("#f-title")).to_have_value("Asked in vain")


def test_what_was_typed_is_there_after_a_reload_through_a_sign_in_and_for_nobody_else(
    browse: Any, demo: Any
) -> None:
    """Chromium forgets it."""
    page = browse(None)
    page.goto("/sign-in")
    page.locator('form:has(input[value="maya"]) button').click()
    page.wait_for_url("**/")
    typed(page, demo, "Through a reload")
    page.select_option("#f-psf", index=1)
    page.reload()
    expect(page.locator("#f-title")).to_have_value("Through a reload")
    expect(page.locator("#f-iterations")).to_have_value("3")
    assert page.locator("#f-psf").evaluate("field => field.selectedIndex") == 1
    for name, kept in (("maya", "Through a reload"), ("ravi", None)):
        page.context.clear_cookies(name="gantry_session")
        page.reload()
        page.locator("#name").fill("nobody")
        page.locator("#password").fill("wrong")
        page.locator("#password").press("Enter")
        page.locator(f'form:has(input[value="{name}"]) button').click()
        page.wait_for_url("**/start?*")
        if kept:
            expect(page.locator("#f-title")).to_have_value(kept)
        else:
            expect(page.locator("#f-title")).not_to_have_value("Through a reload")


def test_back_to_the_page_of_a_form_that_was_refused_leads_to_what_was_typed(browse: Any, demo: Any) -> None:
    page = browse()
    typed(page, demo, "Refused")
    refusing = f"{demo.url}/jobs/J-987654/cancel"  # 404, on the portal's own page
    page.route("**/lightsheet-deconvolution/start", lambda route: route.continue_(url=refusing))
    page.click(START)
    page.get_by_role("link", name="Back to the page").click()
    expect(page.locator("#f-title")).to_have_value("Refused")
    expect(page.locator("#f-iterations")).to_have_value("3")


def test_after_an_error_of_the_portal_back_shows_what_was_typed(browse: Any, demo: Any) -> None:
    """As its page says."""
    for script in (True, False):
        page = browse(script=script)
        typed(page, demo, "Through an error")
        page.route(
            "**/lightsheet-deconvolution/start", lambda route: route.fulfill(status=503, body="<h1>No</h1>")
        )
        page.click(START)
        expect(page.locator("h1")).to_have_text("No")
        page.unroute("**/lightsheet-deconvolution/start")
        page.go_back()
        expect(page.locator("#f-title")).to_have_value("Through an error")
        expect(page.locator("#f-iterations")).to_have_value("3")


def test_a_sign_in_that_ends_while_somebody_types_takes_nothing_away(browse: Any, demo: Any, states: Any) -> None:
    context = browse(None)
    context.goto("/sign-in")
    context.locator('form:has(input[value="maya"]) button').click()
    context.wait_for_url("**/")
    typed(context, demo, "Through the end of a sign-in")
    other = [cookie for cookie in context.context.cookies() if cookie["name"] == "gantry_session"]
    assert other
    context.context.clear_cookies(name="gantry_session")
    context.fill("#f-iterations", "5")
    context.locator("#f-iterations").blur()
    expect(context.locator("[data-sign-in-ended]")).to_contain_text("What you typed stands here")
    expect(context.locator("#f-title")).to_have_value("Through the end of a sign-in")
    context.click(START)
    context.wait_for_url("**/sign-in?**")
    expect(context.get_by_text("What you typed is kept and waits for you")).to_be_visible()
    context.locator('form:has(input[value="maya"]) button').click()
    context.wait_for_url("**/start?kept=*")
    expect(context.locator("#f-title")).to_have_value("Through the end of a sign-in")
    expect(context.locator("#f-iterations")).to_have_value("5")


def test_how_a_number_is_read_stands_beside_it_before_start(browse: Any, demo: Any) -> None:
    page = browse()
    page.goto(demo.pages["form"])
    told = page.locator("#f-sigma_xy-told")
    for text, words in (
        ("300 nm", "300 nm = 0.3 µm"),
        ("0,25", "0,25 is read as 0.25"),
        ("1,250", "“1,250” can be 1250 or 1.25. Write 1250 or 1.25."),
        ("2 min", "“min” is no unit of this kind. Give the value, in µm."),
        ("0.25", ""),
    ):
        page.fill("#f-sigma_xy", text)
        page.locator("#f-sigma_xy").blur()
        expect(told).to_have_text(words)
        expect(page.locator("#f-sigma_xy")).to_have_value(text)


def test_a_preset_is_taken_back_with_the_keyboard(browse: Any, demo: Any) -> None:
    page = browse()
    typed(page, demo, "Named before")
    page.locator("button[name=apply]").nth(1).focus()
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(page.locator("#f-title")).to_have_value("Named before")
    expect(page.locator("#f-iterations")).not_to_have_value("3")
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#f-iterations")).to_have_value("3")
    expect(page.locator("#f-title")).to_have_value("Named before")
    # Enter in a field starts; it chooses no preset.
    page.locator("#f-title").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/J-*")


def test_without_a_script_a_preset_and_another_option_keep_what_was_typed(browse: Any, demo: Any) -> None:
    page = browse(script=False)
    typed(page, demo, "Without a script")
    page.locator("button[name=apply]").nth(1).click()
    expect(page.locator("#f-title")).to_have_value("Without a script")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#f-iterations")).to_have_value("3")
    page.get_by_role("button", name="Try several values").click()
    page.fill("#f-try-list", "5, 7")
    page.get_by_role("button", name="Width in the plane (sigma)").click()
    page.get_by_role("button", name="Iterations").click()
    expect(page.locator("#f-try-list")).to_have_value("5, 7")


def test_a_message_leads_to_its_field_through_closed_sections(browse: Any, demo: Any) -> None:
    page = browse()
    page.goto(demo.pages["form"])
    page.get_by_text("More settings").click()
    page.fill("#f-stop_at", "much")
    page.click(START)
    link = page.locator("[data-error-summary] a").first
    expect(link).to_be_visible()
    page.evaluate("document.querySelectorAll('details.more').forEach((one) => { one.open = false })")
    page.evaluate(
        """() => {
            const field = document.querySelector('#f-stop_at').closest('.field');
            const inner = document.createElement('details');
            inner.innerHTML = '<summary>inner</summary>';
            field.replaceWith(inner);
            inner.append(field);
        }"""
    )
    link.click()
    expect(page.locator("#f-stop_at")).to_be_focused()
    expect(page.locator("#f-stop_at")).to_be_visible()
