"""What a job type would run on a dataset of this portal, shown to whoever writes it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gantry_formats.patterns.paths import named
from portal.catalogue.files.named import with_file_names
from portal.catalogue.inputs import input_dataset
from portal.catalogue.models import Dataset
from portal.catalogue.parameters.corrections import dataset_for_operator
from portal.cli.admin.site import site
from portal.config import Settings
from portal.errors import InvalidError
from portal.form import plan
from portal.form.inputs.chosen_file import slot_of
from portal.jobtype.advice.shown import arguments
from portal.jobtype.kinds.files import FileOption
from portal.jobtype.model import JobType


def command_on(
    jobtype: JobType, dataset: int, further: Sequence[tuple[str, int]], options: Mapping[str, str]
) -> list[str]:
    """The argument list of the first job on this dataset. Raises what starting it would, and NotFoundError."""
    asked: dict[str, list[int]] = {}
    if jobtype.slot is not None:
        asked[jobtype.slot.name] = [dataset]
    for slot, number in further:
        asked.setdefault(slot, []).append(number)
    with site() as (settings, database), database.read() as session:
        rows = {slot: [dataset_for_operator(session, one) for one in ids] for slot, ids in asked.items()}
        arrays = jobtype.looks_at_arrays
        inputs = {slot: [input_dataset(one, arrays=arrays) for one in some] for slot, some in rows.items()}
        inputs = with_file_names(session.connection(), jobtype, inputs)
        planned = plan(jobtype, options, inputs)[0]
        patterns = {slot.name: slot.files for slot in jobtype.inputs}
        files = {
            slot: [path for row in some for path in _files(settings, row, patterns[slot])]
            for slot, some in rows.items()
        }
        folders = {slot: [str(_folder(settings, row)) for row in some] for slot, some in rows.items()}
    chosen = {}
    for option in jobtype.options:
        if isinstance(option, FileOption) and option.name in planned.options:
            folder = folders[slot_of(jobtype, option)][0]
            chosen[option.name] = f"{folder}/{planned.options[option.name]}"
    return arguments(jobtype, planned.options, files, folders, chosen=chosen)


def _folder(settings: Settings, dataset: Dataset) -> Path:
    """Where a dataset's files lie on this machine. Raises InvalidError where no root of the settings has it."""
    root, _, place = (dataset.location or "").partition(":")
    if root in settings.roots:
        return settings.roots[root].path / place
    if root == "results":
        return settings.results / place
    raise InvalidError(f"{dataset.name} lies beneath no root of the settings.")


def _files(settings: Settings, dataset: Dataset, pattern: str) -> list[str]:
    folder = _folder(settings, dataset)
    names = sorted(file.location or file.name for file in dataset.datafiles)
    wanted = [name for name in names if named(name, pattern)]
    if not wanted:
        raise InvalidError(f"The dataset {dataset.name} has no file like {pattern}.")
    return [str(folder / name) for name in wanted]
