"""The page a quality check leaves: one file, no script, nothing loaded from elsewhere.

It asks for nothing a strict Content-Security-Policy forbids besides its pictures (`img-src data:`) and one style
sheet, whose hash it states; without either it stays readable, as headings and tables.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

STYLE = """
:root{color-scheme:light dark;--ink:#14181d;--quiet:#55606b;--paper:#fff;--line:#d6dce0;--bad:#b3261e;
--good:#1b6e3c;--tint:#fdf1f0;--link:#0b57a4}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaee;--quiet:#a3adb7;--paper:#14181d;--line:#39434d;--bad:#ff8a80;
--good:#7fd1a0;--tint:#2a1d1f;--link:#8fc1f5}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1080px;padding:24px 16px;color:var(--ink);
background:var(--paper)}
h1{font-size:28px;line-height:1.25;font-weight:600;margin:0 0 16px}
h2{font-size:20px;font-weight:600;margin:48px 0 4px;overflow-wrap:anywhere}
h3{font-size:16px;font-weight:600;margin:0;color:var(--bad)}
a{color:var(--link)}a:focus-visible,.wide:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.verdict{font-size:18px;margin:0 0 16px}.good{color:var(--good)}.bad{color:var(--bad)}
.quiet,figcaption{color:var(--quiet);font-size:14px}p{margin:4px 0 8px;overflow-wrap:anywhere}
ol.wrong{padding-left:24px;margin:0 0 24px}ol.wrong li{margin:8px 0}
.fault{border-left:4px solid var(--bad);background:var(--tint);padding:12px 16px;margin:16px 0}
.fault img{margin-top:8px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;padding:4px 24px 4px 0}td,th.number{text-align:right;padding:4px 0 4px 24px}
td{white-space:nowrap}.notes td,td.found{white-space:normal}
td.found,thead th:nth-child(2){padding-left:0}
tr+tr{border-top:1px solid var(--line)}th[scope=row]{max-width:320px;min-width:11em;overflow-wrap:anywhere}
.notes td,td.found{text-align:left}
td.found{min-width:12em}
.wide{overflow-x:auto;margin:8px 0}.pictures{display:flex;flex-wrap:wrap;gap:16px;margin:8px 0}figure{margin:8px 0}
figure{max-width:100%}
img{max-width:100%;max-height:400px;border-radius:2px;display:block}svg{max-width:100%;height:auto;display:block}
svg path{fill:var(--link)}
@media(max-width:480px){th{padding-right:12px}td,th.number{padding-left:12px}h1{font-size:24px}}
"""
Captioned: TypeAlias = tuple[str, np.ndarray]
"""A caption, and a picture of uint8."""
PLOT_WIDTH, PLOT_HEIGHT = 640, 160
MOST_SHARE_SHOWN = 1e-3
"""Shares below it are shown as numbers, since per cent would round them away."""
NUMBER = ' class="number"'
_ROWS = (
    ("Type", "dtype"),
    ("Shape", "shape"),
    ("Values", "size"),
    ("Not finite", "not_finite"),
    ("Saturated", "saturated"),
    ("Minimum", "minimum"),
    ("Maximum", "maximum"),
    ("Mean", "mean"),
    ("Standard deviation", "std"),
)


def html_page(
    title: str,
    findings: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, Captioned],
    left_out: Sequence[Mapping[str, Any]] = (),
    unread: Sequence[str] = (),
) -> str:
    """Return the whole page as text. `findings`, `left_out`: entries of report.json; `pictures`: by name.

    `unread`: what of the files cannot be read, a sentence each: it comes first.
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    sections = "".join(_section(place, finding, pictures) for place, finding in enumerate(findings))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{_verdict(findings, len(left_out), unread)}{_left_out(left_out)}"
        f"{_overview(findings)}{sections}</main></body></html>\n"
    )


def _verdict(findings: Sequence[Mapping[str, Any]], left_out: int, unread: Sequence[str]) -> str:
    """What is wrong, the worst first; or that nothing is, and of how many arrays that can be said."""
    faults = [(fault, place) for place, finding in enumerate(findings) for fault in finding["faults"]]
    faults.sort(key=lambda one: -one[0]["weight"])
    judged = sum(finding["judged"] for finding in findings)
    total = "1 array" if len(findings) == 1 else f"{len(findings)} arrays"
    about = f"{judged} of {total} judged: those that hold pictures"
    about += f"; {left_out} {'thing was' if left_out == 1 else 'things were'} not measured." if left_out else "."
    if not faults and not unread:
        words = "Nothing wrong was found." if judged else "There was nothing to judge: only figures are given."
        return f'<p class="verdict {"good" if judged else ""}">{words}</p><p class="quiet">{about}</p>'
    number = len(faults) + len(unread)
    count = "One thing is wrong." if number == 1 else f"{number} things are wrong."
    items = "".join(f"<li><strong>Cannot be used</strong>: {escape(words)}.</li>" for words in unread)
    files = {finding["file"] for finding in findings}
    items += "".join(
        f"<li><strong>{escape(fault['title'])}</strong> in "
        f'<a href="#array-{place}">{escape(_called(findings[place], files))}</a>: {escape(fault["sentence"])}</li>'
        for fault, place in faults
    )
    return f'<p class="verdict bad">{count}</p><ol class="wrong">{items}</ol><p class="quiet">{about}</p>'


def _called(finding: Mapping[str, Any], files: set[str]) -> str:
    """An array's name, with its file's where there are several, or where it has none of its own."""
    if not finding["name"].strip("/"):
        return str(finding["file"])
    return str(finding["name"]) if len(files) == 1 else f"{finding['file']}, {finding['name']}"


