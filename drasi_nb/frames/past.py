"""What a result was: its latest changes, to be listed or undone."""

from __future__ import annotations

from collections import deque
from itertools import chain, islice
from typing import Any

import polars as pl

from drasi_nb.engine.result import Row, RowChange
from drasi_nb.errors import ComponentError
from drasi_nb.frames.delta import Delta
from drasi_nb.frames.schema import frame_of

_flat = chain.from_iterable
_NEVER = object()


class Past:
    """The latest ticks of one result. Cost: its changed rows, which share their values with it.

    Args:
        most: How many changed rows are kept; the ticks of older ones are forgotten.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        # flat: tuples in tuples would stay with the garbage collector for long
        self._ticks: deque[tuple[int, int, int]] = deque()  # seq, time, number of changes
        self._changes: deque[Any] = deque()  # key, before, after of each
        self._room = 3 * (most + most // 32)
        self._known_seq = 0  # from here on every change is kept
        self._known_ms: int | None = None

    def clear(self, seq: int) -> None:
        """Forget everything: the columns are others now."""
        self._forget(seq, None)

    def add(self, seq: int, time_ms: int, changes: list[RowChange]) -> None:
        """Keep a tick."""
        if len(changes) > self.most:
            self._forget(seq, time_ms)
            return
        self._ticks.append((seq, time_ms, len(changes)))
        self._changes.extend(_flat(changes))
        if len(self._changes) > self._room:
            self._trim()

    def _trim(self) -> None:
        """Forget the ticks that are too many; ``add()`` lets some more pile up first."""
        spare, gone = len(self._changes) - 3 * self.most, 0
        while gone < spare:
            self._known_seq, self._known_ms, count = self._ticks.popleft()
            gone += 3 * count
        forget = iter(self._changes.popleft, _NEVER)  # touches nothing of what stays
        deque(islice(forget, gone), maxlen=0)

    def _forget(self, seq: int, time_ms: int | None) -> None:
        self._ticks.clear()
        self._changes.clear()
        self._known_seq, self._known_ms = seq, time_ms

    def undone(
        self, rows: dict[Any, Row], seq: int | None, time_ms: int | None, query_id: str
    ) -> None:
        """Take rows back to what they were after a change, or at a time.

        Raises:
            ComponentError: That is longer ago than what is kept.
        """
        self._trim()
        is_known = (
            seq >= self._known_seq
            if seq is not None
            else self._known_ms is None or (time_ms or 0) >= self._known_ms
        )
        if not is_known:
            raise ComponentError(
                f"query {query_id!r} keeps its latest {self.most:,} changed rows, back to change"
                f" {self._known_seq}; RuntimeConfig(kept_rows=...) keeps more"
            )
        backwards = reversed(self._changes)
        for tick_seq, tick_ms, count in reversed(self._ticks):
            if (tick_seq <= seq) if seq is not None else (tick_ms <= (time_ms or 0)):
                return
            for _ in range(count):
                _, before, key = next(backwards), next(backwards), next(backwards)
                if before is None:
                    rows.pop(key, None)
                else:
                    rows[key] = before

    def frame(self, query_id: str, columns: tuple[str, ...]) -> pl.DataFrame:
        """Return every kept change: the row after it (before, of a DELETE), _op, _key, _seq, _time."""
        self._trim()
        flat = iter(self._changes)
        triples = zip(flat, flat, flat, strict=True)
        deltas = [
            Delta(query_id, seq, ms, columns, list(islice(triples, count)))
            for seq, ms, count in self._ticks
        ]
        rows = [(*row, delta.time_ms) for delta in deltas for row in delta.feed()]
        frame = frame_of((*columns, "_op", "_key", "_seq", "_time"), rows)
        return frame.with_columns(pl.col("_time").cast(pl.Datetime("ms", "UTC")))
