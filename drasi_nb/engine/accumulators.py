"""Aggregates that can take back what they were given, exactly.

Each kind writes the source of its steps over a list ``s`` that holds its slots from a
position on. Incremental and recomputed results are equal bit for bit: integers are integers,
float sums are kept as integers of 2^-60, and what does not fit those in units of 2^-1074.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import Any

from drasi_nb.engine.statistics import Deviation, DistinctDeviation, Percentiles
from drasi_nb.errors import EvaluationError
from drasi_nb.values.arithmetic import INT_MAX, INT_MIN
from drasi_nb.values.ordering import descending_key, group_key, order_key, unsigned_zero

SCALE = 2.0**60
_UNIT = 1 << 60
_FINE = 1074
_NUMBERS = frozenset({int, float})
_NOTHING: array[Any] = array("q")


class FineSum:
    """Floats that are no multiple of 2^-60 or overflow when scaled, and NaN and infinities."""

    __slots__ = ("down", "nan", "total", "up")

    def __init__(self) -> None:
        self.total = self.nan = self.up = self.down = 0

    def add(self, value: float, weight: int) -> None:
        """Add ``value`` ``weight`` times."""
        if value != value:
            self.nan += weight
        elif value in (math.inf, -math.inf):
            if value > 0:
                self.up += weight
            else:
                self.down += weight
        else:
            numerator, denominator = value.as_integer_ratio()
            self.total += weight * (numerator << (_FINE + 1 - denominator.bit_length()))


def add_float(state: list[Any], at: int, value: float, weight: int) -> None:
    """Add to the sum whose slots start at ``at``: integer total, scaled floats, counts, rest."""
    scaled = value * SCALE
    if scaled.is_integer():
        state[at + 1] += weight * int(scaled)
    else:
        if state[at + 4] is None:
            state[at + 4] = FineSum()
        state[at + 4].add(value, weight)
    state[at + 3] += weight


def _ratio(state: list[Any], at: int, divisor: int) -> float:
    total, unit, rest = state[at + 1], _UNIT, state[at + 4]
    if state[at]:
        total += state[at] * _UNIT
    if rest is not None:
        if rest.nan or (rest.up and rest.down):
            return math.nan
        if rest.up or rest.down:
            return math.inf if rest.up else -math.inf
        total, unit = (total << (_FINE - 60)) + rest.total, 1 << _FINE
    try:
        quotient: float = total / (unit * divisor)  # of two integers: rounded once
        return quotient
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def sum_result(state: list[Any], at: int) -> int | float:
    """Return the sum: an integer where no float was added.

    Raises:
        EvaluationError: An integer sum does not fit 64 bits.
    """
    if state[at + 3]:
        return _ratio(state, at, 1)
    total: int = state[at]
    if INT_MIN <= total <= INT_MAX:
        return total
    raise EvaluationError("sum() does not fit an INTEGER of 64 bits", code="integer-overflow")


def mean_result(state: list[Any], at: int) -> float | None:
    """Return the mean, or None of nothing."""
    members = state[at + 2] + state[at + 3]
    return _ratio(state, at, members) if members else None


# most often only multiples of 2^-60 were added: their mean is no larger than a float
_MEAN = (
    "s[{at} + 1] / (UNIT * m)"
    " if (m := s[{at} + 2] + s[{at} + 3]) and not s[{at}] and s[{at} + 4] is None"
    " else mean_result(s, {at})"
)


class Extremes:
    """A multiset of which the first value is known. Cost: O(log n) per step.

    A value that left stays in the heap until it comes to its top, or until such values are the
    greater part. Numbers that came sorted stay arrays, with the members of each beside it.

    Args:
        is_highest: Whether the highest value is the first, else the lowest.
    """

    __slots__ = (
        "_at",
        "_heap",
        "_is_highest",
        "_key",
        "_kind",
        "_many",
        "_whole",
        "counts",
        "sorted",
    )

    def __init__(self, is_highest: bool) -> None:
        self._is_highest = is_highest
        self._key = descending_key if is_highest else order_key
        self.counts: dict[Any, int] = {}  # key -> members
        self._heap: list[Any] = []
        self._whole: dict[Any, Any] = {}  # values that their keys do not hold
        self.sorted: array[Any] = _NOTHING  # each value once; it keeps its place when it left
        self._many: array[int] = _NOTHING  # members of each
        self._kind: type = type(None)
        self._at = (
            0  # before it, counted from the end where the first value is, none has members
        )

    def add_sorted(self, values: array[Any], counts: array[int]) -> None:
        """Put floats without NaN or integers in, ascending, each once, with its members."""
        if self.counts or self.sorted:
            self.add_all(values, counts)
            return
        self.sorted, self._many, self._at = values, counts, 0
        self._kind = float if values.typecode == "d" else int

    def add(self, value: Any) -> None:
        """Put a value in."""
        self.add_all((value,), (1,))

    def add_all(self, values: Sequence[Any], counts: Sequence[int]) -> None:
        """Put values in, each so many times."""
        members, fresh = self.counts, list[Any]()
        for value, count in zip(values, counts, strict=True):
            if type(value) is self._kind:
                place = bisect_left(self.sorted, value)
                if place < len(self.sorted) and self.sorted[place] == value:
                    self._many[place] += count
                    self._at = min(self._at, self._from_front(place))
                    continue
            key = self._key(value)
            known = members.get(key)
            members[key] = count if known is None else known + count
            if known is None:
                fresh.append(key)
            if type(value) not in _NUMBERS or value != value:
                self._whole[key] = value  # of equal elements the newest is the current one
        self._push(fresh)

    def _from_front(self, place: int) -> int:
        return len(self.sorted) - 1 - place if self._is_highest else place

    def _push(self, keys: list[Any]) -> None:
        if len(keys) * 8 < len(self._heap):
            for key in keys:
                heappush(self._heap, key)
        elif keys:
            self._heap += keys
            heapify(self._heap)

    def remove(self, value: Any, count: int = 1) -> None:
        """Take a value out, so many times."""
        if type(value) is self._kind:
            place = bisect_left(self.sorted, value)
            if place < len(self.sorted) and self.sorted[place] == value:
                self._many[place] -= count
                return
        members, key = self.counts, self._key(value)
        left = members[key] - count
        if left:
            members[key] = left
            return
        del members[key]
        self._whole.pop(key, None)
        if len(self._heap) > 100 + 2 * len(members):
            self._heap = list(members)
            heapify(self._heap)

    def _first_sorted(self) -> Any:
        """Return the key of the first of the sorted values, None of nothing."""
        values, many, at = self.sorted, self._many, self._at
        while at < len(values) and not many[self._from_front(at)]:
            at += 1
        self._at = at
        if at < len(values):
            return self._key(values[self._from_front(at)])
        self.sorted = self._many = _NOTHING
        self._kind, self._at = type(None), 0
        return None

    def first(self) -> Any:
        """Return the first value, None of nothing."""
        heap, members = self._heap, self.counts
        while heap and heap[0] not in members:
            heappop(heap)
        key = heap[0] if heap else None
        if self.sorted:
            other = self._first_sorted()
            if key is None or (other is not None and other < key):
                key = other
        if key is None:
            return None
        if key in self._whole:
            return self._whole[key]
        return unsigned_zero(key[1] if key[0] > 0 else -key[1])


class Collected:
    """The values of ``collect()`` by the key of the row that gave them."""

    __slots__ = ("by_row",)

    def __init__(self) -> None:
        self.by_row: dict[Any, Any] = {}

    def values(self, distinct: bool) -> list[Any]:
        """Return the values in the order of their rows' keys."""
        by_row = self.by_row
        is_text = set(map(type, chain.from_iterable(by_row))) <= {str}  # sorts as it is
        ordered = [by_row[key] for key in sorted(by_row, key=None if is_text else order_key)]
        return distinct_values(ordered) if distinct else ordered


