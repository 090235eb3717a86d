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
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1080px;padding:24px;color:#14181d;background:#fff}
h1{font-size:28px;font-weight:600}h2{font-size:20px;font-weight:600;margin-top:48px;overflow-wrap:anywhere}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;padding:4px 24px 4px 0}td{text-align:right;padding:4px 0 4px 24px}
.wide{overflow-x:auto}.pictures{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}
figcaption{font-size:14px}img{max-width:100%;max-height:400px}svg{max-width:100%;height:auto}
@media(prefers-color-scheme:dark){body{color:#e6eaee;background:#14181d}}
"""
Captioned: TypeAlias = tuple[str, np.ndarray]
"""A caption, and a picture of uint8."""
PLOT_WIDTH, PLOT_HEIGHT = 640, 160
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
) -> str:
    """Return the whole page as text. `findings`, `left_out`: entries of report.json; `pictures`: by name."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'"
    sections = "".join(_section(finding, pictures) for finding in findings)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{_overview(findings)}{_left_out(left_out)}{sections}</main></body></html>\n"
    )


def _overview(findings: Sequence[Mapping[str, Any]]) -> str:
    names = ("Array", "Type", "Shape", "Minimum", "Maximum", "Mean", "Not finite", "Saturated")
    keys = ("dtype", "shape", "minimum", "maximum", "mean", "not_finite", "saturated")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{escape(finding["name"])}</th>'
        + "".join(f"<td>{_words(finding[key])}</td>" for key in keys)
        + "</tr>"
        for finding in findings
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _left_out(notes: Sequence[Mapping[str, Any]]) -> str:
    if not notes:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(note["name"])}</th><td>{escape(note["file"])}</td>'
        f"<td>{escape(note['why'])}</td></tr>"
        for note in notes
    )
    return f'<section><h2>Not measured</h2><div class="wide"><table><tbody>{rows}</tbody></table></div></section>'


def _section(finding: Mapping[str, Any], pictures: Mapping[str, Captioned]) -> str:
    rows = [(label, _words(finding[key])) for label, key in _ROWS]
    about = "" if finding["percentiles_exact"] else " (within one part in 65536 of the range)"
    rows += [(f"{rank} % are below{about}", _words(value)) for rank, value in finding["percentiles"].items()]
    table = "".join(f'<tr><th scope="row">{escape(label)}</th><td>{value}</td></tr>' for label, value in rows)
    note = f"<p>{escape(finding['note'])}</p>" if finding["note"] else ""
    figures = "".join(_figure(*pictures[name]) for name in finding["pictures"])
    return (
        f"<section><h2>{escape(finding['name'])}</h2><p>{escape(finding['file'])}</p>{note}"
        f'<div class="pictures">{figures}</div>{_histogram(finding)}'
        f'<div class="wide"><table><tbody>{table}</tbody></table></div></section>'
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
        f'height="{PLOT_HEIGHT}"><title>{escape(words)}</title><path fill="#0b57a4" d="{"".join(bars)}"/></svg>'
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
