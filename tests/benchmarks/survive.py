"""What surviving costs: the journal's share, a restore of 1M + 1M, the longest pause.

Run: ``PYTHONPATH=. python tests/benchmarks/survive.py [journal|restore]``.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import drasi_nb as dnb
from tests.benchmarks import rooms

ROOMS, CHANGES, ROUNDS = 10_000, 2_000, 60


def loaded(text: str, directory: Path | None) -> rooms.Loaded:
    """Return the rooms workload, with a journal or without."""
    out = rooms.Loaded(text, ROOMS)
    if directory is not None:
        from drasi_nb.runtime.checkpoint import create

        out.runtime.checkpoint_in = create(out.runtime, directory)
    return out


def journal() -> None:
    """Print the throughput with a journal as a share of that without, in turns, the medians.

    Time of the processor, all threads: other programs of the machine do not count.
    """
    with tempfile.TemporaryDirectory() as directory:
        for name in ("projection", "average per floor"):
            plain = loaded(rooms.QUERIES[name], None)
            kept = loaded(rooms.QUERIES[name], Path(directory) / name)
            for how in ("one by one", "in batches of 100"):
                times: dict[bool, list[float]] = {False: [], True: []}
                for turn in range(ROUNDS):
                    changes = rooms.updates(ROOMS, CHANGES, turn)
                    for is_kept, one in ((False, plain), (True, kept)):
                        start = time.process_time()
                        if how == "one by one":
                            one.one_by_one(changes)
                        else:
                            one.in_ticks(changes, 100)
                        times[is_kept].append((time.process_time() - start) / CHANGES * 1e6)
                a, b = (statistics.median(times[k]) for k in (False, True))
                print(
                    f"{name}, {how}: {a:.1f} us of processor a change without, {b:.1f} us with a"
                    f" journal: {100 * (1 - a / b):.0f} % of throughput"
                )


def graph(count: int) -> tuple[list[Any], list[Any]]:
    """Return inserts of nodes and relations."""
    nodes = [
        {"op": "insert", "id": f"n{i}", "labels": ["Room"],
         "properties": {"name": f"room {i}", "temperature": 20.0 + i % 10, "floor": i % 100}}
        for i in range(count)
    ]  # fmt: skip
    relations = [
        {"op": "insert", "id": f"r{i}", "labels": ["NEXT"], "properties": {"weight": i},
         "start_id": f"n{i}", "end_id": f"n{i * 7 % count}"}
        for i in range(count)
    ]  # fmt: skip
    return nodes, relations


async def snapshot(rt: dnb.Runtime, source: dnb.PushSource, count: int) -> None:
    """Print how long a snapshot takes on a loop that also takes changes, and its pauses."""
    longest, number, done = 0.0, 0, False
    assert rt.checkpoint_in is not None
    rt.wake()
    await rt.settled()

    async def beat() -> None:
        nonlocal longest
        while not done:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - start - 0.001)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0.5)
    idle, longest = longest, 0.0
    start = time.perf_counter()
    rt.checkpoint_in.begin()
    while rt.checkpoint_in.is_writing:
        number += 1
        properties = {"temperature": 20.0 + number % 9}
        source.push({"op": "update", "id": f"n{number % count}", "labels": ["Room"],
                     "properties": properties})  # fmt: skip
        await asyncio.sleep(0.002)
    spent, done = time.perf_counter() - start, True
    await beating
    print(
        f"snapshot of {count:,} + {count:,} in slices: {spent:.1f} s; longest pause of the loop"
        f" {longest * 1e3:.1f} ms (idle {idle * 1e3:.1f} ms), longest piece"
        f" {rt.checkpoint_in.longest_s * 1e3:.1f} ms; {number:,} changes meanwhile"
    )


def restore(count: int = 1_000_000) -> None:
    """Print how long a graph with one query takes to come back."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "checkpoint"
        rt = dnb.Runtime(checkpoint=path)
        source = rt.add_source("rooms", dnb.PushSource())
        nodes, relations = graph(count)
        for batch in (nodes, relations):
            for place in range(0, count, 10_000):
                source.push(batch[place : place + 10_000])
                rt.pump.run()
        del nodes, relations, batch
        text = "MATCH (r:Room) RETURN r.floor AS floor, avg(r.temperature) AS t, count(*) AS n"
        rows = len(rt.add_query("q", text, sources=["rooms"]))
        start = time.perf_counter()
        rt.checkpoint()
        print(f"checkpoint() of {count:,} + {count:,}: {time.perf_counter() - start:.1f} s")
        asyncio.run(snapshot(rt, source, count))
        size = sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) / 1e6
        rt.close()
        del rt, source
        start = time.perf_counter()
        again = dnb.Runtime.restore(path)
        spent = time.perf_counter() - start
        print(f"restore of {count:,} + {count:,} and a query: {spent:.2f} s, {size:.0f} MB")
        assert len(again.queries["q"]) == rows
        again.checkpoint_in.release()  # type: ignore[union-attr]


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    if wanted != "restore":
        journal()
    if wanted != "journal":
        restore()
