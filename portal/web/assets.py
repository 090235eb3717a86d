"""Built assets: the manifest that Vite writes maps our names to hashed files."""

import json
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from markupsafe import Markup, escape

from portal.errors import ConfigError

MANIFEST = Path("dist") / "manifest.json"


class Assets:
    """Looks files up in the manifest; reads it again when it has changed (a new build)."""

    def __init__(self, static: Path) -> None:
        self._path = static / MANIFEST
        self._mtime_ns = 0
        self._files: dict[str, str] = {}

    def file(self, name: str) -> str:
        """The hashed path beneath static/ of a source name such as `src/main.ts`. Raises ConfigError."""
        try:
            mtime_ns = self._path.stat().st_mtime_ns
        except OSError as error:
            raise ConfigError(
                f"The pages' scripts and styles are not built: {self._path} is missing. "
                "Build them with: npm ci && npx vite build, in portal/web/frontend."
            ) from error
        if mtime_ns != self._mtime_ns:
            manifest: dict[str, dict[str, Any]] = json.loads(self._path.read_text(encoding="utf-8"))
            self._files = {source: f"dist/{entry['file']}" for source, entry in manifest.items()}
            self._mtime_ns = mtime_ns
        try:
            return self._files[name]
        except KeyError as error:
            raise ConfigError(f"{self._path} has no entry {name}; build the pages' assets again.") from error


def install_assets(app: Flask) -> None:
    """Give templates `asset(name)` and `icon(name)`."""
    assets = Assets(Path(app.static_folder or ""))

    def asset(name: str) -> str:
        return url_for("static", filename=assets.file(name))

    def icon(name: str, label: str | None = None) -> Markup:
        """An icon of the sprite: hidden from screen readers, unless it has a label."""
        source = f"{asset('icons.svg')}#{name}"
        if label is None:
            return Markup('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>').format(source)
        words = escape(label)
        return Markup('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>').format(words, source)

    app.jinja_env.globals.update(asset=asset, icon=icon)
