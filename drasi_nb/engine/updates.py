"""Changes of properties of many nodes at once: found, written and handed on column by column."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import polars as pl

from drasi_nb.engine.vector.columns import UnsupportedError
from drasi_nb.store.batch import Columns
from drasi_nb.store.paging import LOW, SHIFT
from drasi_nb.values.change import UPDATE
from drasi_nb.values.graph import STAMP_BITS
from drasi_nb.values.ordering import identical

if TYPE_CHECKING:
    from drasi_nb.engine.handlers import Handler
    from drasi_nb.engine.tick import Engine
    from drasi_nb.store.graph import Group

_SEQ_PART = (1 << STAMP_BITS) - 1
_SIMPLE = frozenset({str, int, bool})  # types whose equal values are the same
Changed = tuple[list[int], list[Any], list[Any]]  # places where it differs, before, after


def update_nodes(engine: Engine, source: int, columns: Columns) -> bool:
    """Apply updates of nodes that are there and keep their labels; return False if they are not.

    Nothing was applied then. Every query that hears of it takes each node in one walk, so all
    may be written first.
    """
    if columns.starts is not None or columns.op != UPDATE or engine.router.reads_stamps:
        return False
    found = _placed(engine, source, columns)
    if found is None:
        return False
    group, handles = found
    nodes = engine.graph.nodes
    cells = [(h >> SHIFT, h & LOW) for h in handles]
    changed: dict[str, Changed] = {}
    for name, values in columns.properties.items():
        pages = nodes.column(name)
        before = [pages[page][place] for page, place in cells]
        after = values if isinstance(values, list) else values.tolist()
        places = _different(before, after, values)
        if places:
            changed[name] = (places, before, after)
    hearing = engine.router.node(group).fused(frozenset(changed)) if changed else []
    if hearing is None:
        return False
    _write(engine, handles, cells, changed)
    if hearing:
        _hand_on(engine, hearing, handles, changed)
    return True


def _placed(engine: Engine, source: int, columns: Columns) -> tuple[Group, list[int]] | None:
    """Return the group and the handles of all nodes; None where they are not of one."""
    handles = list(map(engine.graph.node_at[source].get, columns.ids))
    if None in handles:
        return None  # a relation
    placed: list[int] = handles  # type: ignore[assignment]
    page_group = engine.graph.nodes.page_group
    groups = {page_group[page] for page in {h >> SHIFT for h in placed}}
    group = groups.pop()
    if groups or group.labels is None or not group.is_labelled(columns.labels):
        return None
    return group, placed


def _different(before: list[Any], after: list[Any], values: Any) -> list[int]:
    """Return the places where a value is another one now."""
    kind = {"d": float, "q": int}.get(getattr(values, "typecode", ""))
    if kind is not None and set(map(type, before)) == {kind}:
        dtype = pl.Float64 if kind is float else pl.Int64
        old, new = pl.Series(before, dtype=dtype), pl.Series(after, dtype=dtype)
        differs = old != new
        if kind is float:  # 0.0 is not -0.0
            differs = differs | ((old == 0) & ((1 / old) != (1 / new)))
        return differs.arg_true().to_list()
    kinds = {*map(type, before), *map(type, after)} - {type(None)}
    if len(kinds) == 1 and kinds <= _SIMPLE:
        return [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    return [
        place
        for place, (a, b) in enumerate(zip(before, after, strict=True))
        if a is not b and (a != b or not identical(a, b))
    ]


def _write(
    engine: Engine,
    handles: list[int],
    cells: list[tuple[int, int]],
    changed: dict[str, Changed],
) -> None:
    nodes = engine.graph.nodes
    stamps = stamps_of(engine.arrived_ms, engine.seq + 1, len(handles))
    engine.seq += len(handles)
    engine.stamp = stamps[-1]
    stamp_pages = nodes.stamps
    for (page, place), stamp in zip(cells, stamps, strict=True):
        stamp_pages[page][place] = stamp
    for name, (places, _, after) in changed.items():
        pages, kinds = nodes.column(name), set(map(type, after))
        typecode = {float: "d", int: "q"}.get(kinds.pop(), "")
        typed = array if typecode and not kinds and name not in nodes.indexes else None
        for i in places:
            number, place = cells[i]
            page = pages[number]
            if type(page) is typed and page.typecode == typecode:
                page[place] = after[i]
            else:
                nodes.write(name, handles[i], after[i])


def _hand_on(
    engine: Engine,
    hearing: Iterable[Handler],
    handles: list[int],
    changed: dict[str, Changed],
) -> None:
    for handler in hearing:
        names = [name for name in changed if handler.reads is None or name in handler.reads]
        places = changed[names[0]][0]
        if len(names) > 1:
            places = sorted(set().union(*(changed[name][0] for name in names)))
        whole = len(places) == len(handles)
        some = handles if whole else [handles[place] for place in places]
        old = {
            name: changed[name][1] if whole else [changed[name][1][place] for place in places]
            for name in names
        }
        try:
            try:
                if handler.many is None:
                    raise UnsupportedError("a stage of its own")
                handler.many(some, old)
            except UnsupportedError:
                for handle, *values in zip(some, *old.values(), strict=True):
                    handler.upd(handle, dict(zip(names, values, strict=True)))
        except Exception as error:  # noqa: BLE001 - that query alone stops
            engine.broke(handler.upd, error)


def stamps_of(time_ms: int, first_seq: int, count: int) -> array[int]:
    """Return the stamps of changes that follow each other at one time."""
    base, stamps = time_ms << STAMP_BITS, array("q")
    while count:
        low = first_seq & _SEQ_PART
        some = min(count, _SEQ_PART + 1 - low)
        stamps.extend(range(base | low, (base | low) + some))
        first_seq, count = first_seq + some, count - some
    return stamps
