"""What the step Try says after real runs: ticked outputs, numbers as read, what was used, what to mend."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from job_yard import Yard, analysis

from portal.app import create_app
from portal.drafts import service
from portal.drafts.publishing import ask_to_try, standing
from portal.drafts.trying import submit_trial
from portal.jobs.cause import Cause
from portal.jobs.submit.check import SubmitRequest
from portal.web.views.drafts.standing import trial_of
from portal.web.views.drafts.tried import mend
from portal.web.views.drafts.tried.measured import memory_for, time_for, with_measured

NAME = "tell"
TELL = """
import json, pathlib, sys
out = pathlib.Path("output")
out.mkdir(exist_ok=True)
(out / "count.txt").write_text("3")
(out / "fit.json").write_text(json.dumps({"fit": {"width": 2.5}}))
sys.exit(CODE)
"""
DECLARED: dict[str, Any] = {
    "parameters": [
        {"name": "width", "units": "um", "file": "fit.json", "at": "fit.width"},
        {"name": "height", "units": "um", "file": "fit.json", "at": "fit.height"},
    ],
    "outputs": [
        {"name": "counts", "pattern": "*.txt", "dataset_type": "counts"},
        {"name": "extra", "pattern": "*.csv", "dataset_type": "counts", "required": False},
    ],
}


def tried(yard: Yard, code: int = 0, **changes: Any) -> tuple[Any, str]:
    """The report of a trial that has ended, and the draft's text."""
    document = analysis(NAME, TELL.replace("CODE", str(code)), **(DECLARED | changes))
    text = yaml.safe_dump(document, sort_keys=False)
    draft = yard.change(
        lambda session, actor, *, now: service.create(session, actor, text, now=now).id, person="sam"
    )
    yard.start_daemon()
    yard.change(ask_to_try, draft, person="sam")
    sam = yard.facility.actors["sam"]

    def may() -> bool:
        with yard.database.read() as session:
            return standing(session, sam, draft).may_try

    yard.wait(may)
    request = SubmitRequest(NAME, {"stack": [yard.stack]}, {})
    yard.change(submit_trial, draft, request, settings=yard.settings, person="sam")
    yard.wait(yard.ended)
    app = create_app(yard.settings, database=yard.database)
    with app.test_request_context(), yard.database.read() as session:
        return trial_of(session, sam, draft, yard.job().id), text


def test_outputs_and_numbers_are_ticked_as_found_or_not_and_the_size_follows(
    yard_with: Callable[..., Yard],
) -> None:
    found, text = tried(yard_with())
    assert [(one.found, one.words) for one in found.outputs] == [
        (True, "found, 1 file"),
        (False, "none; it may be missing"),
    ]
    assert [(one.what, one.found, one.words) for one in found.parameters] == [
        ("width", True, "2.5 µm"),
        ("height", False, "not found"),
    ]
    assert found.mends == ()
    assert "took" in found.measured.words
    changed = yaml.safe_load(with_measured(text, found.measured))["resources"]["variants"][0]
    assert changed["time_s"] == 120
    assert "2 minutes" in found.measured.offer
    assert changed["memory_mb"] == 256  # so little was used that it is the least that is asked for


def test_a_missing_output_and_an_exit_code_lead_to_the_command(yard_with: Callable[..., Yard]) -> None:
    yard = yard_with()
    outputs = [DECLARED["outputs"][0], {"name": "table", "pattern": "*.csv", "dataset_type": "counts"}]
    found, _text = tried(yard, outputs=outputs)
    assert [one.found for one in found.outputs] == [None, False]
    assert [(one.step, one.opened, one.anchor) for one in found.mends] == [
        ("command", "outputs.1", "s-outputs-1-pattern")
    ]
    assert found.measured is None
    assert [one.found for one in found.parameters] == [None, None]


def test_an_exit_code_leads_to_the_command_and_to_its_words(yard_with: Callable[..., Yard]) -> None:
    found, _text = tried(yard_with(), code=3)
    assert [one.step for one in found.mends] == ["command", "command"]
    assert "exit code 3" in found.mends[1].words
    assert all(one.found is None for one in found.outputs)


def test_every_cause_has_a_step_or_is_not_of_the_draft() -> None:
    of_the_draft = {cause for cause in Cause if cause in mend._OF}
    assert of_the_draft >= {Cause.MEMORY, Cause.TIME, Cause.EXIT, Cause.IMAGE, Cause.MISSING_OUTPUT, Cause.START}
    assert not of_the_draft & {Cause.NODE, Cause.LOST, Cause.PREEMPTED, Cause.CANCELLED, Cause.QUOTA}
    assert re.search("try it once more", mend.NOT_OF_THE_DRAFT)


@pytest.mark.parametrize(
    ("used_gb", "asks_gb"), [(11, 16), (0.05, 0.25), (0.5, 0.75), (1, 2), (0.7316, 2), (100, 140)]
)
def test_memory_to_ask_for(used_gb: float, asks_gb: float) -> None:
    assert memory_for(round(used_gb * 2**30)) == asks_gb * 1024


@pytest.mark.parametrize(("took_s", "asks_s"), [(240, 480), (0.4, 120), (61, 180), (3600, 7200)])
def test_time_to_ask_for(took_s: float, asks_s: int) -> None:
    assert time_for(took_s) == asks_s
