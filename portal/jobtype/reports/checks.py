"""What of reports does not fit together, in words for whoever wrote the file."""

from collections.abc import Iterator, Sequence

from gantry_formats import unit_of
from portal.jobtype.finding import Finding
from portal.jobtype.reports.model import ExitCode, FoundParameter, FoundPicture


def reports_findings(
    exit_codes: Sequence[ExitCode],
    success_codes: Sequence[int],
    parameters: Sequence[FoundParameter],
    pictures: Sequence[FoundPicture],
    *,
    leaves_result: bool,
) -> Iterator[Finding]:
    """What is there twice, codes that mean success, what is of a result that nobody keeps."""
    codes = [one.code for one in exit_codes]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield ("exit_codes", index, "code"), f"the exit code {code} is there twice"
        elif code in success_codes:
            yield ("exit_codes", index, "code"), f"the exit code {code} means success (success_codes)"
    names = [one.name for one in parameters]
    for index, parameter in enumerate(parameters):
        if parameter.name in names[:index]:
            yield ("parameters", index, "name"), f"there are two parameters named {parameter.name}"
        if parameter.units and unit_of(parameter.units) is None:
            yield ("parameters", index, "units"), f"{parameter.units} is no unit that is known here"
        if parameter.column is None and parameter.take != "last":
            yield ("parameters", index, "take"), "take is of a column; in JSON, at names one value"
    thumbnails = [index for index, one in enumerate(pictures) if one.thumbnail]
    for index in thumbnails[1:]:
        yield ("pictures", index, "thumbnail"), "one picture stands for the result, not several"
    for key, wanted in (("parameters", parameters), ("pictures", pictures)):
        if wanted and not leaves_result:
            yield (key,), f"{key} are of a result, and this analysis has no outputs"
