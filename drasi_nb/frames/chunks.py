"""The frames of a result's pages: built when they are read, and shared until they change."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from drasi_nb.frames.places import Places
from drasi_nb.frames.schema import series, type_of_all, widen
from drasi_nb.store.numbers import Array, code_of

BLOCK = 32  # pages per block: one dirty page joins few chunks anew, not all of them
_MANY = 64  # dirty pages from which whole columns may be less work
_PART = 4  # of all pages, if they are so many
_TYPES: dict[str, pl.DataType] = {"d": pl.Float64(), "q": pl.Int64()}
_TEXT = frozenset({str, type(None)})

Made = pl.Series | list[Any]  # numbers, or what is to be one when all types are known


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
        self._first = pl.DataFrame()  # of all pages there were, and where each begins
        self._starts: list[int] = [0]
        self._chunks: dict[int, pl.DataFrame] = {}  # of pages, where they are not its slices
        self._blocks: dict[int, pl.DataFrame] = {}
        self._whole: pl.DataFrame | None = None

    def frame(self) -> pl.DataFrame:
        """Return all rows. Cost: the columns of pages that changed since the last time."""
        places = self.places
        if self._whole is not None and not places.dirty and not places.changed:
            return self._whole
        if not places.rows.page_count:
            names = self.columns
            self._whole = pl.DataFrame([pl.Series(name, [], pl.Null()) for name in names])
        elif self._whole is None or len(self._starts) == 1:
            self._make(range(len(self.columns)))
        else:
            self._renew()
        places.dirty.clear()
        places.changed.clear()
        assert self._whole is not None
        return self._whole

    # -- all pages ----------------------------------------------------------------------

    def _make(self, columns: range | set[int]) -> None:
        """Make whole columns; the others are those of ``_whole``."""
        places = self.places
        there = [places.there(number) for number in range(places.rows.page_count)]
        counts = [len(page) if some is None else len(some)
                  for page, some in zip(places.rows.ids, there, strict=True)]  # fmt: skip
        made = {c: self._column(c, there) for c in columns}
        self._settle_types(made.items())
        old = [] if self._whole is None else self._whole.get_columns()
        self._first = pl.DataFrame(
            [
                self._series(c, made[c]) if c in made else old[c].rechunk()
                for c in range(len(self.columns))
            ]
        )
        self._starts = [0, *np.cumsum(counts).tolist()]
        self._chunks.clear()
        self._blocks.clear()
        self._whole = self._first

    def _column(self, c: int, there: list[list[int] | None]) -> Made:
        pages = self.places.columns[c]
        code = code_of(pages)
        if code:
            parts = [np.frombuffer(page, code) for page in pages]
            return self._numbers(
                c,
                np.concatenate(
                    [
                        part if some is None else part[some]
                        for part, some in zip(parts, there, strict=True)
                    ]
                ),
            )
        return list(
            chain.from_iterable(
                page if some is None else [page[place] for place in some]
                for page, some in zip(pages, there, strict=True)
            )
        )

    # -- some pages ---------------------------------------------------------------------

    def _renew(self) -> None:
        """Make the columns of pages that changed."""
        places, width = self.places, len(self.columns)
        pages: dict[int, set[int]] = {}
        for code in places.dirty:
            number, c = divmod(code, width)
            if number not in places.changed:
                pages.setdefault(number, set()).add(c)
        columns = set().union(*pages.values())
        if len(pages) > max(_MANY, places.rows.page_count // _PART) and all(
            self._types[c] in (pl.Float64, pl.Int64) for c in columns
        ):
            self._some({number: set(range(width)) for number in places.changed})
            self._join()
            self._make(columns)
            return
        self._some(pages | {number: set(range(width)) for number in places.changed})
        self._join()

    def _some(self, pages: dict[int, set[int]]) -> None:
        made = dict[tuple[int, int], Made]()
        for number, columns in pages.items():
            there = self.places.there(number)
            for c in columns:
                made[number, c] = self._values(c, number, there)
        if self._settle_types((c, values) for (_, c), values in made.items()):
            self.places.changed.update(range(self.places.rows.page_count))
            self._some({n: set(range(len(self.columns))) for n in self.places.changed})
            return
        for number, columns in pages.items():
            # with_columns() would start the lazy engine, which takes longer than all the rest
            new = self._chunk(number).get_columns() or [pl.Series()] * len(self.columns)
            for c in columns:
                new[c] = self._series(c, made[number, c])
            self._chunks[number] = pl.DataFrame(new)
        for block in {number // BLOCK for number in pages}:
            self._blocks.pop(block, None)

    def _values(self, c: int, number: int, there: list[int] | None) -> Made:
        page = self.places.columns[c][number]
        if type(page) is memoryview:
            values = np.frombuffer(page, page.format)
            return self._numbers(c, values.copy() if there is None else values[there])
        if there is None:
            return list(page)
        return [page[place] for place in there]

    def _chunk(self, number: int) -> pl.DataFrame:
        """Return the chunk of a page as it is now; none at all of a new page."""
        chunk = self._chunks.get(number)
        if chunk is not None:
            return chunk
        if number + 1 >= len(self._starts):
            return pl.DataFrame()
        return self._between(number, number + 1)

    def _between(self, start: int, stop: int) -> pl.DataFrame:
        return self._first[self._starts[start] : self._starts[stop]]

    def _join(self) -> None:
        """Put the chunks together."""
        count = self.places.rows.page_count
        blocks = list[pl.DataFrame]()
        for block in range(-(-count // BLOCK)):
            if block not in self._blocks:
                self._blocks[block] = self._block(block, count)
            blocks.append(self._blocks[block])
        self._whole = blocks[0] if len(blocks) == 1 else pl.concat(blocks, rechunk=False)

    def _block(self, block: int, count: int) -> pl.DataFrame:
        start, stop = block * BLOCK, min(count, (block + 1) * BLOCK)
        chunks, parts = self._chunks, list[pl.DataFrame]()
        for number in [*sorted(chunks.keys() & range(start, stop)), stop]:
            if start < number:  # slices side by side are one
                parts.append(self._between(start, number))
            if number < stop:
                parts.append(chunks[number])
            start = number + 1
        return parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=False)

    # -- types --------------------------------------------------------------------------

    def _numbers(self, c: int, values: Array) -> pl.Series:
        return pl.Series(self.columns[c], values)

    def _settle_types(self, made: Any) -> bool:
        """Widen the types to hold new values; return whether any is another one now."""
        types = list(self._types)
        for c, values in made:
            if isinstance(values, pl.Series):
                types[c] = widen(types[c], values.dtype) if len(values) else types[c]
            elif values:
                types[c] = widen(types[c], type_of_all(values))
        is_wider, self._types = types != self._types, types
        return is_wider

    def _series(self, c: int, values: Made) -> pl.Series:
        name, wanted = self.columns[c], self._types[c]
        if isinstance(values, pl.Series):
            if values.dtype == wanted:
                return values
            values = values.to_list()
        return series(name, values, wanted)
