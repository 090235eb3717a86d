from datetime import timedelta

from portal.daemon.survey import survey_step
from portal.jobs.clusters.snapshots import snapshots
from portal.scheduler.survey import Node, Survey


def kept(bench):
    with bench.deps.database.read() as session:
        return next(iter(snapshots(session).values()), None)


def test_before_the_first_answer_there_is_nothing_to_show(bench):
    assert kept(bench) is None


def test_what_there_is_is_kept_with_its_time(bench):
    assert survey_step(bench.deps, bench.now)
    snapshot = kept(bench)
    assert (snapshot.at, [node.name for node in snapshot.nodes]) == (bench.now, ["n1"])


def test_an_answer_that_says_the_same_is_no_change_and_has_its_own_time(bench):
    survey_step(bench.deps, bench.now)
    later = bench.now + timedelta(minutes=1)
    assert not survey_step(bench.deps, later)
    assert kept(bench).at == later
    bench.cluster.nodes = (Node("n1", "Out of order", False),)
    assert survey_step(bench.deps, later)
    assert kept(bench).nodes[0].words == "Out of order"


def test_a_silence_leaves_what_was_seen_with_its_time_and_is_noted(bench):
    survey_step(bench.deps, bench.now)
    bench.cluster.answers = False
    later = bench.now + timedelta(minutes=1)
    assert not survey_step(bench.deps, later)
    assert kept(bench).at == bench.now
    assert (bench.deps.health.answered, bench.deps.health.since) == (False, later)


def test_a_list_of_nodes_that_cannot_be_read_is_trouble_for_staff_and_no_outage(bench):
    survey_step(bench.deps, bench.now)
    bench.cluster.survey = lambda: Survey(False, message="Slurm's list of nodes cannot be read.")
    assert not survey_step(bench.deps, bench.now)
    assert bench.deps.health.answered is True
    assert bench.deps.health.problems == {"nodes": "Slurm's list of nodes cannot be read."}
    del bench.cluster.survey
    survey_step(bench.deps, bench.now)
    assert bench.deps.health.problems == {}
