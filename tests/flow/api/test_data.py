"""Datasets, experiments, files and pictures over the API."""

import pytest
from asking import CONTENT


def test_a_dataset_tells_what_it_is_and_who_sees_it(maya, stack):
    found = maya("GET", f"/datasets/{stack}").json
    assert found["name"] == "Zebrafish heart, first run"
    assert found["type"] == "light-sheet stack"
    assert found["kind"] == "raw"
    assert found["experiment"]["title"] == "Zebrafish heart"
    assert "Maya Lind" in found["seen_by"]
    assert (found["made_by"], found["used_by"]) == (None, [])


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?text=zebrafish", 1),
        ("?text=zebrafish&type=deformability cytometry", 0),
        ("?type=light-sheet stack", 1),
        ("?instrument=DC1", 1),
        ("?kind=results", 0),
        ("?complete=false", 0),
        ("?start=2026-11-01T00:00:00Z&end=2026-10-01T00:00:00Z", 0),
    ],
)
def test_filters_narrow(query, count, maya):
    assert maya("GET", f"/datasets{query}").json["total"] == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?limt=5", "limt"),
        ("?cursor=AAAA", "cursor"),
        ("?cursor=%00", "cursor"),
        ("?kind=other", "kind"),
        ("?sort=size", "sort"),
        ("?experiment=x", "experiment"),
    ],
)
def test_a_query_that_makes_no_sense_names_what_is_wrong(query, field, maya):
    answer = maya("GET", f"/datasets{query}")
    assert answer.status_code == 422
    assert field in answer.json["fields"]


def test_a_list_is_walked_page_by_page_without_gaps_or_repeats(maya):
    names, cursor = [], ""
    while True:
        page = maya("GET", f"/datasets?limit=1{cursor}").json
        names += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(names) == ["Reference beads, first run", "Zebrafish heart, first run"]


def test_a_file_is_listed_and_downloaded_whole_or_in_part(maya, stack):
    (file,) = maya("GET", f"/datasets/{stack}/files").json["items"]
    assert (file["name"], file["size"]) == ("stack.h5", len(CONTENT))
    path = file["url"].removeprefix("/api/v1")
    whole = maya("GET", path)
    assert whole.data == CONTENT
    assert whole.headers["Content-Disposition"].startswith("attachment")
    part = maya("GET", path, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.data == CONTENT[100:200]


def test_another_persons_file_is_not_found(maya, tom, stack):
    (file,) = maya("GET", f"/datasets/{stack}/files").json["items"]
    assert tom("GET", file["url"].removeprefix("/api/v1")).status_code == 404
    assert tom("GET", f"/datasets/{stack}/files").status_code == 404


def test_a_file_of_another_dataset_is_not_found_under_this_one(maya, stack, sqlite_facility):
    (file,) = maya("GET", f"/datasets/{stack}/files").json["items"]
    public = sqlite_facility.datasets["public"]
    assert maya("GET", f"/datasets/{public}/files/{file['id']}/content").status_code == 404


def test_a_file_that_was_changed_after_registration_is_not_handed_out(maya, stack, settings):
    path = settings.roots["demo"].path / "heart" / "stack.h5"
    path.write_bytes(b"x" * len(CONTENT))
    (file,) = maya("GET", f"/datasets/{stack}/files").json["items"]
    answer = maya("GET", file["url"].removeprefix("/api/v1"))
    assert answer.status_code == 409
    assert "changed after it was registered" in answer.json["detail"]


def test_a_link_in_place_of_a_file_is_not_followed(maya, stack, settings, tmp_path):
    path = settings.roots["demo"].path / "heart" / "stack.h5"
    path.unlink()
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENT)
    path.symlink_to(secret)
    (file,) = maya("GET", f"/datasets/{stack}/files").json["items"]
    answer = maya("GET", file["url"].removeprefix("/api/v1"))
    assert answer.status_code == 409
    assert CONTENT not in answer.data


def test_experiments_show_their_team(maya, sqlite_facility):
    titles = [one["title"] for one in maya("GET", "/experiments").json["items"]]
    assert sorted(titles) == ["Reference beads", "Zebrafish heart"]
    found = maya("GET", f"/experiments/{sqlite_facility.investigations['private']}").json
    assert found["team"][0]["name"] == "Maya Lind"
    assert maya("GET", f"/experiments/{sqlite_facility.investigations['embargoed']}").status_code == 404


def test_a_picture_that_is_not_there_is_not_found(maya, stack):
    assert maya("GET", f"/datasets/{stack}/pictures/1").status_code == 404
