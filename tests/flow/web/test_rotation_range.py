"""A scan whose file does not tell the unit of its angles: page, form and API say so, and the unit is chosen."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import h5py
import numpy as np
import pytest
from asking import Asking
from registering import register
from sqlalchemy import update

from portal.catalogue.models import DatasetType
from portal.identity.tokens import create_token

MAPPING = {"rotation range": {"units": "deg", "sources": ["scan:rotation range"]}}
FORM = "/analyses/tomo-slice/start"
PROPOSED = "In radians that is 178.6 deg, nearly 180: if that is so, choose radians. Choose the unit that holds."


@pytest.fixture
def scan(site: Any) -> Any:
    with site.database.write() as session:
        session.execute(
            update(DatasetType)
            .where(DatasetType.name == "light-sheet stack")
            .values(name="tomography scan", mapping=MAPPING)
        )

    def add(name: str, **attributes: str) -> int:
        path = site.settings.roots["demo"].path / name
        with h5py.File(path, "w") as file:
            file["entry/data/data"] = np.ones((128, 4, 16), np.uint16)
            angles = file.create_dataset(
                "entry/data/rotation_angle", data=np.linspace(0, np.pi, 128, endpoint=False)
            )
            angles.attrs.update(attributes)
        return register(site, path, "tomography scan")

    return add


def page(site: Any, address: str) -> str:
    answer = site.client("maya").get(address)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def stands_above_more_settings(site: Any, number: int) -> bool:
    """Whether the angles are asked for at once. The heading counts: help of other fields names the section."""
    text: str = site.client("maya").get(f"{FORM}?dataset={number}").text
    section = re.search(r"<summary>(?:(?!</summary>).)*More settings\s*</summary>", text, re.DOTALL)
    assert section and "Rotation angles" in text
    return text.index("Rotation angles") < section.start()


def test_without_a_unit_page_form_and_api_say_so_and_the_unit_is_chosen(site: Any, scan: Any) -> None:
    number = scan("bare.nxs")
    assert "unit not known" in page(site, f"/datasets/{number}")
    form = page(site, f"{FORM}?dataset={number}")
    assert PROPOSED.replace("deg", "°") in form and "/entry/data/rotation_angle" in form
    assert stands_above_more_settings(site, number)
    with site.database.write() as session:
        _token, secret = create_token(
            session, site.facility.actors["maya"], "t", ("read", "submit"), days=1, now=datetime.now(UTC)
        )
    api = Asking(site.app, secret)
    for options in ({}, {"angles": "file"}):
        body = {"analysis": "tomo-slice", "inputs": {"scan": [number]}, "options": options}
        refused = api("POST", "/submissions", json=body)
        assert refused.status_code == 422 and PROPOSED in refused.json["fields"]["angles"], refused.text
    body["options"] = {"angles": "rad"}
    assert api("POST", "/submissions", json=body).status_code in (201, 202)


def test_with_a_unit_nothing_is_asked(site: Any, scan: Any) -> None:
    number = scan("radians.nxs", units="rad")
    assert "Rotation range 179 °" in page(site, f"/datasets/{number}")
    form = page(site, f"{FORM}?dataset={number}")
    assert "choose radians" not in form and not stands_above_more_settings(site, number)
