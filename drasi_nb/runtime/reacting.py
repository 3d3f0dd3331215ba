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


class Reacting:
    """Hands deltas to one reaction in order; what it raises is shown and counted, queries go on.

    A delta that fails is tried again after a pause that doubles; later ones wait. When the
    tries are used up, or too many wait, it goes to ``rejected()`` and the next one is taken.

    Args:
        runtime: Its clock, settings and loop.
        component: The reaction.
    """

    def __init__(self, runtime: Runtime, component: Component) -> None:
        self.runtime, self.component = runtime, component
        self.pending: deque[Delta] = deque()
        self._tries = 0
        self._is_busy = False  # awaiting the reaction, or the pause before the next try
        self._is_awaiting = False  # the first that waits is in its hands

    def __call__(self, delta: Delta) -> None:
        if self.component.status != "Running":
            return
        self.pending.append(delta)
        if len(self.pending) > self.runtime.config.most_pending:
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
        registry.rejected.append(
            Rejected(self.component.id, None, delta.seq, reason, delta, registry.now_ms())
        )

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
