"""Presets that people keep: for themselves, their team, everybody; as last time; nothing is taken over unseen."""

import re
from typing import Any

import pytest
from page_forms import PageForm, form_on
from sqlalchemy import delete, select, update

from portal.catalogue.models import InvestigationUser, User
from portal.jobs.models import Job, Submission
from portal.presets.models import SavedPreset

QC = "/analyses/qc/start"
ASK = "/analyses/qc/presets/ask"
NEW = "/analyses/qc/presets/new"
LIST = "/analyses/qc/presets"
SHEET = "/analyses/lightsheet-deconvolution/start"


def filled(site: Any, client: Any, name: str = "private", **typed: str) -> PageForm:
    """The page that keeps, opened from the form with these values typed into it."""
    form = form_on(client.get(f"{QC}?dataset={site.facility.datasets[name]}").text, QC)
    asked = client.post(ASK, data=form.data(**typed))
    assert asked.status_code == 303
    return form_on(client.get(asked.location).text, NEW)


def kept(site: Any, client: Any, name: str = "Fine", whose: str = "mine", **typed: str) -> Any:
    typed = typed or {"option__histogram_bins": "64"}
    page = filled(site, client, "public" if whose == "facility" else "private", **typed)
    return client.post(NEW, data=page.data(preset_name=name, whose=whose))


@pytest.fixture
def maya(site: Any) -> Any:
    return site.client("maya")


def starts_from(html: str) -> list[str]:
    return [one["value"] for one in form_on(html, QC).buttons if one.get("name") == "apply"]


def test_what_is_kept_is_offered_and_fills_the_form(site: Any, maya: Any) -> None:
    page = filled(site, maya, option__histogram_bins="64", option__projection="mean")
    assert page.data()["keep"] == ["projection", "histogram_bins"]
    made = maya.post(NEW, data=page.data(preset_name="  Fine  bars ", note="For the report"))
    assert made.status_code == 303 and "preset=mine%2FFine+bars" in made.location
    shown = maya.get(made.location).text
    assert "“Fine bars” is kept" in shown
    fresh = maya.get(f"{QC}?dataset={site.facility.datasets['private']}").text
    assert starts_from(fresh) == ["Recommended", "mine/Fine bars"]
    sent = {**form_on(fresh, QC).data(), "apply": ["mine/Fine bars"]}
    chosen = maya.post("/analyses/qc/preset", data=sent, follow_redirects=True).text
    form = form_on(chosen, QC)
    assert (form.value("option.histogram_bins"), form.value("option.projection")) == ("64", "mean")
    assert "“Fine bars” changed 2 values" in chosen
    undone = maya.post("/analyses/qc/preset", data={**form.data(), "undo": ["1"]}, follow_redirects=True).text
    assert form_on(undone, QC).value("option.histogram_bins") == "256"
    started = maya.post(QC, data=form.data())
    assert started.status_code == 303
    with site.database.read() as session:
        submission = session.scalars(select(Submission).order_by(Submission.created.desc())).first()
        assert submission.preset == "mine/Fine bars" and submission.options["histogram_bins"] == 64
        # What ran is the published revision, not one with somebody's preset in it.
        names = [one["name"] for one in submission.revision.document["presets"]]
        assert names == ["Recommended"]


ONE = """\
name: one
version: "1"
title: One
summary: Has one preset.
category: Any data
contact: staff
program: {command: [one, {option: size}, {input: data}]}
inputs: [{name: data, label: Data, dataset_types: ["*"]}]
options: [{name: size, type: integer, label: Size, default: 7}]
presets: [PRESETS]
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}"
outputs: [{name: out, dataset_type: result}]
"""
SMALL, USUAL = "{name: Small, values: {size: 3}}", "{name: Usual, values: {size: 7}}"


@pytest.mark.parametrize(
    ("presets", "shown", "current"),
    [
        (SMALL, ["Small"], []),
        (USUAL, [], []),
        (f"{SMALL}, {USUAL}", ["Small", "Usual"], ["Usual"]),
    ],
)
def test_a_preset_is_offered_where_it_changes_something_and_is_marked_where_it_holds(
    make_site: Any, tmp_path: Any, presets: str, shown: list[str], current: list[str]
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "one.yaml").write_text(ONE.replace("PRESETS", presets))
    site = make_site(jobtypes=(tmp_path / "own",), web={"sign_in_limit": "1000 per minute"})
    address = f"/analyses/one/start?dataset={site.facility.datasets['private']}"
    page = site.client("maya").get(address)
    assert page.status_code == 200
    buttons = [one for one in form_on(page.text, "/analyses/one/start").buttons if one.get("name") == "apply"]
    assert [one["value"] for one in buttons] == shown
    assert [one["value"] for one in buttons if one.get("aria-current")] == current


