"""Recipes of images that people make, and what must not be in what comes out."""

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from gantry_formats.recipes.packages import MOST_LINES, RecipeError, debian_packages, requirements, words_of
from wrappers.launch.imaging.__main__ import main
from wrappers.launch.imaging.building import Build, trouble
from wrappers.launch.jobspec import parse_job_spec
from wrappers.launch.runner import plan

HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("numpy", ["numpy"]),
        ("numpy==2.1.0 # why\n\n# all\nscipy >=1.1, <2", ["numpy==2.1.0", "scipy >=1.1, <2"]),
        ("a[b,c]~=1.0", ["a[b,c]~=1.0"]),
        ("a==1.*", ["a==1.*"]),
        ("a==1!2.0+local.1", ["a==1!2.0+local.1"]),
        ('a>1; python_version < "3.13" and sys_platform == "linux"',) * 2,
        (f"a==1 \\\n    {HASH} \\\n    {HASH}\nb==2", [f"a==1 {HASH} {HASH}", "b==2"]),
        ("a\\", ["a"]),
    ],
)
def test_lines_of_a_requirements_file_are_read_as_pip_reads_them(text, found):
    assert requirements(text) == (found if isinstance(found, list) else [found])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n--index-url x", "Line 2 of the requirements is an option"),
        ("-r other.txt", "Line 1 of the requirements is an option"),
        ("-e .", "is an option"),
        ("a @ ht" + "tps://x/a.whl", "Addresses and paths"),
        ("./a.whl", "Addresses and paths"),
        ("/etc/passwd", "Addresses and paths"),
        ("git+ssh://x", "Addresses and paths"),
        ("a==1 --config-settings=x", "an option other than --hash"),
        ("a==1 --hash=md5:00", "an option other than --hash"),
        ("a --hash=sha256:0 b", "before its end"),
        ("a==", "no name with a version"),
        ("a b", "no name with a version"),
        ("a;", "condition that cannot be read"),
        ("a; __import__('os'){}", "condition that cannot be read"),
        ("a\u202eb", "a character that none can have"),
        ("a\x00b", "a character that none can have"),
        ("a\x1b[31m", "a character that none can have"),
        ("$(id)", "no name with a version"),
        ("\n".join(f"a{n}" for n in range(MOST_LINES + 1)), "more than 500"),
        ("a" * 70_000, "characters"),
        ("a\\\n--extra-index-url=x", "an option other than --hash"),
    ],
)
def test_what_is_no_package_is_refused_with_its_line(text, words):
    with pytest.raises(RecipeError, match=words):
        requirements(text)


@given(st.text("abAB01.-_[]<>=!~*+, ;'\"()\t@/:\\#\n", max_size=40))
def test_what_is_taken_is_a_requirement_without_an_address_for_pip_too(text):
    try:
        found = requirements(text)
    except RecipeError:
        return
    for line in found:
        stated = line.partition(" --hash")[0]
        if ";" not in stated:  # of conditions pip is the judge: they name nothing to fetch
            assert Requirement(stated).url is None


def test_a_text_without_packages_names_none():
    assert requirements("\n# only this\n") == []
    assert debian_packages("\n# only this\n") == []


def test_debian_packages_are_names_with_versions():
    text = "gm  libc++1 # why\nfoo=2:1.4~rc1-2+b1\ngm"
    assert debian_packages(text) == ["gm", "libc++1", "foo=2:1.4~rc1-2+b1"]


@pytest.mark.parametrize(
    "text",
    ["-y", "a", "A b", "foo;id", "./x.deb", "foo=", "foo/stable", "foo:i386", "foo+\x1b", "x_y", "fo*", "foo-"],
)
def test_what_is_no_debian_package_is_refused(text):
    with pytest.raises(RecipeError, match="cannot be the name of a Debian package"):
        debian_packages(text)


def test_too_many_debian_packages_are_refused():
    with pytest.raises(RecipeError, match="200 Debian packages"):
        debian_packages(" ".join(f"ab{n}" for n in range(201)))


@pytest.mark.parametrize("text", ["", "  ", "'a", "-x", "a " * 101])
def test_a_command_that_tries_nothing_is_refused(text):
    with pytest.raises(RecipeError):
        words_of(text)


def test_the_words_of_the_command_are_those_that_quotes_keep_together():
    assert words_of("python3 -c 'import a; b'") == ["python3", "-c", "import a; b"]


@pytest.mark.parametrize(
    ("mode", "bad"),
    [
        (stat.S_IFREG | 0o755, False),
        (stat.S_IFREG | 0o4755, True),
        (stat.S_IFREG | 0o2755, True),
        (stat.S_IFREG | 0o1644, False),
        (stat.S_IFDIR | 0o2755, False),
        (stat.S_IFLNK | 0o777, False),
        (stat.S_IFIFO | 0o644, True),
        (stat.S_IFSOCK | 0o644, True),
        (stat.S_IFBLK | 0o644, True),
        (stat.S_IFCHR | 0o644, True),
    ],
)
def test_modes_that_must_not_be_in_an_image(mode, bad):
    assert (trouble(mode) is not None) is bad


def test_a_set_uid_file_in_a_folder_that_is_closed_is_found(tmp_path):
    (tmp_path / "box/a/b").mkdir(parents=True)
    (tmp_path / "box/a/b/su").touch()
    (tmp_path / "box/a/b/su").chmod(0o4755)
    (tmp_path / "box/a/b").chmod(0)
    with pytest.raises(RecipeError, match="/a/b/su is set-uid"):
        Build("apptainer", tmp_path).look_over()


def test_labels_replace_the_bases_own_and_no_link_is_written_through(tmp_path):
    meta = tmp_path / "box/.singularity.d"
    meta.mkdir(parents=True)
    (tmp_path / "mine").write_text("{}")
    (meta / "labels.json").symlink_to(tmp_path / "mine")
    Build("apptainer", tmp_path).label({"gantry.made_by": "maya"})
    assert (tmp_path / "mine").read_text() == "{}"
    assert json.loads((meta / "labels.json").read_text()) == {"gantry.made_by": "maya"}
    (meta / "labels.json").write_text('{"gantry.image": "base", "other": "x"}')
    Build("apptainer", tmp_path).label({"gantry.made_by": "maya"})
    assert json.loads((meta / "labels.json").read_text()) == {"other": "x", "gantry.made_by": "maya"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"options": {"test": "true"}}, "Name what is to be installed"),
        ({"image": None}, "base image is not installed"),
        ({"network": False}, "may not use the network"),
        ({}, "no container runtime"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_made(tmp_path, monkeypatch, changes, words):
    monkeypatch.setenv("PATH", "/nonexistent")
    job = {
        "options": {"requirements": "a", "test": "true"},
        "image": {"name": "base", "path": "/x", "digest": "d"},
        "network": True,
    }
    with pytest.raises(RecipeError, match=words):
        main(job | changes, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_builder_runs_beside_the_runtime_whatever_is_required_and_nothing_else_does(order):
    image = {"name": "base", "digest": "sha256:" + "1" * 64, "path": "/i.sif", "size": 1, "mtime_ns": 1}
    spec = parse_job_spec(order(image=image, program={"module": "image_builder"}), "")
    chosen = plan(spec, "/scratch/1", {"PATH": "/usr/bin:/bin"}, require_container=True)
    assert chosen.runner == "environment"
    assert chosen.command.argv[-3:] == ["-P", "-m", "wrappers.launch.imaging"]
