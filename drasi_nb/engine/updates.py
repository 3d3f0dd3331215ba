"""Changes of properties of many nodes at once: found, written and handed on column by column."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import eq
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from drasi_nb.store.batch import Columns, Values
from drasi_nb.store.ids import UNKNOWN
from drasi_nb.store.load import buffer_of
from drasi_nb.store.paging import LOW, PAGE, SHIFT, Page
from drasi_nb.values.change import INSERT, UPDATE
from drasi_nb.values.graph import STAMP_BITS
from drasi_nb.values.ordering import identical

if TYPE_CHECKING:
    from drasi_nb.engine.handlers import Handler
    from drasi_nb.engine.tick import Engine
    from drasi_nb.store.graph import Group

_SEQ_PART = (1 << STAMP_BITS) - 1
_SIMPLE = frozenset({str, int, bool})  # types whose equal values are the same
_NONE = type(None)
_TYPES: dict[str, type] = {"d": float, "q": int}
_DENSE = 4  # so many times more are taken out of their pages in one go before each is looked up


class Changed(NamedTuple):
    """What changed of one property.

    Attributes:
        places: Where it differs; all is a range.
        before: What it was, at every place.
        after: What it is.
    """

    places: Sequence[int]
    before: list[Any]
    after: list[Any]


class Cells:
    """Where nodes are in the columns of the store.

    Args:
        handles: Of the nodes.
    """

    def __init__(self, handles: list[int]) -> None:
        self.handles = handles
        self.pages = [handle >> SHIFT for handle in handles]
        self.places = [handle & LOW for handle in handles]
        self.distinct = set(self.pages)
        self._first, self._last = min(self.distinct), max(self.distinct)
        self._near: list[int] = []  # the handles from the first page on, where they lie close
        if (self._last - self._first + 1) * PAGE <= _DENSE * len(handles):
            base = self._first << SHIFT
            self._near = [handle - base for handle in handles]

    def read(self, pages: list[Page]) -> list[Any]:
        """Return what a column has there."""
        if self._near:
            near = list(chain.from_iterable(pages[self._first : self._last + 1]))
            return list(map(near.__getitem__, self._near))
        return [pages[page][place] for page, place in zip(self.pages, self.places, strict=True)]

    def write(self, pages: list[Page], places: Sequence[int], values: list[Any]) -> None:
        """Write values at some places into a column without an index."""
        kinds = set(map(type, values))
        kind = kinds.pop() if len(kinds) == 1 else None
        code = "d" if kind is float else "q" if kind is int else ""
        for number in self.distinct:
            page = pages[number]
            if type(page) is array:
                if page.typecode != code:
                    pages[number] = page.tolist()
            elif type(page) is tuple:
                pages[number] = list(page)
        if len(places) == len(values):
            for number, place, value in zip(self.pages, self.places, values, strict=True):
                pages[number][place] = value
        else:
            for i in places:
                pages[self.pages[i]][self.places[i]] = values[i]


def handles_at(engine: Engine, source: int, columns: Columns) -> list[int] | None:
    """Return the handles of nodes and ghosts by id; None where an id is new or of a relation."""
    index, ids = engine.graph.node_at[source], columns.ids
    if index.find(ids[0]) is None:
        return None
    handles: list[int] = index.find_all(ids, columns.id_column).tolist()
    return None if UNKNOWN in handles else handles


def update_nodes(engine: Engine, columns: Columns, handles: list[int]) -> bool:
    """Apply changes of nodes that are there and keep their labels; return False if they are not.

    Nothing was applied then. Every query that hears of it takes each node in one walk, so all
    may be written first; of changes of one node the last remains.
    """
    if columns.starts is not None or engine.router.reads_stamps:
        return False
    count = len(columns)
    stamps: Sequence[int] = stamps_of(engine.arrived_ms, engine.seq + 1, count)
    last_stamp = stamps[-1]
    if columns.repeats:
        last = list(dict(zip(columns.ids, range(count), strict=True)).values())
        if len(last) < count:
            columns = columns.at(last)
            stamps, handles = ([many[place] for place in last] for many in (stamps, handles))
    cells = Cells(handles)
    group = _group(engine, cells, columns)
    if group is None:
        return False
    nodes = engine.graph.nodes
    changed: dict[str, Changed] = {}
    for name, values in columns.properties.items():
        before = cells.read(nodes.column(name))
        after = values if isinstance(values, list) else values.tolist()
        places = _different(before, after, values)
        if places:
            changed[name] = Changed(places, before, after)
    if columns.op == INSERT:
        for name in nodes.columns.keys() - columns.properties.keys():
            before = cells.read(nodes.columns[name])
            places = [place for place, value in enumerate(before) if value is not None]
            if places:
                changed[name] = Changed(places, before, [None] * len(before))
    hearing = engine.router.node(group).fused(frozenset(changed)) if changed else []
    if hearing is None:
        return False
    engine.seq += count
    engine.stamp = last_stamp
    stamp_pages = nodes.stamps
    for page, place, stamp in zip(cells.pages, cells.places, stamps, strict=True):
        stamp_pages[page][place] = stamp
    for name, (places, _, after) in changed.items():
        if name in nodes.indexes:
            for place in places:
                nodes.write(name, cells.handles[place], after[place])
        else:
            cells.write(nodes.column(name), places, after)
    if hearing:
        _hand_on(engine, hearing, cells.handles, changed)
    return True


def _group(engine: Engine, cells: Cells, columns: Columns) -> Group | None:
    """Return the group of all nodes; None where they are not of one, or get other labels."""
    page_group = engine.graph.nodes.page_group
    groups = {page_group[page] for page in cells.distinct}
    group = groups.pop()
    if groups or group.labels is None:
        return None
    labels = columns.labels
    if labels is None:
        return group if columns.op == UPDATE or not group.labels else None
    return group if group.is_labelled(labels) else None


def _different(before: list[Any], after: list[Any], values: Values) -> Sequence[int]:
    """Return the places where a value is another one now."""
    kinds = set(map(type, before))
    if isinstance(values, list):
        kinds.update(map(type, after))
        kinds.discard(_NONE)
    else:
        kinds.add(_TYPES[values.typecode])
    # of floats only zeros are equal and yet two
    if len(kinds) == 1 and (kinds <= _SIMPLE or (kinds == {float} and 0.0 not in before)):
        if before == after:
            return ()
        if True not in map(eq, before, after):
            return range(len(before))
        return [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    return [
        place
        for place, (a, b) in enumerate(zip(before, after, strict=True))
        if a is not b and (a != b or not identical(a, b))
    ]


def _hand_on(
    engine: Engine,
    hearing: Iterable[Handler],
    handles: list[int],
    changed: dict[str, Changed],
) -> None:
    befores = {name: change.before for name, change in changed.items()}
    afters = {name: change.after for name, change in changed.items()}
    for handler in hearing:
        names = [name for name in changed if handler.reads is None or name in handler.reads]
        places = changed[names[0]].places
        if len(names) > 1:
            every = [changed[name].places for name in names]
            whole_at = next((some for some in every if type(some) is range), None)
            places = whole_at or sorted(set().union(*every))
        whole = len(places) == len(handles)
        some = handles if whole else [handles[place] for place in places]
        old, new = (
            {
                name: values[name] if whole else [values[name][place] for place in places]
                for name in names
            }
            for values in (befores, afters)
        )
        try:
            if handler.many is not None:
                handler.many(some, old, new)
            else:
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
        numbers_ = pl.int_range(base | low, (base | low) + some, dtype=pl.Int64, eager=True)
        stamps.frombytes(buffer_of(numbers_))
        first_seq, count = first_seq + some, count - some
    return stamps
