"""The same work on drasi_nb, drasi-lib and bytewax in one run: ``pip install -e '.[bench]'``.

drasi-lib gets its changes in two ways: pushed one at a time, a window of them in flight; and
as lists that its ``map`` middleware takes apart, which is its fastest. It hands its results to
a Python reaction; the clock stops when the last result has come.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any

import drasi_nb as dnb
from tests.benchmarks import theirs
from tests.benchmarks.rooms import QUERIES, Loaded, graph, updates

ITEM = "$['$selected']"


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


def drasi_lib(text: str, changes: list[dict[str, Any]]) -> float:
    """Return changes/s of concurrent pushes, from the first push to the last result."""
    return 1 / theirs.per_change([text], graph(2_000), changes)[1]


async def drasi_lib_mapped(text: str, changes: list[dict[str, Any]], size: int) -> float:
    """Return changes/s of lists of ``size`` changes through the ``map`` middleware."""
    batches = {"kind": "map", "name": "batches", "config": _mapping()}
    async with theirs.running() as lib:
        subscription = [{"id": "rooms", "pipeline": ["batches"]}]
        await lib.add_query("q", text, subscription, middleware=[batches])
        reaction = await theirs.Reaction.add(lib)
        pushed = 0

        async def push(label: str, items: list[dict[str, Any]]) -> None:
            nonlocal pushed
            pushed += 1
            properties = {"items": items}
            change = {"op": "insert", "id": f"batch{pushed}", "labels": [label]}
            await lib.push_change("rooms", {**change, "properties": properties})

        for label in ("Building", "Floor", "Room", "PART_OF"):
            same = [change for change in graph(2_000) if change["labels"] == [label]]
            await push(f"{label}s", [_flat(change) for change in same])
        await reaction.quiet()
        flat = [_flat(change) for change in changes]
        start = time.perf_counter()
        for place in range(0, len(flat), size):
            await push("Updates", flat[place : place + size])
        return len(changes) / (await reaction.quiet() - start)


def _flat(change: dict[str, Any]) -> dict[str, Any]:
    ends = {name: change[name] for name in ("start_id", "end_id") if name in change}
    return {"id": change["id"], **change["properties"], **ends}


def _mapping() -> dict[str, Any]:
    def entry(op: str, label: str, names: tuple[str, ...]) -> dict[str, Any]:
        properties = {name: f"{ITEM}.{name}" for name in names}
        base = {"selector": "$.items[*]", "op": op, "label": label, "id": f"{ITEM}.id"}
        return {**base, "properties": properties}

    ends = {"inNodeId": f"{ITEM}.start_id", "outNodeId": f"{ITEM}.end_id"}
    relation = {**entry("Insert", "PART_OF", ()), "elementType": {"Relation": ends}}
    room = entry("Insert", "Room", ("name", "temperature", "humidity", "co2"))
    return {
        "Buildings": {"insert": [entry("Insert", "Building", ("name",))]},
        "Floors": {"insert": [entry("Insert", "Floor", ("name",))]},
        "Rooms": {"insert": [room]},
        "PART_OFs": {"insert": [relation]},
        "Updates": {"insert": [entry("Update", "Room", ("temperature",))]},
    }


def bytewax(changes: list[dict[str, Any]]) -> float:
    """Return changes/s of an average per floor that knows nothing else.

    Its state lives in the operators, where bytewax keeps, recovers and distributes it: the
    temperature and the floor of a room, and the sum of a floor.
    """
    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSink, TestingSource, run_main

    Moved = tuple[str, float]  # noqa: N806 - a type

    def room(state: list[Any] | None, change: dict[str, Any]) -> tuple[list[Any], Moved]:
        if state is None:
            number = int(change["id"][1:])
            state = [f"f{number % 100}", 20.0 + number % 10]
        floor, before = state
        state[1] = now = change["properties"]["temperature"]
        return state, (floor, now - before)

    def floor(state: list[float] | None, moved: float) -> tuple[list[float], float]:
        state = state or [490.0, 20]
        state[0] += moved
        return state, state[0] / state[1]

    out: list[Any] = []
    flow = Dataflow("rooms")
    stream = op.input("in", flow, TestingSource(changes, batch_size=1_000))
    by_room = op.key_on("room", stream, lambda change: change["id"])
    by_floor = op.map("floor", op.stateful_map("moved", by_room, room), lambda item: item[1])
    op.output("out", op.stateful_map("average", by_floor, floor), TestingSink(out))
    start = time.perf_counter()
    run_main(flow)
    assert len(out) == len(changes)
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
    print("single changes, each its own tick and delta; drasi-lib: concurrent pushes")
    for name, text in QUERIES.items():
        rate, p50, p99 = ours(name, changes)
        lib = drasi_lib(text, changes[:10_000])
        print(
            f"{name:20} {rate:9,.0f}/s p50 {p50:4.1f} us p99 {p99:4.1f} us   "
            f"drasi-lib {lib:7,.0f}/s   {rate / lib:4.1f}x"
        )
    print("average per floor in ticks; drasi-lib: lists of that length through map")
    text = QUERIES["average per floor"]
    for size in (1, 10, 100):
        rate = in_ticks(text, updates(2_000, 50_000), size)
        lib = asyncio.run(drasi_lib_mapped(text, changes[:10_000], size))
        print(
            f"ticks of {size:<11} {rate:9,.0f}/s   drasi-lib {lib:9,.0f}/s   {rate / lib:4.1f}x"
        )
    many = updates(2_000, 200_000)
    rate, other = in_ticks(text, many, 1_000), bytewax(many)
    print(
        f"ticks of 1,000       {rate:9,.0f}/s   bytewax {other:9,.0f}/s   {rate / other:4.1f}x"
    )
    if options.year:
        print(f"flights of 2013      {year():9,.0f}/s")


def in_ticks(text: str, changes: list[dict[str, Any]], size: int) -> float:
    """Return changes/s of ticks of ``size`` changes."""
    loaded = Loaded(text, 2_000)
    loaded.in_ticks(changes[:10_000], size)
    start = time.perf_counter()
    loaded.in_ticks(changes, size)
    return len(changes) / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
