"""A form sent twice, presets, several values, changed values, long jobs: nothing is doubled or lost."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from page_forms import PageForm, form_on
from sqlalchemy import func, select, update

from portal.catalogue.models import Dataset
from portal.jobs.models import Job, Submission
from portal.jobs.state import State

PLACE = "/analyses/lightsheet-deconvolution/start"
PRESET = "/analyses/lightsheet-deconvolution/preset"
SEVERAL = "/analyses/lightsheet-deconvolution/several"
COUNTS = "/analyses/random-counts/start"


@pytest.fixture
def maya(site: Any) -> Any:
    return site.client("maya")


@pytest.fixture
def form(site: Any, maya: Any) -> PageForm:
    return form_on(maya.get(f"{PLACE}?dataset={site.facility.datasets['private']}").text, PLACE)


def submissions(site: Any) -> int:
    with site.database.read() as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


def a_while_ago(site: Any) -> None:
    with site.database.write() as session:
        session.execute(update(Submission).values(created=datetime.now(UTC) - timedelta(minutes=7)))


def test_a_double_click_makes_one(site: Any, maya: Any, form: PageForm) -> None:
    before = submissions(site)
    first, second = (maya.post(PLACE, data=form.data(option__iterations="5")) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert submissions(site) == before + 1


def test_the_same_form_after_back_is_asked_about_and_then_started(site: Any, maya: Any, form: PageForm) -> None:
    first = maya.post(PLACE, data=form.data(option__iterations="5", title="Twice")).location
    a_while_ago(site)
    before = submissions(site)
    asked = maya.post(PLACE, data=form.data(option__iterations="5", title="Twice"))
    assert asked.status_code == 409 and "idempotency key was used" not in asked.text
    assert (
        "This very form started" in asked.text
        and f'href="{first}"' in asked.text
        and "7 minutes ago" in asked.text
    )
    assert submissions(site) == before
    again = form_on(asked.text, PLACE)
    assert (again.value("title"), again.value("option.iterations")) == ("Twice", "5")
    second = maya.post(PLACE, data=again.data())
    assert second.status_code == 303 and second.location != first
    assert submissions(site) == before + 1


def test_other_values_after_back_are_another_submission_by_itself(site: Any, maya: Any, form: PageForm) -> None:
    first = maya.post(PLACE, data=form.data(option__iterations="5")).location
    before = submissions(site)
    for _click in range(2):
        answer = maya.post(PLACE, data=form.data(option__iterations="6"))
        assert answer.status_code == 303 and answer.location != first
    assert submissions(site) == before + 1


def test_of_several_datasets_the_same_holds(site: Any, maya: Any) -> None:
    mine = site.facility.datasets["private"]
    with site.database.write() as session:
        like = session.get_one(Dataset, mine)
        other = Dataset(
            investigation_id=like.investigation_id,
            type_id=like.type_id,
            name="Second",
            complete=True,
            date=like.date,
        )
        session.add(other)
        session.flush()
        both = f"dataset={mine}&dataset={other.id}"
    sent = form_on(maya.get(f"/analyses/qc/start?{both}").text, "/analyses/qc/start").data()
    first = maya.post("/analyses/qc/start", data=sent)
    assert first.status_code == 303 and "/batches/" in first.location
    assert maya.post("/analyses/qc/start", data=sent).location == first.location
    a_while_ago(site)
    asked = maya.post("/analyses/qc/start", data=sent)
    assert asked.status_code == 409 and f'<a href="{first.location}">2 jobs</a>' in asked.text
    second = maya.post("/analyses/qc/start", data=form_on(asked.text, "/analyses/qc/start").data())
    assert second.status_code == 303 and second.location != first.location


def test_of_a_trial_the_same_holds(site: Any, maya: Any) -> None:
    mine = site.facility.datasets["private"]
    trial = form_on(maya.get(f"{SEVERAL}?dataset={mine}&try=iterations").text, f"{SEVERAL}/start")
    sent = trial.data(values="5, 6", part="whole")
    first = maya.post(f"{SEVERAL}/start", data=sent)
    assert first.status_code == 303 and "/trials/" in first.location
    assert maya.post(f"{SEVERAL}/start", data=sent).location == first.location
    other = maya.post(f"{SEVERAL}/start", data=trial.data(values="5, 7", part="whole"))
    assert other.status_code == 303 and other.location != first.location
    a_while_ago(site)
    asked = maya.post(f"{SEVERAL}/start", data=sent)
    assert asked.status_code == 409 and "This very form started" in asked.text
    again = form_on(asked.text, f"{SEVERAL}/start")
    assert again.value("values") == "5, 6"
    assert maya.post(f"{SEVERAL}/start", data=again.data()).status_code == 303


def test_a_preset_says_what_it_changes_and_is_taken_back(site: Any, maya: Any, form: PageForm) -> None:
    typed = {"title": "My very name", "option__iterations": "37", "option__background": "12", "variant": "large"}
    names = [button["value"] for button in form.buttons if button.get("name") == "apply"]
    jobtype_presets = {name.casefold(): name for name in names}
    assert len(names) > 1
    wanted = names[1]
    answer = maya.post(PRESET, data={**form.data(**typed), "apply": wanted})
    page = maya.get(answer.location)
    chosen = form_on(page.text, PLACE)
    assert chosen.value("preset") == jobtype_presets[wanted.casefold()]
    assert (chosen.value("title"), chosen.value("option.background"), chosen.value("variant")) == (
        "My very name",
        "12",
        "large",
    )
    assert chosen.value("option.iterations") != "37"
    assert f"“{wanted}” changed" in page.text and "before it 37" in page.text
    assert chosen.value("was.iterations") == "37"
    back = maya.get(maya.post(PRESET, data={**chosen.data(option__background="13"), "undo": "1"}).location)
    restored = form_on(back.text, PLACE)
    assert (restored.value("option.iterations"), restored.value("option.background")) == ("37", "13")
    assert restored.value("title") == "My very name" and not restored.value("preset")


def test_enter_in_a_field_starts_and_chooses_no_preset(site: Any, maya: Any) -> None:
    html = maya.get(f"{PLACE}?dataset={site.facility.datasets['private']}").text
    first = re.search(r"<button[^>]*>", html[html.index('<form class="stack wide" id="start"') :])
    assert first is not None and "formaction" not in first.group() and 'type="submit"' in first.group()


def test_another_option_keeps_the_part_and_what_was_typed_for_each(site: Any, maya: Any) -> None:
    mine = site.facility.datasets["private"]
    start = f"{SEVERAL}/start"
    form = form_on(maya.get(f"{SEVERAL}?dataset={mine}&try=iterations&title=Named").text, start)
    assert any(button.get("value") == "sigma_xy" for button in form.buttons)
    sent = form.data(values="5, 9, 13", crop__box="0:8, 0:8, 0:8")
    sigma = form_on(
        maya.get(maya.post(f"{SEVERAL}/option", data={**sent, "switch": "sigma_xy"}).location).text, start
    )
    assert (sigma.value("try"), sigma.value("values")) == ("sigma_xy", "")
    assert (sigma.value("crop.box"), sigma.value("title")) == ("0:8, 0:8, 0:8", "Named")
    sent = sigma.data(how="range", **{"from": "300 nm", "to": "0,5", "number": "3"})
    back = form_on(
        maya.get(maya.post(f"{SEVERAL}/option", data={**sent, "switch": "iterations"}).location).text, start
    )
    assert (back.value("try"), back.value("values"), back.value("how")) == ("iterations", "5, 9, 13", "list")
    assert back.value("crop.box") == "0:8, 0:8, 0:8"
    there = form_on(
        maya.get(maya.post(f"{SEVERAL}/option", data={**back.data(), "switch": "sigma_xy"}).location).text, start
    )
    assert [there.value(name) for name in ("how", "from", "to", "number")] == ["range", "300 nm", "0,5", "3"]


def changed_values(maya: Any, job: str, place: str) -> PageForm:
    """The form behind "Run with changed values"."""
    page = maya.get(job).text
    link = re.search(rf'href="({place}\?[^"]+)"', page)
    assert link is not None and "Run with changed values" in page
    return form_on(maya.get(unescape(link.group(1))).text, place)


def test_run_with_changed_values_keeps_all_that_was_asked(site: Any, maya: Any, form: PageForm) -> None:
    names = [button["value"] for button in form.buttons if button.get("name") == "apply"]
    sent = form.data(title="Heart of mine", option__iterations="7", variant="large", option__box="0:8, 0:8, 0:8")
    started = maya.post(PLACE, data={**sent, "preset": names[0]}).location
    with site.database.write() as session:
        session.execute(update(Job).values(state=State.CANCELLED, ended=datetime.now(UTC)))
    changed = changed_values(maya, started, PLACE)
    assert changed.value("title") == "Heart of mine"
    assert changed.value("option.iterations") == "7"
    assert (changed.value("variant"), changed.value("preset")) == ("large", names[0])
    assert changed.value("option.box") == "0:8, 0:8, 0:8"


def test_a_name_that_the_values_made_does_not_stay_with_other_values(site: Any, maya: Any) -> None:
    """ "Random counts, 77 up to 100" is no name for 99 of them."""
    mine = str(site.facility.investigations["private"])
    form = form_on(maya.get(COUNTS).text, COUNTS)
    made = maya.post(COUNTS, data=form.data(experiment=mine, option__how_many="77")).location
    page = maya.get(made).text
    assert "77 up to" in page
    with site.database.write() as session:
        session.execute(update(Job).values(state=State.CANCELLED, ended=datetime.now(UTC)))
    changed = changed_values(maya, made, COUNTS)
    assert "77 up to" in (changed.value("title") or "")
    again = maya.get(maya.post(COUNTS, data=changed.data(option__how_many="99")).location).text
    assert "99 up to" in again and "77 up to" not in again
    kept = maya.post(COUNTS, data=changed.data(option__how_many="98", title="Dice")).location
    assert "Dice" in maya.get(kept).text


@pytest.fixture
def long_running(site: Any) -> int:
    with site.database.write() as session:
        begun = datetime.now(UTC) - timedelta(minutes=42)
        session.execute(update(Job).where(Job.id == site.job).values(state=State.RUNNING, started=begun))
    return 1000 + site.job


def test_what_has_run_for_long_is_not_cancelled_by_one_press(site: Any, maya: Any, long_running: int) -> None:
    place = f"/jobs/J-{long_running}/cancel"
    form = form_on(maya.get(f"/jobs/J-{long_running}").text, place)
    asked = maya.post(place, data=form.data())
    assert asked.status_code == 200 and "It has run for 42 minutes." in asked.text

    def wish() -> object:
        with site.database.read() as session:
            return session.get_one(Job, site.job).cancel_requested

    assert wish() is None
    assert f'href="/jobs/J-{long_running}"' in asked.text
    done = maya.post(place, data=form_on(asked.text, place).data())
    assert done.status_code == 303 and wish() is not None


def test_a_batch_with_a_long_job_asks_too_and_what_just_began_does_not(
    site: Any, maya: Any, long_running: int
) -> None:
    place = f"/batches/{site.submission}/cancel"
    token = form_on(maya.get("/me").text, "/me/tokens").value("csrf_token")
    asked = maya.post(place, data={"csrf_token": token})
    assert asked.status_code == 200 and "It has run for 42 minutes." in asked.text
    with site.database.write() as session:
        session.execute(update(Job).values(started=datetime.now(UTC) - timedelta(minutes=9)))
    assert maya.post(place, data={"csrf_token": token}).status_code == 303


def test_a_required_field_without_a_value_stands_in_the_open(site: Any, maya: Any, jobtypes_with: Any) -> None:
    """Whatever the job type calls advanced."""
    with jobtypes_with("lightsheet-deconvolution", "iterations", advanced=True, required=True, default=None):
        html = maya.get(f"{PLACE}?dataset={site.facility.datasets['private']}").text
    assert html.index('id="f-iterations"') < html.index('<details class="more"')


@pytest.fixture
def jobtypes_with(site: Any) -> Any:
    """`jobtypes_with(analysis, option, **changed)`: the site with another revision of an analysis, for a while."""

    @contextmanager
    def changed(name: str, option: str, **what: Any) -> Any:
        portal = site.app.extensions["gantry"]
        loaded = portal.load_jobtypes()
        jobtype = loaded.by_name[name]
        options = [one.model_copy(update=what) if one.name == option else one for one in jobtype.options]
        other = jobtype.model_copy(update={"options": options})
        fresh = replace(loaded, by_name={**loaded.by_name, name: other})
        site.app.extensions["gantry"] = replace(portal, load_jobtypes=lambda: fresh)
        yield
        site.app.extensions["gantry"] = portal

    return changed


def test_a_form_that_one_came_back_to_is_asked_about_however_soon(site: Any, maya: Any, form: PageForm) -> None:
    """Within seconds it had led to the first job, without a word that nothing new was started."""
    first = maya.post(PLACE, data=form.data(option__iterations="5")).location
    before = submissions(site)
    asked = maya.post(PLACE, data={**form.data(option__iterations="5"), "returned": "1"})
    assert asked.status_code == 409 and f'href="{first}"' in asked.text
    assert "a moment ago" in asked.text and "Nothing was started just now" in asked.text
    assert submissions(site) == before


@pytest.mark.parametrize("page", ("analyses", "trials"))
def test_the_same_form_twice_at_once_is_one_and_no_fault(
    site: Any, maya: Any, form: PageForm, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second had looked at the database before the first was written, and did not find it (500)."""
    place, data = PLACE, form.data(option__iterations="5")
    if page == "trials":
        private = site.facility.datasets["private"]
        sheet = form_on(maya.get(f"{SEVERAL}?dataset={private}&try=iterations").text, f"{SEVERAL}/start")
        place, data = sheet.action, sheet.data(values="2, 3", part="whole")
    twin, answers, real = site.app.test_client(), [], site.database.write
    for name in ("gantry_session", "gantry_page"):
        twin.set_cookie(name, maya.get_cookie(name).value)

    def other_press_first() -> Any:
        """The other one is through after this one has looked, and before it writes."""
        monkeypatch.setattr(site.database, "write", real)
        with ThreadPoolExecutor(1) as other:  # a request within a request would share what it holds
            answers.append(other.submit(twin.post, place, data=data).result())
        return real()

    before = submissions(site)
    monkeypatch.setattr(site.database, "write", other_press_first)
    answers.append(maya.post(place, data=data))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert submissions(site) == before + 1


