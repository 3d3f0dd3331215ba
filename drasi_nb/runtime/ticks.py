"""Ticks: changes go through the engine, results move when a tick ends, the clock rings what is due."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from drasi_nb.engine.bulk import apply_columns
from drasi_nb.engine.clock import Timer
from drasi_nb.runtime import registration
from drasi_nb.runtime.derived import DerivedSources
from drasi_nb.runtime.queue import ChangeQueue
from drasi_nb.store.batch import Batch, last_time_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from drasi_nb.frames.delta import Delta
    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime


class Ticks(ChangeQueue):
    """One tick: what is taken in it, and its end.

    Args:
        runtime: Its clock, settings, graph and queries.

    Attributes:
        is_open: Whether a tick has begun and results have not moved yet.
        time_ms: Of the last change that was taken.
        copying: Completes the copy that is taken now.
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.derived = DerivedSources(runtime)
        self.is_open = False
        self.time_ms: int | None = None
        self.copying: Callable[[], None] | None = None
        self._alarm: Timer | None = None  # on the clock, for the rows that are due next

    def tick_ms(self) -> int:
        """Return what the clock was when the open tick began."""
        if self._tick_ms is None:
            self._tick_ms = self.now_ms()
        return self._tick_ms

    def _apply(self, source: int, changes: Batch) -> None:
        engine = self.engine
        before = engine.seq
        self.taken += len(changes)
        try:
            apply = engine.apply
            if engine.timed:
                apply = engine.apply_timed
                engine.timers.now_ms = self.tick_ms()
            self.time_ms = last_time_ms(changes)
            if source in self.derived.of_source:
                for change in changes:
                    apply(source, change)
                    self.derived.take(source, change)
            elif isinstance(changes, list):
                for change in changes:
                    apply(source, change)
            else:
                apply_columns(engine, source, changes)
        except BaseException:
            # an interrupt in the middle of a change: no query can trust what it saw
            done = min(engine.seq - before, len(changes))
            self.taken += done - len(changes)
            self._position += done
            for compiled, query in list(self.runtime.by_compiled.items()):
                engine.broken.append((compiled, RuntimeError(f"interrupted in {query.id}")))
            self._report_broken()
            raise
        if engine.broken:
            self._report_broken()

    def _report_broken(self) -> None:
        broken, self.engine.broken[:] = list(self.engine.broken), ()
        for compiled, error in broken:
            query = self.runtime.by_compiled.get(compiled)
            if query is not None:
                registration.break_query(self.runtime, query, error)

    def _close_tick(self) -> None:
        self.is_open = False
        engine = self.engine
        if self.journal is not None:
            now_ms = self._tick_ms
            if now_ms is None:
                now_ms = self.now_ms()
            self.journal.tick(self.taken, now_ms, engine.seq, self.runtime.reacting)
        self._tick_ms = None
        if engine.touched or engine.broken:
            self._end_tick()

    def _end_tick(self) -> None:
        engine, by_compiled = self.engine, self.runtime.by_compiled
        time_ms = engine.arrived_ms if self.time_ms is None else self.time_ms
        deltas: list[tuple[Query, Delta]] = []
        while engine.touched or engine.broken:
            # again where results of queries are sources of others; without what broke by then
            if engine.broken:
                self._report_broken()
            for compiled, changes in engine.end_tick():
                query = by_compiled[compiled]
                if query.is_rebuilt:
                    query.is_rebuilt = False
                    made = registration.replace_rows(query, changes, time_ms)
                    deltas += [(query, delta) for delta in made]
                else:
                    delta = query.take(changes, engine.seq, time_ms)
                    if delta is not None:
                        deltas.append((query, delta))
                if self._pushed_s:
                    now_s = time.perf_counter()
                    query.latencies_s.extend(now_s - pushed_s for pushed_s in self._pushed_s)
        if self._pushed_s:
            self._pushed_s.clear()
        if engine.timed:
            self.set_alarm()
        for query, delta in deltas:  # every query has moved by now
            query.deliver(delta)

    def set_alarm(self) -> None:
        """Have the clock call when the next rows are due."""
        if self.is_replaying:
            return
        due_ms = self.engine.timers.next_due_ms()
        alarm = self._alarm
        if alarm is not None and alarm.callback is not None:
            if alarm.due_ms == due_ms:
                return
            alarm.cancel()
        if due_ms is not None:
            self._alarm = self.runtime.clock.call_at(due_ms, self._ring)

    def _ring(self) -> None:
        now_ms = self.now_ms()
        due_ms = self.engine.timers.next_due_ms()
        if due_ms is not None and due_ms <= now_ms:
            if self.copying is not None:
                self.copying()
            if self.journal is not None:
                self.journal.fire(self.taken, self.moment_ms(), now_ms)
            self.fire(now_ms)
            self.runtime.wake()
        if not self.engine.touched:
            self.set_alarm()

    def fire(self, now_ms: int) -> None:
        """Let the clock of the engine reach a time; what rows become moves with the tick."""
        if self.engine.fire(now_ms):
            self.time_ms = self._tick_ms = now_ms
            self.is_open = True
