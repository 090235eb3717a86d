"""How a result was made, over the API and on the command line."""

import io
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from small_facility import NOW
from sqlalchemy import select

from portal.audit.models import AuditRecord
from portal.catalogue.entries import FileEntry, ParameterEntry
from portal.catalogue.results import ResultToRegister, register_result
from portal.cli.main import main
from portal.jobs.models import JobTypeRevision
from portal.jobtype.load import load_folders, shipped_folder


@pytest.fixture
def result(sqlite_database, sqlite_facility, settings) -> int:
    """Maya's deconvolved stack."""
    jobtype = load_folders([shipped_folder()]).named("lightsheet-deconvolution")
    with sqlite_database.write() as session:
        session.add(
            JobTypeRevision(
                name=jobtype.name, version=jobtype.version, digest=jobtype.revision, document=jobtype.document(),
                created=NOW,
            )
        )  # fmt: skip
        wanted = ResultToRegister(
            portal_job=1,
            output="deconvolved",
            investigation_id=sqlite_facility.investigations["private"],
            dataset_type="light-sheet result",
            name="Heart, deconvolved",
            location="results:made",
            files=[FileEntry("deconvolved.h5", 3, 1, "ab" * 32)],
            application=(jobtype.name, jobtype.version),
            arguments={"iterations": 20, "psf": "gaussian", "sigma_xy": 0.3, "sigma_z": 0.9},
            inputs=[("stack", sqlite_facility.datasets["private"])],
            person="maya",
            parameters=[ParameterEntry("remarks", "the light was dim")],
            started=NOW,
            ended=NOW,
            extra={
                "revision": jobtype.revision,
                "gantry": "0.1.0",
                "image": {"name": "science", "digest": "sha256:12"},
            },
        )
        return register_result(session, wanted, settings=settings, now=NOW).id


@pytest.fixture
def gantry(served, token_of, monkeypatch, capsys, tmp_path):
    """Run a command as Maya; its exit code, standard output and standard error."""
    monkeypatch.setenv("GANTRY_URL", served)
    monkeypatch.setenv("GANTRY_TOKEN", token_of("maya"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*words) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_result_tells_how_it_was_made(maya, result, stack):
    found = maya("GET", f"/datasets/{result}/methods").json
    assert found["text"].startswith(
        f"“Zebrafish heart, first run” (dataset {stack}) was deconvolved with 20 iterations"
    )
    assert "The program noted: the light was dim." in found["text"]
    assert [one["doi"] for one in found["references"]] == ["10.1364/JOSA.62.000055", "10.1086/111605"]
    assert found["references"][0]["number_in_volume"] == "1"
    assert found["bibtex"].startswith("@article{richardson1972,")
    (step,) = found["steps"]
    assert (step["analysis"], step["image"]["digest"], step["gantry"], step["job"]) == (
        "lightsheet-deconvolution", "sha256:12", "0.1.0", 1,
    )  # fmt: skip
    assert step["options"]["sigma_xy"] == 0.3
    assert step["doubts"] == ["the light was dim"]
    assert [one["id"] for one in step["inputs"]] == [stack]


def test_what_was_measured_has_none_and_another_persons_is_not_found(maya, tom, result, stack):
    answer = maya("GET", f"/datasets/{stack}/methods")
    assert answer.status_code == 422
    assert "was not made by an analysis" in answer.json["detail"]
    assert tom("GET", f"/datasets/{result}/methods").status_code == 404
    assert maya("GET", "/datasets/999999/methods").status_code == 404


def test_on_the_command_line(gantry, result, stack):
    code, out, _err = gantry("data", "methods", result)
    assert code == 0
    assert "was deconvolved with 20 iterations" in out
    assert "\n[2] L. B. Lucy" in out
    code, out, _err = gantry("data", "methods", result, "--bibtex")
    assert code == 0
    assert out.startswith("@article{richardson1972,") and "}\n" in out
    code, out, _err = gantry("data", "methods", result, "--json")
    assert json.loads(out)["dataset"] == result


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [("heart", 2, "is no dataset id"), ("999999", 3, ""), ("STACK", 6, "was not made by an analysis")],
)
def test_a_wrong_id_says_what_is_wrong_with_it(word, code, said, gantry, stack):
    got, out, err = gantry("data", "methods", stack if word == "STACK" else word)
    assert (got, out) == (code, "")
    assert said in err


@pytest.fixture
def made_file(result, settings):
    """The result's file, as the store keeps it."""
    folder = settings.results / "made"
    folder.mkdir(parents=True)
    path = folder / "deconvolved.h5"
    path.write_bytes(b"abc")
    os.utime(path, ns=(1, 1))
    return path


def test_a_crate_comes_as_metadata_and_as_an_archive(maya, tom, result, made_file, stack):
    answer = maya("GET", f"/datasets/{result}/ro-crate")
    assert answer.mimetype == "application/ld+json"
    assert answer.json["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    archive = maya("GET", f"/datasets/{result}/ro-crate/content")
    assert archive.headers["Content-Disposition"] == f'attachment; filename="dataset-{result}.ro-crate.zip"'
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        assert opened.testzip() is None
        assert opened.read("data/deconvolved.h5") == b"abc"
    for path in ("ro-crate", "ro-crate/content"):
        assert tom("GET", f"/datasets/{result}/{path}").status_code == 404
        assert maya("GET", f"/datasets/{stack}/{path}").status_code == 422


def test_who_got_an_archive_is_written_down_and_a_changed_file_is_not_sent(
    maya, result, made_file, sqlite_database
):
    def downloads():
        with sqlite_database.read() as session:
            return list(session.scalars(select(AuditRecord.details).where(AuditRecord.action == "download")))

    assert maya("HEAD", f"/datasets/{result}/ro-crate/content").status_code == 200
    assert downloads() == []
    maya("GET", f"/datasets/{result}/ro-crate/content")
    assert downloads() == [{"dataset": result, "files": 1, "size": 3, "crate": True}]
    made_file.write_bytes(b"abd")
    answer = maya("GET", f"/datasets/{result}/ro-crate/content")
    assert answer.status_code == 409
    assert "was changed after it was registered" in answer.json["detail"]
    assert len(downloads()) == 1


def test_a_crate_on_the_command_line(gantry, result, made_file, stack, tmp_path):
    code, out, _err = gantry("data", "crate", result, "--to", tmp_path / "home")
    assert code == 0
    with zipfile.ZipFile(out.strip()) as opened:
        assert "ro-crate-metadata.json" in opened.namelist()
    code, out, _err = gantry("data", "crate", result, "--metadata", "--to", tmp_path / "home")
    assert (code, json.loads(Path(out.strip()).read_text())["@graph"][0]["@id"]) == (0, "./")
    code, _out, err = gantry("data", "crate", stack, "--to", tmp_path / "none")
    assert code == 6
    assert "was not made by an analysis" in err
    assert not (tmp_path / "none").exists()
