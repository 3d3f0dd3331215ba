"""How fast a counter grows."""

from __future__ import annotations

from collections import deque

WINDOW_S = 3.0


class Rate:
    """Counts per second over the last ``WINDOW_S`` seconds of readings."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, int]] = deque()

    def read(self, now: float, count: int) -> float:
        """Note ``count`` at ``now`` (seconds); return the rate at three significant digits."""
        readings = self._readings
        if readings and readings[-1][1] > count:  # replaced: counts from 0
            readings.clear()
        readings.append((now, count))
        while len(readings) > 2 and now - readings[0][0] > WINDOW_S:
            readings.popleft()
        first_time, first_count = readings[0]
        if count == first_count or now <= first_time:
            return 0.0
        return float(f"{(count - first_count) / (now - first_time):.3g}")