def _overview(findings: Sequence[Mapping[str, Any]]) -> str:
    names = ("Array", "Found", "Type", "Shape", "Minimum", "Maximum", "Mean", "Not finite", "Saturated")
    keys = ("dtype", "shape", "minimum", "maximum", "mean", "not_finite", "saturated")
    head = "".join(f'<th scope="col"{NUMBER if place > 1 else ""}>{name}</th>' for place, name in enumerate(names))
    rows = "".join(
        f'<tr><th scope="row"><a href="#array-{place}">{escape(finding["name"])}</a></th>'
        f'<td class="found">{_found(finding)}</td>'
        + "".join(f"<td>{_words(finding[key])}</td>" for key in keys)
        + "</tr>"
        for place, finding in enumerate(findings)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return (
        f'<section><h2>All arrays</h2><div class="wide" tabindex="0" role="group" aria-label="All arrays">{table}'
        "</div></section>"
    )


def _found(finding: Mapping[str, Any]) -> str:
    if finding["faults"]:
        return (
            f'<span class="bad">{escape(", ".join(fault["title"].lower() for fault in finding["faults"]))}</span>'
        )
    return '<span class="good">nothing wrong</span>' if finding["judged"] else "not judged"


def _left_out(notes: Sequence[Mapping[str, Any]]) -> str:
    if not notes:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(note["name"])}</th><td>{escape(note["file"])}</td>'
        f"<td>{escape(note['why'])}</td></tr>"
        for note in notes
    )
    table = f"<table><tbody>{rows}</tbody></table>"
    return (
        "<section><h2>Not measured</h2>"
        '<div class="wide notes" tabindex="0" role="group" aria-label="Not measured">'
        f"{table}</div></section>"
    )


def _section(place: int, finding: Mapping[str, Any], pictures: Mapping[str, Captioned]) -> str:
    rows = [(label, _words(finding[key])) for label, key in _ROWS]
    about = "" if finding["percentiles_exact"] else " (within one part in 65536 of the range)"
    rows += [(f"{rank} % are below{about}", _words(value)) for rank, value in finding["percentiles"].items()]
    table = "".join(f'<tr><th scope="row">{escape(label)}</th><td>{value}</td></tr>' for label, value in rows)
    note = f"<p>{escape(finding['note'])}</p>" if finding["note"] else ""
    unchecked = "".join(f'<p class="quiet">Not judged: {escape(words)}.</p>' for words in finding["unchecked"])
    faults = "".join(_fault(fault, pictures) for fault in finding["faults"])
    sound = (
        "" if faults or not finding["judged"] else '<p class="good">Nothing wrong was found in its pictures.</p>'
    )
    figures = "".join(_figure(*pictures[name]) for name in finding["pictures"])
    return (
        f'<section id="array-{place}"><h2>{escape(finding["name"])}</h2>'
        f'<p class="quiet">{escape(finding["file"])}</p>{note}{sound}{faults}{unchecked}'
        f'<div class="pictures">{figures}</div>{_histogram(finding)}'
        f'<div class="wide"><table><tbody>{table}</tbody></table></div></section>'
    )


def _fault(fault: Mapping[str, Any], pictures: Mapping[str, Captioned]) -> str:
    picture = _figure(*pictures[fault["picture"]]) if fault["picture"] else ""
    number, unit = fault["number"], fault["unit"]
    if unit.startswith("of the") and number is not None:
        found = f"{number:.3g} {unit}" if abs(number) < MOST_SHARE_SHOWN else f"{number:.1%} {unit}"
    else:
        found = f"{_words(number)} {unit[:-1] if number == 1 and unit.endswith('s') else unit}".strip()
    return (
        f'<div class="fault"><h3>{escape(fault["title"])}</h3><p>{escape(fault["sentence"])}</p>'
        f'<p class="quiet">Found: {escape(found)}. Said {escape(fault["said"])}. {escape(fault["reason"])}</p>'
        f"{picture}</div>"
    )


def _figure(caption: str, picture: np.ndarray) -> str:
    memory = io.BytesIO()
    Image.fromarray(picture).save(memory, "PNG", optimize=True)
    data = base64.b64encode(memory.getvalue()).decode()
    return (
        f'<figure><img alt="" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _histogram(finding: Mapping[str, Any]) -> str:
    """Return the histogram as SVG with logarithmic heights, so that rare values are seen beside frequent ones."""
    counts = finding["histogram_counts"]
    if not counts:
        return ""
    top = math.log1p(max(counts))
    width = PLOT_WIDTH / len(counts)
    bars = []
    for place, number in enumerate(counts):
        height = math.log1p(number) / top * PLOT_HEIGHT if top else 0
        if number:
            bars.append(f"M{place * width:.2f} {PLOT_HEIGHT}v{-height:.2f}h{max(width, 0.5):.2f}v{height:.2f}z")
    low, high = finding["histogram_edges"][0], finding["histogram_edges"][-1]
    words = f"Histogram of {finding['name']}, {len(counts)} bins from {_words(low)} to {_words(high)}"
    return (
        f'<figure><svg role="img" viewBox="0 0 {PLOT_WIDTH} {PLOT_HEIGHT}" width="{PLOT_WIDTH}" '
        f'height="{PLOT_HEIGHT}"><title>{escape(words)}</title><path d="{"".join(bars)}"/></svg>'
        f"<figcaption>{escape(words)}; heights are logarithmic</figcaption></figure>"
    )


def _words(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return escape(" × ".join(str(part) for part in value))
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 1e9 else f"{value:.6g}"
    return escape(str(value))
