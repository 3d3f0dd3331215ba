"""A graph of a million rooms and a million relations, loaded under a query: time, memory, pauses.

``PYTHONPATH=. python tests/benchmarks/load.py [--rooms 1_000_000] [--drasi 20_000]``

The query is an average per group over one hop. Beside it: a program written by hand for that one
query, which keeps of every room its temperature and its floor and of every floor its sum, its
count and its name, and nothing else of the graph; and drasi-lib, which gets ``--drasi`` rooms with
their relations, pushed one by one with a window in flight, because a million would take minutes:
what is compared is the time per element.
"""

from __future__ import annotations

import asyncio
import gc
import math
import time
from collections.abc import Callable
from typing import Any

import drasi_nb as dnb
from tests.benchmarks import theirs
from tests.benchmarks.measuring import (
    MB,
    Report,
    apart,
    collections,
    finish,
    forget_peak,
    heartbeat,
    peak,
    rss,
    start,
)
from tests.benchmarks.rooms import AVERAGE, as_changes, frames, load, started, updates

BATCH = 10_000  # changes, where the graph comes as changes

Average = dict[str, float]


class ByHand:
    """The average temperature per floor, and what keeps it up to date."""

    def __init__(self) -> None:
        self.temperature: dict[str, float] = {}
        self.floor_of: dict[str, str] = {}
        self.name: dict[str, str] = {}
        self.sum: dict[str, float] = {}
        self.count: dict[str, int] = {}

    def take_frames(self, floors: Any, rooms: Any, part_of: Any) -> None:
        """Take the whole graph as frames."""
        self.name = dict(zip(floors["id"].to_list(), floors["name"].to_list(), strict=True))
        self.sum = dict.fromkeys(self.name, 0.0)
        self.count = dict.fromkeys(self.name, 0)
        ids, temperatures = rooms["id"].to_list(), rooms["temperature"].to_list()
        self.temperature = dict(zip(ids, temperatures, strict=True))
        starts, ends = part_of["start"].to_list(), part_of["end"].to_list()
        self.floor_of = dict(zip(starts, ends, strict=True))
        for room, floor in self.floor_of.items():
            self.sum[floor] += self.temperature[room]
            self.count[floor] += 1

    def take(self, changes: list[dict[str, Any]]) -> None:
        """Take inserts and updates."""
        for change in changes:
            label = change["labels"][0]
            if label == "Room":
                room, now = change["id"], change["properties"]["temperature"]
                before = self.temperature.get(room)
                self.temperature[room] = now
                floor = self.floor_of.get(room)
                if floor is not None and before is not None:
                    self.sum[floor] += now - before
            elif label == "Floor":
                floor = change["id"]
                self.name[floor] = change["properties"]["name"]
                self.sum.setdefault(floor, 0.0)
                self.count.setdefault(floor, 0)
            else:
                room, floor = change["start_id"], change["end_id"]
                self.floor_of[room] = floor
                self.sum[floor] += self.temperature[room]
                self.count[floor] += 1

    def result(self) -> Average:
        """Return the average of every floor by name."""
        return {
            self.name[floor]: self.sum[floor] / count
            for floor, count in self.count.items()
            if count
        }


def _compare(query: dnb.Query, by_hand: Average) -> None:
    ours = dict(query.frame().iter_rows())
    assert ours.keys() == by_hand.keys()
    for floor, value in by_hand.items():
        assert math.isclose(ours[floor], value, rel_tol=1e-9), floor


def _expected(rooms: int, floors: int) -> Average:
    data, by_hand = frames(rooms, floors), ByHand()
    by_hand.take_frames(data.floors, data.rooms, data.part_of)
    return by_hand.result()


def _memory(call: Callable[[], Any]) -> dict[str, float]:
    """Return seconds, and the memory above what there was before, at the end and at most."""
    gc.collect()
    before = rss()
    forget_peak()
    begin = time.perf_counter()
    kept = call()
    spent, most = time.perf_counter() - begin, peak()
    gc.collect()
    assert kept is not None
    return {"s": spent, "mb": (rss() - before) / MB, "peak_mb": (most - before) / MB}


def ours_from_frames(rooms: int, floors: int) -> dict[str, float]:
    """Load frames under the query; the clock stops when the result was read."""
    data = frames(rooms, floors)

    def run() -> dnb.Query:
        rt, source = started()
        query = rt.add_query("q", AVERAGE, sources=["rooms"])
        load(source, data)
        rt.flush()
        assert query.frame().height == floors
        return query

    return _memory(run)


def hand_from_frames(rooms: int, floors: int) -> dict[str, float]:
    """Do the same by hand."""
    data = frames(rooms, floors)

    def run() -> ByHand:
        by_hand = ByHand()
        by_hand.take_frames(data.floors, data.rooms, data.part_of)
        assert len(by_hand.result()) == floors
        return by_hand

    return _memory(run)


