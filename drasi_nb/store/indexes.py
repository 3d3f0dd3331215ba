"""Ways to reach elements without a walk: by a property's value, by both ends, by label.

Indexes are made when a query first needs them, shared by all queries, and kept by the store.
They answer with candidates: the condition that asked is still tested on each of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from drasi_nb.store.paging import EMPTY, LOW, SHIFT, Page
from drasi_nb.values.ordering import group_key

if TYPE_CHECKING:
    from drasi_nb.language import ast
    from drasi_nb.store.graph import Graph
    from drasi_nb.store.relations import RelationTable

_NOTHING: tuple[int, ...] = ()


def _key(value: Any) -> Any:
    """Return a hashable key, the same for all values that are equal."""
    kind = type(value)
    if kind is list or kind is dict:
        return (kind, len(value))  # [1] = [1.0]
    return group_key(value)


class PropertyIndex:
    """The rows of a table by the value of one property, nulls left out. Cost: O(1) a change.

    Args:
        pages: The property's column, with the values that are there already.
    """

    def __init__(self, pages: list[Page]) -> None:
        self._pages = pages
        self._rows: dict[Any, set[int]] = {}
        for number, page in enumerate(pages):
            if page is not EMPTY:
                for place, value in enumerate(page):
                    if value is not None:
                        self.add((number << SHIFT) + place, value)

    def add(self, row: int, value: Any) -> None:
        """Note a row that has no value yet."""
        self._rows.setdefault(_key(value), set()).add(row)

    def move(self, row: int, value: Any) -> None:
        """Note that a row is about to get a value; the column still has the old one."""
        before = self._pages[row >> SHIFT][row & LOW]
        if before is not None:
            key = _key(before)
            rows = self._rows[key]
            rows.discard(row)
            if not rows:
                del self._rows[key]
        if value is not None:
            self.add(row, value)

    def probe(self, value: Any) -> Collection[int]:
        """Return the rows with an equal value."""
        return _NOTHING if value is None else self._rows.get(_key(value), _NOTHING)

    def probe_both(self, before: Any, after: Any) -> Collection[int]:
        """Return the rows with a value equal to one of two, each once."""
        old, new = self.probe(before), self.probe(after)
        return old if new is old else {*old, *new}


class PairIndex:
    """The relations of one type by (start, end). Cost: O(1) a change.

    Args:
        ids: Pages of them; None where no relation lives.
        src: Start handles by row.
        dst: End handles by row.
    """

    def __init__(self, ids: list[Page], src: array[int], dst: array[int]) -> None:
        self._rows: dict[int, int | set[int]] = {}  # most pairs have one relation
        for row, element_id in enumerate(chain.from_iterable(ids)):
            if element_id is not None:
                self.add(row, src[row], dst[row])

    def add(self, row: int, src: int, dst: int) -> None:
        """Note a relation."""
        key = src << 32 | dst
        there = self._rows.setdefault(key, row)
        if type(there) is set:
            there.add(row)
        elif there != row:
            self._rows[key] = {there, row}  # type: ignore[arg-type]

    def drop(self, row: int, src: int, dst: int) -> None:
        """Forget a relation."""
        key = src << 32 | dst
        there = self._rows[key]
        if type(there) is set:
            there.discard(row)
            if there:
                return
        del self._rows[key]

    def between(self, src: int, dst: int) -> Collection[int]:
        """Return the rows of the relations from one handle to another."""
        there = self._rows.get(src << 32 | dst)
        if there is None:
            return _NOTHING
        return (there,) if type(there) is int else there  # type: ignore[return-value]


class RelationTables:
    """The tables whose type satisfies an expression, those to come included."""

    def __init__(self, graph: Graph, types: ast.LabelExpr | None) -> None:
        self.graph, self.types = graph, types
        self.seen = 0
        self.tables: list[RelationTable] = []

    def __iter__(self) -> Iterator[RelationTable]:
        new = self.graph.tables[self.seen :]
        if new:
            self.tables.extend(table for table in new if table.is_of(self.types))
            self.seen += len(new)
        return iter(self.tables)


def scan_pages(mask: list[bool], ids: list[Page]) -> Iterator[int]:
    """Yield the handles of all nodes on the pages of a mask."""
    for page, matches in enumerate(mask):
        if matches:
            base = page << SHIFT
            for place, element_id in enumerate(ids[page]):
                if element_id is not None:
                    yield base + place
