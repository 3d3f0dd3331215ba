"""A result as a keyed, paged table that is read as frames.

A tick writes row tuples in place and notes the page; reading builds the frames of the pages
that changed since and shares all others with the frames handed out before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import count, islice
from operator import itemgetter
from typing import Any

import polars as pl

from drasi_nb.engine.result import Row, RowChange
from drasi_nb.frames.schema import series, type_of_all, widen
from drasi_nb.values.ordering import order_key

SHIFT = 10
PAGE = 1 << SHIFT
_FEW = 100  # rows of a page that are set one by one
_CLEAN: set[int] = set()
BLOCK = 32  # pages per block: one dirty page joins few chunks anew, not all of them


class ResultTable:
    """The rows of one query as of the last tick.

    Frames handed out never change: chunks are made new, not written.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.rows_at: dict[Any, int] = {}
        self._pages: list[list[tuple[Any, Row] | None]] = []
        self._free: list[int] = []
        # pages to build anew, or which of their rows changed in place
        self._dirty: dict[int, set[int] | None] = {}
        self._types: list[pl.DataType] = [pl.Null()] * len(columns)
        self._chunks: list[pl.DataFrame] = []
        self._blocks: dict[int, pl.DataFrame] = {}
        self._built: list[list[Row] | None] = []  # the rows each chunk was made of
        self._ready: tuple[list[RowChange], list[int], list[tuple[Any, Row]]] | None = None
        self._whole: pl.DataFrame | None = None
        self._sorted: tuple[pl.DataFrame, pl.DataFrame] | None = None  # of which, sorted

    def __len__(self) -> int:
        return len(self.rows_at)

    def apply(self, changes: list[RowChange]) -> None:
        """Take over one tick. Cost: the rows that changed."""
        ready, self._ready = self._ready, None
        if ready is not None and ready[0] is changes:
            pages = self._pages
            for row, entry in zip(*ready[1:], strict=True):
                pages[row >> SHIFT][row & (PAGE - 1)] = entry
            self._dirty |= dict.fromkeys({row >> SHIFT for row in ready[1]})
            return
        if not self._pages and len(changes) >= PAGE:
            self._fill(changes)
            return
        index, pages, dirty = self.rows_at, self._pages, self._dirty
        for key, before, after in changes:
            if before is not None and after is not None:
                row = index[key]
                page, place = row >> SHIFT, row & (PAGE - 1)
                pages[page][place] = (key, after)
                places = dirty.get(page, _CLEAN)
                if places is _CLEAN:
                    dirty[page] = {place}
                elif places is not None:
                    places.add(place)
                continue
            if before is None:
                row = self._free.pop() if self._free else self._extend()
                index[key] = row
            else:
                row = index.pop(key)
                self._free.append(row)
            page = row >> SHIFT
            pages[page][row & (PAGE - 1)] = None if after is None else (key, after)
            dirty[page] = None

    def preparing(self, changes: list[RowChange]) -> Iterator[None]:
        """Find in steps where changed rows are, so that ``apply()`` of them has little left to do."""
        if any(before is None or after is None for _, before, after in changes):
            return  # rows that come and go move others
        rows, entries = list[int](), list[tuple[Any, Row]]()
        for at in range(0, len(changes), PAGE):
            part = changes[at : at + PAGE]
            rows += [self.rows_at[key] for key, _, _ in part]
            entries += [(key, after) for key, _, after in part if after is not None]
            yield
        self._ready = (changes, rows, entries)

    def _fill(self, changes: list[RowChange]) -> None:
        """Take over the first rows, page by page; their keys differ."""
        entries: list[Any] = [(key, row) for key, _, row in changes]
        self.rows_at.update(zip(map(itemgetter(0), entries), count()))
        pages = -(-len(entries) // PAGE)
        spare = pages * PAGE - len(entries)
        self._free.extend(range(pages * PAGE - 1, len(entries) - 1, -1))
        entries += [None] * spare
        self._pages = [entries[at : at + PAGE] for at in range(0, len(entries), PAGE)]
        self._chunks = [pl.DataFrame()] * pages
        self._built = [None] * pages
        self._dirty = dict.fromkeys(range(pages))

    def _extend(self) -> int:
        base = len(self._pages) << SHIFT
        self._pages.append([None] * PAGE)
        self._chunks.append(pl.DataFrame())
        self._built.append(None)
        self._free.extend(range(base + PAGE - 1, base, -1))
        return base

    def entries(self, ranks: Mapping[Any, Any] | None = None) -> list[tuple[Any, Row]]:
        """Return (key, row) of every row, in frame order; with ranks, in theirs."""
        rows = [entry for page in self._pages for entry in page if entry is not None]
        if ranks is not None:
            rows.sort(key=lambda entry: (ranks[entry[0]], order_key(entry[0])))
        return rows

    def first(self, most: int) -> list[tuple[Any, Row]]:
        """Return (key, row) of so many rows, in frame order. Cost: theirs."""
        rows = (entry for page in self._pages for entry in page if entry is not None)
        return list(islice(rows, most))

    def get(self, key: Any) -> Row | None:
        """Return the row under a key."""
        row = self.rows_at.get(key)
        if row is None:
            return None
        entry = self._pages[row >> SHIFT][row & (PAGE - 1)]
        return None if entry is None else entry[1]

    def frame(self, ranks: Mapping[Any, Any] | None = None) -> pl.DataFrame:
        """Return the result. Cost: the pages that changed since the last read.

        With ranks the rows are sorted too; then a read after a change costs all rows.
        """
        if ranks is not None:
            whole = self.frame()
            if self._sorted is None or self._sorted[0] is not whole:
                place_of = {key: i for i, (key, _) in enumerate(self.entries())}
                order = [place_of[key] for key, _ in self.entries(ranks)]
                self._sorted = (whole, whole[order] if order else whole)
            return self._sorted[1]
        if self._whole is not None and not self._dirty:
            return self._whole
        if not self._pages:
            self._whole = pl.DataFrame(
                [pl.Series(name, [], pl.Null()) for name in self.columns]
            )
            return self._whole
        types = list(self._types)
        built = {page: self._changed(page, places) for page, places in self._dirty.items()}
        for columns in built.values():
            for place, (_, values) in columns.items():
                if values:
                    types[place] = widen(types[place], type_of_all(values))
        if types != self._types:
            self._types = types
            if len(built) < len(self._pages):  # the other pages need the wider type too
                self._dirty = dict.fromkeys(range(len(self._pages)))
            self._built = [None] * len(self._pages)
            built = {page: self._changed(page, None) for page in self._dirty}
        for page, columns in built.items():
            # with_columns() would start the lazy engine, which takes longer than all the rest
            new = self._chunks[page].get_columns() or [pl.Series()] * len(types)
            for c, (places, values) in columns.items():
                made = series(self.columns[c], values, types[c])
                new[c] = made if places is None else new[c].clone().scatter(places, made)
            self._chunks[page] = pl.DataFrame(new)
        for block in {page // BLOCK for page in self._dirty}:
            chunks = self._chunks[block * BLOCK : (block + 1) * BLOCK]
            self._blocks[block] = pl.concat(chunks, rechunk=False)
        self._dirty.clear()
        blocks = [self._blocks[block] for block in sorted(self._blocks)]
        self._whole = blocks[0] if len(blocks) == 1 else pl.concat(blocks, rechunk=False)
        return self._whole

    def _changed(
        self, page: int, places: set[int] | None
    ) -> dict[int, tuple[list[int] | None, list[Any]]]:
        """Return the columns of a page that changed since its chunk was made.

        Per column: where it changed and the values there; None and all its values where that is
        less work, or Polars cannot set single values.
        """
        entries, before = self._pages[page], self._built[page]
        width = range(len(self.columns))
        if before is not None and places is not None and len(places) <= _FEW:
            order = sorted(places)
            at = order
            if len(before) < PAGE:  # rows are numbered without the free places
                there = [i for i, entry in enumerate(entries) if entry is not None]
                at = [bisect_left(there, place) for place in order]
            old = [before[i] for i in at]
            new = [entry[1] for place in order if (entry := entries[place]) is not None]
            for i, row in zip(at, new, strict=True):
                before[i] = row
            changed = [
                c for c in width if any(a[c] is not b[c] for a, b in zip(old, new, strict=True))
            ]
            if not any(self._types[c].is_nested() for c in changed):
                return {c: (at, [row[c] for row in new]) for c in changed}
            return {c: (None, [row[c] for row in before]) for c in changed}
        rows = [entry[1] for entry in entries if entry is not None]
        self._built[page] = rows
        if before is None or len(before) != len(rows):
            return {c: (None, [row[c] for row in rows]) for c in width}
        moved = [(a, b) for a, b in zip(before, rows, strict=True) if a is not b]
        changed = [c for c in width if any(a[c] is not b[c] for a, b in moved)]
        return {c: (None, [row[c] for row in rows]) for c in changed}
