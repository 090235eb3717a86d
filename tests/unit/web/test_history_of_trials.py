"""A dataset's history has one line for all values of a trial."""

from datetime import UTC, datetime
from types import SimpleNamespace

from portal.app import create_app
from portal.web.views.history import RunLine, _folded


def run(name, trial=None):
    dataset = SimpleNamespace(name=name, trial=trial)
    return SimpleNamespace(name=name, outputs=[SimpleNamespace(dataset=dataset)])


def line(one, datasets, hidden):
    return RunLine("qc", "1", "maya", datetime(2026, 1, 1, tzinfo=UTC), "/jobs/1", tuple(datasets), hidden)


def test_trials_are_told_once_and_other_runs_each(settings, sqlite_database):
    runs = [run("a"), run("b", "t1"), run("c", "t2"), run("d", "t1"), run("e")]
    with create_app(settings, database=sqlite_database).test_request_context():
        lines = list(_folded(runs, line, ()))
    assert [(one.tried, one.trial_url) for one in lines] == [
        (0, None), (2, "/trials/t1"), (1, "/trials/t2"), (0, None)
    ]  # fmt: skip
    assert lines[1].datasets == () and lines[1].job_url is None
