"""Software images over the API and by `gantry analyses images`, `stage`: what is staged, what one asks for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from made_images import Kept, keep_image
from small_facility import SmallFacility

from portal.db import Database
from portal.images.manifest import Manifest, write
from portal.staging.models import ImageApproval, ImageDeed, ImageWish

Gantry = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sam(gantry: Gantry, monkeypatch: pytest.MonkeyPatch, token_of: Callable[..., str]) -> Gantry:
    """The command as Sam, who is of the staff."""
    monkeypatch.setenv("GANTRY_TOKEN", token_of("sam"))
    return gantry


def made(sqlite_database: Database, facility: SmallFacility, settings: Any, person: str = "sam") -> Kept:
    """A job of this person's that made an image."""
    return keep_image(
        sqlite_database,
        settings.results,
        facility.actors[person],
        facility.investigations["private"],
        facility.types["stack"],
        datetime.now(UTC),
    )


def answered(database: Database, **deed: Any) -> None:
    """What an operator and the stager write."""
    with database.write() as session:
        wish = session.query(ImageWish).order_by(ImageWish.id.desc()).first()
        assert wish is not None
        session.add(ImageApproval(wish_id=wish.id, by="root", at=datetime.now(UTC)))
        session.add(ImageDeed(wish_id=wish.id, by="root", at=datetime.now(UTC), **deed))


def test_the_staged_images_are_listed_for_staff_alone(
    sam: Gantry, settings: Any, monkeypatch: pytest.MonkeyPatch, token_of: Callable[..., str]
) -> None:
    assert json.loads(sam("analyses", "images", "--json")[1])["items"] == []
    settings.images.mkdir(parents=True, exist_ok=True)
    digest = "sha256:" + "ab" * 32
    for name, withdrawn in (("tools", None), ("old", "It was changed.")):
        write(
            settings.images,
            f"{name}.json",
            Manifest(name, f"{name}.sif", digest, 2_000_000, 1, withdrawn=withdrawn),
        )
    (settings.images / "broken.json").write_text("{")
    code, out, _ = sam("analyses", "images", "--json")
    assert code == 0
    assert [(one["name"], one["size"], one["digest"]) for one in json.loads(out)["items"]] == [
        ("tools", 2_000_000, digest)
    ]
    assert "tools" in sam("analyses", "images")[1]
    monkeypatch.setenv("GANTRY_TOKEN", token_of("maya"))
    assert sam("analyses", "images")[0] == 4
    assert sam("analyses", "stage", "J-1001", "x")[0] == 3


def test_an_image_is_asked_for_once_and_what_came_of_it_is_told(
    sam: Gantry, sqlite_database: Database, sqlite_facility: SmallFacility, settings: Any
) -> None:
    kept = made(sqlite_database, sqlite_facility, settings)
    job = f"J-{1000 + kept.job}"
    code, out, _ = sam("analyses", "stage", job, "--json")
    told = json.loads(out)
    assert code == 0 and told["digest"] == kept.digest and told["requests"] == []
    assert told["proposed"] == "cows"
    code, _, err = sam("analyses", "stage", job, "Not a name")
    assert code == 6 and "This cannot be the name of an image." in err
    first = json.loads(sam("analyses", "stage", job, "tools", "--json")[1])
    again = json.loads(sam("analyses", "stage", job, "tools", "--json")[1])
    assert first["request"] == again["request"]
    assert (first["name"], first["digest"]) == ("tools", kept.digest)
    answered(sqlite_database, done=False, words="It has set-uid files.")
    code, out, _ = sam("analyses", "stage", job, "tools", "--wait", "--patience", "1")
    assert code == 0 and "Request" in out  # a refused one is asked for anew
    answered(sqlite_database, done=True, words="", size=10)
    [newest, oldest] = json.loads(sam("analyses", "stage", job, "--json")[1])["requests"]
    assert (newest["state"], newest["by"], newest["why"]) == ("staged", "root", "")
    assert (oldest["state"], oldest["why"]) == ("refused", "It has set-uid files.")
    assert "is staged: drafts can name it" in sam("analyses", "stage", job, "tools", "--wait")[1]


def test_nobody_asks_for_somebody_elses_image(
    sam: Gantry,
    sqlite_database: Database,
    sqlite_facility: SmallFacility,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    token_of: Callable[..., str],
) -> None:
    mayas, sams = (made(sqlite_database, sqlite_facility, settings, person) for person in ("maya", "sam"))
    assert sam("analyses", "stage", f"J-{1000 + mayas.job}", "x")[0] == 4
    told = json.loads(sam("analyses", "stage", f"J-{1000 + mayas.job}", "--json")[1])
    assert (told["digest"], told["requests"], told["proposed"]) == (None, [], "")
    monkeypatch.setenv("GANTRY_TOKEN", token_of("maya"))
    assert sam("analyses", "stage", f"J-{1000 + mayas.job}", "x")[0] == 4  # not of the staff
    monkeypatch.setenv("GANTRY_TOKEN", token_of("tom"))
    assert sam("analyses", "stage", f"J-{1000 + sams.job}", "x")[0] == 3
