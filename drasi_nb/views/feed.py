"""One query's rows on their way to the browser: snapshot once, then merged deltas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from drasi_nb.frames.ipc import json_cell, rows_ipc
from drasi_nb.values.ordering import order_key
from drasi_nb.views.protocol import (
    KEY_COLUMN,
    OP_ADD,
    OP_COLUMN,
    OP_DELETE,
    OP_UPDATE,
    ROWS_PER_MESSAGE,
    Delta,
    QueryState,
    Row,
    Snapshot,
)
from drasi_nb.views.rate import Rate

if TYPE_CHECKING:
    from drasi_nb.frames.delta import Delta as TickDelta
    from drasi_nb.runtime.query import Query

MAX_ROWS = 10_000
GONE_KEPT = 2_000
SNAPSHOT_INTERVAL_S = 0.5
"""At most this often is a flood of changes replaced by a new snapshot."""


@dataclass(slots=True)
class Encoded:
    """A part of a frame and its rows, which become a buffer or JSON when it is sent."""

    part: Snapshot | Delta
    ops: list[int]
    keys: list[int]
    rows: list[tuple[Any, ...]]
    width: int

    def buffer(self) -> bytes:
        """Return the rows as Arrow IPC; a removed row is a row of nulls."""
        nothing = (None,) * self.width
        cells = [row or nothing for row in self.rows]
        return rows_ipc(cells, self.width, {OP_COLUMN: self.ops, KEY_COLUMN: self.keys})

    def json(self) -> list[Row]:
        """Return the rows for a page that gets no buffers."""
        return [
            {"op": op, "key": key, "cells": [json_cell(cell) for cell in row]}
            for op, key, row in zip(self.ops, self.keys, self.rows, strict=True)
        ]


class QueryFeed:
    """Follows one query for as long as somebody watches it.

    Row keys become small numbers, kept while the row is shown, so the browser sees the same
    row under the same number. At most ``max_rows`` rows are shown; changes of the others are
    counted. Between two frames one row has at most one change, so the memory is bounded by
    ``max_rows`` whatever happens; a flood of more changes than that becomes a new snapshot.
    """

    def __init__(
        self,
        query: Query,
        wake: Callable[[], None],
        marshal: Callable[..., None],
        *,
        max_rows: int = MAX_ROWS,
    ) -> None:
        self.query, self.max_rows, self.columns = query, max_rows, query.columns
        self._wake = wake
        self._backlog: list[TickDelta] = []
        self._backlog_rows = 0
        self._numbers: dict[Any, int] = {}
        self._gone: dict[Any, int] = {}  # numbers of rows that went, in case they come back
        self._next_number = 0
        self._pending: dict[int, tuple[int, tuple[Any, ...] | None]] = {}
        self._chunks: Iterator[Encoded] | None = None
        self._stale, self._snapshot_s = True, float("-inf")
        self._outside = self.changes = 0
        self._rate = Rate()
        self._leave = query.on_delta(partial(marshal, self.take))

    def close(self) -> None:
        """Stop following; the feed cannot be used again."""
        self._leave()
        self._backlog.clear()
        self._numbers.clear()
        self._forget_pending()
        self._chunks = None

    def restart(self) -> None:
        """Send a snapshot next, at once."""
        self._stale, self._snapshot_s = True, float("-inf")
        self._wake()

    def fail(self) -> None:
        """Begin anew with a snapshot, after the usual interval, as rows may have been lost."""
        self._chunks, self._stale = None, True

    def take(self, delta: TickDelta) -> None:
        """Keep one tick's delta for the next frame; called at the end of the tick."""
        size = len(delta)
        self.changes += size
        if self._stale:
            self._wake()
            return
        self._backlog.append(delta)
        self._backlog_rows += size
        if self.query.columns != self.columns or self._backlog_rows > 2 * self.max_rows:
            self._stale = True
            self._backlog, self._backlog_rows = [], 0
        self._wake()

    def next_part(self, now: float) -> Encoded | None:
        """Return what to send now: a part of a snapshot, a delta, or None."""
        if (
            self._stale
            and self._chunks is None
            and now - self._snapshot_s >= SNAPSHOT_INTERVAL_S
        ):
            self._snapshot_s = now
            self._chunks = self._snapshot()
        if self._chunks is not None:
            chunk = next(self._chunks)
            if chunk.part["part"] == "snapshot" and chunk.part["last"]:
                self._chunks = None
            return chunk
        return None if self._stale else self._delta()

    def wants_frame(self) -> bool:
        """Tell whether something waits, be it for the end of the snapshot interval."""
        return bool(self._stale or self._chunks or self._backlog or self._pending)

    def state(self, now: float) -> QueryState:
        """Return how the query is now."""
        query, metrics = self.query, self.query.metrics()
        if query.columns != self.columns and not self._stale:
            self.restart()
        return {
            "part": "query",
            "query": query.id,
            "status": query.status,
            "error": query.error,
            "total": metrics.rows,
            "rate": self._rate.read(now, self.changes),
            "failures": _count(metrics.failures),
            "sources": list(query.sources),
            "text": query.text,
            "time_ms": metrics.last_time_ms,
        }

    def _snapshot(self) -> Iterator[Encoded]:
        query = self.query
        self._backlog, self._backlog_rows, self._stale = [], 0, False
        self._forget_pending()
        self.columns = query.columns
        metrics = query.metrics()
        known, rows = self._numbers, list[tuple[Any, ...]]()
        self._numbers = {}
        for key, row in query.first_rows(self.max_rows):
            number = known.get(key)
            self._numbers[key] = self._fresh_number() if number is None else number
            rows.append(row)
        numbers = list(self._numbers.values())
        return self._cut(numbers, rows, metrics)

    def _cut(self, numbers: list[int], rows: list[Any], metrics: Any) -> Iterator[Encoded]:
        for start in range(0, max(1, len(rows)), ROWS_PER_MESSAGE):
            stop = start + ROWS_PER_MESSAGE
            part: Snapshot = {
                "part": "snapshot",
                "query": self.query.id,
                "columns": list(self.columns),
                "first": start == 0,
                "last": stop >= len(rows),
                "total": metrics.rows,
                "tick": metrics.last_seq or 0,
                "time_ms": metrics.last_time_ms,
            }
            cut = rows[start:stop]
            ops = [OP_ADD] * len(cut)
            yield Encoded(part, ops, numbers[start:stop], cut, len(self.columns))

    def _fresh_number(self) -> int:
        self._next_number = (self._next_number + 1) % 2_000_000_000
        return self._next_number

    def _fold(self) -> None:
        """Merge the backlog into one change per row; equal ends vanish in the browser."""
        for delta in self._backlog:
            come = list[tuple[Any, Any]]()
            for key, before, after in delta.unsorted:
                if before is None:
                    come.append((key, after))
                else:
                    self._fold_one(key, before, after)
            come.sort(key=_order)  # the others stay where they are
            for key, after in come:
                self._fold_one(key, None, after)
        self._backlog, self._backlog_rows = [], 0

    def _forget_pending(self) -> None:
        self._pending.clear()
        self._gone.clear()

    def _fold_one(self, key: Any, before: Any, after: Any) -> None:
        number = self._numbers.get(key)
        if number is None:
            number = self._gone.pop(key, None)
            if before is not None or after is None or len(self._numbers) >= self.max_rows:
                self._outside += 1
                return
            number = self._numbers[key] = self._fresh_number() if number is None else number
        elif after is None:
            self._gone[key] = self._numbers.pop(key)
            if len(self._gone) > GONE_KEPT:
                del self._gone[next(iter(self._gone))]
        known = self._pending.get(number, (None, None))[0]
        if after is None and known == OP_ADD:
            del self._pending[number]  # came and went between two frames
        elif after is None:
            self._pending[number] = (OP_DELETE, None)
        elif known == OP_ADD or (known is None and before is None):
            self._pending[number] = (OP_ADD, after)
        else:
            self._pending[number] = (OP_UPDATE, after)

    def _delta(self) -> Encoded | None:
        self._fold()
        metrics = self.query.metrics()
        if len(self._numbers) < min(self.max_rows, metrics.rows) // 2:
            self._stale = True  # many shown rows went: the next snapshot shows others
        if not self._pending and not self._outside:
            return None
        numbers = list(islice(self._pending, ROWS_PER_MESSAGE))
        changes = [self._pending.pop(number) for number in numbers]
        part: Delta = {
            "part": "delta",
            "query": self.query.id,
            "total": metrics.rows,
            "tick": metrics.last_seq or 0,
            "time_ms": metrics.last_time_ms,
            "outside": self._outside,
        }
        self._outside = 0
        if self.query.is_ordered and not self._pending:
            self._stale = True  # the browser appends: a snapshot puts the rows in order again
        rows = [after or () for _, after in changes]
        return Encoded(part, [op for op, _ in changes], numbers, rows, len(self.columns))


def _order(come: tuple[Any, Any]) -> Any:
    return order_key(come[0])


def _count(failures: Any) -> int:
    return failures if isinstance(failures, int) else len(failures)
