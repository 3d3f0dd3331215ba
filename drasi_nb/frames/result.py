"""A result as a keyed table of columns that is read as frames.

A row has a place; a tick writes the cells that changed and notes their pages. Reading builds the
frames of those pages and shares all others with the frames handed out before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from operator import is_not
from typing import Any

import numpy as np
import polars as pl

from drasi_nb.engine.moved import Moved, Part
from drasi_nb.engine.result import Changes, Row
from drasi_nb.frames.beside import Beside
from drasi_nb.frames.chunks import Chunks
from drasi_nb.frames.places import Entry, Places
from drasi_nb.store.cells import Cell, Cells, some_of
from drasi_nb.store.numbers import Ints
from drasi_nb.store.paging import LOW, PAGE, SHIFT
from drasi_nb.values.ordering import order_key

_MANY = 256  # changes of one tick


class ResultTable:
    """The rows of one query as of the last tick."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._places = Places(len(columns))
        self._chunks = Chunks(columns, self._places)
        self._beside: Beside | None = None
        self._sorted: tuple[pl.DataFrame, pl.DataFrame] | None = None  # of which, sorted

    def __len__(self) -> int:
        return self._places.height

    # -- changes ------------------------------------------------------------------------

    def apply(self, changes: Changes) -> None:
        """Take over one tick. Cost: the cells that changed."""
        places = self._places
        if self._beside is not None:
            beside, self._beside = self._beside, None
            if beside.is_done and beside.changes is changes:
                beside.turn()
                return
            beside.forget()
        if len(changes) < _MANY and type(changes) is list:  # most often
            self._apply(changes)
        elif not places.rows.page_count and len(changes) >= PAGE:
            places.enter(changes)
        elif isinstance(changes, Moved):
            for part in changes.parts:
                self._move(part)
        elif len(changes) >= _MANY and not any(c[1] is None or c[2] is None for c in changes):
            self._replace(changes)
        else:
            self._apply(changes)

    def _replace(self, changes: Changes) -> None:
        """Take over a tick in which no row came or left; ``_apply()`` at less per row."""
        places = self._places
        keys, befores, afters = zip(*changes, strict=True)
        found = list[Any](map(places.index.get, keys))
        for n, place in enumerate(found):
            if place is None:
                found[n] = places.keyed.find(keys[n])
        sides = (zip(*rows, strict=True) for rows in (befores, afters))
        for c, (before, after) in enumerate(zip(*sides, strict=True)):
            if before is after:
                continue
            differs = np.flatnonzero(
                np.fromiter(map(is_not, before, after), np.bool_, len(keys))
            )
            if len(differs):
                self._set(c, np.array(found)[differs], some_of(list(after), differs))

    def _set(self, c: int, found: Ints, values: Cell) -> None:
        """Write a column at some places."""
        places, width = self._places, len(self.columns)
        cells = Cells(places.rows, found)
        cells.write(places.names[c], values)
        places.dirty.update((np.array(cells.pages) * width + c).tolist())

    def _apply(self, changes: Changes) -> None:
        places = self._places
        index, names, dirty = places.index, places.names, places.dirty
        columns, write, width = places.columns, places.rows.write, len(places.names)
        for key, before, after in changes:
            if before is None:
                assert after is not None
                places.put(key, after)
            elif after is None:
                places.drop(places.take(key))
            else:
                place = index.get(key)
                if place is None:
                    place = places.keyed.find(key)
                code = (place >> SHIFT) * width
                for c, value in enumerate(after):
                    if value is not before[c]:
                        page = columns[c][place >> SHIFT]
                        # as ``Rows.write()``, without a call for most
                        if type(page) is list or (
                            type(page) is memoryview and type(value) is type(before[c])
                        ):
                            page[place & LOW] = value
                        else:
                            write(names[c], place, value)
                        dirty.add(code + c)

    def _move(self, moved: Part) -> None:
        places = self._places
        if len(moved.changed.handles):
            found = places.by_node(moved.changed, moved.released)
            for c, values in moved.changed.moving().items():
                self._set(c, found, values)
        if len(moved.left.handles):
            places.drop_all(places.by_node(moved.left, moved.released))
        if len(moved.came.handles):
            places.put_all(moved.came)

    # -- a long tick --------------------------------------------------------------------

    @property
    def is_unindexed(self) -> bool:
        """Return whether ``indexing()`` has much to do."""
        return self._places.keyed.is_unindexed

    def indexing(self) -> Iterator[None]:
        """Make in steps what finds rows that entered as columns by their keys."""
        yield from self._places.keyed.indexing()

    def preparing(self, changes: Changes, spent: list[Any]) -> Iterator[None]:
        """Do ``apply()`` in steps beside the pages that are read; then it has little left to do.

        Args:
            changes: What ``apply()`` will be given.
            spent: Gets what nobody needs any more then: to free it takes long too.
        """
        yield from self.indexing()
        self._beside = Beside(self._places, changes)
        yield from self._beside.preparing(spent)

    # -- reading ------------------------------------------------------------------------

    def entries(self, ranks: Mapping[Any, Any] | None = None) -> list[tuple[Any, Row]]:
        """Return (key, row) of every row, in frame order; with ranks, in theirs."""
        rows = list(self._every())
        if ranks is not None:
            rows.sort(key=lambda entry: (ranks[entry[0]], order_key(entry[0])))
        return rows

    def _every(self) -> Iterator[Entry]:
        for number in range(self._places.rows.page_count):
            yield from self._places.entries(number)

    def first(self, most: int) -> list[tuple[Any, Row]]:
        """Return (key, row) of so many rows, in frame order. Cost: theirs."""
        return list(islice(self._every(), most))

    def frame(self, ranks: Mapping[Any, Any] | None = None) -> pl.DataFrame:
        """Return the result. Cost: the pages that changed since the last read.

        With ranks the rows are sorted too; then a read after a change costs all rows.
        """
        whole = self._chunks.frame()
        if ranks is None:
            return whole
        if self._sorted is None or self._sorted[0] is not whole:
            place_of = {key: i for i, (key, _) in enumerate(self.entries())}
            order = [place_of[key] for key, _ in self.entries(ranks)]
            self._sorted = (whole, whole[order] if order else whole)
        return self._sorted[1]
