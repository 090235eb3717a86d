import json
from datetime import UTC, datetime

from portal.scheduler.survey import MOST_NODES, Node, Partition, Survey, snapshot_of

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def test_what_is_kept_reads_as_it_was_written():
    node = Node("n1", "Out of order", False, 8, 0, partitions=("main",), reason="smoke", reason_since=AT)
    survey = Survey(True, (node,), (Partition("main", "Takes and starts jobs", True, 1, 300, 2, 1),))
    read = snapshot_of(json.loads(json.dumps(survey.document())), AT)
    assert (read.at, tuple(read.nodes), tuple(read.partitions)) == (AT, survey.nodes, survey.partitions)
    assert read.totals == survey.totals()


def test_of_many_nodes_those_in_trouble_are_kept_and_all_are_counted():
    troubled = MOST_NODES + 20
    nodes = tuple(Node(f"n{number}", "Free", number != troubled, cpus=2) for number in range(MOST_NODES + 50))
    document = Survey(True, nodes).document()
    assert (len(document["nodes"]), document["left_out"]) == (MOST_NODES, 50)
    assert document["nodes"][0]["name"] == f"n{troubled}"
    assert document["totals"]["nodes"] == MOST_NODES + 50
    assert document["totals"]["cpus"] == 2 * (MOST_NODES + 49)


def test_of_a_node_that_does_not_work_only_what_jobs_hold_counts():
    totals = Survey(True, (Node("n1", "Draining", False, 8, 3), Node("n2", "Free", True, 8, 0))).totals()
    assert (totals["cpus"], totals["used_cpus"], totals["works"]) == (11, 3, 1)
