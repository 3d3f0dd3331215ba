"""The frames of a result's pages: built when they are read, and shared until they change."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from drasi_nb.engine.entered import Entered
from drasi_nb.engine.result import Row
from drasi_nb.frames.base import Base
from drasi_nb.frames.pages import PAGE, SHIFT, Pages
from drasi_nb.frames.schema import series, type_of_all, widen
from drasi_nb.values.ordering import identical

BLOCK = 32  # pages per block: one dirty page joins few chunks anew, not all of them
_FEW = 100  # rows of a page that are set one by one
_TEXT = frozenset({str, type(None)})

# page -> which of its rows changed in place; None: others too
Places = dict[int, set[int] | None]


class Chunks:
    """Makes the frame of pages.

    Frames handed out never change: chunks are made new, not written.

    Args:
        columns: Their names.
        pages: The rows.
    """

    def __init__(self, columns: tuple[str, ...], pages: Pages) -> None:
        self.columns, self.pages = columns, pages
        self._types: list[pl.DataType] = [pl.Null()] * len(columns)
        self._first: pl.DataFrame | None = None  # of the rows that entered as columns
        self._chunks: dict[int, pl.DataFrame] = {}  # of pages, where they are not its slices
        self._blocks: dict[int, pl.DataFrame] = {}
        self._built: dict[int, list[Row]] = {}  # the rows each chunk was made of
        self._set: dict[int, dict[int, Row]] = {}  # or those in which it differs from its slice
        self._whole: pl.DataFrame | None = None

    def frame(self, dirty: Places) -> pl.DataFrame:
        """Return all rows. Cost: the pages that are dirty, which none is afterwards."""
        base = self.pages.base
        if base is not None and base.stale:
            self._renew(base, dirty)
        elif self._whole is not None and not dirty:
            return self._whole
        pages = self.pages.pages
        if not pages:
            names = self.columns
            self._whole = pl.DataFrame([pl.Series(name, [], pl.Null()) for name in names])
            return self._whole
        if self._first is None and base is not None:
            self._first = self._frame_of(base.rows)
        built = {page: self._changed(page, places) for page, places in dirty.items()}
        types = list(self._types)
        for columns in built.values():
            for place, (_, values) in columns.items():
                if values:
                    types[place] = widen(types[place], type_of_all(values))
        if types != self._types:
            self._types = types
            if len(built) < len(pages):  # the other pages need the wider type too
                dirty.update(dict.fromkeys(range(len(pages))))
            self._built.clear()
            self._set.clear()
            built = {page: self._changed(page, None) for page in dirty}
        for page, columns in built.items():
            # with_columns() would start the lazy engine, which takes longer than all the rest
            new = self._chunk(page).get_columns() or [pl.Series()] * len(types)
            for c, (places, values) in columns.items():
                made = series(self.columns[c], values, types[c])
                new[c] = made if places is None else new[c].clone().scatter(places, made)
            self._chunks[page] = pl.DataFrame(new)
        for block in {page // BLOCK for page in dirty}:
            self._blocks[block] = self._block(block)
        dirty.clear()
        blocks = [
            self._blocks[block] if block in self._blocks else self._block(block)
            for block in range(-(-len(pages) // BLOCK))
        ]
        self._whole = blocks[0] if len(blocks) == 1 else pl.concat(blocks, rechunk=False)
        return self._whole

    def _renew(self, base: Base, dirty: Places) -> None:
        """Take note of columns of the base that were written."""
        stale, written = base.seen()
        numbers = {
            c: as_series(self.columns[c], values)
            for c in stale
            if isinstance(values := base.rows.columns[c], np.ndarray)
        }
        if (
            self._first is not None
            and len(numbers) == len(stale)
            and all(self._types[c] == values.dtype for c, values in numbers.items())
        ):
            made = self._first.get_columns()
            for c, values in numbers.items():
                made[c] = values[: self._first.height]
            self._first = pl.DataFrame(made)
            touched = set(np.unique(np.concatenate(written) >> SHIFT).tolist())
        else:  # other types, or values that Polars cannot take over
            self._first = None
            touched = set(range(len(self.pages.pages)))
        for page in self._chunks.keys() & touched:
            held = self.pages.pages[page]
            if type(held) is dict:  # made anew of its slice
                for known in (self._chunks, self._set, self._built):
                    known.pop(page, None)
                if dirty.get(page, held) is not None:
                    dirty[page] = set(held)
        self._blocks.clear()

    def _frame_of(self, base: Entered) -> pl.DataFrame:
        made = list[pl.Series]()
        for c, (name, values) in enumerate(zip(self.columns, base.columns, strict=True)):
            if isinstance(values, list):
                kinds = set(map(type, values))
                if kinds <= _TEXT and str in kinds:  # what follows would look again, twice
                    self._types[c] = pl.String()
                    made.append(pl.Series(name, values, dtype=pl.String))
                    continue
                self._types[c] = type_of_all(values)
                made.append(series(name, values, self._types[c]))
            elif isinstance(values, np.ndarray):
                made.append(as_series(name, values))
                self._types[c] = made[-1].dtype
            elif values.null_count() == len(values):
                made.append(
                    pl.repeat(None, len(values), dtype=pl.Null(), eager=True).alias(name)
                )
            else:
                self._types[c] = values.dtype
                made.append(values.alias(name))
        return pl.DataFrame(made)

    def _chunk(self, page: int) -> pl.DataFrame:
        """Return the chunk of a page as it is now; none at all of a new page."""
        chunk = self._chunks.get(page)
        if chunk is not None:
            return chunk
        start = page << SHIFT
        if self._first is None or start >= self._first.height:
            return pl.DataFrame()
        return self._first[start : start + PAGE]

    def _block(self, block: int) -> pl.DataFrame:
        start, stop = block * BLOCK, min(len(self.pages.pages), (block + 1) * BLOCK)
        chunks, parts = self._chunks, list[pl.DataFrame]()
        for page in [*sorted(chunks.keys() & range(start, stop)), stop]:
            if start < page:  # slices side by side are one
                assert self._first is not None
                parts.append(self._first[start << SHIFT : page << SHIFT])
            if page < stop:
                parts.append(chunks[page])
            start = page + 1
        return parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=False)

    def _changed(
        self, page: int, places: set[int] | None
    ) -> dict[int, tuple[list[int] | None, list[Any]]]:
        """Return the columns of a page that changed since its chunk was made.

        Per column: where it changed and the values there; None and all its values where that is
        less work, or Polars cannot set single values.
        """
        held, before = self.pages.pages[page], self._built.get(page)
        width = range(len(self.columns))
        if type(held) is dict:
            if places is not None and len(held) <= _FEW:
                few = self._few_changed(page, held, sorted(places))
                if few is not None:
                    return few
            if places is not None:
                self._built[page] = before = self._made_of(page)
            held = self.pages.unfold(page)
        if before is not None and places is not None and len(places) <= _FEW:
            order = sorted(places)
            at = order
            if len(before) < PAGE:  # rows are numbered without the free places
                there = [i for i, entry in enumerate(held) if entry is not None]
                at = [bisect_left(there, place) for place in order]
            old = [before[i] for i in at]
            new = [entry[1] for place in order if (entry := held[place]) is not None]
            for i, row in zip(at, new, strict=True):
                before[i] = row
            changed = [
                c for c in width if any(a[c] is not b[c] for a, b in zip(old, new, strict=True))
            ]
            if not any(self._types[c].is_nested() for c in changed):
                return {c: (at, [row[c] for row in new]) for c in changed}
            return {c: (None, [row[c] for row in before]) for c in changed}
        rows = [entry[1] for entry in held if entry is not None]
        self._built[page] = rows
        if before is None or len(before) != len(rows):
            return {c: (None, [row[c] for row in rows]) for c in width}
        moved = [(a, b) for a, b in zip(before, rows, strict=True) if a is not b]
        changed = [c for c in width if any(a[c] is not b[c] for a, b in moved)]
        return {c: (None, [row[c] for row in rows]) for c in changed}

    def _few_changed(
        self, page: int, held: dict[int, tuple[Any, Row]], places: list[int]
    ) -> dict[int, tuple[list[int] | None, list[Any]]] | None:
        """Return the same of few rows in a page of columns; None where they cannot be set."""
        base, start = self.pages.base, page << SHIFT
        assert base is not None
        done = self._set.setdefault(page, {})
        out: dict[int, tuple[list[int] | None, list[Any]]] = {}
        for c, values in enumerate(base.rows.columns):
            old = [done[at][c] if at in done else values[start + at] for at in places]
            new = [held[at][1][c] for at in places]
            if not all(map(_same, old, new)):
                out[c] = places, new
        if any(self._types[c].is_nested() for c in out):
            return None
        done.update((at, held[at][1]) for at in places)
        return out

    def _made_of(self, page: int) -> list[Row]:
        """Return the rows that the chunk of a page of columns was made of."""
        base, start = self.pages.base, page << SHIFT
        assert base is not None
        rows = [row for _, row in base.rows.entries(start, start + PAGE)]
        for at, row in self._set.pop(page, {}).items():
            rows[at] = row
        return rows


def as_series(name: str, values: npt.NDArray[Any]) -> pl.Series:
    """Return a copy of numbers as a column."""
    return pl.Series(name, values.copy())


def _same(a: Any, b: Any) -> bool:
    return a is b or identical(a, b)
