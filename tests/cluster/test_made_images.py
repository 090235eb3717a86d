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

from portal.client.http import Document

ROOT = Path(__file__).parents[2]
BUILDER = ROOT / "jobtypes" / "on-request" / "image-from-packages.yaml"
NAME = "lab-made"
STREAMS = {"log": "stdout", "errors": "stderr"}


@pytest.fixture
def builder(site: LabSite, images: dict[str, Document], cluster: Cluster) -> str:
    """The analysis that makes images, published, and nodes that have Debian's wheel of pip."""
    for node in ("node1", "node2"):
        done = cluster.hosts[node].run(
            "sh", "-c", "ls /usr/share/python-wheels/pip-*.whl || (apt-get update -qq; apt-get install -y -qq "
            "--no-install-recommends python3-pip-whl)", timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    document: Document = yaml.safe_load(BUILDER.read_text(encoding="utf-8"))
    site.publish(document | {"resources": {
        "default": "small",
        "variants": [{"name": "small", "label": "Small", "cpus": 1, "memory_mb": 500, "time_s": 600}],
    }})  # fmt: skip
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
    ("requirements", "test", "words"),
    [
        ("cowsay @ file:///etc/passwd", "true", "Line 1 of the requirements is no name with a version."),
        ("--index-url=x\ncowsay", "true", "Line 1 of the requirements is an option of pip's"),
        ("cowsay==6.1", "false", "This step ended with exit code 1"),
    ],
)
def test_what_cannot_be_made_says_why(
    site: LabSite, builder: str, wait_for_job: WaitForJob, requirements: str, test: str, words: str
) -> None:
    job = make(site, builder, wait_for_job, requirements=requirements, test=test)
    assert job["state"] == "failed"
    assert words in job["errors"]
