"""Which statement a wish stands for, from its rows: the page shows it, the publisher makes it anew."""

from portal.drafts.revisions import RevisionWish
from portal.drafts.signoff.statement import Meant


def meant(wish: RevisionWish, signer: str) -> Meant:
    """What somebody signs who signs this wish off. `signer` is her sign-in name."""
    revision = wish.revision
    return Meant(
        request=wish.id,
        nonce=wish.nonce,
        asked_by=wish.person.name,
        name=revision.name,
        revision=revision.digest,
        audience=wish.audience,
        changed=wish.changed,
        signer=signer,
    )
