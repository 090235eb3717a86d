"""`gantry analyses`: the life of a draft by the command line, what is meant by a name, and what is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml
from published_here import put_down
from shrink import SHRINK
from small_facility import SmallFacility

from portal.db import Database
from portal.drafts.revisions import RevisionDeed, RevisionWish
from portal.identity.models import Person
from portal.jobtype.offer.audience import Audience, To

Gantry = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sam(gantry: Gantry, monkeypatch: pytest.MonkeyPatch, token_of: Callable[..., str]) -> Gantry:
    """The command as Sam, who is of the staff."""
    monkeypatch.setenv("GANTRY_TOKEN", token_of("sam"))
    return gantry


@pytest.fixture
def ines_token(token_of: Callable[..., str], sqlite_database: Database, sqlite_facility: SmallFacility) -> str:
    """Of somebody else of the staff."""
    with sqlite_database.write() as session:
        person = Person(name="ines", full_name="Ines Prado", roles=["staff"], created=datetime.now(UTC))
        session.add(person)
        session.flush()
        sqlite_facility.actors["ines"] = person.actor()
    return token_of("ines")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The text as somebody has it."""
    place = tmp_path / "shrink.yaml"
    place.write_text(SHRINK)
    return place


def _json(told: tuple[int, str, str]) -> Any:
    assert told[0] == 0, told
    return json.loads(told[1])


def test_a_file_makes_a_draft_and_saves_it_anew_by_its_name(sam: Gantry, file: Path) -> None:
    code, out, _ = sam("analyses", "draft", file)
    assert code == 0 and "Version  1" in out and "shrink" in out
    file.write_text(SHRINK.replace("default: 50", "default: 60"))
    code, out, err = sam("analyses", "draft", file)
    assert code == 0 and "Version  2" in out and "over your version 1" in err
    [one] = _json(sam("analyses", "drafts", "--json"))
    assert (one["version"], one["analysis"]) == (2, "shrink")
    # An unsound text is kept and told, with its line; the name in it still says which draft.
    file.write_text(SHRINK.replace("max: 100", "max: many"))
    code, out, err = sam("analyses", "draft", file)
    assert code == 0 and "Version  3" in out
    line = 1 + next(number for number, text in enumerate(file.read_text().split("\n")) if "many" in text)
    assert f"{file}:{line}:" in err
    assert "default: 50" in sam("analyses", "export", "shrink")[1]
    code, out, _ = sam("analyses", "undo", "shrink")
    assert code == 0 and "Version  4" in out
    assert "default: 60" in sam("analyses", "export", "shrink")[1]
    made = _json(sam("analyses", "draft", file, "--new", "--json"))
    assert made["version"] == 1
    code, _, err = sam("analyses", "draft", file)
    assert code == 6 and "Several drafts have the name shrink" in err
    number = str(made["id"])
    assert sam("analyses", "draft", file, "--save", number)[0] == 0
    assert sam("analyses", "delete", number)[0] == 0
    assert [one["id"] for one in _json(sam("analyses", "drafts", "--json"))] == [one["id"]]
    assert sam("analyses", "delete", number, "--take-back")[0] == 0


def test_a_save_of_somebody_else_is_not_saved_over(
    sam: Gantry, file: Path, ines_token: str, monkeypatch: pytest.MonkeyPatch, token_of: Callable[..., str]
) -> None:
    assert sam("analyses", "draft", file)[0] == 0
    assert "shared with ines" in sam("analyses", "share", "shrink", "ines")[1]
    monkeypatch.setenv("GANTRY_TOKEN", ines_token)
    hers = SHRINK.replace("smaller", "tiny")
    file.write_text(hers)
    code, _, err = sam("analyses", "draft", file)
    assert code == 7 and "--version 1" in err  # Sam saved it: she says that she read it
    assert sam("analyses", "draft", file, "--version", "1")[0] == 0
    monkeypatch.setenv("GANTRY_TOKEN", token_of("sam"))
    file.write_text(SHRINK + "# mine\n")
    code, _, err = sam("analyses", "draft", file)
    assert code == 7 and "Ines Prado saved version 2" in err
    code, _, err = sam("analyses", "draft", file, "--version", "1")
    assert code == 7 and "saved this draft" in err
    assert "tiny" in sam("analyses", "export", "shrink")[1]
    assert sam("analyses", "draft", file, "--version", "2")[0] == 0
    assert "nobody" in sam("analyses", "share", "shrink", "ines", "--stop")[1]


