"""What waits for the clock: rows by due time, over all queries."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Callable, Collection, Sequence
from itertools import count
from typing import Any, Final, Protocol

_BITS: Final = 32  # of the number of a stage, below the due time
_STAGE: Final = (1 << _BITS) - 1


class Waiting(Protocol):
    """A stage whose rows wait."""

    def ring(self, keys: Sequence[Any], due_ms: int) -> int:
        """Take note that rows are due; return how many still waited for that time."""
        ...

    def waits(self, key: Any, due_ms: int) -> bool:
        """Return whether a row still waits for that time."""
        ...


class Timers:
    """Due rows in order of time, then of stages, then of being set.

    What is ordered are moments of stages, each one integer; the rows of a moment are a list. A
    row that left or waits for another time keeps its place until it is due, or until such places
    are more than half: setting costs O(log n), calling off next to nothing.

    Attributes:
        now_ms: The clock, as the engine knows it.
        stamp: That of the change being applied.
        seed: Of what ``rand()`` and ``randomUUID()`` give.
    """

    def __init__(self) -> None:
        self.now_ms = 0
        self.stamp = 0
        self.seed = secrets.randbits(63)
        self._moments: list[int] = []  # a heap
        # a row's key, or a list of several: keys are tuples, which the garbage collector lets go
        self._due: dict[int, Any] = {}
        self._stages = dict[int, Waiting]()
        self._numbers = dict[Waiting, int]()
        self._order = count()
        self._held = 0  # rows, those included that were
        self._called_off = 0  # since they were last swept

    def set(self, due_ms: int, stage: Waiting, key: Any) -> None:
        """Ring a row of a stage when the clock reaches a time."""
        number = self._numbers.get(stage)
        if number is None:
            number = self._numbers[stage] = next(self._order)
            self._stages[number] = stage
        moment = (due_ms << _BITS) | number
        others = self._due.get(moment)
        if others is None:
            self._due[moment] = key
            heapq.heappush(self._moments, moment)
        elif type(others) is list:
            others.append(key)
        else:
            self._due[moment] = [others, key]
        self._held += 1

    def called_off(self) -> None:
        """Take note that a row no longer waits for the time that was set."""
        self._called_off += 1
        if self._called_off > 500 and 2 * self._called_off > self._held:
            self._sweep(self._waits)
            self._called_off = 0

    def _waits(self, moment: int, key: Any) -> bool:
        return self._stages[moment & _STAGE].waits(key, moment >> _BITS)

    def _sweep(self, is_kept: Callable[[int, Any], bool]) -> None:
        due = dict[int, Any]()
        self._held = 0
        for moment, keys in self._due.items():
            kept = [key for key in _several(keys) if is_kept(moment, key)]
            if kept:
                due[moment] = kept if len(kept) > 1 else kept[0]
                self._held += len(kept)
        self._due, self._moments = due, list(due)
        heapq.heapify(self._moments)

    def next_due_ms(self) -> int | None:
        """Return when the next row is due."""
        while self._moments:
            moment = self._moments[0]
            if not self._called_off:
                return moment >> _BITS
            keys = _several(self._due[moment])
            while keys and not self._waits(moment, keys[-1]):
                keys.pop()
                self._held -= 1
                self._called_off -= 1
            if keys:
                self._due[moment] = keys if len(keys) > 1 else keys[0]
                return moment >> _BITS
            heapq.heappop(self._moments)
            del self._due[moment]
        return None

    def fire(self, most: int) -> int:
        """Ring, in order of due time, what is due by now; return how many, at most ``most``."""
        fired = 0
        while self._moments and fired < most:
            moment = self._moments[0]
            due_ms = moment >> _BITS
            if due_ms > self.now_ms:
                break
            keys = _several(self._due[moment])
            if len(keys) > most - fired:
                self._due[moment] = keys[most - fired :]
                del keys[most - fired :]
            else:
                heapq.heappop(self._moments)
                del self._due[moment]
            rung = self._stages[moment & _STAGE].ring(keys, due_ms)
            fired += rung
            self._held -= len(keys)
            self._called_off = max(0, self._called_off - len(keys) + rung)
        return fired

    def pending(self) -> list[tuple[int, Waiting, Any]]:
        """Return (due time, stage, row key) of every row that waits, in the order of firing."""
        return [
            (moment >> _BITS, self._stages[moment & _STAGE], key)
            for moment in sorted(self._moments)
            for key in dict.fromkeys(_several(self._due[moment]))  # one may have come back
            if self._waits(moment, key)
        ]

    def forget(self, stages: Collection[Any]) -> None:
        """Drop what waits in some stages."""
        gone = {self._numbers.pop(stage) for stage in stages if stage in self._numbers}
        self._sweep(lambda moment, _: moment & _STAGE not in gone)
        for number in gone:
            del self._stages[number]


def _several(keys: Any) -> list[Any]:
    return keys if type(keys) is list else [keys]