def test_what_was_just_made_stands_on_the_page_that_says_so(site: Any, maya: Any) -> None:
    """A new token's page said "You have no tokens": it was read from before the token was written."""
    made = maya.post("/me/tokens", data=form_on(maya.get("/me").text, "/me/tokens").data(name="beamline"))
    assert "Your new token" in made.text
    assert "You have no tokens" not in made.text and ">beamline</span>" in made.text


@pytest.mark.parametrize("place", [PLACE, SEVERAL])
def test_an_analysis_that_was_changed_while_its_form_was_open_is_shown_and_not_started(
    site: Any, maya: Any, place: str
) -> None:
    dataset = site.facility.datasets["private"]
    to = place if place == PLACE else f"{place}/start"
    opened = form_on(maya.get(f"{place}?dataset={dataset}").text, to)
    assert opened.value("revision").startswith("sha256:")
    before = submissions(site)
    older = {"revision": "sha256:" + "0" * 64, "option.vanished": "5"}
    more = {"try": "iterations", "how": "list", "values": "5, 6"} if place == SEVERAL else {}
    sent = maya.post(to, data={**opened.data(option__iterations="17", title="Mine"), **more, **older})
    assert (sent.status_code, submissions(site)) == (409, before)
    page = " ".join(unescape(sent.text).split())
    assert "was changed while this page was open; it is version" in page
    assert "It has no setting vanished any more." in page and "Nothing was started" in page
    shown = form_on(sent.text, to)
    assert (shown.value("option.iterations"), shown.value("revision")) == ("17", opened.value("revision"))


