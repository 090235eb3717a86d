"""Files as instruments and programs write them, registered: what page, API and form then say of their units."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from asking import Asking
from registering import register
from sqlalchemy import select, update

from portal.catalogue.models import DatasetParameter, DatasetType
from portal.catalogue.parameters.corrections import Typed, type_in, withdraw
from portal.catalogue.parameters.reread import look, write
from portal.identity.actor import Actor
from portal.identity.tokens import create_token

X, Z = "voxel size x", "voxel size z"
MAPPING = {
    X: {"units": "um", "sources": ["hdf5:/data@size", "ome:PhysicalSizeX", "tiff:XResolution"]},
    Z: {"units": "um", "sources": ["hdf5:/data@step", "ome:PhysicalSizeZ", "imagej:spacing"]},
    "rotation": {"units": "deg", "sources": ["hdf5:/data@rotation"]},
}
VOLUME = np.arange(4 * 16 * 16, dtype="u2").reshape(4, 16, 16)
OPERATOR = Actor(name="ada as gantry")
FORM = "/analyses/lightsheet-deconvolution/start"


def hdf5(path: Path, **attributes: Any) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = VOLUME
        file["data"].attrs.update({name.replace("_", " "): value for name, value in attributes.items()})


def ome(path: Path, size: float, unit: str) -> None:
    sizes = {"PhysicalSizeX": size, "PhysicalSizeXUnit": unit, "PhysicalSizeY": size, "PhysicalSizeYUnit": unit}
    sizes["PhysicalSizeZ"] = 0.5
    tifffile.imwrite(path, VOLUME, ome=True, metadata={"axes": "ZYX", **sizes})


def imagej(path: Path, unit: str) -> None:
    tifffile.imwrite(
        path, VOLUME, imagej=True, resolution=(5, 5), metadata={"axes": "ZYX", "spacing": 0.5, "unit": unit}
    )


def plain_tiff(path: Path, resolution: tuple[int, int], unit: str) -> None:
    tifffile.imwrite(path, VOLUME, photometric="minisblack", resolution=resolution, resolutionunit=unit)


class Lab:
    """A site, with what is done to it on the portal's machine."""

    def __init__(self, site: Any) -> None:
        self.site, self.settings, self.database = site, site.settings, site.database
        self.root = site.settings.roots["demo"].path
        with self.database.write() as session:
            session.execute(
                update(DatasetType).where(DatasetType.name == "light-sheet stack").values(mapping=MAPPING)
            )
            _token, secret = create_token(
                session, site.facility.actors["maya"], "t", ("read", "submit"), days=1, now=datetime.now(UTC)
            )
            _token, other = create_token(
                session, site.facility.actors["tom"], "t", ("read", "submit"), days=1, now=datetime.now(UTC)
            )
        self.api, self.tom = Asking(site.app, secret), Asking(site.app, other)

    def add(self, name: str, write_file: Callable[[Path], None]) -> int:
        write_file(self.root / name)
        return register(self.site, self.root / name)

    def parameters(self, number: int) -> dict[str, list[dict[str, Any]]]:
        answer = self.api("GET", f"/datasets/{number}")
        assert answer.status_code == 200, answer.text
        found: dict[str, list[dict[str, Any]]] = {}
        for one in answer.json["parameters"]:  # type: ignore[index]
            found.setdefault(one["name"], []).append(one)
        return found

    def page(self, address: str, name: str = "maya") -> str:
        answer = self.site.client(name).get(address)
        assert answer.status_code == 200
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())

    def submit(self, number: int, **options: Any) -> Any:
        body = {"analysis": "lightsheet-deconvolution", "inputs": {"stack": [number]}, "options": options}
        return self.api("POST", "/submissions", json=body)


@pytest.fixture(params=["site", pytest.param("site_of_its_role", marks=pytest.mark.postgres)])
def lab(request: pytest.FixtureRequest) -> Lab:
    """On SQLite, and on PostgreSQL with the web tier's own rights."""
    return Lab(request.getfixturevalue(request.param))


