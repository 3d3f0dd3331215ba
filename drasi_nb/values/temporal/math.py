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
        return Date(_checked(days + (whole if nanos >= 0 else -whole)))
    if type(value) is LocalDateTime:
        more, clock = divmod(value.nanos + nanos, DAY)
        return LocalDateTime(_checked(days + more), clock)
    local = at_zone(_checked(days), value.nanos, value.zone or value.offset)
    total = local.epoch_second * SECOND + local.nanos % SECOND + nanos
    return at_moment(total // SECOND, total % SECOND, value.zone or value.offset)


def _checked(days: int) -> int:
    year = calendar.civil(days)[0]
    if not calendar.YEAR_MIN <= year <= calendar.YEAR_MAX:
        raise ValueError(f"the year {year} is beyond those that exist")
    return days


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
    start, end = _line(a, b)
    if start[0] is None or end[0] is None:
        return Duration(0, 0, end[1] - start[1])
    months = _months(start, end)
    from_days = calendar.add_months(start[0], months)
    days, clock = end[0] - from_days, end[1] - start[1]
    if days > 0 and clock < 0:
        days, clock = days - 1, clock + DAY
    elif days < 0 and clock > 0:
        days, clock = days + 1, clock - DAY
    if isinstance(a, DateTime) or isinstance(b, DateTime):
        clock += _clock_change(a, b, months, days, clock)
    return Duration(months, days, clock)


def months_between(a: Any, b: Any) -> Duration:
    """Return the whole months from ``a`` to ``b``."""
    start, end = _line(a, b)
    if start[0] is None or end[0] is None:
        return Duration(0, 0, 0)
    return Duration(_months(start, end), 0, 0)


def days_between(a: Any, b: Any) -> Duration:
    """Return the whole days from ``a`` to ``b``."""
    start, end = _line(a, b)
    if start[0] is None or end[0] is None:
        return Duration(0, 0, 0)
    total = (end[0] - start[0]) * DAY + end[1] - start[1]
    whole = abs(total) // DAY
    return Duration(0, whole if total >= 0 else -whole, 0)


def seconds_between(a: Any, b: Any) -> Duration:
    """Return the clock from ``a`` to ``b``, days as their hours."""
    start, end = _line(a, b)
    if start[0] is None or end[0] is None:
        return Duration(0, 0, end[1] - start[1])
    if isinstance(a, DateTime) or isinstance(b, DateTime):
        return Duration(0, 0, _instant(b, a) - _instant(a, b))
    return Duration(0, 0, (end[0] - start[0]) * DAY + end[1] - start[1])


Local = tuple[int | None, int]  # day number, nanoseconds of the day


def _line(a: Any, b: Any) -> tuple[Local, Local]:
    """Return two values on one line of local time: that of the first that knows its zone."""
    if isinstance(a, DateTime) and isinstance(b, DateTime):
        total = b.epoch_second
        moved = at_moment(total, b.nanos % SECOND, a.zone or a.offset)
        return (a.days, a.nanos), (moved.days, moved.nanos)
    start, end = _local(a), _local(b)
    offsets = [getattr(value, "offset", None) for value in (a, b)]
    if None not in offsets and (start[0] is None or end[0] is None):
        end = (end[0], end[1] + (offsets[0] - offsets[1]) * SECOND)  # type: ignore[operator]
    return start, end


def _local(value: Any) -> Local:
    return getattr(value, "days", None), getattr(value, "nanos", 0)


def _months(start: Local, end: Local) -> int:
    assert start[0] is not None
    assert end[0] is not None
    (y1, m1, d1), (y2, m2, d2) = calendar.civil(start[0]), calendar.civil(end[0])
    months = (y2 - y1) * 12 + m2 - m1
    if months > 0 and (d2, end[1]) < (d1, start[1]):
        months -= 1
    elif months < 0 and (d2, end[1]) > (d1, start[1]):
        months += 1
    return months


def _instant(value: Any, other: Any) -> int:
    """Return nanoseconds since the epoch; a local value is in the zone of the other."""
    if not isinstance(value, DateTime):
        zone = other.zone or other.offset
        value = at_zone(value.days, getattr(value, "nanos", 0), zone)
    return int(value.epoch_second) * SECOND + int(value.nanos) % SECOND


def _clock_change(a: Any, b: Any, months: int, days: int, clock: int) -> int:
    """Return what a change of the clocks between the last whole day and the end adds."""
    zone = (a if isinstance(a, DateTime) else b).zone
    if zone is None or not hasattr(a, "days") or not hasattr(b, "days"):
        return 0
    start = _line(a, b)[0]
    assert start[0] is not None
    near = at_zone(calendar.add_months(start[0], months) + days, start[1], zone)
    return _instant(b, near) - _instant(near, near) - clock
