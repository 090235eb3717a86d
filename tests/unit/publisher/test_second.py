"""A second member of staff signs off with her key: what counts, and everything that the web tier could make up."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from soft_key import PRESENT, VERIFIED, SoftKey
from sqlalchemy import select, update

from portal.drafts.publishing import ask_to_retire
from portal.drafts.revisions import RevisionDeed, RevisionWish
from portal.drafts.signoff import keys, signing
from portal.drafts.signoff.meant import meant
from portal.drafts.signoff.models import Signoff, SignoffAnswer, SignoffKey, SignoffKeyOffer
from portal.drafts.signoff.webauthn import Assertion, Party, packed
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError
from portal.identity.models import Person
from portal.jobtype.offer.audience import Audience, To
from portal.publisher.keys import enrol, withdraw
from portal.publisher.work import approve, look

ORIGIN = "https://gantry.example.org"


@dataclass
class Four:
    """Four eyes: the desk, and Inês' key."""

    desk: Any
    key: SoftKey
    tried: bool = False

    def offer(self, person: Any = None, key: SoftKey | None = None, **lies: Any) -> str:
        """The code of a key that somebody made on her page."""
        desk, key = self.desk, key or self.key
        with desk.database.write() as session:
            party = Party(desk.settings.signoff_origin)
            return keys.offer_key(session, person or desk.ines, "Blue", key.made(**lies), party, now=desk.now)

    def enrol(self, person: Any = None, key: SoftKey | None = None) -> int:
        """The number of a key that an operator enrolled."""
        desk, code = self.desk, self.offer(person, key)
        name = (person or desk.ines).name
        return enrol(desk.database, desk.settings, name, code, by="root", now=desk.now).number

    def wish(self, **more: Any) -> int:
        """Sam asks that it is published."""
        if not self.tried:
            self.desk.tried(image="tools")
        self.tried = True
        return self.desk.ask_to_publish(**more)

    def challenge(self, wish: int, signer: str = "ines") -> bytes:
        """What the page has her sign."""
        with self.desk.database.read() as session:
            return meant(session.get_one(RevisionWish, wish), signer).challenge

    def say(self, wish: int, given: Assertion, person: Any = None) -> None:
        """As a web tier that was taken over writes it: without asking anything."""
        person = person or self.desk.ines
        with self.desk.database.write() as session:
            session.add(
                Signoff(
                    wish_id=wish,
                    person_id=person.person_id,
                    approves=True,
                    credential=packed(given.credential),
                    client_data=packed(given.client_data),
                    authenticator_data=packed(given.authenticator_data),
                    signature=packed(given.signature),
                    at=self.desk.now,
                )
            )

    def looked(self) -> list[str]:
        """What the publisher did, in words."""
        return [one.words for one in look(self.desk.database, self.desk.settings, now=self.desk.now)]

    def answers(self) -> list[tuple[bool, str]]:
        """What it found of what was said."""
        with self.desk.database.read() as session:
            found = session.scalars(select(SignoffAnswer).order_by(SignoffAnswer.id))
            return [(one.counts, one.words) for one in found]

    def files(self) -> list[str]:
        """What is published."""
        return [path.parent.name for path in self.desk.settings.registered_published.rglob("*.json")]


@pytest.fixture
def four_of(desk_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Four]:
    """Makes the site where somebody else signs off."""
    monkeypatch.setattr("portal.publisher.work.usable_images", lambda _settings: ["tools"])

    def make(**publisher: Any) -> Four:
        desk = desk_of(
            publish=False,
            web={"base_url": ORIGIN},
            publisher={"authors": ["sam"], "signs": "staff"} | publisher,
        )
        desk.write(image="tools")
        return Four(desk, SoftKey(ORIGIN))

    return make


@pytest.fixture
def four(four_of: Callable[..., Four]) -> Four:
    """The site, with Inês' key enrolled."""
    made = four_of()
    made.enrol()
    return made


