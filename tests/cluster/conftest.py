"""The cluster, brought up once a session; and why its tests are skipped where it cannot be.

A whole facility on it is the fixture `site` (lab_site.py says what is in it): `signed_in("maya")` is the API's
client with a token of hers, over TLS through nginx; `submit("maya", *datasets, wait=5)` starts `lab-count` on
datasets (one of her own if none is named) and gives the submission; `wait_for_job(submission)` gives its jobs when
all have ended.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from hosts import building
from hosts import images as recipes
from hosts.cluster import HOSTS, Cluster
from hosts.host import Host
from hosts.network import the_network
from hosts.place import LabError, the_place
from lab_site import HOME, PATIENCE_S, LabSite

from portal.client import Client
from portal.client.http import Document
from portal.files.durable import read_json

HERE = Path(__file__).parent
NEEDED = ("debootstrap", "ip", "nft", "nsenter", "ssh", "unshare")
# Longer than a cold start on a busy machine with two cores.
LONGEST_S = 3600

Answer = subprocess.CompletedProcess[str]
AsSomebody = Callable[..., Answer]
SignedIn = Callable[[str], Client]
Submit = Callable[..., Document]
WaitForJob = Callable[..., list[Document]]


def why_not() -> str | None:
    """Why there can be no cluster here, in words; None if there can."""
    if os.environ.get("GANTRY_CLUSTER") == "0":
        return "the cluster was not wanted (GANTRY_CLUSTER=0)"
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the cluster needs root on Linux: namespaces, a bridge, mounts"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"the cluster needs {', '.join(missing)}"
    probe = subprocess.run(["unshare", "-m", "-n", "-p", "-C", "-f", "true"], capture_output=True, text=True)
    return f"this machine allows no namespaces: {probe.stderr.strip()}" if probe.returncode else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this folder's tests, and skip them all with one reason.

    Those that need images come late, since images that are not made yet are built meanwhile.
    """
    reason = why_not()
    items.sort(key=_needs_images)
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(LONGEST_S))
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def _needs_images(item: pytest.Item) -> bool:
    """Of this folder's tests; others have a fixture of that name, too."""
    return item.path.is_relative_to(HERE) and "images" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The whole cluster, up: new disks, and forgotten at the end, unless somebody has this lab up already.

    The tests have a lab of their own (GANTRY_LAB names another), so that they meet nobody's half-done work.
    Images that tests ask for and that are not made yet are built meanwhile.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GANTRY_LAB", os.environ.get("GANTRY_LAB", "test"))
        made = Cluster(the_place(), the_network(), lambda text: print(text, file=sys.stderr))
        was_up = any(made.hosts[name].pid is not None for name in HOSTS)
        try:
            if not was_up:
                made.down(wipe=True)
            made.up()
            asked = any(map(_needs_images, request.session.items))
            with images_in_the_making(made) if asked else nullcontext():
                yield made
        finally:
            if not was_up:
                made.down(wipe=True)


@contextmanager
def images_in_the_making(cluster: Cluster) -> Iterator[None]:
    """A process beside the tests builds the images that are not there: the fixture `images` waits for its lock."""
    names = [name for name in recipes.USUAL if recipes.manifest(cluster.place, recipes.Recipe(name)) is None]
    if not names:
        yield
        return
    with subprocess.Popen([sys.executable, HERE / "images.py", *names]) as builder:
        try:
            yield
        finally:
            # It forgets its own host on the way out.
            builder.send_signal(signal.SIGINT)


@pytest.fixture
def ctl(cluster: Cluster) -> Host:
    """Slurm's controller."""
    return cluster.hosts["ctl"]


@pytest.fixture
def portal(cluster: Cluster) -> Host:
    """The portal's host, from which jobs are submitted."""
    return cluster.hosts["portal"]


@pytest.fixture
def as_somebody(portal: Host) -> AsSomebody:
    """`as_somebody("maya", "sbatch", …)`: a command as an account of the portal's host."""

    def run(account: str, *command: str, timeout: float = 120) -> Answer:
        return portal.run("runuser", "-u", account, "--", *command, timeout=timeout)

    return run


@pytest.fixture(scope="session")
def site(cluster: Cluster) -> LabSite:
    """People, experiments, datasets and the analysis `lab-count`, on the portal's host."""
    made = LabSite(cluster)
    made.open()
    return made


@pytest.fixture
def signed_in(site: LabSite) -> SignedIn:
    """`signed_in("maya")`: the API as she uses it, over TLS."""
    return site.client


@pytest.fixture
def submit(site: LabSite) -> Submit:
    """`submit("maya", 3, 4, analysis="lab-count", wait=5)`: a submission on datasets 3 and 4; options by name."""

    def start(person: str, *datasets: int, analysis: str = "lab-count", **options: object) -> Document:
        chosen = list(datasets) or site.datasets[HOME[person]][:1]
        return site.client(person).submit(analysis, {"data": chosen}, options)

    return start


@pytest.fixture
def wait_for_job(site: LabSite) -> WaitForJob:
    """`wait_for_job(submission)`: its jobs when all have ended; fails with what they and the daemon say."""

    def wait(made: Document, patience_s: float = PATIENCE_S) -> list[Document]:
        return site.wait(site.client(made["person"]), made, patience_s)

    return wait


@pytest.fixture(scope="session")
def image(cluster: Cluster) -> str:
    """The path of a small container image, as the hosts see it: a shell, id and cat of the node itself."""
    made = "/shared/images/small.sif"
    script = f"""
        set -e
        test ! -e {made} || exit 0
        tree=$(mktemp -d)
        mkdir -p $tree/usr/bin $tree/usr/lib $tree/usr/lib64 $tree/tmp $tree/proc $tree/sys $tree/dev $tree/etc
        ln -s usr/bin usr/lib usr/lib64 $tree
        for program in sh id cat; do
            cp -L /usr/bin/$program $tree/usr/bin/
            for library in $(ldd /usr/bin/$program | grep -o '/lib[^ ]*'); do
                mkdir -p $tree/$(dirname $library)
                cp -L $library $tree/$library
            done
        done
        apptainer --quiet build {made} $tree
        rm -r $tree
    """
    done = cluster.hosts["node1"].run("sh", "-c", script)
    if done.returncode:
        raise LabError(f"The image could not be built: {done.stderr}")
    return made


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> dict[str, Document]:
    """The manifests of base, science and mpi, by name: built or taken from the cache, and staged for the hosts."""
    building.ensure(cluster, recipes.USUAL, cluster.say)
    staged = cluster.place.shared / "images"
    wanted = {name: recipes.manifest(cluster.place, recipes.Recipe(name)) or {} for name in recipes.USUAL}

    def there() -> dict[str, Document]:
        found = {name: read_json(staged / f"{name}.json") or {} for name in recipes.USUAL}
        return {name: one for name, one in found.items() if one.get("digest") == wanted[name]["digest"]}

    if len(there()) < len(wanted):
        cluster.apply("--tags", "images")
    return there()
