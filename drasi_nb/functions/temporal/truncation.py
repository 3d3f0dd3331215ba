"""Truncation of temporal values to a unit. Source: openCypher 9, "Truncating temporal values"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import scalar
from drasi_nb.functions.temporal.construct import (
    CLOCK_FIELDS,
    DATE_FIELDS,
    clock,
    days_of,
    fault,
    known,
    timezone,
)
from drasi_nb.values.logic import type_name
from drasi_nb.values.temporal import calendar
from drasi_nb.values.temporal.types import (
    HOUR,
    MINUTE,
    SECOND,
    Date,
    DateTime,
    LocalDateTime,
    LocalTime,
    Time,
    at_zone,
)


def _years(size: int) -> Callable[[int], int]:
    def start(days: int) -> int:
        year = calendar.civil(days)[0]
        return calendar.day_number(year // size * size, 1, 1)

    return start


def _quarter(days: int) -> int:
    year, month, _ = calendar.civil(days)
    return calendar.quarter_start(year, (month + 2) // 3)


def _month(days: int) -> int:
    year, month, _ = calendar.civil(days)
    return calendar.day_number(year, month, 1)


_DATE_UNITS: dict[str, Callable[[int], int]] = {
    "millennium": _years(1_000),
    "century": _years(100),
    "decade": _years(10),
    "year": _years(1),
    "weekyear": lambda days: calendar.week_start(calendar.week_of(days)[0]),
    "quarter": _quarter,
    "month": _month,
    "week": lambda days: days - calendar.weekday(days) + 1,
    "day": lambda days: days,
}
_CLOCK_UNITS = {
    "hour": HOUR, "minute": MINUTE, "second": SECOND, "millisecond": 1_000_000, "microsecond": 1_000,
}  # fmt: skip
_NONE: dict[str, Any] = {}


def _cut(unit: str, value: Any, *, only_clock: bool = False) -> tuple[int | None, int]:
    """Return day number and nanoseconds cut to a unit."""
    days, nanos = getattr(value, "days", None), getattr(value, "nanos", 0)
    name = unit.lower()
    if name in _CLOCK_UNITS:
        size = _CLOCK_UNITS[name]
        return days, nanos // size * size
    start = _DATE_UNITS.get(name)
    if start is None:
        known = ", ".join([*_DATE_UNITS, *_CLOCK_UNITS])
        raise EvaluationError(f"{unit!r} is no unit; there are {known}", code="argument")
    if days is None or only_clock:
        if name != "day":
            raise EvaluationError(f"{type_name(value)} has no {unit}", code="argument")
        return None, 0
    return start(days), 0


def _needs(value: Any, unit: str, *parts: str) -> None:
    for part in parts:
        if not hasattr(value, part) and (part == "days" or unit.lower() in _CLOCK_UNITS):
            what = "date" if part == "days" else "time"
            raise EvaluationError(f"{type_name(value)} has no {what} to cut", code="type")


def _days(days: int | None, fields: dict[str, Any]) -> int:
    assert days is not None
    return days_of({**fields, "date": Date(days)})


def _nanos(nanos: int, unit: str, fields: dict[str, Any]) -> int:
    """Return the clock with fields in; below the unit they add to what was kept."""
    below = {"millisecond": ("microsecond", "nanosecond"), "microsecond": ("nanosecond",)}
    extra, room = 0, _CLOCK_UNITS.get(unit.lower(), 0)
    fields = dict(fields)
    for name in below.get(unit.lower(), ()):
        if type(fields.get(name)) is int:
            size = 1_000 if name == "microsecond" else 1
            if not 0 <= fields[name] < room // size:
                raise ValueError(f"{name} must be 0 to {room // size - 1}, is {fields[name]}")
            extra += fields.pop(name) * size
            room = size
    return clock(fields, nanos) + extra


@scalar("date.truncate", "STRING, TEMPORAL, [MAP] -> ANY")
def date_truncate(unit: str, value: Any, fields: dict[str, Any] = _NONE) -> Any:
    """Return the date at the start of the unit, with some components changed.

    Source:
        Cypher function ``date.truncate()``, openCypher TCK Temporal9.
    """
    _needs(value, unit, "days")
    try:
        if unit.lower() in _CLOCK_UNITS:
            raise EvaluationError(f"a date has no {unit}", code="argument")
        known(fields, DATE_FIELDS, "a date")
        return Date(_days(_cut(unit, value)[0], fields))
    except ValueError as error:
        raise fault(error) from None


@scalar("localtime.truncate", "STRING, TEMPORAL, [MAP] -> ANY")
def localtime_truncate(unit: str, value: Any, fields: dict[str, Any] = _NONE) -> Any:
    """Return the time of day at the start of the unit, with some components changed.

    Source:
        Cypher function ``localtime.truncate()``, openCypher TCK Temporal9.
    """
    _needs(value, "hour", "nanos")
    try:
        known(fields, CLOCK_FIELDS, "a local time")
        return LocalTime(_nanos(_cut(unit, value, only_clock=True)[1], unit, fields))
    except ValueError as error:
        raise fault(error) from None


@scalar("time.truncate", "STRING, TEMPORAL, [MAP] -> ANY")
def time_truncate(unit: str, value: Any, fields: dict[str, Any] = _NONE) -> Any:
    """Return the time at the start of the unit, with some components changed.

    Source:
        Cypher function ``time.truncate()``, openCypher TCK Temporal9.
    """
    _needs(value, "hour", "nanos")
    try:
        known(fields, {*CLOCK_FIELDS, "timezone"}, "a time")
        zone = timezone(fields)
        if isinstance(zone, str):
            raise EvaluationError("a time has an offset, no named zone", code="argument")
        offset = getattr(value, "offset", 0) if zone is None else zone
        return Time(_nanos(_cut(unit, value, only_clock=True)[1], unit, fields), offset)
    except ValueError as error:
        raise fault(error) from None


@scalar("localdatetime.truncate", "STRING, TEMPORAL, [MAP] -> ANY")
def localdatetime_truncate(unit: str, value: Any, fields: dict[str, Any] = _NONE) -> Any:
    """Return the local moment at the start of the unit, with some components changed.

    Source:
        Cypher function ``localdatetime.truncate()``, openCypher TCK Temporal9.
    """
    _needs(value, unit, "days", "nanos")
    try:
        known(fields, {*DATE_FIELDS, *CLOCK_FIELDS}, "a local datetime")
        days, nanos = _cut(unit, value)
        return LocalDateTime(_days(days, fields), _nanos(nanos, unit, fields))
    except ValueError as error:
        raise fault(error) from None


@scalar("datetime.truncate", "STRING, TEMPORAL, [MAP] -> ANY")
def datetime_truncate(unit: str, value: Any, fields: dict[str, Any] = _NONE) -> Any:
    """Return the moment at the start of the unit, with some components changed.

    Source:
        Cypher function ``datetime.truncate()``, openCypher TCK Temporal9.
    """
    _needs(value, unit, "days", "nanos")
    try:
        days, nanos = _cut(unit, value)
        known(fields, {*DATE_FIELDS, *CLOCK_FIELDS, "timezone"}, "a datetime")
        zone, prefer = timezone(fields), getattr(value, "offset", None)
        if zone is None:
            zone = value.zone or value.offset if isinstance(value, DateTime) else 0
        return at_zone(_days(days, fields), _nanos(nanos, unit, fields), zone, prefer)
    except ValueError as error:
        raise fault(error) from None
