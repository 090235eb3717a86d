"""Pictures: served to those who see the dataset, kept by their browsers, asked for again with an ETag."""

import re
from typing import Any

from sqlalchemy import delete

from portal.catalogue.models import Datafile, DatasetPicture


def _address(site: Any) -> str:
    return f"/datasets/{site.facility.datasets['private']}/pictures/{site.picture}"


def test_a_picture_is_private_and_can_be_revalidated(site: Any) -> None:
    maya = site.client("maya")
    answer = maya.get(_address(site))
    assert answer.status_code == 200 and answer.mimetype == "image/png"
    assert answer.headers["Cache-Control"].startswith("private")
    again = maya.get(_address(site), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""


def test_a_microscopes_own_file_has_no_picture_until_it_is_converted(site: Any) -> None:
    address = f"/datasets/{site.facility.datasets['private']}"
    words = "CZI files have no picture here until they are converted."
    with site.database.write() as session:
        session.get_one(Datafile, site.file).name = "heart.CZI"
    assert words not in site.client("maya").get(address).text
    with site.database.write() as session:
        session.execute(delete(DatasetPicture))
    page = site.client("maya").get(address).text
    assert words in page
    assert f"/analyses/convert/start?dataset={site.facility.datasets['private']}" in page


def test_a_picture_of_another_team_is_not_found(site: Any) -> None:
    assert site.client("tom").get(_address(site)).status_code == 404
    assert site.client().get(_address(site)).status_code == 404


def test_a_picture_that_has_become_a_link_is_not_followed(site: Any, tmp_path: Any) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    folder = site.settings.pictures / str(site.facility.datasets["private"])
    stored = next(folder.iterdir())
    stored.unlink()
    stored.symlink_to(secret)
    answer = site.client("maya").get(_address(site))
    assert answer.status_code == 409
    assert b"secret" not in answer.data.replace(b"secret.png", b"")


def test_a_datasets_page_shows_each_of_its_pictures_once(site: Any) -> None:
    dataset = site.facility.datasets["private"]
    with site.database.write() as session:
        first = session.get_one(DatasetPicture, site.picture)
        first.caption = "largest values along z"
        for place, axis in enumerate("yx", 1):
            session.add(
                DatasetPicture(
                    dataset_id=dataset, name=axis, role="preview", path=first.path, width=40, height=30,
                    position=place, caption=f"largest values along {axis}",
                )
            )  # fmt: skip
    page = site.client("maya").get(f"/datasets/{dataset}").text
    shown = re.findall(rf"/datasets/{dataset}/pictures/(\d+)[^\"]*\" alt", page)
    assert len(shown) == len(set(shown)) == 3
    words = re.sub(r"<[^>]+>", " ", page)
    assert [words.count(f"largest values along {axis}") for axis in "zyx"] == [1, 1, 1]
