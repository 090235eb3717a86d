"""What the publisher would refuse stands on Try and Publish, before anything is asked."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from draft_desk import Desk
from shrink import SHRINK

Csrf = Callable[..., str]


@pytest.fixture
def strict(make_site: Callable[..., Any], csrf: Csrf) -> Desk:
    """Sam's browser at a site where programs run in containers and an operator signs off."""
    site = make_site(publish=False, web={"sign_in_limit": "1000 per minute"})
    client = site.client("sam")
    return Desk(client, csrf(client))


def written(desk: Desk, text: str) -> int:
    draft = desk.make()
    desk.send(f"/analyses/drafts/{draft}/yaml", {"version": "1", "text": text})
    return draft


def leads_to(html: str, draft: int, step: str, words: str) -> bool:
    """Whether a link of those words leads to a step, whatever it takes along of what is chosen beside it."""
    return bool(re.search(rf'href="/analyses/drafts/{draft}/{step}(\?[^"]*)?">{words}</a>', html))


def test_what_is_in_the_way_is_said_with_the_step_in_which_it_is_mended(strict: Desk) -> None:
    draft = written(strict, SHRINK + "\nimage: nowhere\nnetwork: true\n")
    for step in ("try", "publish"):
        html = strict.look(f"/analyses/drafts/{draft}/{step}")
        assert "The publisher would refuse it as it is" in html, step
        assert "The software image nowhere is not one of those that may be used." in html
        assert "It wants the network, which is not allowed here." in html
        assert leads_to(html, draft, "command", "Command")
        assert "Everything that it needs is there" not in html
    assert "The publisher would refuse" not in strict.look(f"/analyses/drafts/{draft}/options")
    part = strict.client.get(f"/analyses/drafts/{draft}/try/part/tried", headers={"HX-Request": "true"}).text
    assert "The publisher would refuse it as it is" in part


def test_without_an_image_too_where_none_is_staged(strict: Desk) -> None:
    draft = written(strict, SHRINK)
    assert "It names no software image, and needs one here." in strict.look(f"/analyses/drafts/{draft}/try")
    assert "it names no image; where programs run in containers only" in strict.look(
        f"/analyses/drafts/{draft}/yaml"
    )


def test_a_name_that_a_file_of_the_site_has(strict: Desk) -> None:
    draft = written(strict, SHRINK.replace("name: shrink", "name: qc", 1))
    html = strict.look(f"/analyses/drafts/{draft}/try")
    assert "An analysis of this facility has the name qc already. Choose another name." in html
    assert leads_to(html, draft, "purpose", "Purpose")


def test_where_one_account_runs_programs_without_containers_there_is_no_false_alarm(desk: Desk) -> None:
    draft = written(desk, SHRINK)
    assert "The publisher would refuse" not in desk.look(f"/analyses/drafts/{draft}/try")
    assert "names no image" not in desk.look(f"/analyses/drafts/{draft}/yaml")
