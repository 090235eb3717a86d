"""A licence that a site does not offer is told before Start, on the form and to programs; nothing is started."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asking import Asking
from page_forms import form_on
from sqlalchemy import func, select

from portal.config import load_settings
from portal.config.offered import all_tokens, tokens_at
from portal.identity.tokens import create_token
from portal.jobs.models import Submission
from portal.jobtype.load import shipped_folder

SOLVE = """\
name: solve
version: "1.0"
title: Solve
summary: Solves.
category: Any data
contact: staff
program: {{command: [solve, {{input: data}}]}}
inputs: [{{name: data, label: Data, dataset_types: ["*"]}}]
resources: {{default: one, variants: [{{name: one, label: One{kind}}}]}}
result_title: "{{input}}, solved"
outputs: [{{name: solved, dataset_type: result}}]
{more}
"""
SERVERS = "licence_servers: [{name: mesh}, {name: solver}]"
TOKENS = "licences: [{name: matlab}]"
ONLY_A100 = ", constraint: a100"
ALSO_ANY = ", constraint: a100}, {name: any, label: Any"
MESH = {"host": "licences.example.org", "ports": [27000]}


@pytest.fixture
def site_with(make_site: Any, tmp_path: Path) -> Callable[..., Any]:
    """`site_with("licences: …", slurm={…})`: a site with one more analysis, and these settings."""

    def make(more: str, *, kind: str = "", **changes: Any) -> Any:
        folder = tmp_path / "jobtypes"
        folder.mkdir()
        (folder / "solve.yaml").write_text(SOLVE.format(more=more, kind=kind), encoding="utf-8")
        return make_site(jobtypes=(shipped_folder(), folder), web={"sign_in_limit": "1000 per minute"}, **changes)

    return make


def asked(site: Any) -> Any:
    """What the form says, what sending it all the same gives, and the API's answer."""
    maya, dataset = site.client("maya"), site.facility.datasets["private"]
    page = maya.get(f"/analyses/solve/start?dataset={dataset}")
    form = form_on(page.text, "/analyses/solve/start")
    sent = maya.post("/analyses/solve/start", data=form.data())
    with site.database.write() as session:
        actor = site.facility.actors["maya"]
        _, secret = create_token(session, actor, "t", ("read", "submit"), days=1, now=datetime.now(UTC))
    body = {"analysis": "solve", "inputs": {"data": [dataset]}}
    return page.text, sent, Asking(site.app, secret)("POST", "/submissions/check", json=body)


def made(site: Any) -> int:
    with site.database.read() as session:
        return session.scalar(select(func.count()).select_from(Submission))


@pytest.mark.parametrize(
    ("more", "changes", "words"),
    [
        (SERVERS, {}, "the licence servers mesh and solver"),
        (SERVERS, {"licence_servers": {"mesh": MESH}}, "the licence server solver"),
        (TOKENS, {}, "a licence of matlab"),
        (TOKENS, {"scheduler": "slurm", "slurm": {"cluster": "c"}}, "a licence of matlab"),
    ],
)
def test_what_is_not_offered_is_told_and_nothing_is_started(
    site_with: Any, more: str, changes: Any, words: str
) -> None:
    site = site_with(more, **changes)
    before = made(site)
    page, sent, answer = asked(site)
    told = f"It needs {words}, which this site does not offer. Ask your facility&#39;s staff."
    assert told in page
    assert "btn-start" not in page
    assert sent.status_code == 409
    assert "Solve cannot run here." in sent.text
    assert answer.status_code == 409
    assert words in answer.json["detail"]
    assert made(site) == before


@pytest.mark.parametrize(
    ("more", "changes"),
    [
        (SERVERS, {"licence_servers": {"mesh": MESH, "solver": MESH}}),
        (TOKENS, {"scheduler": "slurm", "slurm": {"cluster": "c", "licences": {"matlab": "matlab"}}}),
        ("", {"kind": ONLY_A100, "scheduler": "slurm", "slurm": {"cluster": "c", "constraints": {"a100": "x"}}}),
    ],
)
def test_what_is_offered_starts(site_with: Any, more: str, changes: Any) -> None:
    page, sent, answer = asked(site_with(more, **changes))
    assert "does not offer" not in page
    assert sent.status_code == 303, sent.text
    assert answer.status_code == 200, answer.json


