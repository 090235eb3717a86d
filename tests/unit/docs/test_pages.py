"""The documentation: every link leads somewhere, every page is listed, the page of settings is current."""

import re
from pathlib import Path

import pytest

from portal.cli.admin.settings_page import settings_page
from portal.config import Section, Settings, load_settings

ROOT = Path(__file__).parents[3]
PAGES = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FOREIGN = re.compile(r"[a-z]+:")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    """Markdown without what stands in fences and backticks: links there are examples."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and GitLab make them."""
    headings = re.findall(
        r"^#+ +(.+)$", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S), re.M
    )
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_of_ours_leads_there(page: Path) -> None:
    broken = []
    for target in LINK.findall(without_code(page.read_text("utf-8"))):
        if FOREIGN.match(target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        there = file.exists() and file.is_relative_to(ROOT)
        if not there or (anchor and anchor not in anchors_of(file)):
            broken.append(target)
    assert broken == []


def test_a_link_that_leads_nowhere_would_be_noticed() -> None:
    text = without_code("[a](no-such.md) `[b](code.md)`\n```\n[c](fence.md)\n```\n![d](picture.png)")
    assert LINK.findall(text) == ["no-such.md"]
    assert anchors_of(ROOT / "docs/users/command-line.md") >= {"from-python", "signing-in"}


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs/README.md"
    listed = {(index.parent / target).resolve() for target in LINK.findall(index.read_text("utf-8"))}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs") and page != index}
    assert sorted(map(name_of, pages - listed)) == []


def test_the_page_of_settings_is_what_the_definitions_say() -> None:
    page = (ROOT / "docs/operators/settings.md").read_text("utf-8")
    assert page == settings_page(), "Make it anew: gantry admin config --markdown > docs/operators/settings.md"


def test_every_setting_stands_on_the_page_with_a_meaning() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| .+ \| (.+) \|$", settings_page(), re.M))
    wanted = set()
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        section = isinstance(kind, type) and issubclass(kind, Section)
        wanted |= {f"{name}.{inner}" for inner in kind.model_fields} if section else {name}
    assert wanted <= set(rows)
    assert [name for name, meaning in rows.items() if len(meaning) < 5] == []


def test_the_default_of_each_variable_on_the_page_can_be_set_by_it(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| `(.+)` \| `(GANTRY_\w+)` \|", settings_page(), re.M)
    assert len(rows) > 20
    plain = load_settings({}, var=tmp_path)
    for key, default, variable in rows:
        section, _, name = key.rpartition(".")
        found = load_settings({variable: default}, **({} if key == "var" else {"var": tmp_path}))
        if key != "var":
            holder, usual = (getattr(found, section), getattr(plain, section)) if section else (found, plain)
            assert getattr(holder, name) == getattr(usual, name), key
