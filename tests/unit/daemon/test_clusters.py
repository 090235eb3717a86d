"""Two Slurm clusters side by side: the backend is Slurm's, its commands are answered here; one goes silent."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from desk_and_bench import ANALYSIS
from fake_cluster import FakeCluster
from sqlalchemy import select, update

from portal.agent.asking import Account
from portal.agent.client import Submitted, Taken
from portal.config import load_settings
from portal.daemon import lease
from portal.daemon.context import Place
from portal.daemon.dispatch.turns import at_scheduler
from portal.daemon.loop import Daemon
from portal.daemon.parts import make_places
from portal.daemon.share import ALL, Share, shares
from portal.errors import ConfigError
from portal.jobs import actions
from portal.jobs.clusters.snapshots import snapshots
from portal.jobs.models import Attempt, Job
from portal.jobs.read import cluster_status, sentence
from portal.jobs.state import State
from portal.jobs.timing.wait import Basis, likely_wait
from portal.jobtype.load import JobTypes, parse_text
from portal.rpc.exchange import AnswerLostError
from portal.scheduler.base import JobRequest, SchedulerError
from portal.scheduler.slurm import times as slurm_times
from portal.scheduler.slurm.cluster import SlurmScheduler
from portal.scheduler.slurm.commands import Answer
from portal.scheduler.slurm.config import SlurmConfig
from portal.scheduler.slurm.rows import queue_rows

RECORDED = Path(__file__).parents[2] / "contract" / "recordings" / "slurm-24.11"
AWAY = Answer(1, "", "error: Unable to contact slurm controller (connect failure)\n")


class Slurm:
    """The commands of one cluster: what they are told they tell again, unless it is silent."""

    def __init__(self, cluster: str) -> None:
        self.cluster, self.silent = cluster, False
        self.rows: list[dict[str, Any]] = []
        self.nodes = json.loads((RECORDED / "nodes-mixed.json").read_text())["sinfo"]
        self.asked: list[str] = []

    def run(self, command: Sequence[str], *, stdin: str = "") -> Answer:
        self.asked.append(command[0])
        if self.silent:
            return AWAY
        if command[0] == "sbatch":
            return self._sbatch(dict(word.removeprefix("--").split("=", 1) for word in command[1:] if "=" in word))
        if slurm_times.asked(command[1:]) is not None:
            return Answer(0, slurm_times.told(queue_rows({"jobs": self.rows})), "")
        if command[0] == "sinfo":
            return Answer(0, json.dumps(self.nodes | self._meta()), "")
        return Answer(0, json.dumps({"jobs": self.rows if command[0] == "squeue" else []} | self._meta()), "")

    def _meta(self) -> dict[str, Any]:
        return {"meta": {"slurm": {"cluster": self.cluster}}, "errors": [], "warnings": []}

    def _sbatch(self, options: Mapping[str, str]) -> Answer:
        job_id = 7 + len(self.rows)
        self.rows.append(
            {
                "job_id": job_id,
                "name": options["job-name"],
                "user_name": "maya",
                "cluster": self.cluster,
                "current_working_directory": options["chdir"],
                "job_state": ["PENDING"],
                "submit_time": 1795228872,
            }
        )
        return Answer(0, f"{job_id}\n", "")


class SlurmAgent(FakeCluster):
    """The agent of that cluster: what it takes it hands to Slurm's backend, each job by itself."""

    scheduler: SlurmScheduler

    def submit_by_account(self, items: Sequence[tuple[Account, Mapping[str, Any]]]) -> Iterator[dict[int, Any]]:
        answers: dict[int, Any] = {}
        for place, (_account, item) in enumerate(items):
            self.items.append(item)
            folder = self.scheduler.scratch / item["attempt"]
            folder.mkdir(parents=True, exist_ok=True)
            request = JobRequest(item["attempt"], item["name"], "maya", ("launch",), folder, 1, 100, 60)
            [handle] = self.scheduler.submit([request])
            assert not isinstance(handle, SchedulerError)
            answers[place] = Submitted(handle.job_id, None, handle.submitted, "0" * 64, folder)
        yield answers

    def seal(self, attempts: Sequence[tuple[Account, str]]) -> list[Any]:
        self.sealed = [attempt for _account, attempt in attempts]
        return [AnswerLostError("It does not answer.")] * len(attempts)

    def find(self, items: Sequence[tuple[Account, tuple[str, str]]]) -> list[Any]:
        found = self.scheduler.find([asked for _account, asked in items])
        return [None if one is None else Taken(one.job_id, None, one.submitted) for one in found]


