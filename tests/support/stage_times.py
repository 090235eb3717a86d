"""Where a test run's time goes: seconds by folder, the fixtures' included, in pytest's closing words."""

from collections import Counter, defaultdict

import pytest

_seconds: dict[str, float] = defaultdict(float)
_tests: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up a phase of a test."""
    folder = "/".join(report.nodeid.split("/")[:2])
    _seconds[folder] += report.duration
    _tests[folder] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a folder, the slowest first."""
    if sum(_tests.values()) < 2:
        return
    terminalreporter.section("seconds by folder")
    for folder, seconds in sorted(_seconds.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{seconds:8.0f} s  {_tests[folder]:5} tests  {folder}")
