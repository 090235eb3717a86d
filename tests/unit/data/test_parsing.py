"""Looking into files that a person could have written, real and hostile."""

import io
import os
import struct
import zipfile

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from gantry_formats.linked.complaints import part_there
from portal.catalogue.mapping import parameters_of, places_of
from portal.data.parsing import client as parsing
from portal.errors import InvalidError, LimitError, PortalError, UnsafeFileError


@pytest.fixture
def made(tmp_path):
    """An HDF5 file to be bent, and a secret beside it."""
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["data"] = np.full((4, 4), 42.0)
    (tmp_path / "secret.raw").write_bytes(np.full(16, 42.0).tobytes())
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        group = file.create_group("entry/deep/deeper")
        group["plane"] = np.arange(64.0).reshape(8, 8)
        group["plane"].attrs["units"] = "counts"
    return tmp_path / "scan.h5"


def look(path, function, *args, **kwargs):
    with path.open("rb") as file:
        return function(file, *args, **kwargs)


def picture(raw):
    return np.asarray(Image.open(io.BytesIO(raw)))


def test_a_file_that_stands_for_itself_passes(made):
    assert look(made, parsing.check) == "hdf5"


def bend(made, change):
    with h5py.File(made, "a") as file:
        change(file["entry/deep/deeper"], made.parent)


def virtual(group, folder, source):
    layout = h5py.VirtualLayout(shape=(4, 4), dtype="f8")
    layout[:] = h5py.VirtualSource(source, "data", shape=(4, 4))
    group.create_virtual_dataset("v", layout)


LEADS_OUT = {
    "an external link": lambda group, folder: group.__setitem__("x", h5py.ExternalLink("secret.h5", "/data")),
    "an external link by absolute path": lambda group, folder: group.__setitem__(
        "x", h5py.ExternalLink(str(folder / "secret.h5"), "/")
    ),
    "an external link behind a soft link": lambda group, folder: (
        group.__setitem__("x", h5py.ExternalLink("secret.h5", "/")),
        group.file.__setitem__("way", h5py.SoftLink("/entry/deep/deeper/x/data")),
    ),
    "external storage": lambda group, folder: group.create_dataset(
        "e", (16,), "f8", external=[(str(folder / "secret.raw"), 0, 128)]
    ),
    "a virtual source": lambda group, folder: virtual(group, folder, str(folder / "secret.h5")),
    "a virtual source by relative path": lambda group, folder: virtual(group, folder, "secret.h5"),
}


@pytest.mark.parametrize("change", LEADS_OUT.values(), ids=LEADS_OUT.keys())
@pytest.mark.parametrize(
    "ask",
    [parsing.check, parsing.describe, lambda f: parsing.values(f, ["x/data"]), parsing.thumbnail],
    ids=["check", "describe", "values", "thumbnail"],
)
def test_what_leads_out_of_the_file_is_refused_before_anything_is_read(made, change, ask):
    bend(made, change)
    with pytest.raises(UnsafeFileError, match="leads out of itself"):
        look(made, ask)


@pytest.mark.parametrize("size", [512, 8 << 10, 16 << 10, 1 << 20, 64 << 20])
def test_a_user_block_of_any_size_hides_nothing(tmp_path, size):
    with h5py.File(tmp_path / "notes.bin", "w", userblock_size=size) as file:
        file["away"] = h5py.ExternalLink("secret.h5", "/data")
    with pytest.raises(UnsafeFileError, match="leads out of itself: away"):
        look(tmp_path / "notes.bin", parsing.check)


def test_damage_before_it_hides_nothing(made):
    """An object that cannot be opened does not end the look at the others, as it does not end a reader's."""
    bend(made, LEADS_OUT["an external link"])
    with h5py.File(made, "a") as file:
        address = h5py.h5o.get_info(file.create_group("a first one").id).addr
    raw = bytearray(made.read_bytes())
    raw[address : address + 4] = b"XXXX"
    made.write_bytes(raw)
    with h5py.File(made) as file:
        assert file.get("entry/deep/deeper/x", getlink=True).filename == "secret.h5"
    with pytest.raises(UnsafeFileError, match="leads out of itself"):
        look(made, parsing.check)


