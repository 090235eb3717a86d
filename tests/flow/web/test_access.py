"""Ask for access: nothing tells whether there is an experiment, who leads it is asked, and only they answer."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from database_roles import DAEMON, as_role
from sqlalchemy import event, select
from sqlalchemy.exc import ProgrammingError

from portal.audit.models import AuditRecord
from portal.catalogue.models import Investigation, InvestigationUser, User
from portal.db import Database
from portal.errors import NotFoundError
from portal.identity.actor import Actor
from portal.identity.models import Person
from portal.notify.access.grant import agreed, grant
from portal.notify.access.models import AccessQuestion, AccessRequest
from portal.notify.access.pass_on import anything_asked, pass_on

Csrf = Callable[..., str]


def ask(client: Any, csrf: Csrf, number: str, note: str = "") -> Any:
    """What the portal answers."""
    form = {"csrf_token": csrf(client), "number": number, "note": note}
    return client.post("/access", data=form)


def passed_on(site: Any) -> list[tuple[int, int]]:
    """What the daemon's step makes of it: (experiment, who is asked)."""
    with site.database.write() as session:
        pass_on(session, now=datetime.now(UTC))
    with site.database.read() as session:
        questions = session.scalars(select(AccessQuestion).order_by(AccessQuestion.id)).all()
        return [(one.investigation_id, one.person_id) for one in questions]


def said(client: Any) -> str:
    """The words of the page that one is led to."""
    html = client.get("/access").text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html[html.index("<main") : html.index("</main>")]))


def bell(client: Any) -> str:
    """How many are new, as the header says it."""
    found = re.search(r"Notices(?:, (\S+) new)?", client.get("/data").text)
    assert found
    return found.group(1) or "0"


def test_what_is_there_and_what_is_not_are_answered_alike_and_by_the_same_questions(site: Any, csrf: Csrf) -> None:
    tom, statements = site.client("tom"), []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements[-1].append(statement)

    token = csrf(tom)
    answers = []
    event.listen(site.database.engine, "before_cursor_execute", note)
    for number in ("E1", "E999", "E2"):  # Maya's, nobody's, Tom's own
        statements.append([])
        answer = tom.post("/access", data={"csrf_token": token, "number": number, "note": ""})
        answers.append((answer.status_code, answer.location, said(tom).replace(number, "N")))
        with site.database.write() as session:
            session.query(AccessRequest).delete()
    event.remove(site.database.engine, "before_cursor_execute", note)
    assert answers[0] == answers[1] == answers[2]
    assert "If there is an experiment with this number" in answers[0][2]
    assert statements[0] == statements[1] == statements[2]
    assert not any("icat_investigation " in one for one in statements[0][:4])


def test_whoever_leads_it_is_asked_and_says_yes(site: Any, csrf: Csrf) -> None:
    tom, maya = site.client("tom"), site.client("maya")
    before = int(bell(maya))
    ask(tom, csrf, " e1 ", "For the paper <b>")
    assert passed_on(site) == [(site.facility.investigations["private"], site.facility.actors["maya"].person_id)]
    assert int(bell(maya)) == before + 1
    notices = maya.get("/notices").text
    assert "Tom Okafor" in notices and "For the paper &lt;b&gt;" in notices and "Zebrafish heart" in notices
    (question,) = re.findall(r"/access/questions/(\d+)", notices)
    form = {"csrf_token": csrf(maya), "answer": "yes"}
    assert maya.post(f"/access/questions/{question}", data=form).location == "/notices"
    after = maya.get("/notices").text
    assert "Teams are kept by the facility" in after and "/access/questions/" not in after
    assert "sign-in name tom" in after
    assert int(bell(maya)) == before
    assert "The answer is yes" in said(tom)
    # A yes is no right: the catalogue's rules let nobody add to a team here.
    assert tom.get(f"/experiments/{site.facility.investigations['private']}").status_code == 404
    with site.database.read() as session:
        deeds = session.scalars(select(AuditRecord).where(AuditRecord.object_kind == "experiment")).all()
        assert [(one.action, one.person_name, one.object_words) for one in deeds] == [
            ("access-asked", "tom", "e1"),
            ("access-answered", "maya", "E1"),
        ]
        assert deeds[1].details["answer"] == "yes" and deeds[1].details["person"] == "tom"


def test_a_no_and_silence_and_nothing_there_look_the_same_to_who_asked(site: Any, csrf: Csrf) -> None:
    tom, maya = site.client("tom"), site.client("maya")
    ask(tom, csrf, "E1")
    ask(tom, csrf, "E999")
    passed_on(site)
    (question,) = re.findall(r"/access/questions/(\d+)", maya.get("/notices").text)
    maya.post(f"/access/questions/{question}", data={"csrf_token": csrf(maya), "answer": "no"})
    lines = re.findall(r"(E\d+)(.*?)(?= E\d+|$)", said(tom).partition("What you asked for")[2])
    assert len(lines) == 2
    assert lines[0][1].strip() == lines[1][1].strip()


