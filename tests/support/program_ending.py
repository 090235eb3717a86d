"""How a program of a node ended, and where its files lie."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ending:
    """What it left: its exit code, what it wrote, and its folder."""

    code: int
    words: str
    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def metadata(self) -> dict[str, Any]:
        return dict(json.loads((self.output / "metadata.json").read_text(encoding="utf-8")))

    @property
    def parameters(self) -> dict[str, Any]:
        return {entry["name"]: entry["value"] for entry in self.metadata["parameters"]}

    @property
    def warned(self) -> str:
        """What it says makes its result doubtful."""
        return "; ".join(self.metadata["warnings"])

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]
