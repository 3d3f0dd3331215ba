"""Keys of rows as columns, found in a table of hashes (``store/hashing.py``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

import numpy as np

from drasi_nb.store.hashing import HashTable, Ints, key_hash, key_hashes

PIECE = 1 << 15  # rows in one step


class Keys:
    """Keys of rows, each once.

    Args:
        parts: A list per part of the key, or none where the key is empty.
        height: How many there are.
    """

    def __init__(self, parts: list[list[Any]], height: int) -> None:
        self.parts, self.height = parts, height
        self._index = HashTable(0)
        self._indexed = 0  # rows that it has

    def at(self, row: int) -> Any:
        """Return a key."""
        return tuple([part[row] for part in self.parts])

    def between(self, start: int, stop: int) -> Iterator[Any]:
        """Return the keys of some rows."""
        if not self.parts:
            return repeat((), min(stop, self.height) - start)
        return zip(*(part[start:stop] for part in self.parts), strict=True)

    @property
    def is_unindexed(self) -> bool:
        """Return whether the index is to be made, and takes long."""
        return self._indexed < self.height and self.height > PIECE

    def indexing(self) -> Iterator[None]:
        """Make the index in steps of a few ms; whoever looks for a key makes what is left."""
        if self.height > self._index.most:
            self._indexed = 0
            self._index = HashTable(self._room())
        while self._indexed < self.height:
            first, stop = self._indexed, min(self.height, self._indexed + PIECE)
            self._enter(*self._some(first, stop))
            self._indexed = stop
            yield

    def _room(self) -> int:
        """Return for how many rows the index is made."""
        return self.height

    def _some(self, start: int, stop: int) -> tuple[Ints, Iterable[Any]]:
        """Return rows and their keys."""
        return np.arange(start, stop), self.between(start, stop)

    def _enter(self, rows: Ints, keys: Iterable[Any]) -> None:
        self._index.add(key_hashes(keys, len(rows)), rows.astype(np.int32))

    def rows(self, key: Any) -> Iterator[int]:
        """Yield the rows that have a key."""
        if self._indexed < self.height:
            for _ in self.indexing():
                pass
        is_one = len(self.parts) == 1  # most often, and a key need not be made
        for row in self._index.candidates(key_hash(key)):
            if (self.parts[0][row] == key[0]) if is_one else (self.at(row) == key):
                yield row

    def find(self, key: Any) -> int:
        """Return the row of a key.

        Raises:
            KeyError: Nobody has it.
        """
        for row in self.rows(key):
            return row
        raise KeyError(key)
