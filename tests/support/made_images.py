"""An image as a job leaves it and the store keeps it, and rows of the job that made it. No container is run."""

import hashlib
import json
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.catalogue.models import Datafile, Dataset
from portal.db import Database
from portal.identity.actor import Actor
from portal.jobs.models import Attempt, Job, JobOutput, JobTypeRevision, Submission
from portal.jobs.state import State
from portal.store.copying import MANIFEST

NONE = (1 << 64) - 1
ASKED = {"cpus": 1, "memory_mb": 64, "time_s": 60}
BUILDER = {
    "name": "image-from-packages",
    "version": "1.0",
    "title": "Image from packages",
    "summary": "Makes an image.",
    "category": "Making analyses",
    "contact": "nobody",
    "program": {"module": "image_builder"},
    "resources": {"default": "small", "variants": [{"name": "small", "label": "Small"}]},
    "result_title": "Image",
    "outputs": [{"name": "image", "pattern": "*", "dataset_type": "container image"}],
}


def sif(body: bytes = b"") -> bytes:
    """An image file as Apptainer lays it out, with one squashfs that has no attributes."""
    superblock = struct.pack("<4sIIIIHHHHHHQQQQQQQQ", b"hsqs", *[1] * 4, *[1] * 6, 1, 1, 1, NONE, 1, 1, 1, 1)
    part = struct.pack(
        "<i?III7q128s384s", 0x4004, True, 1, 1, 0, 8192, 96, 96, 0, 0, 0, 0, b"", struct.pack("<ii", 1, 2)
    )
    head = struct.pack("<32s10s3s3s16s8q", b"#!", b"SIF_MAGIC\0", b"01", b"02", b"", 0, 0, 0, 1, 128, 585, 0, 0)
    return (head + part).ljust(8192, b"\0") + superblock + body


@dataclass
class Kept:
    """A job that made an image: its number, where the store put it, and the image's digest."""

    job: int
    folder: Path
    digest: str


def digest_of(raw: bytes) -> str:
    """As it is written everywhere."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def keep_image(
    database: Database,
    results: Path,
    person: Actor,
    investigation: int,
    dataset_type: int,
    now: datetime,
    *,
    raw: bytes | None = None,
    state: State = State.SUCCEEDED,
    document: dict[str, Any] | None = None,
) -> Kept:
    """Rows such as web and daemon write, and files such as the store keeps."""
    raw = sif() if raw is None else raw
    digest = digest_of(raw)
    with database.write() as session:
        count = session.query(JobTypeRevision).count()
        revision = JobTypeRevision(
            name="image-from-packages",
            version="1.0",
            digest=f"x{count}",
            document=document or BUILDER | {"summary": str(count)},
            created=now,
        )
        submission = Submission(
            person_id=person.person_id,
            revision=revision,
            title="Cows",
            investigation_id=investigation,
            options={"called": "Cows!"},
            variant="small",
            resources=ASKED,
            mode="each",
            created=now,
        )
        job = Job(
            submission=submission,
            person_id=person.person_id,
            index=0,
            title="Image: Cows",
            state=state,
            options={"called": "Cows!"},
            resources=ASKED,
            investigation_id=investigation,
            created=now,
            changed=now,
            ended=now,
        )
        session.add(job)
        session.flush()
        place = f"{investigation}/image-{job.id}"
        dataset = Dataset(
            investigation_id=investigation,
            type_id=dataset_type,
            name=f"Image {job.id}",
            complete=True,
            location=f"results:{place}",
        )
        session.add(dataset)
        session.flush()
        session.add(
            Datafile(
                dataset_id=dataset.id,
                name="image.sif",
                location="image.sif",
                file_size=len(raw),
                checksum=digest,
                datafile_create_time=now,
                datafile_mod_time=now,
            )
        )
        attempt = Attempt(job_id=job.id, number=1, name="x", cluster="c", resources=ASKED, created=now)
        session.add(attempt)
        session.flush()
        session.add(JobOutput(job_id=job.id, attempt_id=attempt.id, name="image", dataset_id=dataset.id))
        kept = Kept(job.id, results / place, digest)
    kept.folder.mkdir(parents=True)
    (kept.folder / "image.sif").write_bytes(raw)
    (kept.folder / "recipe.json").write_text(json.dumps({"schema": 1, "resolved": {"python": ["a==1"]}}))
    write_manifest(kept, raw)
    return kept


def write_manifest(kept: Kept, raw: bytes, job: int | None = None) -> None:
    """What the store writes beside the files."""
    files = [{"name": "image.sif", "sha256": digest_of(raw)[7:], "size": len(raw), "mtime_ns": 1}]
    document = {"schema": 1, "job": kept.job if job is None else job, "output": "image", "files": files}
    (kept.folder / MANIFEST).write_text(json.dumps(document))
