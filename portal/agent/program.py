"""The program of a published job type, looked at once more: which variables it sets, and where it is started."""

from collections.abc import Mapping
from typing import Any, Final

from gantry_formats.commands.environment import MOST, findings
from gantry_formats.commands.written import MOST as MOST_WRITTEN
from gantry_formats.commands.written import findings as written_findings
from portal.agent.jobtype import PublishedType
from portal.rpc.exchange import RefusedError

WORKING_FOLDERS: Final = (None, "output", "scratch")


def checked_program(jobtype: PublishedType) -> Mapping[str, Any]:
    """The program as it goes into job.json. Raises RefusedError."""
    program = jobtype.program
    environment = program.get("environment") or {}
    if not isinstance(environment, Mapping) or len(environment) > MOST:
        raise _unsafe(jobtype, f"it sets more than {MOST} variables")
    for _, words in findings(environment, jobtype.options):
        raise _unsafe(jobtype, words)
    written = program.get("written") or {}
    if not isinstance(written, Mapping) or len(written) > MOST_WRITTEN:
        raise _unsafe(jobtype, f"it has more than {MOST_WRITTEN} files written")
    for _, words in written_findings(written, jobtype.options, list(jobtype.slots)):
        raise _unsafe(jobtype, words)
    if program.get("working_folder") not in WORKING_FOLDERS:
        raise _unsafe(jobtype, "its working folder is none that is known")
    return program


def _unsafe(jobtype: PublishedType, words: str) -> RefusedError:
    return RefusedError("jobtype-unsafe", f"The published analysis {jobtype.name} cannot be used: {words}.")
