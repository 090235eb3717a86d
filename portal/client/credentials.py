"""Where the client's address and token are kept: the environment first, then a file that only its owner reads."""

import errno
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from portal.errors import ConfigError, InvalidError

DEFAULT_URL = "http://127.0.0.1:8080"
FILE = "credentials.json"


@dataclass(frozen=True)
class Credentials:
    """Which portal, and with which token; None where nobody has signed in."""

    url: str
    token: str | None
    source: str
    """Where the token comes from, in words."""


def config_file(environ: Mapping[str, str] | None = None) -> Path:
    """~/.config/gantry/credentials.json, or beneath XDG_CONFIG_HOME."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    folder = Path(base) if base.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".config"
    return folder / "gantry" / FILE


def load_credentials(environ: Mapping[str, str] | None = None) -> Credentials:
    """From GANTRY_URL and GANTRY_TOKEN, else from the file. A token of the file goes only to the file's address.

    Raises ConfigError if the file cannot be used.
    """
    environ = os.environ if environ is None else environ
    path = config_file(environ)
    stored = _read(path)
    url = clean_url(environ.get("GANTRY_URL") or stored.get("url") or DEFAULT_URL)
    if token := environ.get("GANTRY_TOKEN", "").strip():
        return Credentials(url, token, "GANTRY_TOKEN")
    if stored.get("token") and stored.get("url") == url:
        return Credentials(url, stored["token"], str(path))
    return Credentials(url, None, "nowhere")


def check_place(environ: Mapping[str, str] | None = None) -> None:
    """Return if the file could be written, as far as is known without writing. Raises OSError."""
    folder = config_file(environ).parent
    place = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def save_credentials(url: str, token: str, environ: Mapping[str, str] | None = None) -> Path:
    """Write the file anew, readable by its owner only (0600, in a folder of 0700)."""
    path = config_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600 from the start
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump({"url": clean_url(url), "token": token}, stream, indent=1)
        stream.write("\n")
    Path(temporary).replace(path)
    return path


def forget_credentials(environ: Mapping[str, str] | None = None) -> bool:
    """Remove the file; True if there was one."""
    path = config_file(environ)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def clean_url(url: str) -> str:
    """The portal's address without a slash at its end. Raises InvalidError if it is none."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise InvalidError(
            f"“{url}” is not the address of a portal, such as https://gantry.example.org."
        ) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise InvalidError(f"“{url}” is not the address of a portal, such as https://gantry.example.org.")
    if parts.username or parts.password:
        raise InvalidError("An address must not hold a name or password.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _read(path: Path) -> dict[str, str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}. Remove it and sign in again: gantry login") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is not what gantry wrote. Remove it and sign in again: gantry login")
    return {key: value for key, value in document.items() if isinstance(value, str)}
