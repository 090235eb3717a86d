"""A second member of staff signs an image off with her key: what counts, and what the web tier could make up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from soft_key import SoftKey
from sqlalchemy import select, update

from portal.drafts.signoff import keys
from portal.drafts.signoff.webauthn import Assertion, Party, packed
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError
from portal.identity.models import Person
from portal.publisher import images as publisher
from portal.publisher.keys import enrol
from portal.stager.work import look as stage
from portal.staging import second
from portal.staging.models import ImageApproval, ImageDeed, ImageSignoff, ImageSignoffAnswer, ImageWish

ORIGIN = "https://gantry.example.org"


@dataclass
class Four:
    """Four eyes: the site, Inês of the staff and her key."""

    bench: Any
    ines: Any
    key: SoftKey

    def challenge(self, wish: int, signer: str = "ines") -> bytes:
        """What the page has her sign."""
        with self.bench.database.read() as session:
            return second.challenge(session.get_one(ImageWish, wish), signer)

    def say(self, wish: int, given: Assertion, person: Any = None) -> None:
        """As a web tier that was taken over writes it: without asking anything."""
        with self.bench.database.write() as session:
            session.add(
                ImageSignoff(
                    wish_id=wish,
                    person_id=(person or self.ines).person_id,
                    approves=True,
                    credential=packed(given.credential),
                    client_data=packed(given.client_data),
                    authenticator_data=packed(given.authenticator_data),
                    signature=packed(given.signature),
                    at=self.bench.now,
                )
            )

    def heard(self) -> list[tuple[str, str]]:
        """What the publisher took down: who, and why not."""
        found = publisher.look(self.bench.database, self.bench.settings, now=self.bench.now)
        return [(one.by, one.words) for one in found]

    def staged(self) -> list[str]:
        """What the stager makes of it."""
        return [one.name for one in stage(self.bench.database, self.bench.settings, now=self.bench.now)]

    def answers(self) -> list[tuple[bool, str]]:
        """What the publisher found of what was said."""
        with self.bench.database.read() as session:
            found = session.scalars(select(ImageSignoffAnswer).order_by(ImageSignoffAnswer.id))
            return [(one.counts, one.words) for one in found]


@pytest.fixture
def four_of(bench_of: Callable[..., Any]) -> Callable[..., Four]:
    """Makes the site with who signs off."""

    def make(signs: str = "staff") -> Four:
        bench = bench_of(publish=False, web={"base_url": ORIGIN}, publisher={"signs": signs})
        with bench.database.write() as session:
            person = Person(name="ines", full_name="Inês", roles=["staff"], created=datetime.now(UTC))
            session.add(person)
            session.flush()
            ines = person.actor()
        made = Four(bench, ines, SoftKey(ORIGIN))
        _enrol(made, ines, made.key)
        return made

    return make


@pytest.fixture
def four(four_of: Callable[..., Four]) -> Four:
    """Where a second member of staff signs off."""
    return four_of()


def _enrol(four: Four, person: Any, key: SoftKey) -> None:
    bench = four.bench
    with bench.database.write() as session:
        party = Party(bench.settings.signoff_origin)
        code = keys.offer_key(session, person, "Blue", key.made(), party, now=bench.now)
    enrol(bench.database, bench.settings, person.name, code, by="root", now=bench.now)


def test_what_a_second_member_of_staff_signs_is_staged(four: Four) -> None:
    bench = four.bench
    wish = bench.ask(bench.keep())
    assert (four.heard(), four.staged()) == ([], [])
    with bench.database.write() as session:
        assert [one.id for one in second.waiting_for(session, four.ines, bench.settings)] == [wish]
        assert second.count_unsigned(session, four.ines, bench.settings) == 1
        assert list(second.waiting_for(session, bench.sam, bench.settings)) == []
        given = four.key.signs(second.challenge(session.get_one(ImageWish, wish), "ines"))
        second.sign(session, four.ines, bench.settings, wish, given, now=bench.now)
    with bench.database.read() as session:
        assert second.count_unsigned(session, four.ines, bench.settings) == 0
    assert (four.heard(), four.answers()) == ([("ines", "")], [(True, "")])
    assert four.heard() == []
    assert four.staged() == ["cows"]
    with bench.database.write() as session:
        assert session.scalars(select(ImageApproval.by)).one() == "ines"
        assert session.scalars(select(ImageDeed.by)).one() == "ines"
        assert list(second.waiting_for(session, four.ines, bench.settings)) == []
        assert second.wish_for(session, four.ines, bench.settings, wish).deed is not None
        with pytest.raises(ConflictError, match="decided meanwhile"):
            second.sign(session, four.ines, bench.settings, wish, given, now=bench.now)
        for other, number in ((bench.sam, wish), (four.ines, wish + 1)):
            with pytest.raises(NotFoundError):
                second.wish_for(session, other, bench.settings, number)
        with pytest.raises(ForbiddenError):
            second.waiting_for(session, bench.facility.actors["maya"], bench.settings)


def test_she_refuses_with_a_sentence_that_who_asked_reads(four: Four) -> None:
    bench = four.bench
    wish = bench.ask(bench.keep())
    with bench.database.write() as session:
        with pytest.raises(InvalidError, match="why not"):
            second.refuse(session, four.ines, bench.settings, wish, " ", now=bench.now)
        second.refuse(session, four.ines, bench.settings, wish, "Say what it is for.", now=bench.now)
    assert (four.heard(), four.staged()) == ([("ines", "Say what it is for.")], [])
    with bench.database.read() as session:
        deed = session.scalars(select(ImageDeed)).one()
        assert (deed.done, deed.words, deed.by) == (False, "Say what it is for.", "ines")


LIES: dict[str, tuple[Callable[[Four, int], Assertion], str]] = {
    "another signer": (lambda four, wish: four.key.signs(four.challenge(wish, "sam")), "not this request"),
    "anything": (lambda four, wish: four.key.signs(b"x" * 32), "not this request"),
    "another key": (
        lambda four, wish: SoftKey(ORIGIN, credential=four.key.credential).signs(four.challenge(wish)),
        "not that of this key",
    ),
    "an unknown key": (lambda four, wish: SoftKey(ORIGIN).signs(four.challenge(wish)), "No operator enrolled"),
    "another portal": (
        lambda four, wish: four.key.signs(four.challenge(wish), rp_id="evil.org"),
        "not made for gantry.example.org",
    ),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_what_was_not_signed_for_this_stages_nothing(four: Four, lie: str) -> None:
    made, why = LIES[lie]
    wish = four.bench.ask(four.bench.keep())
    four.say(wish, made(four, wish))
    assert (four.heard(), four.staged()) == ([], [])
    [(counts, words)] = four.answers()
    assert not counts and why in words
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.heard(), four.staged()) == ([("ines", "")], ["cows"])


@pytest.mark.parametrize(
    "values",
    [{"digest": "sha256:" + "0" * 64}, {"name": "base"}, {"at": datetime(2026, 1, 1, tzinfo=UTC)}],
    ids=["digest", "name", "at"],
)
def test_what_was_signed_is_what_was_shown(four: Four, values: dict[str, Any]) -> None:
    """As if rows could be changed after she signed."""
    wish = four.bench.ask(four.bench.keep())
    four.say(wish, four.key.signs(four.challenge(wish)))
    with four.bench.database.write() as session:
        session.execute(update(ImageWish).values(values))
    assert (four.heard(), four.staged()) == ([], [])
    assert "not this request" in four.answers()[0][1]


def test_what_she_signed_for_one_request_counts_for_no_other(four: Four) -> None:
    bench, key = four.bench, four.key
    first = bench.ask(bench.keep())
    given = key.signs(four.challenge(first))
    four.say(first, given)
    assert four.heard() == [("ines", "")]
    again = bench.ask(bench.keep(raw=b"another"), "sheep")
    four.say(again, given)
    assert four.heard() == []
    assert "not this request" in four.answers()[1][1]


def test_nobody_signs_her_own_or_in_anothers_name(four: Four) -> None:
    bench, key = four.bench, SoftKey(ORIGIN)
    _enrol(four, bench.sam, key)
    wish = bench.ask(bench.keep())
    four.say(wish, key.signs(four.challenge(wish, "sam")), bench.sam)
    four.say(wish, key.signs(four.challenge(wish, "ines")))
    assert (four.heard(), four.staged()) == ([], [])
    assert [words for _, words in four.answers()] == [
        "Nobody signs off what she wrote or asked for herself.",
        "No operator enrolled this key for this person.",
    ]


@pytest.mark.parametrize("values", [{"roles": []}, {"active": False}])
def test_the_key_of_one_who_is_of_the_staff_no_longer_does_not_count(four: Four, values: dict[str, Any]) -> None:
    wish = four.bench.ask(four.bench.keep())
    with four.bench.database.write() as session:
        session.execute(update(Person).where(Person.name == "ines").values(values))
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.heard(), four.staged(), four.answers()) == ([], [], [(False, "ines is not of the staff.")])


def test_where_an_operator_signs_off_no_key_counts(four_of: Callable[..., Four]) -> None:
    four = four_of("operator")
    wish = four.bench.ask(four.bench.keep())
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.heard(), four.staged(), four.answers()) == ([], [], [(False, "An operator signs off here.")])
    with four.bench.database.read() as session:
        assert list(second.waiting_for(session, four.ines, four.bench.settings)) == []
        with pytest.raises(NotFoundError):
            second.wish_for(session, four.ines, four.bench.settings, wish)


def test_where_one_signs_oneself_it_takes_ones_own_key(four_of: Callable[..., Four]) -> None:
    four, key = four_of("oneself"), SoftKey(ORIGIN)
    bench = four.bench
    _enrol(four, bench.sam, key)
    wish = bench.ask(bench.keep())
    four.say(wish, four.key.signs(four.challenge(wish)))
    four.say(wish, key.signs(four.challenge(wish, "sam")), bench.sam)
    assert (four.heard(), four.staged()) == ([("sam", "")], ["cows"])
    assert four.answers()[0] == (False, "Who asked signs off here.")


def test_an_operator_may_be_first(four: Four) -> None:
    bench = four.bench
    wish = bench.ask(bench.keep())
    given = four.key.signs(four.challenge(wish))
    publisher.approve(bench.database, wish, by="root", now=bench.now)
    four.say(wish, given)
    assert four.heard() == []
    assert four.staged() == ["cows"]
    with bench.database.read() as session:
        assert session.scalars(select(ImageApproval.by)).one() == "root"


def test_what_she_says_without_an_answer_is_bounded(four: Four) -> None:
    bench = four.bench
    wish = bench.ask(bench.keep())
    given = four.key.signs(b"x" * 32)
    for _ in range(20):
        four.say(wish, given)
    with bench.database.write() as session, pytest.raises(LimitError):
        second.sign(session, four.ines, bench.settings, wish, given, now=bench.now + timedelta(seconds=1))
