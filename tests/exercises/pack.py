"""Many small files from registering to a packed result: `python -m tests.exercises.pack [FILES]`.

Prints one JSON object: seconds of each step, the sizes of what is handed on, launch's largest memory. The names
are as long as a microscope's. The tar file is read back, and every name and content compared.
"""

import json
import sys
import tarfile
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from job_yard import make_yard
from registering import register

from portal.jobs.state import State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import shipped_folder

FILES = 100_000
PATIENCE_S = 3600
NAME = "experiment_2026-11-28_zebrafish_heart_gfp_channel0_position{position}_time{time:06}_plane0000.dat"


def main(words: list[str]) -> int:
    """Pack and compare; 0 if all is there."""
    count = int(words[0]) if words else FILES
    names = [f"Pos{n % 10}/{NAME.format(position=n % 10, time=n // 10)}" for n in range(count)]
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="pack-") as folder:
        yard = make_yard(Path(folder), *(yaml.safe_load((shipped_folder() / "archive.yaml").read_text()),))
        data = yard.settings.roots["demo"].path / "many"
        for name in names:
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_text(name)
        started = time.monotonic()
        dataset = register(yard, data)
        seconds["registered"] = time.monotonic() - started
        request, now = SubmitRequest("archive", {"data": [dataset]}, {}), datetime.now(UTC)
        started = time.monotonic()
        with yard.database.write() as session:
            submit(
                session, yard.facility.actors["maya"], request,
                jobtypes=yard.jobtypes, settings=yard.settings, now=now,
            )  # fmt: skip
        (job,) = yard.until_ended(yard.daemon(), PATIENCE_S)
        seconds["packed"] = time.monotonic() - started
        if job.state is not State.SUCCEEDED:
            sys.stderr.write(yard.tell() + "\n")
            yard.close()
            return 1
        attempt = yard.folder_of(job)
        told = json.loads((attempt / "result.json").read_text())
        (result,) = yard.results()
        kept = yard.settings.results / (result.location or "").removeprefix("results:") / "files.tar.gz"
        with tarfile.open(kept) as packed:
            found = {member.name: _text(packed, member) for member in packed}
        figures = {
            "files": count,
            "seconds": {step: round(value, 1) for step, value in seconds.items()},
            "memory_peak_bytes": told["memory_peak_bytes"],
            "job_json_bytes": (attempt / "job.json").stat().st_size,
            "tar_bytes": kept.stat().st_size,
            "same": found == {name: name for name in names},
        }
        yard.close()
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["same"] else 1


def _text(packed: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = packed.extractfile(member)
    return file.read().decode() if file else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