@pytest.mark.parametrize("curve", ["P-256", "Ed25519"])
def test_what_a_second_member_of_staff_signs_is_published(four_of, curve):
    four = four_of()
    desk, four.key = four.desk, SoftKey(ORIGIN, curve)
    four.enrol()
    wish = four.wish()
    assert (four.looked(), four.files()) == ([], [])
    with desk.database.write() as session:
        assert [one.id for one in signing.waiting_for(session, desk.ines, desk.settings)] == [wish]
        assert list(signing.waiting_for(session, desk.sam, desk.settings)) == []
        given = four.key.signs(four.challenge(wish))
        signing.sign(session, desk.ines, desk.settings, wish, given, now=desk.now)
    assert (four.looked(), four.files()) == ([""], ["shrink"])
    assert four.answers() == [(True, "")]
    with desk.database.read() as session:
        assert session.scalars(select(RevisionDeed.by)).one() == "ines"
        assert session.scalars(select(SignoffKey.counter)).one() == four.key.counter
        assert list(signing.waiting_for(session, desk.ines, desk.settings)) == []
        with pytest.raises(ConflictError, match="decided meanwhile"):
            signing.sign(session, desk.ines, desk.settings, wish, given, now=desk.now)
        assert signing.wish_for(session, desk.ines, desk.settings, wish).deed.done
        for other, number in ((desk.sam, wish), (desk.ines, wish + 1)):
            with pytest.raises(NotFoundError):
                signing.wish_for(session, other, desk.settings, number)


def test_what_waits_is_looked_at_again_when_somebody_signed(four):
    desk, passed = four.desk, set()
    wish = four.wish()
    assert look(desk.database, desk.settings, now=desk.now, passed=passed) == []
    assert passed == {wish}
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert [one.words for one in look(desk.database, desk.settings, now=desk.now, passed=passed)] == [""]


def test_she_refuses_with_a_sentence(four):
    desk, wish = four.desk, four.wish()
    with desk.database.write() as session:
        with pytest.raises(InvalidError, match="why not"):
            signing.refuse(session, desk.ines, desk.settings, wish, " ", now=desk.now)
        signing.refuse(session, desk.ines, desk.settings, wish, "It names no contact.", now=desk.now)
    assert (four.looked(), four.files()) == (["It names no contact."], [])
    with desk.database.read() as session:
        assert session.scalars(select(RevisionDeed.by)).one() == "ines"


LIES = {
    "another request": (lambda four, wish: four.key.signs(four.challenge(four.wish())), "not this request"),
    "another signer": (lambda four, wish: four.key.signs(four.challenge(wish, "sam")), "not this request"),
    "anything": (lambda four, wish: four.key.signs(b"x" * 32), "not this request"),
    "another key": (
        lambda four, wish: SoftKey(ORIGIN, credential=four.key.credential).signs(four.challenge(wish)),
        "not that of this key",
    ),
    "an unknown key": (lambda four, wish: SoftKey(ORIGIN).signs(four.challenge(wish)), "No operator enrolled"),
    "another page": (
        lambda four, wish: four.key.signs(four.challenge(wish), origin="https://gantry.example.org.evil.org"),
        "not made on a page",
    ),
    "another page's frame": (
        lambda four, wish: four.key.signs(four.challenge(wish), crossOrigin=True),
        "not made on a page",
    ),
    "another portal": (
        lambda four, wish: four.key.signs(four.challenge(wish), rp_id="evil.org"),
        "not made for gantry.example.org",
    ),
    "a key that is made": (
        lambda four, wish: four.key.signs(four.challenge(wish), kind="create"),
        "cannot be read",
    ),
    "a signature cut short": (
        lambda four, wish: replace(four.key.signs(four.challenge(wish)), signature=b"\x30"),
        "not that of this key",
    ),
    "no client data": (
        lambda four, wish: replace(four.key.signs(four.challenge(wish)), client_data=b"[" * 6000),
        "cannot be read",
    ),
    "other data": (
        lambda four, wish: replace(four.key.signs(four.challenge(wish)), authenticator_data=b"\x01" * 37),
        "not made for",
    ),
    "half of it": (
        lambda four, wish: replace(four.key.signs(four.challenge(wish)), authenticator_data=b"\xff"),
        "cannot be read",
    ),
    "too much": (
        lambda four, wish: replace(four.key.signs(four.challenge(wish)), client_data=b" " * 9000),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_what_was_not_signed_for_this_publishes_nothing(four, lie):
    made, why = LIES[lie]
    wish = four.wish()
    four.say(wish, made(four, wish))
    assert (four.looked(), four.files()) == ([], [])
    [(counts, words)] = four.answers()
    assert not counts
    assert why in words
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.looked(), four.files()) == ([""], ["shrink"])


@pytest.mark.parametrize(
    "values",
    [
        {"audience": {"to": "everyone", "author": "sam", "ids": []}},
        {"changed": "Something else."},
        {"nonce": "0" * 32},
    ],
)
def test_what_was_signed_is_what_was_shown(four, values):
    """As if rows could be changed after she signed: another audience, sentence or word fits no longer."""
    wish = four.wish(to=Audience(To.MYSELF, "sam"))
    four.say(wish, four.key.signs(four.challenge(wish)))
    with four.desk.database.write() as session:
        session.execute(update(RevisionWish).values(values))
    assert (four.looked(), four.files()) == ([], [])
    assert "not this request" in four.answers()[0][1]


def test_a_signature_counts_once(four):
    """The same for a request of the same words: it has another number and nonce."""
    wish = four.wish()
    given = four.key.signs(four.challenge(wish))
    four.say(wish, given)
    assert four.looked() == [""]
    again = four.desk.ask_to_publish()
    four.say(again, given)
    assert four.looked() == []
    assert four.answers()[1] == (
        False,
        "What was signed is not this request. Look at it again and sign what stands there now.",
    )


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, 0])
def test_a_key_that_did_not_ask_who_uses_it_does_not_count(four, flags):
    wish = four.wish()
    four.key.flags = flags
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert four.looked() == []
    assert "a PIN or a fingerprint" in four.answers()[0][1]


