"""The table of moves, and what it says of a desktop besides."""

import pytest
from sqlalchemy import text

from portal.errors import ConflictError
from portal.jobs.models import Job
from portal.jobs.state import MOVES, State, after_its_owner_ended_it, may_move
from portal.jobtype.kind import Kind


@pytest.mark.parametrize("current", State)
@pytest.mark.parametrize("new", State)
def test_a_desktop_may_do_what_a_run_may_and_end_well_where_it_is_open(current, new):
    run, desktop = may_move(current, new), may_move(current, new, Kind.INTERACTIVE)
    assert run == (new in MOVES[current])
    ends_well = new is State.SUCCEEDED and current in {State.SUBMITTING, State.PENDING, State.RUNNING}
    assert desktop == (run or ends_well)
    assert not (run and ends_well), "a run ends well by being collected"


@pytest.mark.parametrize(
    ("kind", "outputs", "state"),
    [
        (Kind.RUN, True, State.CANCELLED),
        (Kind.RUN, False, State.CANCELLED),
        (Kind.INTERACTIVE, False, State.SUCCEEDED),
        (Kind.INTERACTIVE, True, State.COLLECTING),
    ],
)
def test_a_desktop_that_its_owner_ends_has_not_failed(kind, outputs, state):
    found = after_its_owner_ended_it(kind, outputs=outputs)
    assert found is state
    assert may_move(State.RUNNING, found, kind)


def test_a_jobs_kind_is_in_its_row_and_decides_how_it_may_move(bench):
    bench.desk.submit(*bench.desk.more_stacks(2))
    bench.dispatch()
    with bench.desk.database.write() as session:
        run, other = (session.get_one(Job, job.id) for job in bench.jobs())
        assert session.scalar(text("SELECT count(*) FROM job WHERE kind = 'run'")) == 2
        with pytest.raises(ConflictError):
            run.move(State.SUCCEEDED, at=bench.now)
        other.kind = Kind.INTERACTIVE
        other.move(State.SUCCEEDED, at=bench.now)
    assert [job.state for job in bench.jobs()] == [State.PENDING, State.SUCCEEDED]
