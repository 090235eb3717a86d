"""Values of linked files are those that the library gives where it may follow every link."""

import h5py
import numpy as np
import pytest

from gantry_formats.linked import LinkError

UNLIMITED = h5py.h5s.UNLIMITED


def virtual(file, name, parts, shape, dtype="i8"):
    layout = h5py.VirtualLayout(shape, dtype)
    for place, source, selected in parts:
        layout[place] = source if selected is None else source[selected]
    file.create_virtual_dataset(name, layout, fillvalue=-7)


def raw_virtual(file, name, dims, virtual_slab, source_file, source_slab):
    """A virtual dataset that goes on for ever, of one mapping, by the library's own calls."""
    most = (UNLIMITED, *dims[1:])
    view = h5py.h5s.create_simple(dims, most)
    view.select_hyperslab(*virtual_slab[:2], stride=virtual_slab[2], block=virtual_slab[3])
    source = h5py.h5s.create_simple(*source_slab[0])
    if source_slab[1]:
        source.select_hyperslab(*source_slab[1][:2], stride=source_slab[1][2], block=source_slab[1][3])
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_virtual(view, source_file.encode(), b"d", source)
    whole = h5py.h5s.create_simple(dims, most)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.NATIVE_INT64, whole, properties)


@pytest.mark.parametrize("seed", range(12))
def test_views_of_any_boxes_steps_and_lists_are_read_as_the_library_reads_them(tmp_path, tree_of, seed):
    rng = np.random.default_rng(seed)
    for k in range(3):
        with h5py.File(tmp_path / f"s{k}.h5", "w") as file:
            file["flat"] = rng.integers(0, 1000, (4, 5))
            file["deep"] = rng.integers(0, 1000, (3, 4, 5))
            file["row"] = rng.integers(0, 1000, 20)
            file["small"] = rng.integers(-300, 300, (4, 5)).astype("f4")
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        flat = [h5py.VirtualSource(f"s{k}.h5", "flat", (4, 5)) for k in range(3)]
        deep = [h5py.VirtualSource(f"s{k}.h5", "deep", (3, 4, 5)) for k in range(3)]
        row = h5py.VirtualSource("s0.h5", "row", (20,))
        order = rng.permutation(3).tolist()
        virtual(file, "stack", [(np.s_[i], flat[k], None) for i, k in enumerate(order)], (3, 4, 5))
        virtual(file, "gap", [(np.s_[i], flat[k], None) for i, k in enumerate(order[:2])], (3, 4, 5))
        virtual(
            file, "joined", [(np.s_[3 * i : 3 * i + 3], deep[k], None) for i, k in enumerate(order)], (9, 4, 5)
        )
        virtual(file, "comb", [(np.s_[k::3], deep[k], None) for k in range(3)], (9, 4, 5))
        virtual(file, "cut", [(np.s_[k], deep[k], np.s_[order[0], 1:4, 1:5:2]) for k in range(3)], (3, 3, 2))
        virtual(file, "lists", [(np.s_[:, [0, 2, 3]], deep[0], np.s_[:, [0, 1, 3]])], (3, 4, 5))
        virtual(file, "folded", [(np.s_[:], row, None)], (4, 5))
        virtual(file, "narrow", [(np.s_[:], h5py.VirtualSource("s1.h5", "small", (4, 5)), None)], (4, 5), "i1")
        virtual(
            file, "view of views", [(np.s_[:2], h5py.VirtualSource(".", "stack", (3, 4, 5))[:2], None)], (2, 4, 5)
        )
    tree = tree_of("m.h5")
    with h5py.File(tmp_path / "m.h5") as followed:
        for name in followed:
            mine, theirs = tree.root[name], followed[name]
            assert (mine.shape, mine.dtype, mine.ndim, mine.size) == (
                theirs.shape,
                theirs.dtype,
                theirs.ndim,
                theirs.size,
            )
            assert np.array_equal(mine[()], theirs[()]), name
            for _ in range(8):
                place = tuple(_index(rng, length) for length in mine.shape)
                assert np.array_equal(mine[place], theirs[place]), (name, place)


def _index(rng, length):
    low, high = sorted(rng.integers(0, length + 1, 2).tolist())
    kind = rng.integers(4)
    if kind == 0:
        return int(rng.integers(length))
    return slice(low, high, None if kind < 3 else int(rng.integers(1, 4)))


def test_patterns_and_sources_that_grow_are_as_long_as_what_is_there(tmp_path, tree_of):
    for k in range(3):
        with h5py.File(tmp_path / f"part_{k}_%.h5", "w") as file:
            file["d"] = np.arange(6).reshape(2, 3) + 10 * k
    with h5py.File(tmp_path / "grow.h5", "w") as file:
        file.create_dataset("d", data=np.arange(12).reshape(4, 3), maxshape=(None, 3), chunks=(1, 3))
    ones = (1, 1)
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        numbered = ((0, 0), (UNLIMITED, 1), (2, 1), (2, 3))
        raw_virtual(file, "numbered", (2, 3), numbered, "part_%b_%%.h5", (((2, 3),), None))
        apart = ((1, 0), (UNLIMITED, 1), (4, 1), (2, 3))
        raw_virtual(file, "apart", (2, 3), apart, "part_%b_%%.h5", (((2, 3),), None))
        on = ((0, 0), ones, ones, (UNLIMITED, 3))
        raw_virtual(file, "grown", (4, 3), on, "grow.h5", (((4, 3), (UNLIMITED, 3)), on))
        every = ((0, 0), (UNLIMITED, 1), (2, 1), (1, 3))
        raw_virtual(file, "every", (4, 3), on, "grow.h5", (((4, 3), (UNLIMITED, 3)), every))
    tree = tree_of("m.h5")
    with h5py.File(tmp_path / "m.h5") as followed:
        for name in followed:
            assert tree.root[name].shape == followed[name].shape, name
            assert np.array_equal(tree.root[name][()], followed[name][()]), name
            assert np.array_equal(tree.root[name][1:4, 1], followed[name][1:4, 1]), name
    assert tree.root["numbered"].shape == (6, 3)


