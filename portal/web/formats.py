"""Template filters: sizes, times and numbers as people read them."""

import re
from datetime import UTC, datetime
from math import isfinite

from flask import Flask
from markupsafe import Markup

from portal import words
from portal.methods import quantities
from portal.times import iso
from portal.web.context import now

MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))


def ago(moment: datetime | None) -> str:
    """`just now`, `6 minutes ago`, `3 hours ago`, `yesterday`, `4 days ago`; after a month the date."""
    if moment is None:
        return ""
    seconds = (now() - moment).total_seconds()
    if seconds < MINUTE:
        return "just now"
    if seconds >= 30 * DAY:
        return date(moment)
    if DAY <= seconds < 2 * DAY:
        return "yesterday"
    size, noun = next((size, noun) for size, noun in STEPS if seconds >= size)
    return f"{words.count(int(seconds // size), noun)} ago"


def until(moment: datetime) -> str:
    """`within a minute`, `in about 20 minutes`, `in about 3 hours`: as precise as a plan deserves."""
    seconds = (moment - now()).total_seconds()
    if seconds < MINUTE:
        return "within a minute"
    whole = HOUR if seconds >= 2 * HOUR else 10 * MINUTE if seconds >= 20 * MINUTE else MINUTE
    return f"in about {words.duration(-(-seconds // whole) * whole)}"


def date(moment: datetime | None) -> str:
    """`20 Nov 2026`, in the server's time zone, which is the facility's."""
    if moment is None:
        return ""
    local = moment.astimezone()
    return f"{local.day} {local:%b %Y}"


def short_date(moment: datetime | None) -> str:
    """`20 Nov`, with the year only if it is another one; it never breaks over two lines."""
    if moment is None:
        return ""
    local = moment.astimezone()
    words = f"{local.day} {local:%b}" if local.year == now().astimezone().year else date(moment)
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def date_time(moment: datetime | None) -> str:
    """`20 Nov 2026, 14:02`."""
    return "" if moment is None else f"{date(moment)}, {moment.astimezone():%H:%M}"


def lately(moment: datetime | None) -> str:
    """`14:02` for today, else `20 Nov, 14:02`; it never breaks over two lines."""
    if moment is None:
        return ""
    local = moment.astimezone()
    today = local.date() == now().astimezone().date()
    return f"{local:%H:%M}" if today else f"{short_date(moment)},\N{NO-BREAK SPACE}{local:%H:%M}"


def dates(start: datetime | None, end: datetime | None) -> str:
    """`18–20 Nov 2026`, `30 Oct – 2 Nov 2026`, or one date."""
    if start is None or end is None:
        return date(start or end)
    first, last = start.astimezone(), end.astimezone()
    if first.date() == last.date():
        return date(end)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{date(end)}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {date(end)}"
    return f"{date(start)} – {date(end)}"


def time_element(moment: datetime | None) -> Markup:
    """A `<time>`: how long ago, with the exact time for those who point at it and for programs."""
    if moment is None:
        return Markup("")
    exact = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{exact:%Y-%m-%dT%H:%M:%SZ}", date_time(moment), ago(moment)
    )


def exact_time(moment: datetime) -> Markup:
    """A `<time>` to the second and with its zone, for histories: `20 Nov 2026, 14:02:09 UTC`, or `… +01:00`."""
    local = moment.astimezone()
    offset = f"{local:%z}"
    zone = "UTC" if not local.utcoffset() else f"{offset[:3]}:{offset[3:5]}"
    return Markup('<time datetime="{}">{}, {} {}</time>').format(
        iso(moment), date(moment), f"{local:%H:%M:%S}", zone
    )


def value(number: object) -> str:
    """A parameter's value: three significant digits, whole numbers exactly, dates as dates."""
    if isinstance(number, datetime):
        return date_time(number)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return str(number)
    return quantities.figure(number)


def shown(number: object) -> Markup:
    """The same as an element that has the exact number, too, where not all of its digits are shown."""
    words = value(number)
    if not isinstance(number, float) or not isfinite(number) or words.replace(",", "") == f"{number:.15g}":
        return Markup("{}").format(words)
    return Markup('<data value="{}" title="{}">{}</data>').format(repr(number), f"{number:.9g}", words)


def unit(name: str | None) -> str:
    """A unit as it is printed: `um` is `µm`, `um^2` is `µm²`."""
    return quantities.unit(name or "")


def after(sentence: str, word: str) -> str:
    """A sentence behind the state it begins with: `Done` and `Done in 18 seconds.` give `in 18 seconds.`"""
    return sentence.removeprefix(f"{word} ") if sentence != f"{word}." else ""


def paragraphs(text: str) -> list[str]:
    """What stands between empty lines; the lines of each stay as they were broken."""
    parts = re.split(r"\n[^\S\n]*(?:\n[^\S\n]*)*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return [part.strip("\n") for part in parts if part.strip()]


def initials(full_name: str) -> str:
    """`Maya Lind` is `ML`."""
    parts = full_name.split()
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


def install_formats(app: Flask) -> None:
    """Register the filters."""
    app.jinja_env.filters.update(
        ago=time_element,
        date=date,
        until=until,
        short_date=short_date,
        printed_units=quantities.printed_units,
        date_time=date_time,
        exact_time=exact_time,
        lately=lately,
        after=after,
        value=value,
        shown=shown,
        unit=unit,
        initials=initials,
        paragraphs=paragraphs,
        size=words.size,
        memory=words.memory,
        limit=words.limit,
    )
    app.jinja_env.globals.update(dates=dates, count=words.count)
