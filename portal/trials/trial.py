"""A trial as it is asked for, and as a submission keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """Which option is to be tried, over which raw values, on which part of the dataset."""

    option: str
    values: Sequence[Any]
    crop: Mapping[str, Any] = field(default_factory=dict)
    """Raw values of options that limit the work; one that is missing is as the usual part has it."""
    whole: bool = False
    """On the whole dataset each time, whatever stands in `crop`."""
    datasets: Sequence[int] = ()
    """All datasets for which the value is looked for; the one that it is tried on is among the form's inputs."""
    title: str = ""
    """The name that was typed for what is run with the value that will be picked."""
    mode: str = ""
    """Likewise, whether that is a job for each dataset or one over all; empty where there is no choice."""

    def document(self) -> dict[str, Any]:
        """The same as JSON types, for the digest of a request."""
        document: dict[str, Any] = {
            "option": self.option,
            "values": list(self.values),
            "crop": dict(self.crop),
            "whole": self.whole,
            "datasets": list(self.datasets),
        }
        kept = {"title": self.title, "mode": self.mode}
        return document | {name: text for name, text in kept.items() if text}


@dataclass(frozen=True)
class Trial:
    """What a submission keeps of it. The values stand in its jobs' options."""

    option: str
    crop: Mapping[str, Any]
    """Typed values of the options that limited the work; empty: each ran on the whole dataset."""
    options: Mapping[str, Any]
    """The form as it was typed, without the value that was tried and without the part."""
    datasets: tuple[int, ...]
    """All datasets for which the value was looked for."""
    title: str = ""
    """The name that was typed for what is run with the value that is picked."""
    mode: str = ""
    """Likewise `each` or `all`; empty where there was no choice."""

    def document(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {
            "option": self.option,
            "crop": dict(self.crop),
            "options": dict(self.options),
            "datasets": list(self.datasets),
            "title": self.title,
            "mode": self.mode,
        }

    @staticmethod
    def of(document: Mapping[str, Any]) -> "Trial":
        """From what `document` gave."""
        return Trial(
            document["option"],
            document["crop"],
            document["options"],
            tuple(map(int, document["datasets"])),
            document.get("title", ""),  # what was tried before these were kept has none
            document.get("mode", ""),
        )