def test_a_second_preset_is_taken_back_to_what_was_typed(site: Any, maya: Any, form: PageForm) -> None:
    """Undo had led to the first preset's values, and from there nowhere."""
    first, second = [button["value"] for button in form.buttons if button.get("name") == "apply"][1:3]

    def press(of: PageForm, **sent: str) -> Any:
        return maya.get(maya.post(PRESET, data={**of.data(option__background="12"), **sent}).location).text

    once = form_on(press(form, **{"option.iterations": "37", "apply": first}), PLACE)
    page = press(once, apply=second)
    assert "before it 37" in page and f"“{second}” changed" in page
    back = form_on(press(form_on(page, PLACE), undo="1"), PLACE)
    assert back.value("option.iterations") == "37" and not back.value("preset")
    # What was typed over the first preset's value is what is taken back.
    page = press(once, **{"option.iterations": "41", "apply": second})
    assert "before it 41" in page


def test_nothing_is_cut_off_while_it_is_typed(site: Any, maya: Any, form: PageForm) -> None:
    """A longest length drops the end of what is pasted without a word; the answer says it, with all of it."""
    long = "n" * 3000
    for page, place, name, words in (
        ("/access", "/access", "note", "500 characters at most"),
        ("/access", "/access", "number", "100 characters at most"),
        ("/device", "/device", "code", "code"),
        (f"{PLACE}?dataset={site.facility.datasets['private']}", PLACE, "title", "255"),
        (f"/jobs/J-{1000 + site.job}", f"/jobs/J-{1000 + site.job}/rename", "title", "255"),
    ):
        html = maya.get(page).text
        assert not re.search(rf'<(input|textarea)[^>]* name="{name}"[^>]* maxlength', html), page
        sent = {"number": ["E-77"], **form_on(html, place).data(**{name: long})}
        answer = maya.post(place, data=sent)
        assert answer.status_code in {404, 422} and words in answer.text, page
        assert long in answer.text, page
