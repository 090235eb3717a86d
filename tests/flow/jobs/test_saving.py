"""Saving a result that takes long, with the real store: it says how far it is, ends when asked, delays nobody."""

import pytest
from job_yard import COUNT, analysis

from portal.jobs.actions import cancel
from portal.jobs.read import job_view
from portal.jobs.state import State

ENDLESS = (
    COUNT
    + """
with open("output/endless.txt", "wb") as file:
    file.truncate(1 << 40)
"""
)


def made(yard):
    """What the store has of results, but for its own files."""
    return list(yard.settings.results.rglob("*.txt"))


@pytest.fixture
def yard(yard_with):
    return yard_with(analysis("endless", ENDLESS), analysis("count", COUNT), limits={"output_bytes": 1 << 41})


def reason(yard, index):
    return yard.job(index).waiting.reason or ""


def test_another_persons_result_is_filed_meanwhile_and_a_cancellation_is_heard(yard):
    yard.submit("endless")
    daemon = yard.start_daemon()
    yard.wait(lambda: reason(yard, 0).startswith("Saving: "))
    assert reason(yard, 0).endswith(" of 1 TB.")
    yard.submit("count", person="ravi")
    yard.wait(lambda: yard.job(1).state is State.SUCCEEDED)
    assert yard.job(0).state is State.COLLECTING
    yard.change(cancel, yard.job(0).id)
    yard.wait(yard.ended)
    job = yard.job(0)
    assert (job.state, len(yard.results())) == (State.CANCELLED, 1)
    assert [path.name for path in made(yard)] == ["count.txt"]
    assert daemon.poll() is None


def test_a_daemon_that_is_killed_while_it_saves_leaves_it_to_the_next(yard):
    yard.submit("endless")
    first = yard.start_daemon()
    yard.wait(lambda: reason(yard, 0).startswith("Saving: "))
    first.kill()
    first.wait()
    yard.start_daemon()
    yard.submit("count", person="ravi")
    yard.wait(lambda: yard.job(1).state is State.SUCCEEDED)
    yard.change(cancel, yard.job(0).id)
    yard.wait(yard.ended)
    assert yard.job(0).state is State.CANCELLED
    assert [path.name for path in made(yard)] == ["count.txt"]


def test_one_that_takes_longer_than_the_site_allows_is_refused_and_what_it_wrote_stays(yard_with):
    limits = {"output_bytes": 1 << 41, "output_minutes": 0.02}
    yard = yard_with(analysis("endless", ENDLESS), limits=limits)
    yard.submit("endless")
    yard.start_daemon()
    yard.wait(yard.ended)
    job = yard.job()
    assert (job.state, job.cause) == (State.FAILED, "result refused")
    with yard.database.read() as session:
        words = job_view(session.merge(job, load=False), job.ended).sentence
    assert words.startswith("Saving its result took longer than 1 second")
    assert "stays in its working folder for 14 days" in words
    assert (yard.folder_of(job) / "output" / "endless.txt").stat().st_size == 1 << 40
    assert made(yard) == []


def test_too_many_files_are_refused_in_words(yard_with):
    many = COUNT + "\nfor n in range(40):\n    (out / f'{n}.txt').write_text('1')\n"
    yard = yard_with(analysis("many", many), limits={"output_files": 30})
    yard.submit("many")
    (job,) = yard.until_ended(yard.daemon())
    assert (job.state, job.cause) == (State.FAILED, "result refused")
    assert job.cause_words.startswith("The output holds more than 30 files. Your dataset is unchanged")
    assert (yard.folder_of(job) / "output" / "39.txt").exists()
