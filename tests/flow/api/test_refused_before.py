"""What the publisher would refuse is told by the API's check and by `gantry analyses check`, too."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from shrink import SHRINK


def test_the_api_and_the_command_line_say_the_same(
    gantry: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    token_of: Callable[..., str],
    tmp_path: Any,
) -> None:
    monkeypatch.setenv("GANTRY_TOKEN", token_of("sam"))
    text = tmp_path / "qc.yaml"
    text.write_text(SHRINK.replace("name: shrink", "name: qc", 1) + "\nnetwork: true\n")
    code, _out, err = gantry("analyses", "check", str(text))
    assert code == 0
    assert "the publisher would refuse it: It wants the network" in err
    [found] = json.loads(gantry("analyses", "check", str(text), "--json")[1])
    assert {"name", "network"} <= {one["path"] for one in found["refused"]}
    draft = json.loads(gantry("analyses", "draft", str(text), "--json")[1])
    assert any("network" in one["message"] for one in draft["refused"])
