"""Commands as an operator types them, on a portal of their own."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.cli.main import main


@pytest.fixture
def admin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database_url: str
) -> Callable[..., tuple[int, str, str]]:
    """Return admin(*words, stdin=""): exit code, output and errors of `gantry admin …`, with one root, `demo`."""
    (tmp_path / "root").mkdir()
    file = tmp_path / "gantry.toml"
    file.write_text(f'var = "{tmp_path / "var"}"\n[roots.demo]\npath = "{tmp_path / "root"}"\n', encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("GANTRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GANTRY_CONFIG", str(file))
    monkeypatch.setenv("GANTRY_DATABASE_URL", database_url)

    def typed(*words: object, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main(["admin", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed
