"""What a job type says for a paper: sentences with placeholders, and the publications that they cite.

A placeholder stands in braces: `{iterations}` an option's value with its unit, `{input}` or `{input psf}` the
names of the datasets in a slot, `{found centre}` a parameter of the result, `{cite key other}` publications,
`{analysis}` the job type's title. `{{` and `}}` are braces.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from portal.jobtype.strict import Line, Name, Strict, Words

Plain = bool | int | float | str | None
Wanted = Plain | Annotated[list[Plain], Field(min_length=1, max_length=100)]
"""A value that must be had, one of several, or null: no value."""

_MARK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
WORDS = ("input", "found", "cite", "analysis")
"""With what a placeholder begins that is no option."""


class Part(Strict):
    """A sentence or two, said if all conditions hold and every placeholder has a value."""

    text: Words
    """The sentence, with placeholders: {input}, {iterations}, {found NAME}, {cite KEY}."""
    when: dict[Name, Wanted] = Field(
        {}, description="Options by name, and the value that each must have; a list: one of these; null: none."
    )
    unless: dict[Name, Wanted] = Field(
        {}, description="Options by name, and a value that none may have for the sentence to be said."
    )
    found: dict[Line, Wanted] = Field(
        {}, description="Parameters of the result by name, and the value that each must have."
    )
    tells: Annotated[list[Name], Field(max_length=100)] = Field(
        [], description="Options of which the sentence tells in another way than by their placeholders."
    )


Said = Annotated[
    Annotated[Words, Tag("words")] | Annotated[Part, Tag("part")],
    Discriminator(lambda one: "words" if isinstance(one, str) else "part"),
]
"""A sentence that is always said, or one with conditions."""


class Reference(Strict):
    """A publication, or software."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z][a-zA-Z0-9_-]*$", max_length=60)]
    """By what sentences cite it: {cite lucy1974}."""
    kind: Literal["article", "book", "proceedings", "software"] = "article"
    """What it is: an article and a paper of proceedings have a journal and a year, software a doi or url."""
    authors: Annotated[list[Line], Field(min_length=1, max_length=100)] = Field(
        description='Each as "Family name, Given names", or the name of a group in one piece.'
    )
    title: Line
    """Its title."""
    journal: Line | None = Field(None, description="Its usual abbreviation; of proceedings what they are called.")
    publisher: Line | None = None
    """Who published it."""
    volume: Line | None = None
    """The volume of the journal."""
    number: Line | None = None
    """The number of the issue."""
    pages: Line | None = None
    """Its pages: 745-754."""
    year: Annotated[int, Field(ge=1600, le=2200)] | None = None
    """The year in which it came out."""
    doi: Annotated[str, StringConstraints(pattern=r"^10\.[0-9]{4,9}/[^\s{}\\%]+$", max_length=200)] | None = None
    """Its DOI, without an address before it: 10.1086/111605."""
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s{}\\]+$", max_length=500)] | None = None
    """Its address."""
    when: dict[Name, Wanted] = Field(
        {}, description="Options by name, and the value that each must have for it to be cited."
    )

    @model_validator(mode="after")
    def _is_found_again(self) -> "Reference":
        if self.kind in ("article", "proceedings") and (self.journal is None or self.year is None):
            raise PydanticCustomError("article", "an article has a journal and a year")
        if self.kind == "software" and self.url is None and self.doi is None:
            raise PydanticCustomError("software", "software has a url or a doi")
        return self


@dataclass(frozen=True)
class Mark:
    """A placeholder: `option` with the option's name, or one of WORDS with what stands behind it."""

    kind: str
    names: tuple[str, ...]


def pieces(text: str) -> Iterator[str | Mark]:
    """Plain text and placeholders in turn. Raises ValueError for a brace left open and for what is none."""
    end = 0
    for found in _MARK.finditer(text):
        yield text[end : found.start()]
        end = found.end()
        if found.group() in ("{{", "}}"):
            yield found.group()[0]
        elif found.group(1) is None:
            raise ValueError(f"a single “{found.group()}”; write it twice where a brace is meant")
        else:
            yield mark(found.group(1))
    yield text[end:]


def mark(inside: str) -> Mark:
    """The placeholder with that between its braces. Raises ValueError."""
    word, _, rest = inside.strip().partition(" ")
    rest = " ".join(rest.split())
    match word:
        case "found" if rest:
            return Mark("found", (rest,))
        case "cite" if rest:
            return Mark("cite", tuple(rest.replace(",", " ").split()))
        case "input":
            return Mark("input", (rest,) if rest else ())
        case "analysis" if not rest:
            return Mark("analysis", ())
        case "found" | "cite":
            raise ValueError(f"{{{inside}}} says not what is {'found' if word == 'found' else 'cited'}")
    if not word or rest:
        raise ValueError(
            f"{{{inside}}} is no placeholder; there are {{input}}, {{found NAME}}, {{cite KEY}}, {{analysis}} "
            "and options by name"
        )
    return Mark("option", (word,))


def parts_of(document: Any) -> list[Part]:
    """The parts in a job type's document, published by whatever release; none where they are not sound."""
    try:
        return [Part(text=one) if isinstance(one, str) else Part.model_validate(one) for one in document or ()]
    except (ValidationError, TypeError):
        return []


def references_of(document: Any) -> list[Reference]:
    """The publications in a job type's document, as it was published by whatever release."""
    try:
        return [Reference.model_validate(one) for one in document or ()]
    except (ValidationError, TypeError):
        return []


def holds(value: object, wanted: Wanted) -> bool:
    """Whether a value is the one that is wanted; true is not 1, and text is not a number."""
    if isinstance(wanted, list):
        return any(holds(value, one) for one in wanted)
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return value == wanted
