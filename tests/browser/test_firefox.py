"""The same in Debian's Firefox, which keeps pages and forms in ways of its own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from firefox import PROGRAM, Firefox
from visits import POLLING, SEEN, WAKE, differences

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNT = "document.querySelector('[data-pick-count]')?.textContent"
CARDS = "document.querySelectorAll('#results .card-tile').length"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory, demo: Any) -> Iterator[Firefox]:
    """Firefox, signed in as Maya."""
    if not PROGRAM.exists():
        pytest.skip("no Firefox: on Debian, apt-get install firefox-esr")
    with Firefox(tmp_path_factory.mktemp("firefox") / "profile") as browser:
        _sign_in(browser, demo.url)
        yield browser


def _sign_in(firefox: Firefox, url: str) -> None:
    firefox.open(f"{url}/sign-in")
    firefox.click('form:has(input[value="maya"]) button')
    firefox.until("location.pathname === '/' && document.readyState === 'complete'")


def test_the_whole_page_after_back_forward_reload_and_in_a_copied_tab(demo: Any, firefox: Firefox) -> None:
    wrong = []
    for name in POLLING:
        firefox.open(demo.url + demo.pages[name])
        firefox.js(WAKE)
        before, found = firefox.js(SEEN), {}
        firefox.open(f"{demo.url}/help")
        firefox.go(-1)
        found["Back"] = firefox.js(SEEN)
        firefox.go(1)
        firefox.go(-1)
        found["Back after Forward"] = firefox.js(SEEN)
        firefox.reload()
        found["reload"] = firefox.js(SEEN)
        with firefox.copied_tab():
            found["a copied tab"] = firefox.js(SEEN)
        wrong += [f"{name}, {how}: {told}" for how, after in found.items() if (told := differences(before, after))]
    assert not wrong, "\n".join(wrong)


def test_back_finds_what_was_searched_ticked_and_opened(demo: Any, firefox: Firefox) -> None:
    firefox.open(f"{demo.url}/data")
    firefox.click("#search")
    firefox.type("HL60")
    firefox.until(f"{CARDS} === 2")
    firefox.click("label.pick")
    firefox.click("li:nth-child(2) label.pick", shift=True)
    assert firefox.js(COUNT) == "2 datasets ticked"
    firefox.click("[data-pick-submit]")
    firefox.until("location.pathname === '/analyses'")
    firefox.go(-1)
    firefox.until(f"{COUNT} === '2 datasets ticked'")
    assert firefox.js(f"[{CARDS}, document.querySelector('#search').value, location.search]") == [
        2,
        "HL60",
        "?q=HL60",
    ]
    firefox.click("[data-pick-clear]")
    assert firefox.js("document.querySelector('[data-pick-bar]').hidden")
    firefox.open(demo.url + demo.pages["job-failed"])
    firefox.click("details[data-details=technical] summary")
    firefox.until("document.querySelector('details[data-details=technical]').open")
    firefox.open(f"{demo.url}/help")
    firefox.go(-1)
    firefox.until("document.querySelector('details[data-details=technical]').open")


def test_back_after_a_form_that_was_refused_keeps_what_was_typed(demo: Any, firefox: Firefox) -> None:
    firefox.open(demo.url + demo.pages["form"])
    firefox.js("document.querySelector('#f-iterations').value = '0'")
    firefox.js("document.querySelector('#start').requestSubmit() ?? true")
    firefox.until("document.querySelector('[data-error-summary]')")
    firefox.open(f"{demo.url}/help")
    firefox.go(-1)
    assert firefox.js("document.querySelector('#f-iterations').value") == "0"


def test_after_a_sign_out_back_shows_nothing_of_what_was_there(demo: Any, firefox: Firefox) -> None:
    firefox.open(f"{demo.url}/data?q=heart")
    firefox.until("document.body.innerText.includes('Zebrafish')")
    firefox.js("document.querySelector('details.menu').open = true")
    firefox.click("form[data-sign-out] button")
    firefox.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    firefox.ask("browsingContext.traverseHistory", context=firefox.tab, delta=-1)
    firefox.until(f"location.search.includes({json.dumps('next=')}) && document.readyState === 'complete'")
    assert "Zebrafish" not in firefox.js("document.documentElement.innerHTML")
