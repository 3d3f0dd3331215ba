"""Paged columns: one list of pages per property, 1,024 rows to a page.

A page is a list (anything), a tuple (the same, until the first write: the garbage collector
leaves tuples of plain values alone), a ``memoryview`` of floats or ints (exactly those, no nulls;
``store/numbers.py``) or the shared tuple ``EMPTY`` (all null). All answer ``page[i]`` with the
right Python value; a write of another type turns that page into a list. A page that the last of
its rows was taken from is packed.
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from types import NoneType
from typing import Any

from drasi_nb.store.indexes import PropertyIndex
from drasi_nb.store.numbers import KINDS, Numbers
from drasi_nb.store.paging import EMPTY, LOW, PAGE, SHIFT, Page
from drasi_nb.values.graph import STAMP

_NO_STAMPS = array("q", bytes(8 * PAGE))


class Rows:
    """Rows by number, columns by name.

    Attributes:
        ids: What lives where, in pages; None where nothing does.
        numbers: Of the pages of numbers.
    """

    def __init__(self) -> None:
        self.page_count = 0
        self.ids: list[Page] = []
        self.numbers = Numbers()
        self.columns: dict[str, list[Page]] = {}
        self.indexes: dict[str, PropertyIndex] = {}

    def id_of(self, row: int) -> Any:
        """Return what lives in a row."""
        return self.ids[row >> SHIFT][row & LOW]

    def set_id(self, row: int, element_id: Any) -> None:
        """Say what lives in a row."""
        page = self.ids[row >> SHIFT]
        if type(page) is tuple:
            page = self.ids[row >> SHIFT] = list(page)
        page[row & LOW] = element_id

    def column(self, name: str) -> list[Page]:
        """Return the live page list of a column; made, all null, where nobody wrote it yet."""
        pages = self.columns.get(name)
        if pages is None:
            pages = self.columns[name] = [EMPTY] * self.page_count
        return pages

    def add_page(self) -> int:
        """Append one page of nulls to every column, where nothing lives; return its number."""
        for pages in self.columns.values():
            pages.append(EMPTY)
        self.ids.append([None] * PAGE)
        self.page_count += 1
        return self.page_count - 1

    def pack(self, page: int) -> None:
        """Take every column of a page out of the garbage collector's way. Cost: 0.1 ms."""
        self.ids[page] = tuple(self.ids[page])
        for name, pages in self.columns.items():
            if type(pages[page]) is list:
                made = packed(pages[page])
                if type(made) is array:
                    (made,) = self.numbers.fill(name, page, made)
                pages[page] = made

    def index(self, name: str) -> PropertyIndex:
        """Return the live index of a property; made from the column on first sight."""
        index = self.indexes.get(name)
        if index is None:
            index = self.indexes[name] = PropertyIndex(self.column(name))
        return index

    def write(self, name: str, row: int, value: Any) -> None:
        """Set one cell."""
        if self.indexes and name in self.indexes:
            self.indexes[name].move(row, value)
        pages = self.columns.get(name)
        if pages is None:
            pages = self.column(name)
        page = pages[row >> SHIFT]
        kind = type(page)
        if kind is list:
            page[row & LOW] = value
            return
        if kind is memoryview:
            if type(value) is KINDS[page.format]:
                page[row & LOW] = value
                return
            pages[row >> SHIFT] = page = page.tolist()
        else:
            if page is EMPTY and value is None:
                return
            pages[row >> SHIFT] = page = list(page)
        page[row & LOW] = value

    def properties(self, row: int) -> dict[str, Any]:
        """Return the properties of a row that are not null, sorted by name."""
        page, place = row >> SHIFT, row & LOW
        columns = self.columns
        return {
            name: value
            for name in sorted(columns)
            if (value := columns[name][page][place]) is not None
        }

    def clear(self, row: int) -> None:
        """Set every property of a row to null."""
        page, place = row >> SHIFT, row & LOW
        for name, pages in self.columns.items():
            if pages[page] is not EMPTY and pages[page][place] is not None:
                self.write(name, row, None)


class Table(Rows):
    """Elements by number, properties by name.

    Attributes:
        stamps: When each last changed (``values.graph.STAMP_BITS``); the engine writes it. They
            are numbers under the name ``STAMP``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stamps: list[Page] = []

    def column(self, name: str) -> list[Page]:
        """Return the live page list of a property; made, all null, where nobody wrote it yet."""
        return self.stamps if name == STAMP else super().column(name)

    def add_page(self) -> int:
        """Append one page of nulls to every column, where nothing lives; return its number."""
        number = super().add_page()
        self.stamps += self.numbers.fill(STAMP, number, _NO_STAMPS)
        return number


def packed(values: list[Any]) -> Page:
    """Return a page of values as it takes least: no longer a list, equal in every place."""
    kinds = set(map(type, values))
    if kinds == {float}:
        return array("d", values)
    if kinds == {int}:
        with suppress(OverflowError):
            return array("q", values)
    return EMPTY if kinds == {NoneType} else tuple(values)
