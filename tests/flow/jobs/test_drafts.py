"""A draft from its first trial to the day nobody can start it any more, with a real daemon, agent and store."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from job_yard import COUNT, Yard, analysis
from sqlalchemy import select

from portal.catalogue.models import Dataset
from portal.catalogue.search import DatasetQuery, dataset_ids
from portal.drafts import service
from portal.drafts.publishing import ask_to_publish, ask_to_retire, ask_to_try, standing
from portal.drafts.trying import submit_trial
from portal.errors import ConflictError, ForbiddenError, NotFoundError
from portal.identity.actor import Actor, Role
from portal.identity.models import Person
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.jobs.submit.again import Terms, check_again
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.trials.drafts import keep
from portal.jobtype.load import JobTypes
from portal.jobtype.offer.audience import Audience, To
from portal.jobtype.offer.offered import offered

NAME = "count-anew"


def _draft(yard: Yard, **changes: Any) -> int:
    text = yaml.safe_dump(analysis(NAME, COUNT, **changes), sort_keys=False)
    return int(yard.change(_create, text, person="sam"))


def _create(session: Any, actor: Actor, text: str, *, now: datetime) -> int:
    return service.create(session, actor, text, now=now).id


def _request(yard: Yard, **changes: Any) -> SubmitRequest:
    return SubmitRequest(NAME, {"stack": [yard.stack]}, {"ledger": str(yard.ledger)}, **changes)


def _try(yard: Yard, draft: int, person: str = "sam") -> str:
    made = yard.change(submit_trial, draft, _request(yard), settings=yard.settings, person=person)
    return str(made.id)


def _standing(yard: Yard, draft: int) -> Any:
    with yard.database.read() as session:
        return standing(session, yard.facility.actors["sam"], draft)


def _named(yard: Yard) -> dict[str, Dataset]:
    return {one.name: one for one in yard.results()}


def _on_offer(yard: Yard) -> JobTypes:
    settings = yard.settings
    return offered(settings.jobtypes, settings.published, by_itself=True, registered=settings.registered_published)


def test_from_a_draft_to_what_another_person_runs_and_nobody_can_start_any_more(yard_with: Callable[..., Yard]):
    yard = yard_with()
    draft = _draft(yard)
    with pytest.raises(ConflictError, match="cannot be tried yet"):
        _try(yard, draft)
    yard.start_daemon()
    yard.change(ask_to_try, draft, person="sam")
    yard.wait(lambda: _standing(yard, draft).may_try)
    _try(yard, draft)
    _try(yard, draft)
    yard.wait(yard.ended)
    job = yard.job()
    assert job.state is State.SUCCEEDED, yard.tell()
    assert len(yard.starts()) == 2
    # The job says that it is a trial, and its result stands in no list.
    spec = json.loads((yard.folder_of(job) / "job.json").read_bytes())
    assert spec["jobtype"]["draft"] is True
    assert job.submission.draft is True
    # A trial takes its name from nobody: the job's number stands in it.
    kept, left = (f"{one.title} ({one.number})" for one in yard.jobs())
    result = _named(yard)[kept]
    assert result.trial == job.submission_id
    with yard.database.read() as session:
        listed = dataset_ids(session, yard.facility.actors["sam"], DatasetQuery(), most=100)
        assert yard.stack in listed
        assert result.id not in listed
    assert _standing(yard, draft).stage == "tried"
    # Until its person keeps it, and nobody else does.
    with pytest.raises((NotFoundError, ForbiddenError)):
        yard.change(keep, job.id, person="maya")
    yard.change(keep, job.id, person="sam")
    yard.wait(lambda: _named(yard)[kept].trial is None)
    with yard.database.read() as session:
        assert result.id in dataset_ids(session, yard.facility.actors["sam"], DatasetQuery(), most=100)
    # A job of a draft is not run again as it is: the draft may be another by now.
    with pytest.raises(ConflictError, match="tried a draft"), yard.database.write() as session:
        terms = Terms(yard.jobtypes, yard.settings.limits)
        check_again(session, yard.facility.actors["sam"], [session.get_one(Job, job.id)], terms)

    everyone = Audience(To.EVERYONE, "sam")
    yard.change(ask_to_publish, draft, everyone, "The first one.", person="sam")
    yard.wait(lambda: NAME in _on_offer(yard).by_name)
    yard.jobtypes = _on_offer(yard)
    yard.submit(NAME, person="maya")
    yard.wait(lambda: len(yard.jobs()) == 3 and yard.ended())
    second = yard.job(2)
    assert second.state is State.SUCCEEDED, yard.tell()
    assert "draft" not in json.loads((yard.folder_of(second) / "job.json").read_bytes())["jobtype"]
    # Neither Sam's trial, which stands in no list, nor the kept one makes another's result the second of its name.
    assert second.title == job.title
    trials = {name: one.trial for name, one in _named(yard).items()}
    assert trials == {kept: None, left: yard.job(1).submission_id, second.title: None}
    yard.change(keep, yard.job(1).id, person="sam")
    yard.wait(lambda: _named(yard)[left].trial is None)

    yard.change(ask_to_retire, NAME, person="sam")
    yard.wait(lambda: NAME not in _on_offer(yard).by_name)
    yard.jobtypes = _on_offer(yard)
    with pytest.raises(NotFoundError):
        yard.submit(NAME, person="maya")
    assert yard.job(2).submission.revision.document["name"] == NAME


def test_who_is_no_audience_of_it_cannot_start_it_whoever_calls(yard_with: Callable[..., Yard]):
    yard = yard_with()
    everybody = yard.jobtypes
    for to, ids, who in (
        (To.MYSELF, (), set()),
        (To.EXPERIMENTS, (yard.facility.investigations["other"],), set()),
        (To.EXPERIMENTS, (yard.facility.investigations["private"],), {"maya"}),
    ):
        yard.jobtypes = JobTypes(everybody.by_name, audiences={"count": Audience(to, "sam", ids)})
        if "maya" in who:
            yard.submit("count", person="maya")
        else:
            with pytest.raises(NotFoundError, match="There is no analysis called count"):
                yard.submit("count", person="maya")
    assert len(yard.jobs()) == 1


def test_a_draft_is_tried_by_those_whom_its_author_named_and_by_nobody_else(yard_with: Callable[..., Yard]):
    yard = yard_with()
    draft = _draft(yard)
    with yard.database.write() as session:
        person = Person(name="ines", full_name="Ines", roles=[Role.STAFF.value], created=datetime.now(UTC))
        session.add(person)
        session.flush()
        yard.facility.actors["ines"] = person.actor()
    for stranger in ("ines", "maya"):
        with pytest.raises(NotFoundError):
            yard.change(ask_to_try, draft, person=stranger)
        with pytest.raises(NotFoundError):
            _try(yard, draft, person=stranger)
    yard.change(service.name_reader, draft, "ines", person="sam")
    with pytest.raises(ConflictError, match="Ask for it first"):
        _try(yard, draft, person="ines")
    yard.start_daemon()
    yard.change(ask_to_try, draft, person="ines")
    yard.wait(lambda: not _waits(yard, draft))
    _try(yard, draft, person="ines")
    yard.wait(yard.ended)
    assert yard.job().state is State.SUCCEEDED, yard.tell()
    assert yard.results()[0].trial is not None  # nobody kept it


def test_only_what_a_draft_made_is_kept(yard_with: Callable[..., Yard]):
    yard = yard_with()
    yard.submit("count", person="maya")
    yard.until_ended(yard.daemon())
    with pytest.raises(ConflictError, match="no trial of a draft"):
        yard.change(keep, yard.job().id, person="maya")


def _waits(yard: Yard, draft: int) -> bool:
    return any(one.deed is None for one in _standing(yard, draft).wishes)


def test_a_job_that_says_it_is_a_draft_and_has_no_file_fails_in_words(yard_with: Callable[..., Yard]):
    """As a taken-over web tier would write it: the agent finds nothing that names this account."""
    yard = yard_with()
    yard.submit("count", person="maya", draft="sha256:" + "0" * 64)
    daemon = yard.daemon()
    [job] = yard.until_ended(daemon)
    assert job.state is State.FAILED
    assert yard.starts() == []
    assert "cannot be tried in this revision" in (job.cause_words or ""), yard.tell()


def test_data_that_one_may_not_see_is_not_tried_on(yard_with: Callable[..., Yard]):
    yard = yard_with()
    draft = _draft(yard)
    yard.start_daemon()
    yard.change(ask_to_try, draft, person="sam")
    yard.wait(lambda: _standing(yard, draft).may_try)
    request = SubmitRequest(NAME, {"stack": [10_000]}, {})
    with pytest.raises(NotFoundError):
        yard.change(submit_trial, draft, request, settings=yard.settings, person="sam")
    with yard.database.read() as session:
        assert list(session.scalars(select(Job))) == []
        assert session.scalars(select(Dataset).where(Dataset.trial.is_not(None))).first() is None


def test_the_portals_own_folder_is_read_only_where_the_publisher_wrote(yard_with: Callable[..., Yard]):
    yard = yard_with()
    draft = _draft(yard)
    yard.start_daemon()
    yard.change(ask_to_try, draft, person="sam")
    yard.wait(lambda: _standing(yard, draft).may_try)
    [path] = (yard.settings.registered / "drafts" / NAME).glob("*.json")
    assert oct(path.stat().st_mode & 0o777) == "0o444"
    assert Path(path).parent.name == NAME
