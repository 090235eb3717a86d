"""The editor as staff use it, without scripts: from a pasted command to a document that is sound."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from draft_desk import Desk
from sqlalchemy import select

from portal.drafts.revisions import RevisionWish
from portal.jobtype.load import judge

Csrf = Callable[..., str]


def test_from_a_pasted_command_to_a_sound_document(desk: Desk) -> None:
    draft = desk.make(pasted="convert in.tif -resize 50% -blur 0x3 out.tif")
    assert "/command" in desk.address
    for chip in ("1.input", "3.option", "5.option", "6.output"):
        desk.step(draft, "command", do=f"chip.{chip}")
        assert "guess" in desk.html
    assert "Purpose: 2 to fill in or mend" in desk.html
    desk.step(draft, "purpose", summary="Makes a picture smaller and softer.", category="Pictures")
    desk.step(draft, "data", inputs__0__dataset_types="light-sheet stack", inputs__0__files="*")
    assert "Fits 1 of the datasets that you see" in desk.html
    desk.step(draft, "options", options__0__min="1", options__0__max="400", options__1__label="Softer by")
    text = desk.text(draft)
    found = judge(text)
    assert found.jobtype is not None, found.wrong
    assert [option.name for option in found.jobtype.options] == ["resize", "blur"]
    assert "- {text: [{option: resize}, '%']}" in text
    assert text.startswith("# An analysis.")
    desk.look(f"/analyses/drafts/{draft}/publish")
    assert "gantry admin jobtypes publish" in desk.html
    assert re.search(r'name="option.resize"[^>]*value="50"', desk.html)


def test_what_a_field_shows_and_nobody_changed_changes_nothing(desk: Desk) -> None:
    desk.send("/analyses/drafts", {"copy": "lightsheet-deconvolution"})
    draft = int(re.search(r"/drafts/(\d+)/", desk.address)[1])  # type: ignore[index]
    text = desk.text(draft)
    assert "# " in text
    assert "name: lightsheet-deconvolution-2" in text
    for step in ("purpose", "data", "command", "options", "resources", "yaml"):
        desk.step(draft, step)
        assert desk.text(draft) == text, step
    desk.step(draft, "purpose", title="Sharper")
    changed = [line for line in desk.text(draft).splitlines() if line not in text.splitlines()]
    assert changed == ["title: Sharper"]


def test_options_are_moved_added_taken_away_and_it_is_undone(desk: Desk) -> None:
    draft = desk.make(pasted="run --size=5 --name x")
    desk.step(draft, "command", do="chip.1.option")
    desk.step(draft, "command", do="chip.3.option")
    names = lambda: re.findall(r"- name: (\w+)", desk.text(draft))  # noqa: E731
    assert names() == ["size", "name"]
    assert "{option: size, prefix: --size=}" in desk.text(draft)
    desk.step(draft, "options", do="options.1.up")
    assert names() == ["name", "size"]
    desk.step(draft, "options", do="options.add")
    desk.step(draft, "options", do="options.0.remove")
    assert names() == ["size", "option"]
    version = desk.fields()["version"]
    desk.send(f"/analyses/drafts/{draft}/undo", {"version": version, "step": "options"})
    assert names() == ["name", "size", "option"]


@pytest.mark.parametrize("do", ["options.1.to.0", "options.1.up", "options.0.remove", "options.add", ""])
def test_what_was_saved_as_one_typed_is_in_the_way_of_no_button_pressed_meanwhile(desk: Desk, do: str) -> None:
    """The page does not know yet that the same was saved a moment ago."""
    draft = desk.make(pasted="run --one=1 --two=2")
    desk.step(draft, "command", do="chip.1.option")
    desk.step(draft, "command", do="chip.2.option")
    desk.look(f"/analyses/drafts/{draft}/options")
    typed = {**desk.fields(), "f.options.1.label": "Typed", "csrf_token": desk.token}
    parted = desk.client.post(
        f"/analyses/drafts/{draft}/options/part/saved", data=typed, headers={"HX-Request": "true"}
    )
    assert 'data-saved="yes"' in parted.text
    desk.send(f"/analyses/drafts/{draft}/options", {**typed, "do": do})
    names = {"options.1.to.0": ["two", "one"], "options.1.up": ["two", "one"], "options.0.remove": ["two"]}
    expected = names.get(do, ["one", "two", "option"] if do else ["one", "two"])
    assert re.findall(r"- name: (\w+)", desk.text(draft)) == expected
    assert desk.text(draft).count("label: Typed") == 1


def test_an_item_is_put_anywhere_in_its_list_by_one_change_that_undo_takes_back(desk: Desk) -> None:
    draft = desk.make(pasted="run --one=1 --two=2 --three=3")
    for _ in range(3):
        desk.step(draft, "command", do=f"chip.{1 + _}.option")
    names = lambda: re.findall(r"- name: (\w+)", desk.text(draft))  # noqa: E731
    assert names() == ["one", "two", "three"]
    desk.step(draft, "options", do="options.2.to.0", options__1__label="Second")
    assert names() == ["three", "one", "two"]
    assert "label: Second" in desk.text(draft)
    desk.step(draft, "options", do="options.0.to.2")
    assert names() == ["one", "two", "three"]
    for nowhere in (
        "options.0.to.3",
        "options.0.to.-1",
        "options.0.to.x",
        "options.9.to.0",
        "name.0.to.1",
        "..to.0",
    ):
        desk.step(draft, "options", do=nowhere)
        assert names() == ["one", "two", "three"], nowhere
    desk.send(f"/analyses/drafts/{draft}/undo", {"version": desk.fields()["version"], "step": "options"})
    assert names() == ["three", "one", "two"]


def test_what_cannot_be_read_stays_as_it_was_typed_and_is_told_beside_it(desk: Desk) -> None:
    draft = desk.make(pasted="run --size=5")
    desk.step(draft, "command", do="chip.1.option")
    desk.step(draft, "options", options__0__min="about five", options__0__label="<b onload=x>Size</b>")
    assert "min: about five" in desk.text(draft)
    assert 'value="about five"' in desk.html
    assert "must be a whole number" in desk.html
    assert "<b onload" not in desk.html
    desk.step(draft, "options", options__0__min="")
    assert "min:" not in desk.text(draft)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title: x\nname: [never closed\n", 3),
        ("a: &x [1]\nb: *x\n", 2),
        ("title: a\n\tb: c\n", 2),
        ("x: " + "[" * 3000 + "\n", 1),
        ("title: !!python/object/apply:os.system [id]\n", 1),
        ("options:\n" + "  - {name: a, type: text}\n" * 10_000, None),
    ],
)
def test_a_text_that_cannot_be_read_is_kept_and_the_steps_say_what_to_mend(
    desk: Desk, text: str, line: int | None
) -> None:
    draft = desk.make()
    desk.send(f"/analyses/drafts/{draft}/yaml", {"version": "1", "text": text})
    assert desk.text(draft) == text
    desk.look(f"/analyses/drafts/{draft}/options")
    assert "The YAML cannot be read at line" in desk.html
    if line:
        assert f"cannot be read at line {line}," in desk.html
    assert "The form follows once line" in desk.html
    # A step that is sent from another tab changes nothing.
    desk.send(f"/analyses/drafts/{draft}/purpose", {"version": "2", "f.title": "other"})
    assert "Nothing was changed" in desk.html
    assert desk.text(draft) == text
    desk.look("/analyses/drafts")
    assert "Cannot be read: line" in desk.html


def test_hostile_drafts_are_told_and_shown_and_run_nothing(desk: Desk) -> None:
    draft = desk.make()
    hostile = """\
