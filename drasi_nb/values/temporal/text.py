"""Temporal values from text, and from Python's own."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import Any

from drasi_nb.values.temporal import calendar, zones
from drasi_nb.values.temporal.types import (
    DAY,
    HOUR,
    MINUTE,
    MONTH_SECONDS,
    SECOND,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
    at_zone,
)

_YEAR = r"(?P<year>[+-]\d{4,9}(?=$|-)|\d{4})"
_DATES = [
    re.compile(_YEAR + tail, re.ASCII)
    for tail in (
        r"-(?P<month>\d\d)-(?P<day>\d\d)", r"(?P<month>\d\d)(?P<day>\d\d)",
        r"-(?P<month>\d\d)", r"(?P<month>\d\d)",
        r"-W(?P<week>\d\d)-(?P<weekday>\d)", r"W(?P<week>\d\d)(?P<weekday>\d)",
        r"-W(?P<week>\d\d)", r"W(?P<week>\d\d)",
        r"-Q(?P<quarter>\d)-(?P<quarter_day>\d{1,2})", r"Q(?P<quarter>\d)(?P<quarter_day>\d\d)",
        r"-Q(?P<quarter>\d)", r"Q(?P<quarter>\d)",
        r"-(?P<ordinal>\d{3})", r"(?P<ordinal>\d{3})", r"",
    )
]  # fmt: skip
_TIMES = [
    re.compile(
        rf"(\d\d)(?:{colon}(\d\d)(?:{colon}(\d\d)(?:[.,](\d{{1,9}}))?)?)?"
        r"(Z|z|[+-][\d:]+)?(?:\[([^\]]+)\])?",
        re.ASCII,
    )
    for colon in (":", "")
]
_AMOUNT = r"([+-]?\d+(?:[.,]\d+)?)"
_DURATION = re.compile(
    rf"([+-])?P(?:{_AMOUNT}Y)?(?:{_AMOUNT}M)?(?:{_AMOUNT}W)?(?:{_AMOUNT}D)?"
    rf"(?:T(?=.)(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?",
    re.ASCII,
)
_DURATION_DATE = re.compile(
    r"([+-])?P(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?)?"
    r"|([+-])?P(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?)?"
)


def date_of(
    year: int, *, month: int | None = None, day: int | None = None, week: int | None = None,
    weekday: int | None = None, quarter: int | None = None, quarter_day: int | None = None,
    ordinal: int | None = None,
) -> int:  # fmt: skip
    """Return the day number of a date by month, week, quarter or day of the year.

    Raises:
        ValueError: There is no such day.
    """
    _within("year", year, calendar.YEAR_MIN, calendar.YEAR_MAX)
    if week is not None:
        _within("week", week, 1, calendar.weeks_in(year))
        _within("dayOfWeek", 1 if weekday is None else weekday, 1, 7)
        return calendar.week_start(year) + (week - 1) * 7 + (weekday or 1) - 1
    if quarter is not None:
        _within("quarter", quarter, 1, 4)
        start = calendar.quarter_start(year, quarter)
        last = calendar.add_months(start, 3) - start
        _within("dayOfQuarter", 1 if quarter_day is None else quarter_day, 1, last)
        return start + (quarter_day or 1) - 1
    if ordinal is not None:
        _within("ordinalDay", ordinal, 1, calendar.year_length(year))
        return calendar.day_number(year, 1, 1) + ordinal - 1
    month = 1 if month is None else month
    day = 1 if day is None else day
    _within("month", month, 1, 12)
    _within("day", day, 1, calendar.month_length(year, month))
    return calendar.day_number(year, month, day)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must be {least} to {most}, is {value}")


def nanos_of(hour: int, minute: int = 0, second: int = 0, nano: int = 0) -> int:
    """Return the nanoseconds since midnight.

    Raises:
        ValueError: There is no such time.
    """
    for name, value, most in (
        ("hour", hour, 23),
        ("minute", minute, 59),
        ("second", second, 59),
    ):
        _within(name, value, 0, most)
    _within("nanosecond", nano, 0, SECOND - 1)
    return hour * HOUR + minute * MINUTE + second * SECOND + nano


def _days(text: str) -> int:
    for pattern in _DATES:
        match = pattern.fullmatch(text)
        if match is not None:
            parts = {k: int(v) for k, v in match.groupdict().items() if v is not None}
            return date_of(**parts)
    raise ValueError(f"{text!r} is no date")


def _clock(text: str) -> tuple[int, str | None, str | None]:
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _TIMES)), None)
    if match is None:
        raise ValueError(f"{text!r} is no time")
    hour, minute, second, fraction, offset, name = match.groups()
    nano = int((fraction or "").ljust(9, "0"))
    return nanos_of(int(hour), int(minute or 0), int(second or 0), nano), offset, name


def zone_of(text: str) -> str | int:
    """Return the name of a zone, or an offset in seconds.

    Raises:
        ValueError: It is neither.
    """
    offset = zones.offset_of(text)
    if offset is not None:
        return offset
    if zones.zone(text) is None:
        raise ValueError(f"there is no time zone {text!r}")
    return text


def parse_date(text: str) -> Date:
    """Return a date. Raises ValueError for other text."""
    return Date(_days(text))


def parse_localtime(text: str) -> LocalTime:
    """Return a local time. Raises ValueError for other text."""
    nanos, offset, name = _clock(text)
    if offset or name:
        raise ValueError(f"{text!r} has an offset, a local time has none")
    return LocalTime(nanos)


def parse_time(text: str) -> Time:
    """Return a time; without an offset in UTC. Raises ValueError for other text."""
    nanos, offset, name = _clock(text)
    if name:
        raise ValueError(f"{text!r} has a named zone, a time has an offset")
    return Time(nanos, _offset(offset) if offset else 0)


def _offset(text: str) -> int:
    offset = zones.offset_of(text)
    if offset is None:
        raise ValueError(f"{text} is no offset")
    return offset


def _split(text: str) -> tuple[int, int, str | None, str | None]:
    date, mark, time = text.partition("T")
    if not mark:
        date, mark, rest = text.partition("[")
        if mark and not rest.endswith("]"):
            raise ValueError(f"{text!r} does not close the zone's bracket")
        return _days(date), 0, None, rest.removesuffix("]") if mark else None
    return _days(date), *_clock(time)


def parse_localdatetime(text: str) -> LocalDateTime:
    """Return a local date and time. Raises ValueError for other text."""
    days, nanos, offset, name = _split(text)
    if offset or name:
        raise ValueError(f"{text!r} has an offset, a local datetime has none")
    return LocalDateTime(days, nanos)


def parse_datetime(text: str) -> DateTime:
    """Return a moment; without offset and zone in UTC. Raises ValueError for other text."""
    days, nanos, offset, name = _split(text)
    seconds = _offset(offset) if offset else None
    if name is None:
        return DateTime(days, nanos, seconds or 0)
    timezone = zone_of(name)
    value = at_zone(days, nanos, timezone, seconds)
    if seconds is not None and value.offset != seconds:
        raise ValueError(f"{text!r}: {name} is not {offset} from UTC then")
    return value


def duration_of(
    months: Fraction | int,
    days: Fraction | int,
    seconds: Fraction | int,
    nanos: Fraction | int = 0,
) -> Duration:
    """Return a duration; the fraction of a larger unit goes to the next smaller one."""
    whole_months = int(months)
    days = days + (months - whole_months) * Fraction(MONTH_SECONDS, 86_400)
    whole_days = int(days)
    total = (days - whole_days) * DAY + seconds * SECOND + nanos
    return Duration(whole_months, whole_days, int(total))


def parse_duration(text: str) -> Duration:
    """Return a duration. Raises ValueError for other text."""
    match = _DURATION_DATE.fullmatch(text)
    if match is not None:
        groups = match.groups()
        sign, *parts = groups[:8] if groups[1] is not None else groups[8:]
        year, month, day, hour, minute, second = (int(part or 0) for part in parts[:6])
        nano = int((parts[6] or "").ljust(9, "0"))
        one = -1 if sign == "-" else 1
        clock = hour * HOUR + minute * MINUTE + second * SECOND + nano
        return Duration(one * (year * 12 + month), one * day, one * clock)
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()[1:]):
        raise ValueError(f"{text!r} is no duration")
    one = -1 if match[1] == "-" else 1
    y, mo, w, d, h, mi, s = (
        one * Fraction((part or "0").replace(",", ".")) for part in match.groups()[1:]
    )
    return duration_of(y * 12 + mo, w * 7 + d, h * 3600 + mi * 60 + s)


_PARSERS: dict[str, Any] = {
    "date": parse_date,
    "localtime": parse_localtime,
    "time": parse_time,
    "localdatetime": parse_localdatetime,
    "datetime": parse_datetime,
    "duration": parse_duration,
}


def temporal(kind: str, text: str) -> Any:
    """Return the temporal value of a Cypher text: ``temporal("date", "2013-03-08")``.

    Args:
        kind: "date", "localtime", "time", "localdatetime", "datetime" or "duration".
        text: As Cypher's constructors take it.

    Raises:
        ValueError: The kind is none of these, or the text is none of its kind.
    """
    parser = _PARSERS.get(kind)
    if parser is None:
        raise ValueError(f"{kind!r} is no temporal type; there are {', '.join(_PARSERS)}")
    try:
        return parser(text)
    except ValueError as error:
        raise ValueError(f"{kind}: {error}") from None


def from_python(value: Any) -> Any:
    """Return Python's date, time, datetime or timedelta as a temporal value.

    The nanoseconds of pandas are kept and NaT is null. Days and time of a timedelta stay
    apart, with one sign.

    Raises:
        ValueError: Its offset is beyond 18 hours.
    """
    if value != value:
        return None
    if isinstance(value, dt.datetime):
        days, nanos = _civil_days(value), _clock_nanos(value)
        if value.tzinfo is None:
            return LocalDateTime(days, nanos)
        offset = int((value.utcoffset() or dt.timedelta()).total_seconds())
        key = getattr(value.tzinfo, "key", None) or getattr(value.tzinfo, "zone", None)
        name = key if isinstance(key, str) and key != "UTC" and zones.zone(key) else None
        return DateTime(days, nanos, offset, name)
    if isinstance(value, dt.date):
        return Date(_civil_days(value))
    if isinstance(value, dt.time):
        nanos, away = _clock_nanos(value), value.utcoffset()
        return LocalTime(nanos) if away is None else Time(nanos, int(away.total_seconds()))
    nanos = value.days * DAY + value.seconds * SECOND + value.microseconds * 1_000
    nanos += getattr(value, "nanoseconds", 0)  # of pandas
    days = abs(nanos) // DAY * (1 if nanos > 0 else -1)
    return Duration(0, days, nanos - days * DAY)


def from_numpy(value: Any) -> Any:
    """Return a ``datetime64`` as a local datetime and a ``timedelta64`` as a duration."""
    unit = "datetime64[ns]" if value.dtype.kind == "M" else "timedelta64[ns]"
    nanos = int(value.astype(unit).astype("int64"))
    if nanos == -(2**63):
        return None  # NaT
    return (
        LocalDateTime(*divmod(nanos, DAY)) if value.dtype.kind == "M" else Duration(0, 0, nanos)
    )


def _civil_days(value: dt.date) -> int:
    return calendar.day_number(value.year, value.month, value.day)


def _clock_nanos(value: dt.datetime | dt.time) -> int:
    clock = (value.hour * 60 + value.minute) * 60 + value.second
    return clock * SECOND + value.microsecond * 1_000 + getattr(value, "nanosecond", 0)
