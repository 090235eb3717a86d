"""Analyses as cards: those that fit some datasets, and why others do not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from flask import url_for

from portal.catalogue.models import Dataset
from portal.jobtype.load import JobTypes
from portal.jobtype.match import fitting, words_of
from portal.jobtype.model import JobType

ICONS: Final = frozenset(
    {"archive", "circle", "layers", "clipboard-check", "disc", "sliders", "image", "cpu", "droplet", "grid", "camera"}
)
"""The icons a job type may name; others show as sliders."""


@dataclass(frozen=True)
class AnalysisCard:
    """A job type as people choose it."""

    name: str
    title: str
    summary: str
    icon: str
    category: str
    goes_in: str
    comes_out: str
    typical_time: str
    contact: str
    url: str
    why_not: str = ""


def analysis_card(jobtype: JobType, dataset_ids: Sequence[int] = (), why_not: str = "") -> AnalysisCard:
    """The card; its address leads to the form for these datasets."""
    slot = jobtype.slot
    return AnalysisCard(
        name=jobtype.name,
        title=jobtype.title,
        summary=jobtype.summary,
        icon=jobtype.icon if jobtype.icon in ICONS else "sliders",
        category=jobtype.category,
        goes_in=jobtype.goes_in or (words_of(slot.dataset_types).capitalize() if slot else "Nothing"),
        comes_out=jobtype.comes_out or jobtype.outputs[0].dataset_type.capitalize(),
        typical_time=jobtype.typical_time or "",
        contact=jobtype.contact,
        url=url_for("analyses.start", name=jobtype.name, dataset=list(dataset_ids) or None),
        why_not=why_not,
    )


def fitting_cards(jobtypes: JobTypes, datasets: Sequence[Dataset]) -> tuple[list[AnalysisCard], list[AnalysisCard]]:
    """Cards of what fits all these datasets, best first, and of the rest with reasons."""
    ids = [dataset.id for dataset in datasets]
    found = fitting(jobtypes, [dataset.type.name for dataset in datasets])
    return (
        [analysis_card(jobtype, ids) for jobtype in found.fits],
        [analysis_card(other.jobtype, (), other.reason) for other in found.others],
    )


def by_category(jobtypes: Iterable[JobType]) -> list[tuple[str, list[AnalysisCard]]]:
    """All analyses under the headings that their job types name, "Any data" last."""
    groups: dict[str, list[AnalysisCard]] = {}
    for jobtype in sorted(jobtypes, key=lambda item: item.title):
        groups.setdefault(jobtype.category, []).append(analysis_card(jobtype))
    return sorted(groups.items(), key=lambda item: (item[0] == "Any data", item[0]))
