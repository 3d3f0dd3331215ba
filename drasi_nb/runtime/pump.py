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

from drasi_nb.engine.garbage import collection_put_off, kept_as_old
from drasi_nb.errors import CheckpointError, ComponentError
from drasi_nb.runtime import registration
from drasi_nb.runtime.ticks import Ticks
from drasi_nb.store.batch import Batch
from drasi_nb.values.change import Accepted

if TYPE_CHECKING:
    from types import FrameType

    from drasi_nb.runtime.runtime import Runtime

_CHECK_EVERY = 16  # changes between two looks at the time
_ROWS_PER_STEP = (32, 512, 4_096)  # of a batch of columns: least, at first, most
_STEP_S = 0.008  # steps that take longer get shorter
_LONG_TICK = 10_000  # rows of one result from which the end of a tick is spread too
_FREED_PER_STEP = 1_024
_LONG = 256  # changes from which a flush puts off an interrupt


class Pump(Ticks):
    """Takes batches from the queue through the engine."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._busy = False
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

    def index_ids(self) -> None:
        """Make in steps what finds ids that came in bulk, before a change looks for one."""
        self.add_job(self.engine.graph.indexing())

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
            with collection_put_off():
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
            if engine.graph.unindexed:
                self.index_ids()
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
        gone = [*graph.relation_at[number].ids(), *graph.node_at[number].ids()]
        deletes = [Accepted(2, element_id, None, None, None, None, None) for element_id in gone]
        if deletes:
            self.submit_own(number, deletes)
        self.run()
