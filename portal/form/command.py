"""The same submission as a command and as Python, to copy from the form."""

import shlex
from collections.abc import Mapping
from typing import Any

from portal.form.agreed import Agreed
from portal.form.defaults import default_for
from portal.form.inputs.dataset import Inputs
from portal.form.values import as_text
from portal.jobtype.model import JobType

NOTHING_SAID = Agreed()


def as_command(
    jobtype: JobType,
    inputs: Inputs,
    raw: Mapping[str, Any],
    *,
    mode: str = "each",
    experiment: int | None = None,
    agreed: Agreed = NOTHING_SAID,
) -> str:
    """`gantry run …` with the options that are not the default."""
    words = ["gantry", "run", jobtype.name]
    first = jobtype.slot.name if jobtype.slot else ""
    words += [str(dataset.id) for dataset in inputs.get(first, ())]
    for slot, datasets in inputs.items():
        if slot != first:
            words += [part for dataset in datasets for part in ("--input", f"{slot}={dataset.id}")]
    for name, text in _changed(jobtype, inputs, raw).items():
        words += ["--set", f"{name}={text}"]
    if mode == "all":
        words.append("--together")
    if experiment is not None:
        words += ["--experiment", str(experiment)]
    if agreed.use:
        words += ["--use", agreed.use]
    if agreed.terms:
        words += ["--accept-terms", agreed.terms.name]
    return shlex.join(words)


def as_python(
    jobtype: JobType,
    inputs: Inputs,
    raw: Mapping[str, Any],
    *,
    mode: str = "each",
    experiment: int | None = None,
    agreed: Agreed = NOTHING_SAID,
) -> str:
    """The same with portal.client."""
    datasets = {slot: [dataset.id for dataset in chosen] for slot, chosen in inputs.items() if chosen}
    options = _changed(jobtype, inputs, raw)
    return "\n".join(
        (
            "from portal.client import Client",
            "",
            "client = Client.from_environment()",
            "submission = client.submit(",
            f"    {jobtype.name!r},",
            f"    {datasets!r},",
            f"    options={options!r},",
            *((f"    mode={mode!r},",) if mode != "each" else ()),
            *((f"    experiment={experiment},",) if experiment is not None else ()),
            *((f"    use={agreed.use!r},",) if agreed.use else ()),
            *((f"    accept_terms={agreed.terms.digest!r},",) if agreed.terms else ()),
            ")",
            "for job in client.wait(submission):",
            '    print(job["number"], job["state"], job["title"])',
            "",
        )
    )


def _changed(jobtype: JobType, inputs: Inputs, raw: Mapping[str, Any]) -> dict[str, str]:
    """What differs from the default, as text."""
    changed = {}
    for option in jobtype.options:
        text = as_text(raw.get(option.name)).strip()
        if option.name in raw and text != as_text(default_for(jobtype, option, inputs).value):
            changed[option.name] = text
    return changed
