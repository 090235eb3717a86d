"""Names of datasets' files that fit patterns, for options that choose a file of a dataset that may be seen."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute

from gantry_formats.patterns.paths import named
from portal.catalogue.models import Datafile
from portal.form.inputs.dataset import FileNames, InputDataset
from portal.jobtype.model import JobType
from portal.portions import portions

MOST_OF_ONE = 2000
"""Names of one dataset; of more it is told that there are more."""
MOST_ROWS = 20_000


def with_file_names(
    connection: Connection, jobtype: JobType, inputs: Mapping[str, Sequence[InputDataset]]
) -> dict[str, list[InputDataset]]:
    """The datasets with the names of files that the job type's options can choose; as they were without such."""
    patterns = jobtype.file_patterns
    ids = [one.id for some in inputs.values() for one in some] if patterns else []
    found = file_names(connection, ids, patterns) if patterns else {}
    return {
        slot: [replace(one, chosen_from=found[one.id]) if one.id in found else one for one in some]
        for slot, some in inputs.items()
    }


def file_names(connection: Connection, ids: Collection[int], patterns: Collection[str]) -> dict[int, FileNames]:
    """By dataset the names that fit one of the patterns, sorted, up to MOST_OF_ONE of each."""
    names: dict[int, list[str]] = defaultdict(list)
    cut: set[int] = set()
    called = Datafile.location
    for some in portions(sorted(set(ids))):
        query = (
            select(Datafile.dataset_id, Datafile.name, called)
            .where(Datafile.dataset_id.in_(some), Datafile.linked.is_(False))
            .where(or_(*(or_(_like(called, one), _like(Datafile.name, one)) for one in patterns)))
            .order_by(Datafile.dataset_id, Datafile.name)
            .limit(MOST_ROWS + 1)
        )
        rows = connection.execute(query).all()
        if len(rows) > MOST_ROWS:
            cut |= set(some)
        for dataset, name, location in rows[:MOST_ROWS]:
            path = location or name
            if not any(named(path, pattern) for pattern in patterns):
                continue
            if len(names[dataset]) < MOST_OF_ONE:
                names[dataset].append(path)
            else:
                cut.add(dataset)
    return {one: FileNames(tuple(sorted(names[one])), one in cut) for one in set(ids)}


def _like(column: ColumnElement[str] | InstrumentedAttribute[Any], pattern: str) -> ColumnElement[bool]:
    """A condition that holds for all that fit, and more: brackets are any sign; a name may stand in any folder."""
    text, inside = "", False
    for sign in pattern:
        if sign == "[" and "]" in pattern:
            text, inside = text + "%", True
        elif inside:
            inside = sign != "]"
        else:
            text += {"*": "%", "?": "_", "%": "\\%", "_": "\\_", "\\": "\\\\"}.get(sign, sign)
    return column.like(f"%{text}", escape="\\")