KNOWN: list[tuple[str, Callable[[Path], None], dict[str, float]]] = [
    ("nm.ome.tif", lambda path: ome(path, 162.5, "nm"), {X: 0.1625, Z: 0.5}),
    ("angstrom.ome.tif", lambda path: ome(path, 2000.0, "Å"), {X: 0.2}),
    ("escape.tif", lambda path: imagej(path, "\\u00B5m"), {X: 0.2, Z: 0.5}),
    ("micron.tif", lambda path: imagej(path, "micron"), {X: 0.2, Z: 0.5}),
    ("cm.tif", lambda path: plain_tiff(path, (50_000, 50_000), "CENTIMETER"), {X: 0.2}),
    ("bytes.h5", lambda path: hdf5(path, size=0.2, size_units=np.bytes_(b"\xb5m")), {X: 0.2}),
    ("array.h5", lambda path: hdf5(path, size=np.array([200.0]), size_units=np.array([b"nm"])), {X: 0.2}),
    ("mu.h5", lambda path: hdf5(path, size=0.2, size_units="μm", step=0.5, step_unit="µm"), {X: 0.2, Z: 0.5}),
    (
        "case.h5",
        lambda path: hdf5(path, size=200.0, size_units="NM", step=5e-4, step_units="MM"),
        {X: 0.2, Z: 0.5},
    ),
    ("text.h5", lambda path: hdf5(path, size="0.2 um", step=np.bytes_(b"500nm")), {X: 0.2, Z: 0.5}),
    ("rad.h5", lambda path: hdf5(path, rotation=np.pi, rotation_units="rad"), {"rotation": 180.0}),
    ("mrad.h5", lambda path: hdf5(path, rotation=1.0, rotation_units="mrad"), {"rotation": 0.0572957795}),
]


def test_units_that_files_name_are_converted_and_say_where_they_stand(lab: Lab) -> None:
    for name, write_file, expected in KNOWN:
        number = lab.add(name, write_file)
        found = lab.parameters(number)
        for parameter, value in expected.items():
            (one,) = found[parameter]
            assert one["value"] == pytest.approx(value, rel=1e-6), name
            assert (one["units"], one["unit_known"]) == (MAPPING[parameter]["units"], True), name
            assert (one["source"]["kind"], one["source"]["file"]) == ("file", name)
            assert one["source"]["place"], name
        page = lab.page(f"/datasets/{number}")
        assert "unit not known" not in page
        assert name in page[page.index("All parameters") :], name


NOT_KNOWN: list[tuple[str, Callable[[Path], None], str]] = [
    ("none.h5", lambda path: hdf5(path, size=0.2), ""),
    ("furlong.h5", lambda path: hdf5(path, size=0.2, size_units="furlong"), "furlong"),
    ("px.ome.tif", lambda path: ome(path, 0.2, "pixel"), "pixel"),
    ("time.h5", lambda path: hdf5(path, size=0.2, size_units="ms"), "ms"),
    ("both.h5", lambda path: hdf5(path, size="0.2 um", size_units="nm"), "um or nm"),
    ("odd.h5", lambda path: hdf5(path, size=0.2, size_units="<b>\u202ewide</b>" * 40), "<b>"),
]


def test_a_unit_that_is_not_known_is_shown_as_that_and_asked_for(lab: Lab) -> None:
    for name, write_file, unit in NOT_KNOWN:
        number = lab.add(name, write_file)
        (one,) = lab.parameters(number)[X]
        assert (one["value"], one["unit_known"], one["wanted_units"]) == (0.2, False, "um"), name
        assert one["units"].startswith(unit) and len(one["units"]) <= 255, name
        page = lab.page(f"/datasets/{number}")
        assert "0.2 unit not known" in page, name
        assert "µm is wanted" in page, name
        form = lab.page(f"{FORM}?dataset={number}")
        assert "The unit of voxel size x is not known: your dataset says 0.2" in form, name
        refused = lab.submit(number)
        assert refused.status_code == 422, name
        assert "is not known" in refused.json["fields"]["voxel_xy"], name
        told = any(step["unit_known"] for step in lab.parameters(number).get(Z, []))
        if not told:
            assert list(lab.submit(number, voxel_xy=0.2).json["fields"]) == ["voxel_z"], name
        assert lab.submit(number, voxel_xy=0.2, voxel_z=0.5).status_code == 201, name


@pytest.mark.parametrize(
    ("name", "write_file"),
    [
        ("screen.tif", lambda path: plain_tiff(path, (72, 72), "INCH")),
        ("nan.h5", lambda path: hdf5(path, size=float("nan"), size_units="um")),
        ("inf.h5", lambda path: hdf5(path, size=float("inf"), size_units="um")),
        ("two.h5", lambda path: hdf5(path, size=np.array([0.2, 0.3]), size_units="um")),
    ],
)
def test_what_is_no_size_is_not_recorded(lab: Lab, name: str, write_file: Callable[[Path], None]) -> None:
    number = lab.add(name, write_file)
    assert X not in lab.parameters(number)
    assert "does not record voxel size x" in lab.page(f"{FORM}?dataset={number}")


