"""The facility's page: what the daemon last saw of the cluster, read from the database."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.jobs.clusters.rows import DAEMON, ClusterHealth, ClusterSnapshot, DaemonLease
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.scheduler.survey import Node, Partition, Survey

SURVEY = Survey(
    True,
    (
        Node("node1", "Partly in use", True, 8, 2, 6000, 1000, 2, 1, ("main", "short")),
        Node(
            "node2",
            "Taken out for service",
            False,
            8,
            partitions=("main",),
            reason="fan is <loud>",
            reason_by="root",
            reason_since=datetime.now(UTC) - timedelta(hours=3),
        ),
    ),
    (
        Partition("main", "Takes and starts jobs", True, 2, None, 1234, 17),
        Partition("short", "Takes jobs and starts none", False, 1, 300, 0, 0),
    ),
)


def keep(site: Any, survey: Survey, at: datetime, cluster: str = "gantry") -> None:
    with site.database.write() as session:
        session.add(ClusterSnapshot(cluster=cluster, at=at, document=survey.document()))


def beat(site: Any, *, answered: bool | None) -> None:
    """What the daemon, alive, last wrote down."""
    with site.database.write() as session:
        now = datetime.now(UTC)
        lasts = now + timedelta(minutes=1)
        session.add(DaemonLease(name=DAEMON, holder="x", epoch=1, expires=lasts, beat=now, status={"counts": {}}))
        session.add(ClusterHealth(cluster="gantry", answered=answered, since=now))


def page_of(site: Any) -> str:
    return " ".join(site.client("sam").get("/facility").text.split())


def test_nodes_and_partitions_are_shown_with_the_time_they_were_seen(site: Any) -> None:
    keep(site, SURVEY, datetime.now(UTC) - timedelta(minutes=7))
    page = page_of(site)
    assert "2 nodes. 1 of them does not take jobs." in page
    assert "7 minutes ago" in page
    assert page.index("Taken out for service") < page.index("Partly in use"), "trouble comes first"
    assert "“fan is &lt;loud&gt;”, root" in page
    assert "3 hours ago" in page
    for words in ("1234", "17", "no limit", "5 minutes", "Takes jobs and starts none", "2 of 8", "1 of 2"):
        assert words in page, words


def test_what_was_seen_before_a_silence_is_not_called_healthy(site: Any) -> None:
    keep(site, SURVEY, datetime.now(UTC) - timedelta(minutes=7))
    beat(site, answered=False)
    page = page_of(site)
    assert re.search(r"As last seen <time[^>]*>7 minutes ago</time>; what has changed since is not known\.", page)
    states = re.findall(r'<td data-label="State">(?:<div>)?<span class="state (\w+)">', page)
    assert states == ["cancelled"] * 4, "neither green nor red"
    assert re.search(r"Silent</span><br><span class=\"unit\">since \d\d:\d\d<", page)


def test_each_of_several_clusters_is_shown_and_only_the_silent_one_as_it_was(site: Any) -> None:
    now = datetime.now(UTC)
    keep(site, SURVEY, now - timedelta(minutes=7), "blue")
    keep(site, Survey(True, (Node("r1", "Free", True, 64, 3, 8000, 0),)), now, "red")
    beat(site, answered=None)
    with site.database.write() as session:
        session.get_one(ClusterHealth, "gantry").cluster = "green"
        silence = "Slurm did not answer within 30 s."
        session.add(ClusterHealth(cluster="blue", answered=False, since=now, message=silence))
        session.add(ClusterHealth(cluster="red", answered=True, since=now, problems=["red is half blind"]))
    page = page_of(site)
    heard = re.findall(r"<dt>(blue|red|green)</dt><dd><span class=\"state \w+\">.*?</svg>\s*([\w ]+)</span>", page)
    assert heard == [("blue", "Silent"), ("green", "Not asked yet"), ("red", "Answers")]
    assert re.findall(r"(Nodes|Partitions) of (\w+)</h2>", page) == [
        ("Nodes", "blue"), ("Partitions", "blue"), ("Nodes", "red")
    ]  # fmt: skip
    states = re.findall(r'<td data-label="State">(?:<div>)?<span class="state (\w+)">', page)
    assert states == ["cancelled"] * 4 + ["done"], "what was seen before a silence is neither green nor red"
    assert "3 of 64" in page
    assert "blue: Slurm did not answer within 30 s." in page
    assert "red: red is half blind" in page
    assert re.search(r"The cluster blue has not answered since \d\d:\d\d\. Nothing is lost", page)
    assert len(re.findall(r'id="([^"]+)"', page)) == len(set(re.findall(r'id="([^"]+)"', page)))


def test_clusters_are_shown_as_they_are_set_and_one_that_is_set_no_more_is_called_so(site: Any) -> None:
    beat(site, answered=True)
    with site.database.write() as session:
        names = [{"name": name, "jobtypes": []} for name in ("gantry", "blue")]
        session.get_one(DaemonLease, DAEMON).status = {"counts": {}, "clusters": names}
        now, problem = datetime.now(UTC), "The cluster amber is not in the settings any more, and has 1 job."
        session.add(ClusterHealth(cluster="amber", answered=False, since=now, problems=[problem]))
        session.add(ClusterHealth(cluster="blue", answered=True, since=now))
    page = page_of(site)
    heard = re.findall(
        r"<dt>(blue|amber|gantry)</dt><dd><span class=\"state \w+\">.*?</svg>\s*([\w ]+)</span>", page
    )
    assert heard == [("gantry", "Answers"), ("blue", "Answers"), ("amber", "Not in the settings")]
    assert problem in page
    assert "amber has not answered" not in page


def test_before_the_first_answer_the_page_has_no_nodes_and_no_invented_figures(site: Any) -> None:
    page = page_of(site)
    assert "What is stuck?" in page
    assert "Partitions" not in page
    assert "Processors" not in page


def test_one_computer_without_partitions_is_one_line(site: Any) -> None:
    keep(site, Survey(True, (Node("here", "Free", True, 4, 0, 8000, 0),)), datetime.now(UTC))
    page = page_of(site)
    assert "here" in page
    assert "0 of 4" in page
    assert "Partitions" not in page
    assert "GPUs" not in page


def test_of_hundreds_of_nodes_the_page_says_how_many_it_leaves_out(site: Any) -> None:
    nodes = tuple(Node(f"n{number}", "Free", True, 4) for number in range(203))
    keep(site, Survey(True, nodes), datetime.now(UTC))
    assert "203 nodes. All take jobs. 3 nodes of those that take jobs not shown." in page_of(site)


def form_of(site: Any) -> str:
    with site.database.write() as session:
        session.get_one(Job, site.job).state = State.CANCELLED  # nothing of the portal's waits
    beat(site, answered=True)
    page = f"/analyses/lightsheet-deconvolution/start?dataset={site.facility.datasets['private']}"
    return " ".join(site.client("maya").get(page).text.split())


def test_a_form_tells_of_others_who_wait_for_the_cluster(site: Any) -> None:
    keep(site, SURVEY, datetime.now(UTC))
    assert "1,234 jobs wait before it" in form_of(site)


def test_a_form_tells_of_a_cluster_that_is_all_in_use(site: Any) -> None:
    keep(site, Survey(True, (Node("here", "In use", True, 4, 4, 8000, 0),)), datetime.now(UTC))
    assert "Starts when a running job ends" in form_of(site)


def test_a_form_promises_nothing_of_a_cluster_that_was_not_seen(site: Any) -> None:
    form = form_of(site)
    assert "Not known yet" in form
    assert "Starts" not in form.split("Not known yet")[0][-400:]


def test_a_form_tells_of_a_free_cluster(site: Any) -> None:
    keep(site, Survey(True, (Node("here", "Free", True, 4, 1, 8000, 0),)), datetime.now(UTC))
    assert "Starts at once" in form_of(site)