class Two:
    """A daemon with the clusters `blue`, the first, and `red`, where the job type `weigh` runs."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        lease.release(bench.deps.database, bench.deps.lease)
        self.slurms = {name: Slurm(name) for name in ("blue", "red")}
        self.agents: dict[str, SlurmAgent] = {}
        places = []
        for name, share in zip(self.slurms, shares([("blue", ()), ("red", ("weigh",))]), strict=True):
            config = SlurmConfig(name, data_parser="v0.0.42", canary=False, accounting=False)
            scheduler = SlurmScheduler(config, bench.deps.settings.scratch, commands=self.slurms[name])
            self.agents[name] = SlurmAgent(cluster=name)
            self.agents[name].scheduler = scheduler
            places.append(Place(scheduler, self.agents[name], share))
        self.daemon = Daemon(bench.deps.settings, bench.deps.database, places, None)

    def turn(self) -> None:
        for one in self.daemon.rounds:
            one.paces["jobs"].hurry()
            one.paces["nodes"].hurry()
            for pace in (one.paces["jobs"], one.paces["nodes"], one.paces["gathering"]):
                pace.clock = lambda: float("inf")
        self.daemon._status._written = None
        self.bench.later(1)
        self.daemon.turn(self.bench.now)

    def attempts(self) -> dict[str, str]:
        """The cluster of each job's attempt, by job type."""
        return {job.submission.revision.name: job.attempt.cluster for job in self.bench.jobs()}

    def states(self) -> dict[str, State]:
        return {job.submission.revision.name: job.state for job in self.bench.jobs()}

    def answers(self) -> dict[str, bool | None]:
        return {cluster.name: cluster.answered for cluster in self.status().clusters}

    def problems(self, cluster: str) -> tuple[str, ...]:
        found = self.status().named(cluster)
        return tuple(found.problems) if found else ()

    def status(self) -> Any:
        with self.bench.deps.database.read() as session:
            return cluster_status(session)


@pytest.fixture
def two(bench) -> Two:
    other, problems = parse_text(ANALYSIS.replace("name: count\n", "name: weigh\n", 1), Path("weigh.yaml"))
    assert other is not None, problems
    bench.desk.jobtypes = JobTypes(bench.desk.jobtypes.by_name | {"weigh": other})
    return Two(bench)


def test_a_job_goes_where_its_job_type_is_named_and_else_to_the_first(two):
    for jobtype in ("count", "weigh"):
        two.bench.desk.submit(jobtype=jobtype)
    two.turn()
    assert two.attempts() == {"count": "blue", "weigh": "red"}
    assert two.states() == {"count": State.PENDING, "weigh": State.PENDING}
    assert {name: len(slurm.rows) for name, slurm in two.slurms.items()} == {"blue": 1, "red": 1}
    # Both have number 7: an id is of its cluster.
    assert {job.attempt.cluster_job for job in two.bench.jobs()} == {"7"}


