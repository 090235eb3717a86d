"""Job types that come from elsewhere, and go there."""

from portal.cli.admin.moving.ijp import import_ijp
from portal.cli.admin.moving.sites import export, import_files

MOVING = (export, import_files, import_ijp)
