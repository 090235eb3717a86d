"""The methods of a result, as its page shows them."""

from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset
from portal.errors import InvalidError
from portal.identity.actor import Actor
from portal.methods.account import account_of

SHORT = 900
"""Characters that stand open on the page; what is longer is folded."""


@dataclass(frozen=True)
class MethodsView:
    """What is shown and copied."""

    text: str
    bibtex: str
    bibtex_url: str
    crate_url: str
    archive_url: str
    steps: int
    long: bool


def methods_of(session: Session, actor: Actor, dataset: Dataset) -> MethodsView | None:
    """The methods of a result; None for what was measured, and where nothing is recorded."""
    if not dataset.is_result:
        return None
    try:
        found = account_of(session, actor, dataset)
    except InvalidError:
        return None
    return MethodsView(
        text=found.whole,
        bibtex=found.bibtex,
        bibtex_url=url_for("methods.references", dataset_id=dataset.id),
        crate_url=url_for("methods.crate", dataset_id=dataset.id),
        archive_url=url_for("methods.archive", dataset_id=dataset.id),
        steps=len(found.made.steps),
        long=len(found.text) > SHORT,
    )
