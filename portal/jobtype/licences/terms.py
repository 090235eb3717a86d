"""The key `terms` of a job type: what a person accepts once before she runs it, and what for she may."""

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from portal.documents import canonical_json, digest
from portal.jobtype.strict import Line, Slug, Strict

ACADEMIC, COMMERCIAL, EITHER = "academic", "commercial", "either"
USES: Final = (ACADEMIC, COMMERCIAL)
LONGEST_TEXT: Final = 50_000


class Terms(Strict):
    """Terms of a program. Another text, link or use are other terms, which everybody is asked to accept anew."""

    name: Slug = Field(description="By what commands name them: gantry run --accept-terms NAME.")
    title: Line = Field(description="What people read: MATLAB, terms of the campus licence.")
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)] | None = Field(
        None, description="The terms themselves."
    )
    link: Annotated[str, StringConstraints(max_length=500)] | None = Field(
        None, description="Where they stand, or more of them. What stands there is not compared."
    )
    use: Literal["academic", "commercial", "either"] = Field(
        "either", description="For what the program may be used; with academic or commercial people are asked."
    )

    @field_validator("link")
    @classmethod
    def _is_an_address(cls, link: str | None) -> str | None:
        if link is not None:
            parts = urlsplit(link)
            if (
                parts.scheme not in ("https", "http")
                or not parts.hostname
                or not link.isprintable()
                or " " in link
            ):
                raise ValueError("must be an address that begins with https://")
        return link

    @model_validator(mode="after")
    def _says_something(self) -> "Terms":
        if self.text is None and self.link is None:
            raise ValueError("give the text of the terms, or a link to them")
        return self

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of what a person accepts: title, text, link and use, not by what name."""
        return digest(canonical_json(self.model_dump(mode="json", exclude={"name"})))
