"""Values as YAML, written so that the reader of job types reads the very same values. Pure."""

from typing import Any, Final

import yaml

from portal.jobtype.lines import PlainLoader

INDENT: Final = 2
_LONGEST_FLOW: Final = 100
_SHORT: Final = frozenset({"command", "choices", "variants", "outputs"})
"""Lists whose maps stand on one line each, as in the files that ship."""
_ON_ONE_LINE: Final = frozenset(
    {"dataset_types", "instruments", "figures", "success_codes", "values", "only_with", "needs_options"}
)


_RESOLVER: Final[Any] = PlainLoader("")


class _Flow(dict[str, Any]):
    """A map on one line."""


class _FlowList(list[Any]):
    """A list on one line."""


class _Dumper(yaml.SafeDumper):
    """Lists are indented beneath their key; a text that would be read as a number is quoted."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    tag = "tag:yaml.org,2002:str"
    if "\n" in text and _stands_as_block(text):
        return dumper.represent_scalar(tag, text, style="|")
    if not text or _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) != tag:
        return dumper.represent_scalar(tag, text, style='"')
    return dumper.represent_scalar(tag, text)


def _stands_as_block(text: str) -> bool:
    lines = text.split("\n")
    return text[:1] not in (" ", "\t", "\n") and not any(line != line.rstrip() for line in lines)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Flow, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v, flow_style=True))
_Dumper.add_representer(_FlowList, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))


def block(value: Any, column: int = 0, *, of: str = "") -> str:
    """The value in lines that begin at that column, the first without its spaces and the last without its end.

    `of` is the key under which it stands, which says how it is laid out.
    """
    return _moved(_dumped(_styled(value, of)), column)


def entry(key: str, value: Any, column: int = 0) -> str:
    """`key: value` in the same way."""
    return _moved(_dumped({key: _styled(value, key)}), column)


def behind(value: Any, column: int = 0, *, of: str = "") -> str:
    """What stands behind the colon of a key at that column; `of`: the key's name."""
    return _moved(_dumped({"k": _styled(value, of)}), column)[2:]


def item(value: Any, column: int = 0, *, of: str = "") -> str:
    """`- value` in the same way; `of`: the list's key."""
    return _moved(_dumped([_in_list(_styled(value, ""), of)]), column)


def flow(value: Any) -> str:
    """The value on one line, as it may stand in brackets."""
    return _dumped(_FlowList([_all_flow(value)])).strip()[1:-1]


def _dumped(value: Any) -> str:
    return yaml.dump(
        value,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=10**6,
        indent=INDENT,
        default_flow_style=False,
    )


def _moved(text: str, column: int) -> str:
    space = " " * column
    lines = text.rstrip("\n").split("\n")
    return "\n".join(line if not number or not line else space + line for number, line in enumerate(lines))


def _styled(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        styled = {name: _styled(one, name) for name, one in value.items()}
        return _Flow(styled) if key in _ON_ONE_LINE and _fits(styled) else styled
    if isinstance(value, list):
        styled_list = [_in_list(_styled(one, ""), key) for one in value]
        return _FlowList(styled_list) if key in _ON_ONE_LINE and _fits(styled_list) else styled_list
    return value


def _in_list(value: Any, key: str) -> Any:
    if key == "command" and isinstance(value, dict) and len(_dumped(_all_flow(value))) <= _LONGEST_FLOW:
        return _all_flow(value)
    return _Flow(value) if key in _SHORT and isinstance(value, dict) and _fits(value) else value


def _fits(value: Any) -> bool:
    """If it is short, and holds neither maps nor texts of several lines."""
    parts = value.values() if isinstance(value, dict) else value
    plain = all(not isinstance(one, dict | list) and "\n" not in str(one) for one in parts)
    return plain and len(_dumped(_all_flow(value))) <= _LONGEST_FLOW


def _all_flow(value: Any) -> Any:
    if isinstance(value, dict):
        return _Flow({name: _all_flow(one) for name, one in value.items()})
    return _FlowList([_all_flow(one) for one in value]) if isinstance(value, list) else value
