"""What a runtime does while no cell runs: its driver, and failures until somebody asks."""

from __future__ import annotations

import threading

# documented for low-level use: None, not a costly error, where no loop runs
from asyncio.events import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from drasi_nb.config import RuntimeConfig
from drasi_nb.errors import ComponentError
from drasi_nb.runtime.components import log
from drasi_nb.runtime.driver import Driver


class Background:
    """The driver of a runtime, made when a loop first runs, and what failed behind it.

    Args:
        pump: Works for at most so many seconds; returns whether more waits.
        config: Slice lengths.

    Attributes:
        errors: What failed since somebody asked.
        is_driving: Whether there is a driver.
    """

    def __init__(self, pump: Callable[[float], bool], config: RuntimeConfig) -> None:
        self.thread = threading.get_ident()
        self.is_closed = self.is_driving = False
        self._pump, self._config = pump, config
        self._driver: Driver | None = None
        self.errors: deque[str] = deque(maxlen=100)

    def driver(self) -> Driver | None:
        """Return the driver; None where no loop runs or the runtime was closed."""
        if self._driver is None and not self.is_closed and _get_running_loop() is not None:
            self._driver = Driver(self._pump, self._config, self.failed)
            self.is_driving = True
        return self._driver

    def wake(self) -> None:
        """Tell the driver, if there is a loop for one, that changes are queued."""
        driver = self._driver
        if driver is not None:
            if threading.get_ident() == driver.thread:
                driver.wake()
            else:
                driver.loop.call_soon_threadsafe(driver.wake)
        elif _get_running_loop() is not None and threading.get_ident() == self.thread:
            driver = self.driver()
            if driver is not None:
                driver.wake()

    def rest(self) -> None:
        """Tell those who wait that nothing is queued."""
        if self._driver is not None:
            self._driver.idle.set()

    def spawn(self, name: str, function: Callable[[], Awaitable[Any]]) -> bool:
        """Run a coroutine function on the loop; return False where there is none."""
        driver = self.driver()
        if driver is None:
            return False
        driver.spawn(name, function)
        return True

    def failed(self, name: str, error: BaseException) -> None:
        """Keep a failure for the next call of ``raise_errors``."""
        log.error("%s failed in the background", name, exc_info=error)
        self.keep(f"{name} failed: {type(error).__name__}: {error}")

    def keep(self, message: str) -> None:
        """Keep a message for the next call of ``raise_errors``."""
        self.errors.append(message)

    def raise_errors(self) -> None:
        """Raise what was kept, once.

        Raises:
            ComponentError: There was something.
        """
        if self.errors:
            messages = list(self.errors)
            self.errors.clear()
            raise ComponentError("; ".join(messages))

    def close(self) -> None:
        """End the driver; no other comes."""
        self.is_closed = True
        if self._driver is not None:
            self._driver.close()
