"""The editor's live form: what a dataset gives and nobody touched is no typed value."""

import re
from html import unescape
from typing import Any

from draft_desk import Desk

from portal.catalogue.models import Dataset, DatasetParameter, ParameterType
from portal.web.views.drafts.editor import _chip_words

SIGMA = "psf sigma xy"


def measured(site: Any, sigma: float, units: str = "um", name: str = "private") -> int:
    """The dataset, with a number that has more digits than people read."""
    with site.database.write() as session:
        dataset = session.get_one(Dataset, site.facility.datasets[name])
        kind = session.query(ParameterType).filter_by(name=SIGMA, units=units).one_or_none()
        if kind is None:
            kind = ParameterType(
                facility_id=dataset.type.facility_id, name=SIGMA, units=units, value_type="NUMERIC"
            )
            session.add(kind)
            session.flush()
        session.add(DatasetParameter(dataset_id=dataset.id, type_id=kind.id, numeric_value=sigma))
        return int(dataset.id)


def begun(desk: Desk) -> int:
    """A draft with a number that a dataset gives, and one that none gives."""
    draft = desk.make("Smooth it", "smooth --sigma=1.5 --size=4 in.h5 out.tif")
    for chip in ("1.option", "2.option", "3.input", "4.output"):
        desk.step(draft, "command", do=f"chip.{chip}")
    desk.step(draft, "data", inputs__0__dataset_types="*", inputs__0__files="*")
    text = desk.text(draft).replace("default: 1.5\n", "default: 1.5\n    units: um\n", 1)
    text = text.replace("default: 1.5\n", f"default: 1.5\n    default_from: {{parameter: {SIGMA}}}\n", 1)
    desk.look(f"/analyses/drafts/{draft}/yaml")
    desk.send(f"/analyses/drafts/{draft}/yaml", {**desk.fields(), "text": text})
    assert SIGMA in desk.text(draft)
    return draft


def live_fields(html: str) -> dict[str, str]:
    """What the live form would send, as a browser does."""
    form = re.search(r"<form[^>]*data-live-form.*?</form>", html, re.DOTALL)
    assert form, html[:2000]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", form[0]):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and not ('type="checkbox"' in tag and " checked" not in tag):
            found[unescape(name[1])] = unescape(value[1]) if value else ""
    for name, inside in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[unescape(name)] = unescape(chosen[1]) if chosen else ""
    return found


def test_a_dataset_s_number_that_nobody_touched_is_in_no_preset(desk: Desk, site: Any) -> None:
    number, draft = measured(site, 1432.06564, "nm"), begun(desk)
    desk.look(f"/analyses/drafts/{draft}/options?on={number}")
    sent = live_fields(desk.html)
    assert float(sent["option.sigma"]) == 1.43206564
    address = f"/analyses/drafts/{draft}/keep-as-preset"
    desk.send(address, {**sent, "preset_name": "Nothing"})
    assert "Change one first" in desk.html
    desk.send(address, {**sent, "option.size": "9", "preset_name": "Large"})
    assert "- name: Large\n    values: {size: 9}" in desk.text(draft), desk.text(draft)


def test_a_former_dataset_s_value_is_not_kept_as_typed(desk: Desk, site: Any) -> None:
    first, second = measured(site, 1.43206564), measured(site, 812.5, "nm", "public")
    draft = begun(desk)
    desk.look(f"/analyses/drafts/{draft}/options?on={first}")
    sent = live_fields(desk.html)
    assert sent["option.sigma"] == "1.43206564"
    address = f"/analyses/drafts/{draft}/options/part/form"
    answer = desk.client.post(
        address, data={**sent, "on": str(second), "csrf_token": desk.token}, headers={"HX-Request": "true"}
    )
    again = live_fields(answer.text)
    assert again["option.sigma"] == "0.8125"
    assert "Set by you" not in answer.text
    assert f"/command?on={second}" in answer.text, "the other steps go on with the dataset"
    # What somebody typed stays.
    typed = {**again, "option.sigma": "2", "on": str(first), "csrf_token": desk.token}
    answer = desk.client.post(address, data=typed, headers={"HX-Request": "true"})
    assert live_fields(answer.text)["option.sigma"] == "2"
    assert "Set by you; 1.43206564 um comes from your dataset" in re.sub("µ", "u", answer.text)
    # Without scripts the page has it all in its address.
    desk.send(address, {**sent, "option.size": "77", "on": str(second)})
    there = live_fields(desk.html)
    assert (there["on"], there["option.size"], there["option.sigma"]) == (str(second), "77", "0.8125")


def test_a_changed_default_is_not_what_stood_there_before_and_a_range_has_two_ends(desk: Desk, site: Any) -> None:
    draft = begun(desk)
    text = desk.text(draft)
    cut = "options:\n  - {name: cut, type: range, label: Cut, default: {low: 1, high: 5}}\n"
    desk.look(f"/analyses/drafts/{draft}/yaml")
    desk.send(f"/analyses/drafts/{draft}/yaml", {**desk.fields(), "text": text.replace("options:\n", cut, 1)})
    sent = live_fields(desk.html)
    sent.pop("option.cut")
    desk.step(draft, "options", options__2__default="6")
    address = f"/analyses/drafts/{draft}/options/part/form"
    answer = desk.client.post(
        address,
        data={**sent, "option.cut": ["1", "9"], "csrf_token": desk.token},
        headers={"HX-Request": "true"},
    )
    assert live_fields(answer.text)["option.size"] == "6"
    assert 'name="option.cut" value="1"' in answer.text
    assert 'name="option.cut" value="9"' in answer.text


def test_words_that_stand_together_are_shown_as_words() -> None:
    together = {"together": ["--threshold", {"option": "threshold"}]}
    assert _chip_words(together) == "--threshold threshold"
    assert _chip_words({"one_of": [{"flag": "--gpu"}, together]}) == "--gpu, or --threshold threshold"
