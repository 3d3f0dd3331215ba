"""Rows of a result that changed all at once, kept as columns until somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple, overload

import numpy as np

from drasi_nb.engine.entered import Row, RowChange
from drasi_nb.store.cells import Cell, Later, listed
from drasi_nb.store.ids import Ids, id_list, ids_at
from drasi_nb.store.numbers import Ints


class Block(NamedTuple):
    """Rows that came, or left, or changed: one for each of some nodes.

    Attributes:
        keys: The one part of each row's key.
        handles: The nodes.
        before: The columns of the rows as they were; None where they were not there.
        after: As they are; what did not change is the same object.
    """

    keys: Ids
    handles: Ints
    before: list[Later] | None
    after: list[Later] | None

    def changes(self, places: Ints | None = None) -> Iterator[RowChange]:
        """Return (key, before, after) of the rows, all or those at some places."""
        keys = id_list(self.keys if places is None else ids_at(self.keys, places))
        made = dict[int, list[Any]]()
        sides = list[Iterator[Row | None]]()
        for columns in (self.before, self.after):
            if columns is None:
                sides.append(repeat(None, len(keys)))
                continue
            for column in columns:
                if id(column) not in made:
                    made[id(column)] = listed(column(places))
            sides.append(zip(*(made[id(column)] for column in columns), strict=True))
        return zip(zip(keys, strict=True), *sides, strict=True)

    def moving(self) -> dict[int, Cell]:
        """Return the columns that changed, as they are, by number."""
        pairs = zip(self.before or (), self.after or (), strict=True)
        return {
            c: after(None) for c, (before, after) in enumerate(pairs) if before is not after
        }


class Part(NamedTuple):
    """What one change of many nodes did to rows that are made of one node each.

    Attributes:
        changed: Rows that were there and are others now.
        left: Rows that are not there any more.
        came: Rows that were not there.
        released: How many handles had been given back by then (``NodeTable.released``).
    """

    changed: Block
    left: Block
    came: Block
    released: int

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Return the rows."""
        return self.changed, self.left, self.came


class Moved(Sequence[RowChange]):
    """What a tick did to rows that are made of one node each.

    Args:
        parts: No two of them have a node in common.
    """

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts

    def _blocks(self) -> Iterator[Block]:
        return chain.from_iterable(part.blocks for part in self.parts)

    def __len__(self) -> int:
        return sum(len(block.handles) for block in self._blocks())

    def __iter__(self) -> Iterator[RowChange]:
        return chain.from_iterable(block.changes() for block in self._blocks())

    def has_any(self, handles: Ints) -> bool:
        """Return whether a row is of one of some nodes."""
        return any(np.isin(block.handles, handles).any() for block in self._blocks())

    @overload
    def __getitem__(self, place: int) -> RowChange: ...
    @overload
    def __getitem__(self, place: slice) -> list[RowChange]: ...
    def __getitem__(self, place: int | slice) -> RowChange | list[RowChange]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        for block in self._blocks():
            if place < len(block.handles):
                (change,) = block.changes(np.array([place]))
                return change
            place -= len(block.handles)
        raise AssertionError(place)
