"""Percentiles and deviations that can take back what they were given, exactly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from sortedcontainers import SortedList

from drasi_nb.errors import EvaluationError
from drasi_nb.values.ordering import group_key, order_key, unsigned_zero

_FINE = 1074  # every finite float is a multiple of 2^-1074


def percentile(kind: str, ordered: Sequence[Any], fraction: float) -> Any:
    """Return the value at a fraction of ordered numbers; None of nothing.

    "percentiledisc" is one of them, "percentilecont" lies between its two neighbours.
    Source: openCypher 9, "Aggregating functions".
    """
    if not ordered:
        return None
    if kind == "percentiledisc":
        return unsigned_zero(ordered[max(math.ceil(fraction * len(ordered)) - 1, 0)])
    place = fraction * (len(ordered) - 1)
    low = math.floor(place)
    if low == place:
        return float(ordered[low]) + 0.0
    return ordered[low] * (low + 1 - place) + ordered[low + 1] * (place - low) + 0.0


def deviation(values: Iterable[Any], *, is_sample: bool) -> float:
    """Return the standard deviation, from exact sums rounded once; 0.0 of too few."""
    exact, count = list[Fraction](), 0
    for value in values:
        count += 1
        if value - value != 0:
            return math.nan
        exact.append(Fraction(value))
    total, squares = sum(exact, Fraction(0)), sum((x * x for x in exact), Fraction(0))
    return _root(count * squares - total * total, count, is_sample=is_sample)


def _root(spread: Fraction | int, count: int, *, is_sample: bool, unit: int = 1) -> float:
    divisor = count * (count - 1 if is_sample else count) * unit
    if not divisor:
        return 0.0
    try:
        return math.sqrt(spread / divisor)
    except OverflowError:
        return math.inf


class Deviation:
    """Sums of numbers and of their squares, as integers of 2^-1074 and 2^-2148."""

    __slots__ = ("count", "odd", "squares", "total")

    def __init__(self) -> None:
        self.count = self.odd = self.total = self.squares = 0

    def add(self, value: Any, weight: int = 1) -> None:
        """Put a number in."""
        self.count += weight
        if value - value != 0:
            self.odd += weight
            return
        numerator, denominator = value.as_integer_ratio()
        fine = numerator << (_FINE + 1 - denominator.bit_length())
        self.total += weight * fine
        self.squares += weight * fine * fine

    def remove(self, value: Any) -> None:
        """Take a number out."""
        self.add(value, -1)

    def result(self, *, is_sample: bool) -> float:
        """Return the standard deviation."""
        if self.odd:
            return math.nan
        spread = self.count * self.squares - self.total * self.total
        return _root(spread, self.count, is_sample=is_sample, unit=1 << (2 * _FINE))


class _Numbers(Sequence[Any]):
    """The numbers of some order keys; NaN, which equals nothing, can be found by its key."""

    def __init__(self, keys: Sequence[Any]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, place: Any) -> Any:
        key = self._keys[place]
        return key[1] if len(key) > 1 else math.nan


class Percentiles:
    """Numbers in order, with the fractions asked for: of one group there may be one."""

    __slots__ = ("fractions", "keys")

    def __init__(self) -> None:
        self.keys: Any = SortedList()
        self.fractions: Counter[float] = Counter()

    def add(self, pair: tuple[Any, float]) -> None:
        """Put a number in. Cost: O(log n)."""
        self.keys.add(order_key(pair[0]))
        self.fractions[pair[1]] += 1

    def remove(self, pair: tuple[Any, float]) -> None:
        """Take a number out."""
        self.keys.remove(order_key(pair[0]))
        self.fractions[pair[1]] -= 1
        if not self.fractions[pair[1]]:
            del self.fractions[pair[1]]

    def result(self, kind: str, *, distinct: bool) -> Any:
        """Return the percentile.

        Raises:
            EvaluationError: The rows of the group ask for several.
        """
        values = _Numbers(self.keys)
        ordered = one_of_equals(values) if distinct else values
        return percentile(kind, ordered, the_fraction(self.fractions))


def the_fraction(fractions: Iterable[float]) -> float:
    """Return the one fraction asked for; 0.0 where nobody asks.

    Raises:
        EvaluationError: There are several.
    """
    several = sorted(set(fractions))
    if len(several) > 1:
        raise EvaluationError(
            f"the rows of one group ask for the percentiles {several[0]} and {several[-1]}",
            code="argument",
        )
    return several[0] if several else 0.0


def one_of_equals(ordered: Iterable[Any]) -> list[Any]:
    """Return one of each class of equal numbers; the integer of 1 and 1.0, which is first."""
    chosen: dict[Any, Any] = {}
    for value in ordered:
        chosen.setdefault(group_key(value), value)
    return list(chosen.values())


class DistinctDeviation:
    """Classes of equal numbers with their members."""

    __slots__ = ("members",)

    def __init__(self) -> None:
        self.members: Counter[Any] = Counter()

    def add(self, value: Any) -> None:
        """Put a number in."""
        self.members[_number(value)] += 1

    def remove(self, value: Any) -> None:
        """Take a number out."""
        value = _number(value)
        self.members[value] -= 1
        if not self.members[value]:
            del self.members[value]

    def result(self, *, is_sample: bool) -> float:
        """Return the standard deviation of one number of each class. Cost: O(classes)."""
        return deviation(self.members, is_sample=is_sample)


def _number(value: Any) -> Any:
    return math.nan if value != value else value  # one NaN, whose identity makes it one key