def test_where_one_of_several_types_goes_in_all_of_them_are_offered(make_site: Any, tmp_path: Any) -> None:
    (tmp_path / "own").mkdir()
    text = ONE.replace("PRESETS", SMALL).replace('dataset_types: ["*"]', 'dataset_types: ["stack a", "scan b"]')
    text += "needs: [{when: files.count > 0}]\n"
    (tmp_path / "own" / "one.yaml").write_text(text)
    site = make_site(jobtypes=(tmp_path / "own",), web={"sign_in_limit": "1000 per minute"})
    maya = site.client("maya")
    link = re.search(r'href="(/data\?[^"]*fits=one[^"]*)"', maya.get("/analyses/one/start").text)
    assert link is not None and "type=" not in link[1]
    page = maya.get(link[1].replace("&amp;", "&")).text
    assert "It takes stack a or scan b. Not every dataset will do" in page


def test_a_preset_chosen_from_elsewhere_gives_its_values(site: Any, maya: Any) -> None:
    assert kept(site, maya).status_code == 303
    csrf = form_on(maya.get(f"{QC}?dataset={site.facility.datasets['private']}").text, QC).value("csrf_token")
    data = {"csrf_token": csrf, "dataset": site.facility.datasets["private"], "preset": "mine/Fine"}
    assert maya.post(QC, data=data).status_code == 303
    with site.database.read() as session:
        assert session.scalars(select(Job).order_by(Job.id.desc())).first().options["histogram_bins"] == 64


def test_nobody_else_has_ones_own(site: Any, maya: Any) -> None:
    assert kept(site, maya).status_code == 303
    with site.database.read() as session:
        number = session.scalars(select(SavedPreset.id)).one()
    for name in ("tom", "ravi", "sam"):
        client = site.client(name)
        assert "Fine" not in client.get(LIST).text
        csrf = form_on(client.get(f"{QC}?dataset={site.facility.datasets['public']}").text, QC).value("csrf_token")
        for what in ("off", "back"):
            assert client.post(f"/analyses/presets/{number}/{what}", data={"csrf_token": csrf}).status_code == 404
        data = {"csrf_token": csrf, "dataset": site.facility.datasets["public"], "preset": "mine/Fine"}
        refused = client.post(QC, data=data)
        assert refused.status_code in {403, 422}
    assert "Fine" in maya.get(LIST).text


def test_a_team_has_what_is_shared_with_it_and_leaves_it_with_the_team(site: Any, maya: Any) -> None:
    experiment = str(site.facility.investigations["private"])
    assert kept(site, maya, "Ours", experiment).status_code == 303
    ravi = site.client("ravi")
    assert "E1/Ours" in ravi.get(LIST).text  # who looks after the instrument is in the team
    with site.database.write() as session:
        row = session.scalars(
            select(InvestigationUser).where(InvestigationUser.investigation_id == int(experiment))
        ).one()
        tom = session.scalars(select(User).where(User.name == "tom")).one()
        session.add(InvestigationUser(investigation_id=row.investigation_id, user=tom, role="member"))
    toms = site.client("tom")
    page = toms.get(LIST).text
    assert "E1/Ours" in page and "Take off Ours" not in page
    with site.database.write() as session:
        number = session.scalars(select(SavedPreset.id)).one()
        session.execute(delete(InvestigationUser).where(InvestigationUser.role == "member"))
    assert "E1/Ours" not in toms.get(LIST).text
    csrf = form_on(maya.get(f"{QC}?dataset={site.facility.datasets['private']}").text, QC).value("csrf_token")
    assert maya.post(f"/analyses/presets/{number}/off", data={"csrf_token": csrf}).status_code == 303
    assert "E1/Ours" not in maya.get(LIST).text


def test_one_shares_with_ones_own_team_alone_and_only_staff_with_everybody(site: Any, maya: Any) -> None:
    for whose in (str(site.facility.investigations["other"]), "0", "99999999999999999999", "abc"):
        refused = kept(site, maya, "Ours", whose)
        assert refused.status_code == 422 and "not in the team" in refused.text, whose
    page = filled(site, maya)
    assert maya.post(NEW, data=page.data(preset_name="Ours", whose="facility")).status_code == 403
    with site.database.read() as session:
        assert session.scalars(select(SavedPreset)).all() == []
    sam = site.client("sam")
    assert kept(site, sam, "House", "facility").status_code == 303
    assert "facility/House" in maya.get(LIST).text and "Take off House" not in maya.get(LIST).text


