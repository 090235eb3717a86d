"""The editor of the YAML's page: completion, what is wrong where it is, and the field that stays the truth."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hands import go, new_draft, saved, text_of
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

TEXT = """\
name: by-hand
version: "1"
title: By hand   # for the start
summary: Makes a picture smaller.
category: Pictures
contact: Sam
result_title: "{input}, smaller"
program:
  command:
    - convert
    - {input: stack}
    - {option: sigma}
    - {output: out.tif}
inputs:
  - name: stack
    label: Stack
    dataset_types: [HERE]
options:
  - name: sigma
    type: float
    label: Sigma
    default: 0.5
  - name: method
    type: choice
    label: Method
    choices: [manual, automatic]
resources:
  default: standard
  variants:
    - {name: standard, label: Standard, memory_mb: 1000}
outputs:
  - {name: result, pattern: "*.tif", dataset_type: result}
"""

# But for what the browser itself sets while it types into an element that can be edited.
REFUSED = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
  if (!event.target.closest?.(".cm-line")) window.refused.push(event.target.outerHTML ?? event.blockedURI);
});
"""


@pytest.fixture
def opened(browse: Callable[..., Page]) -> Callable[..., Page]:
    def begin(title: str, text: str, **how: Any) -> Page:
        page = browse("sam", **how)
        new_draft(page, title)
        go(page, page.url.partition("/purpose")[0] + "/yaml")
        page.locator(".cm-content").wait_for()
        typed(page, text.replace("By hand", title))
        return page

    return begin


def typed(page: Page, text: str) -> None:
    """All of the text, with the cursor where HERE stands."""
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    before, _, behind = text.partition("HERE")
    page.keyboard.insert_text(before + behind)
    if behind:
        page.keyboard.press("Control+Home")
        for _ in range(before.count("\n")):
            page.keyboard.press("ArrowDown")
        for _ in range(len(before) - before.rfind("\n") - 1):
            page.keyboard.press("ArrowRight")


def proposed(page: Page) -> list[str]:
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Space")
    labels = page.locator(".cm-tooltip-autocomplete .cm-completionLabel")
    labels.first.wait_for()
    return labels.all_inner_texts()


def test_what_is_proposed_goes_by_the_place_in_the_document(demo: Any, opened: Callable[..., Page]) -> None:
    page = opened("Proposals", TEXT)
    assert {"light-sheet stack", "tomography scan"} <= {*proposed(page)}  # the site's own types of datasets
    for here, there, never in (
        ("    default: 0.5", "    default: 0.5\n    HERE", None),
        ("    label: Method\n", "    label: Method\n    HERE\n", None),
        ("type: float", "type: HERE", None),
        ("{option: sigma}", "{option: HERE}", None),
        ("- {input: stack}", "- {HERE}", None),
        ("default: standard", "default: HERE", None),
        ("    label: Stack\n", "    label: Stack\n    reads: HERE\n", None),
        ("category: Pictures\n", "category: Pictures\nHERE\n", "title"),
        ("    label: Sigma\n", "    label: Sigma\n    show_when: HERE\n", None),
    ):
        typed(page, TEXT.replace("HERE", "").replace(here, there, 1))
        found = proposed(page)
        expected = {
            "    default: 0.5": {"min", "max", "units", "help"},
            "    label: Method\n": {"default", "unit_of"},
            "type: float": {"float", "integer", "choice", "file"},
            "{option: sigma}": {"sigma", "method"},
            "- {input: stack}": {"input", "option", "output", "flag"},
            "default: standard": {"standard"},
            "    label: Stack\n": {"files", "arrays", "pictures"},
            "category: Pictures\n": {"description", "needs", "presets"},
            "    label: Sigma\n": {"method", "files.count", "array.Z"},
        }[here]
        assert expected <= {*found}, (here, found)
        assert never is None or never not in found, (here, found)
    # A choice has no units, and a number no choices: the kind that is written decides.
    typed(page, TEXT.replace("HERE", "").replace("    label: Method\n", "    label: Method\n    HERE\n"))
    assert "units" not in proposed(page)