def test_while_one_is_silent_the_others_jobs_are_handed_over_watched_and_cancelled(two):
    for jobtype in ("count", "weigh"):
        two.bench.desk.submit(jobtype=jobtype)
    two.turn()
    two.slurms["blue"].silent = True
    two.slurms["red"].rows[0] |= {"job_state": ["RUNNING"], "start_time": 1795228900, "nodes": "r1"}
    two.turn()
    assert two.states() == {"count": State.PENDING, "weigh": State.RUNNING}
    later = [two.bench.desk.submit(jobtype=jobtype) for jobtype in ("count", "weigh")]
    two.turn()
    waiting = {job.submission_id: job.state for job in two.bench.jobs()}
    assert [waiting[one] for one in later] == [State.QUEUED, State.PENDING]
    for job in two.bench.jobs():
        two.bench.desk.change(actions.cancel, "maya", job.id)
    two.turn()
    assert len(two.agents["red"].cancelled) == 2
    assert not set(two.agents["blue"].cancelled) & set(two.agents["red"].cancelled)


def test_health_and_banner_are_by_cluster(two):
    for jobtype in ("count", "weigh"):
        two.bench.desk.submit(jobtype=jobtype)
    two.turn()
    assert [(one.name, one.answered) for one in two.status().clusters] == [
        ("blue", True),
        ("red", True),
    ]
    assert two.status().banner == ""
    two.slurms["blue"].silent = True
    two.turn()
    status = two.status()
    assert two.answers() == {"blue": False, "red": True}
    assert status.banner.startswith("The cluster blue has not answered since ")
    said = {job.submission.revision.name: sentence(job, two.bench.now, status=status) for job in two.bench.jobs()}
    assert "cluster blue has not answered" in said["count"]
    assert "has not answered" not in said["weigh"]
    two.bench.desk.submit(jobtype="weigh")
    assert "handed over when" not in sentence(two.bench.jobs()[-1], two.bench.now, status=status)
    # One that waits in the portal is not promised a cluster that is silent.
    two.bench.desk.submit(jobtype="count")
    waits = "It is handed over when the cluster blue answers again."
    assert waits in sentence(two.bench.jobs()[-1], two.bench.now, status=status)
    two.slurms["red"].silent = True
    two.turn()
    said = sentence(two.bench.jobs()[-1], two.bench.now, status=two.status())
    assert two.status().banner.count("has not answered") == 2
    assert "has not answered" in said or "handed over when" in said
    for slurm in two.slurms.values():
        slurm.silent = False
    two.turn()
    assert two.status().banner == ""


@pytest.mark.parametrize(("silent", "there", "elsewhere"), [("red", "weigh", "count"), ("blue", "count", "weigh")])
def test_one_that_was_silent_while_it_had_nothing_is_asked_again_though_the_other_has_jobs(
    two, silent, there, elsewhere
):
    two.bench.desk.submit(jobtype=elsewhere)
    two.turn()
    two.slurms[silent].silent = True
    two.turn()
    assert two.answers()[silent] is False
    two.bench.desk.submit(jobtype=there)
    two.turn()
    assert two.states()[there] is State.QUEUED
    two.slurms[silent].silent = False
    for _ in range(3):
        two.turn()
    assert two.answers() == {"blue": True, "red": True}
    assert two.states()[there] is State.PENDING


def test_a_hand_over_without_an_answer_is_settled_though_the_other_has_jobs(two, monkeypatch):
    two.bench.desk.submit(jobtype="count")
    two.turn()
    red, agent = two.slurms["red"], two.agents["red"]
    submit_by_account = agent.submit_by_account

    def lost(items: Any) -> Iterator[dict[int, Any]]:
        list(submit_by_account(items))
        red.silent = True
        yield dict.fromkeys(range(len(items)), AnswerLostError("The answer was lost."))

    monkeypatch.setattr(agent, "submit_by_account", lost)
    two.bench.desk.submit(jobtype="weigh")
    for _ in range(2):
        two.turn()
    assert (two.states()["weigh"], two.answers()["red"]) == (State.SUBMITTING, False)
    monkeypatch.undo()
    red.silent = False
    red.rows[0] |= {"job_state": ["RUNNING"], "start_time": 1795228900, "nodes": "r1"}
    for _ in range(5):
        two.turn()
    assert two.states()["weigh"] is State.RUNNING
    assert len(red.rows) == 1


