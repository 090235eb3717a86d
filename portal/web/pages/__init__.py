"""The pages: blueprints, one module a noun."""

from portal.web.pages import health, help, me, sign_in

PAGES = (sign_in.page, me.page, help.page, health.page)
