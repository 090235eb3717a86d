"""A log as text says where it goes on: a page of 64 KiB is not the whole of it."""

from datetime import UTC, datetime
from typing import Any

from portal.jobs.models import Attempt


def test_a_long_log_as_text_says_where_it_goes_on(site: Any) -> None:
    with site.database.write() as session:
        attempt = Attempt(
            job_id=site.job, number=1, name="x", cluster="local", resources={}, created=datetime.now(UTC)
        )
        session.add(attempt)
        session.flush()
        folder = site.settings.scratch / attempt.id
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text("".join(f"line {number:06}\n" for number in range(6000)), encoding="utf-8")
    maya, address = site.client("maya"), f"/jobs/J-{1000 + site.job}/log?stream=stdout"
    first = maya.get(address).text
    assert f"it goes on at {address}&offset=65536" in first
    rest = maya.get(f"{address}&offset=65536").text
    assert rest.endswith("line 005999\n")
    assert "goes on" not in rest