def test_how_many_wait_is_told_by_cluster_and_so_is_the_likely_wait(two):
    for _ in range(3):
        two.bench.desk.submit(jobtype="count")
    two.turn()
    waiting = {cluster.name: cluster.waiting for cluster in two.status().clusters}
    assert waiting == {"blue": 3, "red": 0}
    with two.bench.deps.database.read() as session:
        desk, told = two.bench.desk, {}
        for name in ("count", "weigh"):
            jobtype = desk.jobtypes.by_name[name]
            told[name] = likely_wait(
                session,
                desk.actor(),
                jobtype,
                jobtype.variant(),
                jobs=1,
                status=two.status(),
                now=two.bench.now,
            )
    assert (told["count"].basis, told["count"].before) == (Basis.QUEUE, 3)
    assert told["weigh"].basis is not Basis.QUEUE


def test_a_trouble_at_one_of_several_clusters_says_at_which(two):
    for one in two.daemon.rounds:
        deps = two.daemon._deps(one, two.daemon._lease or two.daemon._take_lease())
        deps.trouble("dispatch", "The step dispatch failed.")
    assert two.daemon.troubles.sorted() == [
        "The step dispatch failed. (cluster blue)",
        "The step dispatch failed. (cluster red)",
    ]
    two.daemon._deps_for_all(two.daemon._lease).trouble("collect", "The step collect failed.")
    assert "The step collect failed." in two.daemon.troubles.sorted()


def test_a_result_is_sealed_by_the_agents_of_its_own_cluster(two):
    for jobtype in ("count", "weigh"):
        two.bench.desk.submit(jobtype=jobtype)
    two.turn()
    with two.bench.deps.database.write() as session:
        for job in session.scalars(select(Job)):
            job.state = State.COLLECTING
    two.turn()
    of = {job.submission.revision.name: job.attempt.id for job in two.bench.jobs()}
    assert {name: agent.sealed for name, agent in two.agents.items()} == {
        "blue": [of["count"]],
        "red": [of["weigh"]],
    }


def test_they_are_told_in_the_order_of_the_settings_and_one_that_is_set_no_more_last(two):
    names = ("red", "blue")
    places = [
        Place(place.scheduler, place.agent, share)
        for place, share in zip(
            (two.daemon.rounds[1].place, two.daemon.rounds[0].place),
            shares([(names[0], ()), (names[1], ("weigh",))]),
            strict=True,
        )
    ]
    two.daemon = Daemon(two.bench.deps.settings, two.bench.deps.database, places, None)
    for _name in names:
        two.bench.desk.submit(jobtype="count")
    two.turn()
    with two.bench.deps.database.write() as session:
        first = session.scalars(select(Attempt).order_by(Attempt.created)).first()
        first.cluster = "amber"
    two.turn()
    status = two.status()
    assert [(one.name, one.forgotten) for one in status.clusters] == [
        ("red", False),
        ("blue", False),
        ("amber", True),
    ]
    assert [status.going_to(jobtype).name for jobtype in ("count", "weigh", "unheard-of")] == [
        "red",
        "blue",
        "red",
    ]


def test_what_each_has_is_kept_by_its_name(two):
    two.slurms["red"].silent = True
    two.turn()
    with two.bench.deps.database.read() as session:
        assert list(snapshots(session)) == ["blue"]
    two.slurms["red"].silent = False
    two.slurms["blue"].silent = True
    two.turn()
    with two.bench.deps.database.read() as session:
        found = snapshots(session)
    assert list(found) == ["red", "blue"]
    assert found["red"].at > found["blue"].at


def test_an_absence_counts_at_the_jobs_own_cluster_only(two):
    for jobtype in ("count", "weigh"):
        two.bench.desk.submit(jobtype=jobtype)
    two.turn()
    two.slurms["red"].rows.clear()
    two.turn()
    absent = {job.submission.revision.name: job.absent_since is not None for job in two.bench.jobs()}
    assert absent == {"count": False, "weigh": True}


