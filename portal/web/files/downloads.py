"""Handing a file out, and writing down who got it, before its first byte leaves.

A whole file is written down each time. Of one that is fetched in ranges, the first range is, and then none for ten
minutes a person and file in each web process: a viewer asks for thousands. What sends no bytes (HEAD, "not
modified", a range outside the file) is no download.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from os import fstat
from typing import Any

from flask import Response, current_app, request

from portal.audit.deed import Action, Kind, Thing
from portal.audit.record import record
from portal.data.files import OpenDatafile
from portal.data.folders import OpenFolder
from portal.web.context import actor, close_session, now, portal
from portal.web.files.at_once import SMALL, AtOnce, Sent
from portal.web.files.handing_over import place_for_nginx, sent_by_nginx
from portal.web.files.sending import send_archive, send_open_file

QUIET_S = 600.0
MOST_REMEMBERED = 10_000


class Lately:
    """What was written down in the last ten minutes; the oldest are forgotten first, and then written again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: OrderedDict[Hashable, float] = OrderedDict()

    def known(self, key: Hashable) -> bool:
        """Whether it was written down, and that is not too long ago."""
        with self._lock:
            return self._until.get(key, 0.0) > self._clock()

    def add(self, key: Hashable) -> None:
        """It is written down now."""
        with self._lock:
            self._until[key] = self._clock() + QUIET_S
            self._until.move_to_end(key)
            while len(self._until) > MOST_REMEMBERED:
                self._until.popitem(last=False)


def hand_out(opened: OpenDatafile | OpenFolder, name: str, *, etag: str | None, report: bool = False) -> Response:
    """The open file as an answer; a folder as an archive. It is closed and nothing is sent if it cannot be written
    down. Raises LimitError where too many large ones are being sent.
    """
    place = None
    try:
        if isinstance(opened, OpenDatafile) and not report:
            place = place_for_nginx(opened, request, portal().settings)
        ended = _counted(opened) if place is None else None
    except BaseException:
        opened.close()
        raise
    response = _answer(
        opened, name, ended, etag=etag, report=report
    )  # it closes the file, and ends what is counted
    try:
        _note(opened, response, report=report)
    except BaseException:
        response.close()
        raise
    return response if place is None else sent_by_nginx(place, response)


def _answer(
    opened: OpenDatafile | OpenFolder,
    name: str,
    ended: Callable[[], None] | None,
    *,
    etag: str | None,
    report: bool,
) -> Response:
    if isinstance(opened, OpenDatafile):
        file = opened.file if ended is None else Sent(opened.file, ended)
        return send_open_file(file, name, etag=etag, report=report)
    response = send_archive(opened.zipped(), f"{name.rpartition('/')[2]}.zip")
    response.call_on_close(opened.close)
    if ended is not None:
        response.call_on_close(ended)
    return response


def _counted(opened: OpenDatafile | OpenFolder) -> Callable[[], None] | None:
    """Count what is sent, unless it is small; what ends it."""
    small = isinstance(opened, OpenDatafile) and _asked_for(fstat(opened.file.fileno()).st_size) <= SMALL
    return None if small or request.method != "GET" else begin_sending()


def _asked_for(size: int) -> int:
    """Bytes of a file of this size that are sent at most: of a viewer's range no more than that."""
    if request.range is None or "If-Range" in request.headers:
        return size
    span = request.range.range_for_length(size)
    return 0 if span is None else span[1] - span[0]


def begin_sending() -> Callable[[], None]:
    """One more large answer to this person, sent by this process; what ends it. Raises LimitError: too many."""
    who = actor()
    sending: AtOnce = current_app.extensions.setdefault("gantry-sending", AtOnce())
    return sending.begin(who.person_id if who.signed_in else who.origin.address)


def _note(opened: OpenDatafile | OpenFolder, response: Response, *, report: bool) -> None:
    if request.method != "GET" or response.status_code not in {200, 206}:
        return
    who, file = actor(), opened.datafile
    origin, lately = who.origin, _lately()
    person = who.person_id if who.signed_in else origin.address
    key = (person, origin.via, origin.token_id, file.id, response.get_etag()[0])
    if response.status_code == 206 and lately.known(key):
        return
    details: dict[str, Any] = {"dataset": file.dataset_id, "size": file.file_size}
    if response.status_code == 206:
        details["first_range"] = response.headers["Content-Range"]
    if report:
        details["shown"] = True
    thing = Thing(Kind.FILE, file.id, f"{file.dataset.name}: {file.name}")
    close_session()
    with portal().database.write() as writing:
        record(writing, who, Action.DOWNLOAD, thing, at=now(), details=details)
    lately.add(key)


def _lately() -> Lately:
    found: Lately = current_app.extensions.setdefault("gantry-downloads", Lately())
    return found
