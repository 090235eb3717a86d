"""Keys that sign off and what they signed. The web tier adds offers and sign-offs; the rest is the publisher's."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from portal.db import Base
from portal.drafts.revisions import LONGEST_CHANGED, RevisionWish
from portal.identity.models import Person

LONGEST_LABEL = 60


class SignoffKeyOffer(Base):
    """A key that a person made on her page. It counts for nothing until an operator enrols it by its code."""

    __tablename__ = "signoff_key_offer"
    __table_args__ = (Index("ix_signoff_key_offer_person", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    label: Mapped[str] = mapped_column(String(LONGEST_LABEL))
    """What she calls it."""
    client_data: Mapped[str] = mapped_column(Text)
    """What the browser and the key answered, in base64url: no more is kept than was sent."""
    attestation: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class SignoffKey(Base):
    """A key that an operator enrolled. The publisher alone writes these rows."""

    __tablename__ = "signoff_key"
    __table_args__ = (Index("ix_signoff_key_person", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    label: Mapped[str] = mapped_column(String(LONGEST_LABEL))
    code: Mapped[str] = mapped_column(String(19))
    """By which the operator knew it."""
    credential: Mapped[str] = mapped_column(String(1400), unique=True)
    """The key's own name, in base64url."""
    public_key: Mapped[str] = mapped_column(Text)
    """COSE, in base64url."""
    counter: Mapped[int] = mapped_column(BigInteger)
    """How often it signed, as it says itself; 0 of keys that do not count."""
    enrolled: Mapped[datetime]
    enrolled_by: Mapped[str] = mapped_column(String(255))
    withdrawn: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(255), default="")
    person: Mapped[Person] = relationship()


class Spoken:
    """The columns of what a person says about a wish: yes, signed with her key, or no, with a reason."""

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    approves: Mapped[bool]
    words: Mapped[str] = mapped_column(String(LONGEST_CHANGED), default="")
    """Why not; empty where she approves."""
    credential: Mapped[str] = mapped_column(Text, default="")
    client_data: Mapped[str] = mapped_column(Text, default="")
    authenticator_data: Mapped[str] = mapped_column(Text, default="")
    signature: Mapped[str] = mapped_column(Text, default="")
    """What the browser and the key answered, in base64url; empty where she refuses."""
    at: Mapped[datetime]

    @declared_attr
    def person(self) -> Mapped[Person]:
        """Who says it."""
        return relationship(Person)


class Found:
    """The columns of what the publisher found of that."""

    id: Mapped[int] = mapped_column(primary_key=True)
    counts: Mapped[bool]
    words: Mapped[str] = mapped_column(Text)
    """Why it does not count; empty where it does."""
    at: Mapped[datetime]


class Signoff(Spoken, Base):
    """What a second person says about a wish to publish."""

    __tablename__ = "signoff"
    __table_args__ = (Index("ix_signoff_wish", "wish_id"),)

    wish_id: Mapped[int] = mapped_column(ForeignKey("revision_wish.id"))
    wish: Mapped[RevisionWish] = relationship()
    answer: Mapped[SignoffAnswer | None] = relationship(back_populates="signoff")


class SignoffAnswer(Found, Base):
    """What the publisher found of a sign-off: one answer for each, so that each is looked at once."""

    __tablename__ = "signoff_answer"

    signoff_id: Mapped[int] = mapped_column(ForeignKey("signoff.id"), unique=True)
    signoff: Mapped[Signoff] = relationship(back_populates="answer")