def distinct_values(values: list[Any]) -> list[Any]:
    """Return one value of each class of equal ones, in order; the integer of 1 and 1.0."""
    chosen: dict[Any, Any] = {}
    for value in values:
        key = group_key(value)
        if key not in chosen or (type(value) is int and type(chosen[key]) is float):
            chosen[key] = value
    return list(map(unsigned_zero, chosen.values()))


class DistinctBag:
    """Classes of equal values with their members, for count, sum and avg of DISTINCT."""

    __slots__ = ("classes",)

    def __init__(self) -> None:
        self.classes: dict[Any, list[Any]] = {}  # key -> [members, integers among them, value]

    def add(self, value: Any) -> None:
        """Put a value in."""
        entry = self.classes.setdefault(group_key(value), [0, 0, value])
        entry[0] += 1
        entry[1] += type(value) is int

    def remove(self, value: Any) -> None:
        """Take a value out."""
        key = group_key(value)
        entry = self.classes[key]
        entry[0] -= 1
        entry[1] -= type(value) is int
        if not entry[0]:
            del self.classes[key]

    def result(self, finish: Callable[[list[Any], int], Any]) -> Any:
        """Return sum or mean over one value of each class. Cost: O(classes)."""
        state: list[Any] = [0, 0, 0, 0, None]
        for _, integers, value in self.classes.values():
            if integers or type(value) is int:
                state[0] += int(value)
                state[2] += 1
            else:
                add_float(state, 0, value, 1)
        return finish(state, 0)


