"""Terms of a program: accepted once a person, of this very text; what for it is used; nothing starts without."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from page_forms import PageForm, form_on
from sqlalchemy import select

from portal.drafts.publishing import ask_to_try
from portal.drafts.revisions import RevisionDeed
from portal.drafts.service import create
from portal.jobs.models import Submission
from portal.jobtype.load import shipped_folder
from portal.terms.models import AcceptedTerms

SOLVE = """\
name: {name}
version: "1.0"
title: Solve
summary: Solves.
category: Any data
contact: the solver's people
program: {{command: [solve, {{option: depth}}, {{input: data}}]}}
inputs: [{{name: data, label: Data, dataset_types: ["*"]}}]
options: [{{name: depth, type: integer, label: Depth, default: 3, min: 1, max: 9}}]
resources: {{default: one, variants: [{{name: one, label: One}}]}}
result_title: "{{input}}, solved"
outputs: [{{name: solved, dataset_type: result}}]
{more}
"""
TERMS = "terms: {{name: solver, title: Terms of the solver, text: {text}, use: {use}}}"
START = "/analyses/solve/start"
SEVERAL = "/analyses/solve/several"


@pytest.fixture
def site_with(make_site: Any, tmp_path: Path) -> Callable[..., Any]:
    """`site_with(use="academic")`: a site with an analysis that has terms, and another one with the same text."""
    folder = tmp_path / "jobtypes"
    folder.mkdir()

    def make(text: str = "Cite <us>.", use: str = "either", **changes: Any) -> Any:
        terms = TERMS.format(text=json.dumps(text), use=use)
        (folder / "solve.yaml").write_text(SOLVE.format(name="solve", more=terms), encoding="utf-8")
        (folder / "other.yaml").write_text(
            SOLVE.format(name="other", more=terms.replace("name: solver", "name: same")), encoding="utf-8"
        )
        return make_site(jobtypes=(shipped_folder(), folder), web={"sign_in_limit": "1000 per minute"}, **changes)

    return make


def opened(site: Any, client: Any, where: str = START) -> tuple[str, PageForm]:
    page = client.get(f"{where}?dataset={site.facility.datasets['private']}").text
    return page, form_on(page, START)


def accepted(site: Any) -> list[AcceptedTerms]:
    with site.database.read() as session:
        return list(session.scalars(select(AcceptedTerms).order_by(AcceptedTerms.id)))


def paragraphs(page: str) -> list[str]:
    """What stands in the box with the terms."""
    found = re.search(r'<div class="terms-text"[^>]*>(.*?)</div>', page, re.DOTALL)
    return re.findall(r"<p>(.*?)</p>", found[1], re.DOTALL) if found else []


def test_the_text_stands_in_paragraphs_with_its_lines_as_they_were_broken(site_with: Any) -> None:
    site = site_with(text="One\r\n \r\n\r\n  Two <b>\n   - indented\n\n\nThree\n")
    maya = site.client("maya")
    page, form = opened(site, maya)
    held = ["One", "  Two &lt;b&gt;\n   - indented", "Three"]
    assert paragraphs(page) == held
    assert maya.post(START, data=form.data(accept_terms=tick(page))).status_code == 303
    assert paragraphs(maya.get("/me").text) == held


def newest(site: Any) -> Submission:
    with site.database.read() as session:
        return session.scalars(select(Submission).order_by(Submission.created.desc())).first()


def tick(page: str) -> str:
    return page.split('name="accept_terms" value="')[1].split('"', maxsplit=1)[0]


def test_without_the_tick_nothing_is_started_and_what_was_typed_stays(site_with: Any) -> None:
    site = site_with()
    maya = site.client("maya")
    page, form = opened(site, maya)
    assert "Terms of the solver" in page and "Cite &lt;us&gt;." in page
    assert "What do you use it for?" not in page
    before = newest(site).id
    answer = maya.post(START, data=form.data(option__depth="7"))
    assert answer.status_code == 422
    assert "Accept the terms “Terms of the solver” first. You are asked once." in answer.text
    assert 'href="#f-terms-accept"' in answer.text
    assert form_on(answer.text, START).value("option.depth") == "7"
    assert (newest(site).id, accepted(site)) == (before, [])


def test_accepted_once_they_are_asked_no_more_and_the_record_stands_on_her_page(site_with: Any) -> None:
    site = site_with()
    maya = site.client("maya")
    page, form = opened(site, maya)
    assert "Terms that I accepted" not in maya.get("/me").text
    assert maya.post(START, data=form.data(accept_terms=tick(page))).status_code == 303
    (row,) = accepted(site)
    assert (row.person_id, row.digest) == (site.facility.actors["maya"].person_id, tick(page))
    assert (row.title, row.text, row.link, row.use, row.analysis) == (
        *("Terms of the solver", "Cite <us>.", "", "either", "solve"),
    )
    again, form = opened(site, maya)
    assert 'name="accept_terms"' not in again
    assert "You accepted “" in again
    assert maya.post(START, data=form.data(option__depth="5")).status_code == 303
    # The same text under another analysis is the same terms.
    assert 'name="accept_terms"' not in maya.get("/analyses/other/start?dataset=1").text
    mine = maya.get("/me").text
    assert "Terms that I accepted" in mine and "Cite &lt;us&gt;." in mine and row.digest in mine
    assert len(accepted(site)) == 1


def test_nobody_accepts_for_somebody_else(site_with: Any) -> None:
    site = site_with()
    maya, sam = site.client("maya"), site.client("sam")
    page, form = opened(site, maya)
    assert maya.post(START, data=form.data(accept_terms=tick(page))).status_code == 303
    theirs, _form = opened(site, sam)
    assert 'name="accept_terms"' in theirs
    assert "Terms that I accepted" not in sam.get("/me").text


def test_another_text_is_asked_anew_and_a_tick_for_the_old_one_is_none(site_with: Any) -> None:
    site = site_with()
    maya = site.client("maya")
    page, form = opened(site, maya)
    old = tick(page)
    assert maya.post(START, data=form.data(accept_terms=old)).status_code == 303
    portal = site.app.extensions["gantry"]
    loaded = portal.load_jobtypes()
    solve = loaded.by_name["solve"]
    revised = solve.model_copy(update={"terms": solve.terms.model_copy(update={"text": "Pay us."})})
    fresh = replace(loaded, by_name={**loaded.by_name, "solve": revised})
    site.app.extensions["gantry"] = replace(portal, load_jobtypes=lambda: fresh)
    page, form = opened(site, maya)
    assert "Pay us." in page and tick(page) != old
    refused = maya.post(START, data=form.data(option__depth="4", accept_terms=old))
    assert refused.status_code == 422
    assert "are not those that you accepted" in refused.text
    data = form.data(option__depth="4", accept_terms=tick(page))
    assert maya.post(START, data=data).status_code == 303
    assert [one.text for one in accepted(site)] == ["Cite <us>.", "Pay us."]


@pytest.mark.parametrize("sent", ["sha256:" + "0" * 64, "on", "solver", "x" * 5000])
def test_a_tick_for_other_terms_accepts_nothing(site_with: Any, sent: str) -> None:
    site = site_with()
    maya = site.client("maya")
    _page, form = opened(site, maya)
    answer = maya.post(START, data=form.data(accept_terms=sent))
    assert answer.status_code == 422
    assert "are not those that you accepted: read them as they are now." in answer.text
    assert accepted(site) == []


def test_an_address_accepts_nothing_for_whoever_opens_it(site_with: Any) -> None:
    site = site_with()
    maya = site.client("maya")
    digest = tick(opened(site, maya)[0])
    page = maya.get(f"{START}?dataset={site.facility.datasets['private']}&accept_terms={digest}").text
    assert f'value="{digest}" checked' not in page
    assert "--accept-terms" not in page


def test_academic_use_is_asked_and_kept_with_the_job_and_commercial_use_is_refused(site_with: Any) -> None:
    site = site_with(use="academic")
    maya = site.client("maya")
    page, form = opened(site, maya)
    assert "What do you use it for?" in page
    ticked = {"accept_terms": tick(page)}
    unsaid = maya.post(START, data=form.data(**ticked))
    assert unsaid.status_code == 422
    assert "Say for what you use it: academic or commercial work." in unsaid.text
    refused = maya.post(START, data=form.data(**ticked, use="commercial"))
    assert refused.status_code == 422
    assert "Solve is for academic use only: it cannot be started for commercial work." in refused.text
    assert "Ask the solver&#39;s people whether there is another licence." in refused.text
    assert 'value="commercial" checked' in refused.text
    odd = maya.post(START, data=form.data(**ticked, use="military"))
    assert odd.status_code == 422 and "Say academic or commercial." in odd.text
    assert accepted(site) == []
    started = maya.post(START, data=form.data(**ticked, use="academic"))
    assert started.status_code == 303
    assert newest(site).use == "academic"
    assert "academic work" in maya.get(started.location).text
    # Accepted once; what for is asked each time.
    _page, form = opened(site, maya)
    assert maya.post(START, data=form.data(option__depth="5")).status_code == 422


def test_several_values_ask_the_same(site_with: Any) -> None:
    site = site_with(use="academic")
    maya = site.client("maya")
    page = maya.get(f"{SEVERAL}?dataset={site.facility.datasets['private']}&use=academic").text
    form = form_on(page, f"{SEVERAL}/start")
    values = {"values": "1, 2"}
    refused = maya.post(f"{SEVERAL}/start", data=form.data(**values))
    assert refused.status_code == 422, refused.text
    assert "Accept the terms" in refused.text
    started = maya.post(f"{SEVERAL}/start", data=form.data(**values, accept_terms=tick(page)))
    assert started.status_code == 303, started.text
    assert (newest(site).use, len(accepted(site))) == ("academic", 1)


def test_the_copied_command_says_exactly_this(site_with: Any) -> None:
    site = site_with(use="academic")
    maya = site.client("maya")
    page, form = opened(site, maya)
    data = form.data(accept_terms=tick(page), use="academic")
    beside = maya.post("/analyses/solve/part/beside", data=data, headers={"HX-Request": "true"}).text
    assert "--use academic --accept-terms solver" in beside
    assert f"accept_terms=&#39;{tick(page)}&#39;" in beside
    plain = maya.post("/analyses/solve/part/beside", data=form.data(), headers={"HX-Request": "true"}).text
    assert "--use" not in plain and "accept" not in plain


def test_where_there_are_no_terms_nothing_is_accepted(site_with: Any) -> None:
    site = site_with()
    maya = site.client("maya")
    page = maya.get(f"/analyses/qc/start?dataset={site.facility.datasets['private']}").text
    form = form_on(page, "/analyses/qc/start")
    answer = maya.post("/analyses/qc/start", data=form.data(accept_terms="sha256:" + "0" * 64, use="academic"))
    assert answer.status_code == 422
    assert "has no terms to accept. Leave this out." in answer.text


def test_whoever_tries_a_draft_accepts_its_terms_as_everybody(site_with: Any) -> None:
    site = site_with(use="academic")
    sam, person = site.client("sam"), site.facility.actors["sam"]
    text = SOLVE.format(name="mine", more=TERMS.format(text="Draft.", use="academic"))
    with site.database.write() as session:
        draft = create(session, person, text, now=datetime.now(UTC)).id
    with site.database.write() as session:
        wish = ask_to_try(session, person, draft, now=datetime.now(UTC))
        session.add(RevisionDeed(wish_id=wish.id, done=True, words="", by="", at=datetime.now(UTC)))
    place = f"/analyses/drafts/{draft}/try?on={site.facility.datasets['private']}"
    page = sam.get(place).text
    assert "Draft." in page and "What do you use it for?" in page
    data = {
        "csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page)[1],
        "on": str(site.facility.datasets["private"]),
    }
    before = newest(site).id
    for said in ({}, {"use": "academic"}, {"use": "commercial", "accept_terms": tick(page)}):
        answer = sam.post(f"/analyses/drafts/{draft}/try-it", data=data | said, follow_redirects=True)
        assert "Nothing was started" in answer.text
        assert (newest(site).id, accepted(site)) == (before, [])
    said = {"use": "academic", "accept_terms": tick(page)}
    sam.post(f"/analyses/drafts/{draft}/try-it", data=data | said)
    assert newest(site).draft and newest(site).use == "academic"
    assert [(one.text, one.analysis) for one in accepted(site)] == [("Draft.", "mine")]
