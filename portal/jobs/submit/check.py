"""Is a filled-in form good, and what is to be written for it. What must be known for that was read before."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from portal import words
from portal.catalogue.audience import Audience, narrowest
from portal.catalogue.inputs import Chosen, check_all_found, check_open
from portal.config import LimitSettings
from portal.documents import digest
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError
from portal.form import InputDataset, Inputs, Planned, damage_words, plan
from portal.form.plan import check_mode
from portal.form.target import FIELD, objection_to_target
from portal.form.titles import UNNAMED
from portal.identity.actor import Actor
from portal.jobs.submit.naming import nameable_inputs
from portal.jobs.submit.quota import Admission, admit
from portal.jobs.submit.write import Accepted, NewJob, NewSubmission, Revision
from portal.jobtype.kind import NOT_INSTALLED, Kind
from portal.jobtype.load import JobTypes
from portal.jobtype.model import JobType, Variant
from portal.level import level
from portal.presets.offered import LONGEST_KEY, Offer
from portal.trials.plan import plan_trial
from portal.trials.trial import Asked, Trial

MAX_TITLE = 255


@dataclass(frozen=True)
class SubmitRequest:
    """A filled-in form. `inputs` maps a slot to dataset ids; `options` are raw values, typed by the validator."""

    jobtype: str
    inputs: Mapping[str, Sequence[int]]
    options: Mapping[str, Any] = field(default_factory=dict)
    variant: str | None = None
    title: str | None = None
    mode: str = "each"
    preset: str | None = None
    idempotency_key: str | None = None
    experiment: int | None = None
    """In which experiment results are filed, where no dataset says it."""
    trial: Asked | None = None
    """Which option is to be tried over which values, instead of the one form."""
    draft: str | None = None
    """The revision of a draft that is tried; the caller found that this person may. None: what is published."""
    accepts: str | None = None
    """The digest of the terms that the person accepts with this form."""
    use: str | None = None
    """For what she uses the program: academic or commercial."""

    @property
    def datasets(self) -> set[int]:
        """The ids of all datasets, whatever their slot, and of those that a trial remembers."""
        remembered = set(self.trial.datasets) if self.trial is not None else set()
        return {i for ids in self.inputs.values() for i in ids} | remembered

    def fingerprint(self) -> str:
        """`sha256:<hex>` of what is asked, by which a repetition is told from another request."""
        document: dict[str, Any] = {
            "jobtype": self.jobtype,
            "inputs": {slot: list(ids) for slot, ids in self.inputs.items()},
            "options": dict(self.options),
            "variant": self.variant,
            "title": self.title,
            "mode": self.mode,
            "preset": self.preset,
        }
        if self.experiment is not None:  # what was asked before there was this field keeps its digest
            document["experiment"] = self.experiment
        if self.trial is not None:
            document["trial"] = self.trial.document()
        if self.draft is not None:
            document["draft"] = self.draft
        if self.use is not None:
            document["use"] = self.use
        return digest(json.dumps(document, sort_keys=True, default=str).encode())


class Quota:
    """How many jobs a person has and may have. Each form that is admitted takes its part."""

    def __init__(self, unfinished: int, held: int, limits: LimitSettings) -> None:
        self._unfinished, self._held, self._limits = unfinished, held, limits

    @property
    def most_datasets(self) -> int:
        """How many datasets one submission may take."""
        return self._limits.datasets_per_submission

    def admit(self, wanted: int) -> str | None:
        """None if the jobs may go ahead, or the words under which they are held. Raises LimitError."""
        answer = admit(
            wanted=wanted,
            unfinished=self._unfinished,
            held=self._held,
            queued_limit=self._limits.queued_per_person,
            submission_limit=self._limits.datasets_per_submission,
        )
        if answer.admission is Admission.REFUSED:
            raise LimitError(answer.words or "Too many jobs.")
        if answer.admission is Admission.HELD:
            self._held += wanted
            return answer.words
        self._unfinished += wanted
        return None


@dataclass(frozen=True)
class FormCheck:
    """One person's forms, checked one after another."""

    actor: Actor
    jobtypes: JobTypes
    chosen: Mapping[int, Chosen]
    """Those of the forms' datasets that this person may see."""
    audiences: Mapping[int, Audience]
    """Who sees the experiments of those datasets, where they are of several."""
    open_experiments: Collection[int]
    """Those of the forms' experiments in which this person may run analyses."""
    quota: Quota
    revision: Callable[[JobType], Revision]
    now: datetime
    offer: Callable[[JobType], Offer]
    """What the person may start from, for forms that name another preset than one of the analysis's own."""
    not_offered: Callable[[JobType], str]
    """What the site lacks that an analysis needs, in a sentence; empty where it has all."""
    size_not_offered: Callable[[JobType, Variant], str]
    """The same of one size of it."""
    terms: Callable[[JobType, SubmitRequest], bool]
    """Whether the form is the first that accepts the analysis's terms. Raises InvalidError where it does not."""

    def check(self, request: SubmitRequest) -> NewSubmission:
        """What is to be written. Raises NotFoundError, ForbiddenError, InvalidError or LimitError."""
        jobtype = self.jobtypes.named(request.jobtype)
        if jobtype.kind is Kind.INTERACTIVE:
            raise InvalidError(f"{jobtype.title}: {NOT_INSTALLED}.")
        if lacking := self.not_offered(jobtype):
            raise ConflictError(f"{jobtype.title} cannot run here. {lacking}")
        variant = known_variant(jobtype, request.variant)
        if lacking := self.size_not_offered(jobtype, variant):
            raise InvalidError(f"{variant.label} cannot run here. {lacking}", fields={"variant": lacking})
        check_all_found(self.actor, request.datasets, self.chosen)
        if request.experiment is not None:
            check_open(self.actor, request.experiment, self.open_experiments)
        inputs = self._inputs(jobtype, request)
        accepts = self.terms(jobtype, request)
        planned, trial = self._planned(self._with_presets(jobtype, request), request, inputs)
        targets = [self._target(jobtype, one, request.experiment) for one in planned]
        accepted = Accepted(
            actor=self.actor,
            held=self.quota.admit(len(planned)),
            jobtype=jobtype,
            revision=self.revision(jobtype),
            title=_title(request, jobtype, planned) if trial is None else _title_of_trial(jobtype, trial, planned),
            mode=request.mode,
            preset=request.preset[:LONGEST_KEY] if request.preset else None,
            variant=variant.name,
            now=self.now,
            trial=trial,
            draft=request.draft is not None,
            use=request.use,
            accepts=accepts,
            warnings=tuple(damage_words(jobtype, inputs)),
        )
        jobs = [
            NewJob(one, accepted.title if len(planned) == 1 else one.title, target)
            for one, target in zip(planned, targets, strict=True)
        ]
        key = request.idempotency_key or None
        return NewSubmission(accepted, jobs, key, request.fingerprint() if key else None)

    def _inputs(self, jobtype: JobType, request: SubmitRequest) -> Inputs:
        """The datasets by slot; of those of several experiments is known which the result may be named after."""
        inputs = {slot: [self.chosen[i].dataset for i in ids] for slot, ids in request.inputs.items()}
        given = {i: self.chosen[i] for ids in request.inputs.values() for i in ids}
        return nameable_inputs(
            jobtype,
            inputs,
            "each" if request.trial is not None else request.mode,
            experiments={i: one.experiment for i, one in given.items()},
            audiences=self.audiences,
            open_={one.experiment for one in given.values() if one.may_submit},
        )

    def _with_presets(self, jobtype: JobType, request: SubmitRequest) -> JobType:
        """For planning alone: with the preset that the form names. What runs, and is written down, is `jobtype`.

        Raises InvalidError where a value that was kept cannot be used any more, and the form gives no other.
        """
        own = {one.name.casefold() for one in jobtype.presets}
        if not request.preset or request.preset.casefold() in own:
            return jobtype
        offer = self.offer(jobtype)
        kept = offer.named(request.preset)
        lost = [name for name in kept.lost if name not in request.options] if kept is not None else []
        if kept is not None and lost:
            labels = words.listed([jobtype.option(name).label for name in lost])
            told = f"“{kept.label}” was kept with another value of {labels} than can be chosen now. Say which."
            raise InvalidError(told, fields=dict.fromkeys(lost, told))
        return offer.jobtype

    def _planned(
        self, jobtype: JobType, request: SubmitRequest, inputs: Mapping[str, Sequence[InputDataset]]
    ) -> tuple[list[Planned], Trial | None]:
        if request.trial is None:
            planned = plan(
                jobtype,
                request.options,
                inputs,
                mode=request.mode,
                preset=request.preset,
                experiment=request.experiment,
            )
            return planned, None
        check_mode(request.mode)
        if request.title and request.title.strip():
            named = "The results of a trial are named by their values. Leave this out."
            raise InvalidError(named, fields={"title": named})
        if request.trial.mode:
            check_mode(request.trial.mode)
        trial = replace(request.trial, title=checked_title(request.trial.title) if request.trial.title else "")
        if (objection := objection_to_target(jobtype, request.experiment)) is not None:
            raise InvalidError(objection, fields={FIELD: objection})
        if len(trial.datasets) > self.quota.most_datasets:
            raise LimitError(f"One submission takes {words.count(self.quota.most_datasets, 'dataset')} at most.")
        return plan_trial(jobtype, request.options, inputs, trial, preset=request.preset)

    def _target(self, jobtype: JobType, planned: Planned, experiment: int | None) -> int | None:
        """The experiment into which results go: that of the job's datasets, else the chosen one.

        Of several it is the one that the fewest see, among those in which this person may work: who does not see
        one of the datasets is not to see what was made of it. None: nothing is filed. Raises ForbiddenError where
        the first dataset may be seen and not worked on.
        """
        if not jobtype.inputs:
            return experiment
        given = [self.chosen[one.id] for slot in jobtype.inputs for one in planned.inputs.get(slot.name, ())]
        if not given:
            raise InvalidError(f"Choose a dataset: the result is filed in its {level().one}.")
        _check_may_submit(given[0])
        return narrowest((one.experiment for one in given if one.may_submit), self.audiences)


