"""The catalogue's datasets as forms see them."""

from datetime import datetime

from portal.catalogue.models import Dataset
from portal.form.dataset import InputDataset, Quantity


def input_dataset(dataset: Dataset) -> InputDataset:
    """What a form must know of a dataset; its type and its parameters with their types should be loaded."""
    parameters: dict[str, Quantity] = {}
    for row in sorted(dataset.parameters, key=lambda row: row.id):
        value = row.value
        if value is not None:
            text = value.isoformat() if isinstance(value, datetime) else value
            parameters.setdefault(row.type.name, Quantity(text, row.type.units))
    return InputDataset(dataset.id, dataset.name, dataset.type.name, dataset.complete, parameters)
