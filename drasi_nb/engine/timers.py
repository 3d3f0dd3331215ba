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
    entries are more than half: setting costs O(log n), calling off next to nothing.

    Attributes:
        now_ms: The clock, as the engine knows it.
        stamp: That of the change being applied.
        seed: Of what ``rand()`` and ``randomUUID()`` give.
    """

    def __init__(self) -> None:
        self.now_ms = 0
        self.stamp = 0
        self.seed = secrets.randbits(63)
        # the number of the stage, not the stage: such tuples the garbage collector lets go
        self._heap: list[tuple[int, int, int, Any]] = []
        self._stages = dict[int, Waiting]()
        self._numbers = dict[Waiting, int]()
        self._order = count()
        self._called_off = 0  # since they were last swept

    def set(self, due_ms: int, stage: Waiting, key: Any) -> None:
        """Ring a row of a stage when the clock reaches a time."""
        number = self._numbers.get(stage)
        if number is None:
            number = self._numbers[stage] = next(self._order)
            self._stages[number] = stage
        heapq.heappush(self._heap, (due_ms, next(self._order), number, key))

    def called_off(self) -> None:
        """Take note that a row no longer waits for the time that was set."""
        self._called_off += 1
        if self._called_off > 500 and 2 * self._called_off > len(self._heap):
            stages = self._stages
            self._heap = [e for e in self._heap if stages[e[2]].waits(e[3], e[0])]
            heapq.heapify(self._heap)
            self._called_off = 0

    def next_due_ms(self) -> int | None:
        """Return when the next row is due."""
        heap = self._heap
        while heap:
            due_ms, _, number, key = heap[0]
            if not self._called_off or self._stages[number].waits(key, due_ms):
                return due_ms
            heapq.heappop(heap)
            self._called_off -= 1
        return None

    def fire(self, most: int) -> int:
        """Ring, in order of due time, what is due by now; return how many, at most ``most``."""
        heap, fired, now_ms = self._heap, 0, self.now_ms
        while heap and heap[0][0] <= now_ms and fired < most:
            due_ms, _, number, key = heapq.heappop(heap)
            if self._stages[number].ring(key, due_ms):
                fired += 1
            elif self._called_off:
                self._called_off -= 1
        return fired

    def pending(self) -> list[tuple[int, Waiting, Any]]:
        """Return (due time, stage, row key) of every row that waits, in the order of firing."""
        waiting = [(due_ms, self._stages[n], key) for due_ms, _, n, key in sorted(self._heap)]
        return [entry for entry in waiting if entry[1].waits(entry[2], entry[0])]

    def forget(self, stages: Collection[Any]) -> None:
        """Drop what waits in some stages."""
        gone = {self._numbers.pop(stage) for stage in stages if stage in self._numbers}
        self._heap = [entry for entry in self._heap if entry[2] not in gone]
        heapq.heapify(self._heap)
        for number in gone:
            del self._stages[number]
