"""To whom a job type is offered that was made in the browser."""

from typing import Any

import pytest
from small_facility import SmallFacility

from portal.catalogue.offered import offered_to
from portal.db import Database
from portal.identity.actor import NOBODY
from portal.jobtype.load import JobTypes, load_folders, shipped_folder
from portal.jobtype.offer.audience import Audience, To

EVERYBODY = {"maya", "tom", "ravi", "sam", "ingest", "nobody"}


@pytest.fixture
def jobtypes() -> JobTypes:
    return load_folders([shipped_folder()])


@pytest.mark.parametrize(
    ("to", "ids", "who"),
    [
        (To.EVERYONE, (), EVERYBODY),
        (To.MYSELF, (), {"tom"}),
        (To.INSTRUMENTS, ("lightsheet",), {"tom", "ravi", "sam"}),
        (To.INSTRUMENTS, ("cytometer",), {"tom", "sam"}),
        (To.INSTRUMENTS, ("cytometer", "lightsheet"), {"tom", "ravi", "sam"}),
        (To.EXPERIMENTS, ("private",), {"tom", "maya", "ravi", "sam"}),  # ravi looks after its instrument
        (To.EXPERIMENTS, ("public",), {"tom", "sam"}),
    ],
)
def test_an_audience(
    database: Database, facility: SmallFacility, jobtypes: JobTypes, to: To, ids: tuple[Any, ...], who: set[str]
) -> None:
    of = facility.instruments if to is To.INSTRUMENTS else facility.investigations
    audience = Audience(to, "tom", tuple(of[one] for one in ids))
    offered = JobTypes(jobtypes.by_name, audiences={"qc": audience})
    with database.read() as session:
        found = {
            name: offered_to(session, actor, offered).by_name
            for name, actor in {**facility.actors, "nobody": NOBODY}.items()
        }
    assert {name for name, one in found.items() if "qc" in one} == who
    assert all(set(one) | {"qc"} == set(jobtypes.by_name) for one in found.values())


def test_a_visitor_is_not_the_author_whose_name_is_empty(
    database: Database, facility: SmallFacility, jobtypes: JobTypes
) -> None:
    offered = JobTypes(jobtypes.by_name, audiences={"qc": Audience(To.MYSELF, "")})
    with database.read() as session:
        assert "qc" not in offered_to(session, NOBODY, offered).by_name
