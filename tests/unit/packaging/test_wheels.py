"""The wheels hold all that an installation needs: without a checkout, and the base install without the server."""

import email
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MANIFEST = ROOT / "portal/web/static/dist/manifest.json"
NOT_NEEDED = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info", "build", ".mypy_cache")


def build(source: Path, out: Path) -> Path:
    """The wheel of `source`, built without any index."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", out, source], capture_output=True, text=True, check=False, cwd=source
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def portal_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: an earlier build/ of the checkout would mix in what is long gone."""
    source = tmp_path_factory.mktemp("portal-source")
    for name in ("portal", "jobtypes"):
        shutil.copytree(ROOT / name, source / name, ignore=NOT_NEEDED)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return build(source, tmp_path_factory.mktemp("portal-wheel"))


@pytest.fixture(scope="module")
def wrappers_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("wrappers-source") / "wrappers"
    shutil.copytree(ROOT / "wrappers", source, ignore=NOT_NEEDED)
    return build(source, tmp_path_factory.mktemp("wrappers-wheel"))


@pytest.fixture(scope="module")
def formats_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("formats-source") / "gantry_formats"
    shutil.copytree(ROOT / "gantry_formats", source, ignore=NOT_NEEDED)
    return build(source, tmp_path_factory.mktemp("formats-wheel"))


@pytest.fixture(scope="module")
def installed(portal_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portal as pip would unpack it."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(portal_wheel) as archive:
        archive.extractall(folder)
    return folder


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata_of(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def files(folder: str, pattern: str) -> set[str]:
    """Names of files of the checkout, as they stand in a wheel."""
    found = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob(pattern) if path.is_file()}
    return {name for name in found if not {"node_modules", "__pycache__", "build"} & set(Path(name).parts)}


def run_in(installed: Path, program: str, folder: Path) -> str:
    """Run `program` with the installed portal and far from the checkout; what it prints."""
    environment = {"PYTHONPATH": str(installed), "PATH": os.defpath, "HOME": str(folder), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_portal_s_wheel_holds_every_module_and_template(portal_wheel: Path) -> None:
    expected = files("portal", "*.py") | files("portal/web/templates", "*")
    assert len(expected) > 200
    assert expected - names_in(portal_wheel) == set()
    assert {"portal/py.typed", "portal/migrations/script.py.mako", "portal/migrations/env.py"} <= names_in(
        portal_wheel
    )


def test_the_portal_s_wheel_holds_the_built_front_end(portal_wheel: Path) -> None:
    if not MANIFEST.exists():
        pytest.skip("the front end is not built: ./run frontend")
    built = {name for name in files("portal/web/static/dist", "*") if not Path(name).name.startswith(".")}
    assert built - names_in(portal_wheel) == set()


def test_the_portal_s_wheel_holds_the_job_types_and_their_schema(portal_wheel: Path) -> None:
    expected = {path.relative_to(ROOT / "jobtypes") for path in (ROOT / "jobtypes").glob("*.yaml")}
    expected |= {path.relative_to(ROOT / "jobtypes") for path in (ROOT / "jobtypes/schema").glob("*.json")}
    assert len(expected) > 5
    assert {f"portal/jobtype/shipped/{name}" for name in expected} <= names_in(portal_wheel)


def test_the_portal_s_wheel_holds_nothing_else(portal_wheel: Path) -> None:
    strays = [
        name
        for name in names_in(portal_wheel)
        if not name.startswith(("portal/", "gantry_portal-")) or "frontend" in name or "__pycache__" in name
    ]
    assert strays == []


def test_what_both_share_is_a_wheel_of_its_own_that_needs_nothing(formats_wheel: Path) -> None:
    expected = (files("gantry_formats", "*.py") - {"gantry_formats/setup.py"}) | {"gantry_formats/py.typed"}
    assert expected == {name for name in names_in(formats_wheel) if ".dist-info/" not in name}
    assert metadata_of(formats_wheel).get_all("Requires-Dist") is None


def test_the_wrappers_wheel_holds_every_module_and_nothing_of_the_portal(wrappers_wheel: Path) -> None:
    names = names_in(wrappers_wheel)
    assert (files("wrappers", "*.py") - {"wrappers/setup.py"}) - names == set()
    assert "wrappers/py.typed" in names
    assert [name for name in names if not name.startswith(("wrappers/", "gantry_wrappers-"))] == []


def test_the_base_install_needs_three_packages(portal_wheel: Path) -> None:
    needs = metadata_of(portal_wheel).get_all("Requires-Dist") or []
    base = sorted(need.split(">")[0] for need in needs if "extra ==" not in need)
    assert base == ["click", "requests", "rich"]


def test_an_installed_portal_finds_its_job_types_and_makes_its_database(installed: Path, tmp_path: Path) -> None:
    program = """
from pathlib import Path
import portal
from portal.db import Database
from portal.jobtype.load import load_folders, shipped_folder
from portal.migrations import check, upgrade
print(Path(portal.__file__).parent.parent)
print(shipped_folder().relative_to(Path(portal.__file__).parent))
found = load_folders([shipped_folder()])
print(sorted(found.by_name), found.problems)
upgrade("sqlite:///installed.sqlite3")
check(Database("sqlite:///installed.sqlite3"))
"""
    where, folder, jobtypes = run_in(installed, program, tmp_path).splitlines()
    assert (where, folder) == (str(installed), "jobtype/shipped")
    names = sorted(path.stem for path in (ROOT / "jobtypes").glob("*.yaml"))
    assert jobtypes == f"{names} ()"


def test_an_installed_portal_shows_its_pages(installed: Path, tmp_path: Path) -> None:
    if not MANIFEST.exists():
        pytest.skip("the front end is not built: ./run frontend")
    program = """
from portal.app import create_app
from portal.config import load_settings
from portal.migrations import upgrade
settings = load_settings({}, var="var")
settings.var.mkdir()
upgrade(settings.database)
client = create_app(settings).test_client()
page = client.get("/sign-in")
assert page.status_code == 200, page.status_code
style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
print(style, client.get(style).status_code)
"""
    style, status = run_in(installed, program, tmp_path).split()
    assert style.endswith(".css") and status == "200"


def test_a_checkout_uses_its_own_job_types() -> None:
    from portal.jobtype.load import shipped_folder

    assert shipped_folder() == ROOT / "jobtypes"
