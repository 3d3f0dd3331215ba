"""The temporal types: dates, times and moments with nanoseconds, and durations.

Values are immutable and hashable. ``str(value)`` is the text Cypher writes. Equality is of
every component; order is along the time line. Source: openCypher 9, "Temporal values".
"""

from __future__ import annotations

from functools import total_ordering
from typing import Any, ClassVar

from drasi_nb.values.temporal import calendar, zones

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
MONTH_SECONDS = 2_629_746  # of the mean Gregorian month


def fraction_text(nanos: int) -> str:
    """Return ``.5`` for half a second, nothing for none."""
    return f".{nanos:09}".rstrip("0") if nanos else ""


def clock_text(nanos: int) -> str:
    """Return ``12:31:14.5`` of the nanoseconds of a day, seconds only where there are some."""
    second, rest = divmod(nanos, SECOND)
    text = f"{second // 3600:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}{fraction_text(rest)}" if second % 60 or rest else text


def date_text(days: int) -> str:
    """Return ``1984-10-11``; years beyond four digits have a sign."""
    year, month, day = calendar.civil(days)
    head = f"+{year}" if year > 9_999 else f"{year:04}" if year >= 0 else f"-{-year:04}"
    return f"{head}-{month:02}-{day:02}"


_set = object.__setattr__  # values cannot be changed; only __init__ writes
_FIRST_DAY = calendar.day_number(calendar.YEAR_MIN, 1, 1)
_LAST_DAY = calendar.day_number(calendar.YEAR_MAX, 12, 31)


def _within_years(days: int) -> int:
    if _FIRST_DAY <= days <= _LAST_DAY:
        return days
    raise ValueError(f"the year is not within {calendar.YEAR_MIN} to {calendar.YEAR_MAX}")


@total_ordering
class Temporal:
    """Base of all but durations; ``key`` orders values of one type."""

    __slots__ = ("key",)
    kind: ClassVar[str]
    key: tuple[Any, ...]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a {self.kind} cannot be changed")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in type(self).__slots__)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.key == other.key

    def __lt__(self, other: Any) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self.key < other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class Date(Temporal):
    """A day; ``days`` since 1970-01-01."""

    __slots__ = ("days",)
    kind = "date"
    days: int

    def __init__(self, days: int) -> None:
        _set(self, "days", _within_years(days))
        _set(self, "key", (days,))

    def __str__(self) -> str:
        return date_text(self.days)


class LocalTime(Temporal):
    """A time of day; ``nanos`` since midnight."""

    __slots__ = ("nanos",)
    kind = "localtime"
    nanos: int

    def __init__(self, nanos: int) -> None:
        _set(self, "nanos", nanos)
        _set(self, "key", (nanos,))

    def __str__(self) -> str:
        return clock_text(self.nanos)


class Time(Temporal):
    """A time of day with an ``offset`` in seconds."""

    __slots__ = ("nanos", "offset")
    kind = "time"
    nanos: int
    offset: int

    def __init__(self, nanos: int, offset: int) -> None:
        _set(self, "nanos", nanos)
        _set(self, "offset", offset)
        _set(self, "key", (nanos - offset * SECOND, offset))

    def __str__(self) -> str:
        return clock_text(self.nanos) + zones.offset_text(self.offset)


class LocalDateTime(Temporal):
    """A day and a time of day."""

    __slots__ = ("days", "nanos")
    kind = "localdatetime"
    days: int
    nanos: int

    def __init__(self, days: int, nanos: int) -> None:
        _set(self, "days", _within_years(days))
        _set(self, "nanos", nanos)
        _set(self, "key", (days, nanos))

    def __str__(self) -> str:
        return f"{date_text(self.days)}T{clock_text(self.nanos)}"


