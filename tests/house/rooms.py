"""Rooms and arrows: how many there are on each sheet, and where imports go round in circles.

Usage: rooms.py [FOLDER-OF-A-CHECKOUT]. A sheet shows the direct children of one package as rooms, and an arrow
from one to another where any module in it imports any module in the other. Exits 1 if modules import each other in
a circle that is not named here.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import grimp

PACKAGES = ("portal", "wrappers", "gantry_formats")
DEFENDED = (frozenset({"portal.jobtype.checks", "portal.jobtype.model"}),)
"""Circles that stay; docs/decisions says why."""


def sheet(graph: grimp.ImportGraph, package: str) -> tuple[int, int]:
    """Rooms and arrows among the direct children of a package."""
    arrows = drawn(graph, sorted(graph.find_children(package)))
    return len(arrows), sum(len(targets) for targets in arrows.values())


def drawn(graph: grimp.ImportGraph, rooms: Iterable[str]) -> dict[str, set[str]]:
    """From each room the rooms that it imports from."""
    room_of = {name: room for room in rooms for name in (room, *graph.find_descendants(room))}
    arrows: dict[str, set[str]] = {room: set() for room in room_of.values()}
    for name, room in room_of.items():
        imported = graph.find_modules_directly_imported_by(name)
        arrows[room] |= {room_of[other] for other in imported if other in room_of} - {room}
    return arrows


def circles(arrows: Mapping[str, set[str]]) -> Iterator[frozenset[str]]:
    """Strongly connected components of two or more, by Tarjan's algorithm without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    for start in sorted(arrows):
        if start in index:
            continue
        work = [(start, iter(sorted(arrows[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    work.append((target, iter(sorted(arrows[target]))))
                    break
                if target in stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    place = stack.index(node)
                    if len(stack) - place > 1:
                        yield frozenset(stack[place:])
                    del stack[place:]


def main(folder: str = ".") -> int:
    """Print the sheets and the circles."""
    sys.path.insert(0, str(Path(folder).resolve()))
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    modules = sorted(name for package in PACKAGES for name in graph.find_descendants(package))
    sheets = [*PACKAGES, *(name for name in modules if len(graph.find_children(name)) > 1)]
    for package in sheets:
        rooms, arrows = sheet(graph, package)
        print(f"{package}: {rooms} rooms, {arrows} arrows")
    whole = {name: graph.find_modules_directly_imported_by(name) & set(modules) for name in modules}
    found = sorted(circles(whole), key=sorted)
    for circle in found:
        print(f"circle{' (defended)' if circle in DEFENDED else ''}: {', '.join(sorted(circle))}")
    print(f"{len(modules)} modules, {sum(map(len, whole.values()))} imports, {len(found)} circles of modules")
    return 1 if set(found) - set(DEFENDED) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