def test_a_proposal_tells_what_it_is_and_is_taken_by_enter(demo: Any, opened: Callable[..., Page]) -> None:
    page = opened("Taken", TEXT.replace("HERE", "").replace("    default: 0.5", "    default: 0.5\n    HERE"))
    page.keyboard.type("adv")
    expect(page.locator(".cm-completionInfo")).to_contain_text('Stands under "More settings".')
    page.wait_for_timeout(300)  # a list that has just come takes no key yet, so that none is taken by mistake
    page.keyboard.press("Enter")
    page.keyboard.type("t")
    expect(page.locator(".cm-completionLabel").first).to_have_text("true")
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value(re.compile("    default: 0.5\n    advanced: true\n"))
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    assert "    default: 0.5\n    advanced: true\n" in text_of(demo, "Taken")


def test_what_is_wrong_is_marked_where_it_is_until_it_is_mended(demo: Any, opened: Callable[..., Page]) -> None:
    page = opened("Marked", "name: by-hand\nversion: 1\ntitel: By hand\n")
    mark = page.locator(".cm-lintRange-error", has_text="titel")
    expect(mark).to_have_text("titel")
    expect(page.locator(".cm-lint-marker-error").first).to_be_visible()
    link = page.locator("#draft-problems a", has_text="did you mean title?")
    expect(link).to_contain_text("3:1")
    link.click()
    assert page.evaluate("document.getSelection().toString()") == "titel: Marked"
    page.keyboard.type("title: By hand")
    expect(page.locator("#draft-problems")).not_to_contain_text("titel")
    expect(mark).to_have_count(0)
    typed(page, "name: by-hand\ntitle: [open\n")
    expect(page.locator("#draft-problems")).to_contain_text("not valid YAML")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)


def test_both_tabs_are_one_document_and_comments_stay(demo: Any, opened: Callable[..., Page]) -> None:
    page = opened("One document", TEXT.replace("HERE", ""))
    page.locator("#draft-steps").get_by_role("link", name="Purpose").click()  # at once: it is saved on the way
    page.wait_for_url("**/purpose*")
    page.get_by_label("In one sentence", exact=True).fill("Other words.")
    page.get_by_label("In one sentence", exact=True).press("Tab")
    saved(page)
    page.locator("#draft-steps").get_by_role("link", name="YAML").click()
    page.wait_for_url("**/yaml*")
    expect(page.locator(".cm-content")).to_contain_text("summary: Other words.")
    expect(page.locator(".cm-content")).to_contain_text("title: One document   # for the start")
    assert page.locator("#text").input_value() == text_of(demo, "One document")
    # What was typed and not saved is there after a reload, in both.
    page.context.set_offline(True)
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# typed in a tunnel")
    page.keyboard.press("Enter")
    page.context.set_offline(False)
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("# typed in a tunnel")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    assert text_of(demo, "One document").startswith("# typed in a tunnel\n")


def test_tab_indents_and_escape_lets_the_keyboard_leave(demo: Any, opened: Callable[..., Page]) -> None:
    page = opened("No trap", "name: by-hand\nHERE")
    page.keyboard.press("Tab")
    page.keyboard.type("x")
    assert page.locator("#text").input_value() == "name: by-hand\n  x"
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.classList.contains('cm-content')")
    expect(page.locator("#text-keys")).to_contain_text("Escape and then Tab leaves")


def test_the_policy_stays_and_nothing_is_refused_by_it(demo: Any, browse: Callable[..., Page]) -> None:
    page = browse("sam")
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.add_init_script(REFUSED)
    new_draft(page, "By the policy")
    with page.expect_response(re.compile("/yaml$")) as answer:
        go(page, page.url.partition("/purpose")[0] + "/yaml")
    policy = answer.value.headers["content-security-policy"]
    assert re.search(r"style-src 'self' 'nonce-[\w-]{20,}';", policy)
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    page.locator(".cm-content").wait_for()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+f")
    page.locator(".cm-search").wait_for()
    page.keyboard.press("Escape")
    typed(page, "titel: x\n")
    expect(page.locator(".cm-lintRange-error").first).to_be_visible()
    proposed(page)
    assert [message for message in told if "Applying inline style" not in message] == []
    assert page.evaluate("window.refused") == []
