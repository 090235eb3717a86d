"""Analyses that staff make, over the API: drafts, trials, what is published. Part of the client."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.client.http import Connection, Document, segment


class Drafts(Connection):
    """The verbs of drafts."""

    def drafts(self) -> list[Document]:
        """One's own drafts and those shared with one, what was changed last first."""
        return list(self.get("drafts")["items"])

    def draft(self, draft: int) -> Document:
        """One draft: its text, version and stage, what is wrong with it, what was asked and answered."""
        return self.get(f"drafts/{int(draft)}")

    def make_draft(
        self,
        *,
        text: str | None = None,
        copy: str | None = None,
        title: str | None = None,
        pasted: str | None = None,
    ) -> Document:
        """A new draft: of a text, as a copy of an analysis, or of a title and a command."""
        given = {"text": text, "copy": copy, "title": title, "pasted": pasted}
        return self.call("POST", "drafts", json={name: one for name, one in given.items() if one is not None})

    def save_draft(self, draft: int, text: str, version: int) -> Document:
        """Save a draft over that version. Raises ConflictError where somebody saved since."""
        return self.call("PUT", f"drafts/{int(draft)}", json={"text": text, "version": version}, repeat=True)

    def undo_draft(self, draft: int, version: int) -> Document:
        """The draft as it was before its last change."""
        return self.call("POST", f"drafts/{int(draft)}/undo", json={"version": version})

    def throw_draft_away(self, draft: int) -> None:
        """Off every list."""
        self.call("DELETE", f"drafts/{int(draft)}")

    def take_draft_back(self, draft: int) -> Document:
        """A draft that was thrown away stands in the lists again."""
        return self.call("POST", f"drafts/{int(draft)}/take-back", repeat=True)

    def share_draft(self, draft: int, person: str) -> Document:
        """Somebody of the staff sees and changes it from now on."""
        return self.call("POST", f"drafts/{int(draft)}/readers", json={"person": person}, repeat=True)

    def unshare_draft(self, draft: int, person: int) -> Document:
        """She sees it no longer; `person`: her number among `readers`."""
        return self.call("DELETE", f"drafts/{int(draft)}/readers/{int(person)}", repeat=True)

    def check_text(self, text: str) -> Document:
        """What is wrong with a text, at line and column; nothing is kept."""
        return self.call("POST", "drafts/check", json={"text": text}, repeat=True)

    def analysis_text(self, of: str) -> Document:
        """The YAML of `12`, `12@3`, `qc` or `qc@4f1c0a`; see the API."""
        return self.get("drafts/text", {"of": of})

    def diff(self, before: str, after: str) -> Document:
        """Two such texts beside each other: `fields` in words, `lines` of YAML."""
        return self.get("drafts/diff", {"before": before, "after": after})

    def ask_to_try(self, draft: int) -> Document:
        """Ask that this person may run the draft's very text."""
        return self.call("POST", f"drafts/{int(draft)}/ask-to-try", repeat=True)

    def draft_form(self, draft: int, form: Mapping[str, Any] | None = None) -> Document:
        """The draft's form with these values, and what is wrong with them; nothing is started."""
        return self.call("POST", f"drafts/{int(draft)}/form", json=dict(form or {}), repeat=True)

    def try_draft(self, draft: int, form: Mapping[str, Any], *, key: str | None = None) -> Document:
        """Run it: `{"inputs": {"data": [12]}, "options": {…}}`; the submission."""
        headers = {"Idempotency-Key": key} if key else {}
        place = f"drafts/{int(draft)}/trials"
        return self.call("POST", place, json=dict(form), headers=headers, repeat=key is not None)

    def example(self, draft: int) -> Document:
        """The example picture of the draft's text as it is now, and those from which to choose."""
        return self.get(f"drafts/{int(draft)}/example")

    def choose_example(self, draft: int, picture: int | None, *, earlier: bool = False) -> Document:
        """Keep one of those that are offered, or the earlier revision's; neither: none."""
        body = {"picture": None if picture is None else int(picture), "earlier": earlier}
        return self.call("PUT", f"drafts/{int(draft)}/example", json=body, repeat=True)

    def audiences(self) -> Document:
        """The instruments to whose scientists one may publish."""
        return self.get("drafts/audiences")

    def ask_to_publish(
        self,
        draft: int,
        to: str | None,
        changed: str,
        *,
        ids: Sequence[int] = (),
        narrow: bool = False,
        over: bool = False,
    ) -> Document:
        """Ask that it is published: to `myself`, `everyone`, or `instruments` or `experiments` by their ids.

        None: to whom it is on offer now. Where somebody would lose it, that is refused unless `narrow` says that
        it is meant; where it would replace what somebody else published, unless `over` does.
        """
        body = {"to": to, "ids": [int(one) for one in ids], "changed": changed}
        meant = {"narrow": narrow, "over": over}
        return self.call("POST", f"drafts/{int(draft)}/publish", json={**body, **meant})

    def waiting(self) -> list[Document]:
        """What waits for a second person, and this one could sign off or refuse; the oldest first."""
        return list(self.get("drafts/waiting")["items"])

    def refuse(self, request: int, why: str) -> Document:
        """Refuse what waits, in a sentence that who asked reads."""
        return self.call("POST", f"drafts/waiting/{int(request)}/refuse", json={"why": why})

    def history(self, name: str) -> Document:
        """What was published and retired under a name, newest first."""
        return self.get(f"analyses/{segment(name)}/history")

    def publish_again(self, name: str, revision: str, changed: str, *, narrow: bool = False) -> Document:
        """Ask to go back to a revision, for whom it was then; `narrow` as of `ask_to_publish`."""
        body = {"revision": revision, "changed": changed, "narrow": narrow}
        return self.call("POST", f"analyses/{segment(name)}/publish-again", json=body)

    def ask_to_retire(self, name: str) -> Document:
        """Ask that nobody can start it any more."""
        return self.call("POST", f"analyses/{segment(name)}/retire")

    def keep(self, job: str | int) -> Document:
        """Have the results of a draft's trial stand among the others."""
        return self.call("POST", f"jobs/{segment(job)}/keep", repeat=True)
