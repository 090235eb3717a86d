"""What was typed outlives what comes between a page and its post, for the person who typed it and nobody else."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from page_forms import PageForm, form_on
from sqlalchemy import delete, select, update

import portal.app as app_module
from portal.app import create_app
from portal.catalogue.models import Dataset, Investigation, InvestigationUser
from portal.identity.kept import KEPT_FOR, MOST_BYTES, MOST_OF_A_PERSON
from portal.identity.models import KeptForm, Person, WebSession
from portal.identity.people import HASHER
from portal.jobs.models import Job
from portal.web.forms.kept import NEVER_KEPT, SHOWN_AGAIN
from portal.web.signed_in import OPEN

PASSWORD = "correct horse battery"
PLACE = "/analyses/lightsheet-deconvolution/start"
SEVERAL = "/analyses/lightsheet-deconvolution/several"
KEPT = "What you typed is kept and waits for you"

NOTHING_TYPED = {
    *("drafts.retire", "drafts.publish_again", "drafts.use_measured", "drafts.change", "jobs.keep"),
    *("drafts.add_scripts", "drafts.remove_script"),
    "jobs.cancel", "jobs.retry", "jobs.release", "batches.cancel", "batches.retry", "batches.retry_cancelled",
    "access_requests.decide", "trials.throw_away", "trials.keep_after_all", "me.revoke", "notices.read",
    "notices.read_all", "sign_in.leave", "drafts.throw_away", "drafts.take_back", "drafts.undo", "drafts.unshare",
    "drafts.ask_to_try", "drafts.start_trial", "drafts.sign", "staging.sign", "presets.off", "presets.back",
    "drafts.choose_example",
}  # fmt: skip
"""Buttons: what stands in them is not typed."""
LIVE = {
    *("analyses.estimate", "trials.beside"),
    *("drafts.form", "drafts.saved", "drafts.log_tried", "drafts.find_experiments"),
}
"""What stands beside a form; the form itself is not sent."""
PASSWORDS = {"me.password"}
"""Passwords are kept nowhere."""


def sign_in(client: Any, place: str, name: str = "maya") -> Any:
    """Sign in on the page at `place`."""
    form = form_on(client.get(place).text, "/sign-in")
    return client.post("/sign-in", data=form.data(name=name, password=PASSWORD))


def give_password(site: Any, name: str) -> None:
    with site.database.write() as session:
        session.execute(update(Person).where(Person.name == name).values(password_hash=HASHER.hash(PASSWORD)))


def end_sign_ins(site: Any) -> None:
    with site.database.write() as session:
        session.execute(update(WebSession).values(expires=datetime.now(UTC) - timedelta(seconds=1)))


def forget_sign_ins(site: Any) -> None:
    with site.database.write() as session:
        session.execute(delete(WebSession))


@pytest.fixture
def maya(site: Any) -> Any:
    return site.client("maya")


def analysis_form(site: Any, client: Any) -> PageForm:
    return form_on(client.get(f"{PLACE}?dataset={site.facility.datasets['private']}").text, PLACE)


TYPED = {
    "title": "Mine, “second” try & more",
    "option__iterations": "37",
    "option__sigma_xy": "0,25",
    "option__clip": "true",
    "variant": "large",
}


def check_typed(form: PageForm, dataset: int) -> None:
    assert form.value("title") == TYPED["title"]
    assert form.value("option.iterations") == "37"
    assert form.value("option.sigma_xy") == "0,25"
    assert form.value("variant") == "large"
    assert form.value("dataset") == str(dataset)


@pytest.mark.parametrize("end", [end_sign_ins, forget_sign_ins], ids=["expired", "ended elsewhere"])
def test_a_form_outlives_its_sign_in_two_wrong_passwords_and_a_restart(
    site: Any, maya: Any, end: Callable[[Any], None]
) -> None:
    form = analysis_form(site, maya)
    end(site)
    answer = maya.post(PLACE, data=form.data(**TYPED))
    assert answer.status_code == 303
    target = parse_qs(urlsplit(answer.location).query)["next"][0]  # nothing typed stands in an address
    assert re.fullmatch(rf"{PLACE}\?kept=[0-9a-f]{{32}}", target)
    page = maya.get(answer.location)
    assert KEPT in page.text
    for guess in ("wrong wrong", "and wrong again"):
        wrong = maya.post("/sign-in", data=form_on(page.text, "/sign-in").data(name="maya", password=guess))
        assert wrong.status_code == 401 and KEPT in wrong.text
        page = wrong
    site.app = create_app(site.settings, database=site.database)
    again = site.app.test_client()
    for cookie in ("gantry_page",):
        again.set_cookie(cookie, maya.get_cookie(cookie).value)
    back = again.post("/sign-in", data=form_on(page.text, "/sign-in").data(name="maya", password=PASSWORD))
    assert back.status_code == 303
    filled = form_on(again.get(back.location).text, PLACE)
    check_typed(filled, site.facility.datasets["private"])
    # It is sent after all, as it was typed, and is then kept no longer.
    made = again.post(PLACE, data=filled.data())
    assert made.status_code == 303 and "/jobs/J-" in made.location
    with site.database.read() as session:
        job = session.scalars(select(Job).order_by(Job.id.desc()).limit(1)).one()
        assert (job.title, job.options["iterations"], job.options["sigma_xy"]) == (TYPED["title"], 37, 0.25)
        assert session.scalars(select(KeptForm)).all() == []


def test_whoever_signs_in_next_gets_nothing_of_it(site: Any, maya: Any) -> None:
    give_password(site, "tom")
    form = analysis_form(site, maya)
    end_sign_ins(site)
    place = maya.post(PLACE, data=form.data(**TYPED)).location
    target = parse_qs(urlsplit(place).query)["next"][0]
    come = sign_in(maya, place, name="tom")
    shown = maya.get(come.location)
    assert come.location == target
    assert 'value="37"' not in shown.text and "“second”" not in shown.text and "0,25" not in shown.text
    assert "Somebody else had filled in this form" in shown.text
    # It waits for Maya.
    check_typed(form_on(site.client("maya").get(target).text, PLACE), site.facility.datasets["private"])


def test_a_form_of_somebody_else_is_not_sent_in_the_name_of_who_is_signed_in_now(site: Any, maya: Any) -> None:
    give_password(site, "tom")
    form = analysis_form(site, maya)
    tab = site.client("tom")
    maya.set_cookie("gantry_session", tab.get_cookie("gantry_session").value)
    answer = maya.post(PLACE, data=form.data(**TYPED))
    assert answer.status_code == 400 and "filled in by somebody else" in answer.text
    with site.database.read() as session:
        assert session.scalars(select(Job).where(Job.title == TYPED["title"])).all() == []
        kept = session.scalars(select(KeptForm)).one()
        assert kept.person_id == site.facility.actors["maya"].person_id


def test_a_form_that_is_older_than_the_sign_in_comes_back_filled_in(site: Any, maya: Any) -> None:
    form = analysis_form(site, maya)
    maya.delete_cookie("gantry_page")  # as a sign-in in another tab leaves it
    answer = maya.post(PLACE, data=form.data(**TYPED))
    assert answer.status_code == 303 and answer.location.startswith(f"{PLACE}?kept=")
    page = maya.get(answer.location)
    assert "All is as you typed it" in page.text
    check_typed(form_on(page.text, PLACE), site.facility.datasets["private"])
    again = maya.get(answer.location)  # and once more, after Back or a reload
    check_typed(form_on(again.text, PLACE), site.facility.datasets["private"])


def test_a_post_from_another_site_is_not_kept(site: Any, maya: Any) -> None:
    """It has no sign of who it was made for, and none that is anybody else's."""
    form = analysis_form(site, maya)
    forger = site.app.test_client()
    for sign in (None, "", "W10.made-up", form.value("form_of") + "x"):
        answer = forger.post(PLACE, data=form.data(**TYPED, form_of=sign))
        assert answer.status_code == 303 and "kept" not in answer.location
        assert KEPT not in forger.get(answer.location).text
    with site.database.read() as session:
        assert session.scalars(select(KeptForm)).all() == []


