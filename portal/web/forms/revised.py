"""An analysis that was changed while its form was open: what was not seen is not started."""

from dataclasses import replace
from typing import Final

from flask import flash, request

from portal.jobtype.model import JobType
from portal.web.views.start import Typed
from portal.words import listed, one_line

REVISION: Final = "revision"
"""The form's field that says of which revision it is."""
MOST_SHOWN: Final = 60


def told_if_revised(jobtype: JobType, typed: Typed) -> Typed | None:
    """The form as the analysis is now, where it is another than the page showed, which is said; else None.

    Settings that it has no more are left out. A form that names no revision is of none that was shown.
    """
    shown = request.form.get(REVISION, "")
    if not shown or shown == jobtype.revision:
        return None
    known = {option.name for option in jobtype.options}
    gone = [one_line(name, MOST_SHOWN) for name in typed.raw or {} if name not in known]
    left_out = f" It has no setting {listed(gone)} any more." if gone else ""
    flash(
        f"{jobtype.title} was changed while this page was open; it is version {jobtype.version} now, and stands "
        f"here as it is.{left_out} Nothing was started, and what you chose is kept: look it over, and start it.",
        "wrong",
    )
    raw = {name: text for name, text in typed.raw.items() if name in known} if typed.raw is not None else None
    return replace(typed, raw=raw)
