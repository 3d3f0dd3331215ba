"""What changes of many nodes add to groups whose values are those of other nodes."""

from __future__ import annotations

from operator import add

import numpy as np
import polars as pl

from drasi_nb.engine.vector.changes import ChangedNodes
from drasi_nb.engine.vector.groups import SUMMED, GroupsOut
from drasi_nb.engine.vector.sums import units_of
from drasi_nb.store.hashing import Bools, Ints
from drasi_nb.store.numbers import Array
from drasi_nb.values.arithmetic import INT_MAX

_Units = list[tuple[Ints, int]]  # integers, and how many units each of them counts


def put_differences(source: ChangedNodes, out: GroupsOut, was: Bools, now: Bools) -> bool:
    """Put changes into their groups; return False, and put none, where a frame must be made of them.

    That is where grouping values may have changed, or come from several nodes, and where an
    argument is more than a property that is a number in every match. Cost: 0.1 us a match.

    Args:
        source: The matches.
        out: The groups.
        was: Which of the matches held before.
        now: Which hold.
    """
    if out.by_value or len(out.slots) > 1:
        return False
    sums = dict[int, tuple[_Units, bool]]()
    for i, (kind, e) in enumerate(out.calls):
        if e is None or source.is_slot(e):
            continue
        sides = source.numbers(e)
        made = None if sides is None else _differences(*sides, was, now)
        if sides is None or made is None:
            return False
        if kind in SUMMED:
            sums[i] = made, sides[0].dtype.kind == "f"
    found, group_of = _groups(source, out)

    def by_group(values: Ints) -> list[int]:
        added = np.zeros(found.height, np.int64)
        np.add.at(added, group_of, values)
        listed: list[int] = added.tolist()
        return listed

    members = by_group(now.astype(np.int64) - was)
    groups = out.groups(found.with_columns(members=pl.Series(members, dtype=pl.Int64)))
    for i, (kind, e) in enumerate(out.calls):
        at = out.stage.places[i]
        if i in sums:
            units, is_float = sums[i]
            parts = [[more * unit for more in by_group(values)] for values, unit in units]
            totals = parts[0] if len(parts) == 1 else list(map(add, *parts))
            out.add(groups, at, totals, members, is_float=is_float)
        elif kind == "count" and e is not None:
            for group, more in zip(groups, members, strict=True):
                group[at] += more
    return True


def _groups(source: ChangedNodes, out: GroupsOut) -> tuple[pl.DataFrame, Ints]:
    """Return the nodes of the grouping values, each once, and which of them each match has."""
    if not out.slots:
        return pl.DataFrame({"members": [0]}), np.zeros(source.count, np.int64)
    name = source.handles(out.slots[0])
    handles = source.matches[name].to_numpy()
    is_there = np.zeros(int(handles.max(initial=0)) + 1, np.bool_)
    is_there[handles] = True
    each = np.flatnonzero(is_there)
    number_of = np.empty(len(is_there), np.int64)
    number_of[each] = np.arange(len(each))
    return pl.DataFrame({name: pl.Series(each, dtype=pl.Int32)}), number_of[handles]


def _differences(before: Array, after: Array, was: Bools, now: Bools) -> _Units | None:
    """Return what each match adds to a sum; None where that may not be exact."""
    if before.dtype != after.dtype:
        return None
    both = np.concatenate([before, after])
    count, units = len(before), list[tuple[Ints, int]]()
    if both.dtype.kind == "f":
        made = units_of(both)
        if made is None:
            return None
        units = made
    else:
        most = max(-int(both.min(initial=0)), int(both.max(initial=0)))
        if most * len(both) > INT_MAX:
            return None
        units = [(both, 1)]
    return [(values[count:] * now - values[:count] * was, unit) for values, unit in units]
