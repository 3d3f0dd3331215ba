"""What a source holds of its runtime."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from drasi_nb.engine.clock import Clock
from drasi_nb.errors import ChangeError, ComponentError
from drasi_nb.runtime.components import Component, Rejected
from drasi_nb.values.change import Accepted, Change, accept

if TYPE_CHECKING:
    from drasi_nb.runtime.pump import Pump
    from drasi_nb.runtime.runtime import Runtime


class Port:
    """The door from one source into the queue."""

    def __init__(self, runtime: Runtime, component: Component, pump: Pump) -> None:
        self.source_id = component.id
        self._runtime, self._component, self._pump = runtime, component, pump
        self._number = runtime.engine.graph.source(component.id)

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
        accepted: list[Accepted] = []
        for index, change in enumerate(changes):
            try:
                accepted.append(accept(change, index))
            except ChangeError as error:
                self.reject(error, change)
                if not keep_good:
                    raise
        return self.submit_accepted(accepted)

    def submit_one(self, change: Change | dict[str, Any]) -> int:
        """Check and queue a single change; see ``submit``."""
        try:
            accepted = accept(change)
        except ChangeError as error:
            self.reject(error, change)
            raise
        return self.submit_accepted([accepted])

    def submit_accepted(self, changes: list[Accepted]) -> int:
        """Queue a batch that was checked."""
        component, pump = self._component, self._pump
        if component.status != "Running" and component.status != "Starting":
            raise ComponentError(
                f"source {component.id!r} is {component.status}; start it to push changes"
            )
        count = len(changes)
        if count:
            was_empty = not pump.queue
            pump.submit(self._number, changes)
            component.changes += count
            if was_empty:
                self._runtime.wake()
        return count

    def reject(self, error: ChangeError, change: Any) -> None:
        """Keep a refused change where ``rejected()`` shows it."""
        registry = self._runtime.registry
        registry.rejected.append(
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
        """Put the source in Error."""
        self._runtime.registry.fail(self._component, reason)