def test_damage_alone_is_said_to_be_damage(made):
    with h5py.File(made, "a") as file:
        address = h5py.h5o.get_info(file.create_group("a first one").id).addr
    raw = bytearray(made.read_bytes())
    raw[address : address + 4] = b"XXXX"
    made.write_bytes(raw)
    with pytest.raises(InvalidError, match="its structure cannot be read") as raised:
        look(made, parsing.check)
    assert type(raised.value) is InvalidError


def test_a_group_whose_links_cannot_be_seen_may_hold_any(made):
    """Names may be found by who knows them, in a group that cannot be listed."""
    with h5py.File(made, "a") as file:
        group = file.create_group("many")
        for number in range(200):
            group[f"name {number:03}"] = h5py.SoftLink("/nowhere")
        group["z"] = h5py.ExternalLink("secret.h5", "/data")
    raw = bytearray(made.read_bytes())
    node = raw.rindex(b"SNOD", 0, raw.rindex(b"SNOD"))
    raw[node : node + 4] = b"XXXX"
    made.write_bytes(raw)
    with h5py.File(made) as file:
        assert file.get("many/z", getlink=True).filename == "secret.h5"
    with pytest.raises((parsing.UnseenError, UnsafeFileError)):
        look(made, parsing.check)


def test_a_file_that_its_writer_seems_to_hold_hides_nothing(tmp_path):
    """A reader that expects a writer (SWMR) opens what is shorter than it says it is."""
    with h5py.File(tmp_path / "live.h5", "w", libver="latest") as file:
        file["away"] = h5py.ExternalLink("secret.h5", "/data")
        file["x"] = np.arange(1000.0)
    (tmp_path / "live.h5").write_bytes((tmp_path / "live.h5").read_bytes()[:-64])
    with h5py.File(tmp_path / "live.h5", swmr=True) as file:
        assert file.get("away", getlink=True).filename == "secret.h5"
    with pytest.raises(UnsafeFileError, match="leads out of itself: away"):
        look(tmp_path / "live.h5", parsing.check)


@pytest.mark.parametrize(
    ("driver", "name", "first"), [("family", "part%d.h5", "part0.h5"), ("split", "part", "part-m.h5")]
)
def test_one_part_of_several_leads_to_the_others(tmp_path, driver, name, first):
    with h5py.File(tmp_path / name, "w", driver=driver) as file:
        file["data"] = np.ones(4)
    with pytest.raises(UnsafeFileError, match="one of several parts"):
        look(tmp_path / first, parsing.check)


def test_a_virtual_dataset_of_the_file_itself_is_allowed(made):
    def inside(group, folder):
        group["data"] = np.ones((4, 4))
        layout = h5py.VirtualLayout(shape=(4, 4), dtype="f8")
        layout[:] = h5py.VirtualSource(group["data"])
        group.create_virtual_dataset("v", layout)

    bend(made, inside)
    assert look(made, parsing.check) == "hdf5"


def test_links_in_a_circle_and_into_nothing_end(made):
    def circle(group, folder):
        group["up"] = group.file["entry"]
        group["soft"] = h5py.SoftLink("/entry/deep/deeper/soft")
        group["nothing"] = h5py.SoftLink("/nowhere")

    bend(made, circle)
    paths = [item["path"] for item in look(made, parsing.describe)["items"]]
    assert paths.count("entry/deep/deeper/plane") == 1


def test_a_description_tells_arrays_with_type_shape_and_attributes(made):
    description = look(made, parsing.describe)
    [array] = [item for item in description["items"] if item["kind"] == "array"]
    assert (array["path"], array["dtype"], array["shape"]) == ("entry/deep/deeper/plane", "float64", [8, 8])
    assert array["attrs"] == {"units": "counts"}
    assert description["format"] == "hdf5"
    assert not description["more"]


def test_values_are_single_and_what_is_not_there_is_left_out(made):
    def add(group, folder):
        group["temperature"] = np.float32(36.5)
        group["one"] = np.array([7])
        group["name"] = "heart"
        group["nan"] = np.nan
        group.attrs["flag"] = True

    bend(made, add)
    base = "entry/deep/deeper"
    paths = ["temperature", "one", "name", "nan", "plane", "gone", "plane@units", "plane@gone"]
    found = look(made, parsing.values, [f"{base}/{path}" for path in paths] + [f"{base}@flag", "@gone"])
    assert found == {
        f"{base}/temperature": 36.5,
        f"{base}/one": 7,
        f"{base}/name": "heart",
        f"{base}/plane@units": "counts",
        f"{base}@flag": True,
    }


