"""Where a test run's time goes: seconds by folder, on the cluster by file, in its closing words."""

from collections import Counter, defaultdict

import pytest

_seconds: dict[str, float] = defaultdict(float)
_tests: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up a phase of a test."""
    place = _place(report.nodeid)
    _seconds[place] += report.duration
    _tests[place] += report.when == "call"


def _place(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return file if file.startswith("tests/cluster/") else "/".join(file.split("/")[:2])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a folder, the slowest first."""
    if sum(_tests.values()) < 2:
        return
    terminalreporter.section("seconds by folder")
    for folder, seconds in sorted(_seconds.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{seconds:8.0f} s  {_tests[folder]:5} tests  {folder}")
