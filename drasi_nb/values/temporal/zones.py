"""Time zones: offsets in seconds east of UTC, and names of the IANA database."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from drasi_nb.values.temporal import calendar

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*")
_OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?")


@lru_cache(maxsize=1_024)
def zone(name: str) -> ZoneInfo | None:
    """Return a named zone, or None if the database has none of that name.

    The database is the package ``tzdata``, so that every machine gives the same answer.
    """
    if not _NAME.fullmatch(name):
        return None
    place = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if not place.is_file():
        return None
    with place.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def offset_of(text: str) -> int | None:
    """Return the seconds of ``Z``, ``+01``, ``+01:30``, ``+0130`` or ``+01:30:15``."""
    if text in ("Z", "z"):
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes, seconds = match.groups()
    total = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    if total > 18 * 3600 or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    return -total if sign == "-" else total


def offset_text(offset: int) -> str:
    """Return an offset as Cypher writes it."""
    if offset == 0:
        return "Z"
    minutes, seconds = divmod(abs(offset), 60)
    text = f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def _python(days: int, second: int) -> dt.datetime:
    """Return a moment with a year that Python has: the same place in the 400-year cycle."""
    year, month, day = calendar.civil(days)
    if not 1 <= year <= 9_999:
        year = 1 if year < 1 else 2_000 + year % 400
        day = min(day, calendar.month_length(year, month))
    base = dt.datetime(year, month, day)
    return base + dt.timedelta(seconds=second)


def offset_at_local(name: str, days: int, second: int) -> int:
    """Return the offset of a local time; the earlier moment where there are two.

    A time that the clocks skip has the offset from before the gap.
    """
    info = zone(name)
    assert info is not None
    local = _python(days, second).replace(tzinfo=info)
    return int((local.utcoffset() or dt.timedelta()).total_seconds())


def offset_at(name: str, epoch_second: int) -> int:
    """Return the offset of a moment."""
    info = zone(name)
    assert info is not None
    days, second = divmod(epoch_second, 86_400)
    moment = _python(days, second).replace(tzinfo=dt.UTC)
    return int((moment.astimezone(info).utcoffset() or dt.timedelta()).total_seconds())
