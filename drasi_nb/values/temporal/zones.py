"""Time zones: offsets in seconds east of UTC, and names of the IANA database."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*")
_OFFSET = re.compile(r"([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?", re.ASCII)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ONE = dt.timedelta(seconds=1)
_CYCLE = 146_097 * 86_400  # after 400 years dates and weekdays come again
_EARLIEST, _LATEST = -62_000_000_000, 250_000_000_000  # within the years 6 and 9892


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


def _python(epoch_second: int) -> dt.datetime:
    """Return a moment in UTC that Python has: the same place in a near cycle of 400 years."""
    if epoch_second > _LATEST:
        epoch_second -= -(-(epoch_second - _LATEST) // _CYCLE) * _CYCLE
    elif epoch_second < _EARLIEST:
        epoch_second += -(-(_EARLIEST - epoch_second) // _CYCLE) * _CYCLE
    return _EPOCH + dt.timedelta(seconds=epoch_second)


def _seconds(moment: dt.datetime) -> int:
    return (moment.utcoffset() or dt.timedelta()) // _ONE


def offset_at_local(name: str, days: int, second: int, prefer: int | None = None) -> int:
    """Return the offset of a local time.

    A time that the clocks skip has the offset from before the gap. One that comes twice is
    the earlier, unless the later has the preferred offset.
    """
    info = zone(name)
    assert info is not None
    local = _python(days * 86_400 + second).replace(tzinfo=info)
    first, later = _seconds(local), _seconds(local.replace(fold=1))
    return later if later < first and prefer == later else first


def offset_at(name: str, epoch_second: int) -> int:
    """Return the offset of a moment."""
    info = zone(name)
    assert info is not None
    return _seconds(_python(epoch_second).astimezone(info))
