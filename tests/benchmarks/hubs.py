"""A floor with 200,000 rooms changes its name, which the query reads.

``PYTHONPATH=. python tests/benchmarks/hubs.py [--rooms 200_000]``

By ``flush()`` and through the driver, where the time that the loop answers nobody is what counts;
results move when the change was taken whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import polars as pl

import drasi_nb as dnb
from tests.benchmarks.measuring import Report, finish, heartbeat, median, repeated, start
from tests.benchmarks.rooms import AVERAGE, frames, load

TEXTS = {
    "aggregate": AVERAGE,
    "projection": """
        MATCH (r:Room)-[:PART_OF]->(f:Floor)
        RETURN r.name AS name, f.name AS floor, r.temperature AS temperature""",
    "filter": """
        MATCH (r:Room)-[:PART_OF]->(f:Floor) WHERE f.name ENDS WITH '1' AND r.temperature > 25
        RETURN r.name AS name""",
}


def _is_right(name: str, frame: pl.DataFrame, rooms: int, turn: int) -> bool:
    if name == "aggregate":
        return frame["floor"].to_list() == [f"Floor {turn}"]
    if name == "projection":
        return frame.height == rooms and frame["floor"].unique().to_list() == [f"Floor {turn}"]
    return (frame.height > 0) == (turn % 2 == 1)


def _renamed(turn: int) -> dict[str, Any]:
    # 1 and 0 in turn at the end, so that the filter takes all and none
    return {"op": "update", "id": "f0", "properties": {"name": f"Floor {turn}"}}


async def measure(report: Report, name: str, rooms: int) -> None:
    """Add the lines of one query."""
    async with dnb.Runtime() as rt:
        source = rt.add_source("rooms", dnb.PushSource())
        load(source, frames(rooms, 1))
        query = rt.add_query("q", TEXTS[name], sources=["rooms"])
        seen = list[int]()
        query.on_delta(lambda delta: seen.append(len(delta)))
        turn = 0

        def push() -> Callable[[], Any]:
            nonlocal turn
            turn = turn + 1 if turn % 10 == 0 else turn + 9  # ends in 1 and 0
            source.push(_renamed(turn))
            return rt.flush

        flushed = repeated(lambda flush: flush(), push, spend_s=1.0, most=10)
        assert _is_right(name, query.frame(), rooms, turn) and len(seen) == len(flushed)
        report.add(f"{name}: flush()", median(flushed), "s")
        worst, taken = list[float](), list[float]()
        for _ in range(3):
            push()
            async with heartbeat() as pauses:
                await rt.settled()
            assert _is_right(name, query.frame(), rooms, turn)
            worst.append(pauses.longest_s)
            taken.append(pauses.seconds)
        report.add(f"{name}: through the driver", median(taken), "s")
        report.add(
            f"{name}: longest hold of the loop (worst of 3)",
            max(worst) * 1e3,
            "ms",
            most=50 if rooms >= 200_000 else None,
        )


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start("hubs", str(__doc__), arguments, rooms=200_000)
    for name in TEXTS:
        asyncio.run(measure(report, name, options.rooms))
    return finish(report, options)


if __name__ == "__main__":
    main()