def test_a_kind_of_node_that_the_site_has_not_is_told_like_a_licence(site_with: Any) -> None:
    site = site_with("", kind=ONLY_A100)
    before = made(site)
    page, sent, answer = asked(site)
    assert "It needs a node of the kind a100, which this site does not offer." in page
    assert "btn-start" not in page
    assert (sent.status_code, answer.status_code, made(site)) == (409, 409, before)


def test_where_only_one_size_cannot_run_the_other_can_be_chosen(site_with: Any) -> None:
    site = site_with("", kind=ALSO_ANY)
    before = made(site)
    page, sent, answer = asked(site)
    assert "btn-start" in page
    assert sent.status_code == 422
    assert (
        sent.text.count("It needs a node of the kind a100, which this site does not offer.") >= 2
    )  # there, above
    assert answer.status_code == 422 and "variant" in answer.json["fields"]
    assert made(site) == before
    maya, dataset = site.client("maya"), site.facility.datasets["private"]
    form = form_on(maya.get(f"/analyses/solve/start?dataset={dataset}").text, "/analyses/solve/start")
    assert maya.post("/analyses/solve/start", data={**form.data(), "variant": "any"}).status_code == 303


def test_of_several_clusters_it_is_the_one_at_which_it_runs(tmp_path: Path) -> None:
    first = {"backend": "slurm", "slurm": {"licences": {"matlab": "matlab@flex"}}}
    second = {"backend": "slurm", "jobtypes": ["solve"], "slurm": {"licences": {"idl": "idl"}}}
    other = {"backend": "another", "jobtypes": ["elsewhere"]}
    settings = load_settings({}, var=tmp_path, clusters={"a": first, "b": second, "c": other})
    assert [list(tokens_at(settings, name) or ()) for name in ("qc", "solve")] == [["matlab"], ["idl"]]
    assert tokens_at(settings, "elsewhere") is None
    assert all_tokens(settings) == ["idl", "matlab"]


def test_the_editor_offers_what_there_is_and_says_what_a_draft_may_not_have(site_with: Any) -> None:
    slurm = {"cluster": "c", "licences": {"matlab": "matlab", "idl": "idl"}, "constraints": {"a100": "a100"}}
    site = site_with(
        "", scheduler="slurm", slurm=slurm, licence_servers={"mesh": MESH}, publisher={"licences": ["idl"]}
    )
    sam = site.client("sam")
    with site.database.write() as session:
        actor = site.facility.actors["sam"]
        _, secret = create_token(session, actor, "t", ("read", "submit"), days=1, now=datetime.now(UTC))

    def page(more: str, kind: str = "") -> str:
        text = SOLVE.format(more=more, kind=kind).replace("name: solve\n", "name: mine\n")
        made = Asking(site.app, secret)("POST", "/drafts", json={"text": text})
        assert made.status_code == 201, made.json
        return sam.get(f"/analyses/drafts/{made.json['id']}/resources").text

    shown = page("licences: [{name: idl}]\nlicence_servers: [{name: mesh}]")
    assert '<option value="idl" selected>idl</option>' in shown
    assert '<option value="matlab">matlab (not for what is made in the browser)</option>' in shown
    assert '<option value="mesh" selected>mesh (not for what is made in the browser)</option>' in shown
    assert "mesh is not for what is made in the browser: the publisher refuses it." in shown
    assert "a licence of comsol, which this site does not offer" in page("licences: [{name: comsol}]")
    assert "does not offer" not in page("licences: [{name: idl}]")
    shown = page("", ONLY_A100)
    assert '<option value="a100" selected>a100 (not for what is made in the browser)</option>' in shown
    assert "The kind of node a100 is not for what is made in the browser" in shown
    shown = page("", ", constraint: h100}, {name: any, label: Any")
    assert "One: It needs a node of the kind h100, which this site does not offer." in shown
