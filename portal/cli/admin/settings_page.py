"""docs/operators/settings.md, written from the definitions of the settings: gantry admin config --markdown."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, get_origin

from pydantic.fields import FieldInfo

from portal.config import ClusterSettings, RootSettings, Section, Settings

HEAD: Final = """\
# Settings

Made by `gantry admin config --markdown` from `portal/config/sections.py`; change the words there.
What is set on a machine, from where, and what is wrong with it, is told by `gantry admin config`.

Settings stand in a TOML file that the variable `GANTRY_CONFIG` names. A variable of the environment comes before
the file. All are read once, when a process starts; a key that does not exist is an error.

```toml
site_name = "Imaging Centre"
var = "/srv/gantry"
database_url = "postgresql+psycopg:///gantry"

[web]
base_url = "https://gantry.example.org"
cookie_secure = true
trusted_proxies = 1

[roots.lightsheet]
path = "/data/lightsheet"
writable_by_people = false
```
"""

COLUMNS: Final = "| setting | default | variable | meaning |\n|---|---|---|---|\n"


def settings_page() -> str:
    """The page as Markdown: a table of what stands at the top of the file, then one a section."""
    sections = {name: kind for name, field in Settings.model_fields.items() if (kind := _section_of(field))}
    plain = "".join(_rows(Settings, "", leave=sections))
    parts = [HEAD, f"## At the top of the file\n\n{COLUMNS}{plain}"]
    for name, kind in sections.items():
        parts.append(f"## `[{name}]`\n\n{_words_of(kind)}\n\n{COLUMNS}{''.join(_rows(kind, f'{name}.'))}")
    parts.append(
        f"## `[roots.NAME]`\n\n{_words_of(RootSettings)} One section a folder; NAME is yours.\n\n"
        f"{COLUMNS}{''.join(_rows(RootSettings, 'roots.NAME.', in_file_only=True))}"
    )
    parts.append(
        f"## `[clusters.NAME]`\n\n{_words_of(ClusterSettings)} The order in the file counts.\n\n"
        f"{COLUMNS}{''.join(_rows(ClusterSettings, 'clusters.NAME.', in_file_only=True))}"
    )
    return "\n".join(parts)


def variable_of(key: str, field: FieldInfo) -> str:
    """The variable that sets `key`; empty for tables and lists, which only the file can hold."""
    if get_origin(field.annotation) in {Mapping, tuple, dict}:
        return ""
    return f"GANTRY_{key.replace('.', '_').upper()}"


def _rows(
    kind: type[Section], prefix: str, *, leave: Collection[str] = (), in_file_only: bool = False
) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        if name in leave:
            continue
        key = f"{prefix}{name}"
        variable = "" if in_file_only else variable_of(key, field)
        shown = f"`{variable}`" if variable else "in the file only"
        yield f"| `{key}` | {_default(key, field)} | {shown} | {_cell(field.description or '')} |\n"


def _default(key: str, field: FieldInfo) -> str:
    """The default as the file would say it. Raises ValueError for one that only the running program knows."""
    if field.is_required():
        return "must be set"
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default_words" in extra:
        return str(extra["default_words"])
    if field.default_factory not in {None, dict, tuple}:
        raise ValueError(f"{key}: say its default in words (json_schema_extra default_words)")
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value == "" or value in ((), {}):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{_cell(str(value))}`"


def _section_of(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _words_of(kind: type[Section]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
