"""Which tests a change can reach: `reach.py [BASE]` prints a path a line; what is unsure is reached.

The change is everything that differs from BASE (a commit, HEAD unless one is named), new files among it. Python is
followed by its imports, in the packages by import-linter's graph, in the tests by their own text (modules that are
named as words, as for `python -m`, count as imported). Other files reach what the table says.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ("portal", "wrappers", "gantry_formats")
SETUPS = ("setup.py", "wrappers/setup.py", "gantry_formats/setup.py")
EVERYTHING = "tests"
PAGES = ("tests/browser", "tests/flow", "tests/unit/web")
BY_PLACE: dict[str, tuple[str, ...]] = {
    "portal/web/templates/": PAGES,
    "portal/web/frontend/": PAGES,
    "portal/migrations/": ("tests/unit/migrations", "tests/unit/catalogue", "tests/flow"),
    "jobtypes/": (
        "tests/unit/jobtype",
        "tests/unit/form",
        "tests/unit/web",
        "tests/unit/wrappers",
        "tests/contract",
        "tests/flow",
        "tests/browser",
    ),
    "ansible/": ("tests/cluster", "tests/unit/packaging", "tests/unit/db"),
    "singularity/": ("tests/cluster",),
    "requirements/": (EVERYTHING,),
    "docs/": ("tests/unit/docs", "tests/unit/cli", "tests/unit/wrappers/launch", "tests/unit/packaging"),
    "README.md": ("tests/unit/docs", "tests/unit/packaging"),
    "CHANGELOG.md": ("tests/unit/docs",),
    "CONTRIBUTING.md": ("tests/unit/docs",),
    "LICENSE": (),
    ".gitignore": (),
    ".ci/": ("tests/unit/packaging",),
    "run": ("tests/unit/packaging",),
    **dict.fromkeys(SETUPS, ("tests/unit/packaging",)),
    "wrappers/": ("tests/unit/wrappers",),  # whose tests put programs' names together
    "pyproject.toml": (EVERYTHING,),
    "tests/house/": ("tests/unit/packaging",),
    "tests/exercises/": ("tests/unit/packaging",),
    "tests/bench/": ("tests/unit/packaging",),
    "tests/chaos/": ("tests/chaos", "tests/cluster", "tests/unit/packaging"),
    "tests/contract/": ("tests/contract", "tests/cluster"),
}
"""By the beginning of a path; the first that fits counts. What is no module and fits none reaches everything."""
ON_THE_CLUSTER = (
    "portal/agent/", "portal/store/", "portal/rpc/", "portal/files/", "portal/daemon/", "portal/scheduler/",
    "portal/images/", "wrappers/launch/",
)  # fmt: skip
"""What the hosts are there for. They install everything, so that everything would reach them."""
READ_THE_SOURCES = (
    "tests/unit/packaging/test_house_rules.py",
    "tests/unit/packaging/test_walls.py",
    "tests/unit/packaging/test_wheels.py",
    "tests/unit/files/test_one_door.py",
    "tests/unit/docs",
)
"""Tests that read the packages' files and import none of them."""
LOADS_BY_NAME = {
    "portal.cli.main": "portal.cli",
    "portal.cli.admin": "portal.cli",
    "wrappers.launch.runner": "wrappers",
}
"""Who puts a module's name together at run time: taken to import all of that package."""
NAMED = re.compile(r"\b(?:portal|wrappers|gantry_formats)(?:\.[a-z_][a-z_0-9]*)+\b")


def changed(base: str) -> list[str]:
    """Paths that differ from `base`, or are new. Raises ValueError for a base that git does not know."""
    commands = (
        ["git", "diff", "--name-only", "-z", "--no-renames", base, "--"],
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
    )
    found: list[str] = []
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ValueError(base)
        found += [name for name in done.stdout.split("\0") if name]
    return sorted(set(found))


def module_of(path: str) -> str | None:
    """The dotted name of a module of the packages; None for any other file."""
    if not path.endswith(".py") or path.split("/", maxsplit=1)[0] not in PACKAGES or path in SETUPS:
        return None
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def named(file: Path) -> set[str]:
    """Modules that are words of a command in this file, and not just spoken of."""
    constants = (
        node.value for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Constant)
    )
    words = {value.removeprefix("python:").partition(":")[0] for value in constants if isinstance(value, str)}
    return {word for word in words if NAMED.fullmatch(word)}


