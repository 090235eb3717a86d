"""Job types from one site to another: the same revision arrives, nothing is written over, all or none."""

from pathlib import Path

import pytest

from portal.cli.main import main
from portal.jobtype.load import load_folders, parse_text, shipped_folder
from portal.jobtype.written.start import text_of

TEXT = """\
# Why it is as it is.
name: fuse
version: "1.0"
title: Fusion
summary: Fuses.
category: Any data
contact: staff
program: {command: [fuse, {option: method}]}
inputs:
  - {name: stack, label: Stack, dataset_types: [stack]}
needs:
  - {when: angles > 1, because: needs more than one angle}
options:
  - {name: deep, type: boolean, label: Deep, show_when: "wavelength > 500 nm"}
  - {name: method, type: choice, label: Method, choices: [mean, {value: network, when: deep}]}
presets:
  - {name: Careful, values: {method: network}, when: angles >= 4}
resources: {default: small, variants: [{name: small, label: Small}]}
result_title: "{input}, fused"
outputs: []
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Settings of a site with a folder of job types of its own."""
    folder = tmp_path / "types"
    folder.mkdir()
    config = tmp_path / "gantry.toml"
    config.write_text(f'var = "{tmp_path}/var"\njobtypes = ["{folder}"]\npublish = true\n')
    monkeypatch.setenv("GANTRY_CONFIG", str(config))
    return folder


def run(*words):
    return main(["admin", "jobtypes", *map(str, words)])


@pytest.mark.parametrize("name", sorted(load_folders([shipped_folder()]).by_name))
def test_what_is_shipped_keeps_its_revision_as_values_alone(name):
    jobtype = load_folders([shipped_folder()]).by_name[name]
    again, problems = parse_text(text_of(jobtype, ()), Path("x.yaml"))
    assert problems == [] and again.revision == jobtype.revision


def test_conditions_are_written_as_texts_and_mean_the_same():
    jobtype, _ = parse_text(TEXT, Path("fuse.yaml"))
    text = text_of(jobtype, ())
    assert "tree" not in text and "angles > 1" in text
    again, problems = parse_text(text, Path("fuse.yaml"))
    assert problems == [] and again.revision == jobtype.revision


def test_a_tree_is_never_taken_from_what_somebody_wrote():
    """Else the text that people approve could say something else than what is evaluated."""
    tree = '{text: "false", tree: {op: value, value: true}}'
    found, problems = parse_text(TEXT.replace('"wavelength > 500 nm"', tree), Path("fuse.yaml"))
    assert found is None and "written as a text" in problems[0].message


def test_from_one_site_to_another(site, tmp_path, capsys):
    (site / "mine.yaml").write_text(TEXT)
    assert run("export", "fuse") == 0
    assert capsys.readouterr().out == TEXT
    out = tmp_path / "out"
    out.mkdir()
    assert run("export", "--all", "--to", out) == 0
    assert [path.name for path in out.iterdir()] == ["fuse.yaml"]
    assert run("export", "--all", "--to", out) != 0
    assert "is there already" in capsys.readouterr().err
    there = tmp_path / "there"
    there.mkdir()
    assert run("import", out / "fuse.yaml", "--to", there, "--dry-run") != 0  # its name is here
    (site / "mine.yaml").unlink()
    assert run("import", out / "fuse.yaml", "--to", there, "--dry-run") == 0
    assert list(there.iterdir()) == []
    assert run("import", out / "fuse.yaml") == 0
    assert (site / "fuse.yaml").read_text() == TEXT
    assert run("import", out / "fuse.yaml") != 0
    assert "here already. Nothing was taken." in capsys.readouterr().err


def test_all_or_none_are_taken(site, tmp_path, capsys):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(TEXT)
    bad.write_text(TEXT.replace("name: fuse", "name: other").replace("needs:", "neds:"))
    assert run("import", good, bad) == 6
    said = capsys.readouterr().err
    assert "bad.yaml" in said and "Nothing was taken." in said
    assert list(site.iterdir()) == []


def test_what_is_asked_for_must_be_clear(site, tmp_path, capsys):
    (site / "mine.yaml").write_text(TEXT)
    (site / "second.yaml").write_text(TEXT.replace("name: fuse", "name: other"))
    for words in (["export"], ["export", "fuse", "--all"], ["export", "--all"]):
        assert run(*words) == 2, words
    assert run("export", "nothing") != 0
    assert "There is no analysis called nothing." in capsys.readouterr().err
    assert run("export", "--all", "--json") == 0
    assert '"other"' in capsys.readouterr().out
