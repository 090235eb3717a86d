"""Files that options chose: each is one of the dataset that was opened, and goes along with the job."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.agent.jobtype import PublishedType
from portal.rpc.exchange import RefusedError

Opened = Mapping[str, Sequence[Mapping[str, Any]]]


def chosen_files(jobtype: PublishedType, options: Mapping[str, Any], opened: Opened) -> dict[str, dict[str, str]]:
    """Slot and name of each file that an option chose, by option. Raises RefusedError where there is none."""
    found = {}
    for name, option in jobtype.options.items():
        if option["type"] != "file" or name not in options:
            continue
        slot = option.get("slot") or next(iter(jobtype.slots), "")
        datasets = opened.get(slot, ())
        files = datasets[0]["files"] if len(datasets) == 1 else ()
        if not any(file["name"] == options[name] for file in files):
            raise RefusedError("option", f"The option {name} is no file of the dataset in the slot {slot}.")
        found[name] = {"slot": slot, "name": options[name]}
    return found


def names_in(chosen: Mapping[str, Mapping[str, str]], slot: str) -> frozenset[str]:
    """The names of the slot's files that were chosen."""
    return frozenset(one["name"] for one in chosen.values() if one["slot"] == slot)
