"""gantry admin config: what is set, from where, and what is wrong."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from portal.cli.admin.settings_page import settings_page, variable_of
from portal.cli.errors import EXIT_CODES
from portal.cli.output import json_option, on_terminal, show_json
from portal.config import Section, Settings, load_settings
from portal.db import Database
from portal.errors import ConfigError
from portal.jobtype.load import load_folders, shipped_folder
from portal.migrations import check
from portal.scheduler.factory import KINDS, kind_of


@dataclass(frozen=True)
class Setting:
    """One setting as it is now."""

    key: str
    variable: str
    """Empty for tables and lists, which only the file can hold."""
    value: str
    source: str
    """default, the file's name, or the variable."""
    description: str


@click.command()
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@click.option("--markdown", is_flag=True, help="Print the manual's page of all settings instead.")
@json_option
def config(changed: bool, markdown: bool, as_json: bool) -> int:
    """Explain every setting: its value, where it comes from, what it means, and what is wrong.

    The exit code is 12 if something is wrong.
    """
    if markdown:
        click.echo(settings_page(), nl=False)
        return 0
    try:
        settings = load_settings()
    except ConfigError as error:
        source, _, words = error.message.partition(": ")
        problems = [f"{source}: {one}" for one in words.split("; ")]
        if as_json:
            show_json({"settings": [], "problems": problems})
        else:
            _say_problems(problems)
        return EXIT_CODES[ConfigError]
    explained = [one for one in explain(settings, os.environ) if not changed or one.source != "default"]
    problems = list(problems_of(settings))
    if as_json:
        show_json({"settings": [asdict(one) for one in explained], "problems": problems})
    else:
        click.echo(f"Settings file: {os.environ.get('GANTRY_CONFIG') or 'none (GANTRY_CONFIG is not set)'}\n")
        for one in explained:
            _say(one)
        _say_problems(problems)
    return EXIT_CODES[ConfigError] if problems else 0


def explain(settings: Settings, environ: Mapping[str, str]) -> Iterator[Setting]:
    """Every setting in the order in which they are defined."""
    file = environ.get("GANTRY_CONFIG")
    written = tomllib.loads(Path(file).read_text(encoding="utf-8")) if file else {}
    yield from _explain_section(settings, "", written, environ, file or "")


def _explain_section(
    section: BaseModel, prefix: str, written: Mapping[str, Any], environ: Mapping[str, str], file: str
) -> Iterator[Setting]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _explain_section(value, f"{name}.", written.get(name, {}), environ, file)
            continue
        key = f"{prefix}{name}"
        variable = variable_of(key, field)
        source = variable if variable in environ else file if name in written else "default"
        yield Setting(key, variable, _shown(name, value), source, field.description or "")


def _shown(name: str, value: Any) -> str:
    if name == "database_url" and value:
        try:
            return make_url(value).render_as_string(hide_password=True)
        except ArgumentError:
            return "not a database URL"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_brief(item)}" for key, item in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def _brief(item: Any) -> Any:
    """Of a section by name what tells most: the folder of a root, the backend of a cluster."""
    return getattr(item, "path", None) or getattr(item, "backend", item)


def problems_of(settings: Settings) -> Iterator[str]:
    """What a value alone does not tell: folders, database, job types."""
    for name, root in settings.roots.items():
        if not root.path.is_dir():
            yield f"roots.{name}: {root.path} is not a folder"
        elif not os.access(root.path, os.R_OK | os.X_OK):
            yield f"roots.{name}: {root.path} cannot be read by this account"
    for folder in settings.folders():
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            yield f"var: {folder} cannot be written by this account"
    if settings.demo and settings.web.host not in {"127.0.0.1", "localhost", "::1"}:
        yield f"demo: anybody who reaches {settings.web.host} can sign in as anybody"
    for name, document in settings.cluster_documents().items():
        try:
            kind_of(document)
        except ValueError as error:
            yield f"{f'clusters.{name}.backend' if name else 'scheduler'}: {error}; there are {', '.join(KINDS)}"
    yield from _database_problems(settings)
    for problem in load_folders(settings.jobtypes or (shipped_folder(),)).problems:
        yield str(problem)


def _database_problems(settings: Settings) -> Iterator[str]:
    sqlite = settings.database.removeprefix("sqlite:///") if settings.database.startswith("sqlite") else None
    if sqlite is not None and not Path(sqlite).exists():
        yield f"database_url: {sqlite} does not exist yet; gantry admin upgrade makes it"
        return
    try:
        database = Database(settings.database)
        try:
            check(database)
        finally:
            database.dispose()
    except ConfigError as error:
        yield f"database_url: {error}"
    except (SQLAlchemyError, ImportError) as error:
        yield f"database_url: the database does not answer ({type(error).__name__})"


def _say(one: Setting) -> None:
    name = click.style(one.key, bold=True) if on_terminal() else one.key
    click.echo(f"{name} = {one.value}")
    click.echo(f"    {one.description}".rstrip())
    click.echo(f"    {one.variable or 'in the file only'}; now from: {one.source}")


def _say_problems(problems: list[str]) -> None:
    if not problems:
        click.echo("\nNothing is wrong.")
        return
    click.echo(f"\n{len(problems)} thing{'s are' if len(problems) > 1 else ' is'} wrong:", err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