def test_files_that_differ_are_no_one_number(lab: Lab) -> None:
    (lab.root / "run").mkdir()
    for name, size in (("a.h5", 0.2), ("b.h5", 0.5)):
        hdf5(lab.root / "run" / name, size=size, size_units="um")
    number = lab.add("run", lambda _path: None)
    (one,) = lab.parameters(number)[X]
    assert (one["value"], one["unit_known"]) == ("0.2 um in a.h5, 0.5 um in b.h5", False)
    assert "no one number A number in µm is wanted" in lab.page(f"/datasets/{number}")
    assert "which is no one number" in lab.submit(number).json["fields"]["voxel_xy"]


def test_catalogue_and_file_that_disagree_say_so_before_start(lab: Lab) -> None:
    number = lab.add("a.ome.tif", lambda path: ome(path, 0.5, "µm"))
    with lab.database.write() as session:
        made = type_in(session, OPERATOR, number, Typed(X, "200", "nm", "the log"), now=datetime.now(UTC))
    in_file, typed = lab.parameters(number)[X]
    assert [(one["value"], one["contradicted"]) for one in (in_file, typed)] == [(0.5, True), (0.2, True)]
    assert (typed["source"]["kind"], typed["source"]["by"], typed["source"]["value"]) == (
        "person",
        "ada as gantry",
        "200",
    )
    assert lab.page(f"/datasets/{number}").count("contradicted") >= 2
    both = (
        "Your dataset records voxel size x as 0.5 {0} (in a.ome.tif, ome:PhysicalSizeX) and 0.2 {0} "
        "(typed by ada as gantry), and which of them holds is not known. Give the value that holds, in {0}."
    )
    assert both.format("µm") in lab.page(f"{FORM}?dataset={number}")
    refused = lab.submit(number)
    assert (refused.status_code, refused.json["fields"]) == (422, {"voxel_xy": both.format("um")})
    assert lab.submit(number, voxel_xy="").status_code == 422
    assert lab.submit(number, voxel_xy=0.2).status_code == 201
    with lab.database.write() as session:
        withdraw(session, OPERATOR, made.id, now=datetime.now(UTC))
    assert [one["value"] for one in lab.parameters(number)[X]] == [0.5]
    assert lab.submit(number).status_code == 201


def test_a_correction_is_shown_with_both_values_and_taken_by_the_form(lab: Lab) -> None:
    number = lab.add("a.ome.tif", lambda path: ome(path, 162.5, "nm"))
    with lab.database.write() as session:  # as an earlier release took it
        rows = session.scalars(select(DatasetParameter).where(DatasetParameter.dataset_id == number))
        (row,) = (row for row in rows if row.type.name == X)
        row.numeric_value = 162.5
    write(lab.database, OPERATOR, look(lab.database, lab.settings, number), now=datetime.now(UTC))
    (one,) = lab.parameters(number)[X]
    assert (one["value"], one["units"], one["correction"]["by"]) == (0.1625, "um", "ada as gantry")
    assert [(first["value"], first["units"]) for first in one["correction"]["replaced"]] == [(162.5, "um")]
    page = lab.page(f"/datasets/{number}")
    assert "0.163 µm corrected 162.5 µm was registered first. Read again on" in page
    form = lab.page(f"{FORM}?dataset={number}")
    assert "0.1625 µm, from your dataset. It was corrected: 162.5 µm was registered first" in form
    made = lab.submit(number)
    assert (made.status_code, made.json["options"]["voxel_xy"]) == (201, 0.1625)


def test_who_may_not_see_a_dataset_sees_no_correction_of_it(lab: Lab) -> None:
    number = lab.add("a.ome.tif", lambda path: ome(path, 0.5, "µm"))
    with lab.database.write() as session:
        type_in(session, OPERATOR, number, Typed(X, "0.123", "um", "Larkspur"), now=datetime.now(UTC))
    for asked in (
        lab.tom("GET", f"/datasets/{number}"),
        lab.tom(
            "POST", "/submissions", json={"analysis": "lightsheet-deconvolution", "inputs": {"stack": [number]}}
        ),
        lab.site.client("tom").get(f"{FORM}?dataset={number}"),
        lab.site.client("tom").get(f"/datasets/{number}"),
    ):
        assert asked.status_code == 404
        assert "0.123" not in asked.text
        assert "Larkspur" not in asked.text
