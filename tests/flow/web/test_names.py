"""Files and people's things of any name: downloaded under it, shown as what it is."""

import unicodedata
from typing import Any
from urllib.parse import unquote

import pytest

from portal.catalogue.models import Datafile, Dataset

NAMES = (
    "plain.h5",
    "with space.h5",
    'quo"te.h5',
    "semi;colon=x.h5",
    "per%41cent.h5",
    "nach\u0308ste.h5",  # NFD
    "α-σωματίδιο.tif",
    "顕微鏡画像.tif",
    "تجربة.h5",
    "שלום.h5",
    "😀.png",
    "new\nline.h5",
    "re\rturn\r\nSet-Cookie: a=b.h5",
    "bi\u202egnp.exe",
    "\u2066iso\u2069.h5",
    "back\\slash.h5",
    "tab\there.h5",
    "esc\x1b[31mred.h5",
    ".hidden",
    "..",
    "x" * 240 + ".h5",
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_of_any_name_is_downloaded_under_it(site: Any, name: str) -> None:
    with site.database.write() as session:
        session.get_one(Datafile, site.file).name = name
    dataset = site.facility.datasets["private"]
    for where in (
        f"/datasets/{dataset}/files/{site.file}",
        f"/api/v1/datasets/{dataset}/files/{site.file}/content",
    ):
        answer = site.client("maya").get(where)
        assert answer.status_code == 200, where
        said = answer.headers["Content-Disposition"]
        assert said.isascii() and said.isprintable() and "Set-Cookie" not in answer.headers
        assert said.startswith('attachment; filename="')
        plain, _, whole = said.removeprefix('attachment; filename="').partition('"')
        assert plain and not set(plain) & set('"\\/%;') and not plain.startswith(".")
        if where.startswith("/datasets") and whole:
            told = unquote(whole.removeprefix("; filename*=UTF-8''"), errors="strict")
            letters = [one for one in unicodedata.normalize("NFC", name) if one.isalnum()]
            assert [one for one in told if one.isalnum()] == letters[: len([one for one in told if one.isalnum()])]
            assert told.isprintable() and told not in {".", ".."}


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
