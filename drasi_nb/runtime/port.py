"""What a source holds of its runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.bulk import LEAST, least_for
from drasi_nb.engine.clock import Clock
from drasi_nb.errors import ChangeError, CheckpointError, ComponentError
from drasi_nb.runtime.components import Component, Rejected
from drasi_nb.runtime.derived import as_change
from drasi_nb.store.batch import Batch, Columns, Mixed
from drasi_nb.store.uniform import batch_of
from drasi_nb.values.change import Accepted, Change, accept

if TYPE_CHECKING:
    from drasi_nb.runtime.pump import Pump
    from drasi_nb.runtime.runtime import Runtime


_OPEN = ("Running", "Starting")


class Port:
    """The door from one source into the queue."""

    def __init__(self, runtime: Runtime, component: Component, pump: Pump) -> None:
        self.source_id = component.id
        self._runtime, self._component, self._pump = runtime, component, pump
        self._number = runtime.engine.graph.source(component.id)
        self._is_open = True

    def close(self) -> None:
        """Refuse what comes from now on: another source has the id."""
        self._is_open = False

    @property
    def clock(self) -> Clock:
        """Return the runtime's clock."""
        return self._runtime.clock

    def submit(
        self, changes: Iterable[Change | dict[str, Any]], *, keep_good: bool = False
    ) -> int:
        """Check and queue one batch; return its size.

        Args:
            changes: The batch; it is never split over two ticks.
            keep_good: Queue what is right and put the rest into ``rejected()``.

        Raises:
            ChangeError: A change is malformed, and ``keep_good`` is off: nothing was queued.
            ComponentError: The source is stopped.
        """
        if isinstance(changes, list | tuple) and len(changes) >= LEAST:
            least = least_for(changes[0])
            batch = batch_of(changes, least) if len(changes) >= least else None
            if batch is not None and not self._has_hub(batch):
                return self.submit_accepted(batch)
        accepted: list[Accepted] = []
        for index, change in enumerate(changes):
            try:
                accepted.append(accept(change, index))
            except ChangeError as error:
                self.reject(error, change)
                if not keep_good:
                    raise
        return self.submit_accepted(accepted)

    def _has_hub(self, batch: Columns | Mixed) -> bool:
        """Return whether a node with very many relations changes: one by one it can be spread."""
        graph = self._runtime.engine.graph
        if not graph.hubs:
            return False
        at = graph.node_at[self._number].find
        groups = [batch] if isinstance(batch, Columns) else batch.groups
        return any(at(change.id) in graph.hubs for group in groups for change in group)

    def submit_one(self, change: Change | dict[str, Any]) -> int:
        """Check and queue a single change; see ``submit``."""
        try:
            accepted = accept(change)
        except ChangeError as error:
            self.reject(error, change)
            raise
        return self.submit_accepted([accepted])

    def submit_accepted(self, changes: Batch, *, synced: str | None = None) -> int:
        """Queue a batch that was checked.

        Args:
            changes: The batch.
            synced: Where they come from a frame that is synced: its name.

        Raises:
            CheckpointError: The journal cannot be written; nothing was queued.
            ComponentError: The source is stopped.
        """
        component, pump, runtime = self._component, self._pump, self._runtime
        if not self._is_open or component.status not in _OPEN:
            self._refuse_all()
        count, config = len(changes), runtime.config
        if pump.submitted - pump.taken + count > config.most_queued and self._is_full(count):
            if config.overflow == "reject":
                self._refuse(changes, "the queue is full")
                return 0
            if config.overflow == "drop_oldest":
                self._refuse(
                    pump.drop(self._number, count - self.room()), "dropped, the queue was full"
                )
            else:
                pump.run()
        if count:
            was_empty = not pump.queue
            try:
                component.last_ms = pump.submit(self._number, changes, synced)
            except CheckpointError as error:
                runtime.registry.note(component, str(error))
                raise
            component.changes += count
            if synced is not None and pump.journal is not None:
                runtime.synced.note(self.source_id, synced, changes)
            if was_empty:
                runtime.background.wake()
        return count

    def difference(self, synced: str, after: Iterable[Accepted]) -> list[Accepted] | None:
        """Return what leads from the graph to a frame that was synced; None where it was not.

        Args:
            synced: The frame's name.
            after: The frame as inserts.
        """
        self._pump.run()
        runtime = self._runtime
        return runtime.synced.difference(runtime.engine.graph, self.source_id, synced, after)

    def _refuse_all(self) -> None:
        status, id_ = self._component.status, self.source_id
        if not self._is_open:
            raise ComponentError(
                f"source {id_!r} was replaced; push to the one in rt.sources[{id_!r}]"
            )
        way_out = "add it again" if status == "Removed" else "start it"
        raise ComponentError(f"source {id_!r} is {status}; {way_out} to push changes")

    def room(self) -> int:
        """Return how many more changes may wait; below 0 where an earlier batch was larger."""
        return self._runtime.config.most_queued - self._pump.queued_of(self._number)

    def _is_full(self, count: int) -> bool:
        """Return whether a batch does not fit; one larger than the queue fits into an empty one."""
        return self._pump.queued_of(self._number) > 0 and self.room() < count

    def _refuse(self, changes: Batch, reason: str) -> None:
        registry, now_ms = self._runtime.registry, self.clock.now_ms()
        for change in changes:
            registry.reject(
                Rejected(self.source_id, None, change.id, reason, as_change(change), now_ms)
            )
        registry.note(self._component, f"{reason}: {len(changes):,} changes are in rejected()")

    async def wait_for_room(self, count: int) -> None:
        """Wait until a batch fits; one larger than the queue may hold waits for an empty one."""
        while self.queued() and self._is_full(count):
            self._runtime.wake()
            await asyncio.sleep(self._runtime.config.pause_s)

    def reject(self, error: ChangeError, change: Any) -> None:
        """Keep a refused change where ``rejected()`` shows it."""
        registry = self._runtime.registry
        registry.reject(
            Rejected(
                self.source_id,
                error.index,
                error.element_id,
                error.reason,
                change,
                self.clock.now_ms(),
            )
        )
        registry.note(self._component, str(error))

    def queued(self) -> int:
        """Return how many changes wait to be taken."""
        return self._pump.submitted - self._pump.taken

    def fail(self, reason: str) -> None:
        """Put the source in Error, unless another one has its id by now."""
        if not self._is_open:
            return
        self._runtime.told("fail", self.source_id, reason)
        self._runtime.registry.fail(self._component, reason)
