"""The pictures of a sheet, all drawn at one grey scale."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import TrialPicture
from portal.data.grey import GreyPlane, GreyScale, drawn
from portal.identity.actor import Actor
from portal.identity.missing import not_found


def scales(session: Session, actor: Actor, results: Collection[int]) -> dict[int, GreyScale]:
    """Of each result that has such a picture, the scale at which it would be drawn if it were alone."""
    query = (
        visible(actor, TrialPicture)
        .where(TrialPicture.dataset_id.in_(results))
        .with_only_columns(TrialPicture.dataset_id, TrialPicture.black, TrialPicture.white)
    )
    return {row[0]: GreyScale(row[1], row[2]) for row in session.execute(query)} if results else {}


def same_pictures(session: Session, actor: Actor, results: Collection[int], grey: Collection[int]) -> bool:
    """Whether all results have a picture, each with the same values; `grey`: those of them that have one.

    Numbers may be alike where pictures are not: programs tell few numbers.
    """
    if not results or any(result not in grey for result in results):
        return False
    columns = (TrialPicture.width, TrialPicture.height, TrialPicture.pixels)
    query = visible(actor, TrialPicture).where(TrialPicture.dataset_id.in_(results))
    rows = session.execute(query.with_only_columns(*columns).distinct().limit(2)).all()
    return len(rows) == 1


def draw(session: Session, actor: Actor, result: int, scale: GreyScale) -> bytes:
    """A result's picture at this scale, as a PNG. Raises NotFoundError."""
    columns = (getattr(TrialPicture, name) for name in GreyPlane.__dataclass_fields__)
    query = visible(actor, TrialPicture).where(TrialPicture.dataset_id == result).with_only_columns(*columns)
    row = session.execute(query).first()
    if row is None:
        raise not_found(actor)
    return drawn(GreyPlane(*row), scale)
