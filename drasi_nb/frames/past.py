"""What a result was: its latest changes, to be listed or undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

import polars as pl

from drasi_nb.engine.moved import Moved
from drasi_nb.engine.result import Changes, Row, RowChange
from drasi_nb.errors import ComponentError
from drasi_nb.frames.delta import Delta
from drasi_nb.frames.schema import frame_of

_flat = chain.from_iterable
_NEVER = object()
_MANY = 256  # changes of one tick


class Past:
    """The latest ticks of one result. Cost: its changed rows, which share their values with it.

    Args:
        most: How many changed rows are kept; the ticks of older ones are forgotten.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        # flat: tuples in tuples stay with the garbage collector for a pass more; of many at once
        # that is little beside taking them apart
        # seq, time, number of changes, those that are many or columns
        self._ticks: deque[tuple[int, int, int, Changes | None]] = deque()
        self._changes: deque[Any] = deque()  # key, before, after of each of the others
        self._kept = 0  # changes
        self._room = most + most // 32
        self._known_seq = 0  # from here on every change is kept
        self._known_ms: int | None = None

    def clear(self, seq: int) -> None:
        """Forget everything: the columns are others now."""
        self._forget(seq, None)

    def add(self, seq: int, time_ms: int, changes: Changes) -> None:
        """Keep a tick."""
        count = len(changes)
        if count > self.most:
            self._forget(seq, time_ms)
            return
        if type(changes) is Moved:  # quicker than ``isinstance()``, of a sequence
            self._ticks.append((seq, time_ms, count, changes))
        elif count >= _MANY:
            self._ticks.append((seq, time_ms, count, tuple(changes)))
        else:
            self._ticks.append((seq, time_ms, count, None))
            self._changes.extend(_flat(changes))
        self._kept += count
        if self._kept > self._room:
            self._trim()

    def _trim(self) -> None:
        """Forget the ticks that are too many; ``add()`` lets some more pile up first."""
        gone = 0
        while self._kept > self.most:
            self._known_seq, self._known_ms, count, many = self._ticks.popleft()
            self._kept -= count
            if many is None:
                gone += 3 * count
        forget = iter(self._changes.popleft, _NEVER)  # touches nothing of what stays
        deque(islice(forget, gone), maxlen=0)

    def _forget(self, seq: int, time_ms: int | None) -> None:
        self._ticks.clear()
        self._changes.clear()
        self._kept = 0
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
        for tick_seq, tick_ms, count, many in reversed(self._ticks):
            if (tick_seq <= seq) if seq is not None else (tick_ms <= (time_ms or 0)):
                return
            changes: Iterable[RowChange] = many or (
                (key, before, after)
                for after, before, key in islice(zip(*[backwards] * 3, strict=True), count)
            )
            for key, before, _ in changes:  # a tick has each key once
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
            Delta(query_id, seq, ms, columns, many or list(islice(triples, count)))
            for seq, ms, count, many in self._ticks
        ]
        rows = [(*row, delta.time_ms) for delta in deltas for row in delta.feed()]
        frame = frame_of((*columns, "_op", "_key", "_seq", "_time"), rows)
        return frame.with_columns(pl.col("_time").cast(pl.Datetime("ms", "UTC")))