def test_a_name_that_is_taken_is_said_and_replaced_only_when_asked(site: Any, maya: Any) -> None:
    assert kept(site, maya).status_code == 303
    again = filled(site, maya, option__histogram_bins="32")
    taken = maya.post(NEW, data=again.data(preset_name="FINE"))
    assert taken.status_code == 409 and "already" in taken.text and "Replace the one" in taken.text
    page = form_on(taken.text, NEW)
    assert page.value("preset_name") == "FINE" and page.value("option.histogram_bins") == "32"
    assert maya.post(NEW, data=page.data(replace="1")).status_code == 303
    with site.database.read() as session:
        one = session.scalars(select(SavedPreset)).one()
        assert (one.name, one.options["histogram_bins"]) == ("FINE", 32)


@pytest.mark.parametrize("name", ["", "   ", "a/b", "x" * 61, "a\x07b"])
def test_a_name_that_cannot_be_is_refused_and_nothing_lost(site: Any, maya: Any, name: str) -> None:
    page = filled(site, maya, option__histogram_bins="32")
    refused = maya.post(NEW, data=page.data(preset_name=name, note="Why"))
    assert refused.status_code == 422
    shown = form_on(refused.text, NEW)
    assert (shown.value("note"), shown.value("option.histogram_bins")) == ("Why", "32")


def test_what_is_wrong_or_not_ticked_is_not_kept(site: Any, maya: Any) -> None:
    page = filled(site, maya, option__histogram_bins="many")
    assert page.data()["keep"] == ["projection"]
    forged = {**page.data(preset_name="Odd"), "keep": ["histogram_bins", "no_such", "projection"]}
    assert maya.post(NEW, data=forged).status_code == 303
    with site.database.read() as session:
        assert session.scalars(select(SavedPreset)).one().options == {"projection": "max"}
    none = maya.post(NEW, data=filled(site, maya).data(preset_name="None", keep=None))
    assert none.status_code == 422 and "at least one" in none.text and "built-in" not in none.text


def test_taken_off_and_back(site: Any, maya: Any) -> None:
    assert kept(site, maya).status_code == 303
    with site.database.read() as session:
        number = session.scalars(select(SavedPreset.id)).one()
    csrf = form_on(maya.get(f"{QC}?dataset={site.facility.datasets['private']}").text, QC).value("csrf_token")
    gone = maya.post(f"/analyses/presets/{number}/off", data={"csrf_token": csrf}, follow_redirects=True).text
    assert "Take it back" in gone and "No presets yet" in gone
    assert kept(site, maya).status_code == 303  # its name is free
    back = maya.post(f"/analyses/presets/{number}/back", data={"csrf_token": csrf}, follow_redirects=True).text
    assert "was kept there since" in back


def test_an_option_that_the_analysis_has_no_more_is_said(site: Any, maya: Any) -> None:
    assert kept(site, maya).status_code == 303
    with site.database.write() as session:
        options = {"projection": "median", "histogram_bins": 64, "gone": 3}
        session.execute(update(SavedPreset).values(options=options))
    assert "Projections show and gone is left out" in maya.get(LIST).text
    fresh = form_on(maya.get(f"{QC}?dataset={site.facility.datasets['private']}").text, QC)
    chosen = maya.post(
        "/analyses/qc/preset", data={**fresh.data(), "apply": ["mine/Fine"]}, follow_redirects=True
    ).text
    assert "Projections show and gone is left out" in chosen
    # Who chooses it by name, and says no value in the place of the lost one, starts nothing.
    data = {
        "csrf_token": fresh.value("csrf_token"),
        "dataset": site.facility.datasets["private"],
        "preset": "mine/Fine",
    }
    refused = maya.post(QC, data=data)
    assert refused.status_code == 422 and "another value of Projections show" in refused.text


def test_as_last_time_takes_over_what_was_chosen_and_not_what_datasets_say(site: Any, maya: Any) -> None:
    where = f"{SHEET}?dataset={site.facility.datasets['private']}"
    form = form_on(maya.get(where).text, SHEET)
    typed = form.data(option__iterations="7", option__voxel_xy="0.2", option__voxel_z="0.9")
    assert maya.post(SHEET, data=typed).status_code == 303
    fresh = maya.get(where).text
    assert "As last time" in fresh
    chosen = maya.post(
        "/analyses/lightsheet-deconvolution/preset",
        data={**form_on(fresh, SHEET).data(), "apply": ["last"]},
        follow_redirects=True,
    ).text
    after = form_on(chosen, SHEET)
    assert after.value("option.iterations") == "7"
    assert after.value("option.voxel_xy") == form.value("option.voxel_xy") != "0.2"
    assert "As last time" not in site.client("tom").get(f"{QC}?dataset={site.facility.datasets['public']}").text
