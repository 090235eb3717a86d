"""Whether publishing replaces what somebody else has on offer under the name: said, and never done by accident."""

from sqlalchemy.orm import Session

from portal.drafts.models import Draft
from portal.drafts.past import concerns, history, on_offer
from portal.errors import ConflictError
from portal.identity.actor import Actor


class ReplacedError(ConflictError):
    """Somebody else's would be replaced. `said` tells whose; the message says how that is confirmed, too."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(f'{said} Nothing was asked for. Where that is meant, say so: "over": true, or --over.')


def check_replaces_nobodys(session: Session, actor: Actor, draft: Draft, name: str) -> None:
    """Raises ReplacedError where publishing would replace what another person has on offer."""
    told = replacing(session, actor, draft, name)
    if told:
        raise ReplacedError(told)


def replacing(session: Session, actor: Actor, draft: Draft, name: str) -> str:
    """Whose is on offer under this name, in a sentence; empty where it is one's own, or the draft began as it.

    A draft that began as an earlier revision would take back what the newer one changed: said, too.
    """
    offered = on_offer(session, name)
    if offered is None or actor.person_id in {offered.person_id, offered.revision.author_id}:
        return ""
    if draft.based_on == offered.revision.digest:
        return ""
    if not concerns(actor, offered):  # who has it alone is not named
        return f"Under the name {name} stands what somebody else of the staff has alone: it would be replaced."
    who = offered.person.full_name or offered.person.name
    if any(one.revision.digest == draft.based_on for one in history(session, name)):
        return f"This draft began as an earlier revision. {who} published another one since: it would be replaced."
    return f"Under the name {name} stands what {who} published: it would be replaced."