def test_a_dataset_that_is_gone_costs_nothing_else(site: Any, maya: Any) -> None:
    form = analysis_form(site, maya)
    end_sign_ins(site)
    place = maya.post(PLACE, data=form.data(**TYPED)).location
    with site.database.write() as session:
        gone = session.get_one(Dataset, site.facility.datasets["private"])
        session.execute(
            delete(InvestigationUser).where(InvestigationUser.investigation_id == gone.investigation_id)
        )
        session.get_one(Investigation, gone.investigation_id).release_date = None
    come = sign_in(maya, place)
    page = maya.get(come.location)
    assert "1 dataset of those that were chosen cannot be seen any more" in page.text
    filled = form_on(page.text, PLACE)
    assert (filled.value("title"), filled.value("option.iterations")) == (TYPED["title"], "37")
    assert filled.value("dataset") == ""  # to be chosen
    # Between page and post, too: what was typed stands on the answer.
    answer = maya.post(PLACE, data=filled.data(dataset=str(gone.id)))
    assert answer.status_code == 404
    assert form_on(answer.text, PLACE).value("option.sigma_xy") == "0,25"


def test_another_revision_of_the_analysis_keeps_what_it_still_asks_for(site: Any, maya: Any) -> None:
    form = analysis_form(site, maya)
    old = {"option.taken_away": "5", "preset": "Of yesterday"}
    answer = maya.post(PLACE, data={**form.data(**TYPED), **old, "variant": "of-yesterday"})
    assert answer.status_code == 422
    filled = form_on(answer.text, PLACE)
    assert (filled.value("title"), filled.value("option.iterations")) == (TYPED["title"], "37")
    assert "taken_away" in answer.text
    assert filled.value("option.taken_away") is None and filled.value("preset") is None
    assert filled.value("variant") == "standard"
    assert maya.post(PLACE, data=filled.data()).status_code == 303