def test_scripts_beside_the_file_go_along_and_come_back(sam: Gantry, tmp_path: Path) -> None:
    program = "program:\n  command: [sh, {written: shrink.py}]\n  written: {shrink.py: {beside: src/shrink.py}}\n"
    text = SHRINK.replace('program: {command: [sh, -c, "true"]}\n', program)
    assert "beside" in text
    file, script = tmp_path / "shrink.yaml", tmp_path / "src" / "shrink.py"
    file.write_text(text)
    code, _, err = sam("analyses", "draft", file)
    assert code == 6 and "shrink.py: src/shrink.py cannot be read" in err
    assert sam("analyses", "drafts", "--json")[1].strip() == "[]"
    script.parent.mkdir()
    script.write_text("print('a')\nprint('b')\n")
    assert sam("analyses", "draft", file)[0] == 0
    assert "print('b')" in sam("analyses", "export", "shrink")[1]
    # What is wrong is told at the lines of the file, not of what was sent.
    file.write_text(text.replace("max: 100", "max: many"))
    line = 1 + next(number for number, one in enumerate(file.read_text().split("\n")) if "many" in one)
    assert f"{file}:{line}:" in sam("analyses", "draft", file)[2]
    for offline in ([], ["--offline"]):
        assert f"{file}:{line}:" in sam("analyses", "check", file, *offline)[2]
    file.write_text(text)
    sam("analyses", "draft", file)
    there = tmp_path / "there"
    there.mkdir()
    assert sam("analyses", "export", "shrink", "--scripts")[0] == 2
    assert sam("analyses", "export", "shrink", "-o", there / "a.yaml", "--scripts")[0] == 0
    assert (there / "shrink.py").read_text() == script.read_text()
    assert "beside: shrink.py" in (there / "a.yaml").read_text()
    code, _, err = sam("analyses", "export", "shrink", "-o", there / "b.yaml", "--scripts")
    assert code == 6 and "is there already" in err and not (there / "b.yaml").exists()
    assert "They are the same." in sam("analyses", "diff", "shrink", file)[1]


def test_a_copy_and_a_pasted_command_begin_drafts(sam: Gantry, tmp_path: Path) -> None:
    place = tmp_path / "mine.yaml"
    code, out, err = sam("analyses", "draft", "--copy", "qc", "-o", place)
    assert code == 0 and "qc-2" in out and str(place) in err
    assert sam("analyses", "draft", place)[0] == 0  # what was written is saved again as it
    assert len(_json(sam("analyses", "drafts", "--json"))) == 1
    code, out, _ = sam("analyses", "draft", "--copy", "qc", "-o", place)
    assert code == 6
    made = _json(sam("analyses", "draft", "--paste", "convert in.tif -blur 0x3 out.tif", "--json"))
    assert made["name"] == "Convert" and "-blur" in made["text"]
    script = "#!/bin/bash\n#SBATCH --cpus-per-task=4\nconvert in.tif out.tif\n"
    made = _json(sam("analyses", "draft", "--paste", "-", "--title", "Softer", "--json", stdin=script))
    assert "cpus: 4" in made["text"] and made["name"] == "Softer"


def test_what_is_written_for_an_editor_names_the_schema_that_is_served(
    sam: Gantry, file: Path, tmp_path: Path
) -> None:
    sam("analyses", "draft", file)
    place = tmp_path / "out.yaml"
    assert sam("analyses", "export", "shrink", "-o", place)[0] == 0
    first, _, rest = place.read_text().partition("\n")
    assert rest == SHRINK
    word, _, address = first.partition("$schema=")
    assert word == "# yaml-language-server: "
    schema = requests.get(address, timeout=30)  # an editor has no token
    assert schema.status_code == 200
    validator = jsonschema.Draft202012Validator(schema.json())
    assert list(validator.iter_errors(yaml.safe_load(place.read_text()))) == []
    place.write_text(place.read_text().replace("default: 50", "default: 51"))
    sam("analyses", "draft", place)
    assert sam("analyses", "export", "shrink")[1] == place.read_text()  # one such line, not two


