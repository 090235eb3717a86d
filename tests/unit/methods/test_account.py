"""How a result was made, in sentences that people would put into a paper."""

from typing import Any

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy import select

from portal.catalogue.models import Dataset, Investigation
from portal.catalogue.service import get_dataset
from portal.config import Settings
from portal.db import Database
from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.jobs.models import Job, JobInput, JobTypeRevision
from portal.jobtype.load import parse_text, shipped_folder
from portal.jobtype.model import JobType
from portal.methods.account import Account, account_of

from .conftest import SHIPPED, AddResult, revision_of

GAUSSIAN = {
    "iterations": 20, "psf": "gaussian", "sigma_xy": 0.31, "sigma_z": 0.95, "background": 0.0,
    "boundary": "reflect", "precision": "single",
}  # fmt: skip


def test_settings_that_did_not_matter_are_not_told(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    """A wavelength where the point spread function was no computed one, an energy where no phase was retrieved."""
    maya, stack = facility.actors["maya"], facility.datasets["private"]
    scan = {
        "row_count": 1,
        "centre": "60",
        "try_centres": False,
        "centre_step": 1.0,
        "phase": "none",
        "energy": 45.0,
    }
    found = [("slices", 1.0, ""), ("first row", 35.0, ""), ("projections", 61.0, "")]
    with database.write() as session:
        options = GAUSSIAN | {"iterations": 1, "wavelength": 509.0, "illumination": "sheet"}
        first = add_result(session, "One", [("stack", stack)], options=options).id
        options = scan | {"filter": "ramp"}
        second = add_result(
            session, "Two", [("scan", stack)], analysis="tomo-slice", options=options, found=found, job=77
        ).id
    text = told(database, maya, first).text
    assert "wavelength" not in text and "llumination" not in text and "with one iteration of" in text
    text = told(database, maya, second).text
    assert "energy" not in text and "spacing" not in text
    assert "with the filter ramp (slices: 1; first detector row: 35, counted from 0; projections: 61)." in text


def told(database: Database, actor: Actor, dataset: int) -> Account:
    with database.read() as session:
        return account_of(session, actor, get_dataset(session, actor, dataset, now=NOW), now=NOW)


def test_a_deconvolution_says_what_was_done_with_which_values_and_cites_its_sources(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    stack = facility.datasets["private"]
    with database.write() as session:
        found = [("voxel size x", 0.2, "um"), ("voxel size y", 0.2, "um"), ("voxel size z", 0.5, "um")]
        image = {"name": "science", "digest": "sha256:" + "ab" * 32}
        software = {"NumPy": "2.4.6", "SciPy": "1.17.1"}
        made = add_result(
            session,
            "Heart, deconvolved",
            [("stack", stack)],
            options=GAUSSIAN,
            found=found,
            facts={"image": image, "software": software},
        ).id
    said = told(database, facility.actors["maya"], made)
    version = SHIPPED.named("lightsheet-deconvolution").version
    assert said.text == (
        f"“Zebrafish heart, first run” (dataset {stack}) was deconvolved with 20 iterations of the "
        "Richardson–Lucy algorithm [1, 2]. The point spread function was a Gaussian with standard deviations of "
        "0.31 µm in the plane and 0.95 µm along the optical axis. Voxels measured 0.2 µm × 0.2 µm × 0.5 µm "
        "(x, y, z). No background was subtracted. Beyond its edges the stack was continued as its mirror image. "
        "Arithmetic was in single precision. This was run with Gantry 0.1.0 on 20 November 2026 (analysis "
        f"lightsheet-deconvolution {version}; container image science (sha256:{'ab' * 32}); NumPy 2.4.6; "
        "SciPy 1.17.1)."
    )
    richardson = (
        "W. H. Richardson, “Bayesian-Based Iterative Method of Image Restoration”, J. Opt. Soc. Am. 62(1), 55–59 "
        "(1972), doi:10.1364/JOSA.62.000055"
    )
    lucy = (
        "L. B. Lucy, “An iterative technique for the rectification of observed distributions”, Astron. J. 79(6), "
        "745–754 (1974), doi:10.1086/111605"
    )
    assert said.references == [richardson, lucy]
    assert said.whole.endswith(f"\n\n[1] {said.references[0]}\n[2] {said.references[1]}")


def test_what_no_sentence_speaks_of_is_listed_and_what_does_not_matter_is_not(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    """A new option, or a new choice, is not lost because nobody has written a sentence for it."""
    options = {**GAUSSIAN, "psf": "zernike", "numerical_aperture": 0.8, "boundary": "edge"}
    with database.write() as session:
        made = add_result(session, "Heart", [("stack", facility.datasets["private"])], options=options).id
    text = told(database, facility.actors["maya"], made).text
    assert (
        "Further settings: point spread function: zernike; beyond the edge: edge; numerical_aperture: 0.8." in text
    )
    assert "0.31" not in text


def test_a_result_of_a_result_tells_the_whole_chain_each_step_once(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    stack = facility.datasets["private"]
    with database.write() as session:
        first = add_result(session, "Deconvolved", [("stack", stack)], options=GAUSSIAN, job=1)
        left = add_result(session, "Left", [("stack", first.id)], options=GAUSSIAN, job=2)
        right = add_result(session, "Right", [("stack", first.id)], options=GAUSSIAN, job=3, person="tom")
        last = add_result(
            session, "Report", [("data", left.id), ("data", right.id)], analysis="qc", job=4,
            options={"projection": "max", "histogram_bins": 256},
            found=[("arrays", 2, ""), ("values", 1e6, ""), ("not finite", 0, ""), ("saturated", 3, "")],
        )  # fmt: skip
        ids = (first.id, left.id, right.id, last.id)
    said = told(database, facility.actors["maya"], ids[3])
    assert [step.run.portal_job for step in said.made.steps] == [1, 2, 3, 4]
    assert len(said.paragraphs) == 4
    assert f"This gave “Deconvolved” (dataset {ids[0]})." in said.paragraphs[0]
    assert f"“Deconvolved” (dataset {ids[0]}) was deconvolved" in said.paragraphs[1]
    assert f"“Left” (dataset {ids[1]}) and “Right” (dataset {ids[2]})" in said.paragraphs[3]
    assert "values: 1,000,000;" in said.paragraphs[3]
    assert len(said.references) == 2
    assert "by Tom Okafor" in said.paragraphs[2]
    assert "by Maya Lind" in said.paragraphs[0]


def test_doubts_stand_in_the_text(database: Database, facility: SmallFacility, add_result: AddResult) -> None:
    with database.write() as session:
        made = add_result(
            session, "Heart", [("stack", facility.datasets["private"])], options=GAUSSIAN,
            warnings=["The centre lies at the edge.", "240 unusable pixels were interpolated"],
        ).id  # fmt: skip
        earlier = add_result(
            session, "Earlier", [("stack", facility.datasets["private"])], options=GAUSSIAN,
            found=[("remarks", "the light was dim; it was cold", "")],
        ).id  # fmt: skip
    text = told(database, facility.actors["maya"], made).text
    assert "The program noted: The centre lies at the edge; 240 unusable pixels were interpolated." in text
    text = told(database, facility.actors["maya"], earlier).text
    assert "The program noted: the light was dim; it was cold." in text


def test_an_input_that_may_not_be_read_is_said_without_its_name(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    with database.write() as session:
        made = add_result(
            session, "Ratio", [("stack", facility.datasets["public"]), ("psf", facility.datasets["private"])],
            where="public", options={**GAUSSIAN, "psf": "file"}, person="tom",
        ).id  # fmt: skip
    text = told(database, facility.actors["tom"], made).text
    assert "Zebrafish" not in text
    assert "a dataset that is not visible to you" in text


def test_an_intermediate_result_that_may_not_be_read_ends_the_story_with_words(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    with database.write() as session:
        hidden = add_result(session, "Secret step", [("stack", facility.datasets["private"])], job=1)
        made = add_result(
            session, "Open", [("stack", hidden.id)], where="public", options=GAUSSIAN, job=2, person="tom"
        ).id
    said = told(database, facility.actors["tom"], made)
    assert len(said.made.steps) == 1
    assert "Secret" not in said.whole
    assert "A dataset that is not visible to you was deconvolved" in said.text


def test_a_deleted_input_is_said_to_be(
    database: Database, facility: SmallFacility, add_result: AddResult, submitted_job: Any
) -> None:
    with database.write() as session:
        gone = Dataset(
            investigation_id=facility.investigations["private"], type_id=facility.types["stack"], name="Lost stack"
        )
        session.add(gone)
        session.flush()
        job = submitted_job(session, gone)
        made = add_result(session, "Heart", [("stack", gone.id)], options=GAUSSIAN, job=job).id
    with database.write() as session:
        session.delete(
            session.get_one(Dataset, session.scalars(select(Dataset.id).where(Dataset.name == "Lost stack")).one())
        )
    text = told(database, facility.actors["maya"], made).text
    assert "“Lost stack” (deleted since) was deconvolved" in text
    with database.write() as session:
        session.get_one(Investigation, facility.investigations["private"]).release_date = NOW
    text = told(database, facility.actors["tom"], made).text
    assert "Lost" not in text
    assert text.startswith("A dataset that was deleted since was deconvolved")


@pytest.fixture
def submitted_job(facility: SmallFacility) -> Any:
    """A job of Maya's with one input, as submitting writes it."""
    from portal.jobs.models import Submission

    def make(session: Any, dataset: Dataset) -> int:
        jobtype = SHIPPED.named("qc")
        revision = JobTypeRevision(
            name="qc", version="0", digest="sha256:0", document=jobtype.document(), created=NOW
        )
        person = facility.actors["maya"].person_id
        submission = Submission(
            person_id=person, revision=revision, investigation_id=facility.investigations["private"], title="x",
            options={}, variant="standard", resources={}, mode="each", created=NOW,
        )  # fmt: skip
        job = Job(
            submission=submission, person_id=person, index=0, title="x", resources={}, created=NOW, changed=NOW,
            investigation_id=facility.investigations["private"],
        )  # fmt: skip
        job.inputs.append(JobInput(slot="stack", position=0, dataset_id=dataset.id, dataset_name=dataset.name))
        session.add(job)
        session.flush()
        return job.id

    return make


OWN = """
name: smooth
version: "2"
title: Smoothing
summary: Smooths.
category: Any
contact: me
program: {command: [smooth, {option: width}]}
inputs:
  - {name: data, label: Data, dataset_types: ["*"], min: 0, max: 2000}
options:
  - {name: width, type: float, label: Width of the filter, units: um, default: 0.000001}
  - {name: turn, type: float, label: Turned by, units: deg, default: 180}
  - {name: quick, type: boolean, label: Quick}
  - {name: CTF, type: text, label: CTF model}
resources: {default: s, variants: [{name: s, label: S}]}
result_title: "{analysis}"
outputs: [{name: made, dataset_type: light-sheet result}]
"""


def own(text: str = OWN.replace("name: CTF", "name: ctf")) -> JobType:
    jobtype, problems = parse_text(text, shipped_folder() / "smooth.yaml")
    assert jobtype is not None, problems
    return jobtype


def test_a_type_without_sentences_gets_a_decent_paragraph(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    stack = facility.datasets["private"]
    with database.write() as session:
        made = add_result(
            session, "Smooth", [("data", stack)], jobtype=own(),
            found=[("residual", 0.012345678, "um^2"), ("cells", 13.0, "")],
            options={"width": 0.000001, "turn": 180.0, "quick": False, "ctf": "plain"},
        ).id  # fmt: skip
    text = told(database, facility.actors["maya"], made).text
    assert text.startswith(
        f"Smoothing was run on “Zebrafish heart, first run” (dataset {stack}). Settings: width of the filter: "
        "1 × 10⁻⁶ µm; turned by: 180°; quick: no; CTF model: plain. It reported: residual 0.0123457 µm²; cells 13."
    )


def test_without_input_options_and_parameters_there_is_still_a_sentence(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    with database.write() as session:
        made = add_result(session, "Nothing", [], jobtype=own(), options={}).id
    assert told(database, facility.actors["maya"], made).text.startswith(
        "Smoothing was run. This was run with Gantry 0.1.0"
    )


def test_a_type_that_is_not_registered_any_more_is_told_by_what_was_kept_and_else_by_its_name(
    database: Database, facility: SmallFacility, add_result: AddResult, settings: Settings
) -> None:
    with database.write() as session:
        made = add_result(
            session, "Old", [("data", facility.datasets["private"])], jobtype=own(), options={"width": 2},
            facts={"revision": "sha256:nobody has it", "gantry": None},
        ).id  # fmt: skip
    text = told(database, facility.actors["maya"], made).text
    assert text.startswith("smooth was run on “Zebrafish heart, first run”")
    assert "Settings: width: 2." in text
    assert "with Gantry on 20 November 2026 (analysis smooth 2)." in text


@pytest.mark.parametrize(
    "document", [{}, {"methods": 3, "options": "x", "inputs": [1], "references": {"a": 1}}, [], None]
)
def test_a_document_of_another_release_is_read_as_far_as_it_goes(
    document: Any, database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    with database.write() as session:
        if document is not None:
            session.add(JobTypeRevision(name="smooth", version="2", digest="d", document=document, created=NOW))
        made = add_result(session, "Old", [], jobtype=own(), options={"width": 2}, facts={"revision": "d"}).id
    assert told(database, facility.actors["maya"], made).text.startswith("smooth was run. Settings: width: 2.")


def test_the_revision_that_ran_counts_and_not_the_one_of_today(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    earlier = {**own().document(), "methods": ["It was smoothed as of old, by {width}."]}
    with database.write() as session:
        revision_of(session, earlier, "sha256:earlier")
        made = add_result(
            session, "Old", [], jobtype=own(), options={"width": 2.5}, facts={"revision": "sha256:earlier"}
        ).id
    assert told(database, facility.actors["maya"], made).text.startswith("It was smoothed as of old, by 2.5 µm.")


def test_odd_names_stay_on_one_line_and_apart(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    name = 'A "quoted"\nname\u202e with \u05d0\u05d1'
    with database.write() as session:
        session.get_one(Dataset, facility.datasets["private"]).name = name
        made = add_result(session, "Odd", [("data", facility.datasets["private"])], jobtype=own()).id
    text = told(database, facility.actors["maya"], made).text
    assert '“\u2068A "quoted" name� with \u05d0\u05d1\u2069”' in text
    assert "\n" not in text


def test_of_a_thousand_inputs_some_are_named_and_the_others_counted(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    with database.write() as session:
        many = [
            Dataset(
                investigation_id=facility.investigations["private"], type_id=facility.types["stack"], name=f"S {i}"
            )
            for i in range(1500)
        ]
        session.add_all(many)
        session.flush()
        made = add_result(session, "All", [("data", one.id) for one in many], jobtype=own()).id
    said = told(database, facility.actors["maya"], made)
    assert "“S 4”" in said.text and "“S 5”" not in said.text
    assert "and 1,495 further datasets" in said.text
    assert len(said.made.steps[0].inputs) == 1500


def test_what_was_measured_has_no_methods_and_says_so(database: Database, facility: SmallFacility) -> None:
    with pytest.raises(InvalidError, match="was not made by an analysis"):
        told(database, facility.actors["maya"], facility.datasets["private"])


def test_a_sentence_that_is_not_said_cites_nothing(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    document = {
        **own().document(),
        "methods": [
            "By {found nothing} {cite a}.",
            "Smoothed {cite b}, {{so}} .",
            {"text": "Quickly {cite a}.", "when": {"quick": True}},
        ],
        "references": [
            {"key": "a", "authors": ["A, B"], "title": "T", "journal": "J", "year": 2000},
            {
                "key": "b",
                "authors": ["Bär, Ünal"],
                "title": "T",
                "journal": "J",
                "year": 2001,
                "when": {"quick": False},
            },
            {"key": "c", "authors": ["C"], "title": "T", "url": "https://c.example", "kind": "software"},
        ],
    }
    with database.write() as session:
        revision_of(session, document, "sha256:x")
        made = add_result(
            session, "Odd", [], jobtype=own(), options={"quick": False}, facts={"revision": "sha256:x"}
        ).id
    said = told(database, facility.actors["maya"], made)
    assert said.text.startswith("Smoothed [1], {so} [2].")
    assert [key for key, _ in said.bibliography.entries()] == ["b", "c"]


def test_inputs_are_named_even_where_the_sentence_that_does_has_no_value(
    database: Database, facility: SmallFacility, add_result: AddResult
) -> None:
    """A program that leaves out a parameter, or a new one, must not cost the most important sentence."""
    with database.write() as session:
        made = add_result(
            session,
            "Report",
            [("data", facility.datasets["private"])],
            analysis="qc",
            options={"histogram_bins": 8, "projection": "max"},
        ).id
    text = told(database, facility.actors["maya"], made).text
    assert text.startswith("Quality check was run on “Zebrafish heart, first run”")
    assert "histograms are drawn with 8 bars" in text
