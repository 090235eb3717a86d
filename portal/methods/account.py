"""How a result was made, as text, references and BibTeX: each step of its history once, the first first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset
from portal.identity.actor import Actor
from portal.methods.publications import Bibliography, in_words
from portal.methods.sentences import paragraph
from portal.methods.steps import MOST_STEPS, Made, made


@dataclass(frozen=True)
class Account:
    """What a paper says of how a result was made."""

    made: Made
    paragraphs: tuple[str, ...]
    """One a step."""
    bibliography: Bibliography

    @property
    def text(self) -> str:
        """The paragraphs, with the references' numbers in brackets."""
        return "\n\n".join(self.paragraphs)

    @property
    def references(self) -> list[str]:
        """Each in words, without its number."""
        return [in_words(reference) for reference in self.bibliography.cited]

    @property
    def whole(self) -> str:
        """Text and references, to copy."""
        numbered = "\n".join(f"[{number}] {words}" for number, words in enumerate(self.references, 1))
        return f"{self.text}\n\n{numbered}" if numbered else self.text

    @property
    def bibtex(self) -> str:
        """The references as a BibTeX file; empty where there are none."""
        return self.bibliography.bibtex()


def account_of(session: Session, actor: Actor, dataset: Dataset, *, now: datetime | None = None) -> Account:
    """The account of a dataset that this person may see. Raises InvalidError where no analysis made it."""
    return account(made(session, actor, dataset, now=now))


def account(how: Made) -> Account:
    """The account of known steps."""
    cited = Bibliography()
    several = len({step.run.person for step in how.steps}) > 1
    said = [
        paragraph(step, cited, last=place == len(how.steps) - 1, who=several)
        for place, step in enumerate(how.steps)
    ]
    if how.cut:
        said.insert(0, f"The last {MOST_STEPS} steps are told; there were more before them.")
    return Account(how, tuple(said), cited)
