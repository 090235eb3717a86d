"""Data of several experiments: the result goes where the fewest see it, and the form says so before Start."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from page_forms import form_on
from sqlalchemy import select

from portal.catalogue.models import Dataset, Investigation, InvestigationUser, User
from portal.jobs.models import Job

DECONVOLVE = "/analyses/lightsheet-deconvolution/start"


@pytest.fixture
def add(site: Any) -> Any:
    """`add("where", "name", members=["maya"])`: a stack of an experiment of its own."""

    def made(title: str, *, members: list[str], release: datetime | None = None, **columns: Any) -> Dataset:
        with site.database.write() as session:
            first = session.get_one(Dataset, site.facility.datasets["private"])
            like = first.investigation
            investigation = Investigation(
                facility_id=like.facility_id,
                type_id=like.type_id,
                name=title,
                visit_id="1",
                title=title,
                release_date=release,
            )
            session.add(investigation)
            for member in members:
                user = session.scalars(select(User).where(User.name == member)).one()
                session.add(InvestigationUser(investigation=investigation, user=user, role="member"))
            columns.setdefault("type_id", first.type_id)
            dataset = Dataset(investigation=investigation, name=f"{title}, stack", complete=True, **columns)
            dataset.date = first.date
            session.add(dataset)
            session.flush()
            return dataset

    return made


def filed_in(site: Any) -> str:
    with site.database.read() as session:
        job = session.scalars(select(Job).order_by(Job.id.desc()).limit(1)).one()
        return job.investigation.title if job.investigation is not None else ""


def words_of(html: str) -> str:
    return " ".join(html.split())


@pytest.fixture
def wide_and_narrow(site: Any, add: Any) -> tuple[int, int]:
    """A stack that three see and a PSF's that only Maya sees; the type of the second is the slot's."""
    wide = add("Wide", members=["maya", "tom", "sam"])
    narrow = add("Narrow", members=["maya"])
    return wide.id, narrow.id


@pytest.mark.parametrize("turned", [False, True])
def test_the_result_goes_where_the_fewest_see_it(site: Any, wide_and_narrow: Any, turned: bool) -> None:
    maya = site.client("maya")
    first, second = reversed(wide_and_narrow) if turned else wide_and_narrow
    page = maya.get(f"{DECONVOLVE}?dataset={first}&in.psf={second}").text
    form = form_on(page, DECONVOLVE)
    text = words_of(page)
    assert "Not the same people see all of your inputs." in text
    assert "is filed in “Narrow”, which the fewest see." in text
    assert "Seen by Maya Lind and the facility&#39;s staff." in text
    answer = maya.post(DECONVOLVE, data=form.data(option__psf="file"))
    assert answer.status_code == 303
    assert filed_in(site) == "Narrow"


def test_a_job_for_each_stays_where_its_dataset_is(site: Any, wide_and_narrow: Any) -> None:
    maya = site.client("maya")
    wide, narrow = wide_and_narrow
    page = maya.get(f"/analyses/archive/start?dataset={wide}&dataset={narrow}").text
    text = words_of(page)
    assert "each result is filed in its own, for its team to see" in text
    assert "“Wide”: Seen by" in text and "“Narrow”: Seen by" in text


def test_of_teams_that_overlap_it_is_said_who_sees_what_they_could_not(site: Any, add: Any) -> None:
    one = add("Team of three", members=["maya", "tom", "sam"])
    other = add("Team of two", members=["maya", "ravi"])
    text = words_of(site.client("maya").get(f"{DECONVOLVE}?dataset={one.id}&in.psf={other.id}").text)
    assert "filed in “Team of two”" in text
    assert "Some of these do not see “Team of three”, of which it is made, too." in text


def test_public_data_beside_private_do_not_make_the_result_public(site: Any, add: Any) -> None:
    public = add("Reference", members=["maya"], release=datetime.now(UTC) - timedelta(days=1))
    private = add("Secret", members=["maya", "tom", "sam", "ravi"])
    maya = site.client("maya")
    form = form_on(maya.get(f"{DECONVOLVE}?dataset={public.id}&in.psf={private.id}").text, DECONVOLVE)
    assert maya.post(DECONVOLVE, data=form.data(option__psf="file")).status_code == 303
    assert filed_in(site) == "Secret"


def test_where_all_inputs_are_seen_by_the_same_nothing_is_said(site: Any, add: Any) -> None:
    one, other = (add(name, members=["maya", "tom"]) for name in ("A", "B"))
    text = words_of(site.client("maya").get(f"{DECONVOLVE}?dataset={one.id}&in.psf={other.id}").text)
    assert "Not the same people" not in text and "Seen by" in text


def test_a_dataset_that_is_registered_as_damaged_is_warned_of_before_start(site: Any, add: Any) -> None:
    problem = "stack.h5 is cut short: 535 of 893 kB are there"
    broken = add("Broken", members=["maya"], problem=problem)
    maya = site.client("maya")
    for page in (
        f"{DECONVOLVE}?dataset={broken.id}",
        f"/analyses/lightsheet-deconvolution/several?dataset={broken.id}",
        f"{DECONVOLVE}?dataset={site.facility.datasets['private']}&in.psf={broken.id}",
    ):
        text = words_of(maya.get(page).text)
        assert f"“Broken, stack” is damaged: {problem}." in text, page
        assert text.index("is damaged") < text.index("Start from" if "start?" in page else "Which option")
    assert "is damaged" not in maya.get(f"{DECONVOLVE}?dataset={site.facility.datasets['private']}").text


@pytest.mark.parametrize("apart", [True, False])
def test_a_result_is_not_named_after_what_its_readers_may_not_read(site: Any, add: Any, apart: bool) -> None:
    three = add("Team of three", members=["maya", "tom", "sam"])
    two = add("Team of two", members=["maya", "ravi" if apart else "tom"])
    maya = site.client("maya")
    form = form_on(maya.get(f"{DECONVOLVE}?dataset={three.id}&in.psf={two.id}").text, DECONVOLVE)
    name = "A dataset" if apart else "Team of three, stack"
    [proposed] = form.data()["title"]
    assert proposed.startswith(f"{name}, ")
    assert maya.post(DECONVOLVE, data=form.data(option__psf="file")).status_code == 303
    with site.database.read() as session:
        job = session.scalars(select(Job).order_by(Job.id.desc()).limit(1)).one()
        assert job.title == job.submission.title == proposed
        assert job.investigation is not None and job.investigation.title == "Team of two"
    reader = site.client("ravi" if apart else "tom").get(f"/jobs/{job.number}").text
    assert ("Team of three" in reader) == (not apart)


def test_data_that_all_will_see_before_the_result_name_it(site: Any, add: Any) -> None:
    soon, later = (datetime.now(UTC) + timedelta(days=days) for days in (10, 20))
    first = add("Soon", members=["maya", "tom"], release=soon)
    second = add("Later", members=["maya"], release=later)
    never = add("Never", members=["maya", "tom"])
    maya = site.client("maya")
    for dataset, other, name in ((first, second, "Soon, stack"), (never, second, "A dataset")):
        page = maya.get(f"{DECONVOLVE}?dataset={dataset.id}&in.psf={other.id}").text
        assert form_on(page, DECONVOLVE).data()["title"][0].startswith(f"{name}, ")
