"""The driver: calls the synchronous pump from the kernel's loop, in slices.

One supervisor task lives as long as the runtime and owns all others; every child is guarded,
because an exception nobody awaits is shown in no cell.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.abc

from drasi_nb.config import RuntimeConfig
from drasi_nb.engine.garbage import Looks

log = logging.getLogger("drasi_nb")


class Driver:
    """Background work of one runtime on the running loop.

    Args:
        pump: Works for at most so many seconds; returns whether more waits.
        config: Slice lengths.
        failed: Told the name of a child and what it raised.
    """

    def __init__(
        self,
        pump: Callable[[float], bool],
        config: RuntimeConfig,
        failed: Callable[[str, BaseException], None],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self._pump, self._config, self._failed = pump, config, failed
        self._wake, self.idle = asyncio.Event(), asyncio.Event()
        self.idle.set()
        self._ready = asyncio.Event()
        self._looks = Looks()
        self._group: anyio.abc.TaskGroup | None = None
        # an empty context: output of a callback must not land in the cell that made the runtime
        self._task = self.loop.create_task(
            self._supervise(), name="drasi_nb supervisor", context=contextvars.Context()
        )
        atexit.register(self._at_exit)

    def wake(self) -> None:
        """There is work."""
        self.idle.clear()
        self._wake.set()

    def spawn(self, name: str, function: Callable[[], Awaitable[Any]]) -> None:
        """Run a coroutine function as a guarded child."""
        if self._group is not None:
            self._group.start_soon(self._guard, name, function)
        else:
            self.loop.call_soon(self.spawn, name, function)

    async def _supervise(self) -> None:
        with self._looks:
            await self._own()

    async def _own(self) -> None:
        async with anyio.create_task_group() as self._group:
            self._ready.set()
            self._group.start_soon(self._guard, "pump", self._run)
            await anyio.sleep_forever()

    async def _guard(self, name: str, function: Callable[[], Awaitable[Any]]) -> None:
        try:
            await function()
        except Exception as error:  # noqa: BLE001 - stored, shown and raised by the next flush
            self._failed(name, error)
        except SystemExit as error:  # would end the kernel
            self._failed(name, error)

    async def _run(self) -> None:
        config = self._config
        while True:
            await self._wake.wait()
            self._wake.clear()
            budget = config.slice_s
            try:
                while self._pump(budget):
                    self._looks.between()
                    budget = config.backlog_slice_s
                    # a real sleep: a message of the front end needs several turns of the loop
                    await asyncio.sleep(config.pause_s)
            except Exception as error:  # noqa: BLE001 - the pump goes on with the next change
                self._failed("pump", error)
                self._wake.set()
                await asyncio.sleep(config.pause_s)
                continue
            self._looks.between()
            self.idle.set()

    def close(self) -> None:
        """Cancel everything; safe to repeat."""
        atexit.unregister(self._at_exit)
        if not self._task.done() and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._task.cancel)
        self.idle.set()

    def _at_exit(self) -> None:
        """Let every ``finally`` run: at exit the loop is stopped and not closed."""
        if self._task.done() or self.loop.is_closed() or self.loop.is_running():
            return
        self._task.cancel()
        self.loop.run_until_complete(asyncio.gather(self._task, return_exceptions=True))
