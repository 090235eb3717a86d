"""Results with a history, registered as the daemon does it."""

from collections.abc import Callable
from typing import Any

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy.orm import Session

from portal.catalogue.entries import FileEntry, ParameterEntry
from portal.catalogue.models import Dataset
from portal.catalogue.results import ResultToRegister, register_result
from portal.config import Settings
from portal.jobs.models import JobTypeRevision
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.model import JobType

AddResult = Callable[..., Dataset]

SHIPPED = load_folders([shipped_folder()])


def revision_of(session: Session, document: dict[str, Any], digest: str) -> str:
    """Keep a job type's document as submitting does; its digest."""
    session.add(
        JobTypeRevision(
            name=document["name"], version=document["version"], digest=digest, document=document, created=NOW
        )
    )
    session.flush()
    return digest


@pytest.fixture
def add_result(facility: SmallFacility, settings: Settings) -> AddResult:
    """A result of a shipped job type, or of one that is given, on these datasets."""
    kept: set[str] = set()

    def add(session: Session, name: str, inputs: list[tuple[str, int]], **more: Any) -> Dataset:
        jobtype: JobType = more.pop("jobtype", None) or SHIPPED.named(
            more.pop("analysis", "lightsheet-deconvolution")
        )
        where = more.pop("where", "private")
        facts = {"revision": jobtype.revision, "gantry": "0.1.0", **more.pop("facts", {})}
        if jobtype.revision not in kept:
            kept.add(revision_of(session, jobtype.document(), jobtype.revision))
        number = more.pop("job", None) or len(kept) + sum(map(ord, name))
        wanted: dict[str, Any] = {
            "portal_job": number,
            "output": "made",
            "investigation_id": facility.investigations[where],
            "dataset_type": "light-sheet result",
            "name": name,
            "location": f"results:{where}/J-{number}",
            "files": more.pop("files", None) or [FileEntry("result.h5", 1000, 1, "ab" * 32)],
            "application": (jobtype.name, jobtype.version),
            "arguments": more.pop("options", {}),
            "inputs": inputs,
            "person": more.pop("person", "maya"),
            "parameters": [ParameterEntry(*one) for one in more.pop("found", [])],
            "started": NOW,
            "ended": NOW,
            "extra": facts,
        }
        return register_result(session, ResultToRegister(**wanted, **more), settings=settings, now=NOW)

    return add
