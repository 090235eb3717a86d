"""What a run costs at most, how long it is likely to wait and to take."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, update

from portal.catalogue.models import Dataset
from portal.jobs.clusters.rows import ClusterSnapshot
from portal.jobs.clusters.status import Cluster
from portal.jobs.models import Attempt, Job
from portal.jobs.read import ClusterStatus
from portal.jobs.state import State
from portal.jobs.timing.estimate import Cost, likely_run, most_cost, outlook
from portal.jobs.timing.models import DONE, TIME_LIMIT, JobRun
from portal.jobs.timing.wait import Basis, likely_wait
from portal.jobtype.model import Variant
from portal.scheduler.survey import Node, Partition, Survey

NOW = datetime.now(UTC)
GB = 2**30


def seen(desk, *, cpus=4, used=0, waiting=None, cluster="c", memory_mb=64_000):
    """What the daemon saw of the cluster: one node."""
    node = Node("n", "", True, cpus, used, memory_mb)
    survey = Survey(True, (replace(node, partitions=("p",)),), (Partition("p", "", True, 1, None, waiting, 0),))
    with desk.database.write() as session:
        session.add(ClusterSnapshot(cluster=cluster, at=NOW, document=survey.document()))


def wait(
    desk,
    jobtype="count",
    *,
    jobs=1,
    variant=None,
    per_person=None,
    clusters=None,
    person="maya",
    constraint=None,
    **counts,
):
    clusters = clusters or (Cluster("c", True, NOW, "", (), per_person=per_person),)
    status = ClusterStatus(True, None, counts, (), clusters)
    found = desk.jobtypes.by_name[jobtype]
    chosen = found.variant(variant).model_copy(update={"constraint": constraint})
    with desk.database.read() as session:
        return likely_wait(session, desk.actor(person), found, chosen, jobs=jobs, status=status, now=NOW)


def runs(desk, *ran, size=None, variant="small", revision=None, outcome=DONE, waited=1.0, part=False, days=1):
    """Finished runs, one for each of these seconds; `size` of their inputs."""
    with desk.database.write() as session:
        job = session.scalars(select(Job)).first()
        assert job is not None
        for place, seconds in enumerate(ran):
            attempt = Attempt(
                id=str(uuid.uuid4()), job_id=job.id, number=1000 + session.query(Attempt).count(), name="x",
                cluster="c", resources={}, created=NOW,
            )  # fmt: skip
            session.add(attempt)
            session.flush()
            ended = NOW - timedelta(days=days, seconds=place)
            session.add(
                JobRun(
                    attempt_id=attempt.id,
                    jobtype="count",
                    revision_id=revision or job.submission.revision_id,
                    variant=variant,
                    part=part,
                    input_bytes=size,
                    waited_s=waited,
                    ran_s=float(seconds),
                    outcome=outcome,
                    started=ended,
                    ended=ended,
                )
            )


def takes(desk, *, size=None, variant=None, options=None, jobtypes=None):
    dataset = desk.facility.datasets["private"]
    with desk.database.write() as session:
        session.execute(update(Dataset).where(Dataset.id == dataset).values(file_size=size or 0))
    found = (jobtypes or desk.jobtypes).by_name["count"]
    with desk.database.read() as session:
        return likely_run(
            session,
            desk.actor(),
            found,
            found.variant(variant),
            inputs=[[dataset]] if size is not None else [],
            options=options or {},
        )


def test_the_most_that_jobs_can_cost_is_all_their_time_on_all_they_ask_for():
    variant = Variant(name="v", label="V", cpus=4, gpus=1, memory_mb=100, time_s=1800)
    assert most_cost(variant, 3) == Cost(cpu_hours=6.0, gpu_hours=1.5)


def test_five_jobs_on_two_slots_do_not_all_start_at_once(desk):
    seen(desk, cpus=2)
    told = wait(desk, jobs=5)
    assert (told.basis, told.at_once) == (Basis.SOME, 2)
    assert told.words == "2 of 5 start at once, the other 3 as room comes"
    assert told.basis_words == "0 of 2 processors in use now"
    assert wait(desk, jobs=2).words == "All 2 start at once"
    assert wait(desk).words == "Starts at once"


def test_what_one_person_may_have_at_once_counts(desk):
    seen(desk, cpus=64)
    told = wait(desk, jobs=5, per_person=3)
    assert (told.basis, told.at_once, told.basis_words) == (Basis.OWN_LIMIT, 3, "You may run 3 jobs at once")
    desk.submit(*desk.more_stacks(3))
    assert wait(desk, per_person=3).words == "Starts when one of yours ends"
    assert wait(desk, per_person=3, person="sam").basis is Basis.FREE  # hers is another allowance


def test_jobs_that_the_last_look_at_the_cluster_did_not_see_yet_hold_their_slots(desk):
    seen(desk, cpus=2, used=0)
    desk.submit(*desk.more_stacks(2))
    with desk.database.write() as session:
        session.execute(update(Job).values(state=State.RUNNING))
    assert wait(desk).words == "Starts when a running job ends"
    assert wait(desk).basis_words == "2 of 2 processors in use now"


def test_jobs_that_wait_for_room_go_first_and_those_that_fit_do_not_count(desk):
    seen(desk, cpus=3, used=0)
    stacks = desk.more_stacks(5)
    desk.submit(*stacks[:2])
    assert (wait(desk).basis, wait(desk, jobs=2).at_once) == (Basis.FREE, 1)
    desk.submit(*stacks[2:])
    told = wait(desk)
    assert (told.basis, told.before, told.words) == (Basis.QUEUE, 2, "2 jobs wait before it")


@pytest.mark.parametrize(
    ("goes_to", "works", "basis"),
    [
        ({"cpus": "busy"}, True, Basis.ALL_IN_USE),
        ({"cpus": "idle"}, True, Basis.FREE),
        ({"cpus": "idle"}, False, Basis.NO_ROOM),
        ({"cpus": "idle", "gpus": "busy"}, True, Basis.FREE),
        ({}, True, Basis.NO_ROOM),  # the scheduler's own default, which is not known: no node is in both
    ],
)
def test_free_nodes_of_another_partition_are_no_room(desk, goes_to, works, basis):
    nodes = (
        Node("a", "", True, 4, 4, 64_000, partitions=("busy",)),
        Node("b", "", True, 4, 0, 64_000, 0, 0, 0, ("idle",)),
    )
    partitions = (Partition("busy", "", True, 1, None, 0, 0), Partition("idle", "", works, 1, None, 0, 0))
    document = Survey(True, nodes, partitions, goes_to=goes_to).document()
    with desk.database.write() as session:
        session.add(ClusterSnapshot(cluster="c", at=NOW, document=document))
    assert wait(desk).basis is basis


def test_what_needs_one_kind_of_node_is_not_told_by_the_room_on_all(desk):
    seen(desk, cpus=64)
    assert wait(desk).basis is Basis.FREE
    told = wait(desk, constraint="a100")
    assert (told.basis, told.words) == (Basis.SOME_NODES, "Not known")
    assert told.basis_words == "Only nodes of one kind will do"


def test_more_than_any_node_has_does_not_start_at_once(desk):
    seen(desk, cpus=8, memory_mb=500)
    assert wait(desk).basis is Basis.NO_ROOM


@pytest.mark.parametrize(
    ("used", "waiting", "basis", "before"),
    [(1, None, Basis.FREE, None), (4, None, Basis.ALL_IN_USE, None), (1, 7, Basis.CLUSTER_QUEUE, 7)],
)
def test_while_nothing_of_the_portals_waits_the_cluster_tells(desk, used, waiting, basis, before):
    seen(desk, used=used, waiting=waiting)
    assert (wait(desk).basis, wait(desk).before) == (basis, before)


def test_without_a_look_at_the_cluster_nothing_is_promised(desk):
    assert wait(desk).words == "Not known yet"
    desk.submit(*desk.more_stacks(3))
    assert (wait(desk).basis, wait(desk).before) == (Basis.QUEUE, 3)


def test_of_several_clusters_that_one_tells_where_such_a_job_will_go(desk):
    for cluster, used in (("blue", 1), ("red", 4), ("gone", 4)):
        seen(desk, used=used, waiting=0, cluster=cluster)
    desk.submit(*desk.more_stacks(2))  # of `count`: at blue
    clusters = (
        Cluster("blue", True, NOW, "", ()),
        Cluster("red", True, NOW, "", (), frozenset({"simulate"})),
        Cluster("green", True, NOW, "", (), frozenset({"check"})),
        Cluster("gone", False, NOW, "", (), forgotten=True),
    )
    told = {name: wait(desk, name, clusters=clusters).basis for name in ("count", "simulate", "check")}
    # Of the one where `check` will go nothing was seen yet: that is no promise.
    assert told == {"count": Basis.FREE, "simulate": Basis.ALL_IN_USE, "check": Basis.UNKNOWN}


@pytest.mark.parametrize("totals", [{}, {"nodes": 2, "works": 2}, {"cpus": 0, "used_cpus": 0}, {"cpus": 4}])
def test_a_cluster_that_does_not_say_what_it_has_is_neither_full_nor_free(desk, totals):
    document = Survey(True, (), ()).document() | {"totals": totals}
    with desk.database.write() as session:
        session.add(ClusterSnapshot(cluster="c", at=NOW, document=document))
    assert wait(desk).basis is Basis.UNKNOWN


def test_waits_are_told_as_they_were_measured_from_the_last_time_of_asking(desk):
    seen(desk)
    desk.submit()
    runs(desk, *[10] * 4, waited=240.0)
    assert wait(desk).measured is None
    runs(desk, 10, waited=420.0)
    assert "jobs like this waited 4 to 7 minutes (the last 5, 30 days at most)" in wait(desk).basis_words
    runs(desk, *[10] * 9, waited=9000.0, days=31)
    assert wait(desk).waits == 5


def test_how_long_it_takes_is_an_interval_from_runs_with_inputs_of_like_size(desk):
    desk.submit()
    runs(desk, *range(240, 420, 15), size=2 * GB)  # twelve
    runs(desk, *[9000] * 12, size=80 * GB)
    told = takes(desk, size=3 * GB)
    assert (told.words, told.basis) == (
        "4 to 7 minutes",
        "from 12 runs with inputs of 2 GB and settings like these",
    )
    assert takes(desk, size=30 * GB).words == "2 hours 30 minutes" or takes(desk, size=30 * GB).runs == 12


def test_runs_with_much_smaller_inputs_tell_nothing(desk):
    desk.submit()
    runs(desk, *[10] * 12, size=GB)
    told = takes(desk, size=40 * GB)
    assert (told.span, told.basis) == (None, "12 runs measured, too few of them with inputs of this size")


def test_few_runs_are_called_few_and_the_author_s_word_is_called_that(desk):
    desk.submit()
    runs(desk, *[10] * 4, size=GB)
    seen(desk)
    jobtype = desk.jobtypes.by_name["count"].model_copy(update={"typical_time": "about a minute"})
    status = ClusterStatus(True, None, {}, (), ())
    with desk.database.read() as session:
        told = outlook(
            session, desk.actor(), jobtype, jobtype.variant(),
            inputs=[[desk.facility.datasets["private"]]], options={}, jobs=1, status=status, now=NOW,
        )  # fmt: skip
    assert told.takes_words == "about a minute"
    assert told.takes_basis == "as its author says; 4 runs measured so far, too few to tell"


def test_other_resources_and_parts_of_the_data_tell_nothing_of_the_whole(desk):
    desk.submit()
    runs(desk, *[10] * 9, size=GB, variant="large")
    runs(desk, *[10] * 9, size=GB, part=True)
    assert takes(desk, size=GB).known == 0
    assert takes(desk, size=GB, variant="large").runs == 9


def test_runs_that_were_ended_at_their_limit_are_told_and_not_counted_as_short(desk):
    desk.submit()
    runs(desk, *[30] * 6, size=GB)
    runs(desk, *[60] * 3, size=GB, outcome=TIME_LIMIT)
    told = takes(desk, size=GB)
    assert told.basis == "from 6 runs with inputs of 1 GB and settings like these, 3 more reached their time limit"
    assert told.words == "about 30 seconds"


@pytest.mark.parametrize(
    ("done", "cut_off", "basis"),
    [
        (0, 6, "all 6 runs measured so far reached their time limit"),
        (0, 1, "the one run measured so far reached its time limit"),
        (2, 4, "2 runs measured so far, too few to tell, 4 more reached their time limit"),
        (0, 0, "no run measured so far"),
    ],
)
def test_where_nearly_all_reached_their_limit_that_is_said_and_not_that_none_ran(desk, done, cut_off, basis):
    desk.submit()
    runs(desk, *[30] * done, size=GB)
    runs(desk, *[60] * cut_off, size=GB, outcome=TIME_LIMIT)
    told = takes(desk, size=GB)
    assert (told.span, told.basis) == (None, basis)


def test_runs_of_an_earlier_version_count_where_there_are_too_few_of_this_and_are_called_so(desk):
    desk.submit()
    runs(desk, *[30] * 6, size=GB)
    newer = desk.jobtypes.by_name["count"].model_copy(update={"version": "2.0"})
    told = takes(desk, size=GB, jobtypes=type(desk.jobtypes)({"count": newer}))
    assert told.basis == "from 6 runs with inputs of 1 GB and settings like these, of this and earlier versions"


def test_several_take_from_the_least_to_the_most_and_so_many_at_a_time(desk):
    seen(desk, cpus=2)
    desk.submit()
    runs(desk, *[60] * 6, size=GB)
    runs(desk, *[180] * 6, size=10 * GB)
    ids = desk.more_stacks(3)
    with desk.database.write() as session:
        session.execute(update(Dataset).where(Dataset.id.in_(ids[:2])).values(file_size=GB))
        session.execute(update(Dataset).where(Dataset.id == ids[2]).values(file_size=10 * GB))
    jobtype = desk.jobtypes.by_name["count"]
    status = ClusterStatus(True, None, {}, (), ())
    with desk.database.read() as session:
        told = outlook(
            session, desk.actor(), jobtype, jobtype.variant(),
            inputs=[[one] for one in ids], options={}, jobs=3, status=status, now=NOW,
        )  # fmt: skip
    assert told.takes_words == "1 to 3 minutes each"
    assert told.all_words == "All 3 take 2 to 6 minutes once they start, 2 at a time"


def test_a_stranger_s_dataset_does_not_tell_its_size(desk):
    desk.submit()
    runs(desk, *[60] * 6, size=10 * GB)
    private = desk.facility.datasets["private"]
    with desk.database.write() as session:
        session.execute(update(Dataset).where(Dataset.id == private).values(file_size=10 * GB))
    stranger = next(
        name for name, actor in desk.facility.actors.items() if name not in {"maya"} and not actor.staff
    )
    jobtype = desk.jobtypes.by_name["count"]
    with desk.database.read() as session:
        mine = likely_run(session, desk.actor(), jobtype, jobtype.variant(), inputs=[[private]], options={})
        actor = desk.actor(stranger)
        theirs = likely_run(session, actor, jobtype, jobtype.variant(), inputs=[[private]], options={})
    assert mine.runs == 6
    assert theirs.span is None


def test_what_is_asked_of_the_database_does_not_grow_with_the_runs(desk):
    desk.submit()
    seen(desk)
    jobtype = desk.jobtypes.by_name["count"]
    status = ClusterStatus(True, None, {}, (), ())
    counted = []
    event.listen(desk.database.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    numbers = []
    for _ in range(2):
        runs(desk, *[30] * 20, size=GB)
        counted.clear()
        with desk.database.read() as session:
            outlook(
                session, desk.actor(), jobtype, jobtype.variant(),
                inputs=[[desk.facility.datasets["private"]]], options={}, jobs=1, status=status, now=NOW,
            )  # fmt: skip
        numbers.append(len(counted))
    assert numbers[0] == numbers[1] <= 8
    assert all("LIMIT" in one for one in counted if "FROM job_run" in one or "FROM job " in one)
