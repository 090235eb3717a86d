"""The name of a result."""

from collections.abc import Mapping, Sequence

from portal.form.inputs.dataset import Inputs
from portal.form.values import as_text
from portal.jobtype import title
from portal.jobtype.model import JobType

UNNAMED = "a dataset"
"""Stands for the name of an input that not all may read who will see the result."""


def result_title(
    jobtype: JobType, inputs: Inputs, options: Mapping[str, object], picked: Sequence[str] = ()
) -> str:
    """The name the job type gives to the result of these datasets: "Zebrafish heart, deconvolved".

    Datasets that are not `nameable` are counted and not named. Behind it stands what was `picked` among several:
    "Zebrafish heart, deconvolved, GFP".
    """
    slot = jobtype.slot
    datasets = inputs.get(slot.name, ()) if slot else ()
    first = next((one for one in datasets if one.nameable), None)
    name = first.name if first else UNNAMED if datasets else jobtype.title
    if len(datasets) > 1:
        name = f"{name} and {len(datasets) - 1} more"
    values = {option.name: as_text(options.get(option.name)) for option in jobtype.options}
    plain = _begun(title.fill(jobtype.result_title, {**values, "input": name, "analysis": jobtype.title}))
    tail = " ".join("".join(f", {one}" for one in picked).split())[: title.MAX_TITLE // 2]
    room = title.MAX_TITLE - len(tail)
    return (plain if len(plain) <= room else f"{plain[: room - 1].rstrip()}…") + tail


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith(UNNAMED) else text
