"""A store that runs as a process of its own, on an attempt that left an output."""

import uuid
from pathlib import Path

import pytest

from portal.store.client import Keep, Refusal, StoreClient, StoredResult, local_command


class Place:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.results, self.scratch = path / "results", path / "scratch"
        self.results.mkdir()
        self.attempt = str(uuid.uuid4())
        self.output = self.scratch / self.attempt / "output"
        (self.output / "previews").mkdir(parents=True)
        (self.output / "result.h5").write_bytes(b"deconvolved")
        (self.output / "metadata.json").write_bytes(b"{}")
        (self.output / "previews" / "xy.png").write_bytes(b"png")
        self.outside = path / "outside"
        self.outside.mkdir()
        (self.outside / "secret").write_bytes(b"of another person")
        self.config = {"results": str(self.results), "scratch": str(self.scratch)}
        self.client = self.limited()

    def limited(self, **limits: int) -> StoreClient:
        return StoreClient(local_command(), self.config | limits, timeout_s=60)

    def wish(self, **changes: object) -> Keep:
        values = {"job": 42, "output": "result", "attempt": self.attempt, "destination": "visit-1/J-1042"}
        return Keep(**(values | changes))

    def keep(self, **changes: object) -> StoredResult | Refusal:
        [answer] = self.client.keep([self.wish(**changes)])
        return answer

    def empty(self) -> bool:
        """Nothing but the store's own folders, and nothing left in those."""
        names = {path.name for path in self.results.iterdir()}
        left = [path for path in (self.results / ".incoming").iterdir() if not path.name.endswith(".lock")]
        return names <= {".incoming", ".index"} and not left


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
