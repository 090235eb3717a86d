"""The two folders of staged images: root's, and that of images that people made, which another account writes."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portal.errors import InvalidError, PortalError
from portal.files.confined import Root
from portal.images import manifest
from portal.images.manifest import Manifest, parse

MOST_MANIFEST: Final = 1 << 16


@dataclass(frozen=True)
class Found:
    """An image, and the folder in which its files lie."""

    folder: Path
    manifest: Manifest

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / self.manifest.file


@dataclass(frozen=True)
class Places:
    """Where images lie. A name that both folders have is root's."""

    root: Path | None
    made: Path | None = None
    uid: int | None = None
    """Whose files count in `made`, besides root's. None: its owner's, whom an operator chose by making it."""

    def names(self) -> tuple[str, ...]:
        """The names of all that are staged, each once."""
        return tuple(sorted({name for folder in self._folders() for name in manifest.names(folder)}))

    def read(self, name: str) -> Found | None:
        """The image that new jobs of this name get; None if none is staged. Raises InvalidError."""
        if self.root is not None and (found := manifest.read(self.root, name)) is not None:
            return Found(self.root, found)
        made = self._made(name)
        return None if made is None or self.made is None else Found(self.made, made)

    def usable(self, name: str) -> Found | None:
        """The same, with its file looked at as a submission does. Raises InvalidError, in words for people."""
        if self.root is not None and (found := manifest.usable(self.root, name)) is not None:
            return Found(self.root, found)
        made = self._made(name)
        if made is None or self.made is None:
            return None
        manifest.check_usable(self.made, made, owners=self._owners(self.made))
        return Found(self.made, made)

    def _folders(self) -> list[Path]:
        return [folder for folder in (self.root, self.made) if folder is not None]

    def _made(self, name: str) -> Manifest | None:
        """Of those that people made; folder and manifest must be their writer's own. Raises InvalidError."""
        if self.made is None or not self.made.is_dir():
            return None
        owners = self._owners(self.made)
        try:
            with Root(self.made) as root:
                if not root.exists(f"{name}.json"):
                    return None
                status = os.fstat(root.fd)
                if status.st_uid not in owners or stat.S_IMODE(status.st_mode) & 0o022:
                    raise InvalidError(f"The folder of the software image {name} could be written by others.")
                with root.open_file(f"{name}.json", max_bytes=MOST_MANIFEST) as file:
                    if os.fstat(file.fileno()).st_uid not in owners:
                        raise InvalidError(f"The software image {name} was staged by an account that may not.")
                    raw = file.read(MOST_MANIFEST + 1)
        except InvalidError:
            raise
        except PortalError as error:
            raise InvalidError(f"The software image {name} cannot be used: {error.message}") from error
        try:
            document = json.loads(raw)
        except (ValueError, RecursionError):
            document = None
        return parse(document, f"{name}.json")

    def _owners(self, folder: Path) -> frozenset[int]:
        return frozenset({0, folder.stat().st_uid if self.uid is None else self.uid})
