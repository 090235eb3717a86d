"""Finding among the analyses on offer: by words, by instrument, by what there is to analyse."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import url_for

from portal.catalogue.finding.near import meant_by
from portal.catalogue.models.searchable import fold
from portal.jobtype.match import accepts
from portal.jobtype.model import JobType
from portal.web.views.searching import FilterGroup, FilterLink

LONGEST: Final = 200
MINE: Final = "mine"
_WORD: Final = re.compile(r"\S+")


@dataclass(frozen=True)
class Asked:
    """What is looked for, as the address has it."""

    text: str = ""
    instrument: str = ""
    mine: bool = False

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Asked":
        """From the address; what is too long is cut."""
        text, instrument = (values.get(name, "").strip()[:LONGEST] for name in ("q", "instrument"))
        return cls(text, instrument, values.get("fits") == MINE)

    @property
    def anything(self) -> bool:
        """Whether not all are wanted."""
        return bool(self.text or self.instrument or self.mine)

    def address(self, **changes: str | None) -> str:
        """The address of the page for this, changed."""
        values = {"q": self.text, "instrument": self.instrument, "fits": MINE if self.mine else ""} | changes
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{url_for('analyses.show')}?{query}".removesuffix("?")


@dataclass(frozen=True)
class Found:
    """What was found, and as what the words were read where nothing has them as they stand."""

    jobtypes: Sequence[JobType]
    read_as: str = ""


def find(jobtypes: Collection[JobType], asked: Asked, types_there: Collection[str]) -> Found:
    """What has all words, is for the instrument, and takes data of which there are some (`types_there`)."""
    left = [one for one in jobtypes if _fits(one, asked, types_there)]
    words = _WORD.findall(fold(asked.text))
    texts = {one.name: _text_of(one) for one in left}
    found = [one for one in left if all(word in texts[one.name] for word in words)]
    if found or not words:
        return Found(found)
    meant = [meant_by(word, texts.values()) or word for word in words]
    if meant == words:
        return Found(found)
    return Found([one for one in left if all(word in texts[one.name] for word in meant)], " ".join(meant))


def _fits(jobtype: JobType, asked: Asked, types_there: Collection[str]) -> bool:
    of_instrument = not asked.instrument or asked.instrument in jobtype.instruments
    return of_instrument and (not asked.mine or has_data(jobtype, types_there))


def has_data(jobtype: JobType, types_there: Collection[str]) -> bool:
    """Whether it takes data, and there is something for each input that it must have."""
    needed = [slot for slot in jobtype.inputs if slot.min or slot is jobtype.slot]
    return bool(needed) and all(any(accepts(slot, kind) for kind in types_there) for slot in needed)


def _text_of(jobtype: JobType) -> str:
    parts = (jobtype.name, jobtype.title, jobtype.summary, jobtype.description, jobtype.category)
    more = (jobtype.goes_in, jobtype.comes_out, *jobtype.instruments)
    types = [kind for slot in jobtype.inputs for kind in slot.dataset_types]
    return fold("\n".join(part for part in (*parts, *more, *types) if part))


def filter_groups(jobtypes: Collection[JobType], asked: Asked, types_there: Collection[str]) -> list[FilterGroup]:
    """Filters to choose from, with how many analyses each leaves of what the words find."""

    def number(changed: Asked) -> int:
        return len(find(jobtypes, changed, types_there).jobtypes)

    names = sorted({name for one in jobtypes for name in one.instruments}, key=str.casefold)
    instruments = []
    for name in names:
        chosen = name == asked.instrument
        there = number(Asked(asked.text, name, asked.mine))
        if there or chosen:
            href = asked.address(instrument=None if chosen else name)
            instruments.append(FilterLink(name[:1].upper() + name[1:], href, there, chosen))
    mine = FilterLink(
        "Fits data that I can see",
        asked.address(fits=None if asked.mine else MINE),
        number(Asked(asked.text, asked.instrument, True)),
        asked.mine,
    )
    groups = [FilterGroup("My data", [mine]), FilterGroup("Instrument", instruments)]
    return [group for group in groups if group.items]
