"""Aggregation as a stage: one list per group, its steps generated for the query.

A group's list ``s``: members, touched in this tick, grouping values, row last handed on,
then per grouping value the count of its floats, then the aggregates' slots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drasi_nb.engine.accumulators import NAMES, accumulator
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.engine.entered import RowChange
from drasi_nb.engine.failures import FailureLog
from drasi_nb.errors import EvaluationError
from drasi_nb.plan.nodes import Aggregate, AggregateCall
from drasi_nb.values.ordering import unchanged, unsigned_zero

MEMBERS, TOUCHED, VALUES, ROW, FIRST = 0, 1, 2, 3, 4
LEAST = 256  # groups that are handed on together


def counts_rows(call: AggregateCall) -> bool:
    """Return whether an aggregate is the number of members."""
    return call.argument is None


class GroupStage:
    """Groups of one Aggregate; ``add``, ``remove`` and ``update`` are generated.

    Args:
        operator: What to aggregate.
        mark: Tells the query that this tick touches it.
        log: Where a failing group is noted.
        number: The stage's number in its query.

    Attributes:
        places: Where in a group the slots of each aggregate begin.
        next: Takes a group's key, row before and row after.
        next_all: Takes many of them; None where there is no quicker way than one by one.
    """

    add: Callable[..., None]
    remove: Callable[..., None]
    update: Callable[..., None]
    _rows: Callable[[list[tuple[Any, list[Any]]]], list[Any]]

    def __init__(
        self, operator: Aggregate, mark: Callable[[], None], log: FailureLog, number: int
    ) -> None:
        self.operator, self.log, self.number = operator, log, number
        self.names = tuple(name for name, _ in (*operator.keys, *operator.aggregates))
        self.groups: dict[Any, list[Any]] = {}
        self.touched: list[tuple[Any, list[Any]]] = []
        self.taken = 0
        self.next: Callable[[Any, Any, Any], None] = lambda _key, _before, _after: None
        self.next_all: Callable[[list[RowChange]], None] | None = None
        self._mark = mark
        self._failing = set[Any]()  # keys of groups; the log does not keep all
        namespace, self.places = _generate(operator, self.groups, self._touch)
        self.add, self.remove, self.update = (namespace[n] for n in ("add", "remove", "update"))
        self._new, self._rows = namespace["new"], namespace["rows"]

    def open(self) -> None:
        """Make the group that is always there, when there are no grouping values."""
        if not self.operator.keys:
            self.groups[()] = group = self._new(())
            self._touch((), group)

    def _touch(self, key: Any, group: list[Any]) -> None:
        group[TOUCHED] = True
        if not self.touched:
            self._mark()
        self.touched.append((key, group))

    def enter(self, keys: list[Any], values: list[Any]) -> list[list[Any]]:
        """Return touched groups, made where there are none; their slots are the caller's."""
        groups, touched, out = self.groups, self.touched, list[list[Any]]()
        if keys and not touched:
            self._mark()
        for key, raw, known in zip(keys, values, map(groups.get, keys), strict=True):
            group = known or groups.get(key)
            if group is None:
                group = groups[key] = self._new(raw)
            if not group[TOUCHED]:  # as ``_touch()``, without a call each
                group[TOUCHED] = True
                touched.append((key, group))
            out.append(group)
        return out

    def held(self) -> int:
        """Return the number of groups."""
        return len(self.groups)

    def flush(self) -> None:
        """Hand on, for every touched group, its row before and after the tick."""
        touched, failing = self.touched.copy(), self._failing
        self.touched.clear()
        self.taken += len(touched)
        if failing:
            for key, _ in touched:
                if key in failing:
                    failing.remove(key)
                    self.log.record(self.number, -1, key, None)
        listed: list[RowChange] | None = (
            [] if self.next_all is not None and len(touched) >= LEAST else None
        )
        for (key, group), after in zip(touched, self._rows_of(touched), strict=True):
            before = group[ROW]
            group[TOUCHED], group[ROW] = False, after
            if after is None and not group[MEMBERS] and self.operator.keys:
                del self.groups[key]
            if before is None and after is None:
                continue
            if before == after and unchanged(before, after):
                continue
            if listed is None:
                self.next(key, before, after)
            else:
                listed.append((key, before, after))
        if listed and self.next_all is not None:
            self.next_all(listed)

    def _rows_of(self, touched: list[tuple[Any, list[Any]]]) -> list[Any]:
        """Return the rows of groups; None of one without members, and of one that fails."""
        try:
            return self._rows(touched)
        except EvaluationError as error:
            if len(touched) > 1:
                return [row for entry in touched for row in self._rows_of([entry])]
            ((key, _),) = touched
            self._failing.add(key)
            self.log.record(self.number, 1, key, error)
            return [None]


