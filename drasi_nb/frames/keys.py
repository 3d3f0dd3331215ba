"""Keys of the rows of a result that came as columns, by place: some leave, and others come."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress, repeat
from typing import Any

import numpy as np

from drasi_nb.engine.keys import Keys
from drasi_nb.store.hashing import Bools, HashTable, Ints

_MOST_FOUND = 65_536  # keys that are kept in a dict; a larger one grows in one long step


class PlacedKeys(Keys):
    """Keys by place; the key of a place where no row is, or one that came alone, means nothing.

    Args:
        keys: Of the first rows.
    """

    def __init__(self, keys: Keys) -> None:
        super().__init__(keys.parts, keys.height)
        self._is_shared = True  # the parts: nobody may write them
        self._there: Bools = np.ones(keys.height, np.bool_)
        self._added = 0  # keys that came since the index was made
        self._found = dict[Any, int]()  # some that were looked for

    def there(self, start: int, stop: int) -> Bools:
        """Return which of some places have a key here."""
        told = self._there[start:stop]
        return (
            told if len(told) == stop - start else np.pad(told, (0, stop - start - len(told)))
        )

    def has(self, place: int) -> bool:
        """Return whether a place has a key here."""
        return place < self.height and bool(self._there[place])

    def has_all(self, places: Ints) -> Bools:
        """Return which of places have keys here."""
        told: Bools = np.zeros(len(places), np.bool_)
        mine = np.flatnonzero(places < self.height)
        told[mine] = self._there[places[mine]]
        return told

    def find(self, key: Any) -> int:
        """Return the place of a key. Cost: 1 us, of one that was looked for lately a look-up.

        Raises:
            KeyError: No row that came as a column has it.
        """
        place = self._found.get(key)
        if place is not None:
            return place
        for place in self.rows(key):
            if self._there[place]:
                if len(self._found) >= _MOST_FOUND:
                    self._found.clear()
                self._found[key] = place
                return place
        raise KeyError(key)

    def take(self, key: Any) -> int:
        """Return the place of a key that leaves.

        Raises:
            KeyError: No row that came as a column has it.
        """
        place = self.find(key)
        del self._found[key]
        return place

    def drop(self, place: int) -> None:
        """Note that the row of a place, whose key was taken, left."""
        self._there[place] = False

    def keep(self, start: int, told: list[bool]) -> None:
        """Say which of the places from one on still have keys here."""
        mine = self._there[start : start + len(told)]
        mine[:] = told[: len(mine)]

    def drop_all(self, places: Ints) -> None:
        """Note that the rows of places that have keys here left."""
        self._there[places] = False
        self._found.clear()

    def put_all(self, places: Ints, names: list[Any]) -> None:
        """Let rows come whose keys have one part."""
        if self._is_shared:
            self.parts, self._is_shared = [part[:] for part in self.parts], False
        (part,) = self.parts
        end = int(places.max()) + 1
        if end > self.height:
            part.extend(repeat(None, end - self.height))
            self._there = np.pad(self._there, (0, end - self.height))
            self.height = end
        for place, name in zip(places.tolist(), names, strict=True):
            part[place] = name
        self._there[places] = True
        again = places < self._indexed
        if not again.any():
            return
        self._added += int(again.sum())
        if self._added > self._index.most // 2:  # what it had before is in the way
            self._index, self._indexed = HashTable(0), 0
        else:
            self._enter(places[again], compress(zip(names, strict=True), again))

    def _room(self) -> int:
        self._added = 0
        return self.height + self.height // 2

    def _some(self, start: int, stop: int) -> tuple[Ints, Iterable[Any]]:
        told = self._there[start:stop]
        return start + np.flatnonzero(told), compress(self.between(start, stop), told)
