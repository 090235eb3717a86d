"""What gunicorn serves: `gunicorn --config python:portal.web.gunicorn portal.web.wsgi:app`."""

from portal.app import create_app
from portal.config import load_settings

app = create_app(load_settings())
