"""People who sign in, their sessions and their tokens. What they own is the catalogue's business."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.audit.who import ITSELF, Origin
from portal.db import Base
from portal.identity.actor import Actor, known_roles


class Person(Base):
    """Somebody who can sign in. `name` equals the catalogue's User.name."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    full_name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(255))
    password_hash: Mapped[str | None] = mapped_column(String(255), deferred=True)
    """argon2id; None for those who sign in elsewhere. Loaded only where somebody signs in: not the daemon's."""
    roles: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)
    blurb: Mapped[str | None] = mapped_column(String(255))
    """One line about a demo persona."""
    created: Mapped[datetime]
    identities: Mapped[list["Identity"]] = relationship(back_populates="person", cascade="all, delete-orphan")

    def actor(self, origin: Origin = ITSELF) -> Actor:
        """This person as services see her; `origin` is how she came in."""
        return Actor(self.id, self.name, self.full_name, known_roles(self.roles), origin)


class Identity(Base):
    """A sign-in elsewhere, identified by issuer and subject, never by an e-mail address."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    person: Mapped[Person] = relationship(back_populates="identities")


class WebSession(Base):
    """A browser's sign-in. The cookie holds a random token; here lies only its SHA-256."""

    __tablename__ = "web_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime]
    last_seen: Mapped[datetime]
    expires: Mapped[datetime]
    person: Mapped[Person] = relationship()


class KeptForm(Base):
    """A form that met no sign-in any more, for the person who had filled it in and for nobody else."""

    __tablename__ = "kept_form"
    __table_args__ = (Index("ix_kept_form_person", "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    path: Mapped[str] = mapped_column(String(500))
    """Where it was sent to."""
    fields: Mapped[list[list[str]]] = mapped_column(default=list)
    """Names and values in their order, without passwords and tokens."""
    created: Mapped[datetime]
    expires: Mapped[datetime]


class ApiToken(Base):
    """A personal token for the API and the command line. Only its SHA-256 is kept."""

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_person", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(12))
    """The first characters, so that a person can tell her tokens apart."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(default=list)
    """`read`, `submit`, `ingest`."""
    created: Mapped[datetime]
    expires: Mapped[datetime]
    last_used: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
    person: Mapped[Person] = relationship()


class SignInAttempt(Base):
    """A failed sign-in, counted to slow guessing down across web processes."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_name_at", "name", "at"),
        Index("ix_sign_in_attempt_address_at", "address", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class DeviceRequest(Base):
    """A program without a browser that asks to be signed in (RFC 8628). Only SHA-256 of its two codes are kept."""

    __tablename__ = "device_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    """What the token is for, as the program says: usually its computer's name."""
    scopes: Mapped[list[str]] = mapped_column(default=list)
    days: Mapped[int]
    address: Mapped[str] = mapped_column(String(64))
    """Where the program asked from."""
    state: Mapped[str] = mapped_column(String(16))
    """`waiting`, `allowed`, `denied`, `used`."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    """Who allowed or denied it."""
    created: Mapped[datetime]
    expires: Mapped[datetime]
    interval_s: Mapped[int]
    last_asked: Mapped[datetime | None]
    person: Mapped[Person | None] = relationship()