def test_the_form_of_a_trial_is_kept_with_its_part_and_values(site: Any, maya: Any) -> None:
    where = f"{SEVERAL}?dataset={site.facility.datasets['private']}&try=iterations&option.sigma_xy=0.5"
    form = form_on(maya.get(where).text, f"{SEVERAL}/start")
    end_sign_ins(site)
    sent = {"values": "5; 7; 11", "crop__box": "0:8, 0:8, 0:8", "title": "A name"}
    place = maya.post(f"{SEVERAL}/start", data=form.data(**sent)).location
    assert KEPT in maya.get(place).text
    filled = form_on(maya.get(sign_in(maya, place).location).text, f"{SEVERAL}/start")
    assert filled.value("values") == "5; 7; 11"
    assert filled.value("crop.box") == "0:8, 0:8, 0:8"
    assert (filled.value("title"), filled.value("option.sigma_xy")) == ("A name", "0.5")


def test_a_new_name_a_token_and_a_code_are_kept_too(site: Any, maya: Any) -> None:
    job = f"/jobs/J-{1000 + site.job}"
    sent = [
        (job, f"{job}/rename", {"title": "Another name"}),
        ("/me", "/me/tokens", {"name": "beamline", "scopes": "submit", "days": "30"}),
        ("/device", "/device", {"code": "WDJB-MJ"}),
    ]
    forms = [(page, action, form_on(maya.get(page).text, action), typed) for page, action, typed in sent]
    for page, action, form, typed in forms:
        end_sign_ins(site)
        place = maya.post(action, data=form.data(**typed)).location
        assert KEPT in maya.get(place).text, action
        come = sign_in(maya, place)
        assert urlsplit(come.location).path == page
        filled = form_on(maya.get(come.location).text, action)
        for name, text in typed.items():
            assert filled.value(name) == text, (action, name)


def test_a_name_that_cannot_be_taken_stays_in_its_field(site: Any, maya: Any) -> None:
    job = f"/jobs/J-{1000 + site.job}"
    form = form_on(maya.get(job).text, f"{job}/rename")
    answer = maya.post(f"{job}/rename", data=form.data(title="x" * 300))
    assert answer.status_code == 422
    assert form_on(answer.text, f"{job}/rename").value("title") == "x" * 300
    assert "up to 255 characters" in answer.text and '<details class="more" open>' in answer.text


def test_of_a_button_it_is_said_that_nothing_was_done(site: Any, maya: Any) -> None:
    job = f"/jobs/J-{1000 + site.job}"
    form = form_on(maya.get(job).text, f"{job}/cancel")
    end_sign_ins(site)
    answer = maya.post(f"{job}/cancel", data=form.data(), headers={"Referer": f"http://localhost{job}"})
    page = maya.get(answer.location)
    assert "nothing was changed" in page.text and KEPT not in page.text
    assert f'value="{job}"' in page.text


def test_passwords_are_kept_nowhere(site: Any, maya: Any) -> None:
    form = form_on(maya.get("/me").text, "/me/password")
    end_sign_ins(site)
    typed = {"current": PASSWORD, "new": "another horse battery", "again": "another horse battery"}
    answer = maya.post("/me/password", data=form.data(**typed))
    assert "horse" not in answer.location and KEPT not in maya.get(answer.location).text
    with site.database.read() as session:
        assert session.scalars(select(KeptForm)).all() == []
    assert {"password", "current", "new", "again", "csrf_token"} <= NEVER_KEPT


