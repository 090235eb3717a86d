"""Handing out a result with its history as an RO-Crate; what leaves with files is written down first."""

from flask import Response, request

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.catalogue.service import get_dataset
from portal.methods.account import account_of
from portal.methods.crate import METADATA, crate_document
from portal.methods.packing import Packed, json_of
from portal.web.context import actor, close_session, now, portal, session
from portal.web.files.downloads import begin_sending
from portal.web.files.sending import send_archive


def crate_metadata(dataset_id: int) -> Response:
    """ro-crate-metadata.json alone: the result's files are at their addresses."""
    dataset = get_dataset(session(), actor(), dataset_id)
    account = account_of(session(), actor(), dataset)
    document = crate_document(session(), actor(), account, base=_base(), with_files=False, now=now())
    response = Response(json_of(document), mimetype="application/ld+json")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers.set("Content-Disposition", "attachment", filename=METADATA)
    return response


def crate_archive(dataset_id: int) -> Response:
    """The crate with the result's files, as a ZIP archive that is made while it is sent."""
    dataset = get_dataset(session(), actor(), dataset_id)
    account = account_of(session(), actor(), dataset)
    document = crate_document(session(), actor(), account, base=_base(), with_files=True, now=now())
    thing = Thing(Kind.DATASET, dataset.id, dataset.name)
    session().expunge_all()
    close_session()
    packed = Packed(document, account, actor(), portal().settings, portal().database.read, now())
    count, size = packed.check()
    name = f"dataset-{dataset_id}.ro-crate.zip"
    if request.method != "GET":
        return send_archive(packed.content(), name)
    ended = begin_sending()
    try:
        with portal().database.write() as writing:
            details = {"dataset": dataset_id, "files": count, "size": size, "crate": True}
            record(writing, actor(), Action.DOWNLOAD, thing, at=now(), details=details)
    except BaseException:
        ended()
        raise
    answer = send_archive(packed.content(), name)
    answer.call_on_close(ended)
    return answer


def _base() -> str:
    return portal().settings.web.base_url or request.host_url
