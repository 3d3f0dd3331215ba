"""How long parts of the engine take, measured now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

SAMPLED = 64
"""One change, and one tick, of so many is timed: two looks at the clock cost as much as a walk."""


@dataclass(slots=True)
class Timing:
    """A mean over what was timed."""

    count: int = 0
    spent_ns: int = 0

    def run(self, call: Callable[..., Any], *args: Any) -> None:
        """Call, and note how long it took."""
        start = perf_counter_ns()
        call(*args)
        self.spent_ns += perf_counter_ns() - start
        self.count += 1

    def mean_us(self) -> float | None:
        """Return the mean in us, None before anything was timed."""
        return self.spent_ns / self.count / 1_000 if self.count else None
