"""Clocks: what time it is, in milliseconds since the epoch, and timers in order of due time."""

from __future__ import annotations

import asyncio
import heapq
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from drasi_nb.engine.garbage import Looks
from drasi_nb.errors import ConfigError, shown

_FAR_MS = 2**43  # as for changes
_UNIT_MS = {
    "ms": 1,
    "s": 1_000,
    "sec": 1_000,
    "second": 1_000,
    "m": 60_000,
    "min": 60_000,
    "minute": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
    "w": 604_800_000,
    "week": 604_800_000,
}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")


def milliseconds(duration: str | float | timedelta) -> int:
    """Return a duration in ms: a timedelta, a number of ms, or text such as "10m", "1h 30min".

    Raises:
        ConfigError: The text is not a duration, or the duration is negative.

    >>> milliseconds("1h 30min")
    5400000
    """
    if isinstance(duration, timedelta):
        total = duration / timedelta(milliseconds=1)
    elif isinstance(duration, str):
        total, place = 0.0, 0
        while place < len(duration):
            part = _PART.match(duration, place)
            unit = part and (part[2] if part[2] in _UNIT_MS else part[2].removesuffix("s"))
            if not part or unit not in _UNIT_MS:
                raise ConfigError(
                    f"{shown(duration)} is not a duration; write for example '10m', '1h 30min', '3 days'"
                )
            total += float(part[1]) * _UNIT_MS[unit]
            place = part.end()
        if not duration.strip():
            raise ConfigError("an empty text is not a duration; write for example '10m'")
    elif isinstance(duration, int | float) and not isinstance(duration, bool):
        total = duration
    else:
        raise ConfigError(
            f"{shown(duration)} is not a duration; give text such as '10m', a timedelta or ms"
        )
    if not total >= 0:
        raise ConfigError(f"a duration must not be negative or NaN, got {shown(duration)}")
    if not total < _FAR_MS:
        raise ConfigError(f"a duration must be shorter than 278 years, got {shown(duration)}")
    return round(total)


class Timer:
    """One pending call; ``cancel()`` makes it never fire."""

    __slots__ = ("callback", "due_ms")

    def __init__(self, due_ms: int, callback: Callable[[], None]) -> None:
        self.due_ms = due_ms
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the call; safe to repeat."""
        self.callback = None


class Clock:
    """Timers over some notion of now; subclasses say what now is."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._order = count()
        self.after_timer: Callable[[], None] | None = (
            None  # the runtime's flush, on virtual time
        )

    def now_ms(self) -> int:
        """Return the time in ms since the epoch."""
        raise NotImplementedError

    def call_at(self, due_ms: int, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` once when the clock reaches ``due_ms``; equal times in order of call."""
        timer = Timer(due_ms, callback)
        heapq.heappush(self._heap, (due_ms, next(self._order), timer))
        self._armed()
        return timer

    def next_due_ms(self) -> int | None:
        """Return when the earliest pending timer fires."""
        heap = self._heap
        while heap:
            due_ms, _, timer = heap[0]
            if timer.callback is not None:
                return due_ms
            heapq.heappop(heap)
        return None

    def fire_due(self) -> int:
        """Fire, in order, the timers that are due now and were pending at the call; return how many.

        What a timer sets for the same moment waits for the next call, so one call always ends.
        """
        now, heap, due = self.now_ms(), self._heap, list[Timer]()
        while heap and heap[0][0] <= now:
            due.append(heapq.heappop(heap)[2])
        fired = 0
        for timer in due:
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
                fired += 1
        return fired

    def _armed(self) -> None:
        """Called when a timer was added."""


class SystemClock(Clock):
    """The machine's clock; with a running asyncio loop, timers fire by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self._wake: asyncio.TimerHandle | None = None

    def now_ms(self) -> int:
        """Return the wall clock in ms since the epoch."""
        return time.time_ns() // 1_000_000

    def _armed(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # a script without a loop: flush() fires what is due
        due = self.next_due_ms()
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if due is not None:
            # at least 1 ms, so that a chain of due timers leaves the loop room
            self._wake = loop.call_later(max(0.001, (due - self.now_ms()) / 1000), self._fire)

    def _fire(self) -> None:
        self._wake = None
        self.fire_due()
        self._armed()


class VirtualClock(Clock):
    """A clock that stands still until ``advance()`` moves it.

    Args:
        start: Ms since the epoch, or a datetime (naive means UTC).
    """

    def __init__(self, start: int | datetime = 0) -> None:
        super().__init__()
        if isinstance(start, datetime):
            aware = start if start.tzinfo else start.replace(tzinfo=UTC)
            start = round(aware.timestamp() * 1000)
        if isinstance(start, bool) or not isinstance(start, int) or abs(start) >= _FAR_MS:
            raise ConfigError(
                "a clock starts at ms since the epoch or a datetime, of the years 1692 to"
                f" 2248, got {shown(start)}"
            )
        self._now_ms = start

    def now_ms(self) -> int:
        """Return the virtual time in ms since the epoch."""
        return self._now_ms

    def catch_up(self, now_ms: int) -> None:
        """Stand at a time, if it is later than now, and fire nothing: what is due fires next."""
        self._now_ms = max(self._now_ms, now_ms)

    def advance(self, duration: str | int | timedelta) -> None:
        """Move on by ``duration``, firing every timer on the way at its own time, in order.

        After each moment that fired, the runtime takes what was queued, so a later timer
        sees the results of an earlier one. Cost: the timers on the way.

        Raises:
            ConfigError: ``duration`` cannot be read or is negative.
        """
        end = self._now_ms + milliseconds(duration)
        if self.after_timer is not None:
            self.after_timer()  # what was queued came before
        with Looks() as looks:
            while (due := self.next_due_ms()) is not None and due <= end:
                self._now_ms = max(self._now_ms, due)
                self.fire_due()
                if self.after_timer is not None:
                    self.after_timer()
                looks.between()
        self._now_ms = end
        if self.after_timer is not None:
            self.after_timer()
