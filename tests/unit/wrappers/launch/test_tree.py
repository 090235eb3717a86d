"""Finding and measuring descendants."""

import os
import subprocess
import sys

import pytest

from wrappers.launch import tree


@pytest.fixture
def family():
    """A process with one child, which has said that it is there; their pids."""
    source = (
        "import os, subprocess, sys\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'print(1, flush=True); input()'],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "inner.stdout.readline()\n"
        "print(inner.pid, flush=True); input(); inner.communicate(b'x\\n')\n"
    )
    outer = subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert outer.stdout
    yield outer.pid, int(outer.stdout.readline())
    outer.communicate("x\n")


@pytest.mark.parametrize("has_lists", [True, False])
def test_children_and_grandchildren_are_found_with_and_without_the_kernels_lists(family, has_lists, monkeypatch):
    if has_lists and not tree._HAS_LISTS:
        pytest.skip("this kernel keeps no lists of children")
    monkeypatch.setattr(tree, "_HAS_LISTS", has_lists)
    assert tree.children(family[0]) == [family[1]]
    found = tree.descendants(os.getpid())
    assert found.index(family[0]) < found.index(family[1])


def test_a_process_that_has_ended_has_no_children():
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert tree.descendants(ended.pid) == []


def test_memory_of_a_family_is_that_of_its_processes(family):
    with_sharing = tree.memory_bytes(family[0], 1 << 60)
    assert 1_000_000 < with_sharing < 100_000_000
