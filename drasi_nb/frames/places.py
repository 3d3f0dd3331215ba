"""Where the rows of a result are: cells in pages, places by key, and by node."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import repeat
from operator import is_not
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from drasi_nb.engine.entered import Entered, Values
from drasi_nb.engine.keys import Keys
from drasi_nb.engine.moved import Block
from drasi_nb.engine.result import Changes, Row
from drasi_nb.frames.keys import PlacedKeys
from drasi_nb.store.cells import Cells
from drasi_nb.store.ids import id_list, ids_at
from drasi_nb.store.numbers import Ints
from drasi_nb.store.paging import EMPTY, LOW, PAGE, SHIFT, Page
from drasi_nb.store.table import Rows, packed

Entry = tuple[Any, Row]  # key, row

_NOWHERE = -1


class Places:
    """The rows of one result.

    Args:
        width: Number of columns.

    Attributes:
        rows: The cells; the id of a row is its key, unless ``keyed`` has it.
        names: Of the columns in ``rows``.
        index: Places by key, of rows that came one by one.
        keyed: The keys of all others.
        free: Places without a row, the next one to take last.
        height: Number of rows.
        dirty: Columns of pages that changed since a frame was made: page * width + column.
        changed: Pages in which rows came or left since then.
    """

    def __init__(self, width: int) -> None:
        self.rows = Rows()
        self.names = tuple(map(str, range(width)))
        self.columns = [self.rows.column(name) for name in self.names]
        self.index: dict[Any, int] = {}
        self.keyed = PlacedKeys(Keys([[]], 0))
        self.free: list[int] = []
        self.height = 0
        self.dirty: set[int] = set()
        self.changed: set[int] = set()
        self._nodes = _ByNode(np.empty(0, np.int64), 0)

    # -- reading ------------------------------------------------------------------------

    def keys(self, number: int) -> Sequence[Any]:
        """Return the keys of a page, None where no row is."""
        page, start = self.rows.ids[number], number << SHIFT
        told = self.keyed.there(start, start + PAGE)
        if not told.any():
            return page  # type: ignore[no-any-return]
        keys = list(page)
        for at in np.flatnonzero(told).tolist():
            keys[at] = self.keyed.at(start + at)
        return keys

    def there(self, number: int) -> list[int] | None:
        """Return the places of a page that have rows; None of a full page."""
        page, start = self.rows.ids[number], number << SHIFT
        told = self.keyed.there(start, start + PAGE)
        if page is not EMPTY:
            told = told | np.fromiter(map(is_not, page, repeat(None)), np.bool_, PAGE)
        return None if told.all() else np.flatnonzero(told).tolist()

    def entries(self, number: int) -> Iterator[Entry]:
        """Return (key, row) of the rows of a page."""
        cells = (pages[number] for pages in self.columns)
        rows = zip(self.keys(number), zip(*cells, strict=True), strict=True)
        return ((key, row) for key, row in rows if key is not None)

    # -- by key -------------------------------------------------------------------------

    def find(self, key: Any) -> int:
        """Return the place of a row.

        Raises:
            KeyError: It is not there.
        """
        place = self.index.get(key)
        return self.keyed.find(key) if place is None else place

    def take(self, key: Any) -> int:
        """Return the place of a row that leaves; its key is forgotten.

        Raises:
            KeyError: It is not there.
        """
        place = self.index.pop(key, None)
        return self.keyed.take(key) if place is None else place

    # -- writing ------------------------------------------------------------------------

    def put(self, key: Any, row: Row) -> None:
        """Let a row come."""
        place = self.index[key] = self.free.pop() if self.free else self.extend()
        self.own_keys(place >> SHIFT)[place & LOW] = key
        for name, value in zip(self.names, row, strict=True):
            self.rows.write(name, place, value)
        self.height += 1
        self.changed.add(place >> SHIFT)

    def put_all(self, block: Block) -> None:
        """Let rows come that are made of one node each."""
        assert block.after is not None
        count = len(block.handles)
        while len(self.free) < count:
            self.free.insert(0, self.extend())
        found = self.free[-count:]
        del self.free[-count:]
        places = np.array(found)
        self.keyed.put_all(places, id_list(block.keys))
        cells = Cells(self.rows, places)
        for name, column in zip(self.names, block.after, strict=True):
            cells.write(name, column(None))
        self._nodes.note(block.handles, places)
        self.height += count
        self.changed.update(cells.pages)

    def drop_all(self, places: Ints) -> None:
        """Let rows leave that are made of one node each."""
        is_keyed = self.keyed.has_all(places)
        self.keyed.drop_all(places[is_keyed])
        for place in places[~is_keyed].tolist():
            keys, at = self.own_keys(place >> SHIFT), place & LOW
            del self.index[keys[at]]
            keys[at] = None
        cells = Cells(self.rows, places)
        for pages in self.columns:
            listed = {number for number in cells.pages if type(pages[number]) is list}
            if listed:
                for number, at in zip(*cells.at, strict=True):
                    if number in listed:
                        pages[number][at] = None
        self._nodes.forget_all(places)
        self.free += places.tolist()
        self.height -= len(places)
        self.changed.update(cells.pages)

    def drop(self, place: int) -> None:
        """Let a row leave."""
        number, at = place >> SHIFT, place & LOW
        if self.keyed.has(place):
            self.keyed.drop(place)
        else:
            self.own_keys(number)[at] = None
        for pages in self.columns:
            if type(pages[number]) is list:
                pages[number][at] = None
        self._nodes.forget(place)
        self.free.append(place)
        self.height -= 1
        self.changed.add(number)

    def forget(self, place: int) -> None:
        """Note that the row of a place left it."""
        self._nodes.forget(place)

    def own_keys(self, number: int) -> list[Any]:
        """Return the keys of a page that came one by one, as a list that may be written."""
        page = self.rows.ids[number]
        if type(page) is not list:
            page = self.rows.ids[number] = list(page)
        return page

    def extend(self) -> int:
        """Add a page; return its first place, which is the caller's."""
        number = self.rows.add_page()
        if number and not self.free:
            self.rows.pack(number - 1)  # it is full
        start = number << SHIFT
        self.free.extend(range(start + PAGE - 1, start, -1))
        return start

    def enter(self, changes: Changes) -> None:
        """Take over the first rows; their keys differ."""
        self.height = len(changes)
        columns: Sequence[Values]
        if isinstance(changes, Entered):
            self.keyed, columns = PlacedKeys(changes.keys), changes.columns
            if changes.nodes is not None:
                handles = changes.nodes.handles.to_numpy()  # not writable
                self._nodes = _ByNode(handles, changes.nodes.released)
            self.rows.ids = [EMPTY] * -(-self.height // PAGE)
        else:
            every = [key for key, _, _ in changes]
            self.index.update(zip(every, range(self.height), strict=True))
            self.rows.ids = [every[at : at + PAGE] for at in range(0, self.height, PAGE)]
            self.rows.ids[-1] += [None] * (-self.height % PAGE)
            made = [
                list(some) for some in zip(*(row or () for _, _, row in changes), strict=True)
            ]
            columns = list[Values](made)
        for name, pages, values in zip(self.names, self.columns, columns, strict=True):
            pages.extend(self._pages_of(name, values))
        self.rows.page_count = len(self.rows.ids)
        spare = -self.height % PAGE
        if spare:
            self.free.extend(range(self.height + spare - 1, self.height - 1, -1))
        self.changed.update(range(self.rows.page_count))

    def _pages_of(self, name: str, values: Values) -> list[Page]:
        numbers = self.rows.numbers
        if isinstance(values, pl.Series):
            is_exact = values.dtype in (pl.Float64(), pl.Int64()) and not values.null_count()
            values = values.to_numpy() if is_exact else values.to_list()
        if not isinstance(values, list):
            spare = -len(values) % PAGE
            return numbers.fill(name, 0, np.pad(values, (0, spare)) if spare else values)
        made = list[Page]()
        for at in range(0, len(values), PAGE):
            page = page_of(values[at : at + PAGE])
            made += numbers.fill(name, at >> SHIFT, page) if isinstance(page, array) else [page]
        return made

    # -- by node ------------------------------------------------------------------------

    def by_node(self, block: Block, released: int) -> Ints:
        """Return the places of rows that are there, each made of one node.

        Cost: 0.02 us each; of those that nobody looked for by node before, a look-up by key.
        """
        nodes = self._nodes
        found = nodes.find(block.handles)
        if released != nodes.released:  # a handle may be another node's by now
            known = np.flatnonzero(found != _NOWHERE)
            names = id_list(ids_at(block.keys, known))
            pages, keyed = self.rows.ids, self.keyed
            same = [
                keyed.parts[0][place] == name
                if keyed.has(place)
                else pages[place >> SHIFT][place & LOW] == (name,)
                for place, name in zip(found[known].tolist(), names, strict=True)
            ]
            found[known[~np.array(same, np.bool_)]] = _NOWHERE
        missing = np.flatnonzero(found == _NOWHERE)
        if len(missing):
            names = id_list(ids_at(block.keys, missing))
            found[missing] = [self.find((name,)) for name in names]
            nodes.note(block.handles[missing], found[missing])
        return found


class _ByNode:
    """Places by the handles of nodes.

    Args:
        handles: Of the first rows.
        released: How many handles had been given back by then (``NodeTable.released``).
    """

    def __init__(self, handles: npt.NDArray[Any], released: int) -> None:
        self.released = released
        self._handles: npt.NDArray[Any] | None = handles  # until somebody asks
        self._place_of = self._handle_at = np.empty(0, np.int32)

    def _open(self) -> None:
        """Make what finds the first rows."""
        if self._handles is not None:
            handles, self._handles = self._handles, None
            there = np.flatnonzero(handles != _NOWHERE)
            self.note(handles[there], there)

    def find(self, handles: Ints) -> Ints:
        """Return places, -1 of handles that are not known."""
        self._open()
        found = np.full(len(handles), _NOWHERE, np.int64)
        known = np.flatnonzero(handles < len(self._place_of))
        places = self._place_of[handles[known]]
        places[self._handle_at[places] != handles[known]] = _NOWHERE
        found[known] = places
        return found

    def note(self, handles: npt.NDArray[Any], places: Ints) -> None:
        """Remember where rows are."""
        if len(handles):
            self._open()
            self._place_of = _long_enough(self._place_of, int(handles.max()))
            self._handle_at = _long_enough(self._handle_at, int(places.max()))
            self._place_of[handles] = places
            self._handle_at[places] = handles

    def forget(self, place: int) -> None:
        """Note that a row left its place."""
        of = self._handles_now()
        if place < len(of):
            of[place] = _NOWHERE

    def forget_all(self, places: Ints) -> None:
        """Note that rows left their places."""
        of = self._handles_now()
        of[places[places < len(of)]] = _NOWHERE

    def _handles_now(self) -> npt.NDArray[Any]:
        """Return the handle of each place, to be written."""
        if self._handles is None:
            return self._handle_at
        if not self._handles.flags.writeable:
            self._handles = self._handles.copy()
        return self._handles


def _long_enough(values: npt.NDArray[np.int32], last: int) -> npt.NDArray[np.int32]:
    if last < len(values):
        return values
    made = np.full(last + 1 + last // 8, _NOWHERE, np.int32)
    made[: len(values)] = values
    return made


def page_of(values: list[Any]) -> Page | array[Any]:
    """Return a page of up to 1,024 values as it takes least; what is behind them means nothing."""
    if not values:
        return EMPTY
    made: Page = tuple(values) if type(values[0]) is str else packed(values)
    spare = PAGE - len(values)
    if isinstance(made, array):
        made.extend([0] * spare)
        return made
    return made if made is EMPTY else made + (None,) * spare
