"""What waits for the clock: rows by due time, over all queries."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Collection
from itertools import count
from typing import Any, Protocol


class Waiting(Protocol):
    """A stage whose rows wait."""

    def ring(self, key: Any, due_ms: int) -> bool:
        """Take note that a row is due; return False where it no longer waits for that time."""
        ...

    def waits(self, key: Any, due_ms: int) -> bool:
        """Return whether a row still waits for that time."""
        ...


class Timers:
    """Due rows in order of time, then of being set.

    A row that left or waits for another time keeps its entry until it is due, or until such
    entries are more than half: setting costs O(log n), calling off nothing.

    Attributes:
        now_ms: The clock, as the engine knows it.
        stamp: That of the change being applied.
        seed: Of what ``rand()`` and ``randomUUID()`` give.
    """

    def __init__(self) -> None:
        self.now_ms = 0
        self.stamp = 0
        self.seed = secrets.randbits(63)
        self._heap: list[tuple[int, int, Waiting, Any]] = []
        self._order = count()
        self._swept = 1_000

    def set(self, due_ms: int, stage: Waiting, key: Any) -> None:
        """Ring a row of a stage when the clock reaches a time."""
        heapq.heappush(self._heap, (due_ms, next(self._order), stage, key))
        if len(self._heap) > self._swept:
            self._heap = [entry for entry in self._heap if entry[2].waits(entry[3], entry[0])]
            heapq.heapify(self._heap)
            self._swept = max(1_000, 2 * len(self._heap))

    def next_due_ms(self) -> int | None:
        """Return when the next row is due."""
        heap = self._heap
        while heap and not heap[0][2].waits(heap[0][3], heap[0][0]):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def fire(self, most: int) -> int:
        """Ring, in order of due time, what is due by now; return how many, at most ``most``."""
        heap, fired = self._heap, 0
        while heap and heap[0][0] <= self.now_ms and fired < most:
            due_ms, _, stage, key = heapq.heappop(heap)
            fired += stage.ring(key, due_ms)
        return fired

    def pending(self) -> list[tuple[int, Waiting, Any]]:
        """Return (due time, stage, row key) of every row that waits, in the order of firing."""
        return [
            (due_ms, stage, key)
            for due_ms, _, stage, key in sorted(self._heap, key=lambda entry: entry[:2])
            if stage.waits(key, due_ms)
        ]

    def forget(self, stages: Collection[Any]) -> None:
        """Drop what waits in some stages."""
        self._heap = [entry for entry in self._heap if entry[2] not in stages]
        heapq.heapify(self._heap)
