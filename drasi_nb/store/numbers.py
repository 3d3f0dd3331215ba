"""Pages of numbers, side by side in few buffers, so that many cells are read and written in one go.

A page of numbers is a ``memoryview`` of a buffer, which lives as long as one of its pages does:
``page[i]`` costs what it costs in an ``array``, and numpy takes the cells of any rows at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from drasi_nb.store.paging import PAGE, SHIFT, Page

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

CODES: dict[type, str] = {float: "d", int: "q"}  # of the types that have pages of numbers
KINDS: dict[str, type] = {code: kind for kind, code in CODES.items()}
_CODES = {"f8": "d", "i8": "q", "i4": "i"}
_WIDE = 18  # bits of a row within its buffer: 2 MiB, below what may be given huge pages
_PAGES = 1 << (_WIDE - SHIFT)
_ROWS = (1 << _WIDE) - 1


class Numbers:
    """The buffers of one table, by column and code ("d" floats, "q" and "i" integers)."""

    def __init__(self) -> None:
        self._buffers: WeakValueDictionary[tuple[str, str, int], Array] = WeakValueDictionary()

    def _buffer(self, name: str, code: str, number: int) -> Array:
        key = (name, code, number)
        buffer = self._buffers.get(key)
        if buffer is None:
            buffer = self._buffers[key] = np.zeros(1 << _WIDE, code)  # memory as it is used
        return buffer

    def fill(self, name: str, first: int, values: array[Any] | Array) -> list[Page]:
        """Write whole pages from a page number on, as many as there are; return them."""
        given = np.frombuffer(values, values.typecode) if isinstance(values, array) else values
        code, whole = _CODES[given.dtype.str[1:]], len(values) >> SHIFT
        pages, done = list[Page](), 0
        while done < whole:
            at = (first + done) % _PAGES
            some = min(whole - done, _PAGES - at)
            buffer = self._buffer(name, code, (first + done) // _PAGES)
            low, high = at << SHIFT, (at + some) << SHIFT
            buffer[low:high] = given[done << SHIFT : (done + some) << SHIFT]
            view = _view(buffer, code)
            pages += [view[start : start + PAGE] for start in range(low, high, PAGE)]
            done += some
        return pages

    def read(self, name: str, code: str, rows: Ints) -> Array:
        """Return the cells of rows that are on pages of numbers. Cost: 0.02 us each."""
        parts = self._parts(rows)
        if len(parts) == 1:
            ((number, _),) = parts
            found: Array = self._buffer(name, code, number)[rows & _ROWS]
            return found
        found = np.empty(len(rows), code)
        for number, places in parts:
            found[places] = self._buffer(name, code, number)[rows[places] & _ROWS]
        return found

    def write(self, name: str, code: str, rows: Ints, values: Array) -> None:
        """Set the cells of rows that are on pages of numbers; of one row twice the later stays."""
        for number, places in self._parts(rows):
            self._buffer(name, code, number)[rows[places] & _ROWS] = values[places]

    @staticmethod
    def _parts(rows: Ints) -> list[tuple[int, Any]]:
        """Return which rows are in which buffer."""
        numbers = rows >> _WIDE
        low, high = int(numbers.min()), int(numbers.max())
        if low == high:
            return [(low, slice(None))]
        parts = [(n, np.flatnonzero(numbers == n)) for n in range(low, high + 1)]
        return [(n, places) for n, places in parts if len(places)]


def _view(buffer: Array, code: str) -> memoryview[Any]:
    made: Any = buffer.data.cast("B")  # the code of the platform may be another one
    view: memoryview[Any] = made.cast(code)
    return view


def code_of(pages: Iterable[Page]) -> str:
    """Return what pages of numbers have, if all are of one kind; "" of others."""
    codes = {page.format if type(page) is memoryview else "" for page in pages}
    return codes.pop() if len(codes) == 1 else ""


def copied(page: Page) -> Page:
    """Return a page that nobody writes."""
    if type(page) is not memoryview:
        return page[:]
    copy = array(page.format)
    copy.frombytes(page.cast("B"))
    return copy