def test_too_many_wrong_passwords_do_not_lose_it_either(make_site: Any) -> None:
    site = make_site(web={"sign_in_limit": "1 per minute"})
    maya = site.client("maya")
    form = analysis_form(site, maya)
    end_sign_ins(site)
    page = maya.get(maya.post(PLACE, data=form.data(**TYPED)).location)
    wrong = form_on(page.text, "/sign-in").data(name="maya", password="wrong wrong")
    maya.post("/sign-in", data=wrong)
    refused = maya.post("/sign-in", data=wrong)
    assert refused.status_code == 429
    link = re.search(r'href="(/sign-in[^"]*)">Sign in', refused.text)
    assert link is not None and KEPT in maya.get(unescape(link.group(1))).text


def test_nobody_is_told_that_passwords_are_kept(site: Any, maya: Any) -> None:
    form = form_on(maya.get("/me").text, "/me/password")
    answer = maya.post(
        "/me/password", data=form.data(current="wrong wrong", new="long enough", again="long enougg")
    )
    assert answer.status_code == 422 and "One thing needs a look." in answer.text
    assert "Nothing you typed is lost" not in answer.text
    token = form_on(maya.get("/me").text, "/me/tokens")
    answer = maya.post("/me/tokens", data=token.data(name="beamline", scopes=None))
    assert answer.status_code == 422 and "Nothing you typed is lost" in answer.text
    assert form_on(answer.text, "/me/tokens").value("name") == "beamline"


def test_an_old_sign_in_page_keeps_the_name(site: Any) -> None:
    client = site.client()
    form = form_on(client.get("/sign-in?next=/data").text, "/sign-in")
    client.delete_cookie("gantry_page")
    answer = client.post("/sign-in", data=form.data(name="maya", password=PASSWORD))
    assert answer.status_code == 303
    page = client.get(answer.location)
    filled = form_on(page.text, "/sign-in")
    assert (filled.value("name"), filled.value("next")) == ("maya", "/data")
    assert "Type the password again" in page.text and PASSWORD not in page.text


def test_what_is_kept_is_bounded_in_size_number_and_time(site: Any, maya: Any) -> None:
    form = analysis_form(site, maya)
    end_sign_ins(site)
    long = {f"option.x{n}": "x" * 4000 for n in range(MOST_BYTES // 4000 + 1)}
    answer = maya.post(PLACE, data={**form.data(), **long})
    page = maya.get(answer.location)
    assert "too large to be kept" in page.text and KEPT not in page.text
    for number in range(MOST_OF_A_PERSON + 3):
        maya.post(PLACE, data=form.data(title=f"Title {number}"))
    with site.database.write() as session:
        kept = session.scalars(select(KeptForm).order_by(KeptForm.created)).all()
        assert len(kept) == MOST_OF_A_PERSON
        assert ["title", f"Title {MOST_OF_A_PERSON + 2}"] in kept[-1].fields
        session.execute(update(KeptForm).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    last = maya.post(PLACE, data=form.data(title="The last")).location
    with site.database.read() as session:
        only = session.scalars(select(KeptForm)).one()
        assert only.expires - only.created == KEPT_FOR
    target = parse_qs(urlsplit(last).query)["next"][0]
    with site.database.write() as session:
        session.execute(update(KeptForm).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert KEPT not in maya.get(last).text
    assert "no longer kept" in site.client("maya").get(target).text


def test_every_form_is_kept_or_has_nothing_typed_into_it(site: Any) -> None:
    """A new form: a line in SHOWN_AGAIN, and its page fills it in from `kept_fields`; a button: a line here."""
    posts = {
        rule.endpoint
        for rule in site.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith("api")
    }
    assert posts - OPEN == SHOWN_AGAIN.keys() | NOTHING_TYPED | LIVE | PASSWORDS


def test_forms_that_are_kept_and_no_others_say_so_to_the_script() -> None:
    """Where a sign-in ended while one types, the page says what becomes of it: by `data-keeps`."""
    folder = Path(app_module.__file__).parent / "web" / "templates"
    said = {}
    for template in folder.rglob("*.html"):
        for tag in re.findall(r"<form\b[^>]*method=\"post\"[^>]*>", template.read_text(encoding="utf-8")):
            found = re.search(r'action="{{ url_for\("([a-z_.]+)"', tag)
            if found and found.group(1) not in OPEN:
                said[found.group(1)] = "data-keeps" in tag
    assert {"access_requests.ask", "batches.rename", "jobs.rename", "analyses.begin"} <= said.keys()
    assert said == {endpoint: endpoint in SHOWN_AGAIN for endpoint in said}
