"""What groups say of an array's axes, where two customs contradict each other."""

import time

import h5py
import numpy as np
import pytest

from gantry_formats.linked import Tree
from gantry_formats.linked.declared import declared_in


@pytest.fixture
def names_of(tmp_path):
    def of(shape, lengths):
        with h5py.File(tmp_path / "old.nxs", "w") as file:
            group = file.create_group("data")
            group.attrs["NX_class"] = "NXdata"
            group["counts"] = np.zeros(shape, "u2")
            group["counts"].attrs["signal"] = 1
            for number, (name, length) in enumerate(lengths.items(), 1):
                group[name] = np.arange(length) * 0.5
                group[name].attrs.update({"axis": number, "units": "um"})
        with h5py.File(tmp_path / "old.nxs") as file:
            found = [said for _address, said in declared_in(Tree(file, "old.nxs", None).root["data"])]
            return [(said.names, tuple(map(len, said.coordinates))) for said in found]

    return of


def test_the_lengths_tell_from_which_end_axes_are_counted(names_of):
    assert names_of((3, 4, 5), {"z": 3, "y": 4, "x": 5}) == [(("z", "y", "x"), (1, 1, 1))]
    assert names_of((3, 4, 5), {"x": 5, "y": 4, "z": 3}) == [(("z", "y", "x"), (1, 1, 1))]
    assert names_of((3, 4, 5), {"x": 6, "y": 5, "z": 4}) == [(("z", "y", "x"), (1, 1, 1))]  # edges
    assert names_of((3, 4), {"z": 7, "x": 9}) == []


def test_where_both_ends_fit_it_is_not_known(names_of):
    assert names_of((4, 4, 4), {"x": 4, "y": 4, "z": 4}) == [(("x or z", "y", "z or x"), (0, 1, 0))]
    assert names_of((4, 3, 4), {"z": 4}) == [(("z or another one", "", "another one or z"), (0, 0, 0))]


def test_many_signals_and_many_axes_are_looked_through_once(tmp_path):
    with h5py.File(tmp_path / "many.nxs", "w") as file:
        group = file.create_group("data")
        group.attrs["NX_class"] = "NXdata"
        for place in range(450):
            group[f"counts{place}"] = np.zeros((3, 4, 5), "u2")
            group[f"counts{place}"].attrs["signal"] = 1
            group[f"motor{place}"] = np.arange(7.0)
            group[f"motor{place}"].attrs["axis"] = 9
        for number, (name, length) in enumerate({"z": 3, "y": 4, "x": 5}.items(), 1):
            group[name] = np.arange(length) * 0.5
            group[name].attrs["axis"] = number
    with h5py.File(tmp_path / "many.nxs") as file:
        before = time.process_time()
        found = list(declared_in(Tree(file, "many.nxs", None).root["data"]))
        taken = time.process_time() - before
    assert {said.names for _address, said in found} == {("z", "y", "x")} and len(found) == 450
    assert taken < 8
