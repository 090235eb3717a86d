"""What one made in the browser may ask for at most."""

from dataclasses import replace
from typing import Any

import pytest

from portal.config import load_settings
from portal.config.publisher import PublisherSettings
from portal.drafts.caps import hindrances, objections, staged_names
from portal.images.manifest import Manifest, write
from portal.jobtype.load import load_folders, shipped_folder
from portal.jobtype.model import JobType, Licence, LicenceServer, RetryRule


@pytest.fixture
def jobtype() -> JobType:
    return load_folders([shipped_folder()]).by_name["qc"].model_copy(update={"image": "tools"})


def _variant(jobtype: JobType, **changes: Any) -> JobType:
    variant = jobtype.resources.variants[0].model_copy(update=changes)
    resources = jobtype.resources.model_copy(update={"variants": [*jobtype.resources.variants, variant]})
    return jobtype.model_copy(update={"resources": resources})


def _said(jobtype: JobType, most: PublisherSettings | None = None, images: tuple[str, ...] = ("tools",)) -> str:
    return " ".join(
        words for _, words in objections(jobtype, most or PublisherSettings(), images, containers=True)
    )


def test_what_is_within_all_bounds_is_not_objected_to(jobtype):
    assert _said(jobtype) == ""


@pytest.mark.parametrize("name", ["cpus", "memory_mb", "time_s", "gpus", "ranks"])
def test_no_variant_may_ask_for_more_than_the_most(jobtype, name):
    most = getattr(PublisherSettings(), name)
    assert _said(_variant(jobtype, **{name: most})) == ""
    assert f"asks for {name} {most + 1:,}" in _said(_variant(jobtype, **{name: most + 1}))


def test_retries_count_as_what_they_may_come_to(jobtype):
    retry = jobtype.retry.model_copy(update={"memory": RetryRule(times=2, memory_factor=4)})
    changed = _variant(jobtype, memory_mb=5_000).model_copy(update={"retry": retry})
    assert "80,000 after retries" in _said(changed)
    assert _said(changed, PublisherSettings(memory_mb=80_000)) == ""


def test_only_images_that_are_staged_and_allowed(jobtype):
    assert "tools is not one" in _said(jobtype, images=())
    assert "tools is not one" in _said(jobtype, images=("others",))
    assert "tools is not one" in _said(jobtype, PublisherSettings(images=("others",)), ("tools", "others"))
    assert _said(jobtype, PublisherSettings(images=("tools",)), ("tools", "others")) == ""


def test_without_an_image_only_where_no_containers_are_used(jobtype):
    bare = jobtype.model_copy(update={"image": None})
    assert "names no software image" in _said(bare)
    assert objections(bare, PublisherSettings(), (), containers=False) == []


def test_kinds_of_nodes_only_those_that_an_operator_allows(jobtype):
    wanting = _variant(_variant(jobtype, constraint="a100"), constraint="big")
    told = _said(wanting, PublisherSettings(constraints=("big",)))
    assert "nodes of the kind a100, which is not allowed here" in told and "big" not in told
    assert _said(wanting, PublisherSettings(constraints=("a100", "big"))) == ""


def test_licences_only_those_that_an_operator_allows(jobtype):
    wanting = jobtype.model_copy(update={"licences": [Licence(name="matlab"), Licence(name="idl")]})
    assert "a licence of matlab" in _said(wanting)
    told = _said(wanting, PublisherSettings(licences=("matlab",)))
    assert "matlab" not in told
    assert "a licence of idl" in told
    assert _said(wanting, PublisherSettings(licences=("matlab", "idl"))) == ""


def test_licence_servers_only_those_that_an_operator_allows(jobtype):
    wanting = jobtype.model_copy(update={"licence_servers": [LicenceServer(name="mesh"), LicenceServer(name="x")]})
    assert "the licence server mesh" in _said(wanting)
    told = _said(wanting, PublisherSettings(licence_servers=("mesh",)))
    assert "mesh" not in told
    assert "the licence server x" in told
    assert _said(wanting, PublisherSettings(licence_servers=("mesh", "x"))) == ""


def test_the_network_only_where_an_operator_allows_it(jobtype):
    wanting = jobtype.model_copy(update={"network": True})
    assert "wants the network" in _said(wanting)
    assert _said(wanting, PublisherSettings(network=True)) == ""


def test_no_draft_may_run_what_makes_images_outside_containers(jobtype):
    builder = jobtype.model_copy(
        update={"program": jobtype.program.model_copy(update={"module": "image_builder"})}
    )
    assert "an operator alone offers it" in _said(builder)


def _site(tmp_path, **values):
    settings = load_settings({}, var=tmp_path / "var", **values)
    for folder in settings.folders():
        folder.mkdir(parents=True, exist_ok=True)
    return settings


def test_what_the_publisher_would_refuse_is_said_with_its_place(jobtype, tmp_path):
    site = _site(tmp_path, publish=False)
    wanting = _variant(jobtype, memory_mb=10**6).model_copy(update={"network": True})
    places = [place for place, _ in hindrances(wanting, site, {"qc"})]
    assert places == [
        ("name",),
        ("image",),
        ("network",),
        ("resources", "variants", len(jobtype.resources.variants)),
    ]
    assert hindrances(wanting, site, {"qc"})[0][1].startswith(
        "An analysis of this facility has the name qc already"
    )
    bare = jobtype.model_copy(update={"image": None})
    assert [place for place, _ in hindrances(bare, site, ())] == [("image",)]


def test_where_one_account_runs_programs_without_containers_nothing_is_missed(jobtype, tmp_path):
    site = _site(tmp_path)
    assert site.signs_itself
    assert hindrances(jobtype.model_copy(update={"image": None}), site, ()) == []
    assert staged_names(site) is None
    assert staged_names(_site(tmp_path, publish=False)) == []


def test_an_image_that_was_withdrawn_or_is_not_what_was_staged_is_none_that_may_be_used(jobtype, tmp_path):
    site = _site(tmp_path, publish=False)
    (site.images / "tools.sif").write_bytes(b"x")
    status = (site.images / "tools.sif").stat()
    manifest = Manifest("tools", "tools.sif", "sha256:" + "ab" * 32, status.st_size, status.st_mtime_ns)
    write(site.images, "tools.json", manifest)
    assert (staged_names(site), hindrances(jobtype, site, ())) == (["tools"], [])
    write(site.images, "tools.json", replace(manifest, withdrawn="It was changed."))
    assert [place for place, _ in hindrances(jobtype, site, ())] == [("image",)]
