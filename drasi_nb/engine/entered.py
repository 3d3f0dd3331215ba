"""Rows that enter a result all at once, kept as columns until somebody asks for one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple, overload

import numpy.typing as npt
import polars as pl

from drasi_nb.engine.keys import PIECE, Keys

Row = tuple[Any, ...]
RowChange = tuple[Any, Row | None, Row | None]  # key, before, after
# as Python has them, or of a type that holds them exactly
Values = list[Any] | pl.Series | npt.NDArray[Any]

EXACT = (pl.Float64(), pl.Int64(), pl.Boolean(), pl.String())


class Nodes(NamedTuple):
    """Handles of nodes, at a time when so many had been given back (``NodeTable.released``)."""

    handles: pl.Series
    released: int


class Entered(Sequence[RowChange]):
    """Rows that nobody had before: (key, None, row) of each, made anew whenever it is asked for.

    Args:
        keys: Theirs.
        columns: As long as they.
        height: How long that is.
        nodes: Where each row is made of one node, which.
    """

    def __init__(
        self,
        keys: Keys,
        columns: list[Values],
        height: int,
        nodes: Nodes | None = None,
    ) -> None:
        self.keys, self.columns, self.height, self.nodes = keys, columns, height, nodes

    @classmethod
    def joined(cls, parts: list[Entered]) -> Entered:
        """Return the rows of several, in order."""
        if len(parts) == 1:
            return parts[0]
        keys = [
            list(chain.from_iterable(some))
            for some in zip(*(p.keys.parts for p in parts), strict=True)
        ]
        columns = list[Values]()
        for some in zip(*(part.columns for part in parts), strict=True):
            if all(
                isinstance(values, pl.Series) and values.dtype == some[0].dtype
                for values in some
            ):
                columns.append(pl.concat(some, rechunk=True))
            else:
                columns.append(list(chain.from_iterable(some)))
        nodes = [part.nodes for part in parts if part.nodes is not None]
        joined = None
        if len(nodes) == len(parts) and len({part.released for part in nodes}) == 1:
            joined = Nodes(pl.concat([part.handles for part in nodes]), nodes[0].released)
        height = sum(part.height for part in parts)
        return cls(Keys(keys, height), columns, height, joined)

    def own(self) -> Entered:
        """Return the same rows, with columns that may be replaced."""
        return Entered(self.keys, self.columns.copy(), self.height, self.nodes)

    def __len__(self) -> int:
        return self.height

    def entries(self, start: int, stop: int) -> list[tuple[Any, Row]]:
        """Return (key, row) of some rows."""
        return list(zip(self.keys.between(start, stop), self._rows(start, stop), strict=False))

    def _rows(self, start: int, stop: int) -> Iterator[Row]:
        if not self.columns:
            return repeat((), min(stop, self.height) - start)
        return zip(*(_python(values[start:stop]) for values in self.columns), strict=True)

    def __iter__(self) -> Iterator[RowChange]:
        for start in range(0, self.height, PIECE):
            stop = start + PIECE
            yield from zip(
                self.keys.between(start, stop),
                repeat(None),
                self._rows(start, stop),
                strict=False,
            )

    @overload
    def __getitem__(self, place: int) -> RowChange: ...
    @overload
    def __getitem__(self, place: slice) -> list[RowChange]: ...
    def __getitem__(self, place: int | slice) -> RowChange | list[RowChange]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self.height))]
        if not -self.height <= place < self.height:
            raise IndexError(place)
        ((key, row),) = self.entries(place % self.height, place % self.height + 1)
        return key, None, row


def _python(values: Values) -> list[Any]:
    if isinstance(values, list):
        return values
    return values.to_list() if isinstance(values, pl.Series) else values.tolist()
