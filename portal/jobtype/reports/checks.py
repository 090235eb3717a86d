"""What of reports does not fit together, in words for whoever wrote the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gantry_formats import unit_of
from portal.jobtype.finding import Finding

if TYPE_CHECKING:
    from portal.jobtype.model import JobType


def reports_findings(jobtype: JobType) -> Iterator[Finding]:
    """What is there twice, codes that mean success, what is of a result that nobody keeps."""
    codes = [one.code for one in jobtype.exit_codes]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield ("exit_codes", index, "code"), f"the exit code {code} is there twice"
        elif code in jobtype.success_codes:
            yield ("exit_codes", index, "code"), f"the exit code {code} means success (success_codes)"
    names = [one.name for one in jobtype.parameters]
    for index, parameter in enumerate(jobtype.parameters):
        if parameter.name in names[:index]:
            yield ("parameters", index, "name"), f"there are two parameters named {parameter.name}"
        if parameter.units and unit_of(parameter.units) is None:
            yield ("parameters", index, "units"), f"{parameter.units} is no unit that is known here"
        if parameter.column is None and parameter.take != "last":
            yield ("parameters", index, "take"), "take is of a column; in JSON, at names one value"
    thumbnails = [index for index, one in enumerate(jobtype.pictures) if one.thumbnail]
    for index in thumbnails[1:]:
        yield ("pictures", index, "thumbnail"), "one picture stands for the result, not several"
    for key in ("parameters", "pictures"):
        if getattr(jobtype, key) and not jobtype.outputs:
            yield (key,), f"{key} are of a result, and this analysis has no outputs"
