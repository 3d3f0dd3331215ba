"""Groups made of whole columns: the members and sums that a group's accumulators take."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from operator import is_
from typing import Any

import polars as pl

from drasi_nb.engine.accumulators import add_float
from drasi_nb.engine.groups import FIRST, MEMBERS, VALUES, GroupStage
from drasi_nb.engine.vector.columns import UnsupportedError
from drasi_nb.engine.vector.expressions import Typed
from drasi_nb.engine.vector.source import Source, is_plain, raw_values, row_keys
from drasi_nb.engine.vector.sums import is_exact, parts_of
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Aggregate, free_variables
from drasi_nb.values.arithmetic import INT_MAX
from drasi_nb.values.ordering import group_key

SUMMED = frozenset({"sum", "avg"})
_ENDS = frozenset({"min", "max"})
_TAKEN = SUMMED | _ENDS | {"count", "collect"}
_AT_ONCE = 1 << 17  # values that are sorted in one step
_ONE = pl.repeat(1, pl.len())
_NOBODY = pl.repeat(0, pl.len()).alias("members")  # a literal alone would be one row


class GroupsOut:
    """Hands members of groups to a group stage.

    Matches are put together by the elements whose properties are the grouping values, and where
    those may be many, by the values.

    Args:
        source: The columns.
        stage: Its groups.
        operator: What is aggregated.
        put: Puts an expression over the slots.
        is_weighted: Whether matches have a column "weight", and are taken out where it is -1;
            no aggregate needs more than sums then.

    Raises:
        UnsupportedError: An aggregate is one that is kept row by row.
    """

    def __init__(
        self,
        source: Source,
        stage: GroupStage,
        operator: Aggregate,
        put: Callable[[ast.Expr], ast.Expr],
        *,
        is_weighted: bool = False,
    ) -> None:
        self.is_weighted = is_weighted
        self.source, self.stage = source, stage
        self.keys = [put(e) for _, e in operator.keys]
        self.calls = [
            (call.kind, None if call.argument is None else put(call.argument))
            for _, call in operator.aggregates
        ]
        taken = SUMMED | {"count"} if is_weighted else _TAKEN
        for _, call in operator.aggregates:
            if call.kind not in taken or (call.distinct and call.kind != "collect"):
                raise UnsupportedError(call.kind)
        for kind, argument in self.calls:
            if kind in _ENDS and argument is not None and source.is_slot(argument):
                raise UnsupportedError("an order of elements")
        for e in self.keys:
            if not source.is_slot(e) and not is_plain(e):
                raise UnsupportedError("a computed grouping value")
        free = frozenset[str]().union(*map(free_variables, self.keys))
        self.slots = [name for name in source.match.names if name in free]
        self.by_value = source.may_be_many(self.slots)
        if is_weighted and self.by_value and any(map(source.is_slot, self.keys)):
            raise UnsupportedError("elements that change as groups")
        self._typed: list[Typed | None] = []
        self._by: dict[str, pl.Expr] = {}
        # values of min and max, by the first aggregate with that argument
        self._later = dict[int, list[pl.DataFrame]]()

    def reads(self) -> list[ast.Expr]:
        """Return the expressions that need columns."""
        keys = self.keys if self.by_value else []
        given = [
            e
            for kind, e in self.calls
            if e is not None and not (kind == "collect" and is_plain(e))
        ]
        return [e for e in (*keys, *given) if not self.source.is_slot(e)]

    def open(self) -> None:
        """Translate."""
        if self.by_value:
            for i, key in enumerate(self.keys):
                if isinstance(key, ast.Variable):
                    self._by[f"k{i}"] = pl.col(self.source.handles(key.name))
                else:
                    self._by[f"k{i}"] = self.source.translator.value(key).expr
        else:
            handles = map(self.source.handles, self.slots)
            self._by = {name: pl.col(name) for name in handles}
        for kind, e in self.calls:
            typed = None
            if e is not None and kind != "collect" and not self.source.is_slot(e):
                typed = self.source.translator.value(e)
                if kind in SUMMED and typed.kind not in ("f", "i", "0"):
                    raise UnsupportedError("a sum of what is no number")
            self._typed.append(typed)

    def take(self, frame: pl.DataFrame) -> None:
        """Put matches into their groups."""
        by = list(self._by)
        given = frame.with_columns(
            *(expr.alias(name) for name, expr in self._by.items()),
            *(t.expr.alias(f"a{i}") for i, t in enumerate(self._typed) if t is not None),
        )
        calls = list(enumerate(zip(self.calls, self._typed, strict=True)))
        summed, units = dict[str, pl.Expr](), dict[int, list[int]]()
        for i, ((kind, _), typed) in calls:
            if typed is not None and kind not in _ENDS:
                units[i] = self._parts(summed, i, kind, typed, given)
        members = pl.col("weight").sum() if self.is_weighted else pl.len()
        wanted = [members.alias("members"), *(pl.col(name).sum() for name in summed)]
        added = given.lazy().with_columns(expr.alias(name) for name, expr in summed.items())
        found = (added.group_by(by).agg(wanted) if by else added.select(wanted)).collect()
        groups = self.groups(found)
        columns = {name: found[name].to_list() for name in found.columns}
        for i, ((kind, argument), typed) in calls:
            at = self.stage.places[i]
            if kind == "count" and typed is None and argument is not None:
                for group, members in zip(groups, columns["members"], strict=True):
                    group[at] += members
            elif kind == "collect":
                assert argument is not None
                self._collect(given, by, argument, at)
            elif typed is None:
                continue
            elif kind == "count":
                for group, count in zip(groups, columns[f"c{i}"], strict=True):
                    group[at] += count
            elif kind in _ENDS:
                name = f"a{i}"
                values = given.select(*by, name).filter(pl.col(name).is_not_null())
                if i == self._ends_of(argument)[0]:
                    self._later.setdefault(i, []).append(values)
            else:
                is_float = typed.kind == "f"
                totals = columns[f"s{i}.0"]
                if len(units[i]) == 2:
                    high, _ = units[i]
                    rest = columns[f"s{i}.1"]
                    totals = [a * high + b for a, b in zip(totals, rest, strict=True)]
                self.add(groups, at, totals, columns[f"c{i}"], is_float=is_float)
                if is_float and any(columns[f"o{i}"]):
                    self._rest(given, by, f"a{i}", at)

    @staticmethod
    def add(
        groups: list[list[Any]],
        at: int,
        totals: list[int],
        counts: list[int],
        *,
        is_float: bool,
    ) -> None:
        """Add to a sum of each group; of floats in units of 2^-60."""
        total_at, count_at = at + is_float, at + 2 + is_float
        for group, total in zip(groups, totals, strict=True):
            group[total_at] += total
        if any(counts):  # of updates most often none
            for group, count in zip(groups, counts, strict=True):
                group[count_at] += count

    def close(self) -> Iterator[None]:
        """Put in, in steps, what is sorted first."""
        for i, parts in self._later.items():
            given = pl.concat(parts)
            names = [name for name in given.columns if name in self._by]
            steps = 1 + given.height // _AT_ONCE if names else 1
            place = pl.struct(names).hash() % steps if steps > 1 else pl.lit(0)
            given = given.with_columns(place.alias("step"))
            for step in range(steps):
                self._sorted(given.filter(pl.col("step") == step), names, i)
                yield
        self._later.clear()

    def _parts(
        self, summed: dict[str, pl.Expr], i: int, kind: str, typed: Typed, given: pl.DataFrame
    ) -> list[int]:
        """Add what is to be added up of an aggregate; return what each part of a sum counts."""
        value, weight = pl.col(f"a{i}"), pl.col("weight") if self.is_weighted else pl.lit(1)
        is_float = typed.kind == "f" and kind != "count"
        there = is_exact(value) if is_float else value.is_not_null()
        summed[f"c{i}"] = pl.when(there).then(weight).otherwise(0)
        if is_float:
            summed[f"o{i}"] = value.is_not_null() & ~there
        if kind == "count":
            return []
        parts = parts_of(given[f"a{i}"]) if is_float else [(value, 1)]
        if not is_float and max(-typed.low, typed.high) * given.height > INT_MAX:
            raise UnsupportedError("a sum that may leave 64 bits")
        for n, (part, _) in enumerate(parts):
            weighted = part * weight if self.is_weighted else part
            summed[f"s{i}.{n}"] = pl.when(there).then(weighted).otherwise(0)
        return [unit for _, unit in parts]

    def groups(self, found: pl.DataFrame) -> list[list[Any]]:
        """Return the group of each row of members, made where there is none."""
        keys, values = list[list[Any]](), list[list[Any]]()
        for i, e in enumerate(self.keys):
            key, value = self._key(e, found, f"k{i}")
            keys.append(key)
            values.append(value)
        height = found.height
        rows = list(zip(*keys, strict=True)) if keys else [()] * height
        is_text = all(map(is_, keys, values))  # and what goes by itself stays the same
        raws = rows if is_text else list(zip(*values, strict=True))
        groups, members = self.stage.enter(rows, raws), found["members"].to_list()
        if not is_text:
            for group, raw in zip(groups, raws, strict=True):
                group[VALUES] = raw
        if any(members):
            for group, count in zip(groups, members, strict=True):
                group[MEMBERS] += count
            for place, some in enumerate(values):
                if float in set(map(type, some)):
                    for group, value, count in zip(groups, some, members, strict=True):
                        group[FIRST + place] += count if type(value) is float else 0
        return groups

    def _key(self, e: ast.Expr, found: pl.DataFrame, name: str) -> tuple[list[Any], list[Any]]:
        """Return what a grouping value goes by, and the values."""
        source = self.source
        if isinstance(e, ast.Variable):
            if self.by_value:
                found = found.rename({name: source.handles(e.name)})
            return source.identities(e.name, found), source.elements(e.name, found)
        if self.by_value:
            raw = found[name].to_list()
        else:
            assert isinstance(e, ast.Property) and isinstance(e.base, ast.Variable)
            raw = source.property_values(e.base.name, e.key, found)
        is_text = set(map(type, raw)) == {str}  # goes by itself
        return raw if is_text else list(map(group_key, raw)), raw

    def _rest(self, given: pl.DataFrame, by: list[str], name: str, at: int) -> None:
        """Add the floats that are no multiple of 2^-60, or too large, one by one."""
        value = pl.col(name)
        rest = given.filter(value.is_not_null() & ~is_exact(value))
        weight = pl.col("weight") if self.is_weighted else _ONE.alias("weight")
        members = rest.select(*by, value.alias("value"), weight, _NOBODY)
        groups = self.groups(members)
        numbers = (members[name].to_list() for name in ("value", "weight"))
        for group, number, times in zip(groups, *numbers, strict=True):
            add_float(group, at, number, times)

    def _ends_of(self, argument: ast.Expr | None) -> list[int]:
        """Return the aggregates that are a min or max of an expression."""
        return [i for i, (kind, e) in enumerate(self.calls) if kind in _ENDS and e == argument]

    def _sorted(self, given: pl.DataFrame, by: list[str], i: int) -> None:
        """Put values in that are not null: in ascending order, each once, with their members."""
        name, typed = f"a{i}", self._typed[i]
        every = [self.stage.places[j] for j in self._ends_of(self.calls[i][1])]
        value = pl.col(name)
        runs = value.sort().rle()
        wanted = [
            runs.struct.field("value").alias(name),
            runs.struct.field("len").alias("many"),
        ]
        assert typed is not None
        is_number = typed.kind in ("f", "i")
        if typed.kind == "f":
            nans = given.filter(value.is_nan())
            if nans.height:
                members = nans.select(*by, _NOBODY)
                for group in self.groups(members):
                    for at in every:
                        group[at].add(float("nan"))
            given = given.filter(value.is_not_nan()).with_columns(value + 0.0)  # one zero
        if by:
            found = given.group_by(by).agg(wanted)
        else:
            found = given.select(wanted).select(pl.all().implode())
        lengths = found[name].list.len().to_list()
        code = "d" if typed.kind == "f" else "q"
        flat = found.select(name, "many").explode(name, "many")
        values: Any = flat[name].to_list()
        many: Any = array("q", flat["many"].to_list())
        if is_number:
            values = array(code, values)
        groups = self.groups(found.with_columns(_NOBODY))
        ends = pairwise(accumulate(lengths, initial=0))
        for group, (start, stop) in zip(groups, ends, strict=True):
            some = values[start:stop]  # one for all: nobody writes it
            for at in every:
                put = group[at].add_sorted if is_number else group[at].add_all
                put(some, many[start:stop])

    def _collect(self, given: pl.DataFrame, by: list[str], e: ast.Expr, at: int) -> None:
        """Put values into lists, by the keys of their rows."""
        keys, values = row_keys(self.source, given), raw_values(self.source, e, given)
        members = given.select(*by, _NOBODY)
        found = members.with_row_index("at").group_by(by or ["members"]).agg("at")
        groups = self.groups(found.with_columns(_NOBODY))
        lengths, order = found["at"].list.len().to_list(), found["at"].explode().to_list()
        keys = list(map(keys.__getitem__, order))
        values = list(map(values.__getitem__, order))
        is_whole = all(value is not None for value in values)
        ends = pairwise(accumulate(lengths, initial=0))
        for group, (start, stop) in zip(groups, ends, strict=True):
            some = zip(keys[start:stop], values[start:stop], strict=True)
            group[at].by_row.update(
                some if is_whole else (kv for kv in some if kv[1] is not None)
            )
