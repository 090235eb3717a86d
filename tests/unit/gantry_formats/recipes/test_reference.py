"""The reference of an image in a registry: by digest, of a registry that is allowed, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gantry_formats.recipes.packages import RecipeError
from gantry_formats.recipes.reference import Reference, reference

DIGEST = "sha256:" + "0123456789abcdef" * 4
ALLOWED = ("registry.example.org", "127.0.0.1:5000")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"registry.example.org/a@{DIGEST}", Reference("registry.example.org", "a", DIGEST)),
        (
            f" docker://registry.example.org/a/b-c_d.e@{DIGEST}\n",
            Reference("registry.example.org", "a/b-c_d.e", DIGEST),
        ),
        (f"127.0.0.1:5000/x@{DIGEST}", Reference("127.0.0.1:5000", "x", DIGEST)),
    ],
)
def test_a_reference_by_digest_is_read(text: str, found: Reference) -> None:
    assert reference(text, ALLOWED) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("registry.example.org/a", "named by its digest"),
        ("registry.example.org/a:latest", "named by its digest"),
        (f"registry.example.org/a:latest@{DIGEST}", "Leave :latest out"),
        (f"other.example.org/a@{DIGEST}", r"Images of other.example.org cannot be used here. These can: registry"),
        (f"registry.example.org.evil/a@{DIGEST}", "cannot be used here"),
        (f"registry.example.org:443/a@{DIGEST}", "cannot be used here"),
        (f"debian@{DIGEST}", "no reference with a registry"),
        (f"user:pass@registry.example.org/a@{DIGEST}", "no reference with a registry|named|digest"),
        (f"registry.example.org/../a@{DIGEST}", "cannot be the name"),
        (f"registry.example.org//a@{DIGEST}", "cannot be the name"),
        (f"registry.example.org/a?x=1@{DIGEST}", "cannot be the name"),
        (f"registry.example.org/A@{DIGEST}", "cannot be the name"),
        ("registry.example.org/a@sha256:abc", "64 digits"),
        (f"registry.example.org/a@{DIGEST.upper()}", "64 digits"),
        (f"registry.example.org/a@sha512:{DIGEST[7:] * 2}", "64 digits"),
        (f"registry.example.org/a@{DIGEST}@{DIGEST}", "64 digits"),
        (f"https://registry.example.org/a@{DIGEST}", "no reference with a registry"),
        (f"oras://registry.example.org/a@{DIGEST}", "no reference with a registry"),
        (f"/etc/passwd@{DIGEST}", "no reference with a registry"),
        ("", "no reference with a registry"),
        ("--help", "no reference with a registry"),
        (f"registry.example.org/a b@{DIGEST}", "Write one reference"),
        ("x" * 500, "Write one reference"),
        (f"registry.example.org/\u0430@{DIGEST}", "Write one reference"),
    ],
)
def test_what_is_none_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        reference(text, ALLOWED)


def test_where_no_registry_is_allowed_that_is_said() -> None:
    with pytest.raises(RecipeError, match="None can"):
        reference(f"registry.example.org/a@{DIGEST}", ())


@given(st.text("ab01.-_:/@%?# \n", max_size=40))
def test_what_is_taken_names_exactly_the_allowed_registry(text: str) -> None:
    try:
        found = reference(f"{text}@{DIGEST}", ("a", "b:1", "a.b"))
    except RecipeError:
        return
    assert found.words == f"{text.strip()}@{DIGEST}"
    assert found.registry in ("a", "b:1", "a.b")
    assert ":" not in found.name and "@" not in found.name


@pytest.mark.parametrize(
    ("registry", "loopback"),
    [("127.0.0.1:5000", True), ("localhost", True), ("127.0.0.1.evil.org", False), ("localhost.evil.org", False)],
)
def test_only_this_machine_is_asked_without_a_certificate(registry: str, loopback: bool) -> None:
    assert Reference(registry, "a", DIGEST).on_loopback is loopback
