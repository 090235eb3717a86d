"""The options of a job type are those that its program reads."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from portal.jobtype.load import load_folders, shipped_folder

SHIPPED = load_folders([shipped_folder()]).by_name
PROGRAMS = [name for name, jobtype in SHIPPED.items() if jobtype.program.module]
FUTURE = "from __future__ import annotations"
READERS = {"integer", "number", "optional_number", "optional_integer", "choice", "flag", "text", "get"}


def names_read(module: str) -> set[str]:
    """The first arguments of options.integer("…"), options.choice("…"), options.values.get("…")."""
    program = inspect.getmodule(importlib.import_module(f"wrappers.{module}").main)
    assert program is not None
    own = Path(str(program.__file__))
    # A program of several files has a folder of its own.
    files = sorted(own.parent.glob("*.py")) if own.name == "program.py" else [own]
    tree = ast.parse("\n".join(file.read_text(encoding="utf-8").replace(FUTURE, "") for file in files))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in READERS
        and "options" in ast.unparse(call.func.value)
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_form_and_program_agree_on_the_options(name):
    jobtype = SHIPPED[name]
    assert {option.name for option in jobtype.options} == names_read(jobtype.program.module)
