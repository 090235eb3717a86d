"""What recorded answers about nodes say, in words and figures."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.scheduler.slurm.rows import Row, queue_rows
from portal.scheduler.slurm.sinfo import gpus, node_words, survey

RECORDINGS = Path(__file__).parents[3] / "contract" / "recordings" / "slurm-24.11"


def recorded(name, key="sinfo"):
    return json.loads((RECORDINGS / f"{name}.json").read_text())[key]


def nodes_of(name):
    return {node.name: node for node in survey(recorded(name), None).nodes}


@pytest.mark.parametrize("dialect", ["", ".v0.0.41", ".v0.0.40"])
def test_a_node_that_is_being_drained_says_so_and_why_in_every_dialect(dialect):
    node = nodes_of(f"nodes-mixed{dialect}")["node1"]
    assert (node.words, node.works) == ("Being taken out for service: its jobs may end", False)
    assert (node.reason, node.reason_by) == ("fan is loud", "root")
    assert node.reason_since == datetime(2026, 11, 21, 6, 40, 3, tzinfo=UTC)
    assert (node.cpus, node.cpus_used, node.memory_mb, node.memory_used_mb) == (8, 2, 6000, 1000)
    assert (node.gpus, node.gpus_used, node.partitions) == (2, 1, ("short", "main"))


@pytest.mark.parametrize("dialect", ["", ".v0.0.41", ".v0.0.40"])
def test_a_node_under_maintenance_takes_no_jobs_and_names_its_reservation(dialect):
    node = nodes_of(f"nodes-mixed{dialect}")["node2"]
    assert (node.words, node.works, node.reservation) == ("Kept for maintenance", False, "new-disks")
    assert (node.reason, node.reason_since) == ("", None)


def test_nodes_that_are_laid_together_share_what_is_in_use():
    nodes = nodes_of("nodes-full")
    assert [(node.cpus, node.cpus_used, node.memory_used_mb) for node in nodes.values()] == [(8, 8, 2048)] * 2
    assert {node.words for node in nodes.values()} == {"In use"}


def test_a_dead_node_takes_no_part_in_what_there_is():
    found = survey(recorded("nodes-one-down"), None)
    dead = next(node for node in found.nodes if node.name == "node2")
    assert (dead.words, dead.works, dead.reason) == ("Out of order", False, "Not responding")
    totals = found.totals()
    assert (totals["nodes"], totals["works"], totals["cpus"], totals["gpus"]) == (2, 1, 8, 2)


def test_a_drained_node_is_out_for_service():
    assert nodes_of("nodes-one-drained")["node2"].words == "Taken out for service"


def test_partitions_have_their_nodes_limits_and_jobs():
    queue = queue_rows(recorded("qos-jobs-per-user", "squeue"))
    found = {partition.name: partition for partition in survey(recorded("nodes-mixed"), queue).partitions}
    assert (found["main"].running, found["main"].waiting) == (1, 1)
    assert (found["short"].running, found["short"].waiting) == (0, 0)
    assert (found["short"].nodes, found["short"].time_s, found["short"].works) == (2, 300, True)
    assert found["main"].time_s != 300


def test_without_a_list_of_jobs_nothing_is_said_of_them():
    assert {partition.waiting for partition in survey(recorded("nodes-mixed"), None).partitions} == {None}


def test_an_array_counts_by_its_tasks_and_in_each_partition_it_may_go_to():
    row = queue_rows(recorded("array-held", "squeue"))[0]
    assert row.indices is not None
    row = Row(**{**row.__dict__, "partition": "main,short"})
    found = survey(recorded("nodes-mixed"), [row]).partitions
    assert [partition.waiting for partition in found] == [len(row.indices)] * 2


@pytest.mark.parametrize(
    ("state", "words", "works"),
    [
        (["IDLE"], "Free", True),
        (["MIXED", "CLOUD"], "Partly in use", True),
        (["ALLOCATED", "PLANNED"], "In use", True),
        (["IDLE", "PLANNED"], "Kept for the next job", True),
        (["IDLE", "POWERED_DOWN"], "Switched off to save power", True),
        (["ALLOCATED", "DRAIN"], "Being taken out for service: its jobs may end", False),
        (["DOWN", "DRAIN"], "Out of order", False),
        (["IDLE", "NOT_RESPONDING"], "Does not answer", False),
        (["IDLE", "HAUNTED"], "In a state that is not known here (haunted)", False),
        ([], "Not known yet", False),
    ],
)
def test_state_words_together_become_one_sentence_for_people(state, words, works):
    assert node_words(state) == (words, works)


@pytest.mark.parametrize(
    ("gres", "count"),
    [
        ("gpu:2", 2),
        ("gpu:a100:4(S:0-1),shard:8", 4),
        ("gpu:tesla:1(IDX:0),gpu:kepler:2(IDX:0-1)", 3),
        ("gres/gpu:3", 3),
        ("gpu", 1),
        ("", 0),
        (None, 0),
        ("(null)", 0),
    ],
)
def test_gpus_are_counted_out_of_an_expression_of_gres(gres, count):
    assert gpus(gres) == count


@pytest.mark.parametrize("reply", [{}, {"sinfo": [{}]}, {"sinfo": [7]}, {"sinfo": [{"partition": {"name": "x"}}]}])
def test_a_reply_of_another_shape_is_an_error_and_no_empty_cluster(reply):
    with pytest.raises(ValueError, match="cannot be read"):
        survey(reply, None)
