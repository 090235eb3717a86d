"""The walls between the rooms hold: a copy of the code in which one import breaks a contract is refused."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
NAMES = {contract["id"]: contract["name"] for contract in CONTRACTS}
BREACHES = {
    "portal-layers": ("portal/catalogue/search.py", "import portal.jobs.read"),
    "wrappers-layers": ("wrappers/io/stack.py", "import wrappers.programs.tomo_slice"),
    "daemon-by-process": ("portal/cli/output.py", "import portal.daemon.loop"),
    "two-distributions": ("portal/jobs/read.py", "import wrappers.result"),
    "formats": ("gantry_formats/text.py", "import wrappers.errors"),
    "web-acts-as-nobody": ("portal/web/pages/home.py", "from portal.agent.client import AgentClient"),
    "daemon-alone": ("portal/daemon/loop.py", "import portal.web.formats"),
    "jobs-alone": ("portal/jobs/read.py", "import requests"),
    "client-alone": ("portal/client/client.py", "import portal.config"),
    "inner-rooms": ("portal/form/build.py", "import sqlalchemy"),
    "standard-library-only": ("portal/agent/verbs.py", "import numpy"),
    "node": ("wrappers/launch/claim.py", "import sqlalchemy"),
    "kernels": ("wrappers/kernels/background.py", "import h5py"),
}
FURTHER = [
    ("web-acts-as-nobody", "portal/jobs/read.py", "import portal.store.client"),  # by way of another room
    ("web-acts-as-nobody", "portal/web/pages/jobs.py", "import portal.daemon.lease"),
    ("daemon-by-process", "portal/demo/check.py", "import portal.daemon.lease"),
    ("jobs-alone", "portal/jobs/submit/submit.py", "import portal.daemon.moves"),
    ("kernels", "wrappers/kernels/shape.py", "import wrappers.io.rtdc"),
    ("formats", "gantry_formats/units.py", "import numpy"),
    ("formats", "gantry_formats/linked/links.py", "import wrappers.errors"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and the contracts, without what is built."""
    folder = tmp_path_factory.mktemp("copy")
    only_code = shutil.ignore_patterns(
        "node_modules", "static", "frontend", "templates", "__pycache__", "*.egg-info"
    )
    for package in ("portal", "wrappers", "gantry_formats"):
        shutil.copytree(ROOT / package, folder / package, ignore=only_code)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def undo(copy: Path) -> Iterator[list[tuple[Path, str | None]]]:
    """What the test changed in the copy, put back after it."""
    changed: list[tuple[Path, str | None]] = []
    yield changed
    for path, content in changed:
        if content is None:
            path.unlink()
        else:
            path.write_text(content, "utf-8")


def lint(copy: Path, *words: str) -> tuple[int, str]:
    """The linter's exit code and words about the copy."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--cache-dir", ".cache", *words]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def refused(copy: Path, contract: str) -> bool:
    """Whether the linter says that this contract is broken, and nothing else went wrong."""
    code, said = lint(copy, "--contract", contract)
    return code == 1 and f"{NAMES[contract]} BROKEN" in said


def test_the_code_as_it_is_keeps_every_contract(copy):
    code, said = lint(copy)
    assert code == 0, said
    assert f"{len(CONTRACTS)} kept, 0 broken" in said


def test_each_contract_has_a_breach_to_be_tried():
    assert set(BREACHES) == set(NAMES)


@pytest.mark.parametrize(
    ("contract", "module", "line"), [*((name, *breach) for name, breach in BREACHES.items()), *FURTHER]
)
def test_a_forbidden_import_is_refused(copy, undo, contract, module, line):
    path = copy / module
    undo.append((path, path.read_text("utf-8")))
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    assert refused(copy, contract)


@pytest.mark.parametrize(
    ("contract", "module"), [("portal-layers", "portal/attic.py"), ("wrappers-layers", "wrappers/attic.py")]
)
def test_a_room_that_no_contract_names_is_refused(copy, undo, contract, module):
    path = copy / module
    undo.append((path, None))
    path.write_text('"""A new room."""\n', "utf-8")
    code, said = lint(copy, "--contract", contract)
    assert code == 1, said
    assert "attic" in said


def test_importing_the_web_application_loads_nothing_that_acts():
    code = (
        "import sys, portal.app; acting = ('portal.agent', 'portal.store', 'portal.rpc', 'portal.daemon'); "
        "print(*[name for name in sys.modules if name.startswith(acting)])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
