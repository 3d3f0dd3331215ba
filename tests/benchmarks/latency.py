"""Changes after a load of a million rooms: alone, and ten thousand a second beside a live view.

``PYTHONPATH=. python tests/benchmarks/latency.py [--rooms 1_000_000] [--minutes 10]``

Single changes are pushed and flushed one by one, beside an empty loop that mostly takes as long:
what that takes longer now and then is the machine's doing. The stream goes through the driver on a running
loop, ``--rate`` changes a second in batches every 5 ms, with an average per floor that a page watches
and a filter that nobody does. A pause is told by cause: garbage collections, slices of the driver, and
all else (making the changes, frames to the page). What of it was processor time of this thread leaves
out what others did on the machine.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import drasi_nb as dnb
from tests.benchmarks.measuring import (
    MB,
    Report,
    add_quantiles,
    collections,
    finish,
    loops,
    median,
    rss,
    start,
)
from tests.benchmarks.page import Page
from tests.benchmarks.rooms import AVERAGE, FILTER, PROJECTION, frames, load, loaded, updates
from tests.benchmarks.streams import BEAT_S, Change, Latencies, steady

LONG_S = 0.02  # a pause that one feels
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
        noise = loops(median(spent), len(spent))
        add_quantiles(report, f"{name}, one change", spent, limits, noise)
        report.add(f"{name}: longest collection", pauses.longest_collection_s * 1e3, "ms")
        rt.remove(name)
    rt.close()


@dataclass(slots=True)
class Pause:
    """The time between two beats, less what the beat waits, in seconds, and what it went to."""

    whole_s: float
    processor_s: float
    collections_s: float
    slices_s: float

    @property
    def rest_s(self) -> float:
        """Return what was neither a slice nor a collection outside of one."""
        return max(0.0, self.processor_s - self.collections_s - self.slices_s)


@dataclass(slots=True)
class Beats:
    """What held the loop up while the body ran."""

    seconds: float = 0.0
    cpu_share: float = 0.0
    longest: dict[str, Pause] = field(default_factory=dict[str, Pause])
    long: int = 0
    long_by_processor: int = 0
    by_generation: list[int] = field(default_factory=lambda: [0, 0, 0])
    longest_collection_s: float = 0.0

    def note(self, pause: Pause) -> None:
        """Take one in."""
        self.long += pause.whole_s > LONG_S
        self.long_by_processor += pause.processor_s > LONG_S
        for name in ("whole_s", "processor_s", "collections_s", "slices_s", "rest_s"):
            known = self.longest.get(name)
            if known is None or getattr(pause, name) > getattr(known, name):
                self.longest[name] = pause


@asynccontextmanager
async def beats(rt: dnb.Runtime) -> AsyncIterator[Beats]:
    """Beat on the loop while the body runs, and time slices and collections between beats."""
    out, is_over, is_slice = Beats(), False, False
    collected = sliced = begun = 0.0
    whole, clock = rt.pump.slice, time.thread_time

    def collection(phase: str, told: dict[str, int]) -> None:
        nonlocal begun, collected, sliced
        if phase == "start":
            begun = clock()
            return
        spent = clock() - begun
        collected += spent
        sliced -= spent if is_slice else 0.0
        out.longest_collection_s = max(out.longest_collection_s, spent)
        out.by_generation[told["generation"]] += 1

    def timed(budget_s: float) -> bool:
        nonlocal is_slice, sliced
        start, is_slice = clock(), True
        try:
            return whole(budget_s)
        finally:
            sliced, is_slice = sliced + clock() - start, False

    async def beat() -> None:
        nonlocal collected, sliced
        last, processor = time.perf_counter(), clock()
        while not is_over:
            collected = sliced = 0.0
            await asyncio.sleep(BEAT_S)
            now, used = time.perf_counter(), clock()
            out.note(Pause(now - last - BEAT_S, used - processor, collected, sliced))
            last, processor = now, used

    rt.pump.slice = timed  # type: ignore[method-assign]
    gc.callbacks.append(collection)
    task = asyncio.get_running_loop().create_task(beat())
    await asyncio.sleep(0)
    start, cpu = time.perf_counter(), time.process_time()
    try:
        yield out
    finally:
        is_over = True
        out.seconds = time.perf_counter() - start
        out.cpu_share = (time.process_time() - cpu) / out.seconds
        await task
        gc.callbacks.remove(collection)
        rt.pump.slice = whole  # type: ignore[method-assign]


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
        async with beats(rt) as seen:
            await steady(source.push, move, rate, minutes * 60, latencies)
            await rt.settled()
        assert rt.seq == latencies.pushed and latencies.values and page.frames > 1
        page.close()
        full = minutes >= 10
        name = f"{rate:,} changes/s with a view"
        report.add(f"{name}: time", seen.seconds / 60, "min")
        whole = seen.longest["whole_s"]
        report.add(
            f"{name}: longest pause", whole.whole_s * 1e3, "ms", most=20 if full else None
        )
        for what, key in (
            ("processor time between two beats", "processor_s"),
            ("of it collections", "collections_s"),
            ("of it slices", "slices_s"),
            ("of it all else", "rest_s"),
        ):
            longest = getattr(seen.longest[key], key)
            report.add(f"{name}: longest {what}", longest * 1e3, "ms")
        report.add(f"{name}: pauses above 20 ms", seen.long, "")
        report.add(f"{name}: above 20 ms of processor time", seen.long_by_processor, "")
        report.add(f"{name}: longest collection", seen.longest_collection_s * 1e3, "ms")
        for generation, what in enumerate(("young", "middle", "full")):
            count = seen.by_generation[generation]
            report.add(f"{name}: {what} collections", count, "")
        report.add(f"{name}: share of one core", 100 * seen.cpu_share, "%")
        add_quantiles(report, f"{name}: from push to delta", latencies.values)
        report.add(f"{name}: frames to the page", page.frames / seen.seconds, "1/s")
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
    gc.collect()  # the first graph
    asyncio.run(stream(report, options.rooms, options.rate, options.minutes))
    return finish(report, options)


if __name__ == "__main__":
    main()