def right_from_frames(rooms: int, floors: int) -> None:
    """Compare both results.

    Raises:
        AssertionError: They differ.
    """
    rt, source = started()
    query = rt.add_query("q", AVERAGE, sources=["rooms"])
    load(source, frames(rooms, floors))
    rt.flush()
    _compare(query, _expected(rooms, floors))


def from_changes(rooms: int, floors: int) -> dict[str, float]:
    """Load change dicts, made outside of what is timed; return the seconds of both sides."""
    data = frames(rooms, floors)
    rt, source = started()
    query, by_hand = rt.add_query("q", AVERAGE, sources=["rooms"]), ByHand()
    ours = hand = 0.0
    with collections() as pauses:
        for batch in as_changes(data, BATCH):
            begin = time.perf_counter()
            source.push(batch)
            rt.flush()
            between = time.perf_counter()
            by_hand.take(batch)
            hand += time.perf_counter() - between
            ours += between - begin
    _compare(query, by_hand.result())
    return {"ours": ours, "hand": hand, "collection": pauses.longest_collection_s}


def through_the_driver(rooms: int, floors: int, most_queued: int) -> dict[str, float]:
    """Load frames while the loop of a notebook runs; return what held it."""
    return asyncio.run(_through_the_driver(rooms, floors, most_queued))


async def _through_the_driver(rooms: int, floors: int, most_queued: int) -> dict[str, float]:
    data = frames(rooms, floors)
    config = dnb.RuntimeConfig(most_queued=most_queued)
    async with dnb.Runtime(config=config) as rt:
        source = rt.add_source("rooms", dnb.PushSource())
        query = rt.add_query("q", AVERAGE, sources=["rooms"])
        await asyncio.sleep(0.01)
        begin = time.perf_counter()
        load(source, data)
        called = time.perf_counter() - begin
        async with heartbeat() as pauses:
            await rt.settled()
        spent = time.perf_counter() - begin
        assert query.frame().height == floors
    return {
        "s": spent,
        "called": called,
        "pause": pauses.longest_s,
        "collection": pauses.longest_collection_s,
        "full": pauses.full_collections,
    }


def _drasi_s(rooms: int, floors: int) -> float:
    """Return the seconds per element of drasi-lib."""
    elements = [
        change for batch in as_changes(frames(rooms, floors), BATCH) for change in batch
    ]
    return theirs.per_change([AVERAGE], elements, updates(rooms, 100))[0]


def lines(report: Report, rooms: int, drasi: int, here: bool) -> None:
    """Add all lines."""
    floors = max(1, rooms // 1_000)
    full = rooms >= 1_000_000
    right_from_frames(min(rooms, 100_000), max(1, min(rooms, 100_000) // 1_000))
    ours = apart(here, ours_from_frames, rooms, floors)
    hand = apart(here, hand_from_frames, rooms, floors)
    report.add(
        "frames: first complete result",
        ours["s"],
        "s",
        ("dicts by hand", hand["s"]),
        most=3 if full else None,
        ratio_most=2,
    )
    report.add(
        "frames: memory above the frames",
        ours["mb"],
        "MB",
        ("dicts by hand", hand["mb"]),
        most=700 if full else None,
    )
    report.add(
        "frames: most memory above the frames while it loads",
        ours["peak_mb"],
        "MB",
        ("dicts by hand", hand["peak_mb"]),
    )
    flood = apart(here, from_changes, rooms, floors)
    report.add(
        f"change dicts in batches of {BATCH:,}",
        flood["ours"],
        "s",
        ("dicts by hand", flood["hand"]),
        ratio_most=4,
    )
    report.add("change dicts: longest garbage collection", flood["collection"] * 1e3, "ms")
    elements = 2 * rooms + floors
    if drasi and theirs.is_installed():
        each = apart(here, _drasi_s, drasi, max(1, drasi // 1_000))
        report.add(
            "frames: time per element",
            ours["s"] / elements * 1e6,
            "us",
            (f"drasi-lib, {drasi:,} rooms", each * 1e6),
            ratio_most=1 / 15,
        )
        report.add(
            "change dicts: time per element",
            flood["ours"] / elements * 1e6,
            "us",
            (f"drasi-lib, {drasi:,} rooms", each * 1e6),
        )
    for name, most_queued in (("", 10**9), (", default most_queued", 1_000_000)):
        driven = apart(here, through_the_driver, rooms, floors, most_queued)
        report.add(f"driver{name}: from the first call to settled()", driven["s"], "s")
        report.add(f"driver{name}: the three upsert calls themselves", driven["called"], "s")
        report.add(f"driver{name}: longest hold of the loop", driven["pause"] * 1e3, "ms")
        report.add(f"driver{name}: longest collection", driven["collection"] * 1e3, "ms")
        report.add(f"driver{name}: full collections", driven["full"], "")


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start("load", str(__doc__), arguments, rooms=1_000_000, drasi=20_000)
    lines(report, options.rooms, options.drasi, options.here)
    return finish(report, options)


if __name__ == "__main__":
    main()