class DateTime(Temporal):
    """A moment: local day and time, offset in seconds and, where it has one, a named zone."""

    __slots__ = ("days", "nanos", "offset", "zone")
    kind = "datetime"
    days: int
    nanos: int
    offset: int
    zone: str | None

    def __init__(self, days: int, nanos: int, offset: int, zone: str | None = None) -> None:
        _set(self, "days", _within_years(days))
        _set(self, "nanos", nanos)
        _set(self, "offset", offset)
        _set(self, "zone", zone)
        _set(self, "key", (self.epoch_second, nanos % SECOND, offset, zone or ""))

    @property
    def epoch_second(self) -> int:
        """Return the whole seconds since 1970-01-01T00:00Z."""
        return self.days * 86_400 + self.nanos // SECOND - self.offset

    @property
    def timezone(self) -> str:
        """Return the zone's name, or the offset as text."""
        return self.zone or zones.offset_text(self.offset)

    def __str__(self) -> str:
        name = f"[{self.zone}]" if self.zone else ""
        local = f"{date_text(self.days)}T{clock_text(self.nanos)}"
        return local + zones.offset_text(self.offset) + name


class Duration:
    """Months, days and nanoseconds, which do not convert into each other.

    Raises:
        ValueError: The months, the days or the seconds do not fit 64 bits.
    """

    __slots__ = ("days", "months", "nanos")
    kind = "duration"
    days: int
    months: int
    nanos: int

    def __init__(self, months: int, days: int, nanos: int) -> None:
        if max(abs(months), abs(days), abs(nanos) // SECOND) >= 2**63:
            raise ValueError("the duration does not fit 64 bits")
        _set(self, "months", months)
        _set(self, "days", days)
        _set(self, "nanos", nanos)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a duration cannot be changed")

    def __reduce__(self) -> tuple[Any, ...]:
        return Duration, (self.months, self.days, self.nanos)

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Return what durations are sorted by: their mean length, then their components."""
        days = self.months * MONTH_SECONDS + self.days * 86_400
        return (days * SECOND + self.nanos, self.months, self.days, self.nanos)

    def __eq__(self, other: object) -> bool:
        return type(other) is Duration and self.order == other.order

    def __hash__(self) -> int:
        return hash(self.order)

    def __repr__(self) -> str:
        return f"Duration({str(self)!r})"

    def __str__(self) -> str:
        years, months = _towards_zero(self.months, 12)
        text = "".join(
            f"{amount}{unit}"
            for amount, unit in ((years, "Y"), (months, "M"), (self.days, "D"))
            if amount
        )
        hours, rest = _towards_zero(self.nanos, HOUR)
        minutes, rest = _towards_zero(rest, MINUTE)
        seconds, nanos = _towards_zero(rest, SECOND)
        clock = "".join(
            f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M")) if amount
        )
        if seconds or nanos:
            sign = "-" if rest < 0 else ""
            clock += f"{sign}{abs(seconds)}{fraction_text(abs(nanos))}S"
        if clock:
            text += f"T{clock}"
        return f"P{text}" if text else "PT0S"


def _towards_zero(amount: int, unit: int) -> tuple[int, int]:
    quotient, rest = divmod(abs(amount), unit)
    return (-quotient, -rest) if amount < 0 else (quotient, rest)


def at_zone(days: int, nanos: int, timezone: str | int, prefer: int | None = None) -> DateTime:
    """Return a local time in a zone (its name) or at an offset (seconds).

    A time that the clocks skip moves on by the gap. One that comes twice is the earlier,
    unless the later has the preferred offset: that of the value it was made of.
    """
    if isinstance(timezone, int):
        return DateTime(days, nanos, timezone)
    offset = zones.offset_at_local(timezone, days, nanos // SECOND, prefer)
    moment = days * 86_400 + nanos // SECOND - offset
    return at_moment(moment, nanos % SECOND, timezone)


def at_moment(epoch_second: int, nano: int, timezone: str | int) -> DateTime:
    """Return a moment as a zone (its name) or an offset (seconds) shows it."""
    name = None if isinstance(timezone, int) else timezone
    offset = timezone if isinstance(timezone, int) else zones.offset_at(timezone, epoch_second)
    days, second = divmod(epoch_second + offset, 86_400)
    return DateTime(days, second * SECOND + nano, offset, name)


TEMPORAL: frozenset[type] = frozenset({Date, LocalTime, Time, LocalDateTime, DateTime})
TYPE_NAMES: dict[type, str] = {
    Date: "DATE",
    LocalTime: "LOCAL TIME",
    Time: "ZONED TIME",
    LocalDateTime: "LOCAL DATETIME",
    DateTime: "ZONED DATETIME",
    Duration: "DURATION",
}
