"""An environment.yml: what of it can be had here, and a line for what cannot."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gantry_formats.recipes.environment import Environment, environment, python_fits
from gantry_formats.recipes.packages import RecipeError

USUAL = """\
name: cells   # as conda calls it
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python=3.13
  - pip
  - pip:
      - numpy==2.1.0
      - "scipy>=1.1,<2"
      # why
      - tifffile[all]
prefix: /home/maya/envs/cells
"""


def test_the_pip_section_is_installed_and_python_is_asked_of_the_image() -> None:
    assert environment(USUAL) == Environment(("numpy==2.1.0", "scipy>=1.1,<2", "tifffile[all]"), "3.13")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dependencies:\n- pip:\n  - a\n  - b\n", Environment(("a", "b"))),
        (
            "---\nchannels: [conda-forge]\ndependencies:\n- python >=3.11\n- pip:\n  - a",
            Environment(("a",), ">=3.11"),
        ),
        ("dependencies:\n  - pip:\n    - a\n  - python==3.11.*\n  - pip>=24", Environment(("a",), "3.11")),
        ("dependencies:\n- python\n- pip=24.0\n- pip:\n  - 'a == 1.0'", Environment(("a == 1.0",))),
    ],
)
def test_forms_that_conda_writes_are_read(text: str, found: Environment) -> None:
    assert environment(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "dependencies:\n- numpy=2.1\n- pip:\n  - a",
            r"Line 2 of the environment: numpy=2.1 is a package of conda's",
        ),
        ("dependencies:\n- conda-forge::numpy\n", "conda-forge::numpy is a package of conda's"),
        ("dependencies:\n- conda-forge::pip\n", "is a package of conda's"),
        ("dependencies:\n- pip: [a, b]\n", "is a package of conda's"),
        ("dependencies:\n- python=3.11=h1_0\n", "of Python a version"),
        ("dependencies:\n- python<4\n", "of Python a version"),
        ("dependencies:\n- pip:\n  - --index-url=x\n", "Line 3 of the environment is an option of pip's"),
        ("dependencies:\n- pip:\n  - -r other.txt\n", "Line 3 of the environment is an option of pip's"),
        ("dependencies:\n- pip:\n  - ./a.whl\n", "Addresses and paths"),
        ("dependencies:\n- pip:\n  - a @ git+ssh://x\n", "Addresses and paths"),
        ("dependencies: [python]\n", "on a line of its own"),
        ("dependencies:\n- python\n", "has no pip section"),
        ("", "has no pip section"),
        ("dependencies:\n- pip:\n", "has no pip section"),
        ("variables:\n  A: b\n", "variables cannot be had here"),
        ("dependencies:\n  a: b\n", "a list of packages is expected"),
        ("- a\n", "belongs to no list"),
        ("dependencies:\n- pip:\n  - a\ndependencies:\n- pip:\n  - b\n", "stands there twice"),
        ("dependencies:\n-numpy\n", "after a hyphen a space"),
        ("dependencies:\n- pip:\n\t- a\n", "a tab or another character"),
        ("dependencies:\n- pip:\n  - a\u202eb\n", "a tab or another character"),
        ("dependencies:\n- 'a\n", "a quote that is not closed"),
        ("dependencies:\n- &x a\n- *x\n", "cannot be read"),
        ("dependencies:\n- !!python/object:os.system x\n", "cannot be read"),
        ("numpy==2.1\n", "Paste an environment.yml"),
        ("x" * 70_000, "characters"),
        ("dependencies:\n- pip:\n" + "  - a\n" * 501, "more than 500"),
    ],
)
def test_what_cannot_be_had_is_said_with_its_line_and_never_guessed(text: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        environment(text)


ITEMS = st.lists(
    st.sampled_from(["python=3.13", "pip", "python", "a==1", "b>=2,<3", "c[d]", "'e'", "numpy", "x::y"]),
    max_size=4,
)


@given(ITEMS, ITEMS, st.sampled_from(["", "  "]), st.booleans())
def test_what_is_read_is_what_yaml_reads(conda: list[str], pip: list[str], deep: str, first: bool) -> None:
    own, inner = [f"{deep}- {one}" for one in conda], [f"{deep}- pip:", *(f"{deep}  - {one}" for one in pip)]
    text = "\n".join(["name: x", "dependencies:", *(inner + own if first else own + inner)])
    try:
        found = environment(text)
    except RecipeError:
        return
    tree = yaml.safe_load(text)["dependencies"]
    (section,) = [one["pip"] for one in tree if isinstance(one, dict)]
    assert list(found.requirements) == section
    assert {one.partition("=")[0] for one in tree if isinstance(one, str)} <= {"python", "pip"}


@pytest.mark.parametrize(
    ("wanted", "there", "fits"),
    [
        ("3.13", "3.13.5", True),
        ("3.1", "3.13.5", False),
        ("3", "3.13.5", True),
        ("3.13.5", "3.13.5", True),
        ("3.13.6", "3.13.5", False),
        (">=3.11", "3.13.5", True),
        (">=3.14", "3.13.5", False),
        (">=3.13.6", "3.13.5", False),
        ("", "3.13.5", True),
        (">=3.9", "3.10.0rc1", True),
    ],
)
def test_which_python_is_what_was_asked_for(wanted: str, there: str, fits: bool) -> None:
    assert python_fits(wanted, there) is fits
