"""What was asked of the stager is looked at anew: the web tier and the daemon may have written anything."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from made_images import BUILDER, Kept, sif, write_manifest
from sqlalchemy import select, update

from portal.catalogue.models import Dataset
from portal.errors import ConflictError, ForbiddenError, InvalidError, LimitError, NotFoundError
from portal.identity.models import Person
from portal.jobs.models import Job
from portal.jobs.state import State
from portal.publisher import images as publisher
from portal.stager import work
from portal.stager.work import look
from portal.staging import asking
from portal.staging.models import ImageApproval, ImageDeed, ImageWish


def told(bench: Any, wish: int) -> tuple[bool, str]:
    """What the row says of it."""
    with bench.database.read() as session:
        deed = session.scalars(select(ImageDeed).where(ImageDeed.wish_id == wish)).one()
        return deed.done, deed.words


def refused(bench: Any, wish: int) -> str:
    """Why it was not staged; and that nothing was."""
    look(bench.database, bench.settings, now=bench.now)
    done, words = told(bench, wish)
    assert not done
    assert [path.name for path in bench.settings.made_images.iterdir()] in ([".lock"], [])
    return words


def test_what_oneself_made_is_staged_where_one_account_does_everything(bench: Any) -> None:
    kept = bench.keep()
    wish = bench.ask(kept)
    (done,) = look(bench.database, bench.settings, now=bench.now)
    assert (done.wish, done.name, done.digest, done.words) == (wish, "cows", kept.digest, "")
    found = bench.places.usable("cows")
    assert found is not None and found.manifest.digest == kept.digest
    assert found.path.read_bytes() == sif()
    assert bench.places.names() == ("cows",)
    recipe = json.loads((found.folder / f"{found.manifest.file}.recipe").read_text())
    assert (recipe["by"], recipe["wish"]) == ("sam", wish)
    assert told(bench, wish) == (True, "")
    assert look(bench.database, bench.settings, now=bench.now) == []


def test_elsewhere_it_waits_until_an_operator_signed_it_off(signed: Any) -> None:
    wish = signed.ask(signed.keep())
    assert look(signed.database, signed.settings, now=signed.now) == []
    assert publisher.approve(signed.database, wish, by="root", now=signed.now).name == "cows"
    with pytest.raises(ConflictError, match="signed off already"):
        publisher.approve(signed.database, wish, by="root", now=signed.now)
    (done,) = look(signed.database, signed.settings, now=signed.now)
    assert done.words == ""
    with signed.database.read() as session:
        assert session.scalar(select(ImageDeed.by)) == "root"
    with pytest.raises(NotFoundError):
        publisher.approve(signed.database, wish, by="root", now=signed.now)


def test_what_an_operator_refuses_is_never_staged(signed: Any) -> None:
    wish = signed.ask(signed.keep())
    publisher.refuse(signed.database, wish, "Say what it is for.", by="root", now=signed.now)
    assert look(signed.database, signed.settings, now=signed.now) == []
    assert told(signed, wish) == (False, "Say what it is for.")
    with pytest.raises(NotFoundError):
        publisher.refuse(signed.database, wish, "Again.", by="root", now=signed.now)


def test_a_wish_that_was_made_up_for_somebody_elses_job_is_refused(bench: Any) -> None:
    toms = bench.keep("tom")
    with bench.database.write() as session:
        wish = ImageWish(
            person_id=bench.sam.person_id, job_id=toms.job, name="cows", digest=toms.digest, at=bench.now
        )
        session.add(wish)
        session.flush()
        number = wish.id
    assert refused(bench, number) == "It is somebody else's job."


def test_a_place_that_the_daemon_made_up_is_another_jobs(bench: Any) -> None:
    mine, toms = bench.keep(), bench.keep("tom", raw=sif(b"toms"))
    wish = bench.ask(mine)
    with bench.database.write() as session:
        place = toms.folder.relative_to(bench.settings.results)
        mine_id = session.scalar(select(Dataset.id).where(Dataset.name == f"Image {mine.job}"))
        session.execute(update(Dataset).where(Dataset.id == mine_id).values(location=f"results:{place}"))
    assert refused(bench, wish) == "The files are another job's."


@pytest.mark.parametrize(
    "place", ["results:../elsewhere", "results:/etc", "results:a/../../b", "data:1/x", "results:"]
)
def test_a_place_outside_the_results_is_none(bench: Any, place: str) -> None:
    wish = bench.ask(bench.keep())
    with bench.database.write() as session:
        session.execute(update(Dataset).where(Dataset.name.like("Image%")).values(location=place))
    assert refused(bench, wish)


def replaced(kept: Kept, raw: bytes) -> None:
    (kept.folder / "image.sif").write_bytes(raw)


def test_a_file_that_was_replaced_since_is_not_the_one_that_was_meant(bench: Any) -> None:
    kept = bench.keep()
    wish = bench.ask(kept)
    replaced(kept, sif(b"another"))
    assert "not the one that was meant: its digest is sha256:" in refused(bench, wish)


def test_nor_where_what_the_store_wrote_was_replaced_too(bench: Any) -> None:
    kept = bench.keep()
    wish = bench.ask(kept)
    replaced(kept, sif(b"another"))
    write_manifest(kept, sif(b"another"))
    assert "its digest is another" in refused(bench, wish)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"job": 1}', "[" * 100_000])
def test_without_the_stores_own_word_nothing_is_staged(bench: Any, text: str) -> None:
    kept = bench.keep()
    wish = bench.ask(kept)
    (kept.folder / work.MANIFEST).write_text(text)
    assert refused(bench, wish) == "What the store wrote of this result cannot be read."


def test_links_and_files_of_others_are_not_read(bench: Any, tmp_path: Any) -> None:
    kept = bench.keep()
    wish = bench.ask(kept)
    (tmp_path / "mine.sif").write_bytes(sif())
    (kept.folder / "image.sif").unlink()
    (kept.folder / "image.sif").symlink_to(tmp_path / "mine.sif")
    assert "link" in refused(bench, wish)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_a_file_that_is_not_the_stores_is_not_read(bench: Any) -> None:
    kept = bench.keep()
    wish = bench.ask(kept)
    os.chown(kept.folder / "image.sif", 2001, 2001)
    assert "belongs to another user" in refused(bench, wish)


def test_what_gives_rights_is_refused_in_words(bench: Any, unsquashfs: Any) -> None:
    wish = bench.ask(bench.keep())
    unsquashfs(b"-rwsr-xr-x 0/0 1 2026-11-30 23:52 squashfs-root/su\n")
    assert refused(bench, wish) == "The image has a file that is set-uid or set-gid: /su. It was not staged."


def test_what_is_no_image_is_refused_in_words(bench: Any) -> None:
    assert "no image of Apptainer" in refused(bench, bench.ask(bench.keep(raw=b"x" * 9000)))


def test_an_image_above_the_most_is_refused(bench_of: Any) -> None:
    bench = bench_of(publisher={"image_mb": 1})
    assert "larger than 1048576 bytes" in refused(bench, bench.ask(bench.keep(raw=sif(b"x" * (1 << 20)))))


def test_no_more_images_than_may_be_kept(bench_of: Any) -> None:
    bench = bench_of(publisher={"image_count": 1})
    first, second = bench.ask(bench.keep()), bench.ask(bench.keep(raw=sif(b"2")), "goats")
    look(bench.database, bench.settings, now=bench.now)
    assert told(bench, first) == (True, "")
    assert "which is the most" in told(bench, second)[1]


@pytest.mark.parametrize("state", [State.FAILED, State.RUNNING, State.CANCELLED])
def test_a_job_that_did_not_end_well_made_none(bench: Any, state: State) -> None:
    kept = bench.keep()
    wish = bench.ask(kept)
    with bench.database.write() as session:
        session.execute(update(Job).where(Job.id == kept.job).values(state=state))
    assert "that ended well" in refused(bench, wish)


def test_an_ordinary_program_makes_no_images_whatever_it_calls_its_files(bench: Any) -> None:
    kept = bench.keep(document=BUILDER | {"program": {"command": ["make-one"]}})
    with pytest.raises(ConflictError, match="no image that could be staged"):
        bench.ask(kept)
    with bench.database.write() as session:
        wish = ImageWish(
            person_id=bench.sam.person_id, job_id=kept.job, name="cows", digest=kept.digest, at=bench.now
        )
        session.add(wish)
        session.flush()
        number = wish.id
    assert "Only what a job that makes images left" in refused(bench, number)


def test_who_left_the_staff_stages_nothing(bench: Any) -> None:
    wish = bench.ask(bench.keep())
    with bench.database.write() as session:
        session.execute(update(Person).where(Person.name == "sam").values(active=False))
    assert refused(bench, wish) == "sam is not of the staff."


def test_a_name_that_the_site_has_is_refused_and_the_sites_counts(bench: Any) -> None:
    wish = bench.ask(bench.keep())
    look(bench.database, bench.settings, now=bench.now)
    again = bench.keep(raw=sif(b"2"))
    with pytest.raises(InvalidError, match="has the name cows already"):
        bench.ask(again)
    with bench.database.write() as session:
        wish = ImageWish(
            person_id=bench.sam.person_id, job_id=again.job, name="cows", digest=again.digest, at=bench.now
        )
        session.add(wish)
        session.flush()
        number = wish.id
    look(bench.database, bench.settings, now=bench.now)
    assert "has the name cows already" in told(bench, number)[1]


def test_a_stager_that_ended_before_it_said_so_says_it_the_next_time(bench: Any) -> None:
    wish = bench.ask(bench.keep())
    look(bench.database, bench.settings, now=bench.now)
    with bench.database.write() as session:
        session.delete(session.scalars(select(ImageDeed)).one())
    (done,) = look(bench.database, bench.settings, now=bench.now)
    assert (done.wish, done.words) == (wish, "")


def test_two_stagers_stage_once(bench: Any) -> None:
    bench.ask(bench.keep())
    with ThreadPoolExecutor(4) as several:
        found = list(several.map(lambda _n: look(bench.database, bench.settings, now=bench.now), range(4)))
    assert [done.words for one in found for done in one] == [""]


def test_a_folder_of_anothers_is_left_alone_and_the_wish_waits(bench: Any, monkeypatch: Any) -> None:
    bench.ask(bench.keep())
    monkeypatch.setattr(work.os, "geteuid", lambda: 4711)
    with pytest.raises(PermissionError):
        look(bench.database, bench.settings, now=bench.now)
    with bench.database.read() as session:
        assert session.scalars(select(ImageDeed)).all() == []


def test_who_may_ask(bench: Any) -> None:
    kept = bench.keep()
    toms = bench.keep("tom")
    with bench.database.write() as session:
        with pytest.raises(ForbiddenError):
            asking.ask_to_stage(session, bench.facility.actors["tom"], toms.job, "x", (), now=bench.now)
        with pytest.raises(ForbiddenError, match="Only Tom Okafor"):
            asking.ask_to_stage(session, bench.sam, toms.job, "x", (), now=bench.now)
        for name in ("", "../x", "A", "a.sif", "x" * 101, "a b", "-a"):
            with pytest.raises(InvalidError):
                asking.ask_to_stage(session, bench.sam, kept.job, name, (), now=bench.now)
        first = asking.ask_to_stage(session, bench.sam, kept.job, "cows", (), now=bench.now)
        assert asking.ask_to_stage(session, bench.sam, kept.job, "cows", (), now=bench.now).id == first.id
        for number in range(asking.MOST_WAITING - 1):
            asking.ask_to_stage(session, bench.sam, kept.job, f"cows-{number}", (), now=bench.now)
        with pytest.raises(LimitError):
            asking.ask_to_stage(session, bench.sam, kept.job, "more", (), now=bench.now)
        assert session.scalars(select(ImageApproval)).all() == []


def test_a_name_is_proposed_that_can_be_had() -> None:
    assert asking.proposed("Cows & goats!", ()) == "cows-goats"
    assert asking.proposed("Cows", {"cows", "cows-2"}) == "cows-3"
    assert asking.proposed("…", ()) == "image"
    assert asking.proposed(None, ()) == "image"
