"""A dataset or result: what is it, what can I do? Also its pictures and files."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue.provenance import came_from, came_of
from portal.catalogue.service import get_dataset, list_files, who_sees
from portal.web.context import actor, now, portal, session
from portal.web.views.analyses import fitting_cards
from portal.web.views.dataset_page import figures, file_line, first_picture, place, previews
from portal.web.views.datasets import dataset_cards, is_public, is_result, origin
from portal.web.views.paging import page_links, page_number

page = Blueprint("datasets", __name__, url_prefix="/datasets")


@page.get("/<int:dataset_id>")
def show(dataset_id: int) -> ResponseReturnValue:
    """Picture, key parameters, who sees it, what fits, where it came from and what came of it, files."""
    dataset = get_dataset(session(), actor(), dataset_id)
    fits, _others = fitting_cards(portal().jobtypes, [dataset])
    found = list_files(session(), actor(), dataset_id, page_number(request.args))
    made = came_of(session(), actor(), dataset)
    return render_template(
        "datasets/show.html",
        section="data",
        dataset=dataset,
        origin=origin(dataset),
        public=is_public(dataset.investigation, now()),
        seen_by=who_sees(session(), dataset.investigation),
        picture=first_picture(dataset),
        previews=previews(dataset),
        figures=figures(dataset.parameters),
        fits=fits,
        files=[file_line(dataset_id, row.id, row.name, row.file_size, row.checksum) for row in found.items],
        file_links=page_links(found.page, found.next, found.size, found.total, "files"),
        place=place(portal().settings, dataset),
        source=came_from(session(), actor(), dataset),
        made=made,
    )


@page.get("/<int:dataset_id>/pictures/<int:picture_id>")
def picture(dataset_id: int, picture_id: int) -> ResponseReturnValue:
    return Response()


@page.get("/<int:dataset_id>/files/<int:file_id>")
def download(dataset_id: int, file_id: int) -> ResponseReturnValue:
    return Response()

@page.get("/<int:dataset_id>/files/<int:file_id>/report")
def report(dataset_id: int, file_id: int) -> ResponseReturnValue:
    return Response()
