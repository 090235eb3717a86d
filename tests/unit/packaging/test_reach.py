"""`./run test --changed`: what a change can reach, on changes that are made up; when unsure, more."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def reach() -> ModuleType:
    """tests/house/reach.py, which is a script."""
    spec = importlib.util.spec_from_file_location("reach", ROOT / "tests/house/reach.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reach"] = module
    spec.loader.exec_module(module)
    return module


def holds(found: list[str], wanted: str) -> bool:
    """Whether a path, or a folder that it lies in, is among what was found."""
    return any(wanted == one or wanted.startswith(f"{one}/") for one in found)


@pytest.mark.parametrize(
    ("changed", "reached"),
    [
        ("portal/jobs/submit/quota.py", "tests/unit/jobs/submit/test_quota.py"),
        ("portal/jobs/submit/quota.py", "tests/unit/daemon/dispatch/test_step.py"),  # by way of another module
        ("portal/words.py", "tests/unit/daemon/reconcile/test_verdict.py"),
        ("portal/web/views/history.py", "tests/browser/test_layout.py"),  # gunicorn is told the module's name
        ("portal/web/templates/home/show.html", "tests/browser/test_layout.py"),
        ("portal/cli/login.py", "tests/unit/cli/test_commands.py"),  # commands are loaded by name
        ("wrappers/kernels/shape.py", "tests/unit/wrappers/programs/test_dc_segmentation.py"),
        ("wrappers/launch/claim.py", "tests/cluster/test_slurm.py"),
        ("portal/agent/verbs.py", "tests/cluster/test_misuse_agent.py"),
        ("ansible/roles/portal/defaults/main.yml", "tests/cluster/test_roles.py"),
        ("jobtypes/qc.yaml", "tests/unit/jobtype/test_load.py"),
        ("docs/users/api.md", "tests/unit/docs/test_pages.py"),
        ("run", "tests/unit/packaging/test_run_script.py"),
        ("tests/support/small_facility.py", "tests/unit/catalogue/test_access.py"),
        ("tests/unit/form/conftest.py", "tests/unit/form/test_build.py"),
        ("tests/unit/form/test_build.py", "tests/unit/form/test_build.py"),
        ("tests/contract/recordings/slurm-24.11/x.json", "tests/contract/test_recorded.py"),
        ("tests/contract/test_scheduler.py", "tests/cluster/test_contract.py"),  # runs it on the controller
        ("portal/form/build.py", "tests/unit/packaging/test_walls.py"),  # reads it and imports nothing
        ("portal/form/build.py", "tests/unit/files/test_one_door.py"),
        ("tests/house/stages.py", "tests/unit/packaging/test_stages.py"),  # loaded by its path
        ("tests/bench/__main__.py", "tests/unit/packaging/test_run_script.py"),  # started by its name
        ("tests/chaos/exercise.py", "tests/cluster/test_under_chaos.py"),
        ("tests/chaos/lab.py", "tests/cluster/test_under_chaos.py"),  # there is a second file of this name
    ],
)
def test_what_may_be_broken_is_tried(reach, changed, reached):
    assert holds(reach.reached([changed]), reached)


@pytest.mark.parametrize(
    ("changed", "spared"),
    [
        ("tests/unit/form/test_build.py", "tests/unit/form/test_plan.py"),
        ("docs/users/api.md", "tests/browser/test_layout.py"),
        ("wrappers/kernels/shape.py", "tests/unit/identity/test_tokens.py"),
        ("portal/web/views/history.py", "tests/unit/scheduler/slurm/test_rows.py"),
    ],
)
def test_what_cannot_be_is_left_out(reach, changed, spared):
    assert not holds(reach.reached([changed]), spared)


def test_a_file_of_no_known_kind_reaches_everything(reach):
    assert reach.reached(["something/new.xyz"]) == ["tests"]
    assert reach.reached(["LICENSE", "pyproject.toml"]) == ["tests"]


def test_a_licence_breaks_nothing(reach):
    assert reach.reached(["LICENSE"]) == []


def test_every_place_of_the_table_and_every_folder_it_names_exists(reach):
    for place, folders in reach.BY_PLACE.items():
        assert (ROOT / place).exists(), place
        assert all((ROOT / folder).exists() for folder in folders), place
