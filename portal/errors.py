"""The few errors that services raise.

Each carries a sentence for people, may carry details for the technical view, and says whether the same
call can succeed later without anybody changing anything (`retry`). One table in `web/errors.py` turns them
into HTTP, one in `cli/errors.py` into exit codes.
"""

from collections.abc import Mapping


class PortalError(Exception):
    """Something that a person or a calling program must be told. `str(error)` is the sentence."""

    retry = False
    form: int | None = None
    """Which of several forms that came together it is about, counted from 0; None: not about one."""

    def __init__(self, message: str, *, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class NotFoundError(PortalError):
    """It does not exist, or this person may not know that it does. The two are never told apart."""


class ForbiddenError(PortalError):
    """The person is known and may see the thing, but may not do this to it."""


class SignInNeededError(PortalError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""


class InvalidError(PortalError):
    """Input that cannot be accepted. `fields` maps a field's name to what is wrong there."""

    def __init__(
        self, message: str, *, fields: Mapping[str, str] | None = None, detail: str | None = None
    ) -> None:
        super().__init__(message, detail=detail)
        self.fields: dict[str, str] = dict(fields or {})


class UnreadableError(PortalError):
    """What was sent cannot be read at all: broken, or beyond the bounds of what is read."""


class ConflictError(PortalError):
    """The thing has changed or is in a state in which this cannot be done."""


class LimitError(PortalError):
    """A quota, budget or rate would be passed."""


class UnavailableError(PortalError):
    """A part that is needed (database, scheduler, file system, agent) does not answer now."""

    retry = True


class UnsafeFileError(PortalError):
    """A file that a person could have written is not what it claims: a link, a device, another's, changed."""


class ConfigError(PortalError):
    """A setting or an operator's file is wrong. The message names the file and the key."""
