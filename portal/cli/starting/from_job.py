"""gantry run --from-job: the same analysis, data and options, and what is otherwise this time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.cli.output import plain, say
from portal.client import Client
from portal.client.http import Document
from portal.errors import ConflictError, InvalidError


@dataclass
class Start:
    """What is to be started."""

    analysis: str
    inputs: dict[str, list[int]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    variant: str | None = None
    mode: str = "each"
    experiment: int | None = None


def start_of(client: Client, job: Document, found: Document, given_slots: Sequence[str]) -> Start:
    """What a job was, as it would be started again. `found`: its analysis as it is now.

    Raises ConflictError where it tried a draft, InvalidError where a dataset of a slot that is not given is gone.
    """
    if job.get("draft"):
        raise ConflictError(
            f"{job['number']} tried a draft, which may have changed since. Try it again: gantry analyses try"
        )
    submission = client.submission(job["submission"])
    inputs: dict[str, list[int]] = {}
    for one in job["inputs"]:
        if one["slot"] in given_slots:
            continue
        if one["dataset"] is None:
            raise InvalidError(
                f"“{plain(one['name'])}”, which {job['number']} read, is gone. Give the datasets: gantry run "
                f"--from-job {job['number']} DATASET"
            )
        inputs.setdefault(one["slot"], []).append(one["dataset"])
    # Where none of several was chosen nothing is kept; without a word of it the usual ones would be taken.
    several = {one["name"]: "" for one in found["form"]["fields"] if one["kind"] == "several"}
    return Start(
        analysis=job["analysis"],
        inputs=inputs,
        options={**several, **job["options"]},
        variant=submission["variant"],
        mode=submission["mode"],
        experiment=submission["experiment"] if not job["inputs"] else None,
    )


def tell_since(client: Client, job: Document, found: Document, was: Document, now: Document) -> None:
    """Say what is otherwise than in the job, and that its analysis has changed.

    `was` and `now`: the form as the portal checks it, with the job's options and with those that are to run.
    """
    submission = client.submission(job["submission"])
    number = job["number"]
    told = [*_data(job, now), *_options(job, was, now)]
    if now["variant"] != submission["variant"]:
        told.append(f"variant: {now['variant']} (was {submission['variant']})")
    say(f"As {number}{', but:' if told else ', with the same data and options.'}", err=True)
    for words in told:
        say(f"  {words}", err=True)
    if job.get("trial"):
        say(f"{number} tried values of {job['trial']}, perhaps on a part of its dataset: so does this.", err=True)
    revision = found.get("revision")  # a portal of an earlier release does not tell it
    if revision is None:
        say("Whether the analysis has changed since is not known: this portal does not tell it.", err=True)
    elif revision != submission["revision"]:
        same = submission["version"] == found["version"]
        how = "and the version's number is still the same" if same else f"and is {found['version']} now"
        say(f"{found['title']} has changed since: it ran as version {submission['version']}, {how}.", err=True)


def _data(job: Document, now: Document) -> Iterator[str]:
    before = {(one["slot"], one["dataset"]) for one in job["inputs"]}
    chosen = [(slot, number) for slot, ids in now["inputs"].items() for number in ids]
    if before != set(chosen):
        ids = ", ".join(str(number) for _slot, number in chosen) or "none"
        old = ", ".join(str(one["dataset"] or plain(one["name"])) for one in job["inputs"]) or "none"
        yield f"data: {ids} (was {old})"


def _options(job: Document, was: Document, now: Document) -> Iterator[str]:
    before = {one["name"]: _shown(one) for one in was["form"]["fields"]}
    for one in now["form"]["fields"]:
        name, value = one["name"], _shown(one)
        old = before.get(name, "") if name in job["options"] else ""
        if value != old:
            yield f"{name}: {value or 'nothing'} (was {old or 'nothing'})"
    for name, value in job["options"].items():
        if name not in before:
            yield f"{name}: there is no such option any more (was {value})"


def _shown(one: Document) -> str:
    """What a field has, as text; nothing where it is not asked for."""
    condition = one.get("show_when")
    return "" if condition and not condition["holds"] else str(one["value"])
