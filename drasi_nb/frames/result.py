"""A result as a keyed, paged table that is read as frames.

A tick writes row tuples in place and notes the page; reading builds the frames of the pages
that changed since and shares all others with the frames handed out before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import count, islice
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from drasi_nb.engine.entered import Entered
from drasi_nb.engine.moved import Moved
from drasi_nb.engine.result import Changes, Row, RowChange
from drasi_nb.frames.chunks import Chunks, Places
from drasi_nb.frames.pages import PAGE, SHIFT, Entry, Page, Pages
from drasi_nb.store.numbers import Ints
from drasi_nb.values.ordering import order_key

_CLEAN: set[int] = set()
_STEP = 1_024  # rows in one step
_MANY = 256  # changes of one tick


class _Ready:
    """What a tick makes of a table, while nothing of it shows yet."""

    def __init__(self, changes: Changes) -> None:
        self.changes, self.is_done = changes, False
        self.pages: dict[int, Page] = {}  # as they will be
        self.dirty: Places = {}
        self.taken = 0  # free places that it fills
        self.freed = list[int]()
        self.gone = list[tuple[Any, int]]()  # keys that the index has no more
        self.come = list[Any]()  # keys that it has already


class ResultTable:
    """The rows of one query as of the last tick."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        # place of each key, but for rows that entered as columns and were never changed
        self._index: dict[Any, int] = {}
        self._pages = Pages()
        self._chunks = Chunks(columns, self._pages)
        self._dirty: Places = {}  # since the last frame
        self._height = 0
        self._ready: _Ready | None = None
        self._sorted: tuple[pl.DataFrame, pl.DataFrame] | None = None  # of which, sorted

    def __len__(self) -> int:
        return self._height

    # -- changes ------------------------------------------------------------------------

    def apply(self, changes: Changes) -> None:
        """Take over one tick. Cost: the rows that changed."""
        if self._ready is not None:
            ready, self._ready = self._ready, None
            if ready.is_done and ready.changes is changes:
                self._turn(ready)
                return
            self._forget(ready)
        if not self._pages.pages and len(changes) >= PAGE:
            self._fill(changes)
            return
        index, pages, free, dirty = (
            self._index,
            self._pages.pages,
            self._pages.free,
            self._dirty,
        )
        if isinstance(changes, Moved):
            changes = self._move(changes)
        if len(changes) >= _MANY and not any(c[1] is None or c[2] is None for c in changes):
            self._replace(changes)
            return
        for key, before, after in changes:
            if before is not None and after is not None:
                row = index.get(key)
                if row is None:
                    row = index[key] = self._found(key)
                page, place = row >> SHIFT, row & (PAGE - 1)
                pages[page][place] = (key, after)
                places = dirty.get(page, _CLEAN)
                if places is _CLEAN:
                    dirty[page] = {place}
                elif places is not None:
                    places.add(place)
                continue
            if before is None:
                row = index[key] = free.pop() if free else self._pages.extend()
                self._height += 1
            else:
                row = index.pop(key, None)
                if row is None:
                    row = self._found(key)
                free.append(row)
                self._height -= 1
            page = row >> SHIFT
            pages[page][row & (PAGE - 1)] = None if after is None else (key, after)
            dirty[page] = None

    def _move(self, moved: Moved) -> list[RowChange]:
        """Take over the rows that are columns; return the others."""
        base = self._pages.base
        if base is None:
            return list(moved)
        left = list[RowChange]()
        for block in (moved.changed, moved.left):
            places = base.find(block, moved.released)
            here, elsewhere = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
            if len(here) and block is moved.changed:
                base.write(places[here], block.moving(here))
            elif len(here):
                self._drop(places[here])
            if len(elsewhere):
                left += block.changes(elsewhere)
        left += moved.came.changes()
        return left

    def _drop(self, places: Ints) -> None:
        """Let rows go that are columns."""
        pages, dirty, gone = self._pages.pages, self._dirty, places.tolist()
        for row in gone:
            page = row >> SHIFT
            pages[page][row & (PAGE - 1)] = None
            dirty[page] = None
        self._pages.free += gone
        self._height -= len(gone)
        base = self._pages.base
        assert base is not None
        base.leave_all(places)

    def _replace(self, changes: Changes) -> None:
        """Take over a tick in which no row came or left; ``apply()`` at less per row."""
        keys = [change[0] for change in changes]
        rows: list[Any] = list(map(self._index.get, keys))
        if None in rows:
            for at, key in enumerate(keys):
                if rows[at] is None:
                    rows[at] = self._index[key] = self._found(key)
        pages, dirty = self._pages.pages, self._dirty
        touched: dict[int, list[int]] = defaultdict(list)
        for row, (key, _, after) in zip(rows, changes, strict=True):
            page, place = row >> SHIFT, row & (PAGE - 1)
            pages[page][place] = (key, after)
            touched[page].append(place)
        for page, places in touched.items():
            known = dirty.get(page, _CLEAN)
            if known is not None:
                dirty[page] = known.union(places)

    def _found(self, key: Any) -> int:
        """Return the place of a row that entered as a column and is as it was."""
        if self._pages.base is None:
            raise KeyError(key)
        return self._pages.base.take(key)

    def _fill(self, changes: Changes) -> None:
        """Take over the first rows; their keys differ."""
        self._height = len(changes)
        if isinstance(changes, Entered):
            self._pages.enter(changes)
            return
        entries: list[Any] = [(key, row) for key, _, row in changes]
        self._index.update(zip(map(itemgetter(0), entries), count()))
        self._pages.fill(entries)
        self._dirty.update(dict.fromkeys(range(len(self._pages.pages))))

    @property
    def is_unindexed(self) -> bool:
        """Return whether ``indexing()`` has much to do."""
        return self._pages.base is not None and self._pages.base.rows.keys.is_unindexed

    def indexing(self) -> Iterator[None]:
        """Make in steps what finds rows that entered as columns by their keys."""
        base = self._pages.base
        if base is not None:
            yield from base.rows.keys.indexing()

    # -- a long tick --------------------------------------------------------------------

    def preparing(self, changes: Changes, spent: list[Any]) -> Iterator[None]:
        """Do ``apply()`` in steps beside the pages that are read; then it has little left to do.

        Args:
            changes: What ``apply()`` will be given.
            spent: Gets what nobody needs any more then: to free it takes long too.
        """
        yield from self.indexing()
        ready = self._ready = _Ready(changes)
        index, height = self._index, len(self._pages.pages) << SHIFT
        for number, (key, before, after) in enumerate(changes):
            if before is None:
                row = self._next_free(ready, height)
                ready.come.append(key)
                index[key] = row
            else:
                found = index.get(key)
                row = self._found(key) if found is None else found
                if after is None:
                    index.pop(key, None)
                    spent.append((key, row))
                    ready.gone.append(spent[-1])
                    ready.freed.append(row)
            self._put(
                ready, row, None if after is None else (key, after), before is not None, spent
            )
            if not number % _STEP:
                yield
        ready.is_done = True

    def _next_free(self, ready: _Ready, height: int) -> int:
        """Return the next free place, or one behind all pages."""
        taken, free = ready.taken, self._pages.free
        ready.taken += 1
        return free[-1 - taken] if taken < len(free) else height + taken - len(free)

    def _put(
        self, ready: _Ready, row: int, entry: Entry | None, is_there: bool, spent: list[Any]
    ) -> None:
        number, place = row >> SHIFT, row & (PAGE - 1)
        page = ready.pages.get(number)
        if page is None:
            pages = self._pages.pages
            page = list[Entry | None]([None] * PAGE)
            if number < len(pages):
                old = pages[number]
                page = old.copy()
                spent.append(old)  # and what is in it, so that one step frees few pages
                spent.extend(old if type(old) is list else old.values())
            ready.pages[number] = page
            ready.dirty[number] = set()
        page[place] = entry
        places = ready.dirty[number]
        if entry is None or not is_there:
            ready.dirty[number] = None
        elif places is not None:
            places.add(place)

    def _turn(self, ready: _Ready) -> None:
        """Let what was prepared show."""
        pages, free = self._pages.pages, self._pages.free
        new = max(0, ready.taken - len(free))
        last = len(pages) << SHIFT
        del free[max(0, len(free) - ready.taken) :]
        pages.extend([None] * (-(-new // PAGE)))
        for number, page in ready.pages.items():
            pages[number] = page
        free.extend(range((len(pages) << SHIFT) - 1, last + new - 1, -1))
        free.extend(ready.freed)
        self._height += len(ready.come) - len(ready.freed)
        for number, places in ready.dirty.items():
            known = self._dirty.get(number, _CLEAN)
            self._dirty[number] = None if known is None or places is None else known | places

    def _forget(self, ready: _Ready) -> None:
        """Take back what a tick that did not come prepared."""
        for key in ready.come:
            self._index.pop(key, None)
        self._index.update(ready.gone)

    # -- reading ------------------------------------------------------------------------

    def entries(self, ranks: Mapping[Any, Any] | None = None) -> list[tuple[Any, Row]]:
        """Return (key, row) of every row, in frame order; with ranks, in theirs."""
        rows = list(self._every())
        if ranks is not None:
            rows.sort(key=lambda entry: (ranks[entry[0]], order_key(entry[0])))
        return rows

    def _every(self) -> Iterator[Entry]:
        pages = self._pages
        for number in range(len(pages.pages)):
            for entry in pages.places(number):
                if entry is not None:
                    yield entry

    def first(self, most: int) -> list[tuple[Any, Row]]:
        """Return (key, row) of so many rows, in frame order. Cost: theirs."""
        return list(islice(self._every(), most))

    def frame(self, ranks: Mapping[Any, Any] | None = None) -> pl.DataFrame:
        """Return the result. Cost: the pages that changed since the last read.

        With ranks the rows are sorted too; then a read after a change costs all rows.
        """
        whole = self._chunks.frame(self._dirty)
        if ranks is None:
            return whole
        if self._sorted is None or self._sorted[0] is not whole:
            place_of = {key: i for i, (key, _) in enumerate(self.entries())}
            order = [place_of[key] for key, _ in self.entries(ranks)]
            self._sorted = (whole, whole[order] if order else whole)
        return self._sorted[1]