def test_a_text_is_checked_by_the_portal_and_without_it(
    sam: Gantry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = sam("analyses", "check", file)
    assert code == 0 and "sound (shrink" in out and "this computer" not in err
    file.write_text(SHRINK.replace("max: 100", "max: many"))
    line = 1 + next(number for number, text in enumerate(file.read_text().split("\n")) if "many" in text)
    code, out, err = sam("analyses", "check", file)
    assert code == 6 and f"{file}:{line}:" in err and "1 thing is wrong" in out
    [there] = json.loads(sam("analyses", "check", file, "--json")[1])
    code, out, _ = sam("analyses", "check", file, "--offline", "--json")
    [here] = json.loads(out)
    assert code == 6 and here["checked"] == "here" and there["checked"] == "portal"
    assert here["problems"] == there["problems"]
    monkeypatch.delenv("GANTRY_TOKEN")
    code, out, err = sam("analyses", "check", "-", stdin=SHRINK)
    assert code == 0 and "Checked on this computer" in err
    assert sam("analyses", "drafts")[0] == 5


def test_what_was_meant_is_asked_where_it_is_not_clear(sam: Gantry, file: Path) -> None:
    assert sam("analyses", "draft")[0] == 2
    assert sam("analyses", "draft", file, "--copy", "qc")[0] == 2
    assert sam("analyses", "draft", "--copy", "qc", "--save", "1")[0] == 2
    code, _, err = sam("analyses", "draft", "--copy", "nothing")
    assert code == 3 and "no analysis called nothing" in err
    code, _, err = sam("analyses", "drat", file)
    assert code == 2 and "Did you mean draft" in err
    assert sam("analyses", "export", "nothing")[0] == 3
    assert sam("analyses", "export", "999")[0] == 3
    assert sam("analyses", "draft", file.parent / "none.yaml")[0] == 1
    code, _, err = sam("analyses", "draft", file, "--version", "3")
    assert code == 3 and "no version" in err
    assert _json(sam("analyses", "drafts", "--json")) == []
    # As before: a name alone, options alone, nothing at all.
    assert "Options" in sam("analyses", "qc")[1]
    assert sam("analyses", "qc", "--json")[0] == 0
    assert "qc" in sam("analyses")[1]
    assert sam("analyses", "--json")[0] == 0


def test_two_texts_are_compared(
    sam: Gantry, file: Path, sqlite_database: Database, sqlite_facility: SmallFacility
) -> None:
    sam("analyses", "draft", file)
    number = str(_json(sam("analyses", "drafts", "--json"))[0]["id"])
    file.write_text(SHRINK.replace("default: 50", "default: 60"))
    code, out, _ = sam("analyses", "diff", number, file)
    assert code == 0 and "+options: [{name: size, label: Size, type: integer, default: 60" in out
    sam("analyses", "draft", file)
    code, out, _ = sam("analyses", "diff", f"{number}@1", number)
    assert code == 0 and "options, size: default: 50 -> 60" in out
    assert "They are the same." in sam("analyses", "diff", number, number)[1]
    assert _json(sam("analyses", "diff", "qc", number, "--json"))["fields"]
    code, _, err = sam("analyses", "diff", number)
    assert code == 3 and "shrink" in err  # nothing is on offer under that name
    with sqlite_database.write() as session:
        digest = put_down(session, sqlite_facility.actors["sam"].person_id, "shrink", SHRINK)
    code, out, _ = sam("analyses", "diff", f"shrink@{digest[7:17]}", number)
    assert code == 0 and "50 -> 60" in out
    assert "It is new." in sam("analyses", "history", "shrink")[1]
    code, out, _ = sam("analyses", "publish-again", "shrink", digest[7:15], "--changed", "Back.")
    assert code == 0 and "waiting" in out
    assert sam("analyses", "publish-again", "shrink", "4f1c0a")[0] == 3
    assert "to retire shrink" in sam("analyses", "retire", "shrink")[1]
    assert sam("analyses", "retire", "nothing")[0] == 3


def test_publishing_says_what_is_missing_who_is_meant_and_who_signs_off(
    sam: Gantry, file: Path, sqlite_database: Database
) -> None:
    sam("analyses", "draft", file)
    code, _, err = sam("analyses", "publish", "shrink", "--to", "everyone", "--changed", "New.")
    assert code == 7 and "Try it first" in err
    code, _, err = sam("analyses", "publish", "shrink", "--to", "everybody", "--changed", "New.")
    assert code == 6 and "Did you mean everyone" in err
    code, _, err = sam("analyses", "publish", "shrink", "--to", "instrument:M99", "--changed", "New.")
    assert code == 3 and "No instrument is called M99" in err
    code, _, err = sam("analyses", "publish", "shrink", "--to", "experiment:No such", "--changed", "New.")
    assert code == 3
    code, _, err = sam("analyses", "approve", "shrink")
    assert code == 3 and "gantry analyses publish" in err
    code, _, err = sam("analyses", "try", "shrink", "--patience", "1")
    assert code == 9 and "asked for" in err
    with sqlite_database.write() as session:
        wish = session.query(RevisionWish).one()
        deed = RevisionDeed(wish_id=wish.id, done=False, words="It wants the network.", by="publisher", at=wish.at)
        session.add(deed)
    code, _, err = sam("analyses", "try", "shrink", "--patience", "1")
    # Refused once, it is asked for anew, and waits again: a publisher whose bounds changed may let it.
    assert code == 9
    file.write_text(SHRINK.replace("type: integer", "type: whole"))
    sam("analyses", "draft", file)
    code, _, err = sam("analyses", "try", "shrink")
    assert code == 6 and "not complete yet: line" in err


def test_publishing_for_fewer_than_have_it_is_refused_unless_it_is_meant(
    sam: Gantry,
    file: Path,
    sqlite_database: Database,
    sqlite_facility: SmallFacility,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portal.drafts.publishing.was_tried", lambda *_of: True)
    sam("analyses", "draft", file)
    code, _, err = sam("analyses", "publish", "shrink", "--changed", "New.")
    assert code == 6 and "nobody has it yet" in err
    with sqlite_database.write() as session:
        person = sqlite_facility.actors["sam"].person_id
        mine = Audience(To.MYSELF, "sam")
        first = put_down(session, person, "shrink", SHRINK.replace("50", "70"), audience=mine)
        put_down(session, person, "shrink", SHRINK.replace("50", "60"))
    for words in (("publish", "shrink", "--to", "myself"), ("publish-again", "shrink", first[7:19])):
        code, _, err = sam("analyses", *words, "--changed", "New.")
        assert code == 7 and "Until now everyone has it; then only you alone have it." in err, err
        assert "--narrow" in err
        assert sam("analyses", *words, "--changed", "New.", "--narrow")[0] == 0
    made = _json(sam("analyses", "publish", "shrink", "--changed", "New.", "--json"))
    assert made["to"] == "everyone"  # who has it now


def test_a_researcher_is_told_that_staff_do_this(gantry: Gantry, file: Path) -> None:
    for words in (["drafts"], ["draft", file], ["export", "qc"], ["history", "qc"], ["draft", "--copy", "qc"]):
        code, _, err = gantry("analyses", *words)
        assert code == 4 and "staff" in err, words


def test_a_draft_with_nothing_on_offer_is_told_so(sam: Gantry, file: Path) -> None:
    sam("analyses", "draft", file)
    code, out, err = sam("analyses", "diff", "1")
    assert (code, out) == (3, "")
    assert "Nothing is on offer under the name shrink" in err
    assert "gantry analyses diff 1@1 1" in err
    assert sam("analyses", "diff", "1@1", "1")[0] == 0  # as it says


@pytest.mark.parametrize("how", [(), ("--offline",)])
def test_what_is_not_there_yet_is_to_be_filled_in_as_the_page_says_it(
    sam: Gantry, file: Path, how: tuple[str, ...]
) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith(("summary:", "contact:"))))
    code, _out, err = sam("analyses", "check", file, *how)
    assert code == 6
    assert "fill in `summary`" in err and "fill in `contact`" in err and "is missing" not in err
    file.write_text("".join(lines).replace("summary:", "sumary:"))
    err = sam("analyses", "check", file, *how)[2]
    assert "unknown key sumary; did you mean summary?" in err


