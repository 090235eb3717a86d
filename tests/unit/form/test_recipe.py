"""What an image is to be made from, checked on the form."""

from pathlib import Path

import pytest

from portal.errors import InvalidError
from portal.form.plan import plan
from portal.form.recipe import NOTHING
from portal.jobtype.load import load_file, parse_text, shipped_folder
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
        ("environment", "dependencies:\n- numpy\n", "Line 2 of the environment: numpy is a package of conda's"),
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


DIGEST = "sha256:" + "0123456789abcdef" * 4
TAKEN = {"called": "Cows", "test": "true", "registry": "a.org", "reference": f"a.org/cow@{DIGEST}"}


@pytest.fixture(scope="module")
def registries() -> JobType:
    text = (shipped_folder() / "on-request" / "image-from-registry.yaml").read_text()
    found, problems = parse_text(
        text.replace("registry.invalid", "a.org").replace("[a.org]", "[a.org, b.org]"), Path()
    )
    assert found is not None, problems
    return found


def test_a_reference_by_digest_of_a_registry_that_can_be_chosen_is_planned(registries: JobType) -> None:
    (job,) = plan(registries, TAKEN, {}, experiment=1)
    assert job.options["reference"] == TAKEN["reference"]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"reference": "a.org/cow:1.0"}, "reference", "named by its digest"),
        (
            {"reference": f"c.org/cow@{DIGEST}"},
            "reference",
            "Images of c.org cannot be used here. These can: a.org, b.org.",
        ),
        ({"reference": f"b.org/cow@{DIGEST}"}, "registry", "The reference is of b.org. Choose that one."),
        ({"reference": "a.org/cow@sha256:0"}, "reference", "64 digits"),
    ],
)
def test_another_reference_is_said_at_its_field(
    registries: JobType, given: dict[str, str], field: str, words: str
) -> None:
    with pytest.raises(InvalidError) as raised:
        plan(registries, TAKEN | given, {}, experiment=1)
    assert list(raised.value.fields) == [field]
    assert words in raised.value.fields[field]


def test_as_it_is_shipped_no_registry_can_be_used() -> None:
    shipped, _problems = load_file(shipped_folder() / "on-request" / "image-from-registry.yaml")
    assert shipped is not None
    with pytest.raises(InvalidError) as raised:
        plan(shipped, TAKEN | {"registry": "registry.invalid"}, {}, experiment=1)
    assert "cannot be used here" in raised.value.fields["reference"]
