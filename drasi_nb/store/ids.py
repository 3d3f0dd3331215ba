"""Rows by id: ids that came in bulk stay columns and are found in a table of hashes, others in a dict."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, islice, repeat
from operator import attrgetter, eq
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from drasi_nb.store.hashing import UNKNOWN, Bools, HashTable, Ints, id_hash, id_hashes
from drasi_nb.store.paging import LOW, SHIFT, Page

LEAST = 32_768  # ids at once that stay a column
_PIECE = 1 << 15  # keys in one step
_MANY = 256  # ids at once that are worth a column
_FEW = 8  # so many times fewer
_MOST_FOUND = (
    65_536  # ids of columns that are kept in a dict; a larger one grows in one long step
)
_TYPES: dict[type, pl.DataType] = {str: pl.String(), int: pl.Int64()}
_begin_of = attrgetter("begin")


Ids = list[Any] | pl.Series
"""Ids: as Python has them, or a column of text or of 64-bit integers."""


class Run(NamedTuple):
    """Ids that came at once: the n-th is in row ``row + n`` of a table and has ``value + step * n``."""

    pages: list[Page]
    row: int
    value: int
    step: int = 1


class _Placed(NamedTuple):
    """A run among those of its type: its first id has the place ``begin``."""

    begin: int
    size: int
    run: Run

    def ids(self, start: int, stop: int) -> list[Any]:
        """Return ids from the rows; None, or another's, where they are gone."""
        first, last = self.run.row + start, self.run.row + stop - 1
        pages = self.run.pages[first >> SHIFT : (last >> SHIFT) + 1]
        start = first & LOW
        return list(islice(chain.from_iterable(pages), start, start + last - first + 1))

    def at(self, place: int) -> tuple[Any, int]:
        """Return what is in the row of a place, and the value of the place."""
        n = place - self.begin
        row = self.run.row + n
        return self.run.pages[row >> SHIFT][row & LOW], self.run.value + n * self.run.step


