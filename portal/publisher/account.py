"""The number of the Unix account as which a person's jobs run."""

import os
import pwd

from portal.agent.backend import FIRST_PERSON_UID, NOBODY_UID
from portal.config import Settings
from portal.errors import ConflictError


def uid_of(settings: Settings, person: str) -> int:
    """The uid that a draft names for this person. Raises ConflictError where she has no account of a person's."""
    account = settings.account_of(person)
    if account is None:
        return os.geteuid()  # all jobs run as the portal's own account, the embedded default
    try:
        uid = pwd.getpwnam(account).pw_uid
    except KeyError:
        raise ConflictError(f"The cluster does not know the account {account} of {person}.") from None
    if uid < FIRST_PERSON_UID or uid == NOBODY_UID:
        raise ConflictError(f"The account {account} of {person} is no person's.")
    return uid
