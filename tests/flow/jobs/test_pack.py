"""A dataset of many files, and of any names, registered, packed and its checksums printed by what ships."""

import hashlib
import tarfile
from datetime import UTC, datetime

import pytest
import yaml
from registering import register

from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import shipped_folder

ODD = ["-rf", "a b", "trailing ", "line\nbreak", "back\\slash", "line\\n", "Pos0/img.dat", "Pos1/img.dat", "é"]
MANY = 3000


@pytest.fixture
def yard(yard_with):
    shipped = [
        yaml.safe_load((shipped_folder() / f"{name}.yaml").read_text()) for name in ("archive", "print-checksums")
    ]
    return yard_with(*shipped, local={"slots": 2, "memory_mb": 4096})


@pytest.fixture
def dataset(yard):
    """A registered dataset whose files each hold their own name."""
    folder = yard.settings.roots["demo"].path / "an experiment"
    names = ODD + [f"{'long' * 45}/{number:05}_{'name' * 45}.dat" for number in range(MANY)]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return register(yard, folder), names


def run(yard, name, dataset):
    """The job, which ended well."""
    request, now = SubmitRequest(name, {"data": [dataset]}, {}), datetime.now(UTC)
    with yard.database.write() as session:
        submit(
            session, yard.facility.actors["maya"], request, jobtypes=yard.jobtypes, settings=yard.settings, now=now
        )
    (job,) = yard.until_ended(yard.daemon())
    assert job.state is State.SUCCEEDED, yard.tell()
    return job


def test_many_files_of_any_name_are_packed_in_their_folders(yard, dataset):
    number, names = dataset
    run(yard, "archive", number)
    (result,) = yard.results()
    assert result.type.name == "packed files"
    kept = yard.settings.results / result.location.removeprefix("results:") / "files.tar.gz"
    with tarfile.open(kept) as packed:
        assert {member.name: packed.extractfile(member).read().decode() for member in packed} == {
            name: name for name in names
        }


def test_the_checksums_of_many_files_are_the_log(yard, dataset):
    number, names = dataset
    job = run(yard, "print-checksums", number)
    lines = set((yard.folder_of(job) / "stdout.log").read_text().splitlines())
    plain = [name for name in names if "\n" not in name and "\\" not in name]
    assert lines >= {f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in plain}
    assert len(lines) == len(names)
