"""An image that somebody has made: as her own job, from a requirements.txt, without root; staged, and used."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import WaitForJob
from hosts.cluster import Cluster
from lab_site import LabSite, lab_analysis
from loopback_registry import ADDRESS, LoopbackRegistry

from portal.client.http import Document
from portal.errors import InvalidError

ROOT = Path(__file__).parents[2]
BUILDER = ROOT / "jobtypes" / "on-request" / "image-from-packages.yaml"
REGISTRY = ROOT / "jobtypes" / "on-request" / "image-from-registry.yaml"
NAME = "lab-made"
STREAMS = {"log": "stdout", "errors": "stderr"}


SMALL = {
    "default": "small",
    "variants": [{"name": "small", "label": "Small", "cpus": 1, "memory_mb": 500, "time_s": 600}],
}


@pytest.fixture
def builder(site: LabSite, images: dict[str, Document]) -> str:
    """The analysis that makes images, published. The nodes have what it needs by their role."""
    document: Document = yaml.safe_load(BUILDER.read_text(encoding="utf-8"))
    site.publish(document | {"resources": SMALL})
    return str(document["name"])


@pytest.fixture(scope="module")
def registry(cluster: Cluster) -> LoopbackRegistry:
    """On the loopback of each node."""
    return LoopbackRegistry([cluster.hosts[node] for node in ("node1", "node2")])


@pytest.fixture
def taker(site: LabSite, images: dict[str, Document], registry: LoopbackRegistry) -> str:
    """The analysis that takes images over from a registry, which lets that one be chosen."""
    text = REGISTRY.read_text(encoding="utf-8").replace("[registry.invalid]", f'["{ADDRESS}"]')
    document: Document = yaml.safe_load(text.replace("registry.invalid", f'"{ADDRESS}"'))
    site.publish(document | {"resources": SMALL})
    return str(document["name"])


@pytest.fixture
def program(cluster: Cluster) -> Iterator[str]:
    """This checkout's gantry-images, where node1's root finds it."""
    place = cluster.place.shared / "images" / "code"
    for name in ("images", "files"):
        shutil.copytree(ROOT / "portal" / name, place / "portal" / name, dirs_exist_ok=True)
    for name in ("__init__.py", "errors.py", "documents.py", "failpoints.py", "times.py"):
        shutil.copy(ROOT / "portal" / name, place / "portal" / name)
    yield "/shared/images/code"
    shutil.rmtree(place)
    for left in (cluster.place.shared / "images").glob(f"{NAME}*"):
        left.unlink()


def make(site: LabSite, builder: str, wait_for_job: WaitForJob, **options: str) -> Document:
    """Maya's job that makes an image, ended."""
    maya = site.client("maya")
    experiment = next(iter(maya.experiments()))["id"]
    made = maya.submit(builder, {}, {"called": "Cows", **options}, experiment=experiment)
    (job,) = wait_for_job(made, 300)
    logs = {name: maya.log(job["id"], stream=stream)["text"] for name, stream in STREAMS.items()}
    return job | logs


