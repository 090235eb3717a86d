"""Where the publisher writes what was made in the browser, and whose files are believed there."""

import os
from dataclasses import dataclass
from pathlib import Path

PUBLISHED = "published"
"""What everybody may run, as the job types of root's own folder."""
DRAFTS = "drafts"
"""What is being tried: each file names the accounts that may."""


@dataclass(frozen=True)
class Registered:
    """The publisher's folder. `uid`: its account's; None: it is this very account, in the embedded default."""

    folder: Path
    uid: int | None = None

    def owners(self) -> frozenset[int]:
        """Whose files count: root's and the publisher's, and nobody else's, the person's own neither."""
        return frozenset({0, os.geteuid() if self.uid is None else self.uid})
