"""A long tick, prepared in steps beside the pages that are read, while nothing of it shows yet."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import compress
from typing import Any

from drasi_nb.engine.result import Changes, Row
from drasi_nb.frames.places import Places, page_of
from drasi_nb.store.paging import EMPTY, LOW, PAGE, SHIFT

_STEP = 1_024  # rows in one step


class _Page:
    """One page as it will be."""

    def __init__(self, keys: list[Any], keyed: list[bool], columns: list[list[Any]]) -> None:
        self.keys, self.keyed, self.columns = keys, keyed, columns
        self.dirty: set[int] = set()  # columns
        self.is_changed = False  # rows came or left
        self.made: list[Any] = []  # columns as they take least

    def there(self) -> Iterator[bool]:
        """Return which of the places have rows."""
        pairs = zip(self.keys, self.keyed, strict=True)
        return (is_keyed or key is not None for key, is_keyed in pairs)


class Beside:
    """What a tick makes of a table.

    Args:
        places: The rows.
        changes: Of the tick.
    """

    def __init__(self, places: Places, changes: Changes) -> None:
        self.places, self.changes, self.is_done = places, changes, False
        self._pages: dict[int, _Page] = {}
        self._taken = 0  # free places that it fills
        self._freed = list[int]()
        self._gone = list[tuple[Any, int]]()  # keys that the index has no more
        self._come = list[Any]()  # keys that it has already

    def preparing(self, spent: list[Any]) -> Iterator[None]:
        """Do the work in steps.

        Args:
            spent: Gets what nobody needs any more then: to free it takes long too.
        """
        index, places = self.places.index, self.places
        for number, (key, before, after) in enumerate(self.changes):
            if before is None:
                assert after is not None
                place = self._next_free()
                self._come.append(key)
                index[key] = place
                self._put(place, key, after)
            else:
                found = index.get(key)
                if after is None:
                    place = places.take(key)
                    spent.append((key, place))
                    if found is not None:
                        self._gone.append(spent[-1])
                    self._freed.append(place)
                    self._put(place, None, (None,) * len(places.names))
                else:
                    self._set(places.keyed.find(key) if found is None else found, before, after)
            if not number % _STEP:
                yield
        for number, page in self._pages.items():
            for c in range(len(places.names)) if page.is_changed else sorted(page.dirty):
                there = page.columns[c]
                if page.is_changed:
                    there = list(compress(there, page.there()))
                spent.append(
                    places.columns[c][number] if number < places.rows.page_count else ()
                )
                page.made.append(self._packed(page, c, there))
            yield
        self.is_done = True

    @staticmethod
    def _packed(page: _Page, c: int, there: list[Any]) -> Any:
        """Return a column of a page as it takes least; what is in free places means nothing."""
        made = page_of(there)
        if isinstance(made, array) and len(there) < PAGE:
            filled = [
                value if is_there else 0
                for is_there, value in zip(page.there(), page.columns[c], strict=True)
            ]
            return array(made.typecode, filled)
        return made if len(there) == PAGE or made is EMPTY else page.columns[c]

    def _next_free(self) -> int:
        """Return the next free place, or one behind all pages."""
        taken, free = self._taken, self.places.free
        self._taken += 1
        if taken < len(free):
            return free[-1 - taken]
        return (self.places.rows.page_count << SHIFT) + taken - len(free)

    def _page(self, number: int) -> _Page:
        page = self._pages.get(number)
        if page is None:
            places = self.places
            if number < places.rows.page_count:
                cells = [list(pages[number]) for pages in places.columns]
                keyed = places.keyed.there(number << SHIFT, (number + 1) << SHIFT).tolist()
                page = _Page(list(places.rows.ids[number]), keyed, cells)
            else:
                empty = [[None] * PAGE for _ in places.names]
                page = _Page([None] * PAGE, [False] * PAGE, empty)
            self._pages[number] = page
        return page

    def _put(self, place: int, key: Any, row: Row) -> None:
        page, at = self._page(place >> SHIFT), place & LOW
        page.keys[at], page.keyed[at], page.is_changed = key, False, True
        for column, value in zip(page.columns, row, strict=True):
            column[at] = value

    def _set(self, place: int, before: Row, after: Row) -> None:
        page, at = self._page(place >> SHIFT), place & LOW
        for c, value in enumerate(after):
            if value is not before[c]:
                page.columns[c][at] = value
                page.dirty.add(c)

    def turn(self) -> None:
        """Let what was prepared show."""
        places = self.places
        rows, free, width = places.rows, places.free, len(places.names)
        new = max(0, self._taken - len(free))
        last = rows.page_count << SHIFT
        del free[max(0, len(free) - self._taken) :]
        for _ in range(-(-new // PAGE)):
            rows.add_page()
        free.extend(range((rows.page_count << SHIFT) - 1, last + new - 1, -1))
        free.extend(self._freed)
        places.height += len(self._come) - len(self._freed)
        for place in self._freed:
            places.forget(place)
        for number, page in self._pages.items():
            columns = range(width) if page.is_changed else sorted(page.dirty)
            for c, made in zip(columns, page.made, strict=True):
                if isinstance(made, array):
                    (made,) = rows.numbers.fill(places.names[c], number, made)
                places.columns[c][number] = made
                places.dirty.add(number * width + c)
            if page.is_changed:
                rows.ids[number] = page.keys
                places.keyed.keep(number << SHIFT, page.keyed)
                places.changed.add(number)

    def forget(self) -> None:
        """Take back what a tick that did not come prepared."""
        for key in self._come:
            self.places.index.pop(key, None)
        self.places.index.update(self._gone)