def _standing(value: Any, floats: int, members: int) -> Any:
    """Return the value that stands for a group: where 1 and 1.0 meet, the integer."""
    if type(value) is float and floats < members:
        return int(value)
    return unsigned_zero(float(value) if type(value) is int and floats == members else value)


def _generate(
    operator: Aggregate, groups: dict[Any, Any], touch: Any
) -> tuple[dict[str, Any], list[int]]:
    """Return the functions, and where the slots of each aggregate begin."""
    writer = Writer()
    writer.constants.update(NAMES, GROUPS=groups, touch=touch, standing=_standing)
    line = writer.line
    calls = [call for _, call in operator.aggregates]
    kept = [accumulator(c.kind, counts_rows=counts_rows(c), distinct=c.distinct) for c in calls]
    row_key = ["row_key"] if any(call.kind == "collect" for call in calls) else []
    places, at = list[int](), FIRST + len(operator.keys)
    for item in kept:
        places.append(at)
        at += len(item.initial)
    used = [i for i, call in enumerate(calls) if not counts_rows(call)]

    initial = [*("0" for _ in operator.keys), *(text for item in kept for text in item.initial)]
    with writer.block("def new(values):"):
        line(f"return [0, False, values, None{''.join(', ' + text for text in initial)}]")

    for name, sign in (("add", "+"), ("remove", "-")):
        arguments = ["key", "values", *row_key, *(f"a{i}" for i in used)]
        with writer.block(f"def {name}({', '.join(arguments)}):"):
            if sign == "+":
                line("s = GROUPS.get(key)")
                line("if s is None: s = GROUPS[key] = new(values)")
                line("else: s[2] = values")
            else:
                line("s = GROUPS[key]")
            line("if not s[1]: touch(key, s)")
            line(f"s[0] {sign}= 1")
            for place in range(len(operator.keys)):
                line(f"if type(values[{place}]) is float: s[{FIRST + place}] {sign}= 1")
            for i in used:
                for text in kept[i].add if sign == "+" else kept[i].remove:
                    line(text.format(at=places[i], a=f"a{i}", key="row_key"))

    arguments = ["key", *row_key, *(f"{side}{i}" for i in used for side in "on")]
    with writer.block(f"def update({', '.join(arguments)}):"):
        line("s = GROUPS[key]")
        line("if not s[1]: touch(key, s)")
        for i in used:
            item = kept[i]
            if item.replace is not None:
                steps = [t.format(at=places[i], o=f"o{i}", n=f"n{i}") for t in item.replace]
            else:
                steps = [t.format(at=places[i], a=f"o{i}", key="row_key") for t in item.remove]
                steps += [t.format(at=places[i], a=f"n{i}", key="row_key") for t in item.add]
            for text in steps:
                line(text)

    columns = [
        f"values[{i}] if type(values[{i}]) is str"
        f" else standing(values[{i}], s[{FIRST + i}], s[0])"
        for i in range(len(operator.keys))
    ]
    columns += [item.result.format(at=place) for item, place in zip(kept, places, strict=True)]
    with writer.block("def rows(touched):"):
        line("out = []")
        with writer.block("for _, s in touched:"):
            line("values = s[2]")
            row = f"({''.join(f'{column}, ' for column in columns)})"
            line(f"out.append({row}{' if s[0] else None' if operator.keys else ''})")
        line("return out")
    return writer.load(), places