def test_nobody_signs_what_is_her_own(four):
    """With a key that is enrolled and a signature that is right: as author, and as the one who asked."""
    desk, key = four.desk, SoftKey(ORIGIN)
    four.enrol(desk.sam, key)
    wish = four.wish()
    four.say(wish, key.signs(four.challenge(wish, "sam")), desk.sam)
    with desk.database.write() as session:
        session.execute(update(RevisionWish).values(person_id=desk.ines.person_id))
        audience = Audience(To.EVERYONE, "ines").document()
        session.execute(update(RevisionWish).values(audience=audience))
    four.say(wish, key.signs(four.challenge(wish, "sam")), desk.sam)
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.looked(), four.files()) == ([], [])
    assert [words for _, words in four.answers()] == ["Nobody signs off what she wrote or asked for herself."] * 3


def test_nobody_signs_in_anothers_name(four):
    """Her key, said to be somebody else's."""
    desk = four.desk
    wish = four.wish()
    with desk.database.write() as session:
        other = Person(name="noa", full_name="Noa", roles=["staff"], created=desk.now)
        session.add(other)
        session.flush()
        noa = other.actor()
    four.say(wish, four.key.signs(four.challenge(wish, "noa")), noa)
    assert four.looked() == []
    assert "for this person" in four.answers()[0][1]


@pytest.mark.parametrize("values", [{"roles": []}, {"active": False}])
def test_the_key_of_one_who_is_of_the_staff_no_longer_does_not_count(four, values):
    wish = four.wish()
    with four.desk.database.write() as session:
        session.execute(update(Person).where(Person.name == "ines").values(values))
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.looked(), four.files()) == ([], [])
    assert four.answers() == [(False, "ines is not of the staff.")]


def test_a_key_that_is_withdrawn_does_not_count_and_is_not_enrolled_again(four):
    desk, wish = four.desk, four.wish()
    with desk.database.read() as session:
        number = session.scalars(select(SignoffKey.id)).one()
    withdraw(desk.database, number, by="root", now=desk.now)
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.looked(), four.answers()) == ([], [(False, "This key is withdrawn.")])
    with pytest.raises(ConflictError):
        withdraw(desk.database, number, by="root", now=desk.now)
    with pytest.raises(ConflictError, match="known already"):
        four.offer()
    with pytest.raises(NotFoundError):
        withdraw(desk.database, 99, by="root", now=desk.now)


@pytest.mark.parametrize("counter", [0, 1, 5])
def test_a_key_that_counts_back_may_be_a_copy(four, counter):
    first = four.wish()
    four.key.counter = 5
    four.say(first, four.key.signs(four.challenge(first)))
    assert four.looked() == [""]
    wish = four.desk.ask_to_publish()
    four.key.counter = counter
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert four.looked() == []
    assert "there may be a copy" in four.answers()[-1][1]


def test_a_key_that_does_not_count_is_taken(four_of):
    four = four_of()
    four.key.counter = 0
    four.enrol()
    for _ in range(2):
        wish = four.wish()
        four.say(wish, four.key.signs(four.challenge(wish)))
        assert four.looked() == [""]