@cache
def graph_of_all() -> grimp.ImportGraph:
    """The packages' imports, and the modules that they name as words, as for `python -m`."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    names = sorted(graph.modules)
    for module in names:
        path = ROOT / module.replace(".", "/")
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        words = {part for word in named(file) for part in (word, f"{word}.__main__")}
        package = LOADS_BY_NAME.get(module)
        words |= graph.find_descendants(package) if package else set()
        for word in (words & graph.modules) - {module}:
            graph.add_import(importer=module, imported=word)
    return graph


def touched(modules: Iterable[str], graph: grimp.ImportGraph) -> set[str]:
    """The modules and all that import them, however far away."""
    reached = set(modules)
    for module in list(reached):
        if module in graph.modules:
            reached |= graph.find_downstream_modules(module, as_package=False)
    return reached


@cache
def mentions(path: Path) -> frozenset[str]:
    """Modules that a test's file imports or names: of the packages in full, of the tests' helpers by last name."""
    text = path.read_text(encoding="utf-8")
    found = set(NAMED.findall(text))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def test_files() -> list[Path]:
    """Every file of Python beneath tests/."""
    return sorted(path for path in (ROOT / "tests").rglob("*.py") if "screenshots" not in path.parts)


def leans_on(path: Path, every: list[Path]) -> set[Path]:
    """The file itself, its conftests, and the helpers that they use, however far away."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for other in every:
        if not other.stem.startswith(("test_", "conftest", "__")):
            by_name[other.stem].append(other)
    open_ends, seen = [path], set()
    while open_ends:
        one = open_ends.pop()
        if one in seen:
            continue
        seen.add(one)
        above = [folder / "conftest.py" for folder in one.parents if folder.is_relative_to(ROOT / "tests")]
        open_ends += [conftest for conftest in above if conftest.exists()]
        words = {word for name in mentions(one) if name.split(".")[0] not in PACKAGES for word in name.split(".")}
        open_ends += [other for word in words & by_name.keys() for other in by_name[word]]
    return seen


def reached(paths: Iterable[str]) -> list[str]:
    """The tests that these files can reach, as words for pytest, folders before files that they hold."""
    listed = list(paths)
    modules, found, own = set(), set(), set()
    for path in listed:
        module = module_of(path)
        place = next((place for place in BY_PLACE if path.startswith(place)), None)
        if place is not None:
            found |= set(BY_PLACE[place])
        elif module is None and path.startswith("tests/") and path.endswith(".py"):
            own.add(ROOT / path)
        elif module is None and path.startswith("tests/") and path.count("/") > 1:
            found.add("/".join(path.split("/")[:2]))  # its folder's data
        elif module is None:
            found.add(EVERYTHING)
        if module is not None:
            modules.add(module)
            found |= set(READ_THE_SOURCES)
        if path.startswith(ON_THE_CLUSTER):
            found.add("tests/cluster")
    if EVERYTHING in found:
        return [EVERYTHING]
    every = test_files()
    wanted = touched(modules, graph_of_all()) if modules else set()
    for test in every:
        if not test.name.startswith("test_"):
            continue
        used = leans_on(test, every)
        if test.is_relative_to(ROOT / "tests/cluster"):
            found |= {"tests/cluster"} if used & own else set()
        elif used & own or any(mentions(one) & wanted for one in used):
            found.add(str(test.relative_to(ROOT)))
    if any(path.is_relative_to(ROOT / "tests/cluster") for path in own):
        found.add("tests/cluster")  # also what only its scripts use
    there = {name for name in found if (ROOT / name).exists()}
    return sorted(name for name in there if not any(name.startswith(f"{other}/") for other in there))


def main(words: list[str]) -> int:
    """Print the paths; 2 if the base is none."""
    if len(words) > 1 or (words and words[0].startswith("-")):
        print("./run test --changed [BASE] takes one commit.", file=sys.stderr)
        return 2
    base = words[0] if words else "HEAD"
    try:
        paths = changed(base)
    except ValueError:
        print(f"git knows no commit “{base}”.", file=sys.stderr)
        return 2
    print("\n".join(reached(paths)))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
