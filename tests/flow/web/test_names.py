"""Files and people's things of any name: downloaded under it, shown as what it is."""

import re
from typing import Any
from urllib.parse import unquote

import pytest

from portal.catalogue.models import Datafile, Dataset

NAMES: dict[str, tuple[str, str | None]] = {
    "plain.h5": ("plain.h5", None),
    "with space.h5": ("with space.h5", None),
    'quo"te.h5': ("quo_te.h5", 'quo"te.h5'),
    "it's.h5": ("it's.h5", None),
    "semi;colon=x.h5": ("semi_colon=x.h5", "semi;colon=x.h5"),
    "per%41cent.h5": ("per_41cent.h5", "per%41cent.h5"),
    "na\u0308chste.h5": ("nachste.h5", "n\u00e4chste.h5"),  # NFD
    "α-σωματίδιο.tif": ("-.tif", "α-σωματίδιο.tif"),
    "顕微鏡画像.tif": ("file.tif", "顕微鏡画像.tif"),
    "تجربة.h5": ("file.h5", "تجربة.h5"),
    "שלום.h5": ("file.h5", "שלום.h5"),
    "😀.png": ("file.png", "😀.png"),
    "new\nline.h5": ("new_line.h5", None),
    "re\rturn\r\nSet-Cookie: a=b.h5": ("re_turn__Set-Cookie_ a=b.h5", None),
    "bi\u202egnp.exe": ("bi_gnp.exe", None),
    "\u2066iso\u2069.h5": ("_iso_.h5", None),
    "ש\u200fל.h5": ("_.h5", "ש_ל.h5"),
    "back\\slash.h5": ("back_slash.h5", None),
    "tab\there.h5": ("tab_here.h5", None),
    "esc\x1b[31mred.h5": ("esc_[31mred.h5", None),
    ".hidden": ("file.hidden", ".hidden"),
    "..": ("file", None),
    " ": ("file", None),
    "x" * 240 + ".ome.tif": ("x" * 196 + ".tif", None),
    "鏡" * 80 + ".h5": ("file.h5", "鏡" * 65 + ".h5"),
    "a." + "b" * 240: ("a." + "b" * 198, None),
}
"""By name, what a program gets that reads ASCII, and what all others get where that is more."""


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_of_any_name_is_downloaded_under_it(site: Any, name: str) -> None:
    with site.database.write() as session:
        session.get_one(Datafile, site.file).name = name
    dataset = site.facility.datasets["private"]
    by_place = ("stack.h5", None)  # programs get the place beneath the dataset's folder
    for where, expected in (
        (f"/datasets/{dataset}/files/{site.file}", NAMES[name]),
        (f"/api/v1/datasets/{dataset}/files/{site.file}/content", by_place),
    ):
        answer = site.client("maya").get(where)
        assert answer.status_code == 200, where
        said = answer.headers["Content-Disposition"]
        assert said.isascii() and said.isprintable() and "Set-Cookie" not in answer.headers
        found = re.fullmatch(r"""attachment; filename="([^"]*)"(?:; filename\*=UTF-8''([!-~]+))?""", said)
        assert found, said
        assert found[2] is None or not set(found[2]) & set("'();,/:?@[]{}\\\"<>=*")
        whole = unquote(found[2], errors="strict") if found[2] else None
        assert (found[1], whole) == expected


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\u061c", "\x1b", "\x9b"])
def test_a_mark_that_turns_the_writing_is_shown(site: Any, mark: str) -> None:
    dataset = site.facility.datasets["private"]
    with site.database.write() as session:
        session.get_one(Datafile, site.file).name = f"scan{mark}gnp.exe"
        session.get_one(Dataset, dataset).name = f"heart{mark}trap"
    maya = site.client("maya")
    for where in ("/data", f"/datasets/{dataset}", f"/experiments/{site.facility.investigations['private']}"):
        page = maya.get(where).text
        assert mark not in page, where
        assert f"heart⟨U+{ord(mark):04X}⟩trap" in page, where
    assert f"scan⟨U+{ord(mark):04X}⟩gnp.exe" in maya.get(f"/datasets/{dataset}").text


@pytest.mark.parametrize("address", ["/data", "/jobs", "/experiments", "/search"])
def test_what_was_typed_stands_in_its_field_as_it_was_typed(site: Any, address: str) -> None:
    """A Hebrew name may hold a mark: written out it would be sent as another text the next time."""
    typed = "שלום\u200f 2"
    page = site.client("maya").get(address, query_string={"q": typed}).text
    assert f'value="{typed}"' in page
