"""Make the demo facility's files: `make_all` writes every dataset of the plan and the truth beside them."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.demo.generate import cytometry, files, lightsheet, tomography
from portal.demo.generate.cytometry import CytometryRecipe
from portal.demo.generate.lightsheet import StackRecipe
from portal.demo.generate.plan import DatasetPlan, FacilityPlan
from portal.demo.generate.tomography import ScanRecipe
from portal.demo.generate.truth import Truth
from portal.demo.generate.whole import facility

Progress = Callable[[str, float], None]
TIME_POINTS = 4  # volumes of a time lapse, the last of them unfinished


def make_all(
    root: Path,
    *,
    truth_path: Path | None = None,
    today: date | None = None,
    progress: Progress | None = None,
    processes: int = 2,
) -> Truth:
    """Write all datasets beneath `root` as instrument/visit/dataset/files and return what went into them.

    The bytes depend on `today` (the present day if left out) and on nothing else. `truth_path`, which must not
    lie beneath `root`, is written last: where it exists, the data is whole. `progress` is told the name of each
    dataset that is finished and the fraction done; what it raises ends the making. With one process everything
    happens in this one.
    """
    if truth_path is not None and truth_path.resolve().is_relative_to(root.resolve()):
        raise ValueError("the truth must not lie among the data")
    plan = facility(today or date.today())
    if truth_path is not None:
        truth_path.unlink(missing_ok=True)
    entries: dict[str, dict[str, Any]] = {}
    # Closed here, also when `progress` ends it by raising: the processes are gone when this returns.
    with closing(_each(root, plan, processes)) as made:
        for done, (dataset, entry) in enumerate(made, 1):
            entries[plan.location(dataset)] = entry
            if progress is not None:
                progress(dataset.name, done / len(plan.datasets))
    truth = Truth({plan.location(d): entries[plan.location(d)] for d in plan.datasets})
    if truth_path is not None:
        truth.write(truth_path)
    return truth


def _each(root: Path, plan: FacilityPlan, processes: int) -> Generator[tuple[DatasetPlan, dict[str, Any]]]:
    folders = {dataset: root / plan.location(dataset) for dataset in plan.datasets}
    if processes <= 1:
        for dataset, folder in folders.items():
            yield dataset, make_dataset(folder, dataset)
        return
    # Spawned, because a forked copy of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_ctrl_c) as pool:
        with _ctrl_c_waits():
            futures = {pool.submit(make_dataset, folder, dataset): dataset for dataset, folder in folders.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            # Who is interrupted waits for the datasets at hand, not for all that were planned.
            pool.shutdown(cancel_futures=True)


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Processes that are begun here are reached by no Ctrl-C until they leave it to their parent.

    While Python itself starts in them it would end in an error for people to read. The parent hears it afterwards.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_ctrl_c() -> None:
    """Ctrl-C reaches every process of a terminal; what to do about it the parent decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def make_dataset(folder: Path, dataset: DatasetPlan) -> dict[str, Any]:
    """Write one dataset's files into `folder` and return its entry in the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    if dataset.condition == "writing":
        made = [_time_point(folder, dataset, number) for number in range(TIME_POINTS)]
        paths, truth = [path for path, _ in made], {"time_points": [point for _, point in made]}
        paths[-1] = files.leave_unfinished(paths[-1])
    else:
        path, truth = _write(folder, dataset)
        paths = [path]
        if dataset.condition == "truncated":
            files.truncate(path)
        _stamp(path, dataset.start + timedelta(minutes=12))
    return {"name": dataset.name, "type": dataset.type, "files": [p.name for p in paths], **truth}


def _stamp(path: Path, moment: datetime) -> None:
    """Give a file the time at which the instrument would have closed it."""
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def _time_point(folder: Path, dataset: DatasetPlan, number: int) -> tuple[Path, dict[str, Any]]:
    start = dataset.start + timedelta(minutes=10 * number)
    point = replace(dataset, seed=dataset.seed * 1000 + number, start=start)
    path, truth = _write(folder, point)
    named = path.rename(folder / f"t{number:03d}{path.suffix}")
    return named, truth


def _write(folder: Path, dataset: DatasetPlan) -> tuple[Path, dict[str, Any]]:
    about: dict[str, Any] = {"sample": dataset.sample, "start": dataset.start}
    match dataset.recipe:
        case StackRecipe() as recipe:
            stack = lightsheet.simulate(recipe, dataset.seed)
            tiff = recipe.file_format == "ome-tiff"
            path = folder / ("stack.ome.tif" if tiff else "stack.h5")
            write = lightsheet.write_ome_tiff if tiff else lightsheet.write_hdf5
            write(path, stack, recipe, title=dataset.name, **about)
            return path, stack.truth
        case CytometryRecipe() as recipe:
            measurement = cytometry.simulate(recipe, dataset.seed)
            path = folder / "measurement.rtdc"
            cytometry.write_rtdc(path, measurement, recipe, run=1, **about)
            return path, measurement.truth
        case ScanRecipe() as recipe:
            scan = tomography.simulate(recipe, dataset.seed)
            exchange = recipe.file_format == "Data Exchange"
            path = folder / ("scan.h5" if exchange else "scan.nxs")
            write_scan = tomography.write_data_exchange if exchange else tomography.write_nxtomo
            write_scan(path, scan, recipe, title=dataset.name, **about)
            return path, scan.truth
