"""Datasets of which it is known before a job starts that a program can read none of their files, or not all.

Only what is known counts: of a file that could not be looked into to its end the program may make more.
"""

from collections.abc import Sequence

from gantry_formats.patterns.paths import named
from portal import words
from portal.files.unusable import Unusable
from portal.form.inputs.arrays import InputArray
from portal.form.inputs.dataset import InputDataset
from portal.jobtype.model import Slot

MOST_REASONS = 3


def unusable_files(slot: Slot, dataset: InputDataset) -> list[InputArray]:
    """Of the files that the slot's program gets, those of which it is known that it cannot read them."""
    given = [one for one in dataset.arrays if one.unusable and named(one.file, slot.files)]
    if slot.reads == "files":
        return []
    return [one for one in given if slot.reads == "arrays" or one.unusable == Unusable.DAMAGED]


def without_any_file(slot: Slot, dataset: InputDataset) -> str:
    """Why the slot's program can read no file of the dataset, in sentences; empty where it may read one."""
    unusable = unusable_files(slot, dataset)
    others = [
        one for one in dataset.arrays if one not in unusable and (not one.file or named(one.file, slot.files))
    ]
    if not unusable or others:
        return ""
    return f"No file of “{dataset.name}” can be read. {_told(unusable)}"


def left_out_files(slot: Slot, datasets: Sequence[InputDataset]) -> str:
    """Which files of datasets that have others are left out, and why, in sentences; empty for none."""
    found = [
        one for dataset in datasets if not without_any_file(slot, dataset) for one in unusable_files(slot, dataset)
    ]
    if not found:
        return ""
    return f"{words.count(len(found), 'file is', 'files are')} left out. {_told(found)}"


def _told(files: Sequence[InputArray]) -> str:
    told = [f"{one.file}: {one.left_out}." for one in files[:MOST_REASONS]]
    more = len(files) - len(told)
    return " ".join([*told, *([f"Nor can {more} more be read."] if more else [])])
