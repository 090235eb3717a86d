"""A whole portal for Chromium: the demo facility with its first jobs run, web server and daemon together."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import select, update

from portal.catalogue.models import Dataset, DatasetArray
from portal.config import Settings
from portal.db import Database
from portal.demo.prepare import prepare, settings_of
from portal.demo.processes import Portal, free_port
from portal.identity.models import Person
from portal.jobs.models import Job, JobOutput
from portal.jobs.state import FINAL, State
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import load_folders, shipped_folder

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DECONVOLUTION = "lightsheet-deconvolution"
BROKEN = "Zebrafish trunk, transfer broken off"
JOBS_S = 600.0
# Patience with a browser on a busy machine; Playwright's own is five seconds for what is expected of a page.
BROWSER_MS = 60_000
# The first test makes the demo and waits for its jobs.
LONGEST_S = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """More time than other tests have."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(LONGEST_S))


@dataclass
class Demo:
    """The running portal and the addresses of its pages by a short name."""

    url: str
    database: Database
    settings: Settings
    portal: Portal
    pages: dict[str, str] = field(default_factory=dict)


def _submit(demo: Demo, settings: Any, key: str, jobtype: str, names: list[str], **more: Any) -> str:
    jobtypes = load_folders([shipped_folder()])
    slots = [slot.name for slot in jobtypes.by_name[jobtype].inputs[:1]]
    with demo.database.write() as session:
        ids = [session.scalars(select(Dataset.id).where(Dataset.name == name)).one() for name in names]
        person = session.scalars(select(Person).where(Person.name == "maya")).one()
        made = submit(
            session,
            person.actor(),
            SubmitRequest(jobtype, dict.fromkeys(slots, ids), idempotency_key=key, **more),
            jobtypes=jobtypes,
            settings=settings,
            now=datetime.now(UTC),
        )
        return made.id


def _wait(demo: Demo) -> None:
    end = time.monotonic() + JOBS_S
    while time.monotonic() < end:
        with demo.database.read() as session:
            if session.scalar(select(Job.id).where(Job.state.not_in(FINAL)).limit(1)) is None:
                return
        time.sleep(0.5)
    pytest.fail(f"the first jobs have not ended within {JOBS_S:.0f} s")


