"""A dataset of one's choice beside the steps: found by words among all that fit, chosen, and taken along."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from draft_desk import Desk

from portal.catalogue.models import Dataset, DatasetType
from portal.errors import NotFoundError
from portal.jobtype.model import Slot
from portal.web.views.drafts import beside

HTMX = {"HX-Request": "true"}
NOBODYS = 10**8


def filled(site: Any, count: int, name: str = "Fin clip") -> list[int]:
    """So many further stacks of Maya's experiment, the newest last."""
    with site.database.write() as session:
        like = session.get_one(Dataset, site.facility.datasets["private"])
        made = [
            Dataset(
                investigation_id=like.investigation_id,
                type_id=like.type_id,
                instrument_id=like.instrument_id,
                name=f"{name} {number}",
                complete=True,
                start_date=datetime.now(UTC) - timedelta(minutes=count - number),
            )
            for number in range(count)
        ]
        session.add_all(made)
        session.flush()
        return [one.id for one in made]


def begun(desk: Desk, inputs: int = 1) -> int:
    """A draft whose inputs take every stack."""
    words = ["one.tif", "two.tif"][:inputs]
    draft = desk.make("Smooth it", f"smooth {' '.join(words)}")
    for number in range(inputs):
        desk.step(draft, "command", do=f"chip.{number + 1}.input")
    types = {f"inputs__{number}__dataset_types": "light-sheet stack" for number in range(inputs)}
    desk.step(draft, "data", **types)
    return draft


def offered(html: str, name: str = "on") -> dict[int, str]:
    """What the live form offers in one of its inputs: names by number."""
    found = re.search(rf'<select[^>]* name="{re.escape(name)}"[^>]*>(.*?)</select>', html, re.DOTALL)
    assert found, html[:3000]
    return {
        int(number): unescape(words)
        for number, words in re.findall(r'<option[^>]* value="(\d+)"[^>]*>([^<]*)</option>', found[1])
    }


def chosen(html: str, name: str = "on") -> int:
    """Which of them is chosen."""
    found = re.search(rf'<select[^>]* name="{re.escape(name)}"[^>]*>(.*?)</select>', html, re.DOTALL)
    assert found
    number = re.search(r'value="(\d+)" selected', found[1])
    return int(number[1]) if number else 0


def search_form(html: str) -> dict[str, str]:
    """What the form that finds datasets would send, as a browser without scripts does."""
    form = re.search(r'<form[^>]*id="find-data"[^>]*>.*?</form>', html, re.DOTALL)
    assert form, html[:3000]
    assert 'method="get"' in form[0]
    tags = re.findall(r"<input\b[^>]*>", form[0])
    pairs = ((re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)) for tag in tags)
    return {unescape(name[1]): unescape(value[1]) if value else "" for name, value in pairs if name}


def test_one_is_found_by_words_among_all_that_fit(desk: Desk, site: Any) -> None:
    draft, heart = begun(desk), site.facility.datasets["private"]
    filled(site, 30)
    html = desk.look(f"/analyses/drafts/{draft}/options")
    assert heart not in offered(html), "the newest five stand there"
    assert len(offered(html)) == 5
    assert "These are the newest 5 of 31. Find others by words." in html
    for words in ("zebrafish heart, first", "ZEBRAFISH first", "e1 first"):
        html = desk.look(f"/analyses/drafts/{draft}/options?find={words}&on={heart}")
        assert list(offered(html)) == [heart], words
    assert "1 found." in desk.html
    # Many are bounded, and it is said how many are left out.
    html = desk.look(f"/analyses/drafts/{draft}/options?find=fin clip&on={heart}")
    assert len(offered(html)) == 21
    assert chosen(html) == heart
    assert "30 have these words. The newest 20 are listed, 10 are not: give more words." in html


def test_what_fits_no_input_is_not_found(desk: Desk, site: Any) -> None:
    draft, beads = begun(desk), site.facility.datasets["public"]
    clip = filled(site, 1)[0]
    html = desk.look(f"/analyses/drafts/{draft}/options?find=reference beads&on={clip}")
    assert beads not in offered(html), "it is of another type"
    assert "No dataset that fits has the words “reference beads”. “Fin clip 0” stays chosen." in html
    with site.database.write() as session:
        session.get_one(Dataset, site.facility.datasets["private"]).complete = False
    html = desk.look(f"/analyses/drafts/{draft}/options?find=heart&on={clip}")
    assert list(offered(html)) == [clip], "no analysis takes what is still being written"


