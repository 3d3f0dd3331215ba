"""Functions that wait: conditions that become true, or end, when the clock gets there.

Source: Drasi, "Future functions"; timers fire when they are due, never earlier.
"""

from __future__ import annotations

from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import scalar
from drasi_nb.functions.timed import Answer, Moment, after_ms, instant_ms, timed
from drasi_nb.values import logic
from drasi_nb.values.awaiting import AWAITING
from drasi_nb.values.temporal.text import zone_of
from drasi_nb.values.temporal.types import (
    Date,
    LocalDateTime,
    LocalTime,
    Time,
    at_moment,
)

_DUE = "TEMPORAL | INTEGER"
_CONDITION = f"BOOLEAN, {_DUE} -> BOOLEAN"


@scalar("drasi.awaiting", "-> ANY")
def awaiting() -> Any:
    """Return the value of what is not decided yet; as a condition it is unknown.

    Source:
        Drasi function ``drasi.awaiting()``.
    """
    return AWAITING


@timed("drasi.trueLater", _CONDITION)
def true_later(moment: Moment, _kept: Any, condition: Any, due: Any) -> Answer:
    """Return the condition as it is from a moment on; awaited before."""
    if condition is None or due is None:
        return None, None, None
    due_ms = instant_ms(due, "drasi.trueLater")
    return (condition, None, None) if due_ms <= moment.now_ms else (AWAITING, None, due_ms)


@timed("drasi.trueNowOrLater", _CONDITION)
def true_now_or_later(moment: Moment, _kept: Any, condition: Any, due: Any) -> Answer:
    """Return true at once where the condition holds, else what it is at a later moment."""
    if condition is None or due is None:
        return None, None, None
    due_ms = instant_ms(due, "drasi.trueNowOrLater")
    if condition or due_ms <= moment.now_ms:
        return condition, None, None
    return AWAITING, None, due_ms


@timed("drasi.trueUntil", _CONDITION)
def true_until(moment: Moment, _kept: Any, condition: Any, due: Any) -> Answer:
    """Return true once the condition has stayed true until a moment; false when it is not."""
    if condition is None or due is None:
        return None, None, None
    if not condition:
        return False, None, None
    due_ms = instant_ms(due, "drasi.trueUntil")
    return (True, None, None) if due_ms <= moment.now_ms else (AWAITING, None, due_ms)


@timed("drasi.trueFor", "BOOLEAN, TEMPORAL | INTEGER -> BOOLEAN")
def true_for(moment: Moment, kept: Any, condition: Any, period: Any) -> Answer:
    """Return true once the condition has been true for a period without a break."""
    if condition is None or period is None:
        return None, None, None
    if not condition:
        return False, None, None
    start_ms = moment.changed_ms if kept is None else kept
    due_ms = after_ms(start_ms, period, "drasi.trueFor")
    if due_ms <= moment.now_ms:
        return True, start_ms, None
    return AWAITING, start_ms, due_ms


@timed("drasi.future", f"NODE | RELATIONSHIP, {_DUE} -> ANY")
def future(moment: Moment, _kept: Any, element: Any, due: Any) -> Answer:
    """Return an element from a moment on; awaited before."""
    if element is None or due is None:
        return None, None, None
    due_ms = instant_ms(due, "drasi.future")
    return (element, None, None) if due_ms <= moment.now_ms else (AWAITING, None, due_ms)


@timed("#window", "TEMPORAL | INTEGER -> BOOLEAN")
def in_window(moment: Moment, _kept: Any, window: Any) -> Answer:
    """Return whether the row's last change lies within a window that ends now."""
    if window is None:
        return None, None, None
    due_ms = after_ms(moment.changed_ms, window, "drasi.slidingWindow")
    return (False, None, None) if due_ms <= moment.now_ms else (True, None, due_ms)


# -- clocks -----------------------------------------------------------------------------


def _shown(kind: str, time_ms: int, timezone: str | None = None) -> Any:
    place: str | int = 0
    if timezone is not None:
        try:
            place = zone_of(timezone)
        except ValueError as error:
            raise EvaluationError(f"{kind}: {error}", code="invalid-temporal") from None
    seconds, ms = divmod(time_ms, 1_000)
    moment = at_moment(seconds, ms * 1_000_000, place)
    match kind:
        case "date":
            return Date(moment.days)
        case "localtime":
            return LocalTime(moment.nanos)
        case "time":
            return Time(moment.nanos, moment.offset)
        case "localdatetime":
            return LocalDateTime(moment.days, moment.nanos)
        case _:
            return moment


def _clock(kind: str, how: str) -> None:
    def read(moment: Moment, kept: Any, *timezone: str | None) -> Answer:
        if kept is None or moment.is_change:
            time_ms = moment.changed_ms if how == "transaction" else moment.now_ms
            kept = (None if None in timezone else _shown(kind, time_ms, *timezone),)
        return kept[0], kept, None

    when = "of the row's last change" if how == "transaction" else "when the row last changed"
    read.__doc__ = f"Return the time {when}, as a {kind}, in a zone or in UTC."
    timed(f"{kind}.{how}", "[STRING] -> TEMPORAL")(read)


def _comparison(kind: str, op: str) -> None:
    rule = {"<": logic.lt, "<=": logic.le, ">": logic.gt, ">=": logic.ge}[op]

    def compare(moment: Moment, _kept: Any, other: Any) -> Answer:
        value = rule(_shown(kind, moment.now_ms), other)
        if value is None:
            return None, None, None
        turn = instant_ms(other, kind)  # may change there, or just behind it
        turns = (turn, turn + (86_400_000 if kind == "date" else 1))
        return value, None, min((t for t in turns if t > moment.now_ms), default=None)

    compare.__doc__ = f"Return clock {op} another moment, and again when the clock passes it."
    timed(f"#{kind} {op}", "ANY -> BOOLEAN")(compare)


CLOCK_COMPARED = frozenset({"date", "localdatetime", "datetime"})
"""Clocks that, compared with a moment, are read again when they pass it."""

for _kind in ("date", "time", "localtime", "datetime", "localdatetime"):
    for _how in ("transaction", "statement", "realtime"):
        _clock(_kind, _how)
for _kind in sorted(CLOCK_COMPARED):
    for _op in ("<", "<=", ">", ">="):
        _comparison(_kind, _op)


@timed("timestamp", "-> INTEGER")
def timestamp(moment: Moment, kept: Any) -> Answer:
    """Return the ms since 1970 when the row last changed."""
    kept = moment.now_ms if kept is None or moment.is_change else kept
    return kept, kept, None
