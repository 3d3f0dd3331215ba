"""The components of temporal values: ``d.year``, ``t.minute``, ``x.monthsOfYear``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drasi_nb.values.temporal import calendar, zones
from drasi_nb.values.temporal.types import HOUR, MINUTE, SECOND, DateTime, Duration, Time

Reader = Callable[[Any], Any]

_DATE: dict[str, Reader] = {
    "year": lambda v: calendar.civil(v.days)[0],
    "quarter": lambda v: (calendar.civil(v.days)[1] + 2) // 3,
    "month": lambda v: calendar.civil(v.days)[1],
    "week": lambda v: calendar.week_of(v.days)[1],
    "weekYear": lambda v: calendar.week_of(v.days)[0],
    "day": lambda v: calendar.civil(v.days)[2],
    "ordinalDay": lambda v: calendar.day_of_year(v.days),
    "dayOfYear": lambda v: calendar.day_of_year(v.days),
    "weekDay": lambda v: calendar.weekday(v.days),
    "dayOfWeek": lambda v: calendar.weekday(v.days),
    "dayOfQuarter": lambda v: v.days - _quarter_start(v.days) + 1,
    "quarterDay": lambda v: v.days - _quarter_start(v.days) + 1,
}
_CLOCK: dict[str, Reader] = {
    "hour": lambda v: v.nanos // HOUR,
    "minute": lambda v: v.nanos // MINUTE % 60,
    "second": lambda v: v.nanos // SECOND % 60,
    "millisecond": lambda v: v.nanos % SECOND // 1_000_000,
    "microsecond": lambda v: v.nanos % SECOND // 1_000,
    "nanosecond": lambda v: v.nanos % SECOND,
}
_OFFSET: dict[str, Reader] = {
    "timezone": lambda v: v.timezone if type(v) is DateTime else zones.offset_text(v.offset),
    "offset": lambda v: zones.offset_text(v.offset),
    "offsetMinutes": lambda v: int(v.offset / 60),
    "offsetSeconds": lambda v: v.offset,
}
_EPOCH: dict[str, Reader] = {
    "epochSeconds": lambda v: v.epoch_second,
    "epochMillis": lambda v: v.epoch_second * 1_000 + v.nanos % SECOND // 1_000_000,
}


def _whole(amount: int, unit: int) -> int:
    """Return how many whole units there are, towards zero as a duration is written."""
    return amount // unit if amount >= 0 else -(-amount // unit)


def _rest(amount: int, unit: int) -> int:
    return amount - _whole(amount, unit) * unit


_DURATION: dict[str, Reader] = {
    "years": lambda v: _whole(v.months, 12),
    "quarters": lambda v: _whole(v.months, 3),
    "months": lambda v: v.months,
    "weeks": lambda v: _whole(v.days, 7),
    "days": lambda v: v.days,
    "hours": lambda v: _whole(v.nanos, HOUR),
    "minutes": lambda v: _whole(v.nanos, MINUTE),
    "seconds": lambda v: _whole(v.nanos, SECOND),
    "milliseconds": lambda v: _whole(v.nanos, 1_000_000),
    "microseconds": lambda v: _whole(v.nanos, 1_000),
    "nanoseconds": lambda v: v.nanos,
    "quartersOfYear": lambda v: _rest(_whole(v.months, 3), 4),
    "monthsOfQuarter": lambda v: _rest(v.months, 3),
    "monthsOfYear": lambda v: _rest(v.months, 12),
    "daysOfWeek": lambda v: _rest(v.days, 7),
    "minutesOfHour": lambda v: _rest(_whole(v.nanos, MINUTE), 60),
    "secondsOfMinute": lambda v: _rest(_whole(v.nanos, SECOND), 60),
    "millisecondsOfSecond": lambda v: _whole(_rest(v.nanos, SECOND), 1_000_000),
    "microsecondsOfSecond": lambda v: _whole(_rest(v.nanos, SECOND), 1_000),
    "nanosecondsOfSecond": lambda v: _rest(v.nanos, SECOND),
}


def _quarter_start(days: int) -> int:
    year, month, _ = calendar.civil(days)
    return calendar.quarter_start(year, (month + 2) // 3)


def component(value: Any, name: str) -> Any:
    """Return a component of a temporal value, or None where its type has none of that name."""
    if type(value) is Duration:
        reader = _DURATION.get(name)
    else:
        reader = _DATE.get(name) if hasattr(value, "days") else None
        if reader is None and hasattr(value, "nanos"):
            reader = _CLOCK.get(name)
        if reader is None and type(value) in (Time, DateTime):
            reader = _OFFSET.get(name)
        if reader is None and type(value) is DateTime:
            reader = _EPOCH.get(name)
    return None if reader is None else reader(value)