@pytest.mark.parametrize("who", ["tom", "ravi", "sam"])
def test_nobody_else_sees_or_answers_the_question(site: Any, csrf: Csrf, who: str) -> None:
    ask(site.client("tom"), csrf, "E1", "Words for Maya")
    passed_on(site)
    (question,) = re.findall(r"/access/questions/(\d+)", site.client("maya").get("/notices").text)
    other = site.client(who)
    assert "Words for Maya" not in other.get("/notices").text
    form = {"csrf_token": csrf(other), "answer": "yes"}
    hidden = other.post(f"/access/questions/{question}", data=form)
    missing = other.post("/access/questions/999", data=form)
    assert hidden.status_code == missing.status_code == 404
    with site.database.read() as session:
        assert session.scalar(select(AccessQuestion.answered)) is None


def test_who_leads_it_no_more_answers_no_more(site: Any, csrf: Csrf) -> None:
    maya = site.client("maya")
    ask(site.client("tom"), csrf, "E1")
    passed_on(site)
    (question,) = re.findall(r"/access/questions/(\d+)", maya.get("/notices").text)
    with site.database.write() as session:
        for member in session.query(InvestigationUser):
            if member.investigation_id == site.facility.investigations["private"]:
                member.role = "member"
    answer = maya.post(f"/access/questions/{question}", data={"csrf_token": csrf(maya), "answer": "yes"})
    assert answer.status_code == 404


def test_one_answer_settles_it_for_all_who_lead_it(site: Any, csrf: Csrf) -> None:
    with site.database.write() as session:
        ravi = session.query(User).filter_by(name="ravi").one()
        number = site.facility.investigations["private"]
        session.add(InvestigationUser(investigation_id=number, user=ravi, role="principal_investigator"))
    ask(site.client("tom"), csrf, "E1")
    assert len(passed_on(site)) == 2
    maya, ravi_there = site.client("maya"), site.client("ravi")
    (question,) = re.findall(r"/access/questions/(\d+)", maya.get("/notices").text)
    (other,) = re.findall(r"/access/questions/(\d+)", ravi_there.get("/notices").text)
    maya.post(f"/access/questions/{question}", data={"csrf_token": csrf(maya), "answer": "no"})
    assert "/access/questions/" not in ravi_there.get("/notices").text
    late = ravi_there.post(f"/access/questions/{other}", data={"csrf_token": csrf(ravi_there), "answer": "yes"})
    assert late.status_code == 409
    assert "The answer is yes" not in said(site.client("tom"))


def test_so_many_a_day_and_once_a_week_for_the_same(site: Any, csrf: Csrf) -> None:
    tom = site.client("tom")
    for _twice in range(2):
        assert ask(tom, csrf, "E1").status_code == 303
    for number in range(9):
        assert ask(tom, csrf, f"E-{number}").status_code == 303
    # What is there and what is not are refused alike.
    for number in ("E999", "E4"):
        late = ask(tom, csrf, number, "My words")
        assert late.status_code == 429
        assert (
            "You have asked 10 times" in late.text and "My words" in late.text and f'value="{number}"' in late.text
        )
    assert ask(site.client("maya"), csrf, "E2").status_code == 303
    with site.database.write() as session:
        for one in session.query(AccessRequest):
            one.at -= timedelta(days=2)
    assert ask(tom, csrf, "E999").status_code == 303