class _Column:
    """The ids of one type that came in bulk, each by its place among them."""

    def __init__(self, dtype: pl.DataType) -> None:
        self._runs: list[_Placed] = []
        self._count = self._indexed = 0
        self._table = HashTable(0)
        self.ids = pl.Series([], dtype=dtype)
        self._next = 0  # behind those that came in order last
        self._is_whole = True  # nothing was forgotten

    def add(self, ids: pl.Series, run: Run) -> None:
        self._runs.append(_Placed(self._count, len(ids), run))
        self._count += len(ids)
        self.ids = pl.concat([self.ids, ids], rechunk=False)

    def indexing(self) -> Iterator[None]:
        """Put what is new into the table, in steps of a few ms."""
        while self._indexed < self._count:
            if self._count > self._table.most:
                self._indexed = 0  # first: an interrupt may come at any time
                self._table = HashTable(self._count + self._count // 2)
            first = self._indexed
            placed = self._placed(first)
            stop = min(placed.begin + placed.size, first + _PIECE)
            ids = self.ids.slice(first, stop - first)
            places = np.arange(first, stop, dtype=np.int32)
            if not self._is_whole:  # some are gone, and others are in their rows
                now = placed.ids(first - placed.begin, stop - placed.begin)
                there = pl.Series(list(map(eq, ids.to_list(), now)), dtype=pl.Boolean)
                ids, places = ids.filter(there), places[there.to_numpy()]
            self._table.add(id_hashes(ids), places)
            self._indexed = stop
            yield

    def _now(self) -> HashTable:
        for _ in self.indexing():
            pass
        return self._table

    def _placed(self, place: int) -> _Placed:
        runs = self._runs
        return runs[bisect_right(runs, place, key=_begin_of) - 1] if len(runs) > 1 else runs[0]

    def find(self, element_id: Any, *, is_gone: bool = False) -> int | None:
        """Return the value of an id, None where it is not here; forget it, if it is gone now."""
        hash_, table = id_hash(element_id), self._table
        if self._indexed < self._count:
            table = self._now()
        runs = self._runs
        for place in table.candidates(hash_):
            placed = runs[0] if len(runs) == 1 else self._placed(place)
            begin, _, (pages, row, value, step) = placed
            n = place - begin
            row += n
            if pages[row >> SHIFT][row & LOW] == element_id:
                if is_gone:
                    table.forget(hash_, place)
                    self._is_whole = False
                return value + n * step
        return None

    def find_all(self, ids: pl.Series) -> Ints:
        """Return the values of ids, ``UNKNOWN`` of those that are not here."""

        def is_right(keys: Ints, places: Ints) -> Bools:
            same: Bools = (self.ids[pl.Series(places)] == ids_at(ids, keys)).to_numpy()
            return same

        return self._values(self._now().find(id_hashes(ids), is_right))

    def find_in_order(self, column: pl.Series) -> Ints | None:
        """Return the values of ids that stand here in this order, next to each other; else None."""
        for begin in {self._next: 0, 0: 0} if self._is_whole else ():
            part = self.ids.slice(begin, len(column))
            if len(part) == len(column) and part[0] == column[0] and (part == column).all():
                self._next = begin + len(column)
                return self._values(np.arange(begin, self._next))
        return None

    def _values(self, places: Ints) -> Ints:
        runs = [(placed.begin, placed.run.value, placed.run.step) for placed in self._runs]
        begins, values, steps = np.array(runs).T
        run: Any = 0 if len(runs) == 1 else np.searchsorted(begins, places, "right") - 1
        found: Ints = values[run] + (places - begins[run]) * steps[run]
        found[places == UNKNOWN] = UNKNOWN
        return found

    def pairs(self) -> Iterator[tuple[Any, int]]:
        """Yield every id that is here, with its value."""
        for place in self._now().places():
            yield self._placed(place).at(place)


class IdIndex:
    """An integer for each id, text or integers: the handle of a node, or where a relation is.

    Attributes:
        find: Returns the integer of an id, None of one that nobody has. Cost: a look-up in a
            dict; of an id that came in bulk and was not looked for lately, 1 to 2 us.
    """

    def __init__(self) -> None:
        # of no class of ours, which the garbage collector would look through
        self._known: dict[Any, int] = {}  # single ids
        self._found: dict[Any, int] = {}  # some ids of columns that were looked for
        self._columns: dict[type, _Column] = {}
        self._count = 0
        self.find: Callable[[Any], int | None] = self._known.get

    def __len__(self) -> int:
        return self._count

    def _find(self, element_id: Any) -> int | None:
        value = self._found.get(element_id)
        if value is None:
            value = self._known.get(element_id)
        if value is not None:
            return value
        column = self._columns.get(type(element_id))
        value = None if column is None else column.find(element_id)
        if value is not None:
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            self._found[element_id] = value
        return value

    def put(self, element_id: Any, value: int) -> int | None:
        """Give an id an integer; return the one it had. Its row has it still, if it had one."""
        old = self.find(element_id)
        if old is None:
            self._count += 1
        else:
            self._forget(element_id)
        self._known[element_id] = value
        return old

    def pop(self, element_id: Any) -> int:
        """Forget an id that its row has still; return its integer.

        Raises:
            KeyError: Nobody has it.
        """
        value = self.find(element_id)
        if value is None:
            raise KeyError(element_id)
        self._forget(element_id)
        self._known.pop(element_id, None)
        self._count -= 1
        return value

    def _forget(self, element_id: Any) -> None:
        self._found.pop(element_id, None)
        column = self._columns.get(type(element_id))
        if column is not None:
            column.find(element_id, is_gone=True)

    def ids(self) -> list[Any]:
        """Return every id."""
        return list(self._all())

    def values(self) -> list[int]:
        """Return every integer."""
        return list(self._all().values())

    def _all(self) -> dict[Any, int]:
        pairs = chain.from_iterable(column.pairs() for column in self._columns.values())
        return {**dict(pairs), **self._known}

    # -- many ---------------------------------------------------------------------------

    def add(self, ids: list[Any], run: Run) -> bool:
        """Take in ids that nobody has, each once; return whether ``indexing()`` is to be done.

        Cost: 0.03 us each of very many, 0.4 us of fewer.
        """
        self._count += len(ids)
        column = as_column(ids) if len(ids) >= LEAST else None  # ours: a frame's may change
        if column is not None:
            kind = type(ids[0])
            if kind not in self._columns:
                self._columns[kind] = _Column(column.dtype)
            self._columns[kind].add(column, run)
            self.find = self._find
            return True
        stop = run.value + len(ids) * run.step
        self._known.update(zip(ids, range(run.value, stop, run.step), strict=True))
        return False

    def find_all(self, ids: Ids) -> Ints:
        """Return the integers of many ids, ``UNKNOWN`` of those that nobody has."""
        if not self._columns:
            return self._single(ids)
        mine = self._columns.get(type(ids[0]))
        column = None if mine is None else _column_of(ids)
        if mine is None or column is None:
            found = map(self.find, id_list(ids))
            return np.array([UNKNOWN if value is None else value for value in found], np.int64)
        values = mine.find_all(column)
        left = np.flatnonzero(values == UNKNOWN)
        if len(left):
            values[left] = self._single(ids_at(column, left))
        return values

    def _single(self, ids: Ids) -> Ints:
        """Return the integers of ids as far as they came one by one."""
        some = id_list(ids)
        try:  # most often all are known
            found = array("q", list(map(self._known.__getitem__, some)))
        except KeyError:
            found = array("q", list(map(self._known.get, some, repeat(UNKNOWN))))
        return np.frombuffer(found, np.int64)

    def find_in_order(self, column: pl.Series) -> Ints | None:
        """Return the integers of ids that came in bulk, in this order; None of all others."""
        mine = self._columns.get(str if column.dtype == pl.String else int)
        return None if mine is None else mine.find_in_order(column)

    def is_disjoint(self, ids: Ids) -> bool:
        """Return whether nobody has one of many ids; False too where it is not plain to see."""
        column = _column_of(ids)
        if column is None:
            return all(value is None for value in map(self.find, id_list(ids)))
        known, kind, single = self._known, type(ids[0]), None
        if len(known) * _FEW < len(ids):
            single = as_column([i for i in known if type(i) is kind])
        if single is None and not known.keys().isdisjoint(id_list(ids)):
            return False
        if single is not None and column.is_in(single.implode()).any():
            return False
        mine = self._columns.get(kind)
        if mine is None:
            return True
        if len(ids) * _FEW < len(mine.ids):
            return bool((mine.find_all(column) == UNKNOWN).all())
        return are_distinct(pl.concat([mine.ids, column], rechunk=False))

    # -- later --------------------------------------------------------------------------

    def indexing(self) -> Iterator[None]:
        """Make in steps what finds ids that came in bulk; without it, the first look-up does."""
        for column in self._columns.values():
            yield from column.indexing()


def id_list(ids: Ids) -> list[Any]:
    """Return ids as Python has them."""
    return ids if isinstance(ids, list) else ids.to_list()


def ids_at(ids: Ids, places: Ints) -> Ids:
    """Return the ids at some places, ascending and each once."""
    if not len(places):
        return []
    if len(places) == len(ids):
        return ids
    if isinstance(ids, list):
        return list(map(ids.__getitem__, places.tolist()))
    return ids[pl.Series(places)]  # quicker than ``gather()``


def _column_of(ids: Ids) -> pl.Series | None:
    """Return many ids of one type as a column; None of few, and where ``as_column()`` has none."""
    if not isinstance(ids, list):
        return ids
    return as_column(ids) if len(ids) >= _MANY else None


def are_distinct(column: pl.Series) -> bool:
    """Return whether all values differ; of many, sorted hashes tell sooner, if they differ."""
    if len(column) >= LEAST:
        hashes = np.sort(column.hash().to_numpy())
        if (hashes[1:] != hashes[:-1]).all():
            return True
    return column.n_unique() == len(column)


def as_column(ids: list[Any]) -> pl.Series | None:
    """Return ids of one type as a column; None of several, and of text that is no Unicode."""
    if not ids:
        return None
    with suppress(TypeError, UnicodeEncodeError):  # a TypeError: text and numbers together
        return pl.Series(ids, dtype=_TYPES[type(ids[0])])
    return None
