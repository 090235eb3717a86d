"""The web's composition root: settings in, a Flask application out."""

from pathlib import Path

from flask import Flask, Response, g, request
from flask_openapi3.openapi import OpenAPI

from portal.config import Settings
from portal.db import Database
from portal.jobtype.load import shipped_folder
from portal.jobtype.offer.offered import Offer
from portal.level import HEADER, forget_level, level, level_line, use_level
from portal.web.api import register_api
from portal.web.assets import install_assets
from portal.web.context import Portal, actor, close_session, look_again
from portal.web.converters import JobNumber
from portal.web.errors import install_errors
from portal.web.formats import install_formats
from portal.web.forms.kept import install_kept
from portal.web.json import PlainJSON
from portal.web.log import install_log
from portal.web.pages import PAGES
from portal.web.part import part_address
from portal.web.security import install_security
from portal.web.shown import install_shown
from portal.web.signed_in import install_sign_in
from portal.web.timing import install_timing
from portal.web.views.notices import new_notices
from portal.web.views.paging import address

WEB = Path(__file__).parent / "web"


def _install_level(app: Flask, settings: Settings) -> None:
    """All that answers a request says experiment as the site does."""
    words = settings.level.words

    def use() -> None:
        g.level = use_level(words)

    def forget(_error: BaseException | None) -> None:
        if "level" in g:
            forget_level(g.pop("level"))

    def tell(response: Response) -> Response:
        if request.path.startswith("/api/"):
            response.headers[HEADER] = level_line(words)
        return response

    app.before_request(use)
    app.after_request(tell)
    app.teardown_request(forget)


def create_app(settings: Settings, *, database: Database | None = None) -> Flask:
    """The portal's web application: pages, API, assets. The database's tables must exist already."""
    for folder in settings.folders():
        folder.mkdir(parents=True, exist_ok=True)
    app = OpenAPI(
        "portal.web", static_folder=str(WEB / "static"), template_folder=str(WEB / "templates"), doc_ui=False
    )
    database = database or Database(settings.database)
    database.after_write = look_again
    app.extensions["gantry"] = Portal(
        settings=settings,
        database=database,
        load_jobtypes=Offer(
            settings.jobtypes or (shipped_folder(),),
            settings.published,
            by_itself=settings.publish,
            registered=settings.registered_published,
        ),
    )
    app.json = PlainJSON(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    install_log(app)
    install_timing(app)
    _install_level(app, settings)
    install_security(app, settings)
    install_sign_in(app)
    install_kept(app)
    install_errors(app)
    install_assets(app)
    install_formats(app)
    install_shown(app)
    app.teardown_request(close_session)
    app.context_processor(lambda: {"settings": settings, "actor": actor()})
    app.jinja_env.globals["new_notices"] = new_notices
    app.jinja_env.globals |= {"section": "", "part_address": part_address, "address": address, "level": level}
    app.url_map.converters["job"] = JobNumber
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    register_api(app)
    return app