def test_an_image_is_made_by_a_person_staged_by_an_operator_and_used_by_jobs(
    site: LabSite, cluster: Cluster, builder: str, wait_for_job: WaitForJob, program: str
) -> None:
    test = "python3 -c 'import cowsay, os; print(os.getuid())'"
    job = make(site, builder, wait_for_job, requirements="# one\ncowsay==6.1\n", test=test)
    assert job["state"] == "succeeded", (job["sentence"], job["log"], job["errors"])
    assert "Successfully installed cowsay-6.1" in job["log"]
    assert "\n2001\n" in job["log"], "it is tried as herself"
    (image,) = [
        path for path in (cluster.place.shared / "results").rglob("image.sif")
        if json.loads(path.with_name("recipe.json").read_text())["job"] == job["number"]
    ]  # fmt: skip
    recipe = json.loads(image.with_name("recipe.json").read_text())
    assert recipe["requirements"] == ["cowsay==6.1"]
    assert "cowsay==6.1" in recipe["resolved"]["python"]
    assert recipe["person"] == "maya"

    there = f"/shared/{image.parent.relative_to(cluster.place.shared)}"
    done = cluster.hosts["node1"].run(
        "env", "-C", "/", f"PYTHONPATH={program}", "PYTHONDONTWRITEBYTECODE=1", "python3", "-P", "-m",
        "portal.images", "take", "/shared/images", there, "--name", NAME, "--by", "maya", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    kept = json.loads(next((cluster.place.shared / "images").glob(f"{NAME}-*.recipe")).read_text())
    assert (kept["by"], kept["recipe"]["resolved"]) == ("maya", recipe["resolved"])
    known = json.loads(next((cluster.place.shared / "images").glob(f"{NAME}-*.recorded")).read_text())
    assert known["labels"]["gantry.made_by"] == "maya"
    assert known["helps"][0]["program"] == "python3"

    site.publish(lab_analysis("lab-cow", "import cowsay; print(cowsay.__version__)", image=NAME, outputs=[]))
    (used,) = wait_for_job(
        site.client("maya").submit("lab-cow", {"data": site.datasets["Zebrafish heart"][:1]}, {})
    )
    assert used["state"] == "succeeded", used["sentence"]
    assert site.client("maya").job(used["id"])["runner"] == "It ran in a container."
    assert "6.1" in site.client("maya").log(used["id"], stream="stdout")["text"]


def test_debian_packages_are_installed_without_root(
    site: LabSite, cluster: Cluster, builder: str, wait_for_job: WaitForJob
) -> None:
    job = make(site, builder, wait_for_job, packages="graphicsmagick", test="gm version")
    assert job["state"] == "succeeded", (job["sentence"], job["log"], job["errors"])
    assert "GraphicsMagick 1." in job["log"]


@pytest.mark.parametrize(
    ("requirements", "words"),
    [
        ("cowsay @ file:///etc/passwd", "Line 1 of the requirements is no name with a version."),
        ("--index-url=x\ncowsay", "Line 1 of the requirements is an option of pip's"),
    ],
)
def test_what_cannot_be_read_is_said_before_a_job_is_made(
    site: LabSite, builder: str, requirements: str, words: str
) -> None:
    maya = site.client("maya")
    experiment = next(iter(maya.experiments()))["id"]
    options = {"called": "Cows", "requirements": requirements, "test": "true"}
    with pytest.raises(InvalidError) as raised:
        maya.submit(builder, {}, options, experiment=experiment)
    assert words in raised.value.fields["requirements"]


def test_a_command_that_fails_leaves_no_image(site: LabSite, builder: str, wait_for_job: WaitForJob) -> None:
    job = make(site, builder, wait_for_job, requirements="cowsay==6.1", test="false")
    assert job["state"] == "failed"
    assert "This step ended with exit code 1" in job["errors"]


def test_the_pip_section_of_an_environment_is_installed(
    site: LabSite, builder: str, wait_for_job: WaitForJob
) -> None:
    environment = (
        "name: cows\nchannels:\n  - defaults\ndependencies:\n  - python>=3.11\n  - pip:\n    - cowsay==6.1\n"
    )
    test = "python3 -c 'import cowsay; print(cowsay.__version__)'"
    job = make(site, builder, wait_for_job, environment=environment, test=test)
    assert job["state"] == "succeeded", (job["sentence"], job["log"], job["errors"])
    assert "Successfully installed cowsay-6.1" in job["log"]


def test_a_python_that_the_base_does_not_have_is_no_image(
    site: LabSite, builder: str, wait_for_job: WaitForJob
) -> None:
    environment = "dependencies:\n  - python=3.9\n  - pip:\n    - cowsay==6.1\n"
    job = make(site, builder, wait_for_job, environment=environment, test="true")
    assert job["state"] == "failed"
    assert "asks for Python 3.9, and the image that it is built on has 3." in job["errors"]


def test_an_image_of_a_registry_is_taken_over_by_its_digest(
    site: LabSite, cluster: Cluster, taker: str, registry: LoopbackRegistry, wait_for_job: WaitForJob
) -> None:
    reference = registry.push("moo\n")
    # No set-uid bit is left of that which the image's `id` has in its layer.
    test = "sh -c 'cat /etc/word; test ! -u /usr/bin/id'"
    asked = {"registry": ADDRESS, "reference": reference, "test": test}
    job = make(site, taker, wait_for_job, **asked)
    assert job["state"] == "succeeded", (job["sentence"], job["log"], job["errors"])
    assert "\nmoo\n" in job["log"]
    (recipe,) = [
        found for path in (cluster.place.shared / "results").rglob("recipe.json")
        if (found := json.loads(path.read_text()))["job"] == job["number"]
    ]  # fmt: skip
    assert (recipe["reference"], recipe["base"]) == (reference, None)


def test_a_digest_that_the_registry_does_not_have_or_that_is_not_its_bytes_is_no_image(
    site: LabSite, taker: str, registry: LoopbackRegistry, wait_for_job: WaitForJob
) -> None:
    reference = registry.push("baa\n")
    other = reference.partition("sha256:")[0] + "sha256:" + "0" * 64
    job = make(site, taker, wait_for_job, registry=ADDRESS, reference=other, test="true")
    assert (job["state"], "No image was made" in job["errors"]) == ("failed", True), job["errors"]
    registry.damage(reference)
    job = make(site, taker, wait_for_job, registry=ADDRESS, reference=reference, test="true")
    assert (job["state"], "No image was made" in job["errors"]) == ("failed", True), job["errors"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (f"{ADDRESS}/tools/cow:latest", "An image is named by its digest"),
        ("registry.example.org/cow@sha256:" + "0" * 64, "cannot be used here. These can: 127.0.0.1:5000."),
        (f"{ADDRESS}/tools/cow@sha256:00", "64 digits"),
    ],
)
def test_another_reference_is_said_before_a_job_is_made(
    site: LabSite, taker: str, reference: str, words: str
) -> None:
    maya = site.client("maya")
    experiment = next(iter(maya.experiments()))["id"]
    options = {"called": "Cows", "registry": ADDRESS, "reference": reference, "test": "true"}
    with pytest.raises(InvalidError) as raised:
        maya.submit(taker, {}, options, experiment=experiment)
    assert words in raised.value.fields["reference"]