@dataclass(frozen=True, slots=True)
class Accumulator:
    """How one aggregate is kept; the texts have ``{at}``, ``{a}``, ``{o}``, ``{n}``, ``{key}``.

    Attributes:
        initial: The start of each slot, as source.
        add: Statements that put ``{a}`` in.
        remove: Statements that take ``{a}`` out.
        result: An expression.
        replace: Statements for ``{o}`` out and ``{n}`` in; None means remove, then add.
    """

    initial: tuple[str, ...]
    add: tuple[str, ...]
    remove: tuple[str, ...]
    result: str
    replace: tuple[str, ...] | None = None


NAMES: dict[str, Any] = {
    "SCALE": SCALE,
    "UNIT": _UNIT,
    "add_float": add_float,
    "sum_result": sum_result,
    "mean_result": mean_result,
    "Extremes": Extremes,
    "Collected": Collected,
    "DistinctBag": DistinctBag,
    "Percentiles": Percentiles,
    "Deviation": Deviation,
    "DistinctDeviation": DistinctDeviation,
}


def _with_bag(made: str, result: str) -> Accumulator:
    return Accumulator(
        (made,),
        ("if {a} is not None: s[{at}].add({a})",),
        ("if {a} is not None: s[{at}].remove({a})",),
        result,
    )


def _summed(result: str) -> Accumulator:
    step = (
        "if type({a}) is float: add_float(s, {at}, {a}, %d)",
        "elif {a} is not None:",
        " s[{at}] %s= {a}",
        " s[{at} + 2] %s= 1",
    )
    add = (step[0] % 1, step[1], step[2] % "+", step[3] % "+")
    remove = (step[0] % -1, step[1], step[2] % "-", step[3] % "-")
    fast = (
        (
            "if (type({o}) is float and type({n}) is float and (y := {n} * SCALE).is_integer()"
            " and (z := {o} * SCALE).is_integer()): s[{at} + 1] += int(y) - int(z)"
        ),
        "else:",
        *(" " + line.format(a="{o}", at="{at}") for line in remove),
        *(" " + line.format(a="{n}", at="{at}") for line in add),
    )
    return Accumulator(("0", "0", "0", "0", "None"), add, remove, result, fast)


def accumulator(kind: str, *, counts_rows: bool, distinct: bool) -> Accumulator:
    """Return how an aggregate is kept."""
    if counts_rows:
        return Accumulator((), (), (), "s[0]", ())
    if kind == "collect":
        return Accumulator(
            ("Collected()",),
            ("if {a} is not None: s[{at}].by_row[{key}] = {a}",),
            ("s[{at}].by_row.pop({key}, None)",),
            f"s[{{at}}].values({distinct})",
        )
    if kind in ("percentilecont", "percentiledisc"):
        return _with_bag("Percentiles()", f"s[{{at}}].result({kind!r}, distinct={distinct})")
    if kind in ("stdev", "stdevp"):
        bag = "DistinctDeviation" if distinct else "Deviation"
        return _with_bag(f"{bag}()", f"s[{{at}}].result(is_sample={kind == 'stdev'})")
    if kind in ("min", "max"):
        return _with_bag(f"Extremes({kind == 'max'})", "s[{at}].first()")
    if distinct:
        finish = {
            "count": "len(s[{at}].classes)",
            "sum": "s[{at}].result(sum_result)",
            "avg": "s[{at}].result(mean_result)",
        }
        return _with_bag("DistinctBag()", finish[kind])
    if kind == "count":
        return Accumulator(
            ("0",),
            ("s[{at}] += {a} is not None",),
            ("s[{at}] -= {a} is not None",),
            "s[{at}]",
        )
    return _summed("sum_result(s, {at})" if kind == "sum" else _MEAN)
