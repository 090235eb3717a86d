"""A job type's revision, variants and modes, and its JSON Schema."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from portal.jobtype.kind import Kind
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.model import JobType
from portal.jobtype.schema import schema_path, schema_text

SHIPPED = load_folders([shipped_folder()]).by_name


def test_the_revision_is_the_digest_of_the_canonical_document(load):
    jobtype, _ = load("title: Blur", "title: Blur")
    text = json.dumps(jobtype.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert jobtype.revision == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_keys_that_came_later_leave_the_revision_of_what_was_published_before(load):
    jobtype, _ = load("title: Blur", "title: Blur")
    assert jobtype.kind is Kind.RUN
    assert "kind" not in jobtype.document()
    assert jobtype.revision == "sha256:364c01bfdd22753b9e3be62c8a268143112b892a07dd5860b884953234d5828f"
    said, _ = load("title: Blur", "title: Blur\nkind: run")
    assert said.revision == jobtype.revision


def test_the_kind_of_a_desktop_stands_in_its_document_and_reads_back(load):
    run, _ = load("title: Blur", "title: Blur")
    desktop = JobType.model_validate(run.document() | {"kind": "interactive"})
    assert desktop.kind is Kind.INTERACTIVE
    assert desktop.revision != run.revision
    assert JobType.model_validate(json.loads(desktop.canonical())) == desktop


def test_the_revision_does_not_depend_on_how_the_file_is_laid_out(load):
    first, _ = load("title: Blur\nsummary: Blurs.", "title: Blur\nsummary: Blurs.")
    second, _ = load("title: Blur\nsummary: Blurs.", "# a remark\nsummary: 'Blurs.'\ntitle: Blur")
    assert first.revision == second.revision


def test_any_change_of_meaning_changes_the_revision(load):
    first, _ = load("title: Blur", "title: Blur")
    second, _ = load("max: 10", "max: 11")
    assert first.revision != second.revision


@pytest.mark.parametrize("name", SHIPPED)
def test_a_published_document_reads_back_as_the_same_job_type(name):
    jobtype = SHIPPED[name]
    again = JobType.model_validate(json.loads(jobtype.canonical()))
    assert again == jobtype
    assert again.revision == jobtype.revision


def test_an_unknown_variant_is_a_key_error(load):
    jobtype, _ = load("title: Blur", "title: Blur")
    assert jobtype.variant().name == "standard"
    with pytest.raises(KeyError):
        jobtype.variant("large")


@pytest.mark.parametrize(
    ("bounds", "datasets", "modes"),
    [
        ("min: 1\n    max: 1", 1, ("each",)),
        ("min: 1\n    max: 1", 5, ("each",)),
        ("min: 1\n    max: 9", 5, ("each", "all")),
        ("min: 2\n    max: 9", 5, ("all",)),
        ("min: 2\n    max: 3", 5, ()),
    ],
)
def test_how_many_datasets_can_be_run(bounds, datasets, modes, load):
    jobtype, _ = load("dataset_types: [stack]", f"dataset_types: [stack]\n    {bounds}")
    assert jobtype.modes(datasets) == modes


def test_the_schema_on_disk_is_current():
    """Write it anew with: python -m portal.jobtype.schema"""
    assert schema_path().read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_schema_accepts_every_job_type_that_ships(name):
    document = yaml.safe_load((shipped_folder() / f"{name}.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(schema_text()))


def test_the_schema_refuses_an_unknown_key():
    document = yaml.safe_load((shipped_folder() / "qc.yaml").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "tittle": "Quality"}, json.loads(schema_text()))


def test_every_job_type_names_the_schema_for_editors():
    for file in sorted(Path(shipped_folder()).glob("*.yaml")):
        assert file.read_text(encoding="utf-8").startswith(
            "# yaml-language-server: $schema=schema/job-type.schema.json"
        )


def test_a_name_that_is_the_address_of_another_page_is_refused(load):
    jobtype, problems = load("name: blur", "name: drafts")
    assert jobtype is None
    assert [one.message for one in problems] == ["drafts is the address of another page: choose another name"]
