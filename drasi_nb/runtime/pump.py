"""The only caller of the engine: takes changes from the queue, tick by tick.

A batch is never split over two ticks. The driver takes a batch that is too long for one
slice in several; the tick stays open between them and results move when it ends.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.bulk import apply_columns
from drasi_nb.engine.clock import Timer
from drasi_nb.engine.garbage import collection_put_off, kept_as_old
from drasi_nb.errors import CheckpointError, ComponentError
from drasi_nb.runtime import registration
from drasi_nb.runtime.derived import DerivedSources
from drasi_nb.runtime.queue import ChangeQueue
from drasi_nb.store.batch import Batch, last_time_ms
from drasi_nb.values.change import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from drasi_nb.frames.delta import Delta
    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime

_CHECK_EVERY = 16  # changes between two looks at the time
_ROWS_PER_STEP = (32, 512, 4_096)  # of a batch of columns: least, at first, most
_STEP_S = 0.008  # steps that take longer get shorter
_LONG_TICK = 10_000  # rows of one result from which the end of a tick is spread too
_FREED_PER_STEP = 1_024
_LONG = 256  # changes from which a flush puts off an interrupt


class Pump(ChangeQueue):
    """Takes batches from the queue through the engine."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.derived = DerivedSources(runtime)
        self.is_open = False  # a tick has begun and results have not moved yet
        self.time_ms: int | None = None  # of the last change that was taken
        self.copying: Callable[[], None] | None = None  # completes the copy that is taken now
        self._busy = False
        self._alarm: Timer | None = None  # on the clock, for the rows that are due next
        self._interrupted = False
        self._jobs: deque[Iterator[Any]] = deque()
        self._is_ending = False  # the tick takes no more changes
        self._spent: list[Any] = []  # what a long tick left behind
        self._rows_per_step = _ROWS_PER_STEP[1]

    @property
    def is_busy(self) -> bool:
        """Return whether it is at work: the caller is a callback of a tick."""
        return self._busy

    @property
    def is_between(self) -> bool:
        """Return whether it stands between two ticks, with no other work begun."""
        return not (self._busy or self._jobs or self.is_open)

    def waiting(self) -> bool:
        """Return whether there is anything to do."""
        return bool(self.queue or self._jobs) or self.is_open

    def add_job(self, steps: Iterator[Any]) -> None:
        """Do work in steps of a few ms while no change is taken: it sees one state of the graph."""
        self._jobs.append(steps)
        self.runtime.wake()

    def finish_jobs(self) -> None:
        """Do what is begun in steps to its end, so that the graph may change by other ways."""
        if self._jobs and not self._busy:
            self.run()

    def _finish_jobs(self, end: float | None) -> bool:
        """Go on with the jobs; return whether they are done."""
        with kept_as_old():
            while self._jobs:
                for _ in self._jobs[0]:
                    if end is not None and time.perf_counter() >= end:
                        return False
                self._jobs.popleft()
        return True

    def flush(self) -> int:
        """Fire due timers and take everything; return how many changes it took."""
        if self._busy:
            raise ComponentError("flush() was called from inside a callback")
        before = self.taken
        if self.runtime.clock.next_due_ms() is not None:
            self.runtime.clock.fire_due()
        self.run()
        return self.taken - before

    def run(self) -> None:
        """Take everything that is queued."""
        if self.copying is not None:
            self.copying()
        if self._busy or self.is_replaying or not (self.queue or self.waiting()):
            return
        if (
            self.submitted - self.taken < _LONG
            or threading.current_thread() is not threading.main_thread()
        ):
            self._work(None)
            return
        # a long run: an interrupt ends the tick between two changes, and loses nothing
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            self._work(None)
        finally:
            signal.signal(signal.SIGINT, before)
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupted = True

    def slice(self, budget_s: float) -> bool:
        """Work for at most about ``budget_s`` seconds; return whether more waits."""
        if self._busy or self.copying is not None:
            return True
        if self.waiting():
            with collection_put_off():
                self._work(time.perf_counter() + budget_s)
        return self.waiting()

    def _work(self, end: float | None) -> None:
        self._busy = True
        engine, queue = self.engine, self.queue
        try:
            engine.finish_by = end
            if engine.unfinished:
                with kept_as_old():
                    if not engine.finish(end):
                        return  # in the middle of a change; the tick stays open
            if self._jobs and not self._finish_jobs(end):
                return
            while queue and not self._is_ending:
                source, changes, engine.arrived_ms = queue[0]
                self.is_open = True
                if len(changes) == 1:
                    self._apply(source, changes)
                    queue.popleft()
                    if engine.unfinished:
                        return
                elif not self._batch(source, changes, end):
                    return  # in the middle of a batch
                if self._interrupted or (end is not None and time.perf_counter() >= end):
                    break
            engine.finish_by = None
            if engine.stale:
                self._jobs.append(registration.rebuilding(self.runtime))
                if not self._finish_jobs(end):
                    return
            if end is not None and not self._is_ending and self._is_long():
                self._is_ending = True
                self._jobs.append(self._ending())
                if not self._finish_jobs(end):
                    return
            self._is_ending = False
            self._close_tick()
            if self._spent:
                self._jobs.append(self._letting_go())
        finally:
            self._busy = False
            engine.finish_by = None

    def _is_long(self) -> bool:
        """Return whether very many rows of a result wait for the end of the tick."""
        return any(len(query.result.pending) > _LONG_TICK for query in self.engine.touched)

    def _ending(self) -> Iterator[None]:
        """Do the work of a long end of a tick that shows nothing yet, in steps."""
        for compiled in self.engine.touched:
            query = self.runtime.by_compiled.get(compiled)
            if query is not None and len(compiled.result.pending) > _LONG_TICK:
                yield from compiled.result.settling(self._spent)
                yield from query.table.preparing(compiled.result.loaded, self._spent)

    def _letting_go(self) -> Iterator[None]:
        """Free in steps what a long tick left behind."""
        while self._spent:
            del self._spent[-_FREED_PER_STEP:]
            yield

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

    def tick_ms(self) -> int:
        """Return what the clock was when the open tick began."""
        if self._tick_ms is None:
            self._tick_ms = self.now_ms()
        return self._tick_ms

    def _batch(self, source: int, changes: Batch, end: float | None) -> bool:
        """Apply a batch from where it stands; return whether it is done."""
        position, total = self._position, len(changes)
        while position < total:
            if not isinstance(changes, list):
                is_alone = self.engine.timed or self.engine.history.is_kept
                most = self._rows_per_step if is_alone else _ROWS_PER_STEP[2]
                stop = total if end is None else min(total, position + most)
                begin = time.perf_counter()
                self._apply(source, changes.part(position, stop))
                if is_alone and end is not None:
                    self._pace(time.perf_counter() - begin)
            else:
                one_by_one = end is not None and bool(self.engine.graph.hubs)
                stop = min(total, position + (1 if one_by_one else _CHECK_EVERY))
                self._apply(source, changes[position:stop])
            position = self._position = stop
            if self.engine.unfinished or (
                position < total
                and (self._interrupted or (end is not None and time.perf_counter() >= end))
            ):
                if position < total:
                    return False
                break
        self._position = 0
        self.queue.popleft()
        return not self.engine.unfinished

    def _pace(self, spent_s: float) -> None:
        """Have steps of columns be short where each row must be seen alone and takes long."""
        least, _, most = _ROWS_PER_STEP
        if spent_s > _STEP_S:
            self._rows_per_step = max(least, self._rows_per_step // 2)
        elif spent_s < _STEP_S / 4:
            self._rows_per_step = min(most, self._rows_per_step * 2)

    def _apply(self, source: int, changes: Batch) -> None:
        engine = self.engine
        before = engine.seq
        self.taken += len(changes)
        try:
            apply = engine.apply
            if engine.timed:
                apply = engine.apply_timed
                engine.timers.now_ms = self.tick_ms()
            if isinstance(changes, list):
                self.time_ms = changes[-1][6]
            else:
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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no tick begin meanwhile."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def settle(self) -> None:
        """End the tick that a replaced result began in the queries over it."""
        if self.engine.touched:
            self.is_open = True
            self.run()
            self.runtime.wake()  # from inside a callback the next slice ends it

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

    # -- replay -------------------------------------------------------------------------

    def drop_last(self, submitted: int) -> None:
        """Drop what was queued last, so that so many changes were queued in all."""
        while self.submitted > submitted and self.queue and self.lateness is None:
            self.submitted -= len(self.queue.pop()[1])

    def take_up_to(self, taken: int, now_ms: int) -> None:
        """Take queued changes until so many were taken in all; their tick stays open.

        Raises:
            CheckpointError: There are not so many.
        """
        engine, queue = self.engine, self.queue
        self._tick_ms = now_ms
        while self.taken < taken:
            if not queue:
                raise CheckpointError(
                    f"the log says that {taken:,} changes were taken, it has {self.taken:,}"
                )
            source, changes, engine.arrived_ms = queue[0]
            stop = min(len(changes), self._position + taken - self.taken)
            if not isinstance(changes, list):
                part: Batch = changes.part(self._position, stop)
            else:
                part = changes[self._position : stop]
            self.is_open = True
            self._apply(source, part)
            self._position = stop
            if stop == len(changes):
                queue.popleft()
                self._position = 0

    def end_tick(self, taken: int, now_ms: int, seq: int | None) -> bool:
        """Take queued changes as ``take_up_to()`` and move results.

        Returns whether the engine's sequence is that of the log; with None for ``seq``, true.
        """
        self.take_up_to(taken, now_ms)
        is_same = seq is None or self.engine.seq == seq
        if seq is not None:
            self.engine.seq = seq
        self._busy = True
        try:
            for _ in registration.rebuilding(self.runtime):
                pass
            self._close_tick()
        finally:
            self._busy = False
        return is_same

    def resume(self) -> None:
        """Go on by the clock after a replay."""
        self.is_replaying, self._tick_ms = False, None
        self.now_ms = self.runtime.clock.now_ms
        self.set_alarm()
        if self.lateness is not None:
            self.lateness.set_alarm()

    def forget_source(self, source_id: str) -> None:
        """Drop what waits of a source, and delete every element of it."""
        graph, number = self.engine.graph, self.engine.graph.source(source_id)
        if self.queue and self.queue[0][0] == number:
            self.taken -= self._position  # of a batch that is half taken, only the rest waits
            self._position = 0
        self.taken += self.queued_of(number)
        if self.lateness is not None:
            self.taken += self.lateness.forget(number)
        kept = [entry for entry in self.queue if entry[0] != number]
        self.queue.clear()  # in place: it may be at work
        self.queue.extend(kept)
        gone = [*graph.relation_at[number], *graph.node_at[number]]
        deletes = [Accepted(2, element_id, None, None, None, None, None) for element_id in gone]
        if deletes:
            self.submit_own(number, deletes)
        self.run()
