"""What was published under a name: seen, compared, published again, retired."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

from published_here import put_down
from sqlalchemy import select

from portal.drafts.revisions import RevisionDeed, RevisionWish, Wished
from portal.jobs.models import Job
from portal.jobtype.offer.audience import Audience, To
from portal.jobtype.written.editors import for_editors

FIRST = """\
# Shrinks pictures.
name: shrink
version: "1"
title: Shrink a picture
summary: Makes it smaller.
category: Pictures
contact: staff
program: {command: [convert]}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: Small
outputs: [{name: small, dataset_type: picture}]
"""
SECOND = FIRST.replace("Makes it smaller", "Makes it <b>tiny</b>")
PAGE = "/analyses/drafts/published/shrink"
Csrf = Callable[..., str]


def history(site: Any, *deeds: tuple[str, dict[str, Any]]) -> list[str]:
    with site.database.write() as session:
        person = site.facility.actors["sam"].person_id
        return [put_down(session, person, "shrink", text, **more) for text, more in deeds]


def asked(site: Any) -> RevisionWish:
    with site.database.read() as session:
        wish = session.scalars(select(RevisionWish).order_by(RevisionWish.id.desc())).first()
        assert wish is not None
        session.refresh(wish, ["revision"])
        return wish


def test_it_tells_who_published_what_and_what_changed(site: Any) -> None:
    first, second = history(site, (FIRST, {}), (SECOND, {"changed": "Smaller still."}))
    sam = site.client("sam")
    assert f'href="{PAGE}"' in sam.get("/analyses/drafts").text
    html = sam.get(PAGE).text
    assert html.index("Smaller still.") < html.index("It is new.")
    assert html.count("(on offer)") == 1
    assert "asked by Sam Weber, signed off by root" in html
    compared = sam.get(PAGE, query_string={"before": first, "after": second}).text
    assert re.search(r"summary</td>\s*<td[^>]*>Makes it smaller.</td>\s*<td[^>]*>Makes it &lt;b&gt;tiny", compared)
    assert "- summary: Makes it smaller." in compared
    assert "+ summary: Makes it &lt;b&gt;tiny&lt;/b&gt;." in compared


def test_it_is_called_by_its_title_and_people_by_their_names(site: Any) -> None:
    history(site, (FIRST, {}))
    with site.database.write() as session:
        session.scalars(select(RevisionDeed)).one().by = "maya"
    html = site.client("sam").get(PAGE).text
    assert re.search(r"<h1>Shrink a picture <span[^>]*>shrink</span></h1>", html)
    assert "asked by Sam Weber, signed off by Maya Lind" in html
    history(site, (SECOND.replace("Shrink a picture", "Shrink <it>"), {}))
    assert re.search(r"<h1>Shrink &lt;it&gt; <span", site.client("sam").get(PAGE).text)
    history(site, (FIRST.replace("version:", "edition:"), {}))
    assert "<h1>shrink</h1>" in site.client("sam").get(PAGE).text


def test_what_waits_and_what_was_refused_is_told_with_by_whom_and_why(site: Any) -> None:
    history(site, (FIRST, {}))
    sam = site.client("sam")
    assert "not done" not in sam.get(PAGE).text
    alone = Audience(To.MYSELF, "maya")
    with site.database.write() as session:
        maya = site.facility.actors["maya"].person_id
        put_down(session, maya, "shrink", SECOND, changed="Hers.", answered=False)
        put_down(session, maya, "shrink", SECOND, changed="A secret.", answered=False, audience=alone)
        put_down(session, maya, "shrink", FIRST, wished=Wished.TRY, changed="A try.", answered=False)
    history(site, (SECOND, {"changed": "Mine.", "answered": False}))
    with site.database.write() as session:
        mine = session.scalars(select(RevisionWish).where(RevisionWish.changed == "Mine.")).one()
        why = "It names <nobody>."
        session.add(RevisionDeed(wish_id=mine.id, done=False, words=why, by="maya", at=datetime.now(UTC)))
    html = sam.get(PAGE).text
    part = html[html.index('id="asked"') :].partition("</section>")[0]
    told = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", part)))
    assert re.search(r"To publish it to everyone asked by Maya Lind Hers\. \w+ Not answered yet", told)
    assert re.search(r"asked by Sam Weber Mine\. \w+ Refused: It names <nobody>\. by Maya Lind, ", told)
    assert "secret" not in told and "A try." not in told and "Look again" in told
    assert html.count("(on offer)") == 1


def test_an_earlier_one_is_published_again_to_whom_it_was_then(site: Any, csrf: Csrf) -> None:
    ours = Audience(To.INSTRUMENTS, "sam", (site.facility.instruments["lightsheet"],))
    first, _ = history(site, (FIRST, {"audience": ours}), (SECOND, {}))
    sam = site.client("sam")
    token = csrf(sam, PAGE)
    back = {"csrf_token": token, "digest": first, "changed": "Back.", "narrow": "yes"}
    answer = sam.post(f"{PAGE}/again", data=back)
    assert answer.status_code == 303
    wish = asked(site)
    assert (wish.wished, wish.revision.digest, wish.changed) == (Wished.PUBLISH, first, "Back.")
    assert Audience.of(wish.audience) == ours
    unknown = sam.post(f"{PAGE}/again", data={"csrf_token": token, "digest": "sha256:00"})
    assert unknown.status_code == 404


def test_who_publishes_again_what_another_registered_asks_in_her_own_name(site: Any, csrf: Csrf) -> None:
    """The publisher refuses what names another author than the person who asks."""
    with site.database.write() as session:
        maya = site.facility.actors["maya"].person_id
        first = put_down(session, maya, "shrink", FIRST, audience=Audience(To.EVERYONE, "maya"))
    history(site, (SECOND, {}))
    sam = site.client("sam")
    sam.post(f"{PAGE}/again", data={"csrf_token": csrf(sam, PAGE), "digest": first, "changed": "Back."})
    assert Audience.of(asked(site).audience) == Audience(To.EVERYONE, "sam")


def test_what_was_published_twice_is_on_offer_once(site: Any) -> None:
    history(site, (FIRST, {}), (FIRST, {"wished": Wished.RETIRE}), (FIRST, {"changed": "Back."}))
    html = site.client("sam").get(PAGE).text
    assert html.count("(on offer)") == 1
    assert "Publish it again" not in html


def test_it_is_retired_once(site: Any, csrf: Csrf) -> None:
    history(site, (FIRST, {}))
    sam = site.client("sam")
    assert sam.post(f"{PAGE}/retire", data={"csrf_token": csrf(sam, PAGE)}).status_code == 303
    assert asked(site).wished is Wished.RETIRE
    history(site, (FIRST, {"wished": Wished.RETIRE}))
    html = sam.get(PAGE).text
    assert "Retired: nobody can start it." in html
    assert "Retire it" not in html
    assert "Publish it again" in html


def test_what_somebody_published_to_herself_is_nobody_elses(site: Any) -> None:
    with site.database.write() as session:
        person = site.facility.actors["maya"].person_id
        put_down(session, person, "shrink", FIRST, audience=Audience(To.MYSELF, "maya"))
    sam = site.client("sam")
    assert sam.get(PAGE).status_code == 404
    assert PAGE not in sam.get("/analyses/drafts").text


def test_researchers_find_none_of_it(site: Any, csrf: Csrf) -> None:
    history(site, (FIRST, {}))
    maya = site.client("maya")
    assert maya.get(PAGE).status_code == 403
    token = csrf(maya, "/me")
    for what in ("retire", "again"):
        assert maya.post(f"{PAGE}/{what}", data={"csrf_token": token}).status_code == 403


def test_a_revision_that_todays_rules_do_not_read_is_compared_as_text_and_that_is_said(site: Any) -> None:
    first, second = history(site, (FIRST.replace("version:", "edition:"), {}), (FIRST, {}))
    html = site.client("sam").get(PAGE, query_string={"before": first, "after": second}).text
    assert "One of the two cannot be read by the rules of today, so only their texts are compared." in html
    assert "The two mean the same." not in html


def test_what_was_not_published_cannot_be_compared(site: Any) -> None:
    (first,) = history(site, (FIRST, {}))
    html = site.client("sam").get(PAGE, query_string={"before": first, "after": "x" * 100}).text
    assert "These two revisions cannot be compared" in html


def test_that_a_job_tries_a_draft_and_what_can_be_kept_changes_with_it_while_one_looks(site: Any) -> None:
    """The button that keeps the result was there after a reload alone."""
    with site.database.write() as session:
        session.get_one(Job, site.job).submission.draft = True
    maya = site.client("maya")
    number = f"/jobs/J-{1000 + site.job}"
    part = maya.get(f"{number}/part/live", headers={"HX-Request": "true"})
    assert "A trial of a draft." in part.text
    assert maya.get(number).text.count("A trial of a draft.") == 1


def test_each_revision_is_a_file_that_names_the_schema_once(site: Any, csrf: Csrf) -> None:
    history(site, (FIRST, {}), (SECOND, {}))
    sam = site.client("sam")
    line = "# yaml-language-server: $schema=http://localhost/api/v1/job-type.schema.json\n"
    links = re.findall(rf'href="({PAGE}/file\?[^"]+)"', sam.get(PAGE).text)
    assert [sam.get(unescape(link)).text for link in links] == [line + SECOND, line + FIRST]
    assert sam.get(f"{PAGE}/file").text == line + SECOND
    assert sam.get("/api/v1/job-type.schema.json").json["title"]  # where the line leads, without a token
    assert sam.get(f"{PAGE}/file?revision=sha256:{'0' * 64}").status_code == 404
    named = FIRST.replace("name:", "# yaml-language-server: $schema=mine.json\nname:", 1)
    assert for_editors(named, "http://localhost/") == named


def test_a_change_to_what_is_on_offer_is_a_draft_beside_it_under_the_same_name(site: Any, csrf: Csrf) -> None:
    history(site, (FIRST, {}), (SECOND, {}))
    sam = site.client("sam")
    answer = sam.post(f"{PAGE}/change", data={"csrf_token": csrf(sam, PAGE)})
    assert answer.status_code == 303
    draft = str(answer.headers["Location"]).partition("/purpose")[0]
    assert sam.get(f"{draft}/file").text.partition("\n")[2] == SECOND
    assert "Publishing it makes the next revision" in sam.get(answer.headers["Location"]).text
    assert "(on offer)" in sam.get(PAGE).text
    maya = site.client("maya")
    assert maya.post(f"{PAGE}/change", data={"csrf_token": csrf(maya, "/")}).status_code == 403