@pytest.mark.parametrize("dtype", ["<u2", ">f4", "i1"])
def test_external_storage_is_read_across_its_files(tmp_path, tree_of, dtype):
    values = np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(dtype)
    raw = values.tobytes()
    with h5py.File(tmp_path / "m.h5", "w") as file:
        parts = [("a.raw", 4, 11), (str(tmp_path / "b.raw"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("d", (2, 3, 4), dtype, external=parts)
        file.create_dataset("one", (1,), "u1", external=[("a.raw", 1, 1)])
    (tmp_path / "a.raw").write_bytes(b"head" + raw[:11])
    (tmp_path / "b.raw").write_bytes(raw[11:])
    array = tree_of("m.h5").root["d"]
    assert np.array_equal(array[()], values)
    for place in (
        np.s_[1],
        np.s_[:, 1],
        np.s_[..., 2],
        np.s_[0, 1:3, ::2],
        np.s_[1, 2, 3],
        np.s_[:, ::2, 1:3],
        np.s_[1:1],
    ):
        assert np.array_equal(array[place], values[place]), place
    assert tree_of("m.h5").root["one"][0] == ord("e")


def test_links_of_all_kinds_lead_where_they_say(tmp_path, tree_of):
    (tmp_path / "raw").mkdir()
    with h5py.File(tmp_path / "raw/deep.h5", "w") as file:
        file["a/b/values"] = np.arange(5)
        file["a"].attrs["units"] = "mm"
        file["a/up"] = h5py.SoftLink("/a/b")
        file["back"] = h5py.ExternalLink("../m.h5", "/own")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["own"] = 3.5
        file["entry/group"] = h5py.ExternalLink("raw/deep.h5", "a")
        file["entry/absolute"] = h5py.ExternalLink(str(tmp_path / "raw/deep.h5"), "/a/b/values")
        file["entry/soft"] = h5py.SoftLink("group/up/values")
        file["entry/home"] = h5py.ExternalLink("raw/deep.h5", "back")
        file["entry/nothing"] = h5py.ExternalLink("raw/deep.h5", "nowhere")
    root = tree_of("m.h5").root
    for way in ("entry/group/b/values", "entry/absolute", "entry/soft", "/entry/group/up/values"):
        assert root[way][()].tolist() == [0, 1, 2, 3, 4]
        assert root[way].name == f"/{way.strip('/')}"
    assert root["entry/home"][()] == 3.5
    assert root["entry/group"].attrs["units"] == "mm"
    assert root["entry/group/b"].parent.name == "/entry/group"
    assert root["entry/group"].parent.parent.name == "/"
    assert sorted(root["entry/group"]) == ["b", "up"]
    assert "entry/group/b" in root
    assert "entry/nothing" not in root
    with pytest.raises(LinkError, match=r"raw/deep\.h5 has no nowhere"):
        root.get("entry/nothing")
    assert root.get("entry/group/nothing") is None
    assert isinstance(root.get("entry/group", getlink=True), h5py.ExternalLink)
    with pytest.raises(KeyError):
        root["entry/absolute/more"]


def test_a_table_elsewhere_gives_its_columns(tmp_path, tree_of):
    table = np.array([(1, 2.5), (3, 4.5)], dtype=[("n", "i4"), ("x", "f8")])
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["t"] = table
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        layout = h5py.VirtualLayout((2,), table.dtype)
        layout[:] = h5py.VirtualSource("s.h5", "t", (2,), table.dtype)
        file.create_virtual_dataset("t", layout)
    found = tree_of("m.h5").root["t"]
    assert found.fields("x")[0:2].tolist() == [2.5, 4.5]
    assert found[1].tolist() == (3, 4.5)


def test_a_source_that_is_not_there_is_named_and_never_filled_up(tmp_path, tree_of):
    """The library gives the fill value in its place, silently."""
    with h5py.File(tmp_path / "m.h5", "w", libver="latest") as file:
        virtual(file, "d", [(np.s_[:], h5py.VirtualSource("gone.h5", "d", (4,)), None)], (4,))
    with h5py.File(tmp_path / "m.h5") as followed:
        assert followed["d"][()].tolist() == [-7] * 4
    array = tree_of("m.h5").root["d"]
    with pytest.raises(LinkError, match=r"gone\.h5 is not there"):
        array.check()
    with pytest.raises(LinkError, match=r"gone\.h5 is not there"):
        array[()]
