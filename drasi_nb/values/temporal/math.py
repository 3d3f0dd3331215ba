"""Arithmetic of temporal values: adding durations, scaling them, what lies between two values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from drasi_nb.values.temporal import calendar
from drasi_nb.values.temporal.text import duration_of
from drasi_nb.values.temporal.types import (
    DAY,
    SECOND,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
    at_moment,
    at_zone,
)


def shift(value: Any, duration: Duration, sign: int) -> Any:
    """Return a temporal value plus (1) or minus (-1) a duration.

    Months first, then days, then the clock; a date takes whole days of the clock, a time
    only the clock.

    Raises:
        ValueError: The result lies beyond the years that exist.
    """
    nanos = sign * duration.nanos
    if type(value) is LocalTime:
        return LocalTime((value.nanos + nanos) % DAY)
    if type(value) is Time:
        return Time((value.nanos + nanos) % DAY, value.offset)
    days = calendar.add_months(value.days, sign * duration.months) + sign * duration.days
    if type(value) is Date:
        whole = abs(nanos) // DAY
        return Date(days + (whole if nanos >= 0 else -whole))
    if type(value) is LocalDateTime:
        more, clock = divmod(value.nanos + nanos, DAY)
        return LocalDateTime(days + more, clock)
    place = value.zone or value.offset
    local = value if days == value.days else at_zone(days, value.nanos, place, value.offset)
    total = local.epoch_second * SECOND + local.nanos % SECOND + nanos
    return at_moment(total // SECOND, total % SECOND, place)


def add_durations(a: Duration, b: Duration, sign: int) -> Duration:
    """Return ``a + b`` (1) or ``a - b`` (-1), by component."""
    return Duration(
        a.months + sign * b.months, a.days + sign * b.days, a.nanos + sign * b.nanos
    )


def scale(duration: Duration, factor: Fraction) -> Duration:
    """Return a duration times a number; fractions go to the next smaller unit."""
    return duration_of(
        duration.months * factor, duration.days * factor, 0, duration.nanos * factor
    )


def between(a: Any, b: Any) -> Duration:
    """Return months, days and clock from ``a`` to ``b``, all with one sign."""
    start, end, have_days = _line(a, b)
    months = _months(start, end) if have_days else 0
    days = _days(start, end, months) if have_days else 0
    return Duration(months, days, _nanos(shift(start, Duration(months, days, 0), 1), end))


def months_between(a: Any, b: Any) -> Duration:
    """Return the whole months from ``a`` to ``b``."""
    start, end, have_days = _line(a, b)
    return Duration(_months(start, end) if have_days else 0, 0, 0)


def days_between(a: Any, b: Any) -> Duration:
    """Return the whole days from ``a`` to ``b``."""
    start, end, have_days = _line(a, b)
    return Duration(0, _days(start, end, 0) if have_days else 0, 0)


def seconds_between(a: Any, b: Any) -> Duration:
    """Return the clock from ``a`` to ``b``, days as their hours."""
    start, end, _ = _line(a, b)
    return Duration(0, 0, _nanos(start, end))


def _line(a: Any, b: Any) -> tuple[DateTime, DateTime, bool]:
    """Return two values as moments by one clock, and whether both have a day.

    What one lacks is the other's: a time of day is on the other's day, a local value in the
    other's zone; a date is its midnight. Without any zone both are in UTC.
    """
    days = [getattr(value, "days", None) for value in (a, b)]
    places = [
        getattr(value, "zone", None) or getattr(value, "offset", None) for value in (a, b)
    ]
    start = _moment(a, days[0], days[1], places[0], places[1])
    end = _moment(b, days[1], days[0], places[1], places[0])
    if None not in places:
        end = at_moment(end.epoch_second, end.nanos % SECOND, start.zone or start.offset)
    return start, end, None not in days


def _moment(
    value: Any, day: int | None, other_day: int | None, place: Any, other_place: Any
) -> DateTime:
    if isinstance(value, DateTime):
        return value
    on = next((known for known in (day, other_day) if known is not None), 0)
    where = next((known for known in (place, other_place) if known is not None), 0)
    return at_zone(on, getattr(value, "nanos", 0), where)


def _months(start: DateTime, end: DateTime) -> int:
    day = _reached(start.days, start, end)
    (y1, m1, d1), (y2, m2, d2) = calendar.civil(start.days), calendar.civil(day)
    months = (y2 - y1) * 12 + m2 - m1
    if months > 0 and d2 < d1:
        return months - 1
    return months + 1 if months < 0 and d2 > d1 else months


def _days(start: DateTime, end: DateTime, months: int) -> int:
    """Return the whole days that are left after some months."""
    day = calendar.add_months(start.days, months)
    return _reached(day, start, end) - day


def _reached(day: int, start: DateTime, end: DateTime) -> int:
    """Return the last whole day, counted from a day at the clock of the start."""
    if end.days > day and end.nanos < start.nanos:
        return end.days - 1
    return end.days + 1 if end.days < day and end.nanos > start.nanos else end.days


def _nanos(start: DateTime, end: DateTime) -> int:
    seconds = end.epoch_second - start.epoch_second
    return seconds * SECOND + end.nanos % SECOND - start.nanos % SECOND
