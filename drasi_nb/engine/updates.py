"""Changes of properties of many nodes at once: found, written and handed on column by column."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drasi_nb.engine.changes import NodeChanges, different
from drasi_nb.store.batch import Columns, Values
from drasi_nb.store.cells import Cell, Cells, listed, some_of
from drasi_nb.store.hashing import UNKNOWN
from drasi_nb.store.ids import Ids, id_list, ids_at
from drasi_nb.store.numbers import Ints
from drasi_nb.store.paging import LOW, SHIFT
from drasi_nb.values.change import INSERT, UPDATE
from drasi_nb.values.graph import STAMP, STAMP_BITS

if TYPE_CHECKING:
    from drasi_nb.engine.handlers import Handler
    from drasi_nb.engine.tick import Engine
    from drasi_nb.store.graph import Group

_SEQ_PART = (1 << STAMP_BITS) - 1


class Changed(NamedTuple):
    """What changed of one property.

    Attributes:
        places: Where it differs, ascending.
        before: What it was, at every place.
        after: What it is.
    """

    places: Ints
    before: Cell
    after: Cell


class Latest(NamedTuple):
    """The last change of each of some nodes: of several in one batch the last remains.

    Attributes:
        columns: These changes.
        places: Where they stand in the batch.
        handles: The nodes, each once.
    """

    columns: Columns
    places: Ints
    handles: Ints


def latest_of(engine: Engine, source: int, columns: Columns) -> Latest | None:
    """Return the last change of each node or ghost; None where an id is new or of a relation."""
    index, ids = engine.graph.node_at[source], columns.ids
    if index.find(ids[0]) is None:
        return None
    count = len(columns)
    places = np.arange(count)
    if columns.repeats and count > len(index):  # many come again: each is looked for once
        last = dict(zip(id_list(ids), range(count), strict=True))
        places = np.fromiter(last.values(), np.int64, len(last))
        ids = list(last)
    handles = index.find_all(ids)
    if (handles == UNKNOWN).any():
        return None
    if columns.repeats and len(places) == count:
        last_of = np.empty(int(handles.max()) + 1, np.int32)
        last_of[handles] = places  # of several the last stays
        places = np.flatnonzero(last_of[handles] == places)
        handles = handles[places]
    return Latest(columns if len(places) == count else columns.at(places), places, handles)


def update_nodes(engine: Engine, latest: Latest, count: int) -> bool:
    """Apply changes of nodes that are there and keep their labels; return False if they are not.

    Nothing was applied then. Every query that hears of it takes each node in one walk, so all
    may be written first.

    Args:
        engine: What they change.
        latest: The last change of each node.
        count: How many changes the batch has.
    """
    columns, places, handles = latest
    if columns.starts is not None or engine.router.reads_stamps:
        return False
    stamps = stamps_of(engine.arrived_ms, engine.seq + 1, count)
    last_stamp = int(stamps[-1])
    cells = Cells(engine.graph.nodes, handles)
    group = _group(engine, cells, columns)
    if group is None:
        return False
    changed = _changed(engine, cells, columns)
    hearing = engine.router.node(group).fused(frozenset(changed)) if changed else []
    if hearing is None:
        return False
    engine.seq += count
    engine.stamp = last_stamp
    nodes = engine.graph.nodes
    nodes.numbers.write(STAMP, "q", handles, stamps[places])
    for name, (at, _, after) in changed.items():
        if name in nodes.indexes:
            given = listed(some_of(after, at))
            for handle, value in zip(handles[at].tolist(), given, strict=True):
                nodes.write(name, handle, value)
        elif len(at) == len(handles):
            cells.write(name, after)
        else:
            Cells(nodes, handles[at]).write(name, some_of(after, at))
    if hearing:
        _hand_on(engine, hearing, cells, columns.ids, changed)
    return True


def _group(engine: Engine, cells: Cells, columns: Columns) -> Group | None:
    """Return the group of all nodes; None where they are not of one, or get other labels."""
    page_group = engine.graph.nodes.page_group
    groups = {page_group[page] for page in cells.pages}
    group = groups.pop()
    if groups or group.labels is None:
        return None
    labels = columns.labels
    if labels is None:
        return group if columns.op == UPDATE or not group.labels else None
    return group if group.is_labelled(labels) else None


def _changed(engine: Engine, cells: Cells, columns: Columns) -> dict[str, Changed]:
    """Return the properties that get other values."""
    nodes, changed = engine.graph.nodes, dict[str, Changed]()
    for name, values in columns.properties.items():
        if values is columns.ids and _are_ids(cells, name):
            continue
        before = cells.read(name)
        after = _cell(values)
        places = different(before, after)
        if len(places):
            changed[name] = Changed(places, before, after)
    if columns.op == INSERT:
        for name in nodes.columns.keys() - columns.properties.keys():
            before = cells.read(name)
            is_there = [value is not None for value in listed(before)]
            places = np.flatnonzero(is_there)
            if len(places):
                changed[name] = Changed(places, before, [None] * len(before))
    return changed


def _cell(values: Values | Ids) -> Cell:
    if isinstance(values, array):
        return np.frombuffer(values, values.typecode)
    return id_list(values)


def _are_ids(cells: Cells, name: str) -> bool:
    """Return whether a property is the id of every node: most pages are those of the ids."""
    pages, ids = cells.table.column(name), cells.table.ids
    same = [number for number in cells.pages if pages[number] is ids[number]]
    if len(same) == len(cells.pages):
        return True
    rows = cells.rows[cells.off(same)].tolist()
    id_of = cells.table.id_of
    return all(
        type(value := pages[row >> SHIFT][row & LOW]) is type(id_of(row))
        and value == id_of(row)
        for row in rows
    )


def _hand_on(
    engine: Engine,
    hearing: Iterable[Handler],
    cells: Cells,
    ids: Ids,
    changed: dict[str, Changed],
) -> None:
    known = dict[tuple[str, ...], NodeChanges]()
    for handler in hearing:
        names = tuple(
            name for name in changed if handler.reads is None or name in handler.reads
        )
        changes = known.get(names)
        if changes is None:
            changes = known[names] = _of(cells, ids, {name: changed[name] for name in names})
        try:
            if handler.many is not None:
                handler.many(changes)
            else:
                handles, old, _ = changes.listed
                for handle, *values in zip(handles, *old.values(), strict=True):
                    handler.upd(handle, dict(zip(names, values, strict=True)))
        except Exception as error:  # noqa: BLE001 - that query alone stops
            engine.broke(handler.upd, error)


def _of(cells: Cells, ids: Ids, changed: dict[str, Changed]) -> NodeChanges:
    """Return the changes of some properties, of the nodes where one of them differs."""
    is_any = np.zeros(len(ids), np.bool_)
    for change in changed.values():
        is_any[change.places] = True
    if is_any.all():
        old = {name: change.before for name, change in changed.items()}
        new = {name: change.after for name, change in changed.items()}
        return NodeChanges(cells.rows, ids, old, new)
    places = np.flatnonzero(is_any)
    old = {name: some_of(change.before, places) for name, change in changed.items()}
    new = {name: some_of(change.after, places) for name, change in changed.items()}
    return NodeChanges(cells.rows[places], ids_at(ids, places), old, new)


def stamps_of(time_ms: int, first_seq: int, count: int) -> Ints:
    """Return the stamps of changes that follow each other at one time."""
    numbers = np.arange(first_seq, first_seq + count, dtype=np.int64) & _SEQ_PART
    return numbers | (time_ms << STAMP_BITS)
