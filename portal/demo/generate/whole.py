"""The whole demo facility: its people, instruments, visits and datasets."""

from datetime import UTC, date, datetime, time

from portal.demo.generate.datasets import datasets
from portal.demo.generate.plan import DATASET_TYPES, INSTRUMENTS, PEOPLE, FacilityPlan, experiments


def facility(today: date) -> FacilityPlan:
    """The plan, with dates that end at `today`."""
    visits = experiments(today)
    return FacilityPlan(
        name="Demo facility",
        full_name="Demo facility for imaging",
        description="Three instruments with simulated measurements, to try Gantry on",
        today=today,
        people=PEOPLE,
        instruments=INSTRUMENTS,
        experiments=visits,
        dataset_types=DATASET_TYPES,
        datasets=datasets({v.visit_id: datetime.combine(v.start, time(9, 0), UTC) for v in visits}),
    )
