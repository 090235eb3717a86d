"""The names that the editor of YAML proposes, besides those that the document itself has."""

import json
from collections.abc import Iterable

from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Instrument, ParameterType
from portal.identity.actor import Actor
from portal.jobtype.conditions.parse import FACTS
from portal.web.views.drafts import beside

MOST = 500


def known_names(session: Session, actor: Actor, images: Iterable[str]) -> str:
    """The site's types of datasets, staged images, instruments and dataset parameters, as JSON for the script."""
    instruments = visible(actor, Instrument).with_only_columns(Instrument.full_name, Instrument.name)
    parameters = visible(actor, ParameterType).with_only_columns(ParameterType.name)
    return json.dumps(
        {
            "types": [*beside.type_names(session)],
            "images": [*images],
            "instruments": sorted({full or name for full, name in session.execute(instruments.limit(MOST))}),
            "parameters": sorted({*session.scalars(parameters.distinct().limit(MOST))}),
            "facts": [*FACTS],
        }
    )
