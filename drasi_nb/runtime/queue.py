"""Changes that wait to be taken, in the order in which they are: sorted where they may be late."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from drasi_nb.runtime.lateness import Lateness
from drasi_nb.store.batch import Batch
from drasi_nb.values.change import Accepted

if TYPE_CHECKING:
    from drasi_nb.engine.clock import Timer
    from drasi_nb.runtime.journal import Journal
    from drasi_nb.runtime.runtime import Runtime

_TIMED = 4  # one batch in 2**4 changes is timed from push to delta


class ChangeQueue:
    """Batches in order; the journal has each before it is here.

    Args:
        runtime: Its clock, settings and graph.

    Attributes:
        submitted: Changes queued so far.
        taken: Changes taken so far.
        is_replaying: Whether ticks come from a log alone.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.engine = runtime.engine
        self.now_ms: Callable[[], int] = runtime.clock.now_ms
        self.lateness: Lateness | None = None
        if runtime.config.lateness_ms:
            self.lateness = Lateness(
                runtime.config.lateness_ms, self._release, self._set_late_alarm
            )
        self.queue: deque[tuple[int, Batch, int]] = deque()
        self.submitted: int = 0
        self.taken: int = 0
        self.journal: Journal | None = None
        self.is_replaying = False
        self._position = 0  # in the first batch
        self._tick_ms: int | None = None  # the clock, one time for all of a tick
        self._pushed_s: list[float] = []  # when the batches were pushed that are timed
        self._late_alarm: Timer | None = None  # on the clock, for what is held back

    def submit(self, source: int, changes: Batch, synced: str | None = None) -> int:
        """Queue a checked batch, once the journal has it; return when it arrived.

        Raises:
            CheckpointError: It cannot be written, and was not queued.
        """
        now_ms = self.now_ms()
        if self.journal is not None:
            name = self.engine.graph.source_ids[source]
            self.journal.batch(name, changes, now_ms, self.submitted, synced)
        self.enqueue(source, changes, now_ms)
        return now_ms

    def enqueue(self, source: int, changes: Batch, now_ms: int) -> None:
        """Queue a batch; one by one and sorted, where changes may be late."""
        before = self.submitted
        self.submitted = after = before + len(changes)
        if before >> _TIMED != after >> _TIMED:
            self._pushed_s.append(time.perf_counter())
        if self.lateness is None:
            self.queue.append((source, changes, now_ms))
        else:
            self.lateness.take(source, changes, now_ms)

    def submit_own(
        self, source: int, changes: list[Accepted], *, is_told: bool = False
    ) -> None:
        """Queue what the runtime itself has to say, which is never late.

        Args:
            source: Its number.
            changes: The batch.
            is_told: The journal must have it; else it follows from what the journal has.
        """
        now_ms = self.now_ms()
        if is_told and self.journal is not None:
            name = self.engine.graph.source_ids[source]
            self.journal.batch(name, changes, now_ms, self.submitted)
        self.queue.append((source, changes, now_ms))
        self.submitted += len(changes)

    def _release(self, source: int, changes: list[Accepted], arrived_ms: int) -> None:
        self.queue.append((source, changes, arrived_ms))
        self.runtime.wake()

    def queued_of(self, source: int) -> int:
        """Return how many changes of a source wait, begun batches as a whole. Cost: the batches."""
        return sum(len(batch) for number, batch, _ in self.queue if number == source)

    def held_of(self, source: int) -> int:
        """Return how many changes of a source wait for earlier ones."""
        return 0 if self.lateness is None else self.lateness.held_of(source)

    def drop(self, source: int, count: int) -> list[Accepted]:
        """Take the oldest batches of a source, of at least so many changes, out of the queue.

        Raises:
            CheckpointError: The journal cannot say so; nothing was taken out.
        """
        if self.journal is not None:
            name = self.engine.graph.source_ids[source]
            self.journal.drop(self.taken, self.moment_ms(), name, count)
        out, kept = list[Accepted](), list[tuple[int, Batch, int]]()
        for place, (number, batch, arrived_ms) in enumerate(self.queue):
            is_begun = place == 0 and self._position
            if number != source or is_begun or len(out) >= count:
                kept.append((number, batch, arrived_ms))
                continue
            out += batch
        self.queue.clear()  # in place: it may be at work
        self.queue.extend(kept)
        self.taken += len(out)
        return out

    def _set_late_alarm(self, due_ms: int) -> None:
        alarm = self._late_alarm
        if not self.is_replaying and (alarm is None or alarm.callback is None):
            self._late_alarm = self.runtime.clock.call_at(due_ms, self._let_late_go)

    def _let_late_go(self) -> None:
        assert self.lateness is not None
        now_ms = self.now_ms()
        if self.journal is not None:
            self.journal.release(now_ms)
        self.lateness.ring(now_ms)

    def moment_ms(self) -> int:
        """Return what the clock was when the open tick began; where none is open, what it is."""
        return self.now_ms() if self._tick_ms is None else self._tick_ms
