"""The report of an exercise, for people: numbers first, then what disagrees, then what is worth knowing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.chaos.checker import Finding


def lines(found: Finding) -> list[str]:
    """What the checker found."""
    verdict = f"{len(found.disagreements)} disagreements"
    numbers = f"attempts {found.attempts}, starts {found.starts}, registered results {found.registered}"
    printed = [
        f"jobs {found.jobs} (in {found.arrays} arrays and singly), {numbers}, {verdict}",
        "jobs by state: " + ", ".join(f"{number} {state}" for state, number in sorted(found.states.items())),
        "verdicts met (Slurm's last word × result.json → what the attempt came to):",
        *(f"  {number:5}  {cell}" for cell, number in found.cells.items()),
    ]
    for title, entries in (
        ("Disagreements", found.disagreements),
        ("Runaways, forgotten jobs and taken-back words of Slurm's, and what the portal did", found.forgotten),
        ("Worth knowing", found.notes),
    ):
        printed.append(f"{title}: {len(entries) or 'none'}")
        printed += [f"  {entry}" for entry in entries]
    return printed


def of_exercise(facts: Mapping[str, Any], faults: Sequence[Mapping[str, Any]], found: Finding) -> list[str]:
    """The whole report."""
    tried = Counter(fault["kind"] for fault in faults)
    worked = Counter(fault["kind"] for fault in faults if fault["effect"])
    asked = f"{facts['jobs']} separate jobs and {facts['batches']} batches of {facts['sizes']}"
    return [
        f"Chaos: seed {facts['seed']}, {asked}: {facts['tasks']} jobs in all",
        f"{facts['seconds']:.0f} s, of which {facts['span']:.0f} s of submission; load {facts['load']}",
        f"requests repeated: {facts['repeats']}; withdrawals that the portal took: {facts['withdrawn']}",
        "faults that broke something, of those tried: "
        + ", ".join(f"{kind} {worked[kind]}/{tried[kind]}" for kind in sorted(tried)),
        f"nodes that Slurm drained by itself: {len(facts['resumed']) or 'none'}",
        *(f"  {words}" for words in facts["resumed"]),
        *lines(found),
        "Faults, in order (seconds from the beginning):",
        *(f"  {fault['began']:7.1f} to {fault['ended']:7.1f}  {fault['what']}" for fault in faults),
    ]