def test_jobs_at_a_cluster_that_is_set_no_more_wait_for_it_and_it_is_said(two):
    for jobtype in ("count", "weigh"):
        two.bench.desk.submit(jobtype=jobtype)
    two.turn()
    for slurm in two.slurms.values():
        slurm.rows.clear()
    # As if `red` had been called `green`, and gone.
    with two.bench.deps.database.write() as session:
        session.execute(update(Attempt).where(Attempt.cluster == "red").values(cluster="green"))
    for _ in range(3):
        two.turn()
    here, waits = two.bench.jobs()
    assert (waits.state, waits.absent_since, waits.attempt.cluster) == (State.PENDING, None, "green")
    assert here.absent_since is not None, "blue is asked about its own"
    assert two.answers() == {"blue": True, "green": False, "red": True}
    [green] = [cluster for cluster in two.status().clusters if cluster.forgotten]
    assert green.problems == ("The cluster green is not in the settings any more, and has 1 job.",)
    assert "The cluster green is not in the portal's settings any more" in sentence(
        waits, two.bench.now, status=two.status()
    )
    waits.state = State.SUBMITTING
    assert "settings any more" in sentence(waits, two.bench.now, status=two.status())
    two.bench.desk.change(actions.cancel, "maya", waits.id)
    two.turn()
    wish = sentence(two.bench.jobs()[1], two.bench.now, status=two.status())
    assert wish.startswith("Being cancelled for Maya Lind. The cluster green is not in the portal's settings")
    assert not two.agents["blue"].cancelled and not two.agents["red"].cancelled


def test_the_first_removes_the_folders_of_one_that_is_gone(two):
    two.bench.desk.submit()
    two.turn()
    with two.bench.deps.database.write() as session:
        session.execute(update(Attempt).values(cluster="green"))
        theirs = [
            session.scalars(select(Attempt.id).where(one.place.share.folders())).all() for one in two.daemon.rounds
        ]
    assert [len(some) for some in theirs] == [1, 0]


def test_one_cluster_with_a_name_is_asked_about_its_own_jobs_only(two):
    [blue] = shares([("blue", ())])
    two.bench.desk.submit()
    two.turn()
    with two.bench.deps.database.write() as session:
        assert len(session.scalars(select(Attempt.id).where(blue.attempts())).all()) == 1
        session.execute(update(Attempt).values(cluster="green"))
        assert session.scalars(select(Attempt.id).where(blue.attempts())).all() == []
        assert len(session.scalars(select(Attempt.id).where(ALL.attempts())).all()) == 1


def test_a_job_counts_where_its_latest_attempt_is(two):
    two.bench.desk.submit()
    two.turn()
    with two.bench.deps.database.write() as session:
        job = session.scalars(select(Job)).one()
        further = {"number": 2, "cluster": "red", "name": "gantry-x-1", "resources": {}}
        session.add(Attempt(id=str(uuid.uuid4()), job_id=job.id, created=two.bench.now, **further))
        session.flush()
        counts = [at_scheduler(session, one.place.share) for one in two.daemon.rounds]
        assert counts == [{}, {job.person_id: 1}]


# ---- threads -------------------------------------------------------------------------------------------------