def test_the_chosen_one_stays_chosen_when_the_search_changes(desk: Desk, site: Any) -> None:
    draft, heart = begun(desk), site.facility.datasets["private"]
    filled(site, 30)
    html = desk.look(f"/analyses/drafts/{draft}/options?find=heart&on={heart}")
    sent = {**search_form(html), "find": "clip 17"}
    assert sent["on"] == str(heart)
    html = desk.client.get(f"/analyses/drafts/{draft}/options", query_string=sent).text
    assert chosen(html) == heart
    assert sorted(offered(html).values()) == ["Fin clip 17", "Zebrafish heart, first run"]
    # What was found stays on offer when one of it is chosen.
    again = desk.client.post(
        f"/analyses/drafts/{draft}/options/part/form",
        data={"csrf_token": desk.token, "on": str(heart), "find": "clip 17"},
        headers=HTMX,
    ).text
    assert (chosen(again), len(offered(again))) == (heart, 2)
    # Also where nothing is looked for any more.
    html = desk.client.get(f"/analyses/drafts/{draft}/options", query_string={**sent, "find": ""}).text
    assert chosen(html) == heart
    assert len(offered(html)) == 6


@pytest.mark.parametrize("words", ["heart, first", "nothing like it"])
def test_looking_for_one_chooses_none(desk: Desk, site: Any, words: str) -> None:
    """The form stands on what it stood on, in every input, though nobody had chosen it."""
    draft = begun(desk, inputs=2)
    filled(site, 30)
    html = desk.look(f"/analyses/drafts/{draft}/options")
    before = chosen(html), chosen(html, "with.data_2")
    assert all(before)
    html = desk.look(f"/analyses/drafts/{draft}/options?find={words}")
    assert (chosen(html), chosen(html, "with.data_2")) == before
    assert "The form cannot be sent" not in html
    if words == "heart, first":
        assert "1 found, beside the chosen one." in html


def test_what_fits_no_more_since_its_types_were_changed_gives_way(desk: Desk, site: Any) -> None:
    draft, beads = begun(desk, inputs=2), site.facility.datasets["public"]
    filled(site, 3)
    html = desk.look(f"/analyses/drafts/{draft}/options?on={beads}&with.data_2={beads}")
    assert beads not in {*offered(html), *offered(html, "with.data_2")}
    assert chosen(html) and chosen(html, "with.data_2")


def test_what_was_typed_into_the_live_form_goes_along_with_a_search(desk: Desk, site: Any) -> None:
    desk.make("Smooth it", "smooth --size=4 in.h5")
    draft = int(desk.address.split("/")[3])
    for chip in ("1.option", "2.input"):
        desk.step(draft, "command", do=f"chip.{chip}")
    html = desk.look(f"/analyses/drafts/{draft}/options?option.size=77&shown.size=4")
    sent = search_form(html)
    assert (sent["option.size"], sent["shown.size"]) == ("77", "4")
    html = desk.client.get(f"/analyses/drafts/{draft}/options", query_string={**sent, "find": "heart"}).text
    assert re.search(r'<input(?![^>]*type="hidden")(?=[^>]* name="option\.size")[^>]* value="77"', html)


def test_the_chosen_ones_go_along_to_every_step(desk: Desk, site: Any) -> None:
    draft, heart = begun(desk, inputs=2), site.facility.datasets["private"]
    other = filled(site, 30)[0]
    html = desk.look(f"/analyses/drafts/{draft}/options?on={heart}&with.data_2={other}")
    assert (chosen(html), chosen(html, "with.data_2")) == (heart, other)
    links = re.search(r'<nav id="draft-steps".*?</nav>', html, re.DOTALL)
    assert links
    addresses = [unescape(one) for one in re.findall(r'href="([^"]*)"', links[0])]
    assert len(addresses) == 8
    for address in addresses:
        assert f"on={heart}" in address and f"with.data_2={other}" in address, address
        html = desk.look(address)
        assert (chosen(html), chosen(html, "with.data_2")) == (heart, other), address
    # By each button, too.
    desk.look(addresses[3])
    for do in ("", "next", "options.add"):
        desk.look(addresses[3])
        html = desk.send(f"/analyses/drafts/{draft}/options", {**desk.fields(), "do": do})
        assert (chosen(html), chosen(html, "with.data_2")) == (heart, other), do
    undone = {"version": desk.fields()["version"], "step": "data", "on": str(heart), "with.data_2": str(other)}
    html = desk.send(f"/analyses/drafts/{draft}/undo", undone)
    assert (chosen(html), chosen(html, "with.data_2")) == (heart, other)


