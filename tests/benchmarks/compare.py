"""The same work on drasi_nb, drasi-lib and bytewax in one run: ``pip install -e '.[bench]'``.

drasi-lib gets its changes pushed one at a time, a window of them in flight, and hands its
results to a Python reaction; the clock stops when the last result has come.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from typing import Any

os.environ["RUST_LOG"] = "off"

import drasi_nb as dnb
from tests.benchmarks.rooms import QUERIES, Loaded, graph, updates

WINDOW = 500


def ours(name: str, changes: list[dict[str, Any]]) -> tuple[float, float, float]:
    """Return changes/s, and p50 and p99 of the latency in us."""
    loaded = Loaded(QUERIES[name], 2_000)
    loaded.one_by_one(changes[:1_000])
    start = time.perf_counter()
    loaded.one_by_one(changes)
    rate = len(changes) / (time.perf_counter() - start)
    latencies = list[float]()
    for change in updates(2_000, 10_000, seed=2):
        start = time.perf_counter()
        loaded.source.push(change)
        loaded.runtime.flush()
        latencies.append(time.perf_counter() - start)
    latencies.sort()
    return rate, latencies[5_000] * 1e6, latencies[9_900] * 1e6


async def drasi_lib(text: str, changes: list[dict[str, Any]]) -> float:
    """Return changes/s, from the first push to the last result."""
    import drasi

    async with await drasi.Drasi.create("bench") as lib:
        await lib.start()
        await lib.add_python_source("rooms")
        await lib.add_query("q", text, ["rooms"])
        last = [time.perf_counter()]
        seen = [0]

        def react(event: dict[str, Any]) -> None:
            seen[0] += len(event["results"])
            last[0] = time.perf_counter()

        await lib.add_python_reaction("r", ["q"], react)
        for change in graph(2_000):
            await lib.push_change("rooms", change)
        await _quiet(last)
        start = time.perf_counter()
        for place in range(0, len(changes), WINDOW):
            window = changes[place : place + WINDOW]
            await asyncio.gather(*(lib.push_change("rooms", change) for change in window))
        await _quiet(last)
        assert seen[0], "no result came"
        return len(changes) / (last[0] - start)


async def _quiet(last: list[float]) -> None:
    """Wait until no result has come for a second."""
    while time.perf_counter() - last[0] < 1:  # noqa: ASYNC110 - silence is no event
        await asyncio.sleep(0.05)


def bytewax(changes: list[dict[str, Any]]) -> float:
    """Return changes/s of an average per floor that knows nothing else."""
    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSink, TestingSource, run_main

    temperature = {f"r{i}": 20.0 + i % 10 for i in range(2_000)}
    out: list[Any] = []

    def keyed(change: dict[str, Any]) -> tuple[str, tuple[str, float]]:
        room = change["id"]
        return f"f{int(room[1:]) % 100}", (room, change["properties"]["temperature"])

    def step(state: list[float] | None, value: tuple[str, float]) -> tuple[list[float], float]:
        room, now = value
        state = state or [
            sum(20.0 + i % 10 for i in range(int(room[1:]) % 100, 2_000, 100)),
            20,
        ]
        state[0] += now - temperature[room]
        temperature[room] = now
        return state, state[0] / state[1]

    flow = Dataflow("rooms")
    stream = op.input("in", flow, TestingSource(changes, batch_size=1_000))
    averages = op.stateful_map("average", op.map("key", stream, keyed), step)
    op.output("out", averages, TestingSink(out))
    start = time.perf_counter()
    run_main(flow)
    return len(changes) / (time.perf_counter() - start)


def year() -> float:
    """Return changes/s of the flights of the whole year with the three queries."""
    import flights

    recording = flights.changes()
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("nyc", dnb.PushSource())
    for place, text in enumerate((flights.IN_THE_AIR, flights.BAD_WEATHER, flights.KNOCK_ON)):
        rt.add_query(f"q{place}", text, sources=["nyc"])
    start = time.perf_counter()
    for at in range(0, len(recording), 1_000):
        source.push(recording[at : at + 1_000])
        rt.flush()
    return len(recording) / (time.perf_counter() - start)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=30_000)
    parser.add_argument(
        "--year", action="store_true", help="also the flights of the whole year"
    )
    options = parser.parse_args()
    changes = updates(2_000, options.changes)
    for name, text in QUERIES.items():
        rate, p50, p99 = ours(name, changes)
        theirs = asyncio.run(drasi_lib(text, changes[:10_000]))
        print(
            f"{name:20} {rate:9,.0f}/s p50 {p50:4.1f} us p99 {p99:4.1f} us   "
            f"drasi-lib {theirs:7,.0f}/s   {rate / theirs:4.1f}x"
        )
    loaded = Loaded(QUERIES["average per floor"], 2_000)
    many = updates(2_000, 200_000)
    start = time.perf_counter()
    loaded.in_ticks(many, 1_000)
    rate = len(many) / (time.perf_counter() - start)
    theirs = bytewax(many)
    print(
        f"{'ticks of 1,000':20} {rate:9,.0f}/s   bytewax {theirs:9,.0f}/s   {rate / theirs:4.1f}x"
    )
    if options.year:
        print(f"{'flights of 2013':20} {year():9,.0f}/s")


if __name__ == "__main__":
    main()