def test_publishing_over_what_somebody_else_published_is_refused_unless_it_is_meant(
    sam: Gantry,
    file: Path,
    sqlite_database: Database,
    sqlite_facility: SmallFacility,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("portal.drafts.publishing.was_tried", lambda *_of: True)
    sam("analyses", "draft", file)
    with sqlite_database.write() as session:
        put_down(session, sqlite_facility.actors["maya"].person_id, "shrink", SHRINK.replace("50", "60"))
    words = ("analyses", "publish", "shrink", "--to", "everyone", "--changed", "New.")
    code, _, err = sam(*words)
    assert code == 7 and "stands what Maya Lind published" in err and "--over" in err, err
    assert sam(*words, "--over")[0] == 0


def test_the_example_picture_is_shown_and_chosen_once_a_trial_succeeded(
    sam: Gantry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam("analyses", "draft", file)
    code, out, err = sam("analyses", "example", "shrink")
    assert (code, out) == (0, "") and "has no example picture" in err
    assert "a trial of this very text that succeeded" in err
    code, _, err = sam("analyses", "example", "shrink", "--picture", "1")
    assert code == 7 and "No run of this very text has succeeded yet" in err
    assert sam("analyses", "example", "shrink", "--picture", "1", "--none")[0] == 2
    monkeypatch.setattr("portal.drafts.publishing.was_tried", lambda *_of: True)
    code, out, err = sam("analyses", "example", "shrink")
    assert (code, out) == (0, "") and "that succeeded" not in err  # a table without rows
    code, _, err = sam("analyses", "example", "shrink", "--picture", "99")
    assert code == 3 and "no picture of a trial of this very text" in err
    code, _, err = sam("analyses", "example", "shrink", "--earlier")
    assert code == 3 and "No earlier revision" in err
    assert _json(sam("analyses", "example", "shrink", "--none", "--json"))["chosen"] is None
