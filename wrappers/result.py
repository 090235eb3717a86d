"""output/metadata.json: what the catalogue keeps of a result besides its files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from wrappers.io.picture import save_png

Role: TypeAlias = Literal["thumbnail", "preview"]


class Result:
    """Collects parameters, previews and the one-line summary of a result, and writes them at the end."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._parameters: list[dict[str, object]] = []
        self._previews: list[dict[str, str]] = []

    def parameter(self, name: str, value: float | int | str | bool, units: str = "") -> None:
        """Keep a parameter; a number that is not finite is left out, as JSON has no word for it."""
        if isinstance(value, float) and not math.isfinite(value):
            return
        self._parameters.append({"name": name, "value": value, "units": units})

    def preview(
        self,
        name: str,
        picture: np.ndarray,
        caption: str,
        role: Role = "preview",
    ) -> None:
        """Write `picture` (uint8, y x or y x 3) as previews/`name`.png."""
        folder = self._output / "previews"
        folder.mkdir(exist_ok=True)
        save_png(folder / f"{name}.png", picture)
        self._previews.append({"file": f"previews/{name}.png", "caption": caption, "role": role})

    def write(self, summary: str) -> None:
        """Write output/metadata.json."""
        document = {
            "schema": 1,
            "parameters": self._parameters,
            "previews": self._previews,
            "summary": summary,
        }
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        (self._output / "metadata.json").write_text(text + "\n", encoding="utf-8")
