"""Changes at a steady rate on a running loop, and how long each takes from push to delta."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import drasi_nb as dnb

EVERY_S = 0.005  # between two batches
BEAT_S = 0.005  # between two beats that find pauses; they take CPU time too

Change = dict[str, Any]


class Latencies:
    """Seconds from a push to the first delta of a tick that holds it.

    Args:
        runtime: Everything pushed so far must have been taken.
        queries: A delta of any of them counts; each batch should move one.
    """

    def __init__(self, runtime: dnb.Runtime, queries: Iterable[dnb.Query]) -> None:
        self.values = list[float]()
        self._runtime, self._pushed = runtime, runtime.seq
        self._waiting = deque[tuple[int, float]]()
        for query in queries:
            query.on_delta(self._note)

    @property
    def pushed(self) -> int:
        """Return the number that the last pushed change will have."""
        return self._pushed

    def begin(self, changes: int) -> None:
        """Note a push that is about to happen."""
        self._pushed += changes
        self._waiting.append((self._pushed, time.perf_counter()))

    def _note(self, _delta: dnb.Delta) -> None:
        now, waiting, seq = time.perf_counter(), self._waiting, self._runtime.seq
        while waiting and waiting[0][0] <= seq:
            self.values.append(now - waiting.popleft()[1])


async def steady(
    push: Callable[[list[Change]], object],
    make: Callable[[], Change],
    rate: float,
    seconds: float,
    latencies: Latencies,
) -> int:
    """Push so many changes a second, those that are due every 5 ms in one batch; return how many."""
    begin, pushed = time.perf_counter(), 0
    while (now := time.perf_counter() - begin) < seconds:
        count = int(now * rate) - pushed
        if count > 0:
            batch = [make() for _ in range(count)]
            pushed += count
            latencies.begin(count)
            push(batch)
        await asyncio.sleep(EVERY_S)
    return pushed
