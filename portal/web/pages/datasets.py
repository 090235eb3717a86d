"""A dataset or result: what is it, what can I do? Also its pictures and files."""

from pathlib import PurePosixPath

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue.service import get_dataset, list_files, who_sees
from portal.data.files import open_datafile
from portal.data.pictures import open_array_picture, open_picture
from portal.errors import NotFoundError
from portal.jobs.trials.drafts import draft_trials
from portal.web.context import actor, now, portal, session
from portal.web.files.downloads import hand_out
from portal.web.files.sending import send_open_file
from portal.web.views.analyses import fitting_cards
from portal.web.views.arrays import array_lines
from portal.web.views.dataset_page import REPORTS, file_line, first_picture, further_pictures, place, to_convert
from portal.web.views.datasets import is_public, origin
from portal.web.views.history import History, history_of
from portal.web.views.methods import methods_of
from portal.web.views.paging import page_links, page_number
from portal.web.views.parameters import figures, missing_lines
from portal.web.views.results.compare import Comparison, compare_datasets

page = Blueprint("datasets", __name__, url_prefix="/datasets")

TEN_MINUTES = 600


@page.get("/<int:dataset_id>")
def show(dataset_id: int) -> ResponseReturnValue:
    """Picture, key parameters, who sees it, what fits, where it came from and what came of it, files."""
    dataset = get_dataset(session(), actor(), dataset_id)
    fits, _others = fitting_cards(portal().jobtypes, [dataset])
    found = list_files(session(), actor(), dataset_id, page_number(request.args))
    history = history_of(session(), actor(), dataset, portal().jobtypes.by_name)
    return render_template(
        "datasets/show.html",
        section="data",
        dataset=dataset,
        of_draft=bool(draft_trials(session(), [dataset.trial])),
        origin=origin(dataset),
        public=is_public(dataset.investigation, now()),
        seen_by=who_sees(session(), dataset.investigation),
        picture=first_picture(dataset),
        further=further_pictures(dataset),
        figures=figures(dataset),
        missing=missing_lines(dataset),
        arrays=array_lines(dataset),
        fits=fits,
        to_convert=to_convert([row.name for row in found.items], dataset.pictures),
        files=[file_line(row) for row in found.items],
        file_links=page_links(found, "file"),
        place=place(portal().settings, dataset),
        methods=methods_of(session(), actor(), dataset),
        history=history,
        comparison=_comparison(dataset.id, history),
    )


def _comparison(dataset_id: int, history: History) -> Comparison | None:
    """A result beside what it was made of, where both have pictures."""
    if history.source is None:
        return None
    comparison = compare_datasets(session(), actor(), [one.id for one in history.source.datasets], [dataset_id])
    return comparison if comparison.possible else None


@page.get("/<int:dataset_id>/pictures/<int:picture_id>")
def picture(dataset_id: int, picture_id: int) -> ResponseReturnValue:
    """One picture of a dataset."""
    found = open_picture(session(), actor(), dataset_id, picture_id, settings=portal().settings)
    etag = found.picture.path.rsplit("/", 1)[-1]  # its SHA-256
    return send_open_file(found.file, "picture.png", etag=etag, max_age_s=TEN_MINUTES, inline=True)


@page.get("/<int:dataset_id>/arrays/<int:array_id>/pictures/<int:number>")
def array_picture(dataset_id: int, array_id: int, number: int) -> ResponseReturnValue:
    """A small picture of an array in its files, or of one of its channels."""
    etag, file = open_array_picture(session(), actor(), dataset_id, array_id, number, settings=portal().settings)
    return send_open_file(file, "picture.png", etag=etag, max_age_s=TEN_MINUTES, inline=True)


@page.get("/<int:dataset_id>/files/<int:file_id>")
def download(dataset_id: int, file_id: int) -> ResponseReturnValue:
    """One file of a dataset, whole or in ranges."""
    return _send(dataset_id, file_id, report=False)


@page.get("/<int:dataset_id>/files/<int:file_id>/report")
def report(dataset_id: int, file_id: int) -> ResponseReturnValue:
    """A report that a program wrote, shown in the browser and walled off from the portal."""
    return _send(dataset_id, file_id, report=True)


def _send(dataset_id: int, file_id: int, *, report: bool) -> ResponseReturnValue:
    found = open_datafile(session(), actor(), dataset_id, file_id, settings=portal().settings)
    name, checksum = found.datafile.name, found.datafile.checksum
    if report and PurePosixPath(name).suffix.lower() not in REPORTS:
        found.close()
        raise NotFoundError(f"{name} is no report.")
    complete = found.datafile.dataset.complete
    return hand_out(found, name, etag=checksum if complete else None, report=report)
