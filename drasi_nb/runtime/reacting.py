"""Calling a reaction: guarded, counted, on the loop where it is a coroutine."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import Any

from drasi_nb.frames.delta import Delta
from drasi_nb.runtime.background import Background
from drasi_nb.runtime.components import Component, Registry


class Reacting:
    """Hands deltas to one reaction; what it raises is shown and counted, queries go on."""

    def __init__(
        self, component: Component, registry: Registry, background: Background
    ) -> None:
        self.component, self.registry, self.background = component, registry, background

    def __call__(self, delta: Delta) -> None:
        if self.component.status != "Running":
            return
        try:
            answer = self.component.part(delta)
        except Exception as error:  # noqa: BLE001 - shown and counted, the query goes on
            self._note(error)
            return
        self.component.changes += 1
        if inspect.isawaitable(answer):
            self._await(answer)

    def _note(self, error: Exception) -> None:
        self.registry.note(self.component, f"{type(error).__name__}: {error}")

    def _await(self, answer: Awaitable[Any]) -> None:
        async def wait() -> None:
            try:
                await answer
            except Exception as error:  # noqa: BLE001 - shown and counted
                self._note(error)

        if not self.background.spawn(self.component.id, wait):
            if inspect.iscoroutine(answer):
                answer.close()
            reason = "an asynchronous reaction needs a running event loop"
            self.registry.note(self.component, reason)
