"""What a pending timer costs: set by a change of its row, and fired.

``PYTHONPATH=. python tests/benchmarks/timers.py [rows]`` (100,000).
"""

from __future__ import annotations

import sys
import time

import drasi_nb as dnb


def main() -> None:
    """Print us per timer set and fired, and what the same changes cost without timers."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for name, where in (
        ("no timer", "n.x > 0"),
        ("trueFor", "drasi.trueFor(n.x > 0, 1000000 + n.due)"),
    ):
        clock = dnb.VirtualClock(0)
        rt = dnb.Runtime(clock=clock)
        source = rt.add_source("s", dnb.PushSource())
        rt.add_query("q", f"MATCH (n:N) WHERE {where} RETURN n.due AS due", sources=["s"])
        changes = [
            {
                "op": "insert",
                "id": i,
                "labels": ["N"],
                "properties": {"x": 1, "due": i * 7919 % rows},
            }
            for i in range(rows)
        ]
        start = time.perf_counter()
        for at in range(0, rows, 1_000):
            source.push(changes[at : at + 1_000])
            rt.flush()
        spent = time.perf_counter() - start
        start = time.perf_counter()
        clock.advance(2_000_000)
        fired = time.perf_counter() - start
        assert len(rt.queries["q"]) == rows
        print(f"{name:10} set {spent / rows * 1e6:6.2f} us, fired {fired / rows * 1e6:6.2f} us")


if __name__ == "__main__":
    main()
