"""What holds for every command, and for what they print."""

import ast
import subprocess
import sys
from pathlib import Path

import click
import pytest

from portal import errors, words
from portal.cli.errors import EXIT_CODES, exit_code_of
from portal.cli.main import cli, main
from portal.cli.output import plain, size_words

SERVER_ONLY = ("flask", "sqlalchemy", "pydantic", "yaml", "numpy", "h5py", "alembic", "gunicorn")


def commands(group: click.Group, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(path):
    assert COMMANDS[path].help
    assert all(option.help for option in COMMANDS[path].params if isinstance(option, click.Option))


WITHOUT_JSON = {
    ("login",),
    ("logout",),
    ("completion",),
    ("jobs", "open"),
    ("batches", "open"),
    ("admin", "daemon"),
    ("admin", "web"),
    ("admin", "demo"),
    ("admin", "upgrade"),
    ("admin", "people", "add"),
    ("admin", "people", "password"),
    ("admin", "images", "approve"),
    ("admin", "images", "refuse"),
    ("admin", "jobtypes", "publish"),
    ("admin", "jobtypes", "show"),
    ("admin", "jobtypes", "approve"),
    ("admin", "jobtypes", "refuse"),
    ("admin", "jobtypes", "keys", "enrol"),
    ("admin", "jobtypes", "keys", "withdraw"),
    ("admin", "jobtypes", "withdraw"),
    ("admin", "jobtypes", "import"),
}


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in WITHOUT_JSON], ids=" ".join)
def test_every_command_that_tells_something_speaks_json(path):
    assert any("--json" in option.opts for option in COMMANDS[path].params)


def test_users_commands_need_no_server_packages():
    """In a fresh interpreter in which server packages cannot be imported."""
    program = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {SERVER_ONLY!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from portal.cli.main import main
for words in (["--help"], ["data", "list", "--help"], ["run", "--help"], ["jobs", "--help"], ["login", "--help"],
              ["analyses", "--help"], ["completion", "bash"], ["whoami", "--help"]):
    assert main(words) == 0, words
import portal.client
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_an_operators_command_without_the_server_install_says_what_is_missing():
    program = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pydantic", "sqlalchemy"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
from portal.cli.main import main
sys.exit(main(["admin", "config"]))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.returncode == 12
    assert "gantry-portal[server]" in found.stderr
    assert "Traceback" not in found.stderr


def test_every_error_of_the_portal_has_an_exit_code_of_its_own():
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.PortalError)
    ]
    assert set(kinds) <= set(EXIT_CODES)
    codes = [EXIT_CODES[kind] for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & {0, 2, 10}


def test_an_unknown_child_of_an_error_has_its_parents_code():
    class NarrowError(errors.ConflictError):
        pass

    assert exit_code_of(NarrowError("x")) == EXIT_CODES[errors.ConflictError]


def test_the_exit_codes_are_documented():
    guide = Path(__file__).parents[3] / "docs" / "users" / "command-line.md"
    text = guide.read_text(encoding="utf-8")
    for code in {*EXIT_CODES.values(), 0, 2, 10}:
        assert f"\n| {code} |" in text, code


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_this_command(shell, capsys):
    assert main(["completion", shell]) == 0
    assert "_GANTRY_COMPLETE" in capsys.readouterr().out


def test_what_others_wrote_cannot_move_the_cursor():
    assert plain("a\x1b[2Jb\nc\td") == "a [2Jb c d"
    assert plain("Zebrafish 心臓") == "Zebrafish 心臓"
    assert plain(None) == ""


@pytest.mark.parametrize("size", [0, 1, 999, 1023, 1024, 1500, 12_345_678, 3 * 2**30, 5 * 10**13])
def test_a_size_is_the_same_on_the_command_line_and_on_the_pages(size):
    assert size_words(size) == words.size(size)
    assert size_words(None) == ""


def test_no_command_takes_a_password_as_an_argument():
    for path, command in COMMANDS.items():
        names = {name for option in command.params for name in option.opts}
        assert not names & {"--password", "--token"}, path


def test_users_modules_import_no_server_room():
    folder = Path(__file__).parents[3] / "portal"
    rooms = ("portal.catalogue", "portal.jobs", "portal.identity", "portal.db", "portal.config", "portal.web")
    for file in [*folder.glob("client*.py"), *(folder / "cli").glob("*.py")]:
        if file.name.startswith("admin"):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        assert not [node.module for node in top if node.module and node.module.startswith(rooms)], file