name: ../../etc
version: "1"
title: "<script>alert(1)</script>"
summary: "{{ config }}"
category: x
contact: y
program:
  command: [sh, -c, "rm -rf $HOME", {output: ../../../etc/passwd}, {input: nothing}]
image: ../other/people
inputs:
  - {name: data, label: "<img src=x onerror=alert(1)>", dataset_types: ["*"], files: ../../*}
options:
  - {name: stalls, type: text, label: "--help", default: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", pattern: "(a+)+$"}
  - {name: stalls, type: text, label: "again", pattern_help: "x"}
resources: {default: standard, variants: [{name: standard, label: S, cpus: 999999}]}
result_title: "{nothing.__class__}"
outputs: [{name: r, pattern: /etc/*, dataset_type: x}]
"""
    desk.send(f"/analyses/drafts/{draft}/yaml", {"version": "1", "text": hostile})
    assert desk.text(draft) == hostile
    for step in ("purpose", "data", "command", "options", "resources", "try", "publish", "yaml"):
        desk.look(f"/analyses/drafts/{draft}/{step}")
        assert "<script>alert" not in desk.html
        assert "<img src=x" not in desk.html
    assert "to fill in or mend" in desk.html
    assert judge(hostile).jobtype is None


def test_many_options_are_told_and_looked_at(desk: Desk) -> None:
    draft = desk.make()
    text = (
        desk.text(draft)
        + "options:\n"
        + "".join(
            f"  - {{name: o{number}, type: integer, label: O, default: {number}}}\n" for number in range(1500)
        )
    )
    desk.send(f"/analyses/drafts/{draft}/yaml", {"version": "1", "text": text})
    desk.look(f"/analyses/drafts/{draft}/options")
    assert "may have 200 entries at most" in desk.html
    assert desk.html.count("draft-item") <= 200


def test_a_text_beyond_the_bounds_is_refused_and_what_was_there_stays(desk: Desk) -> None:
    draft = desk.make()
    before = desk.text(draft)
    answer = desk.client.post(
        f"/analyses/drafts/{draft}/yaml",
        data={"csrf_token": desk.token, "version": "1", "text": "# " + "x" * (600 * 1024)},
    )
    assert answer.status_code in (413, 422)
    assert desk.text(draft) == before
    large = before + "# " + "x" * (300 * 1024) + "\n"
    desk.send(f"/analyses/drafts/{draft}/yaml", {"version": "1", "text": large})
    assert desk.text(draft) == large


def test_others_find_no_draft_of_mine_at_any_address(desk: Desk, ines: Desk) -> None:
    draft = desk.make(title="Tamarisk")
    ines.look("/analyses/drafts")
    assert "Tamarisk" not in ines.html
    for step in ("purpose", "yaml", "publish", "file"):
        ines.look(f"/analyses/drafts/{draft}/{step}", 404)
        assert "Tamarisk" not in ines.html
    for address in ("purpose", "yaml", "undo", "share", "unshare", "throw-away", "take-back"):
        ines.send(f"/analyses/drafts/{draft}/{address}", {"version": "1", "text": "mine", "f.title": "mine"}, 404)
    for part in ("saved", "form"):
        answer = ines.client.post(
            f"/analyses/drafts/{draft}/purpose/part/{part}",
            data={"csrf_token": ines.token, "version": "1", "f.title": "mine"},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code == 404
    assert "Tamarisk" in desk.text(draft)


def test_a_form_on_a_dataset_that_is_not_seen_shows_nothing_of_it(desk: Desk, site: Any) -> None:
    draft = desk.make(pasted="run in.tif")
    desk.step(draft, "command", do="chip.1.input")
    desk.look(f"/analyses/drafts/{draft}/options?on=999999", 404)
    assert "would-run" not in desk.html
    assert site.facility.datasets


def test_changes_of_two_people_at_different_places_are_both_kept(desk: Desk, ines: Desk) -> None:
    draft = desk.make()
    desk.send(f"/analyses/drafts/{draft}/share", {"person": "ines"})
    desk.look(f"/analyses/drafts/{draft}/purpose")
    mine = desk.fields()
    ines.step(draft, "purpose", summary="Of Ines.")
    desk.send(f"/analyses/drafts/{draft}/purpose", {**mine, "f.category": "Of Sam"})
    text = desk.text(draft)
    assert "summary: Of Ines." in text
    assert "category: Of Sam" in text


def test_a_change_at_the_same_place_is_shown_with_both_and_nothing_is_lost(desk: Desk, ines: Desk) -> None:
    draft = desk.make()
    desk.send(f"/analyses/drafts/{draft}/share", {"person": "ines"})
    desk.look(f"/analyses/drafts/{draft}/purpose")
    mine = desk.fields()
    ines.step(draft, "purpose", title="Of Ines")
    html = desk.send(f"/analyses/drafts/{draft}/purpose", {**mine, "f.title": "Of Sam"}, 409)
    assert "title: Of Ines" in html
    assert "title: Of Sam" in html
    assert "Ines Prado saved" in html
    assert "title: Of Ines" in desk.text(draft)
    version = re.search(r'name="version" value="(\d+)"', html)
    text = re.search(r'id="mine" name="text"[^>]*>([^<]*)<', html)
    assert version
    assert text
    desk.send(f"/analyses/drafts/{draft}/yaml", {"version": version[1], "text": unescape(text[1])})
    assert "title: Of Sam" in desk.text(draft)


def test_options_that_moved_meanwhile_get_nobody_else_s_words(desk: Desk, ines: Desk) -> None:
    draft = desk.make(pasted="run --size=5 --name=x")
    desk.step(draft, "command", do="chip.1.option")
    desk.step(draft, "command", do="chip.2.option")
    desk.send(f"/analyses/drafts/{draft}/share", {"person": "ines"})
    desk.look(f"/analyses/drafts/{draft}/options")
    mine = desk.fields()
    ines.step(draft, "options", do="options.1.up")
    desk.send(f"/analyses/drafts/{draft}/options", {**mine, "f.options.0.help": "How large."}, 409)
    assert "How large." in desk.html
    assert "How large." not in desk.text(draft)


def test_what_is_saved_as_one_types_never_goes_over_another_s(desk: Desk, ines: Desk) -> None:
    draft = desk.make()
    desk.send(f"/analyses/drafts/{draft}/share", {"person": "ines"})

    def typed(version: str, title: str) -> str:
        answer = desk.client.post(
            f"/analyses/drafts/{draft}/purpose/part/saved",
            data={"csrf_token": desk.token, "version": version, "f.title": title},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.text

    assert "Saved, version 2" in typed("1", "One")
    ines.step(draft, "purpose", title="Of Ines")
    html = typed("2", "Two")
    assert "What you typed is not saved" in html
    assert 'name="version" value="2"' in html  # so that Save shows both
    assert "title: Of Ines" in desk.text(draft)


def test_a_batch_script_fills_the_resources_and_says_what_it_left_out(desk: Desk) -> None:
    asked = "#!/bin/bash\n#SBATCH -c 8\n#SBATCH --mem=16G\n#SBATCH -t 30\n"
    script = f"{asked}module load fiji\nsrun fit in.tif | tee log\n"
    draft = desk.make(pasted=script)
    text = desk.text(draft)
    assert "cpus: 8, memory_mb: 16384, time_s: 1800" in text
    assert "- fit" in text
    assert "module load fiji" in desk.html
    assert "a pipe to another program" in desk.html
    desk.look(f"/analyses/drafts/{draft}/resources")
    assert re.search(r'name="f.resources.variants.0.memory_mb" value="16"', desk.html)
    assert re.search(r'name="f.resources.variants.0.time_s" value="30"', desk.html)


def test_a_draft_without_a_title_or_with_quotes_that_do_not_end_is_told_and_kept(desk: Desk) -> None:
    html = desk.send("/analyses/drafts", {"title": " ", "pasted": "run x"}, 422)
    assert "Give it a title" in html
    assert ">run x</textarea>" in html
    html = desk.send("/analyses/drafts", {"title": "Mine", "pasted": "run 'x"}, 422)
    assert "does not end" in html
    assert 'value="Mine"' in html


def test_thrown_away_and_taken_back(desk: Desk) -> None:
    draft = desk.make(title="Tamarisk")
    desk.send(f"/analyses/drafts/{draft}/throw-away", {})
    assert "Take it back" in desk.html
    assert "Tamarisk" not in desk.html
    desk.look(f"/analyses/drafts/{draft}/purpose", 404)
    desk.send(f"/analyses/drafts/{draft}/take-back", {})
    assert "Tamarisk" in desk.html


def test_staff_find_it_and_nobody_else_is_offered_it(site: Any) -> None:
    assert "/analyses/drafts" in site.client("sam").get("/analyses").text
    assert "/analyses/drafts" not in site.client("maya").get("/analyses").text
    assert site.client("maya").get("/analyses/drafts").status_code == 403


def test_a_dataset_without_such_a_file_is_said_and_no_command_is_shown(desk: Desk) -> None:
    draft = desk.make(pasted="run in.xyz")
    desk.step(draft, "command", do="chip.1.input")
    desk.look(f"/analyses/drafts/{draft}/options")
    assert "has no file like *.xyz, so nothing would run on it." in desk.html
    assert 'class="word"' not in desk.html


def test_what_is_asked_of_the_publisher_is_said_and_a_changed_text_is_another(desk: Desk, site: Any) -> None:
    draft = desk.make(pasted="run in.tif out.tif")
    desk.look(f"/analyses/drafts/{draft}/try")
    assert "to fill in or mend before it can be tried" in desk.html
    desk.send(f"/analyses/drafts/{draft}/ask-to-try", {})
    assert "cannot be used yet" in desk.html
    desk.step(draft, "command", do="chip.1.input")
    desk.step(draft, "command", do="chip.2.output")
    desk.step(draft, "purpose", summary="Runs.", category="Tests")
    desk.look(f"/analyses/drafts/{draft}/try")
    assert "Not tried yet" in desk.html
    desk.send(f"/analyses/drafts/{draft}/ask-to-try", {})
    assert "Not answered yet" in desk.html
    assert "To try it" in desk.html
    desk.send(f"/analyses/drafts/{draft}/try-it", {"on": str(site.facility.datasets["private"])})
    assert "Nothing was started." in desk.html
    desk.send(f"/analyses/drafts/{draft}/ask-to-publish", {"changed": "New.", "to": "everyone"})
    assert "No run of this very text has succeeded yet" in desk.html
    desk.step(draft, "purpose", summary="Runs otherwise.")
    desk.look(f"/analyses/drafts/{draft}/try")
    assert "Not answered yet" not in desk.html
    assert "Ask to try it" in desk.html


@pytest.mark.parametrize(
    ("button", "focused"),
    [
        ("options.2.up", "options-1-up"),
        ("options.1.up", "options-0-down"),  # it is the first then, and has no Up
        ("options.0.down", "options-1-down"),
        ("options.1.down", "options-2-up"),
        ("options.9.down", "options-10-up"),
        ("options.0.to.2", "options-2"),
    ],
)
def test_the_focus_stays_on_the_button_that_moved_an_item(desk: Desk, button: str, focused: str) -> None:
    draft = desk.make(pasted="run --one=1 --two=2 --three=3")
    for number in (1, 2, 3):
        desk.step(draft, "command", do=f"chip.{number}.option")
    desk.look(f"/analyses/drafts/{draft}/options")
    sent = {"csrf_token": desk.token, **desk.fields(), "do": button}
    answer = desk.client.post(f"/analyses/drafts/{draft}/options", data=sent)
    assert answer.location.partition("#")[2] == focused
    if button.startswith("options.9"):
        return
    assert len(re.findall(rf'id="{focused}"', desk.client.get(answer.location).text)) == 1


def test_terms_are_called_by_their_title_until_they_are_called_otherwise(desk: Desk) -> None:
    draft = desk.make(pasted="run in.tif")
    desk.step(draft, "resources", terms__text="First.\r\n\r\nSecond,\r\nbroken here.\r\n")
    assert "name:" not in desk.text(draft).partition("terms:")[2]  # nothing to make one of
    desk.step(draft, "resources", terms__title="Terms of the Solver, 2026")
    assert "name: terms-of-the-solver-2026" in desk.text(draft)
    assert "text: |-\n    First.\n\n    Second,\n    broken here." in desk.text(draft)
    desk.step(draft, "resources", terms__title="Others")
    assert "name: terms-of-the-solver-2026" in desk.text(draft)  # as people know it by now
    desk.step(draft, "resources", terms__name="")
    assert "name: others" in desk.text(draft)
    desk.step(draft, "resources", terms__name="mine")
    assert "name: mine" in desk.text(draft)
    desk.step(draft, "resources", terms__name="", terms__title="12 terms")
    assert "name: terms-12-terms" in desk.text(draft)
    desk.step(draft, "resources", terms__name="", terms__title="", terms__text="")
    assert "terms" not in desk.text(draft)


def test_terms_without_a_name_that_nobody_touches_stay_as_they_are(desk: Desk) -> None:
    draft = desk.make(pasted="run in.tif")
    desk.look(f"/analyses/drafts/{draft}/yaml")
    text = desk.text(draft) + "terms: {title: Mine, text: Cite us.}\n"
    desk.send(f"/analyses/drafts/{draft}/yaml", {**desk.fields(), "text": text})
    desk.step(draft, "resources", grace_s="40")
    assert "terms: {title: Mine, text: Cite us.}" in desk.text(draft)


def test_what_is_wrong_with_an_item_follows_what_is_saved(desk: Desk) -> None:
    draft = desk.make(pasted="run --one=1")
    desk.step(draft, "command", do="chip.1.option")
    desk.look(f"/analyses/drafts/{draft}/options")
    part, fields = f"/analyses/drafts/{draft}/options/part/saved", desk.fields()
    seen = []
    for least in ("a few", "1"):
        sent = {"csrf_token": desk.token, **fields, "f.options.0.min": least, "f.options.0.max": "2"}
        answer = desk.client.post(part, data=sent, headers={"HX-Request": "true"}).text
        fields["version"] = re.findall(r'id="draft-version" name="version" value="(\d+)"', answer)[0]
        marks = re.findall(
            r'id="(options-0-(?:look|wrong)|s-options-0-m(?:in|ax)-wrong)"( hidden)? hx-swap-oob', answer
        )
        assert len(marks) == 4
        seen.append([name for name, hidden in marks if not hidden])
    assert seen == [["s-options-0-min-wrong", "options-0-look"], []]


def test_the_form_s_values_are_kept_as_a_preset(desk: Desk) -> None:
    draft = desk.make(pasted="run --size=5 --speed=fast")
    desk.step(draft, "command", do="chip.1.option")
    desk.step(draft, "command", do="chip.2.option")
    address = f"/analyses/drafts/{draft}/keep-as-preset"
    values = {"option.size": "12", "option.speed": "fast"}
    desk.send(address, {**values, "preset_name": " "})
    assert "Give the preset a name" in desk.html
    desk.send(address, {"option.size": "5", "option.speed": "fast", "preset_name": "Same"})
    assert "Change one first" in desk.html, re.findall("No preset[^<]*", desk.html)
    desk.send(address, {**values, "option.size": "many", "preset_name": "Wrong"})
    assert "No preset was made" in desk.html
    assert "presets" not in desk.text(draft)
    desk.send(address, {**values, "preset_name": "Large"})
    assert 'value="Large"' in desk.html
    text = desk.text(draft)
    assert "- name: Large\n    values: {size: 12}" in text, text
    desk.send(address, {**values, "preset_name": "large"})
    assert "There is a preset “large” already" in desk.html
    assert desk.text(draft) == text


def test_what_a_size_asks_for_on_the_dataset_stands_as_numbers(desk: Desk, site: Any) -> None:
    draft = desk.make(pasted="run in.tif")
    desk.step(draft, "command", do="chip.1.input")
    desk.step(draft, "data", inputs__0__files="*")
    desk.step(draft, "resources", resources__variants__0__memory_mb="4", resources__variants__0__memory="0.5 GB")
    assert "512 MB" in desk.html
    assert "by its size" in desk.html


def test_a_program_of_two_inputs_is_looked_at_on_two_datasets(desk: Desk, site: Any) -> None:
    draft = desk.make(pasted="run one.tif two.tif")
    desk.step(draft, "command", do="chip.1.input")
    desk.step(draft, "command", do="chip.2.input")
    types = {f"inputs__{number}__dataset_types": "light-sheet stack" for number in (0, 1)}
    desk.step(draft, "data", inputs__0__files="*", inputs__1__files="*", **types)
    name = re.findall(r'name="with\.(\w+)"', desk.html)
    assert set(name) == {"data_2"}
    assert "The form cannot be sent" not in desk.html, re.findall("The form cannot[^<]*", desk.html)
    words = re.search(r'id="would-run".*?</p>', desk.html, re.DOTALL)
    assert words
    assert words[0].count('class="word"') >= 3
    # One that nobody sees is not found.
    answer = desk.client.post(
        f"/analyses/drafts/{draft}/data/part/form",
        data={"csrf_token": desk.token, "on": str(site.facility.datasets["private"]), "with.data_2": str(10**8)},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 404


def test_patterns_are_tried_on_a_pasted_log_which_is_not_kept(desk: Desk) -> None:
    draft = desk.make(pasted="run in.tif")
    desk.step(draft, "command", progress__pattern="plane (?<done>[0-9]+) of (?<total>[0-9]+)")
    text = desk.text(draft)
    answer = desk.client.post(
        f"/analyses/drafts/{draft}/command/part/log",
        data={
            "csrf_token": desk.token,
            "log": "at 3 %\n<b>x</b> 4 %\n",
            "f.progress.pattern": "(?<percent>[0-9]+) %",
        },
        headers={"HX-Request": "true"},
    )
    assert "2 of 2 lines fit" in answer.text
    assert "<b>x" not in answer.text
    html = desk.send(f"/analyses/drafts/{draft}/command/try-log", {"log": "plane 1 of 4\n</textarea><b>"}, 200)
    assert "25 %" in html
    assert "</textarea><b>" not in html
    assert desk.text(draft) == text


def test_it_is_published_to_chosen_experiments_which_are_found_by_words(
    desk: Desk, site: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("portal.drafts.publishing.was_tried", lambda *_of: True)
    draft = desk.make(pasted="run in.tif out.tif")
    desk.step(draft, "command", do="chip.1.input")
    desk.step(draft, "command", do="chip.2.output")
    desk.step(draft, "purpose", summary="Runs.", category="Tests")
    number = str(site.facility.investigations["private"])
    address = f"/analyses/drafts/{draft}/ask-to-publish"
    sent = {"changed": "New.", "to": "experiments"}
    desk.send(address, sent)
    assert "Tick the experiments whose teams are meant" in desk.html
    assert "to=experiments" in desk.address
    desk.send(address, {**sent, "experiment": ["999999", number]})
    assert "There is no experiment with the number 999999, or you do not see it." in desk.html
    desk.send(address, {"changed": "New.", "to": "instruments"})
    assert "Tick the instruments whose scientists are meant." in desk.html
    desk.send(address, {**sent, "experiment": [number]})
    assert "Asked. What becomes of it stands here." in desk.html
    with site.database.read() as session:
        wish = session.scalars(select(RevisionWish).order_by(RevisionWish.id.desc())).first()
        assert wish is not None
        assert wish.audience == {"to": "experiments", "author": "sam", "ids": [int(number)]}
    found = desk.client.post(
        f"/analyses/drafts/{draft}/publish/part/experiments",
        data={"csrf_token": desk.token, "experiment": number, "experiment_words": "nothing has this"},
        headers={"HX-Request": "true"},
    ).text
    assert re.search(rf'value="{number}" checked', found)
    assert found.count('type="checkbox"') == 1


def test_what_is_to_fill_in_is_called_as_its_field_is(desk: Desk) -> None:
    draft = desk.make(pasted="run in.tif out.tif")
    tried = desk.look(f"/analyses/drafts/{draft}/try")
    assert "fill in “In one sentence”" in tried and "fill in “Heading on the Analyses page”" in tried
    purpose = desk.look(f"/analyses/drafts/{draft}/purpose")
    assert purpose.count("Fill this in.") == 2
    assert "is missing" not in tried + purpose


def test_what_fits_and_what_lacks_follow_what_is_saved_as_one_types(desk: Desk) -> None:
    draft = desk.make(pasted="fit in.tif --sigma=1 > out.csv")
    desk.step(draft, "data", do="inputs.add")
    desk.look(f"/analyses/drafts/{draft}/data")
    place = next(name for name in desk.fields() if name.startswith("f.inputs.0.dataset_types"))

    def typed(types: str) -> str:
        desk.look(f"/analyses/drafts/{draft}/data")
        answer = desk.client.post(
            f"/analyses/drafts/{draft}/data/part/saved",
            data={**desk.fields(), place: types, "csrf_token": desk.token},
            headers={"HX-Request": "true"},
        )
        assert 'data-saved="yes"' in answer.text
        return answer.text

    def part(html: str, name: str) -> str:
        found = re.search(rf'<(section|div)[^>]*id="{name}"[^>]*>.*?</\1>', html, re.DOTALL)
        assert found is not None, name
        assert "hx-swap-oob" in found[0]
        return found[0]

    wrong = f"s-{place.removeprefix('f.').replace('.', '-')}-wrong"
    nothing = typed("no such type")
    assert "None of the datasets that you see is of such a type." in part(nothing, "fits-0")
    assert "hidden" in part(nothing, wrong)
    every = typed("*")
    assert "of the datasets that you see, by type" in part(every, "fits-0")
    lacking = typed("")
    assert "Fill this in." in part(lacking, wrong)
    assert "hidden" in part(typed("*"), wrong)
    assert f'name="{place}"' not in every, "the field that is being typed in is not replaced"


def test_what_must_hold_besides_the_type_is_told_of_the_examples_and_not_counted(desk: Desk) -> None:
    draft = desk.make(pasted="fit in.tif --sigma=1 > out.csv")
    desk.step(draft, "data", do="inputs.add")
    place = next(name for name in desk.fields() if name.startswith("f.inputs.0.dataset_types"))
    desk.step(draft, "data", do="needs.add", **{place.removeprefix("f.").replace(".", "__"): "*"})
    desk.step(
        draft, "data", needs__0__when="files.count > 100000", needs__0__because="needs a hundred thousand files"
    )
    desk.look(f"/analyses/drafts/{draft}/data")
    assert "What else must hold is looked at of those listed only." in desk.html
    assert "does not fit: " in desk.html
