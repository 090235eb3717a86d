"""Data: where is my dataset?"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue.search import DatasetQuery, facets, find_datasets
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.datasets import dataset_cards
from portal.web.views.paging import page_links, total_words
from portal.web.views.picking import pick_all
from portal.web.views.searching import chosen_filters, filter_groups, query_of

page = Blueprint("data", __name__)


@page.get("/data")
def show() -> ResponseReturnValue:
    """Search, filters, pictures; ticked datasets go on to the analyses that fit them."""
    query = query_of(request.args)
    groups = filter_groups(facets(session(), actor(), query), request.args)
    return render_template("data/show.html", section="data", groups=groups, **_results_context(query))


@part(page, "/data/part/results", of="data.show")
def results() -> ResponseReturnValue:
    """What was found by itself."""
    return render_template("data/_results.html", **_results_context(query_of(request.args)))


def _results_context(query: DatasetQuery) -> dict[str, object]:
    found = find_datasets(session(), actor(), query)
    jobtype = portal().jobtypes.by_name.get(request.args.get("fits", ""))
    return {
        "query": query,
        "cards": dataset_cards(session(), actor(), found.items, now()),
        "pick_all": pick_all(session(), actor(), query, found.total, portal().settings),
        "total": total_words(found, "dataset"),
        "links": page_links(found, "dataset"),
        "filters": chosen_filters(session(), actor(), request.args),
        "fits": jobtype,
    }
