"""The sprite holds exactly the icons that pages can ask for."""

import re
from pathlib import Path

from portal.jobtype.load import load_folders, shipped_folder
from portal.web.views.analyses import ICONS

WEB = Path(__file__).parents[3] / "portal" / "web"


def _listed() -> set[str]:
    source = (WEB / "frontend" / "icons.js").read_text(encoding="utf-8")
    listing = re.search(r"names = \[(.*?)\];", source, re.S)
    assert listing
    return set(re.findall(r'"([a-z0-9-]+)"', listing.group(1)))


def _templates() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (WEB / "templates").rglob("*.html"))


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = set(re.findall(r'icon\("([a-z0-9-]+)"', _templates()))
    assert len(named) > 20
    assert named <= _listed()


def test_no_icon_is_carried_that_nobody_names() -> None:
    words = set(re.findall(r'"([a-z0-9-]+)"', _templates())) | ICONS
    assert _listed() <= words


def test_analyses_that_ship_name_icons_that_exist() -> None:
    asked = {jobtype.icon for jobtype in load_folders([shipped_folder()]).by_name.values() if jobtype.icon}
    assert asked <= ICONS <= _listed()
