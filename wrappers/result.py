"""output/metadata.json: what the catalogue keeps of a result besides its files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from gantry_formats.limits import (
    MAX_CAPTION,
    MAX_METADATA_BYTES,
    MAX_NAME,
    MAX_NUMBER,
    MAX_PARAMETERS,
    MAX_PREVIEWS,
    MAX_SUMMARY,
    MAX_UNITS,
    MAX_VALUE,
    MAX_WARNING,
    MAX_WARNINGS,
)
from wrappers.io.picture import save_png
from wrappers.software import libraries

Role: TypeAlias = Literal["thumbnail", "preview"]


class Result:
    """Collects parameters, previews, warnings and the one-line summary of a result, and writes them at the end.

    Of what is more than a result may tell, the rest is left out, and the summary says so: nothing is refused once
    the work is done.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._parameters: dict[tuple[str, str], dict[str, object]] = {}
        self._previews: list[dict[str, object]] = []
        self._warnings: dict[str, None] = {}
        self._without: dict[str, int] = {"parameters": 0, "pictures": 0}

    @property
    def room_for_previews(self) -> int:
        """How many more pictures can be kept."""
        return MAX_PREVIEWS - len(self._previews)

    def parameter(self, name: str, value: float | int | str | bool, units: str = "") -> None:
        """Keep a parameter; a number that is not finite is left out, as JSON has no word for it.

        One that is larger than a result may tell is not kept either, and counted among what is not shown.
        """
        if isinstance(value, float) and not math.isfinite(value):
            return
        if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
            self._without["parameters"] += 1
            return
        name, units = _line(name, MAX_NAME), _line(units, MAX_UNITS)
        if isinstance(value, str):
            value = _line(value, MAX_VALUE)
        if len(self._parameters) >= MAX_PARAMETERS and (name, units) not in self._parameters:
            self._without["parameters"] += 1
            return
        self._parameters[name, units] = {"name": name, "value": value, "units": units}

    def preview(
        self,
        name: str,
        picture: np.ndarray,
        caption: str,
        role: Role = "preview",
        *,
        ends: tuple[float, float] | None = None,
        spans_um: tuple[float, float] | None = None,
    ) -> None:
        """Write `picture` (uint8, y x or y x 3) as previews/`name`.png, if there is room for it.

        `ends`: the values that are black and white, grey linear between them; `spans_um`: width and height of what
        it shows. Both let the portal draw it beside others; what is not known is left out.
        """
        if not self.room_for_previews:
            self._without["pictures"] += 1
            return
        folder = self._output / "previews"
        folder.mkdir(exist_ok=True)
        save_png(folder / f"{name}.png", picture)
        told: dict[str, object] = {
            "file": f"previews/{name}.png",
            "caption": _line(caption, MAX_CAPTION),
            "role": role,
        }
        if ends is not None and -MAX_NUMBER <= ends[0] < ends[1] <= MAX_NUMBER:
            told |= {"black": ends[0], "white": ends[1]}
        if spans_um is not None and all(0 < size <= MAX_NUMBER for size in spans_um):
            told |= {"width_um": spans_um[0], "height_um": spans_um[1]}
        self._previews.append(told)

    def warning(self, words: str) -> None:
        """Keep what makes the result doubtful, in a sentence or clause: its page, its card and the API show it.

        What was said before is kept once. Where there are too many, the last one says how many more there were.
        """
        if line := _line(words, MAX_WARNING):
            self._warnings[line] = None

    def pictures_left_out(self, count: int) -> None:
        """Say of so many pictures that there is no room for them."""
        self._without["pictures"] += count

    def write(self, summary: str) -> None:
        """Write output/metadata.json; where it would be too long, parameters are left out from the end."""
        parameters = list(self._parameters.values())
        while len(text := self._text(summary, parameters)) > MAX_METADATA_BYTES:
            kept = len(parameters) * MAX_METADATA_BYTES // (len(text) + 1)
            self._without["parameters"] += len(parameters) - kept
            parameters = parameters[:kept]
        (self._output / "metadata.json").write_bytes(text)

    def _text(self, summary: str, parameters: list[dict[str, object]]) -> bytes:
        without = [f"{count} more {what} not shown here" for what, count in self._without.items() if count]
        document = {
            "schema": 1,
            "parameters": parameters,
            "previews": self._previews,
            "warnings": self._said(),
            "software": libraries(),
            "summary": _line("; ".join([summary, *without]), MAX_SUMMARY),
        }
        return (json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()

    def _said(self) -> list[str]:
        said = list(self._warnings)
        if len(said) <= MAX_WARNINGS:
            return said
        return [*said[: MAX_WARNINGS - 1], f"and {len(said) - MAX_WARNINGS + 1} more warnings"]


def _line(text: str, most: int) -> str:
    """One printable line of at most `most` characters; names in files may hold anything."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    cleaned = " ".join("".join(c if c.isprintable() or c.isspace() else "�" for c in plain).split())
    return cleaned if len(cleaned) <= most else f"{cleaned[: most - 1]}…"
