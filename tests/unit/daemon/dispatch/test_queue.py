"""What a job spec says of the datasets that a job reads."""

import pytest

from portal.catalogue.models import DatasetParameter, ParameterType

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