@contextmanager
def at_work(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The daemon's own loop and threads; all of them have ended afterwards."""
    monkeypatch.setattr(daemon, "_handle_signals", lambda: None)  # they are the main thread's
    loop = threading.Thread(target=daemon.run)
    loop.start()
    try:
        yield
    finally:
        daemon.stopping.set()
        loop.join(60)
    assert not loop.is_alive()
    assert not {thread.name for thread in threading.enumerate()} & {"lease", "collect", "tell", "red"}


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("hanging", "there", "elsewhere"), [("blue", "count", "weigh"), ("red", "weigh", "count")]
)
def test_one_that_hangs_holds_up_no_other(two, monkeypatch, hanging, there, elsewhere):
    hung, goes_on, answer = threading.Event(), threading.Event(), two.slurms[hanging].run

    def hang(command: Sequence[str], *, stdin: str = "") -> Answer:
        hung.set()
        assert goes_on.wait(60)
        return answer(command, stdin=stdin)

    monkeypatch.setattr(two.slurms[hanging], "run", hang)
    for jobtype in (there, elsewhere):
        two.bench.desk.submit(jobtype=jobtype)
    with at_work(two.daemon, monkeypatch):
        try:
            until(lambda: hung.is_set() and two.states()[elsewhere] is State.PENDING)
            assert two.states()[there] in {State.QUEUED, State.SUBMITTING}
        finally:
            goes_on.set()
        until(lambda: two.states()[there] is State.PENDING)


def test_a_fault_in_a_thread_is_shown_and_does_not_end_it(two, monkeypatch):
    monkeypatch.setattr("portal.daemon.loop.AFTER_A_FAULT_S", 0.05)
    red, broken = two.daemon.rounds[1], True
    work = red.work

    def fail(deps: Any, counts: Any) -> bool:
        if broken:
            raise RuntimeError("no such luck")
        return work(deps, counts)

    monkeypatch.setattr(red, "work", fail)
    two.bench.desk.submit(jobtype="weigh")
    with at_work(two.daemon, monkeypatch):
        fault = "The daemon's thread red failed: RuntimeError: no such luck"
        until(lambda: fault in two.problems("red"))
        assert two.states() == {"weigh": State.QUEUED}
        broken = False
        until(lambda: two.states() == {"weigh": State.PENDING})
        until(lambda: two.problems("red") == ())


# ---- settings ------------------------------------------------------------------------------------------------


def clusters(**changes: Any) -> dict[str, Any]:
    return {
        "blue": {"backend": "slurm"},
        "red": {"backend": "slurm", "jobtypes": ["weigh"], "slurm": {"max_array_size": 10}},
    } | changes


def test_clusters_are_set_by_name_the_first_first(tmp_path):
    places = make_places(load_settings({}, var=tmp_path, clusters=clusters()))
    assert [place.scheduler.cluster for place in places] == ["blue", "red"]
    assert [place.share for place in places] == [
        Share("blue", frozenset({"weigh"}), others=frozenset({"red"})),
        Share("red", frozenset({"weigh"}), rest=False),
    ]


def test_local_stands_beside_a_cluster_only_where_all_is_one_account(tmp_path):
    both = clusters(local={"backend": "local", "local": {"slots": 1}})
    places = make_places(load_settings({}, var=tmp_path, clusters=both))
    assert [place.scheduler.cluster for place in places] == ["blue", "red", "local"]
    agent = {"command": ["sudo", "-u", "{account}", "agent"]}
    with pytest.raises(ConfigError, match=r"clusters\.local: .*as the daemon's account"):
        make_places(load_settings({}, var=tmp_path, clusters=both, agent=agent))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clusters": clusters(), "scheduler": "slurm"}, "scheduler is set too"),
        ({"clusters": clusters(), "slurm": {"cluster": "blue"}}, "slurm is set too"),
        ({"clusters": clusters(blue={"backend": "slurm", "jobtypes": ["weigh"]})}, "weigh runs at one cluster"),
        ({"clusters": clusters(blue={"backend": "condor"})}, "there is no backend 'condor'"),
        (
            {"clusters": clusters(blue={"backend": "slurm", "slurm": {"cluster": "green"}})},
            "its own name is green",
        ),
        ({"clusters": clusters(blue={"backend": "local"})}, "its own name is local"),
        ({"clusters": clusters(blue={"backend": "slurm", "slurm": {"account": "--me"}})}, "clusters.blue: slurm"),
    ],
    ids=repr,
)
def test_what_cannot_be_is_refused_in_words(tmp_path, changes, words):
    with pytest.raises(ConfigError, match=words):
        make_places(load_settings({}, var=tmp_path, **changes))
