"""The demo facility's files as they lie on disk."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dclab_programs
import h5py
import numpy as np
import pytest
import tifffile

from portal.demo.generate import files
from portal.demo.generate.make import make_all, make_dataset
from portal.demo.generate.plan import FacilityPlan, ParameterSource
from portal.demo.generate.truth import Truth, check_beads

# Made once for the session: about fifteen seconds on two cores.
pytestmark = pytest.mark.slow


def test_every_dataset_has_its_folder_its_files_and_its_truth(made: Any) -> None:
    for dataset in made.plan.datasets:
        location = made.plan.location(dataset)
        entry = made.truth.datasets[location]
        assert entry["name"] == dataset.name
        assert sorted(p.name for p in (made.root / location).iterdir()) == sorted(entry["files"])
    folders = set(made.root.glob("*/*/*"))
    assert folders == {made.root / made.plan.location(d) for d in made.plan.datasets}


def test_the_facility_is_small(made: Any) -> None:
    sizes = [p.stat().st_size for p in made.root.rglob("*") if p.is_file()]
    assert sum(sizes) < 120e6
    assert max(sizes) < 10e6
    assert 30 <= len(sizes) <= 40


def test_the_truth_lies_outside_the_data_and_reads_back(made: Any) -> None:
    assert not made.truth_path.is_relative_to(made.root)
    assert Truth.read(made.truth_path) == Truth(json.loads(json.dumps(made.truth.datasets)))


def test_truth_among_the_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="among the data"):
        make_all(tmp_path / "data", truth_path=tmp_path / "data" / "truth.json")


def test_progress_names_every_dataset_and_ends_at_one(made: Any) -> None:
    assert sorted(name for name, _ in made.progress) == sorted(d.name for d in made.plan.datasets)
    fractions = [fraction for _, fraction in made.progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_complete_files_are_as_old_as_their_measurement(made: Any) -> None:
    for dataset in made.plan.datasets:
        if dataset.complete:
            (path,) = (made.root / made.plan.location(dataset)).iterdir()
            assert 0 < path.stat().st_mtime - dataset.start.timestamp() < 3600


@pytest.mark.parametrize(
    "name",
    [
        "Fluorescent beads, 200 nm",
        "Spheroid, untreated, DAPI",
        "HL60, control",
        "Poppy seed",
        "Flax seed, Data Exchange",
    ],
)
def test_making_a_dataset_again_gives_the_same_bytes(name: str, made: Any, tmp_path: Path) -> None:
    dataset = next(d for d in made.plan.datasets if d.name == name)
    entry = make_dataset(tmp_path / "again", dataset)
    (again,) = (tmp_path / "again").iterdir()
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(made.file(name).read_bytes()).digest()
    assert entry == made.truth.of(name)


def test_another_seed_gives_other_bytes(made: Any, tmp_path: Path) -> None:
    dataset = next(d for d in made.plan.datasets if d.name == "Fluorescent beads, 200 nm")
    make_dataset(tmp_path, replace(dataset, seed=1))
    assert (tmp_path / "stack.h5").read_bytes() != made.file(dataset.name).read_bytes()


def test_the_truncated_file_cannot_be_opened(made: Any) -> None:
    with pytest.raises(OSError, match="truncated"):
        h5py.File(made.file("Zebrafish trunk, transfer broken off"))


def test_the_dataset_being_written_has_whole_files_and_one_part(made: Any) -> None:
    dataset = next(d for d in made.plan.datasets if not d.complete)
    paths = sorted((made.root / made.plan.location(dataset)).iterdir())
    assert [p.name for p in paths] == ["t000.h5", "t001.h5", "t002.h5", "t003.h5.part"]
    for path in paths[:-1]:
        with h5py.File(path) as file:
            assert file["entry/data/data"].shape == (32, 96, 96)
    with pytest.raises(OSError, match="truncated"):
        h5py.File(paths[-1])


def test_dclab_has_nothing_to_say_about_any_measurement(made: Any) -> None:
    paths = sorted(made.root.rglob("*.rtdc"))
    assert len(paths) == 10
    for path in paths:
        assert dclab_programs.verify(path) == (0, 0), path
        with h5py.File(path) as file:
            assert 300 <= len(file["events/image"]) <= 1000


def test_the_beads_of_the_check_are_many_and_where_the_truth_says(made: Any) -> None:
    truth = made.truth.of("Fluorescent beads, 200 nm")
    with h5py.File(made.file("Fluorescent beads, 200 nm")) as file:
        volume = file["entry/data/data"][()]
    result = check_beads(volume, truth["beads"])
    assert volume.shape == (32, 96, 96)
    assert result["beads"] >= 30
    assert result["matched"] == 1.0
    assert result["spurious"] == 0


def read_source(path: Path, source: str) -> Any:
    """A second reading of the mapping's language, for the files made here."""
    kind, place = source.split(":", 1)
    if kind == "ome":
        if path.suffix != ".tif":
            return None
        with tifffile.TiffFile(path) as file:
            image = tifffile.xml2dict(file.ome_metadata)["OME"]
        element, key = place.split("@")
        if element == "map":
            pairs = image["StructuredAnnotations"]["MapAnnotation"]["Value"]["M"]
            return {pair["K"]: pair["value"] for pair in pairs}.get(key)
        pixels = image["Image"]["Pixels"]
        return (pixels if element == "Pixels" else pixels[element]).get(key)
    if not h5py.is_hdf5(path):
        return None
    with h5py.File(path) as file:
        if source == "scan:rotation range":
            named = (f"{entry}/{name}" for entry in file for name in ("sample/rotation_angle", "theta"))
            return next((np.ptp(file[name]) for name in named if name in file), None)
        name, _, attribute = place.partition("@")
        if name not in file:
            return None
        return file[name].attrs.get(attribute) if attribute else file[name][()]


def test_every_parameter_of_every_type_is_found_in_every_complete_file(made: Any, plan: FacilityPlan) -> None:
    types = {t.name: t for t in plan.dataset_types}
    for dataset in plan.datasets:
        if dataset.condition != "whole":
            continue
        path = made.file(dataset.name)
        for parameter in types[dataset.type].parameters:
            value = first(path, parameter)
            assert value is not None, f"{dataset.name}: {parameter.name}"
            if parameter.kind == "number":
                assert float(value) > 0


def first(path: Path, parameter: ParameterSource) -> Any:
    return next((v for s in parameter.sources if (v := read_source(path, s)) is not None), None)


def test_an_unfinished_file_is_the_first_part_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    whole = bytes(range(256)) * 10
    path.write_bytes(whole)
    partial = files.leave_unfinished(path)
    assert not path.exists()
    assert partial.read_bytes() == whole[:1024]
