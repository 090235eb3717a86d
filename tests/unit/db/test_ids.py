"""Numbers from addresses and cursors, which may be larger than an id."""

import pytest
from small_facility import NOW, SmallFacility

from portal.catalogue.files.register import investigation_for_ingest
from portal.catalogue.inputs import chosen_datasets, datasets_by_slot
from portal.catalogue.search import DatasetQuery, find_datasets
from portal.catalogue.service import get_dataset, get_investigation
from portal.db import Database
from portal.errors import NotFoundError
from portal.identity.tokens import revoke_token
from portal.jobs.access import get_job
from portal.jobs.actions import cancel
from portal.jobs.read import list_jobs


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**12, 2**63, 10**30])
def test_a_number_that_no_row_can_have_finds_none_and_breaks_nothing(
    database: Database, facility: SmallFacility, number: int
) -> None:
    """PostgreSQL refuses to compare an id of 32 bits with anything larger."""
    actor = facility.actors["maya"]
    asked = [
        lambda session: get_dataset(session, actor, number, now=NOW),
        lambda session: get_investigation(session, actor, number, now=NOW),
        lambda session: datasets_by_slot(session, actor, {"a": [number]}),
        lambda session: get_job(session, actor, number),
        lambda session: cancel(session, actor, number, now=NOW),
        lambda session: revoke_token(session, actor, number, now=NOW),
        lambda session: investigation_for_ingest(session, facility.actors["sam"], str(number)),
    ]
    for ask in asked:
        with database.write() as session, pytest.raises(NotFoundError):
            ask(session)
    with database.read() as session:
        assert chosen_datasets(session.connection(), actor, [number], parameters=(), now=NOW) == {}
        assert list_jobs(session, actor, text=str(number)).items == []
        assert find_datasets(session, actor, DatasetQuery(investigation=number), now=NOW).items == []


@pytest.mark.parametrize("number", [-(2**62), 2**31, 2**62])
def test_a_place_in_a_list_that_no_row_can_have_breaks_nothing(
    database: Database, facility: SmallFacility, number: int
) -> None:
    with database.read() as session:
        assert list_jobs(session, facility.actors["maya"], before=number).items == []
