"""Changes in the order of their own times: held back until none can be earlier."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import count
from typing import Any

from sortedcontainers import SortedList

from drasi_nb.values.change import Accepted

Held = tuple[int, int, int, Accepted, int]  # time, order of arrival, source, change, arrival


class Lateness:
    """Sorts the changes of all sources by event time.

    A change goes on when one whose time is later by the bound has come, or when the clock is
    past its arrival by the bound, whichever is first. What comes later still goes on at once,
    and is counted.

    Args:
        bound_ms: How much later than others a change may come; above 0.
        release: Takes (source, changes, arrival) in order.
        wake_at: Has ``ring()`` called at a time; called again while it waits.

    Attributes:
        late: Changes that came after a later one had gone on.
    """

    def __init__(self, bound_ms: int, release: Any, wake_at: Any) -> None:
        self.bound_ms, self.late = bound_ms, 0
        self._release, self._wake_at = release, wake_at
        self._held: Any = SortedList(key=lambda held: held[:2])
        self._order = count()
        self._arrivals: deque[tuple[int, int]] = deque()  # (arrival, time) in order of arrival
        self._latest_ms = self._gone_ms = -(2**62)

    def __len__(self) -> int:
        return len(self._held)

    def take(self, source: int, changes: Iterable[Accepted], arrived_ms: int) -> None:
        """Hold changes back, and let go on what is due."""
        for change in changes:
            time_ms = arrived_ms if change.time_ms is None else change.time_ms
            if time_ms < self._gone_ms:
                self.late += 1
                self._release(source, [change], arrived_ms)
                continue
            self._held.add((time_ms, next(self._order), source, change, arrived_ms))
            self._arrivals.append((arrived_ms, time_ms))
            self._latest_ms = max(self._latest_ms, time_ms)
        self._let_go(self._latest_ms - self.bound_ms)
        self.set_alarm()

    def set_alarm(self) -> None:
        """Have ``ring()`` called when the first change that is held has waited the bound out."""
        if self._arrivals:
            self._wake_at(self._arrivals[0][0] + self.bound_ms)

    def held_of(self, source: int) -> int:
        """Return how many changes of a source are held back. Cost: all that are."""
        return sum(held[2] == source for held in self._held)

    def forget(self, source: int) -> int:
        """Drop what is held back of a source; return how many changes."""
        gone = [held for held in self._held if held[2] == source]
        for held in gone:
            self._held.remove(held)
        return len(gone)

    def ring(self, now_ms: int) -> None:
        """Let go on what waited the bound out, and what is earlier than that."""
        until, arrivals = self._latest_ms - self.bound_ms, self._arrivals
        arrived_ms = now_ms - self.bound_ms
        while arrivals and arrivals[0][0] <= arrived_ms:
            until = max(until, arrivals.popleft()[1])
        self._let_go(until)
        self.set_alarm()

    def _let_go(self, until: int) -> None:
        held = self._held
        while held and held[0][0] <= until:
            time_ms, _, source, change, arrival_ms = held.pop(0)
            self._gone_ms = time_ms
            self._release(source, [change], arrival_ms)

    def save(self) -> tuple[dict[str, Any], list[Held]]:
        """Return what must survive a restart: the state, and the changes in order of arrival."""
        state = {
            "late": self.late,
            "latest_ms": self._latest_ms,
            "gone_ms": self._gone_ms,
            "arrivals": [list(pair) for pair in self._arrivals],
        }
        return state, sorted(self._held, key=lambda held: held[1])

    def resume(self, state: dict[str, Any], held: list[tuple[int, Accepted, int]]) -> None:
        """Hold again what ``save()`` returned, given as (source, change, arrival)."""
        self.late, self._latest_ms = state["late"], state["latest_ms"]
        self._gone_ms = state["gone_ms"]
        self._arrivals.extend((arrived, time) for arrived, time in state["arrivals"])
        for source, change, arrived_ms in held:
            time_ms = arrived_ms if change.time_ms is None else change.time_ms
            self._held.add((time_ms, next(self._order), source, change, arrived_ms))
