"""Functions whose value depends on the clock or on a row's own past.

A body is given the moment, what it last kept for the row, and its arguments. It returns its
value, what to keep, and when to be asked again if nothing changes before. The engine asks
when the row comes, when it changes and when the clock reaches that time (``engine/timed.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import kinds_of, parse_signature, wrong_type
from drasi_nb.values.awaiting import AWAITING
from drasi_nb.values.graph import Node, Relation
from drasi_nb.values.temporal.math import shift
from drasi_nb.values.temporal.types import (
    DAY,
    SECOND,
    Date,
    DateTime,
    Duration,
    LocalDateTime,
    at_moment,
)

Answer = tuple[Any, Any, int | None]  # value, what to keep, when to ask again in ms
Version = tuple[int, Node | Relation]  # (since when in ms, the element then)
DAY_MS, _MS = 86_400_000, 1_000_000


@dataclass(slots=True)
class Moment:
    """When a body is asked.

    Attributes:
        now_ms: The clock.
        changed_ms: When the row last changed.
        is_change: Whether the row came or changed just now; else the clock alone moved.
        versions: The kept versions of an element, oldest first.
        chance: Makes what random values are drawn from; the same for the same row and moment.
    """

    now_ms: int
    changed_ms: int
    is_change: bool
    versions: Callable[[Any], list[Version]]
    chance: Callable[[], Random] = Random


@dataclass(frozen=True, slots=True)
class TimedFunction:
    """A function of time; see ``functions.registry.Function`` for the attributes."""

    name: str
    signature: str
    parameters: tuple[str, ...]
    optional: int
    result: str
    call: Callable[..., Answer]
    doc: str
    variadic: bool = False


TIMED: dict[str, TimedFunction] = {}
"""Functions of time by lower-case name; names that begin with # are the binder's own."""


def timed(
    name: str, signature: str
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Return a decorator that registers a body; its arguments have the types of the signature.

    A null argument reaches the body; what is still awaited counts as null.
    """
    parameters, optional, _, result = parse_signature(signature)
    kinds = [kinds_of(parameter) for parameter in parameters]

    right = set[tuple[type, ...]]()  # types of arguments that were checked

    def checked(args: tuple[Any, ...]) -> tuple[Any, ...]:
        args = tuple(None if arg is AWAITING else arg for arg in args)
        for place, value in enumerate(args):
            kind = kinds[place]
            if value is not None and kind is not None and type(value) not in kind:
                raise wrong_type(name, place + 1, parameters[place], value)
        right.add(tuple(map(type, args)))
        return args

    def register(body: Callable[..., Answer]) -> Callable[..., Answer]:
        def call(moment: Moment, kept: Any, *args: Any) -> Answer:
            if tuple(map(type, args)) not in right:
                args = checked(args)
            return body(moment, kept, *args)

        def call_with_two(moment: Moment, kept: Any, a: Any, b: Any) -> Answer:
            if (type(a), type(b)) not in right:
                a, b = checked((a, b))
            return body(moment, kept, a, b)

        doc = (body.__doc__ or "").strip()
        is_of_two = len(parameters) == 2 and not optional  # most are, and this is quicker
        TIMED[name.lower()] = TimedFunction(
            name,
            signature,
            parameters,
            optional,
            result,
            call_with_two if is_of_two else call,
            doc,
        )
        return body

    return register


def instant_ms(value: Any, name: str) -> int:
    """Return a due time in ms since the epoch; a day begins at midnight UTC.

    Raises:
        EvaluationError: The value is no moment, or negative.
    """
    match value:
        case Date(days=days):
            return days * DAY_MS
        case LocalDateTime(days=days, nanos=nanos):
            return -(-(days * DAY + nanos) // _MS)
        case DateTime():
            return -(-(value.epoch_second * SECOND + value.nanos % SECOND) // _MS)
        case int() if value >= 0:
            return value
        case _:
            raise EvaluationError(
                f"{name}() needs a date, a datetime or milliseconds since 1970, got {value!r}",
                code="argument",
            )


def after_ms(start_ms: int, period: Duration | int, name: str) -> int:
    """Return the time a period after another; months and days as the calendar in UTC has them.

    Raises:
        EvaluationError: The period is negative, or its end beyond the years that exist.
    """
    if isinstance(period, Duration):
        seconds, ms = divmod(start_ms, 1_000)
        try:
            end = shift(at_moment(seconds, ms * _MS, 0), period, 1)
        except ValueError as error:
            raise EvaluationError(f"{name}(): {error}", code="argument") from None
        end_ms = instant_ms(end, name)
    else:
        end_ms = start_ms + period
    if end_ms < start_ms:
        raise EvaluationError(
            f"{name}() needs a period of 0 or more, got {period}", code="argument"
        )
    return end_ms