def test_a_text_that_cannot_be_read_loses_no_choice(desk: Desk, site: Any) -> None:
    draft, heart = begun(desk), site.facility.datasets["private"]
    filled(site, 30)
    sound = desk.text(draft)
    for text in ("title: [", sound):
        desk.look(f"/analyses/drafts/{draft}/yaml?on={heart}")
        html = desk.send(f"/analyses/drafts/{draft}/yaml", {**desk.fields(), "text": text})
        assert f"/data?on={heart}" in html
    assert chosen(html) == heart


def test_the_tree_is_of_the_chosen_one(desk: Desk, site: Any) -> None:
    draft, heart = begun(desk), site.facility.datasets["private"]
    filled(site, 30)
    html = desk.look(f"/analyses/drafts/{draft}/data?on={heart}")
    found = re.search(r'<select[^>]* name="inside"[^>]*>(.*?)</select>', html, re.DOTALL)
    assert found
    values = re.findall(r'value="([^"]*)"', found[1])
    assert values[0] == f"0.{heart}", "it is what is looked into unless another is chosen"


def test_it_is_tried_on_the_chosen_one(desk: Desk, site: Any) -> None:
    draft, heart = begun(desk), site.facility.datasets["private"]
    filled(site, 30)
    html = desk.look(f"/analyses/drafts/{draft}/try?on={heart}")
    assert chosen(html) == heart
    form = re.search(r'<form[^>]*action="[^"]*/ask-to-try".*?</form>', html, re.DOTALL)
    if form:  # asked for first, and back again with it
        assert f'name="on" value="{heart}"' in form[0]


@pytest.mark.parametrize("query", [f"on={NOBODYS}", "on={heart}&with.data_2=100000000"])
@pytest.mark.parametrize("step", ["options", "data", "try", "yaml"])
def test_a_dataset_that_one_does_not_see_is_not_found(desk: Desk, site: Any, step: str, query: str) -> None:
    draft = begun(desk, inputs=2)
    asked = query.format(heart=site.facility.datasets["private"])
    html = desk.look(f"/analyses/drafts/{draft}/{step}?{asked}", 404)
    told = unescape(re.sub(r"<[^>]+>", " ", html[html.index("<main") :]))
    assert "ot found, or not shared with you" in told, told
    sent = dict(pair.split("=") for pair in asked.split("&"))
    if step == "options":
        answer = desk.client.post(
            f"/analyses/drafts/{draft}/options/part/form",
            data={"csrf_token": desk.token, **sent},
            headers=HTMX,
        )
        assert answer.status_code == 404
        desk.send(f"/analyses/drafts/{draft}/keep-as-preset", {**sent, "preset_name": "Mine"}, 404)
    if step == "data":
        assert (
            desk.client.get(f"/analyses/drafts/{draft}/data/part/inside?{asked}", headers=HTMX).status_code == 404
        )


def test_what_is_typed_is_saved_though_the_dataset_is_seen_no_more(desk: Desk, site: Any) -> None:
    """A right that is lost while one types costs no word; the dataset is chosen no longer."""
    draft = begun(desk)
    desk.look(f"/analyses/drafts/{draft}/purpose")
    answer = desk.client.post(
        f"/analyses/drafts/{draft}/purpose/part/saved",
        data={**desk.fields(), "f.summary": "Kept.", "on": str(NOBODYS), "csrf_token": desk.token},
        headers=HTMX,
    )
    assert answer.status_code == 200
    assert "summary: Kept." in desk.text(draft)
    assert str(NOBODYS) not in answer.text


def test_somebody_else_finds_and_chooses_only_what_they_see(site: Any) -> None:
    """Staff see all, so this asks as others: Tom, who is in no team of Maya's, and Maya."""
    filled(site, 30)
    heart, actors = site.facility.datasets["private"], site.facility.actors
    slot = Slot.model_validate({"name": "data", "label": "Data", "dataset_types": ["*"]})
    with site.database.read() as session:
        for words in ("", "heart", "zebrafish", "fin clip", "e1"):
            found = beside.fits(session, actors["tom"], slot, heart, words)
            names = [one.name for one in found.examples]
            assert not any("Zebrafish" in name or "Fin clip" in name for name in names), (words, names)
            assert found.chosen is None
            assert "30" not in found.found_words and "31" not in found.words, "nor are they counted"
        assert beside.fits(session, actors["maya"], slot, heart, "fin clip").chosen == heart
        with pytest.raises(NotFoundError):
            beside.check_seen(session, actors["tom"], [heart])
        beside.check_seen(session, actors["maya"], [heart])
        assert session.query(DatasetType).count() == 2
