"""Scripts of a draft in its step Command: uploaded, changed, taken away, refused in words."""

from io import BytesIO
from typing import Any

import pytest
from draft_desk import Desk

from gantry_formats.commands.written import LONGEST_CONTENT
from portal.jobtype.written.inlined import scripts_of

FIT = "import sys\nprint('<b>', sys.argv)\n"


def add(one: Desk, draft: int, *files: tuple[str, str | bytes]) -> str:
    """Upload these."""
    chosen = [(BytesIO(raw if isinstance(raw, bytes) else raw.encode()), name) for name, raw in files]
    answer = one.client.post(
        f"/analyses/drafts/{draft}/scripts/add",
        data={"csrf_token": one.token, "scripts": chosen},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 303, answer.text[:2000]
    return one.look(str(answer.headers["Location"]).partition("#")[0])


def save(one: Desk, draft: int, status: int = 303, **fields: Any) -> str:
    """Save one as it was typed."""
    return one.send(f"/analyses/drafts/{draft}/scripts/save", {"was": "", **fields}, status)


def was_of(html: str) -> list[str]:
    """What the page says that each script was."""
    return [part.partition('"')[0] for part in html.split('name="was" value="')[1:]]


def test_a_pasted_script_is_missed_and_stands_for_its_word_once_it_is_there(desk: Desk) -> None:
    draft = desk.make(pasted="python3 /home/sam/fit.py --config=fit.json in.tif")
    assert "The command names <code>fit.py</code>" in desk.html
    page = add(desk, draft, ("work/fit.py", "a = 1\r\n"), ("fit.json", "{}\n"))
    assert "The command names" not in page
    assert "2 lines" not in page and "1 line" in page
    text = desk.text(draft)
    assert scripts_of(text) == {"fit.py": "a = 1\n", "fit.json": "{}\n"}
    assert "{written: fit.py}" in text and "{written: fit.json, prefix: --config=}" in text
    page = desk.send(f"/analyses/drafts/{draft}/scripts/remove", {"name": "fit.json"})
    assert "--config=fit.json" in desk.text(draft) and list(scripts_of(desk.text(draft))) == ["fit.py"]
    assert "fit.json is taken away" in page
    version = page.split('id="undo-version" name="version" value="')[1].partition('"')[0]
    desk.send(f"/analyses/drafts/{draft}/undo", {"version": version, "step": "command"})
    assert desk.text(draft) == text


def test_what_is_typed_is_saved_and_comes_back_as_a_file(desk: Desk) -> None:
    draft = desk.make(pasted="python3 fit.py in.tif")
    page = save(desk, draft, name="fit.py", text=FIT)
    assert "&lt;b&gt;" in page and "<b>'" not in page
    answer = desk.client.get(f"/analyses/drafts/{draft}/scripts/file?name=fit.py")
    assert answer.text == FIT and answer.mimetype == "text/plain"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert desk.client.get(f"/analyses/drafts/{draft}/scripts/file?name=gone.py").status_code == 404
    (was, *_rest) = was_of(page)
    page = save(desk, draft, name="fit.py", text=FIT + "x = 2\n", was=was)
    assert "is replaced" in page and scripts_of(desk.text(draft))["fit.py"].endswith("x = 2\n")


def test_nothing_is_saved_over_what_somebody_else_saved(desk: Desk, ines: Desk) -> None:
    draft = desk.make(pasted="python3 fit.py in.tif")
    (was, *_rest) = was_of(save(desk, draft, name="fit.py", text=FIT))
    desk.send(f"/analyses/drafts/{draft}/share", {"person": "ines"})
    save(ines, draft, name="fit.py", text="hers = 1\n", was=was)
    page = save(desk, draft, 409, name="fit.py", text="mine = 1\n", was=was)
    assert "Ines Prado saved last" in page and "mine = 1" in page
    assert scripts_of(desk.text(draft))["fit.py"] == "hers = 1\n"
    page = save(desk, draft, 409, name="fit.py", text="new = 1\n")
    assert "is there" in page and "new = 1" in page


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("bad name.py", "x = 1\n", "is no name for it"),
        (".hidden", "x = 1\n", "is no name for it"),
        ("logo.png", b"\x89PNG\r\n\x1a\n", "is no text in UTF-8"),
        ("tabs.py", "a\x0cb\n", "line 1 holds the control character 0x0c"),
        ("large.py", "#" * (LONGEST_CONTENT + 1), "which is the most that goes along"),
        ("empty.py", "", "its content is a text"),
    ],
)
def test_what_is_no_script_is_refused_in_words_and_nothing_is_added(
    desk: Desk,
    name: str,
    raw: str | bytes,
    told: str,
) -> None:
    draft = desk.make(pasted="python3 fit.py in.tif")
    before = desk.text(draft)
    page = add(desk, draft, ("good.py", "x = 1\n"), (name, raw))
    assert "Nothing was added." in page and told in page
    assert desk.text(draft) == before
    if isinstance(raw, str) and raw and len(raw) < 100:
        page = save(desk, draft, 422, name=name, text=raw)
        assert told in page and desk.text(draft) == before


def test_all_of_them_are_bounded_together(desk: Desk) -> None:
    draft = desk.make(pasted="python3 fit.py in.tif")
    half = "#" * 100 + "\n"
    for name, told in (("a.py", "a.py stands beside"), ("b.py", "b.py: with it the scripts would be")):
        assert told in add(desk, draft, (name, half * (LONGEST_CONTENT // 2 // len(half) + 1)))
    assert list(scripts_of(desk.text(draft))) == ["a.py"]
    assert "Choose a file first" in add(desk, draft)


def test_scripts_are_of_those_who_see_the_draft(desk: Desk, ines: Desk) -> None:
    draft = desk.make(pasted="python3 fit.py in.tif")
    save(desk, draft, name="fit.py", text=FIT)
    assert ines.client.get(f"/analyses/drafts/{draft}/scripts/file?name=fit.py").status_code == 404
    for what in ("add", "save", "remove"):
        fields = {"csrf_token": ines.token, "name": "fit.py", "text": "x", "was": ""}
        assert ines.client.post(f"/analyses/drafts/{draft}/scripts/{what}", data=fields).status_code == 404
    assert scripts_of(desk.text(draft))["fit.py"] == FIT
