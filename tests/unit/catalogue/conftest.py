"""Help for making entries in the small facility."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from small_facility import NOW, SmallFacility
from sqlalchemy.orm import Session

from portal.catalogue.models import Dataset, Investigation

AddDataset = Callable[..., Dataset]


@pytest.fixture
def add_dataset(facility: SmallFacility) -> AddDataset:
    """Add a dataset with this name to the experiment of this short name; further columns by keyword."""

    def add(session: Session, name: str, where: str = "private", date: datetime = NOW, **columns: Any) -> Dataset:
        columns.setdefault("type_id", facility.types["stack"])
        investigation = session.get_one(Investigation, facility.investigations[where])
        dataset = Dataset(investigation=investigation, name=name, start_date=date, complete=True)
        for column, value in columns.items():
            setattr(dataset, column, value)
        session.add(dataset)
        session.flush()
        return dataset

    return add
