"""What a pending timer costs: set by a change of its row, and fired.

``PYTHONPATH=. python tests/benchmarks/timers.py [rows]`` (100,000).

Set is what the row costs above the same row without a timer. Fired is measured twice, each time
until the row is in the result: a thousand rows due at each moment, where the timer is all there
is; and every row at a moment of its own, where each has a tick and a delta to itself, beside
rows that enter the same result, each by a change in a tick of its own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import drasi_nb as dnb

Change = dict[str, object]


def spent_us(work: Callable[[], object], rows: int) -> float:
    """Return the time of the processor per row."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / rows * 1e6


class Rows:
    """A query over nodes that a condition lets through; 1,000 inserts a tick."""

    def __init__(self, where: str, rows: int) -> None:
        self.clock = dnb.VirtualClock(0)
        self.runtime = dnb.Runtime(clock=self.clock)
        self.source = self.runtime.add_source("s", dnb.PushSource())
        text = f"MATCH (n:N) WHERE {where} RETURN n.due AS due"
        self.query = self.runtime.add_query("q", text, sources=["s"])
        self.rows = rows
        self.changes: list[Change] = [
            {"op": "insert", "id": i, "labels": ["N"], "properties": {"x": 1, "due": at}}
            for i, at in enumerate(i * 7919 % rows for i in range(rows))
        ]

    def insert(self) -> None:
        """Push all."""
        for at in range(0, self.rows, 1_000):
            self.source.push(self.changes[at : at + 1_000])
            self.runtime.flush()

    def update(self) -> None:
        """Change every row in a tick of its own, in the order of the timers, so that it holds."""
        for i in sorted(range(self.rows), key=lambda i: i * 7919 % self.rows):
            self.source.push({"op": "update", "id": i, "properties": {"x": 2}})
            self.runtime.flush()

    def fire(self) -> None:
        """Let the clock go past every timer."""
        self.clock.advance(2_000_000)


def main() -> None:
    """Print us per timer."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    plain = Rows("n.x > 0", rows)
    insert_us = spent_us(plain.insert, rows)
    entering = Rows("n.x > 1", rows)
    entering.insert()
    enter_us = spent_us(entering.update, rows)
    assert len(entering.query) == rows
    print(
        f"a row without a timer: inserted {insert_us:.1f} us,"
        f" entering by a change in its tick {enter_us:.1f} us"
    )
    for name, due in (
        ("1,000 at each moment", "1000000 + n.due / 1000"),
        ("each at its own", "1000000 + n.due"),
    ):
        timed = Rows(f"drasi.trueFor(n.x > 0, {due})", rows)
        set_us = spent_us(timed.insert, rows) - insert_us
        assert not len(timed.query)
        fired_us = spent_us(timed.fire, rows)
        assert len(timed.query) == rows
        print(f"{rows:,} timers, {name}: set {set_us:.1f} us, fired {fired_us:.1f} us")


if __name__ == "__main__":
    main()
