"""Damage in an array is told with its place; links that lead nowhere are told as what they are."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from portal.data.parsing import client
from portal.data.parsing.beside import Beside
from portal.files.confined import Root


def inspected(path: Path) -> client.Inspection:
    with Root(path.parent) as folder, path.open("rb") as file:
        beside = Beside(folder, path.name, [str(path.parent)], links=False)
        return client.inspect(file, beside=beside, pictures=8)


@pytest.mark.parametrize(("spoiled", "words"), [((4, 0, 32), "4…7, 0…15, 32…39"), ((0, 0, 0), "0…3, 0…15, 0…15")])
def test_a_chunk_that_does_not_unpack_is_named_with_its_array(tmp_path: Path, spoiled, words) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        values = np.random.default_rng(3).integers(0, 9, (8, 32, 40)).astype("u2")
        array = file.create_dataset("entry/raw/frames", data=values, chunks=(4, 16, 16), compression="gzip")
        places = [array.id.get_chunk_info(number) for number in range(array.id.get_num_chunks())]
        found = next(one for one in places if one.chunk_offset == spoiled)
    raw = bytearray(path.read_bytes())
    raw[found.byte_offset : found.byte_offset + found.size] = b"\xff" * found.size
    path.write_bytes(raw)
    problem = inspected(path).problem
    assert problem == f"/entry/raw/frames, {words}: its stored bytes cannot be unpacked, they are damaged."


def test_a_sound_file_has_no_problem(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=np.zeros((8, 32, 40)), chunks=(4, 16, 16), compression="gzip")
    assert inspected(tmp_path / "a.h5").problem is None


def test_links_in_a_circle_are_said_to_be_that(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["first"], file["second"] = h5py.SoftLink("/second"), h5py.SoftLink("/first")
        file["round"] = h5py.ExternalLink("b.h5", "/back")
        file["lost"] = h5py.SoftLink("/nothing")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["back"] = h5py.ExternalLink("a.h5", "/round")
    said = {one.place: one.words for one in inspected(tmp_path / "a.h5").remarks}
    circle = "it is a link that leads in a circle"
    assert said == {
        "/first": circle,
        "/second": circle,
        "/round": circle,
        "/lost": "it is a link to what is not there",
    }


def test_a_file_without_arrays_and_links_holds_none(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("empty")
    assert [one.words for one in inspected(tmp_path / "a.h5").remarks] == ["it holds no array"]
