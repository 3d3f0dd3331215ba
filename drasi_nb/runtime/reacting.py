"""Calling a reaction: one delta after the other, guarded, tried again, on the loop if it awaits."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from drasi_nb.frames.delta import Delta
from drasi_nb.runtime.components import Component, Rejected

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime


def awaited(delta: Delta) -> None:
    """Stand for a reaction that was not added again since a restart; never called."""


class Reacting:
    """Hands deltas to one reaction in order; what it raises is shown and counted, queries go on.

    A delta that fails is tried again after a pause that doubles; later ones wait. When the
    tries are used up, or too many wait, it goes to ``rejected()`` and the next one is taken.

    Args:
        runtime: Its clock, settings and loop.
        component: The reaction; after a restart without a part, until it is added again.

    Attributes:
        pending: Deltas that wait, the oldest first.
        done: How many deltas were delivered or given up.
        emitted: How many came; after a restart those that were done come again and are left out.
        is_awaited: Deltas are kept though the reaction is stopped: it was not added again yet.
    """

    def __init__(self, runtime: Runtime, component: Component) -> None:
        self.runtime, self.component = runtime, component
        self.pending: deque[Delta] = deque()
        self.done = self.emitted = 0
        self.is_awaited = False
        self._skipped = 0  # given up behind the one that the reaction has
        self._tries = 0
        self._is_busy = False  # awaiting the reaction, or the pause before the next try
        self._is_awaiting = False  # the first that waits is in its hands

    def __call__(self, delta: Delta) -> None:
        if self.component.status != "Running" and not self.is_awaited:
            return
        self.emitted += 1
        if self.emitted <= self.done:
            return
        self.pending.append(delta)
        if len(self.pending) > self.runtime.config.most_pending and (
            not self.runtime.pump.is_replaying
        ):
            self._give_up(self._take_out(), "the reaction is too slow")
        self._go()

    def _take_out(self) -> Delta:
        """Take the oldest that the reaction has not in its hands out of those that wait."""
        place = int(self._is_awaiting)
        if not place:
            self._tries = 0
        delta = self.pending[place]
        del self.pending[place]
        return delta

    def resume(self) -> None:
        """Go on with what waits; called when the reaction starts."""
        self._go()

    def give_up_all(self, reason: str) -> None:
        """Put what waits into ``rejected()``, but for what the reaction has in its hands."""
        while len(self.pending) > self._is_awaiting:
            self._give_up(self._take_out(), reason)

    def _go(self) -> None:
        if self.component.part is awaited:
            return
        while self.pending and not self._is_busy and self.component.status == "Running":
            try:
                answer = self.component.part(self.pending[0])
            except Exception as error:  # noqa: BLE001 - shown and counted, the query goes on
                self._failed(error)
                continue
            except SystemExit as error:  # would end the kernel
                self._failed(error)
                continue
            if inspect.isawaitable(answer):
                self._await(answer)
            else:
                self._done()

    def _done(self) -> None:
        self._tries = 0
        self.component.changes += 1
        self.component.last_ms = self.runtime.clock.now_ms()
        if self.pending:
            self.pending.popleft()
        self._count()

    def _count(self) -> None:
        self.done += 1 + self._skipped
        self._skipped = 0
        journal = self.runtime.pump.journal
        if journal is not None:
            journal.position(self.component.id, self.done)

    def _failed(self, error: BaseException) -> None:
        text = f"{type(error).__name__}: {error}"
        config, clock = self.runtime.config, self.runtime.clock
        self._tries += 1
        if self._tries > config.reaction_retries or self.component.status == "Removed":
            self._tries = 0
            self._give_up(self.pending.popleft(), text)
            return
        self._is_busy = True
        pause_ms = config.reaction_pause_ms * 2 ** (self._tries - 1)
        self.runtime.registry.note(
            self.component, f"{text}; try {self._tries + 1} follows in {pause_ms} ms"
        )
        clock.call_at(clock.now_ms() + pause_ms, self._again)

    def _again(self) -> None:
        self._is_busy = False
        self._go()

    def _give_up(self, delta: Delta, reason: str) -> None:
        registry = self.runtime.registry
        registry.note(self.component, reason)
        registry.reject(
            Rejected(self.component.id, None, delta.seq, reason, delta, registry.now_ms())
        )
        if self._is_awaiting:  # it counts when the one before it is done
            self._skipped += 1
        else:
            self._count()

    def _await(self, answer: Awaitable[Any]) -> None:
        async def wait() -> None:
            try:
                await answer
            except Exception as error:  # noqa: BLE001 - shown and counted
                self._is_busy = self._is_awaiting = False
                self._failed(error)
            else:
                self._is_busy = self._is_awaiting = False
                self._done()
            self._go()

        self._is_busy = self._is_awaiting = True
        if not self.runtime.background.spawn(self.component.id, wait):
            self._is_busy = self._is_awaiting = False
            if inspect.iscoroutine(answer):
                answer.close()
            reason = "an asynchronous reaction needs a running event loop"
            self._give_up(self.pending.popleft(), reason)
