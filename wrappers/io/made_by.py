"""How a result came about, in words that go with it into every format."""

from __future__ import annotations

from collections.abc import Mapping

from wrappers.job import Job
from wrappers.software import SOFTWARE


def made_by(job: Job, source: str, settings: Mapping[str, object]) -> dict[str, str]:
    """Software, analysis, job and input by name, then the settings; what is not known is left out."""
    told = {"software": SOFTWARE, "analysis": job.analysis, "job": job.number, "input": source}
    told |= {name: str(value) for name, value in settings.items() if value is not None}
    return {name: value for name, value in told.items() if value}