@pytest.mark.parametrize(
    ("number", "note", "word"),
    [
        ("", "", "Type the number"),
        ("  \n ", "", "Type the number"),
        ("x" * 101, "", "100 characters"),
        ("E1", "y" * 501, "500"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_field_and_kept(
    site: Any, csrf: Csrf, number: str, note: str, word: str
) -> None:
    answer = ask(site.client("tom"), csrf, number, note)
    assert answer.status_code == 422 and word in answer.text
    assert note in answer.text
    with site.database.read() as session:
        assert session.scalars(select(AccessRequest)).all() == []


@pytest.mark.parametrize(
    ("number", "asked"),
    [
        ("E1", 1),
        ("e1", 1),
        ("E1 1", 1),
        ("E1-1", 1),
        ("E1/1", 1),
        ("E1 2", 0),
        ("E", 0),
        ("E1%", 0),
        ("Zebrafish heart", 0),
        ("1", 0),
    ],
)
def test_a_number_is_meant_whole_and_a_visit_may_follow(site: Any, csrf: Csrf, number: str, asked: int) -> None:
    ask(site.client("tom"), csrf, number)
    assert len(passed_on(site)) == asked


def test_nobody_is_asked_twice_for_one_experiment_however_its_number_is_written(site: Any, csrf: Csrf) -> None:
    tom, ravi = site.client("tom"), site.client("ravi")
    with site.database.write() as session:
        visit = session.get_one(Investigation, site.facility.investigations["private"]).visit_id
    for number in ("E1", "e1", f"E1 {visit}", f"e1-{visit}", f"E1/{visit}"):
        ask(tom, csrf, number)
        assert len(passed_on(site)) == 1, number
    ask(ravi, csrf, "E1")
    assert len(passed_on(site)) <= 2  # another person is another question
    with site.database.write() as session:
        for one in session.scalars(select(AccessRequest)):
            one.at -= timedelta(days=8)
        for question in session.scalars(select(AccessQuestion)):
            question.at -= timedelta(days=8)
    before = len(passed_on(site))
    ask(tom, csrf, "E1")
    assert len(passed_on(site)) == before + 1


def test_asking_again_says_so_and_still_tells_nothing(site: Any, csrf: Csrf) -> None:
    tom = site.client("tom")
    answers = []
    for number in ("E1", "E999"):
        for _time in range(2):
            ask(tom, csrf, number)
            answers.append(re.sub(r"What you asked for.*", "", said(tom)))
    assert answers[:2] == answers[2:] and answers[0] != answers[1]
    assert "Asked. If there is" in answers[0] and "less than seven days ago. If there is" in answers[1]


@pytest.mark.parametrize(("number", "asked"), [("e1-v2", 1), ("E1", 1), ("v2", 0), ("E1-v", 0)])
def test_a_visit_that_has_the_number_in_its_name_is_meant_too(
    site: Any, csrf: Csrf, number: str, asked: int
) -> None:
    with site.database.write() as session:
        session.get_one(Investigation, site.facility.investigations["private"]).visit_id = "E1-v2"
    ask(site.client("tom"), csrf, number)
    assert len(passed_on(site)) == asked


def test_nobody_is_asked_for_what_one_sees_anyhow_or_who_cannot_sign_in(site: Any, csrf: Csrf) -> None:
    ask(site.client("maya"), csrf, "E3")  # public
    ask(site.client("ravi"), csrf, "E1")  # his microscope measured it
    assert passed_on(site) == []
    with site.database.write() as session:
        session.get_one(Person, site.facility.actors["maya"].person_id).active = False
    ask(site.client("tom"), csrf, "E1")
    assert passed_on(site) == []
    with site.database.read() as session:
        assert session.scalars(select(AccessRequest.passed_on)).all().count(None) == 0


def test_a_page_that_is_not_found_and_an_empty_list_offer_it(site: Any) -> None:
    tom = site.client("tom")
    gone = tom.get(f"/experiments/{site.facility.investigations['private']}").text
    assert 'href="/access">Ask for access' in gone
    shown = gone[gone.index("<main") : gone.index("</main>")]
    assert "E1" not in shown and "Zebrafish" not in shown
    with site.database.write() as session:
        for one in session.query(Investigation):
            one.release_date = None
    assert 'href="/access">Ask for access' in site.client("ingest").get("/experiments").text


def test_it_works_with_the_rights_of_the_two_services_alone(site_of_its_role: Any, csrf: Csrf) -> None:
    site = site_of_its_role
    tom, maya = site.client("tom"), site.client("maya")
    assert ask(tom, csrf, "E1", "Please").status_code == 303
    daemon = Database(as_role(site.database.engine.url.render_as_string(hide_password=False), DAEMON))
    with daemon.read() as session:
        assert anything_asked(session)
    with daemon.write() as session:
        pass_on(session, now=datetime.now(UTC))
    with pytest.raises(ProgrammingError, match="permission denied"), daemon.write() as session:
        session.query(AccessQuestion).update({"answer": "yes"})
    daemon.dispose()
    (question,) = re.findall(r"/access/questions/(\d+)", maya.get("/notices").text)
    form = {"csrf_token": csrf(maya), "answer": "yes"}
    assert maya.post(f"/access/questions/{question}", data=form).status_code == 303
    assert "The answer is yes" in said(tom)


def test_an_operator_sees_a_yes_and_adds_the_person_once(site: Any, csrf: Csrf) -> None:
    tom, maya = site.client("tom"), site.client("maya")
    number = site.facility.investigations["private"]
    ask(tom, csrf, "E1")
    passed_on(site)
    with site.database.read() as session:
        assert agreed(session) == []
    (question,) = re.findall(r"/access/questions/(\d+)", maya.get("/notices").text)
    with pytest.raises(NotFoundError), site.database.write() as session:
        grant(session, Actor(name="root"), int(question), now=datetime.now(UTC))
    maya.post(f"/access/questions/{question}", data={"csrf_token": csrf(maya), "answer": "yes"})
    with site.database.read() as session:
        assert [one.request.person.name for one in agreed(session)] == ["tom"]
    with site.database.write() as session:
        grant(session, Actor(name="root"), int(question), now=datetime.now(UTC))
    assert tom.get(f"/experiments/{number}").status_code == 200
    with site.database.read() as session:
        assert agreed(session) == []
        assert (
            session.scalars(select(AuditRecord.action).order_by(AuditRecord.id.desc())).first() == "access-granted"
        )
    with pytest.raises(NotFoundError), site.database.write() as session:
        grant(session, Actor(name="root"), int(question), now=datetime.now(UTC))