def test_a_truncated_hdf5_says_how_much_is_missing(made):
    size = made.stat().st_size
    made.write_bytes(made.read_bytes()[: size // 2])
    with pytest.raises(InvalidError, match=f"truncated: {part_there(size // 2, size)}"):
        look(made, parsing.describe)


def test_a_damaged_hdf5_is_said_to_be_damaged(made):
    raw = bytearray(made.read_bytes())
    raw[8:400] = os.urandom(392)
    made.write_bytes(raw)
    with pytest.raises(PortalError, match=r"damaged|truncated|more time or memory"):
        look(made, parsing.describe)


def test_another_kind_of_file_is_named_so(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InvalidError, match="neither HDF5 nor TIFF"):
        look(tmp_path / "notes.txt", parsing.describe)
    assert look(tmp_path / "notes.txt", parsing.check) == "other"


def test_a_huge_array_that_was_never_written_is_shown_from_its_middle(made):
    def huge(group, folder):
        del group["plane"]
        group.create_dataset("huge", (10**7, 10**7), "f4", chunks=(1024, 1024), fillvalue=1.0)

    bend(made, huge)
    try:
        assert picture(look(made, parsing.thumbnail)).shape == (512, 512)
    except LimitError as error:
        assert "more" in error.message


def test_a_block_that_would_fill_the_memory_is_refused(made):
    def bomb(group, folder):
        group.create_dataset("bomb", (2**15, 2**14), "f8", chunks=(2**15, 2**14), compression="gzip")

    bend(made, bomb)
    with pytest.raises(LimitError, match="blocks larger than 512 MiB"):
        look(made, parsing.thumbnail)


def test_a_reader_that_takes_too_long_is_stopped(made):
    with pytest.raises(LimitError, match="took longer than"):
        look(made, parsing.describe, timeout_s=0.0)


def test_the_position_of_the_callers_file_does_not_move(made):
    with made.open("rb", buffering=0) as file:
        file.seek(3)
        parsing.describe(file)
        assert file.tell() == 3


def test_a_volume_is_shown_by_its_maximum(tmp_path):
    volume = np.zeros((20, 200, 300), np.uint16)
    volume[13, 50:60, 100:110] = 1000
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["volume"] = volume
    shown = picture(look(tmp_path / "v.h5", parsing.thumbnail))
    assert shown.shape == (200, 300)
    assert shown[50:60, 100:110].min() == 255
    assert shown[:40].max() == 0


def test_a_thumbnail_keeps_its_bounds(tmp_path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["image"] = np.random.default_rng(1).random((1000, 3000))
    assert picture(look(tmp_path / "v.h5", parsing.thumbnail, max_side=300)).shape == (100, 300)


def test_a_nexus_file_shows_its_default_signal(tmp_path):
    with h5py.File(tmp_path / "n.h5", "w") as file:
        file["other"] = np.zeros((500, 500))
        file.attrs["default"] = "entry"
        file.create_group("entry").attrs["default"] = "data"
        file.create_group("entry/data").attrs["signal"] = "counts"
        file["entry/data/counts"] = np.tile(np.arange(200.0), (150, 1))
    shown = picture(look(tmp_path / "n.h5", parsing.thumbnail))
    assert shown.shape == (150, 200)
    assert shown[0, 0] == 0
    assert shown[0, -1] == 255


def test_a_tomogram_shows_a_projection_and_no_flat_field(tmp_path):
    frames = np.full((9, 128, 128), 5.0)
    frames[4:] = np.arange(128)
    with h5py.File(tmp_path / "t.nxs", "w") as file:
        file["entry/definition"] = "NXtomo"
        file["entry/data/data"] = frames
        file["entry/data/image_key"] = [1, 1, 2, 2, 0, 0, 0, 0, 0]
    shown = picture(look(tmp_path / "t.nxs", parsing.thumbnail))
    assert shown[:, 127].min() == 255
    assert shown[:, 0].max() == 0


def test_without_a_picture_the_look_says_so_and_gives_the_rest(tmp_path):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["spectrum"] = np.arange(10.0)
        file["spectrum"].attrs["units"] = "eV"
    seen = look(tmp_path / "s.h5", parsing.inspect, ["spectrum@units"])
    assert seen.thumbnail is None
    assert seen.no_thumbnail == "There is no array of two or more dimensions to show."
    assert seen.values == {"spectrum@units": "eV"}
    with pytest.raises(InvalidError, match="no array"):
        look(tmp_path / "s.h5", parsing.thumbnail)


def test_a_tiff_is_described_valued_and_shown(tmp_path):
    volume = np.zeros((5, 140, 160), np.uint16)
    volume[3, 70, 80] = 900
    tifffile.imwrite(
        tmp_path / "v.tif", volume, imagej=True, resolution=(2.0, 2.0), metadata={"spacing": 0.5, "axes": "ZYX"}
    )
    seen = look(tmp_path / "v.tif", parsing.inspect, ["XResolution", "imagej:spacing", "Nothing", "imagej:no"])
    assert seen.values == {"XResolution": 2.0, "imagej:spacing": 0.5}
    assert seen.description["items"][0]["shape"] == [5, 140, 160]
    assert seen.description["tags"]["ImageWidth"] == 160
    assert picture(seen.thumbnail).shape == (140, 160)


def test_an_ome_tiff_gives_its_physical_sizes(tmp_path):
    volume = np.zeros((5, 130, 150), np.uint8)
    tifffile.imwrite(tmp_path / "a.ome.tif", volume, metadata={"axes": "ZYX", "PhysicalSizeX": 0.25})
    found = look(tmp_path / "a.ome.tif", parsing.values, ["ome:PhysicalSizeX", "ome:SizeZ", "ome:Nothing"])
    assert found == {"ome:PhysicalSizeX": 0.25, "ome:SizeZ": 5}


def test_a_size_whose_unit_is_not_known_is_kept_with_it(tmp_path):
    volume = np.zeros((4, 8, 9), np.uint16)
    metadata = {"axes": "ZYX", "unit": "furlong", "spacing": 3.0}
    tifffile.imwrite(tmp_path / "a.tif", volume, imagej=True, resolution=(2, 2), metadata=metadata)
    mapping = {"voxel size x": {"units": "um", "sources": ["image:voxel size x"]}}
    [found] = parameters_of(mapping, look(tmp_path / "a.tif", parsing.values, places_of(mapping)))
    assert (found.value, found.units) == (0.5, "furlong")


@pytest.mark.parametrize(
    ("detectors", "expected"),
    [
        ({"entry1/tomo_entry/instrument/detector": (5.0, "um")}, 5.0),
        ({"a/detector": (5.0, "um"), "b/detector": (5.0, "um")}, 5.0),
        ({"a/detector": (5.0, "um"), "b/detector": (6.0, "um")}, None),
        ({"a/detector": (5.0, "um"), "b/mydetector": (6.0, "um")}, 5.0),
        ({"a/other": (5.0, "um")}, None),
    ],
)
def test_a_value_is_found_wherever_its_group_lies_if_there_is_one(tmp_path, detectors, expected):
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        for place, (size, unit) in detectors.items():
            file[f"{place}/x_pixel_size"] = size
            file[f"{place}/x_pixel_size"].attrs["units"] = unit
    mapping = {"pixel size": {"units": "um", "sources": ["hdf5:**/detector/x_pixel_size"]}}
    found = parameters_of(mapping, look(tmp_path / "a.nxs", parsing.values, places_of(mapping)))
    assert [entry.value for entry in found] == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("written", "units", "expected"),
    [
        ("3.45 um", None, (3.45, "um")),
        (b"3.45 \xb5m", None, (3.45, "um")),
        ("3450 nm", "nm", (3.45, "um")),
        ("3.45 um", b"\xc2\xb5m", (3.45, "um")),
        ("3.45 um", "m", (3.45, "um or m")),
        ("3.45", "um", (3.45, "um")),
        (np.array([[3.45e-6]]), np.array([b"m"]), (3.45, "um")),
        (np.full((30, 40), 3.45), "um", (3.45, "um")),
        (np.full(9, 3.45, np.float32), "um", (3.45, "um")),
        (np.linspace(3.45, 3.46, 9), "um", None),
        (np.array([3.45, np.nan]), "um", None),
        (np.array([], float), "um", None),
        (np.array([b"3.45 um", b"3.45 um"]), None, None),
    ],
)
def test_a_size_is_read_as_text_or_as_one_value_for_each_pixel(tmp_path, written, units, expected):
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        file["e/detector/x_pixel_size"] = written
        if units is not None:
            file["e/detector/x_pixel_size"].attrs["units"] = units
    mapping = {"pixel size": {"units": "um", "sources": ["hdf5:**/detector/x_pixel_size"]}}
    found = parameters_of(mapping, look(tmp_path / "a.nxs", parsing.values, places_of(mapping)))
    if expected is None:
        assert found == []
    else:
        assert [(entry.value, entry.units) for entry in found] == [(pytest.approx(expected[0]), expected[1])]


@pytest.mark.parametrize("units", [("um", "mm"), ("um", None)])
def test_groups_that_agree_on_the_number_only_give_no_known_unit(tmp_path, units):
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        for place, unit in zip("ab", units, strict=True):
            file[f"{place}/detector/x_pixel_size"] = 5.0
            if unit is not None:
                file[f"{place}/detector/x_pixel_size"].attrs["units"] = unit
    mapping = {"pixel size": {"units": "um", "sources": ["hdf5:**/detector/x_pixel_size"]}}
    [found] = parameters_of(mapping, look(tmp_path / "a.nxs", parsing.values, places_of(mapping)))
    assert (found.value, found.units) == (5.0, f"{units[0]}; {units[1] or 'none'}")


def test_what_images_and_channels_of_an_ome_tiff_tell_differently_is_no_number(tmp_path):
    """The first one's size had stood for the whole file, also where another image of it was computed on."""
    sizes = [(2.0, "µm"), (0.2, "µm"), (0.2, "nm")]
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tiff:
        for size, unit in sizes:
            channel = {"EmissionWavelength": [500 + size]}
            metadata = {"axes": "ZYX", "PhysicalSizeX": size, "PhysicalSizeXUnit": unit, "PhysicalSizeY": 1.5}
            tiff.write(np.zeros((4, 8, 9), np.uint16), metadata={**metadata, "Channel": channel})
    names = ["ome:PhysicalSizeX", "ome:PhysicalSizeXUnit", "ome:PhysicalSizeY", "ome:Channel@EmissionWavelength"]
    found = look(tmp_path / "a.ome.tif", parsing.values, names)
    assert found == {
        "ome:PhysicalSizeX": "2.0; 0.2",
        "ome:PhysicalSizeXUnit": "µm; nm",
        "ome:PhysicalSizeY": 1.5,
        "ome:Channel@EmissionWavelength": "502.0; 500.2",
    }
    mapping = {
        "x": {"units": "um", "sources": ["ome:PhysicalSizeX"]},
        "y": {"units": "um", "sources": ["ome:PhysicalSizeY"]},
    }
    assert [(entry.name, entry.value) for entry in parameters_of(mapping, found)] == [("y", 1.5)]


def test_an_ome_tiff_gives_attributes_of_other_elements_and_map_annotations(tmp_path):
    metadata = {
        "axes": "ZYX",
        "PhysicalSizeX": 0.25,
        "Channel": {"EmissionWavelength": 525},
        "MapAnnotation": {"Namespace": "gain", "gain": "1.5", "medium": "water"},
    }
    volume = np.zeros((2, 8, 8), "u2")
    tifffile.imwrite(tmp_path / "a.ome.tif", volume, metadata=metadata)
    expected = {
        "ome:Pixels@PhysicalSizeX": 0.25,
        "ome:Channel@EmissionWavelength": 525,
        "ome:map@gain": 1.5,
        "ome:map@medium": "water",
    }
    assert look(tmp_path / "a.ome.tif", parsing.values, [*expected, "ome:map@nothing"]) == expected


def test_an_ome_tiff_that_names_another_file_as_its_part_shows_only_itself(tmp_path):
    secret, own = np.full((130, 150), 200, np.uint8), np.zeros((130, 150), np.uint8)
    tifffile.imwrite(tmp_path / "secret.tif", secret)
    parts = "".join(
        f'<TiffData IFD="0" FirstZ="{z}" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{uid}</UUID></TiffData>'
        for z, name, uid in ((0, "own.ome.tif", 2), (1, "secret.tif", 1))
    )
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:2">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="150" SizeY="130"'
        ' SizeC="1" SizeZ="2" SizeT="1"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
        f"{parts}</Pixels></Image></OME>"
    )
    tifffile.imwrite(tmp_path / "own.ome.tif", own, description=xml, metadata=None)
    with tifffile.TiffFile(tmp_path / "own.ome.tif") as without_care:
        assert without_care.series[0].asarray().max() == 200
    try:
        assert picture(look(tmp_path / "own.ome.tif", parsing.thumbnail)).max() == 0
    except InvalidError as error:
        assert "secret" not in error.message


def test_a_colour_tiff_stays_in_colour(tmp_path):
    image = np.zeros((150, 140, 3), np.uint8)
    image[..., 0] = 250
    tifffile.imwrite(tmp_path / "c.tif", image, photometric="rgb")
    assert picture(look(tmp_path / "c.tif", parsing.thumbnail)).tolist() == image.tolist()


def test_a_tiff_with_lzw_is_shown(tmp_path):
    ramp = np.tile(np.arange(200, dtype=np.uint8), (150, 1))
    Image.fromarray(ramp).save(tmp_path / "l.tif", compression="tiff_lzw")
    assert picture(look(tmp_path / "l.tif", parsing.thumbnail))[0, -1] == 255


def test_a_truncated_tiff_says_how_much_is_missing(tmp_path):
    tifffile.imwrite(tmp_path / "v.tif", np.ones((10, 100, 100), np.uint16))
    raw = (tmp_path / "v.tif").read_bytes()
    (tmp_path / "v.tif").write_bytes(raw[:50_000])
    with pytest.raises(InvalidError, match=r"truncated: [\d.]+ of [\d.]+ kB are there"):
        look(tmp_path / "v.tif", parsing.describe)


def test_a_tiff_that_claims_to_be_huge_is_refused(tmp_path):
    tags = [
        (256, 4, 2**31 - 1),
        (257, 4, 2**31 - 1),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (279, 4, 8),
    ]
    raw = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags))
    raw += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags) + struct.pack("<I", 0)
    (tmp_path / "h.tif").write_bytes(raw)
    with pytest.raises((LimitError, InvalidError)):
        look(tmp_path / "h.tif", parsing.thumbnail)


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0+", b"\x89HDF\r\n\x1a\n"])
def test_noise_behind_a_signature_harms_nobody(tmp_path, head):
    (tmp_path / "noise").write_bytes(head + np.random.default_rng(7).bytes(4000))
    with pytest.raises(PortalError):
        look(tmp_path / "noise", parsing.inspect)


