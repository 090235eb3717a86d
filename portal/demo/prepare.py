"""Make a var/ folder into a demo: settings file, database, data, catalogue. Each part only where it is missing."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from portal.catalogue.files.register import add_in_place
from portal.catalogue.models import Dataset, Investigation
from portal.config import Settings, load_settings
from portal.db import Database
from portal.demo import facility
from portal.demo.generate.make import make_all
from portal.demo.generate.plan import DatasetPlan, FacilityPlan
from portal.demo.generate.whole import facility as plan_facility
from portal.identity.actor import Actor, Role
from portal.migrations import upgrade

Progress = Callable[[str, float], None]

# The instruments' own account: it registers what they write.
INGEST = Actor(None, "instruments", "The instruments", frozenset({Role.INGEST}))
SLOTS = 2
MEMORY_MB = 4096


MADE_BY = "# Made by ./run demo."
"""How a demo's settings begin."""


def is_demo(var: Path) -> bool:
    """Whether `./run demo` made this folder: the settings of a real portal do not say so."""
    try:
        with (var / "gantry.toml").open(encoding="utf-8", errors="replace") as file:
            return file.read(len(MADE_BY)) == MADE_BY
    except OSError:
        return False


def settings_of(var: Path, *, port: int = 8080) -> tuple[Settings, Path]:
    """The demo's settings and the file they stand in, which is written if it is missing."""
    var = var.absolute()
    var.mkdir(parents=True, exist_ok=True)
    config = var / "gantry.toml"
    if not config.exists():
        config.write_text(
            f"{MADE_BY} Every setting is explained by: gantry admin config\n"
            f'var = "{var}"\n'
            'site_name = "Gantry demo"\n'
            "demo = true\n\n"
            "[local]\n"
            f"slots = {SLOTS}\n"
            f"memory_mb = {MEMORY_MB}\n\n"
            "[roots.instruments]\n"
            f'path = "{var / "data"}"\n'
            "writable_by_people = false\n",
            encoding="utf-8",
        )
    return load_settings({"GANTRY_CONFIG": str(config), "GANTRY_WEB_PORT": str(port)}), config


def prepare(settings: Settings, progress: Progress, *, today: date | None = None) -> bool:
    """Database, data and catalogue, as far as they are missing. True if the facility is new."""
    for folder in settings.folders():
        folder.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database)
    database = Database(settings.database)
    try:
        plan = plan_facility(today or datetime.now(UTC).date())
        truth_path = settings.var / "truth.json"
        with database.read() as session:
            if (
                truth_path.exists()
                and (settings.var / "registered").exists()
                and facility.is_filled(session, plan)
            ):
                return False
        if not truth_path.exists():
            make_all(data_root(settings), truth_path=truth_path, today=today, progress=_part(progress, 0.0, 0.7))
        with database.write() as session:
            if not facility.is_filled(session, plan):
                facility.fill(session, plan, now=datetime.now(UTC))
        _register(database, settings, plan, _part(progress, 0.7, 1.0))
        (settings.var / "registered").touch()
        return True
    finally:
        database.dispose()


def data_root(settings: Settings) -> Path:
    """Where the instruments write."""
    return settings.roots["instruments"].path


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda name, fraction: progress(name, start + (end - start) * fraction)


def _register(database: Database, settings: Settings, plan: FacilityPlan, progress: Progress) -> None:
    """Register every planned dataset through the door that everybody uses."""
    for done, planned in enumerate(plan.datasets, 1):
        with database.read() as session:
            investigation = session.scalars(
                select(Investigation).where(Investigation.visit_id == planned.experiment)
            ).one()
        dataset = add_in_place(
            database,
            INGEST,
            data_root(settings) / plan.location(planned),
            type_name=planned.type,
            investigation=investigation.id,
            settings=settings,
            now=datetime.now(UTC),
            name=planned.name,
            sample=planned.sample,
            description=planned.description,
            complete=planned.complete,
            instrument=plan.experiment(planned.experiment).instrument,
        )
        _date(database, dataset.id, planned)
        progress(planned.name, done / len(plan.datasets))


def _date(database: Database, dataset_id: int, planned: DatasetPlan) -> None:
    """Give the dataset the day on which it was measured in the story of the demo."""
    with database.write() as session:
        dataset = session.get_one(Dataset, dataset_id)
        dataset.start_date = planned.start.replace(tzinfo=UTC)
        dataset.end_date = dataset.start_date + timedelta(minutes=12) if planned.complete else None