def known_variant(jobtype: JobType, name: str | None) -> Variant:
    """The resource request of this name, the default one for none. Raises InvalidError."""
    try:
        return jobtype.variant(name)
    except KeyError:
        known = words.listed([variant.name for variant in jobtype.resources.variants], 10)
        raise InvalidError(
            f"{jobtype.title} has no variant called {name}.", fields={"variant": f"Choose one of {known}."}
        ) from None


def _check_may_submit(target: Chosen) -> None:
    """Results go to its experiment, so analyses must be allowed there. Raises ForbiddenError."""
    if not target.may_submit:
        raise ForbiddenError(
            f"You can see the data of “{target.experiment_title}”, but only its team can run analyses there."
        )


def _title(request: SubmitRequest, jobtype: JobType, planned: Sequence[Planned]) -> str:
    given = checked_title(request.title) if request.title and request.title.strip() else None
    if given:
        return given
    if len(planned) == 1:
        return planned[0].title
    return f"{jobtype.title}, {words.count(len(planned), 'dataset')}"[:MAX_TITLE]


def _title_of_trial(jobtype: JobType, trial: Trial, planned: Sequence[Planned]) -> str:
    """ "Iterations: 5 values tried on Zebrafish heart"."""
    slot = jobtype.slot
    names = [one.name if one.nameable else UNNAMED for one in planned[0].inputs[slot.name]] if slot else []
    tried = f"{jobtype.option(trial.option).label}: {words.count(len(planned), 'value')} tried"
    return words.one_line(f"{tried} on {words.listed(names)}", MAX_TITLE)


def checked_title(title: str) -> str:
    """One line of 1 to 255 characters. Raises InvalidError, with what of that it is not."""
    line = " ".join(title.split())
    hidden = next((character for character in line if not character.isprintable()), "")
    wrong = f"A title is one line of up to {MAX_TITLE} characters"
    if not line:
        wrong = f"{wrong}; this is empty."
    elif len(line) > MAX_TITLE:
        wrong = f"{wrong}; this has {len(line):,}."
    elif hidden:
        wrong = f"{wrong} that can be seen; this holds one that cannot, U+{ord(hidden):04X}. Type it without."
    else:
        return line
    raise InvalidError(wrong, fields={"title": wrong})