def _addresses(demo: Demo, batch: str) -> dict[str, str]:
    with demo.database.read() as session:

        def dataset(*conditions: Any) -> int:
            return session.scalars(select(Dataset.id).where(*conditions).order_by(Dataset.id).limit(1)).one()

        def job(*conditions: Any) -> str:
            return session.scalars(select(Job).where(*conditions).order_by(Job.id).limit(1)).one().number

        heart = dataset(Dataset.name == "Zebrafish heart, GFP")
        experiment = session.scalars(select(Dataset.investigation_id).where(Dataset.id == heart)).one()
        result = session.scalars(select(JobOutput.dataset_id).order_by(JobOutput.id).limit(1)).one()
        return {
            "home": "/",
            "data": "/data",
            "data-searched": "/data?q=heart",
            "data-nothing": "/data?q=nothing-is-called-this",
            "data-table": "/data?view=table&column=voxel+size+x&column=exposure+time",
            "data-wrong-day": "/data?start=11/20/2026&end=2026-02-30",
            "search": "/search?q=zebrafsh",
            "access": "/access",
            "experiments": "/experiments",
            "experiment": f"/experiments/{experiment}",
            "dataset": f"/datasets/{heart}",
            "dataset-result": f"/datasets/{result}",
            "dataset-broken": f"/datasets/{dataset(Dataset.name == BROKEN)}",
            "dataset-unfinished": f"/datasets/{dataset(Dataset.complete.is_(False))}",
            "analyses": "/analyses",
            "analyses-fitting": f"/analyses?dataset={heart}",
            "form": f"/analyses/{DECONVOLUTION}/start?dataset={heart}",
            "form-no-input": "/analyses/random-counts/start",
            "form-again": f"/analyses/{DECONVOLUTION}/start?dataset={heart}&option.iterations=12&again=1",
            "presets": f"/analyses/{DECONVOLUTION}/presets",
            "preset-new": f"/analyses/{DECONVOLUTION}/presets/new?dataset={heart}&option.iterations=12",
            "form-without-data": f"/analyses/{DECONVOLUTION}/start",
            "jobs": "/jobs",
            "job-done": f"/jobs/{job(Job.state == State.SUCCEEDED)}",
            "job-no-dataset": f"/jobs/{job(Job.title.endswith(', checksums'))}",
            "job-failed": f"/jobs/{job(Job.state == State.FAILED)}",
            "batch": f"/batches/{batch}",
            "batch-compare": f"/batches/{batch}/compare",
            "me": "/me",
            "notices": "/notices",
            "device": "/device",
            "help": "/help",
            "not-found": "/datasets/999999",
        }


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The running demo."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium: on Debian, apt-get install chromium")
    var = tmp_path_factory.mktemp("browser") / "var"
    settings, config = settings_of(var, port=free_port(0))
    prepare(settings, lambda _name, _fraction: None)
    portal = Portal(settings, config, {"GANTRY_WEB_SIGN_IN_LIMIT": "1000 per minute"})
    made = Demo(portal.url, Database(settings.database), settings, portal)
    try:
        portal.start()
        # As of data that were registered before it was kept which files are of no use: jobs on them fail.
        with made.database.write() as session:
            session.execute(update(DatasetArray).values(unusable=""))
        _submit(made, settings, "first", DECONVOLUTION, ["Zebrafish heart, GFP"])
        _submit(made, settings, "broken", DECONVOLUTION, [BROKEN])
        _submit(made, settings, "checksums", "print-checksums", ["Zebrafish heart, GFP"])
        batch = _submit(made, settings, "batch", "qc", ["Zebrafish trunk, kdrl:GFP", BROKEN])
        _wait(made)
        made.pages = _addresses(made, batch)
        yield made
    finally:
        portal.stop()
        made.database.dispose()
        for path in var.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)  # registered results are sealed against writing
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=BROWSER_MS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=2 * BROWSER_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def keeping(chromium: Browser) -> Iterator[Browser]:
    """A Chromium that keeps pages whole for Back, as people's does; Playwright turns that off."""
    browser = chromium.browser_type.launch(
        executable_path=CHROMIUM,
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
        timeout=2 * BROWSER_MS,
    )
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def states(demo: Demo, chromium: Browser) -> Callable[[str], Any]:
    """`states("maya")`: the cookies of somebody who has signed in through the page."""
    known: dict[str, Any] = {}

    def state(name: str) -> Any:
        if name not in known:
            context = chromium.new_context(base_url=demo.url)
            page = context.new_page()
            page.set_default_timeout(BROWSER_MS)
            page.goto("/sign-in")
            page.locator(f'form:has(input[value="{name}"]) button').click()
            page.wait_for_url("**/")
            known[name] = context.storage_state()
            context.close()
        return known[name]

    return state


@pytest.fixture
def browse(demo: Demo, chromium: Browser, states: Callable[[str], Any]) -> Iterator[Callable[..., Page]]:
    """`browse("maya", width=360, scheme="dark", script=False)`: a page of a browser signed in as that person."""
    contexts: list[BrowserContext] = []

    def open_browser(
        name: str | None = "maya",
        *,
        width: int = 1440,
        height: int = 900,
        scheme: Any = "light",
        script: bool = True,
        touch: bool = False,
    ) -> Page:
        context = chromium.new_context(
            base_url=demo.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            java_script_enabled=script,
            has_touch=touch,
            storage_state=states(name) if name else None,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(BROWSER_MS)
        return page

    yield open_browser
    for context in contexts:
        context.close()
