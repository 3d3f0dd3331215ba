"""Changes after a load of a million rooms: alone, and ten thousand a second beside a live view.

``PYTHONPATH=. python tests/benchmarks/latency.py [--rooms 1_000_000] [--minutes 10]``

Single changes are pushed and flushed one by one. The stream goes through the driver on a running
loop, ``--rate`` changes a second in batches every 5 ms, with an average per floor that a page watches
and a filter that nobody does.
"""

from __future__ import annotations

import asyncio
import random
import time

import drasi_nb as dnb
from tests.benchmarks.measuring import (
    MB,
    Report,
    add_quantiles,
    collections,
    finish,
    heartbeat,
    rss,
    start,
)
from tests.benchmarks.page import Page
from tests.benchmarks.rooms import AVERAGE, FILTER, PROJECTION, frames, load, loaded, updates
from tests.benchmarks.streams import BEAT_S, Change, Latencies, steady

BY_THE_THOUSAND = 50_000  # single changes are made in lots of so many


def single(report: Report, rooms: int, changes: int) -> None:
    """Add the lines of single changes."""
    rt, source = loaded(frames(rooms, max(1, rooms // 1_000)))
    full = rooms >= 1_000_000
    queries = {
        "average over one hop": (AVERAGE, {}),
        "filter, 1 %": (FILTER, {"least": 29.895}),
        "projection": (PROJECTION, {}),
    }
    for place, (name, (text, parameters)) in enumerate(queries.items()):
        query = rt.add_query(name, text, sources=["rooms"], parameters=parameters)
        deltas = list[int]()
        query.on_delta(lambda delta, seen=deltas: seen.append(delta.seq))
        push, flush, clock = source.push, rt.flush, time.perf_counter
        spent = list[float]()
        with collections() as pauses:
            for begun in range(0, changes, BY_THE_THOUSAND):
                lot = min(BY_THE_THOUSAND, changes - begun)
                for change in updates(rooms, lot, seed=changes * place + begun):
                    begin = clock()
                    push(change)
                    flush()
                    spent.append(clock() - begin)
        assert deltas
        limits = (20.0, 80.0, 500.0) if full and name != "projection" else ()
        add_quantiles(report, f"{name}, one change", spent, limits)
        report.add(f"{name}: longest collection", pauses.longest_collection_s * 1e3, "ms")
        rt.remove(name)
    rt.close()


async def stream(report: Report, rooms: int, rate: int, minutes: float) -> None:
    """Add the lines of the stream."""
    config = dnb.RuntimeConfig(most_queued=10**9)
    async with dnb.Runtime(config=config) as rt:
        source = rt.add_source("rooms", dnb.PushSource())
        load(source, frames(rooms, max(1, rooms // 1_000)))
        query = rt.add_query("q", AVERAGE, sources=["rooms"])
        rt.add_query("f", FILTER, sources=["rooms"], parameters={"least": 29.895})
        await rt.settled()
        page = Page(rt, "query:q")
        await asyncio.sleep(0.2)
        latencies, rng = Latencies(rt, [query]), random.Random(5)

        def move() -> Change:
            properties = {"temperature": 20 + 10 * rng.random()}
            return {"op": "update", "id": f"r{rng.randrange(rooms)}", "properties": properties}

        before = rss()
        async with heartbeat(BEAT_S) as pauses:
            await steady(source.push, move, rate, minutes * 60, latencies)
            await rt.settled()
        assert rt.seq == latencies.pushed and latencies.values and page.frames > 1
        page.close()
        full = minutes >= 10
        name = f"{rate:,} changes/s with a view"
        report.add(f"{name}: time", pauses.seconds / 60, "min")
        report.add(
            f"{name}: longest pause", pauses.longest_s * 1e3, "ms", most=20 if full else None
        )
        report.add(f"{name}: longest collection", pauses.longest_collection_s * 1e3, "ms")
        report.add(f"{name}: share of one core", 100 * pauses.cpu_share, "%")
        add_quantiles(report, f"{name}: from push to delta", latencies.values)
        report.add(f"{name}: frames to the page", page.frames / pauses.seconds, "1/s")
        report.add(f"{name}: growth of memory", (rss() - before) / MB, "MB")


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "latency",
        str(__doc__),
        arguments,
        rooms=1_000_000,
        changes=200_000,
        rate=10_000,
        minutes=10.0,
    )
    single(report, options.rooms, options.changes)
    asyncio.run(stream(report, options.rooms, options.rate, options.minutes))
    return finish(report, options)


if __name__ == "__main__":
    main()
