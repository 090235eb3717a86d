"""What an image is to be made from, checked on the form."""

import pytest

from portal.errors import InvalidError
from portal.form.plan import plan
from portal.form.recipe import NOTHING
from portal.jobtype.load import load_file, shipped_folder
from portal.jobtype.model import JobType

GOOD = {"called": "Cows", "requirements": "cowsay==6.1", "test": "python3 -c 'import cowsay'"}


@pytest.fixture(scope="module")
def builder() -> JobType:
    found, problems = load_file(shipped_folder() / "on-request" / "image-from-packages.yaml")
    assert found is not None, problems
    return found


def wrong(builder: JobType, **given: str) -> dict[str, str]:
    with pytest.raises(InvalidError) as raised:
        plan(builder, GOOD | given, {}, experiment=1)
    return dict(raised.value.fields)


def test_a_sound_recipe_is_planned(builder: JobType) -> None:
    (job,) = plan(builder, GOOD, {}, experiment=1)
    assert job.options["requirements"] == "cowsay==6.1"


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("requirements", "numpy\n--index-url=x", "Line 2 of the requirements is an option of pip's"),
        ("requirements", "-e .", "is an option"),
        ("requirements", "a @ file:///etc/passwd", "Addresses and paths cannot be used"),
        ("requirements", "./a.whl", "Addresses and paths cannot be used"),
        ("packages", "graphicsmagick Foo", "Foo cannot be the name of a Debian package"),
        ("packages", "-y", "cannot be the name"),
        ("test", "python3 -c 'import", "a quote that is not closed"),
        ("test", "--version", "Say with which command"),
    ],
)
def test_what_could_not_be_made_is_said_at_its_field(builder: JobType, option: str, text: str, words: str) -> None:
    found = wrong(builder, **{option: text})
    assert list(found) == [option]
    assert words in found[option]


def test_everything_that_is_wrong_is_said_at_once(builder: JobType) -> None:
    found = wrong(builder, requirements="-e .", packages="A", test="'")
    assert set(found) == {"requirements", "packages", "test"}


@pytest.mark.parametrize("text", ["", "\n# only this\n"])
def test_a_recipe_of_nothing_is_said(builder: JobType, text: str) -> None:
    assert wrong(builder, requirements=text) == {"requirements": NOTHING}


def test_of_a_field_that_is_too_long_nothing_else_is_said(builder: JobType) -> None:
    found = wrong(builder, requirements="", packages="a" * 5000)
    assert list(found) == ["packages"]


def test_other_programs_read_such_options_as_they_like(builder: JobType) -> None:
    other = builder.model_copy(update={"program": builder.program.model_copy(update={"module": "qc"})})
    assert plan(other, GOOD | {"requirements": "-e ."}, {}, experiment=1)
