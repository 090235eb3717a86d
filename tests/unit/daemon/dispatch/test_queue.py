"""What a job spec says of the datasets that a job reads."""

from datetime import UTC, datetime

import pytest

from portal.catalogue.models import DatasetParameter, ParameterCorrection, ParameterType

VOXEL = {"value": 0.5, "units": "um"}


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ([], VOXEL),
        ([(500.0, "nm")], VOXEL),
        ([(7.0, "px")], None),
        ([(500.0, "nm"), (0.6, "mm")], None),
    ],
)
def test_a_parameter_that_contradicts_itself_is_not_said_at_all(bench, further, said):
    facility = bench.desk.facility
    with bench.desk.database.write() as session:
        for value, units in [(0.5, "um"), *further]:
            kind = ParameterType(facility_id=facility.facility, name="voxel", units=units, value_type="NUMERIC")
            session.add(kind)
            session.flush()
            session.add(
                DatasetParameter(dataset_id=facility.datasets["private"], type_id=kind.id, numeric_value=value)
            )
    bench.desk.submit()
    bench.dispatch()
    (item,) = bench.cluster.items
    (dataset,) = item["order"]["inputs"]["stack"]
    assert dataset["parameters"].get("voxel") == said


@pytest.mark.parametrize(
    ("source", "value", "withdrawn", "said"),
    [
        ("file", 0.2, None, {"value": 0.2, "units": "um"}),
        ("file", None, None, None),
        ("person", 0.2, None, None),
        ("person", 0.5, None, VOXEL),
        ("file", 0.2, datetime(2026, 11, 20, tzinfo=UTC), VOXEL),
    ],
)
def test_a_correction_is_what_a_job_spec_says(bench, source, value, withdrawn, said):
    """Read again it counts; typed it does not win over what the file says; withdrawn it is nothing."""
    facility = bench.desk.facility
    number = facility.datasets["private"]
    with bench.desk.database.write() as session:
        kind = ParameterType(facility_id=facility.facility, name="voxel", units="um", value_type="NUMERIC")
        session.add(kind)
        session.flush()
        session.add(DatasetParameter(dataset_id=number, type_id=kind.id, numeric_value=0.5))
        session.add(
            ParameterCorrection(
                dataset_id=number,
                name="voxel",
                type_id=None if value is None else kind.id,
                numeric_value=value,
                source_kind=source,
                withdrawn=withdrawn,
            )
        )
    bench.desk.submit()
    bench.dispatch()
    (item,) = bench.cluster.items
    (dataset,) = item["order"]["inputs"]["stack"]
    assert dataset["parameters"].get("voxel") == said
