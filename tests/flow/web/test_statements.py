"""A list makes a fixed number of database statements, however long it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from portal.catalogue.models import Dataset, DatasetParameter, DatasetPicture, ParameterType
from portal.jobs.submit.check import SubmitRequest
from portal.jobs.submit.submit import submit
from portal.jobtype.load import load_folders, shipped_folder


def _count(site: Any, client: Any, page: str, *, method: str = "GET") -> int:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(site.database.engine, "before_cursor_execute", note)
    try:
        answer = client.open(page, method=method)
    finally:
        event.remove(site.database.engine, "before_cursor_execute", note)
    assert answer.status_code == (200 if method == "GET" else 303)
    return len(seen)


def _more_datasets(site: Any, number: int) -> list[int]:
    with site.database.write() as session:
        template = session.get_one(Dataset, site.facility.datasets["private"])
        kind = ParameterType(
            facility_id=site.facility.facility, name=f"voxel {number}", units="um", value_type="NUMERIC"
        )
        session.add(kind)
        session.flush()
        made = []
        for i in range(number):
            dataset = Dataset(
                investigation_id=template.investigation_id,
                type_id=template.type_id,
                instrument_id=template.instrument_id,
                name=f"More {number} {i}",
                complete=True,
                location=f"demo:more/{number}/{i}",
                start_date=datetime.now(UTC) - timedelta(minutes=i),
            )
            session.add(dataset)
            session.flush()
            session.add_all(
                [
                    DatasetParameter(dataset_id=dataset.id, type_id=kind.id, numeric_value=0.5),
                    DatasetPicture(
                        dataset_id=dataset.id, name="xy", role="thumbnail", path="x.png", width=4, height=3
                    ),
                ]
            )
            made.append(dataset.id)
    return made


def _more_jobs(site: Any, datasets: list[int]) -> str:
    with site.database.write() as session:
        request = SubmitRequest("lightsheet-deconvolution", {"stack": datasets})
        made = submit(
            session,
            site.facility.actors["maya"],
            request,
            jobtypes=load_folders([shipped_folder()]),
            settings=site.settings,
            now=datetime.now(UTC),
        )
        return made.key


def _alone_and_together(site: Any, number: int) -> None:
    for dataset in _more_datasets(site, number):
        _more_jobs(site, [dataset])
    for several in (number + 10, number + 20):
        _more_jobs(site, _more_datasets(site, several))


@pytest.mark.parametrize(
    "page", ["/", "/data", "/experiments/{experiment}", "/experiments", "/jobs", "/jobs?whose=all"]
)
def test_a_longer_list_makes_no_more_statements(site: Any, page: str) -> None:
    client = site.client("maya")
    address = page.format(experiment=site.facility.investigations["private"])
    client.get(address)
    _alone_and_together(site, 2)
    few = _count(site, client, address)
    _alone_and_together(site, 5)
    assert _count(site, client, address) == few


@pytest.mark.parametrize("verb", ["cancel", "retry-cancelled"])
def test_a_larger_batch_is_cancelled_and_run_again_with_no_more_statements(site: Any, verb: str) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    client, counts = site.client("maya"), []
    for number in (3, 14):
        batch = f"/batches/{_more_jobs(site, _more_datasets(site, number))}"
        if verb != "cancel":
            client.post(f"{batch}/cancel")
        counts.append(_count(site, client, f"{batch}/{verb}", method="POST"))
    assert counts[0] == counts[1]


def test_a_larger_batch_and_a_form_over_more_datasets_make_no_more_statements(site: Any) -> None:
    client = site.client("maya")
    counts, forms = [], []
    for number in (3, 14):
        datasets = _more_datasets(site, number)
        query = "&".join(f"dataset={dataset}" for dataset in datasets)
        forms.append(_count(site, client, f"/analyses/lightsheet-deconvolution/start?{query}"))
        counts.append(_count(site, client, f"/batches/{_more_jobs(site, datasets)}"))
    assert counts[0] == counts[1]
    assert forms[0] == forms[1]
