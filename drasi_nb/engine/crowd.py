"""Rows behind a LIMIT that entered as columns: ordered by column, and only where it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from drasi_nb.engine.entered import Entered, Row
from drasi_nb.engine.vector.columns import UnsupportedError, column_of


class Crowd:
    """Rows that wait, known by the first key of an order.

    Args:
        rows: All of them.
        by: Which of their columns that key is.
        descending: Whether the highest values come first.

    Raises:
        UnsupportedError: The column is none that Polars puts in the same order.
    """

    def __init__(self, rows: Entered, by: int, descending: bool) -> None:
        self.rows, self._by, self._descending = rows, by, descending
        self._gone = set[int]()
        self._values()

    def __len__(self) -> int:
        return len(self.rows) - len(self._gone)

    def indexing(self) -> Iterator[None]:
        """Make in steps what finds a row by its key."""
        return self.rows.keys.indexing()

    def _values(self) -> pl.Series:
        values = self.rows.columns[self._by]
        return values if isinstance(values, pl.Series) else column_of(list(values)).values

    def leave(self, key: Any) -> Row | None:
        """Take a row out; return it, None where it is not there."""
        try:
            place = self.rows.keys.find(key)
        except KeyError:
            return None
        if place in self._gone:
            return None
        self._gone.add(place)
        return self.rows.entries(place, place + 1)[0][1]

    def best(self, count: int) -> list[tuple[Any, Row]]:
        """Take out the first ``count`` rows, and those that are equal to the last by their key.

        Cost: one pass over the column.
        """
        values = self._values()
        places = pl.int_range(len(values), eager=True)
        if self._gone:
            waits = pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)
            places = waits.scatter(list(self._gone), False).arg_true()
            values = values.gather(places)
        if len(values) > count:
            order = values.sort(descending=self._descending, nulls_last=not self._descending)
            places = places.filter(self._up_to(values, order[count - 1]))
        found = places.to_list()
        self._gone.update(found)
        return [self.rows.entries(place, place + 1)[0] for place in found]

    def _up_to(self, values: pl.Series, last: Any) -> pl.Series:
        """Return which values come no later than one; null is the highest, NaN the next."""
        value = pl.col("v")
        if last is None:
            wanted = value.is_null() | (not self._descending)
        elif self._descending:
            wanted = (value >= last).fill_null(value=True)
        else:
            wanted = (value <= last).fill_null(value=False)
        return values.to_frame("v").select(wanted)["v"]


def crowd_of(rows: Entered, by: int, descending: bool) -> Crowd | None:
    """Return rows as a crowd; None where their order needs each of them."""
    try:
        return Crowd(rows, by, descending)
    except UnsupportedError:
        return None
