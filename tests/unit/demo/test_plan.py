"""The plan of the demo facility holds together."""

from datetime import date, timedelta

from portal.demo.generate.plan import FacilityPlan
from portal.demo.generate.whole import facility


def test_the_facility_has_three_instruments_and_about_thirty_datasets(plan: FacilityPlan) -> None:
    assert plan.name == "Demo facility"
    assert len(plan.instruments) == 3
    assert 6 <= len(plan.experiments) <= 9
    assert 28 <= len(plan.datasets) <= 33


def test_names_and_places_are_unique(plan: FacilityPlan) -> None:
    for values in (
        [d.name for d in plan.datasets],
        [plan.location(d) for d in plan.datasets],
        [d.seed for d in plan.datasets],
        [e.visit_id for e in plan.experiments],
        [p.login for p in plan.people],
    ):
        assert len(values) == len(set(values))


def test_locations_are_plain_relative_paths(plan: FacilityPlan) -> None:
    for dataset in plan.datasets:
        parts = plan.location(dataset).split("/")
        assert len(parts) == 3
        assert all(part.replace("-", "").isalnum() and part.isascii() for part in parts)


def test_every_team_has_one_principal_investigator_and_known_people(plan: FacilityPlan) -> None:
    known = {p.login for p in plan.people}
    for experiment in plan.experiments:
        roles = [role for _, role in experiment.team]
        assert roles.count("principal_investigator") == 1
        assert {login for login, _ in experiment.team} <= known
        assert set(roles) <= {"principal_investigator", "member"}


def test_exactly_one_experiment_is_hidden_from_maya(plan: FacilityPlan) -> None:
    hidden = [e.visit_id for e in plan.experiments if "maya" not in dict(e.team) and e.release > plan.today]
    assert hidden == ["DC-0125-1"]
    assert any(d.experiment == "DC-0125-1" for d in plan.datasets)


def test_some_experiments_are_public_and_some_are_private(plan: FacilityPlan) -> None:
    public = [e for e in plan.experiments if e.release <= plan.today]
    assert 2 <= len(public) < len(plan.experiments)
    mine = [e for e in plan.experiments if dict(e.team).get("maya") == "principal_investigator"]
    assert any(len(e.team) == 1 for e in mine)
    assert any(len(e.team) > 1 for e in mine)


def test_ravi_looks_after_the_light_sheet_microscope_and_sam_is_staff(plan: FacilityPlan) -> None:
    scientists = {i.kind: i.scientists for i in plan.instruments}
    roles = {p.login: p.role for p in plan.people}
    assert scientists["light-sheet microscope"] == ("ravi",)
    assert (roles["ravi"], roles["sam"], roles["maya"]) == ("instrument scientist", "staff", "researcher")


def test_dataset_types_have_the_names_that_job_types_use(plan: FacilityPlan) -> None:
    assert [t.name for t in plan.dataset_types if t.raw] == [
        "light-sheet stack",
        "deformability cytometry",
        "tomography scan",
    ]
    assert [t.name for t in plan.dataset_types if not t.raw] == [
        "light-sheet result",
        "cytometry result",
        "tomography result",
        "quality report",
    ]
    assert {d.type for d in plan.datasets} <= {t.name for t in plan.dataset_types}


def test_dates_move_with_today_and_nothing_else_does() -> None:
    one, other = facility(date(2026, 11, 20)), facility(date(2027, 2, 1))
    shift = timedelta(days=73)
    for before, after in zip(one.datasets, other.datasets, strict=True):
        assert after.start - before.start == shift
        assert (after.name, after.seed, after.recipe) == (before.name, before.seed, before.recipe)
    assert all(e.start <= one.today for e in one.experiments)
    assert all(d.start.date() <= one.today for d in one.datasets)


def test_one_dataset_is_damaged_and_one_is_being_written(plan: FacilityPlan) -> None:
    assert [d.name for d in plan.datasets if d.condition == "truncated"] == [
        "Zebrafish trunk, transfer broken off"
    ]
    assert [d.name for d in plan.datasets if not d.complete] == ["Zebrafish heart, time lapse"]