def test_a_real_tomogram_shows_its_sinogram(test_data):
    seen = look(test_data / "tomography/tooth.h5", parsing.inspect, ["exchange/data@units", "exchange/title"])
    assert seen.values == {"exchange/data@units": "counts", "exchange/title": "tomography_raw_projections"}
    assert picture(seen.thumbnail).shape == (145, 512)


def test_a_real_cytometry_file_shows_its_events(test_data, tmp_path):
    with zipfile.ZipFile(test_data / "cytometry/fmt-hdf5_cytoshot_full-features_2024.zip") as archive:
        [name] = archive.namelist()
        archive.extract(name, tmp_path)
    seen = look(tmp_path / name, parsing.inspect, ["@imaging:pixel size"])
    assert seen.values["@imaging:pixel size"] == pytest.approx(0.2645)
    assert max(picture(seen.thumbnail).shape) == 512


def test_a_real_light_sheet_volume_shows_its_beads(test_data):
    seen = look(test_data / "lightsheet/gendata_psfconv_poiss.tif", parsing.inspect)
    assert seen.description["items"][0]["shape"] == [160, 160, 160]
    assert picture(seen.thumbnail).shape == (160, 160)


@pytest.mark.parametrize(("swmr", "words"), [(True, "had been written is read"), (False, "analyses read it when")])
def test_of_a_file_that_is_still_open_it_is_said_what_analyses_do(tmp_path, swmr, words):
    """One that no other program may read meanwhile was said to be read, and jobs refused it."""
    with h5py.File(tmp_path / "written.h5", "w", libver="latest") as file:
        file["data"] = np.arange(24.0).reshape(4, 6)
        if swmr:
            file.swmr_mode = True
        file.flush()
        (tmp_path / "left.h5").write_bytes((tmp_path / "written.h5").read_bytes())
    with (tmp_path / "left.h5").open("rb") as file:
        [remark] = parsing.inspect(file).remarks
    assert words in remark.words