def test_a_key_that_the_web_tier_offers_counts_for_nothing_until_it_is_enrolled(four_of):
    four = four_of()
    desk, wish = four.desk, four.wish()
    code = four.offer()
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert four.looked() == []
    assert "No operator enrolled" in four.answers()[0][1]
    with pytest.raises(NotFoundError):
        enrol(desk.database, desk.settings, "ines", "AAAA-AAAA-AAAA-AAAA", by="root", now=desk.now)
    with pytest.raises(NotFoundError):
        enrol(desk.database, desk.settings, "sam", code, by="root", now=desk.now)
    with pytest.raises(ConflictError, match="not of the staff"):
        enrol(desk.database, desk.settings, "maya", code, by="root", now=desk.now)
    with pytest.raises(NotFoundError):
        late = desk.now + timedelta(days=8)
        enrol(desk.database, desk.settings, "ines", code, by="root", now=late)
    typed = code.lower().replace("-", " ")
    assert enrol(desk.database, desk.settings, "ines", typed, by="root", now=desk.now).code == code
    with pytest.raises(ConflictError):
        enrol(desk.database, desk.settings, "ines", code, by="root", now=desk.now)


def test_a_key_that_is_put_in_the_place_of_hers_has_another_code(four_of):
    """The row may say what it likes: the publisher works the code out from the key that would be enrolled."""
    four = four_of()
    desk, code = four.desk, four.offer()
    client_data, attestation = SoftKey(ORIGIN, credential=four.key.credential).made()
    with desk.database.write() as session:
        session.execute(update(SignoffKeyOffer).values(client_data=client_data, attestation=attestation))
    with pytest.raises(NotFoundError):
        enrol(desk.database, desk.settings, "ines", code, by="root", now=desk.now)


@pytest.mark.parametrize(
    ("lies", "why"),
    [
        ({"rp_id": "evil.org"}, "not made for"),
        ({"origin": "http://gantry.example.org"}, "not made on a page"),
        ({"type": "webauthn.get"}, "cannot be read"),
    ],
)
def test_a_key_that_was_not_made_for_this_portal_is_not_taken(four_of, lies, why):
    with pytest.raises(InvalidError, match=why):
        four_of().offer(**lies)


def test_so_many_keys_are_made_and_by_staff_alone(four_of):
    four = four_of()
    desk = four.desk
    with pytest.raises(ForbiddenError):
        four.offer(desk.facility.actors["maya"])
    for _ in range(keys.MOST_OFFERED):
        four.offer(key=SoftKey(ORIGIN))
    with pytest.raises(LimitError):
        four.offer(key=SoftKey(ORIGIN))


@pytest.mark.parametrize("text", ["", "[]", "a" * 20000, "\u00e4", "AAAA", "oA", "gICAgICA"])
def test_what_is_no_key_is_told_so(four_of, text):
    desk = four_of().desk
    party = Party(ORIGIN)
    good = SoftKey(ORIGIN).made()
    for client_data, attestation in ((text, good[1]), (good[0], text)):
        with desk.database.write() as session, pytest.raises(InvalidError, match="cannot be read"):
            keys.offer_key(session, desk.ines, "Blue", (client_data, attestation), party, now=desk.now)


def test_where_an_operator_signs_off_no_key_does(four_of):
    four = four_of(signs="operator")
    desk = four.desk
    four.enrol()
    wish = four.wish()
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.looked(), four.answers()) == ([], [(False, "An operator signs off here.")])
    with desk.database.read() as session:
        assert list(signing.waiting_for(session, desk.ines, desk.settings)) == []
    assert approve(desk.database, desk.settings, wish, by="root", now=desk.now).done


def test_an_operator_signs_off_in_any_case(four):
    wish = four.wish()
    assert approve(four.desk.database, four.desk.settings, wish, by="root", now=four.desk.now).done
    assert four.files() == ["shrink"]


def test_oneself_needs_ones_own_key_where_accounts_are_several(four_of):
    four = four_of(signs="oneself")
    desk, key = four.desk, SoftKey(ORIGIN)
    four.enrol()
    four.enrol(desk.sam, key)
    wish = four.wish()
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert (four.looked(), four.answers()) == ([], [(False, "Who asked signs off here.")])
    four.say(wish, key.signs(four.challenge(wish, "sam")), desk.sam)
    assert (four.looked(), four.files()) == ([""], ["shrink"])


def test_retiring_needs_nobody(four):
    wish = four.wish()
    four.say(wish, four.key.signs(four.challenge(wish)))
    assert four.looked() == [""]
    with four.desk.database.write() as session:
        ask_to_retire(session, four.desk.ines, "shrink", now=four.desk.now)
    assert four.looked() == [""]


def test_what_is_beyond_the_bounds_is_refused_though_it_is_signed(four_of):
    four = four_of(memory_mb=512)
    four.enrol()
    wish = four.wish()
    four.say(wish, four.key.signs(four.challenge(wish)))
    [words] = four.looked()
    assert "memory_mb" in words
    assert four.files() == []
