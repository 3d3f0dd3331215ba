"""What one tick changed in a result."""

from __future__ import annotations

from typing import Any

import polars as pl

from drasi_nb.engine.result import Row, RowChange
from drasi_nb.frames.schema import frame_of
from drasi_nb.values.ordering import order_key


def _rank(change: RowChange) -> tuple[Any, ...]:
    key, before, after = change
    kind = 0 if after is None else 1 if before is not None else 2
    return (kind, order_key(key))


class Delta:
    """The rows that left, changed and came in one tick, in that order, each by key.

    Applied in order to an empty table, the deltas of a query reproduce its ``frame()``.

    Attributes:
        query_id: Whose result it is.
        seq: The last change of the tick.
        time_ms: When, by the runtime's clock, in ms since the epoch.
        columns: Names of the columns.
    """

    __slots__ = ("_changes", "_sorted", "columns", "query_id", "seq", "time_ms")

    def __init__(
        self,
        query_id: str,
        seq: int,
        time_ms: int,
        columns: tuple[str, ...],
        changes: list[RowChange],
    ) -> None:
        self.query_id, self.seq, self.time_ms, self.columns = query_id, seq, time_ms, columns
        self._changes = changes
        self._sorted = len(changes) < 2

    @property
    def changes(self) -> list[RowChange]:
        """Return (key, before, after) per row; sorted on first use."""
        if not self._sorted:
            self._changes.sort(key=_rank)
            self._sorted = True
        return self._changes

    @property
    def unsorted(self) -> list[RowChange]:
        """Return (key, before, after) per row in any order. Cost: nothing."""
        return self._changes

    @property
    def time(self) -> Any:
        """Return the time as an aware UTC datetime."""
        import datetime as dt

        return dt.datetime.fromtimestamp(self.time_ms / 1000, dt.UTC)

    def __len__(self) -> int:
        return len(self._changes)

    def __repr__(self) -> str:
        counts = [0, 0, 0]
        for _, before, after in self._changes:
            counts[0 if before is None else 2 if after is None else 1] += 1
        return f"<Delta {self.query_id} seq={self.seq} +{counts[0]} ~{counts[1]} -{counts[2]}>"

    def _frame(self, rows: list[Row]) -> pl.DataFrame:
        return frame_of(self.columns, rows)

    @property
    def added(self) -> pl.DataFrame:
        """Return the rows that came."""
        return self._frame([a for _, b, a in self.changes if b is None and a is not None])

    @property
    def removed(self) -> pl.DataFrame:
        """Return the rows that left."""
        return self._frame([b for _, b, a in self.changes if a is None and b is not None])

    @property
    def updated(self) -> pl.DataFrame:
        """Return the rows that changed: every column as ``name`` (after) and ``name_before``."""
        pairs = [(b, a) for _, b, a in self.changes if b is not None and a is not None]
        after = self._frame([a for _, a in pairs])
        before = self._frame([b for b, _ in pairs])
        return after.hstack([column.rename(f"{column.name}_before") for column in before])

    def rows(self) -> list[dict[str, Any]]:
        """Return the changes as dicts: type ADD, UPDATE or DELETE, key, before, after."""
        out: list[dict[str, Any]] = []
        for key, before, after in self.changes:
            kind = "ADD" if before is None else "DELETE" if after is None else "UPDATE"
            out.append(
                {
                    "type": kind,
                    "key": key,
                    "before": None
                    if before is None
                    else dict(zip(self.columns, before, strict=True)),
                    "after": None
                    if after is None
                    else dict(zip(self.columns, after, strict=True)),
                }
            )
        return out

    def frame(self) -> pl.DataFrame:
        """Return one row per change: the row after it (before, of a DELETE), _op, _key, _seq."""
        return frame_of((*self.columns, "_op", "_key", "_seq"), self.feed())

    def feed(self) -> list[Row]:
        """Return the rows of ``frame()``."""
        rows: list[Row] = []
        for key, before, after in self.changes:
            kind = "ADD" if before is None else "DELETE" if after is None else "UPDATE"
            row = before if after is None else after
            assert row is not None
            rows.append((*row, kind, list(key), self.seq))
        return rows
