"""The images that the editor offers, and what was recorded of the one that a draft names."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.images import manifest, recorded
from portal.images.manifest import Manifest
from portal.images.recorded import Help, Recorded
from portal.jobtype.load import shipped_folder

DIGEST = "sha256:" + "0123456789abcdef" * 4
HELP = "Usage: magick <script>alert(1)</script> \x1b[31m[options]\x1b[0m"


@pytest.fixture
def folder(site: Any) -> Path:
    """The staged images of the site: one."""
    images: Path = site.settings.images
    images.mkdir(parents=True, exist_ok=True)
    (images / "tool-1.sif").write_bytes(b"x" * 2048)
    status = (images / "tool-1.sif").stat()
    one = Manifest("tool", "tool-1.sif", DIGEST, status.st_size, status.st_mtime_ns, "2026-11-29T12:00:00Z")
    manifest.write(images, "tool-1.sif.json", one)
    manifest.write(images, "tool.json", one)
    return images


@pytest.fixture
def keep(folder: Path) -> Callable[..., None]:
    """`keep(helps=…)`: what was recorded of it."""

    def make(**known: Any) -> None:
        recorded.write(folder, "tool-1.sif", Recorded(DIGEST, "2026-11-30T12:00:00Z", **known))

    return make


@pytest.fixture
def shown(site: Any, csrf: Callable[..., str], folder: Path) -> Callable[[str], str]:
    """`shown("tool")`: the Command step of a draft that names this image."""
    client: FlaskClient = site.client("sam")
    token = csrf(client)

    def look(image: str) -> str:
        answer = client.post(
            "/analyses/drafts", data={"csrf_token": token, "title": "Shrink", "pasted": "magick in.tif out.tif"}
        )
        draft = re.search(r"/drafts/(\d+)/", answer.headers["Location"])
        assert draft
        at = f"/analyses/drafts/{draft[1]}/command"
        saved = client.post(at, data={"csrf_token": token, "version": "1", "f.image": image})
        assert saved.status_code == 303, saved.text[:2000]
        return client.get(at).text

    return look


def test_images_are_offered_with_size_digest_and_date(shown) -> None:
    assert '<option value="tool" selected>tool, 2 kB, 0123456789ab, 29 Nov 2026</option>' in shown("tool")


def test_labels_digest_size_apps_and_help_of_the_chosen_image_are_there_as_text(shown, keep) -> None:
    keep(
        labels=(("org.opencontainers.image.title", "A <b>tool</b>"),),
        apps=("shrink",),
        helps=(Help("magick", "stager", HELP, code=1),),
    )
    page = shown("tool")
    assert "What magick --help said when the image was staged, 30 Nov 2026" in page
    assert "Usage: magick &lt;script&gt;alert(1)&lt;/script&gt; [options]</pre>" in page
    assert "A &lt;b&gt;tool&lt;/b&gt;" in page
    assert "It ended with exit code 1." in page
    assert f'title="{DIGEST}">0123456789ab<' in page
    assert "<dt>Apps</dt><dd>shrink</dd>" in page


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (None, "Nothing was recorded of it: its labels and programs are not known."),
        ({"unknown": "There was no Apptainer."}, "There was no Apptainer."),
        ({}, "What its programs say for --help was not recorded"),
        ({"helps": (Help("x", "stager", unknown="No such program."),)}, "It is not known what it says: No such"),
        ({"helps": (Help("x", "runscript", "usage", code=0),)}, "guessed from what the image runs"),
        ({"helps": (Help("x", "stager", "usage", code=0),), "later": True}, "--help said when it was asked, 30"),
        ({"helps": (Help("x", "stager", "usage", True),)}, "It said more than is kept here."),
        ({"labels_left_out": 2, "labels": (("a", "b"),)}, "2 more labels are not kept."),
    ],
)
def test_what_is_not_known_is_said_so(shown, keep, known, words: str) -> None:
    if known is not None:
        keep(**known)
    assert words in shown("tool")


def test_an_image_that_is_not_there_has_no_panel(shown, keep) -> None:
    keep()
    for name in ("", "other", "../tool", "Tool"):
        page = shown(name)
        assert 'id="draft-image"' in page
        assert "The image " not in page, name


def test_what_an_image_was_made_from_is_there_as_text(shown, keep, folder: Path) -> None:
    keep()
    recipe: dict[str, Any] = {
        "base": {"name": "base<b>"},
        "requirements": ["numpy==2", 7],
        "packages": ["gm"],
        "resolved": {"python": ["numpy==2.0.1\x1b[31m"], "debian": "no list"},
        "test": ["python3", "-c", "<i>"],
        "job": "J-7",
    }
    kept = {"schema": 1, "digest": DIGEST, "by": "ines", "recipe": recipe}
    (folder / "tool-1.sif.recipe").write_text(json.dumps(kept))
    page = shown("tool")
    assert "ines, on top of base&lt;b&gt;, with the job J-7" in page
    assert "<dd>numpy==2, gm</dd>" in page
    assert "numpy==2.0.1</pre>" in page
    assert "python3 -c &lt;i&gt;" in page


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"digest": "x", "recipe": {}}', json.dumps({"digest": DIGEST, "recipe": []}), "[" * 100_000],
)
def test_a_recipe_of_another_image_or_of_no_form_is_not_shown(shown, keep, folder: Path, text: str) -> None:
    keep()
    (folder / "tool-1.sif.recipe").write_text(text)
    assert "What it was made from" not in shown("tool")


def test_where_an_image_can_be_made_is_said_if_somewhere_it_can(shown, keep) -> None:
    keep()
    assert "Have one made" not in shown("tool")


def test_the_analyses_that_make_images_are_linked(make_site: Any, csrf: Callable[..., str]) -> None:
    on_request = shipped_folder() / "on-request"
    site = make_site(jobtypes=(shipped_folder(), on_request), web={"sign_in_limit": "1000 per minute"})
    client = site.client("sam")
    answer = client.post("/analyses/drafts", data={"csrf_token": csrf(client), "title": "A", "pasted": "a in.tif"})
    page = client.get(answer.headers["Location"].partition("?")[0].partition("#")[0]).text
    assert "Have one made" in page
    assert '<a href="/analyses/image-from-packages/start">Image from packages, on top of base</a>' in page
    assert '<a href="/analyses/image-from-registry/start">Image from a registry</a>' in page
    assert client.get("/analyses/image-from-packages/start").status_code == 200


def test_a_recipe_that_cannot_be_made_is_said_beside_its_field_and_starts_nothing(
    make_site: Any, csrf: Callable[..., str]
) -> None:
    on_request = shipped_folder() / "on-request"
    site = make_site(jobtypes=(shipped_folder(), on_request), web={"sign_in_limit": "1000 per minute"})
    client = site.client("sam")
    address = "/analyses/image-from-packages/start"
    typed = {"option.called": "Cows", "option.requirements": "numpy\n--index-url=x", "option.test": "true"}
    answer = client.post(address, data={"csrf_token": csrf(client), "experiment": "1", **typed})
    assert answer.status_code == 422
    assert "Line 2 of the requirements is an option of pip" in answer.text
    assert "--index-url=x</textarea>" in answer.text
