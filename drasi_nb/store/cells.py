"""The cells of many rows of a table, read and written column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from itertools import chain
from typing import Any

import numpy as np

from drasi_nb.store.numbers import CODES, KINDS, Array, Ints, code_of
from drasi_nb.store.paging import LOW, PAGE, SHIFT, Page
from drasi_nb.store.table import Rows

Cell = list[Any] | Array
"""Values of rows: any, or exactly floats or integers without nulls."""

Later = Callable[[Ints | None], Cell]
"""Returns a column as it once was, at some places or at all."""

_DENSE = 4  # so many times more are taken out of their pages in one go before each is looked up


class Cells:
    """Where some rows are in the columns of a table.

    Args:
        table: The rows.
        rows: Their numbers, at least one, each once.
    """

    def __init__(self, table: Rows, rows: Ints) -> None:
        self.table, self.rows = table, rows
        self._numbers = rows >> SHIFT
        seen = np.zeros(table.page_count, np.bool_)
        seen[self._numbers] = True
        self.pages: list[int] = np.flatnonzero(seen).tolist()

    @cached_property
    def at(self) -> tuple[list[int], list[int]]:
        """Return the page of each row, and where it is there."""
        return self._numbers.tolist(), (self.rows & LOW).tolist()

    @cached_property
    def _near(self) -> list[int]:
        """Return the rows counted from the first page on; none where they lie far apart."""
        first, last = self.pages[0], self.pages[-1]
        if (last - first + 1) * PAGE > _DENSE * len(self.rows):
            return []
        near: list[int] = (self.rows - (first << SHIFT)).tolist()
        return near

    def off(self, pages: list[int]) -> Ints:
        """Return the places of the rows that are on other pages than some."""
        there = np.zeros(self.table.page_count, np.bool_)
        there[pages] = True
        return np.flatnonzero(~there[self._numbers])

    def read(self, name: str) -> Cell:
        """Return what a column has there; an array where all are numbers of one kind."""
        pages = self.table.column(name)
        mine = [number for number in self.pages if type(pages[number]) is memoryview]
        code = code_of([pages[number] for number in mine])
        if code and len(mine) == len(self.pages):
            return self.table.numbers.read(name, code, self.rows)
        if code:  # most often the last page is not full, and a list
            odd = self.off(mine)
            others = _listed_at(pages, self.rows[odd])
            if set(map(type, others)) == {KINDS[code]}:
                found = self.table.numbers.read(name, code, self.rows)
                found[odd] = others
                return found
        if self._near:
            near = list(chain.from_iterable(pages[self.pages[0] : self.pages[-1] + 1]))
            return list(map(near.__getitem__, self._near))
        return [pages[number][at] for number, at in zip(*self.at, strict=True)]

    def later(self, name: str) -> Later:
        """Return what returns a column as it is now, whatever is written meanwhile.

        Where it is made of tuples, which nobody writes, they are kept, and nothing is read yet.
        """
        pages = self.table.column(name)
        kept = {number: pages[number] for number in self.pages}
        if any(type(page) is not tuple for page in kept.values()):
            return partial(some_of, self.read(name))

        def then(places: Ints | None) -> Cell:
            rows = self.rows if places is None else self.rows[places]
            return _listed_at(kept, rows)

        return then

    def write(self, name: str, values: Cell) -> None:
        """Set the cells of a column without an index."""
        pages, code = self.table.column(name), code_for(values)
        mine = [
            number
            for number in self.pages
            if type(page := pages[number]) is memoryview and page.format == code
        ]
        if len(mine) == len(self.pages):
            self.table.numbers.write(name, code, self.rows, np.asarray(values, code))
            return
        left: Ints | None = None
        if mine:
            # where a page is a list, the numbers in its place mean nothing
            self.table.numbers.write(name, code, self.rows, np.asarray(values, code))
            left = self.off(mine)
        for other in set(self.pages).difference(mine):
            if type(pages[other]) is not list:
                pages[other] = list(pages[other])
        rows = self.rows if left is None else self.rows[left]
        given = listed(some_of(values, left))
        number = _only_page(rows)
        if number is not None:
            page = pages[number]
            for at, value in zip((rows & LOW).tolist(), given, strict=True):
                page[at] = value
            return
        for row, value in zip(rows.tolist(), given, strict=True):
            pages[row >> SHIFT][row & LOW] = value


def _only_page(rows: Ints) -> int | None:
    """Return the page of all rows; None where there are several, or no rows."""
    numbers = rows >> SHIFT
    return int(numbers[0]) if len(rows) and (numbers == numbers[0]).all() else None


def _listed_at(pages: Mapping[int, Page] | list[Page], rows: Ints) -> list[Any]:
    """Return the cells of rows; most often all are of the last page."""
    number = _only_page(rows)
    if number is not None:
        return list(map(pages[number].__getitem__, (rows & LOW).tolist()))
    return [pages[row >> SHIFT][row & LOW] for row in rows.tolist()]


def listed(values: Cell) -> list[Any]:
    """Return values as Python has them."""
    return values if isinstance(values, list) else values.tolist()


def some_of(values: Cell, places: Ints | None) -> Cell:
    """Return the values at some places, ascending and each once, or all; all are no copy."""
    return values if places is None or len(places) == len(values) else taken(values, places)


def taken(values: Cell, places: Ints) -> Cell:
    """Return the values at some places, in any order."""
    if isinstance(values, list):
        return list(map(values.__getitem__, places.tolist()))
    some: Array = values[places]
    return some


def code_for(values: Cell) -> str:
    """Return what pages of numbers must have to hold values; "" where none can."""
    if not isinstance(values, list):
        return "d" if values.dtype.kind == "f" else "q"
    kinds = set(map(type, values))
    return CODES.get(kinds.pop(), "") if len(kinds) == 1 else ""
