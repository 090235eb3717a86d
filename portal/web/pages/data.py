"""Data: where is my dataset?"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue.finding.table import order_by
from portal.catalogue.search import facets, find_datasets
from portal.web.context import actor, now, portal, session
from portal.web.part import part
from portal.web.views.datasets import dataset_cards
from portal.web.views.finding.table import columns_asked, is_table, table_of
from portal.web.views.paging import page_links, total_words
from portal.web.views.picks.picking import pick_all
from portal.web.views.searching import chosen_filters, filter_groups, query_of, span_fields

page = Blueprint("data", __name__)


@page.get("/data")
def show() -> ResponseReturnValue:
    """Search, filters, pictures or a table; ticked datasets go on to the analyses that fit them."""
    return render_template("data/show.html", section="data", **_context())


@part(page, "/data/part/results", of="data.show")
def results() -> ResponseReturnValue:
    """What was found, and the filters with what each leaves of it."""
    return render_template("data/_part.html", **_context())


def _context() -> dict[str, object]:
    query = query_of(request.args)
    wanted = request.args.get("sort", "")
    columns = columns_asked(session(), actor(), request.args) if is_table(request.args) else []
    order = (order_by(session(), wanted, columns) if is_table(request.args) else None) or []
    found = find_datasets(session(), actor(), query, order=order)
    cards = dataset_cards(session(), actor(), found.items, now(), portal().jobtypes.by_name)
    sorted_by = wanted if order and not found.at_least else ""
    return {
        "query": query,
        "pick_all": pick_all(session(), actor(), query, found.total, portal().settings),
        "cards": cards,
        "table": table_of(session(), found.items, cards, columns, sorted_by) if is_table(request.args) else None,
        "not_sorted": bool(order) and found.at_least,
        "total": total_words(found, "dataset"),
        "links": page_links(found, "dataset"),
        "filters": chosen_filters(session(), actor(), request.args),
        "fits": portal().jobtypes.by_name.get(request.args.get("fits", "")),
        "days": span_fields(request.args),
        "groups": filter_groups(facets(session(), actor(), query), request.args),
    }
