"""The frames of a result's pages: built when they are read, and shared until they change."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, chain
from typing import Any

import numpy as np
import polars as pl

from drasi_nb.frames.places import Places
from drasi_nb.frames.schema import series, type_of_all, widen
from drasi_nb.store.numbers import code_of
from drasi_nb.store.paging import PAGE

BLOCK = 32  # pages per block: one dirty page joins few chunks anew, not all of them
_MANY = 64  # dirty pages from which whole columns may be less work,
_PART = 7 / 8  # if they are so many of all: the others could be shared

Made = pl.Series | list[Any]  # numbers, or what is to be one when all types are known


class _Column:
    """One column of all pages.

    Attributes:
        first: The whole column as it once was made.
        starts: Where each page begins in it.
        chunks: Of pages, where they are not its slices.
        blocks: Of many pages.
    """

    def __init__(self) -> None:
        self.chunks: dict[int, pl.Series] = {}
        self.blocks: dict[int, pl.Series] = {}
        self.starts: list[int] = [0]
        self.first = pl.Series()

    def make(self, values: pl.Series, starts: list[int]) -> None:
        """Take over a whole column."""
        self.first, self.starts = values, starts
        self.chunks.clear()
        self.blocks.clear()

    def set(self, number: int, values: pl.Series) -> None:
        """Take over a page."""
        self.chunks[number] = values
        self.blocks.pop(number // BLOCK, None)

    def joined(self, count: int) -> pl.Series:
        """Return the column of so many pages."""
        blocks = list[pl.Series]()
        for block in range(-(-count // BLOCK)):
            if block not in self.blocks:
                stop = min(count, (block + 1) * BLOCK)
                self.blocks[block] = self._joined(block * BLOCK, stop)
            blocks.append(self.blocks[block])
        return blocks[0] if len(blocks) == 1 else pl.concat(blocks, rechunk=False)

    def _joined(self, start: int, stop: int) -> pl.Series:
        chunks, parts = self.chunks, list[pl.Series]()
        for number in [*sorted(chunks.keys() & range(start, stop)), stop]:
            if start < number:  # slices side by side are one
                parts.append(self.first[self.starts[start] : self.starts[number]])
            if number < stop:
                parts.append(chunks[number])
            start = number + 1
        return parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=False)


class Chunks:
    """Makes the frame of all pages.

    Frames handed out never change: chunks are made new, not written.

    Args:
        columns: Their names.
        places: The rows.
    """

    def __init__(self, columns: tuple[str, ...], places: Places) -> None:
        self.columns, self.places = columns, places
        self._types: list[pl.DataType] = [pl.Null()] * len(columns)
        self._made = [_Column() for _ in columns]
        self._whole: pl.DataFrame | None = None

    def frame(self) -> pl.DataFrame:
        """Return all rows. Cost: the columns of pages that changed since the last time."""
        places, width = self.places, len(self.columns)
        if self._whole is not None and not places.dirty and not places.changed:
            return self._whole
        if not places.rows.page_count:
            names = self.columns
            self._whole = pl.DataFrame([pl.Series(name, [], pl.Null()) for name in names])
            return self._whole
        pages: list[set[int]] = [set(places.changed) for _ in self.columns]
        for code in places.dirty:
            pages[code % width].add(code // width)
        old = [] if self._whole is None else self._whole.get_columns()
        new = [
            self._column(c, numbers) if numbers or not old else old[c]
            for c, numbers in enumerate(pages)
        ]
        self._whole = pl.DataFrame(new)
        places.dirty.clear()
        places.changed.clear()
        return self._whole

    def _column(self, c: int, numbers: set[int]) -> pl.Series:
        """Return a column in which some pages changed."""
        count, made = self.places.rows.page_count, self._made[c]
        is_number = self._types[c] in (pl.Float64(), pl.Int64())
        if len(numbers) == count or (is_number and len(numbers) > max(_MANY, count * _PART)):
            return self._all(c)
        values = {number: self._values(c, number) for number in numbers}
        if self._is_wider(c, values.values()):
            return self._all(c)
        for number, some in values.items():
            made.set(number, self._series(c, some))
        return made.joined(count)

    # -- all pages ----------------------------------------------------------------------

    def _all(self, c: int) -> pl.Series:
        """Return a column, made anew."""
        pages = self.places.columns[c]
        there = [self.places.there(number) for number in range(len(pages))]
        code = code_of(pages)
        values: Made
        if code:
            parts = (np.frombuffer(page, code) for page in pages)
            taken = zip(parts, there, strict=True)
            whole = np.concatenate([p if some is None else p[some] for p, some in taken])
            values = pl.Series(self.columns[c], whole)
        else:
            values = list(
                chain.from_iterable(
                    page if some is None else [page[place] for place in some]
                    for page, some in zip(pages, there, strict=True)
                )
            )
        self._is_wider(c, (values,))
        made = self._series(c, values)
        counts = (PAGE if some is None else len(some) for some in there)
        self._made[c].make(made, list(accumulate(counts, initial=0)))
        return made

    # -- some pages ---------------------------------------------------------------------

    def _values(self, c: int, number: int) -> Made:
        """Return a column of a page."""
        page, there = self.places.columns[c][number], self.places.there(number)
        if type(page) is memoryview:
            values = np.frombuffer(page, page.format)
            return pl.Series(self.columns[c], values.copy() if there is None else values[there])
        return list(page) if there is None else [page[place] for place in there]

    # -- types --------------------------------------------------------------------------

    def _is_wider(self, c: int, made: Iterable[Made]) -> bool:
        """Widen a type to hold new values; return whether it is another one now."""
        before = self._types[c]
        for values in made:
            if len(values):
                own = values.dtype if isinstance(values, pl.Series) else type_of_all(values)
                self._types[c] = widen(self._types[c], own)
        return self._types[c] != before

    def _series(self, c: int, values: Made) -> pl.Series:
        name, wanted = self.columns[c], self._types[c]
        if isinstance(values, pl.Series):
            if values.dtype == wanted:
                return values
            values = values.to_list()
        return series(name, values, wanted)
