"""Outputs and requests that would harm the store, its disk or those who read results."""

import hashlib
import json
import os
import time

import pytest

from portal.store.client import StoredResult
from portal.store.patterns import compiled


@pytest.mark.parametrize(
    "name",
    [
        b"not \xff text",
        b"two\nlines",
        b"escape \x1b[2J",
        b".gantry-manifest.json",
        b"deeper/.gantry-manifest.json",
    ],
)
def test_a_name_that_cannot_be_shown_or_is_the_stores_own_is_refused(place, name):
    path = place.output / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"{}")
    answer = place.keep()
    assert answer.code == "output-unsafe"
    assert "\n" not in answer.message
    assert place.empty()


def test_a_forged_list_beside_a_file_is_no_result(place):
    forged = {"job": 7, "output": "other", "attempt": place.attempt, "files": [], "sha256": "", "schema": 1}
    (place.output / "inner").mkdir()
    (place.output / "inner" / ".gantry-manifest.json").write_text(json.dumps(forged))
    assert place.keep().code == "output-unsafe"
    assert place.client.verify(["visit-1/J-1042/inner"])[0].code == "missing"


def test_a_file_of_nothing_but_size_fills_no_disk(place):
    size = 64 << 20
    with (place.output / "sparse.h5").open("wb") as file:
        file.truncate(size)
        file.seek(size // 2)
        file.write(b"something")
    answer = place.keep(pattern="sparse.h5")
    assert isinstance(answer, StoredResult)
    kept = place.results / answer.location / "sparse.h5"
    assert kept.stat().st_size == size
    assert kept.stat().st_blocks * 512 < size // 8
    assert kept.read_bytes() == (place.output / "sparse.h5").read_bytes()
    [file] = [one for one in answer.files if one.name == "sparse.h5"]
    assert file.sha256 == hashlib.sha256(kept.read_bytes()).hexdigest()


@pytest.mark.parametrize("job", [2**63, 10**400, -1, True])
def test_a_jobs_number_is_one_that_a_database_can_have(place, job):
    assert place.keep(job=job).code == "request"


@pytest.mark.parametrize("destination", ["visit/\ud800", "visit/\0", "v" * 5000])
def test_a_place_that_is_no_name_is_refused_and_harms_no_other(place, destination):
    refused, kept = place.client.keep([place.wish(destination=destination), place.wish(job=43)])
    assert refused.code in {"unsafe", "output-unsafe"}
    assert isinstance(kept, StoredResult)


def test_a_pattern_of_many_stars_costs_little_on_a_name_that_almost_fits():
    # By the processor's clock: tried in every way it would take longer than anybody lives.
    before = time.process_time()
    assert not compiled("*a" * 100 + "b").takes("a" * 250)
    assert not compiled("**/**/**/b").takes("a/" * 64)
    assert time.process_time() - before < 60


def test_a_pattern_has_few_stars_of_any_depth(place):
    assert place.keep(pattern="**/**/**/**/x").code == "request"
