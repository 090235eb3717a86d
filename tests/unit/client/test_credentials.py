"""Where address and token come from, and who can read them."""

import json
import stat

import pytest

from portal.client.credentials import (
    DEFAULT_URL,
    clean_url,
    config_file,
    forget_credentials,
    load_credentials,
    save_credentials,
)
from portal.errors import ConfigError, InvalidError


@pytest.fixture
def environ(tmp_path):
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}


def test_without_anything_it_is_the_portal_on_this_machine(environ):
    found = load_credentials(environ)
    assert (found.url, found.token) == (DEFAULT_URL, None)


def test_what_was_saved_is_found_again(environ):
    save_credentials("https://portal.example/", "gantry_x", environ)
    found = load_credentials(environ)
    assert (found.url, found.token) == ("https://portal.example", "gantry_x")


def test_the_file_is_readable_by_its_owner_only(environ):
    path = save_credentials("https://portal.example", "gantry_x", environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    save_credentials("https://portal.example", "gantry_y", environ)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_environment_overrules_the_file(environ):
    save_credentials("https://portal.example", "gantry_x", environ)
    found = load_credentials({**environ, "GANTRY_URL": "https://other.example", "GANTRY_TOKEN": "gantry_y"})
    assert (found.url, found.token, found.source) == ("https://other.example", "gantry_y", "GANTRY_TOKEN")


def test_a_token_is_never_given_to_another_address_than_its_own(environ):
    save_credentials("https://portal.example", "gantry_x", environ)
    assert load_credentials({**environ, "GANTRY_URL": "https://other.example"}).token is None


def test_a_relative_xdg_folder_is_ignored_as_the_specification_says(tmp_path):
    found = config_file({"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative"})
    assert found == tmp_path / ".config" / "gantry" / "credentials.json"


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_damaged_file_says_what_to_do(text, environ):
    path = config_file(environ)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match="gantry login"):
        load_credentials(environ)


def test_forgetting_removes_the_file(environ):
    save_credentials("https://portal.example", "gantry_x", environ)
    assert forget_credentials(environ) is True
    assert forget_credentials(environ) is False
    assert load_credentials(environ).token is None


def test_nothing_but_address_and_token_is_kept(environ):
    path = save_credentials("https://portal.example", "gantry_x", environ)
    assert set(json.loads(path.read_text(encoding="utf-8"))) == {"url", "token"}


@pytest.mark.parametrize(
    "url",
    [
        "portal.example",
        "ftp://portal.example",
        "https://",
        "https://a:b@portal.example",
        "https://x/?q=1",
        "javascript:1",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InvalidError):
        clean_url(url)
