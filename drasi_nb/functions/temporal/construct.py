"""Constructors of temporal values. Source: openCypher 9, "Temporal functions"."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import scalar
from drasi_nb.values.logic import type_name
from drasi_nb.values.temporal.components import component
from drasi_nb.values.temporal.text import (
    date_of,
    duration_of,
    nanos_of,
    temporal,
    zone_of,
)
from drasi_nb.values.temporal.types import (
    DAY,
    HOUR,
    MINUTE,
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

DATE_FIELDS = {
    "year", "month", "day", "week", "dayOfWeek", "quarter", "dayOfQuarter", "ordinalDay",
}  # fmt: skip
CLOCK_FIELDS = {"hour", "minute", "second", "millisecond", "microsecond", "nanosecond"}
_LOCAL_FIELDS = {*DATE_FIELDS, *CLOCK_FIELDS, "date", "time", "datetime"}
_DURATION_FIELDS = {
    "years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds",
    "milliseconds", "microseconds", "nanoseconds",
}  # fmt: skip


def fault(error: ValueError) -> EvaluationError:
    """Return the error of an expression for one of a value."""
    return EvaluationError(str(error), code="invalid-temporal")


def known(fields: dict[str, Any], allowed: set[str], what: str) -> None:
    """Check the names of components.

    Raises:
        EvaluationError: One is not among those allowed.
    """
    for name in fields:
        if name not in allowed:
            raise EvaluationError(f"{what} has no component {name!r}", code="invalid-temporal")


def _take(fields: dict[str, Any], allowed: set[str], what: str) -> dict[str, Any]:
    known(fields, allowed, what)
    return {name: value for name, value in fields.items() if value is not None}


def _whole(fields: dict[str, Any], name: str) -> int:
    value = fields[name]
    if type(value) is not int:
        raise EvaluationError(
            f"{name} must be an INTEGER, is {type_name(value)}", code="invalid-temporal"
        )
    return value


_WAYS = (
    {"month", "day"}, {"week", "dayOfWeek"}, {"quarter", "dayOfQuarter"}, {"ordinalDay"},
)  # fmt: skip
_PART_OF = {"day": "month", "dayOfWeek": "week", "dayOfQuarter": "quarter"}


def _one_way(given: dict[str, int]) -> None:
    """Check that the day of a date is named by parts that belong together."""
    used = [way for way in _WAYS if way & given.keys()]
    if len(used) > 1:
        first, second = (sorted(way & given.keys())[0] for way in used[:2])
        raise EvaluationError(
            f"a date has {first} or {second}, not both", code="invalid-temporal"
        )


def days_of(fields: dict[str, Any]) -> int:
    """Return the day number of date fields over the base's, where a base is given.

    Raises:
        EvaluationError: A component is missing or of a wrong type.
        ValueError: There is no such day.
    """
    base = fields.get("date", fields.get("datetime"))
    if base is not None and (not hasattr(base, "days") or type(base) is Duration):
        raise EvaluationError(f"{type_name(base)} has no date", code="invalid-temporal")
    given = {name: _whole(fields, name) for name in DATE_FIELDS & fields.keys()}
    _one_way(given)
    old: dict[str, int] = {}
    if base is None:
        if "year" not in given:
            raise EvaluationError("a date needs its year", code="invalid-temporal")
        for part, whole in _PART_OF.items():
            if part in given and whole not in given:
                raise EvaluationError(f"{part} needs {whole}", code="invalid-temporal")
    elif not given:
        return int(base.days)
    else:
        old = {name: component(base, name) for name in DATE_FIELDS}
        if "week" in given or "dayOfWeek" in given:
            old["year"] = component(base, "weekYear")

    def of(name: str) -> int:
        return given.get(name, old.get(name, 1))

    year = of("year")
    if "week" in given or "dayOfWeek" in given:
        return date_of(year, week=of("week"), weekday=of("dayOfWeek"))
    if "ordinalDay" in given:
        return date_of(year, ordinal=given["ordinalDay"])
    if "dayOfQuarter" in given or ("quarter" in given and base is None):
        return date_of(year, quarter=of("quarter"), quarter_day=given.get("dayOfQuarter", 1))
    if "quarter" in given and "month" not in given:
        return date_of(year, month=_month_of(given["quarter"], old["month"]), day=of("day"))
    return date_of(year, month=of("month"), day=of("day"))


def _month_of(quarter: int, month: int) -> int:
    """Return the month that has in a quarter the place another has in its own."""
    return (quarter - 1) * 3 + (month - 1) % 3 + 1


def clock(fields: dict[str, Any], base: int | None) -> int:
    """Return the nanoseconds of clock fields over a base's, where there is one.

    Raises:
        EvaluationError: A component is of a wrong type.
        ValueError: There is no such time.
    """
    given = {name: _whole(fields, name) for name in CLOCK_FIELDS & fields.keys()}
    time = LocalTime(base or 0)
    rest = time.nanos % SECOND
    if {"millisecond", "microsecond", "nanosecond"} & given.keys():
        rest = _subsecond(given)
    hour = given.get("hour", time.nanos // HOUR)
    minute = given.get("minute", time.nanos // MINUTE % 60)
    return nanos_of(hour, minute, given.get("second", time.nanos // SECOND % 60), rest)


def _subsecond(given: dict[str, int]) -> int:
    """Return nanoseconds; each part is below the next larger one that is given."""
    total, room = 0, SECOND
    for name, size in (("millisecond", 1_000_000), ("microsecond", 1_000), ("nanosecond", 1)):
        if name in given:
            if not 0 <= given[name] < room // size:
                raise ValueError(f"{name} must be 0 to {room // size - 1}, is {given[name]}")
            total += given[name] * size
            room = size
    return total


def _clock_base(fields: dict[str, Any]) -> Any:
    base = fields.get("time", fields.get("datetime"))
    if base is not None and (not hasattr(base, "nanos") or type(base) is Duration):
        if "time" not in fields:
            return None
        raise EvaluationError(f"{type_name(base)} has no time", code="invalid-temporal")
    return base


def timezone(fields: dict[str, Any]) -> str | int | None:
    """Return the zone that fields name, or an offset in seconds, or None.

    Raises:
        EvaluationError: It is no text.
        ValueError: There is no such zone.
    """
    name = fields.get("timezone")
    if name is None:
        return None
    if type(name) is not str:
        raise EvaluationError("timezone must be a STRING", code="invalid-temporal")
    return zone_of(name)


@scalar("date", "STRING | MAP | TEMPORAL -> ANY")
def make_date(value: Any) -> Any:
    """Return a date from text, components or another value that has one.

    Source:
        Cypher function ``date()``, openCypher TCK Temporal1.
    """
    try:
        if type(value) is str:
            return temporal("date", value)
        fields = value if type(value) is dict else {"date": value}
        return Date(days_of(_take(fields, {*DATE_FIELDS, "date", "datetime"}, "a date")))
    except ValueError as error:
        raise fault(error) from None


@scalar("localtime", "STRING | MAP | TEMPORAL -> ANY")
def make_localtime(value: Any) -> Any:
    """Return a time of day from text, components or another value that has one.

    Source:
        Cypher function ``localtime()``, openCypher TCK Temporal1.
    """
    try:
        if type(value) is str:
            return temporal("localtime", value)
        fields = value if type(value) is dict else {"time": value}
        fields = _take(fields, {*CLOCK_FIELDS, "time", "datetime"}, "a local time")
        return LocalTime(clock(fields, getattr(_clock_base(fields), "nanos", None)))
    except ValueError as error:
        raise fault(error) from None


@scalar("time", "STRING | MAP | TEMPORAL -> ANY")
def make_time(value: Any) -> Any:
    """Return a time with offset from text, components or another value that has a time.

    Source:
        Cypher function ``time()``, openCypher TCK Temporal1.
    """
    try:
        if type(value) is str:
            return temporal("time", value)
        fields = value if type(value) is dict else {"time": value}
        fields = _take(fields, {*CLOCK_FIELDS, "time", "datetime", "timezone"}, "a time")
        base, wanted = _clock_base(fields), timezone(fields)
        if isinstance(wanted, str):
            raise EvaluationError(
                "a time has an offset, no named zone", code="invalid-temporal"
            )
        own = getattr(base, "offset", None)
        nanos = clock(fields, getattr(base, "nanos", None))
        if wanted is not None and own is not None:
            nanos = (nanos + (wanted - own) * SECOND) % DAY
        return Time(nanos, wanted if wanted is not None else own or 0)
    except ValueError as error:
        raise fault(error) from None


@scalar("localdatetime", "STRING | MAP | TEMPORAL -> ANY")
def make_localdatetime(value: Any) -> Any:
    """Return a local date and time from text, components or other values.

    Source:
        Cypher function ``localdatetime()``, openCypher TCK Temporal1.
    """
    try:
        if type(value) is str:
            return temporal("localdatetime", value)
        fields = value if type(value) is dict else {"datetime": value}
        fields = _take(fields, _LOCAL_FIELDS, "a local datetime")
        base = _clock_base(fields)
        return LocalDateTime(days_of(fields), clock(fields, getattr(base, "nanos", None)))
    except ValueError as error:
        raise fault(error) from None


@scalar("datetime", "STRING | MAP | TEMPORAL -> ANY")
def make_datetime(value: Any) -> Any:
    """Return a moment from text, components or other values; without a zone in UTC.

    Source:
        Cypher function ``datetime()``, openCypher TCK Temporal1.
    """
    try:
        if type(value) is str:
            return temporal("datetime", value)
        fields = value if type(value) is dict else {"datetime": value}
        if "epochSeconds" in fields or "epochMillis" in fields:
            return _from_epoch(fields)
        fields = _take(fields, {*_LOCAL_FIELDS, "timezone"}, "a datetime")
        base, wanted = _clock_base(fields), timezone(fields)
        if not isinstance(base, DateTime | Time):
            nanos = clock(fields, getattr(base, "nanos", None))
            return at_zone(days_of(fields), nanos, 0 if wanted is None else wanted)
        own = base.zone if isinstance(base, DateTime) and base.zone else base.offset
        moment = at_zone(days_of(fields), clock(fields, base.nanos), own, base.offset)
        if wanted is None:
            return moment
        return at_moment(moment.epoch_second, moment.nanos % SECOND, wanted)
    except ValueError as error:
        raise fault(error) from None


def _from_epoch(fields: dict[str, Any]) -> DateTime | None:
    allowed = {"epochSeconds", "epochMillis", "nanosecond", "timezone"}
    fields = _take(fields, allowed, "a datetime")
    total = _whole(fields, "nanosecond") if "nanosecond" in fields else 0
    if "epochSeconds" in fields:
        total += _whole(fields, "epochSeconds") * SECOND
    elif "epochMillis" in fields:
        total += _whole(fields, "epochMillis") * 1_000_000
    else:
        return None  # of no time at all
    return at_moment(total // SECOND, total % SECOND, timezone(fields) or 0)


def _moment(nanoseconds: int) -> DateTime:
    try:
        return at_moment(nanoseconds // SECOND, nanoseconds % SECOND, 0)
    except ValueError as error:
        raise fault(error) from None


@scalar("datetime.fromepoch", "INTEGER, INTEGER -> ANY")
def from_epoch(seconds: int, nanoseconds: int) -> Any:
    """Return the moment so many seconds and nanoseconds after 1970-01-01T00:00Z.

    Source:
        Cypher function ``datetime.fromepoch()``, openCypher TCK Temporal1.
    """
    return _moment(seconds * SECOND + nanoseconds)


@scalar("datetime.fromepochmillis", "INTEGER -> ANY")
def from_epoch_millis(milliseconds: int) -> Any:
    """Return the moment so many milliseconds after 1970-01-01T00:00Z.

    Source:
        Cypher function ``datetime.fromepochmillis()``, openCypher TCK Temporal1.
    """
    return _moment(milliseconds * 1_000_000)


@scalar("duration", "STRING | MAP | TEMPORAL -> ANY")
def make_duration(value: Any) -> Any:
    """Return a duration from text or from components, which may have fractions.

    Source:
        Cypher function ``duration()``, openCypher TCK Temporal2.
    """
    try:
        if type(value) is str:
            return temporal("duration", value)
        if type(value) is Duration:
            return value
        if type(value) is not dict:
            raise EvaluationError(f"{type_name(value)} is no duration", code="type")
        given = _take(value, _DURATION_FIELDS, "a duration")
        if not given:
            raise EvaluationError("a duration needs a component", code="invalid-temporal")
    except ValueError as error:
        raise fault(error) from None
    parts = dict.fromkeys(_DURATION_FIELDS, Fraction(0))
    for name, amount in given.items():
        if type(amount) not in (int, float) or amount - amount != 0:
            raise EvaluationError(f"{name} must be a NUMBER", code="invalid-temporal")
        parts[name] = Fraction(repr(amount))
    try:
        return duration_of(
            parts["years"] * 12 + parts["quarters"] * 3 + parts["months"],
            parts["weeks"] * 7 + parts["days"],
            parts["hours"] * 3_600 + parts["minutes"] * 60 + parts["seconds"],
            parts["milliseconds"] * 1_000_000
            + parts["microseconds"] * 1_000
            + parts["nanoseconds"],
        )
    except ValueError as error:
        raise fault(error) from None
