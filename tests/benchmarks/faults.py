"""Six faults of engines like this one, each with the figure that would show it.

``PYTHONPATH=. python tests/benchmarks/faults.py [--rows 1_000_000]``

Result rows found by scanning, whole results copied on read, lists of components copied on each
look-up, texts built for each change, the same lock taken again and again, a task per query and source
at bootstrap. What can be counted is counted; the rest is cost against size.
"""

from __future__ import annotations

import gc
import random
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import drasi_nb as dnb
from tests.benchmarks.hot_path import counted
from tests.benchmarks.many import tasks
from tests.benchmarks.measuring import Report, finish, median, repeated, seconds, start
from tests.benchmarks.reading import Result
from tests.benchmarks.rooms import APPLIED, PROJECTION, QUERIES, Loaded, frames, loaded, updates

SMALL = 1_000  # rows, components


def scanning(report: Report, rows: int, changes: int) -> None:
    """Rows found by scanning: the cost of a change would grow with the result."""

    def cost(size: int) -> float:
        rt, source = loaded(frames(size, 1))
        query = rt.add_query("q", PROJECTION, sources=["rooms"])
        seen = list[int]()
        query.on_delta(lambda delta: seen.append(delta.seq))
        todo = updates(size, changes)

        def run() -> None:
            for change in todo:
                source.push(change)
                rt.flush()

        spent = seconds(run) / changes
        assert len(seen) == changes
        return spent * 1e6

    one = cost(min(SMALL, rows))
    report.add(f"one change in a result of {rows:,} rows", cost(rows), "us", ("of 1,000", one))
    scanned, rng = [(f"r{i}", 20.0) for i in range(rows)], random.Random(1)

    def scan() -> None:
        wanted = f"r{rng.randrange(rows)}"
        next(place for place, row in enumerate(scanned) if row[0] == wanted)

    scan_us = median(repeated(lambda _: scan(), least=5, spend_s=0.2)) * 1e6
    report.add(f"the same row found by scanning {rows:,}", scan_us, "us")


def reading_us(result: Result, changes: int) -> float:
    """Return what ``frame()`` takes after so many changes, in us."""
    read, change = result.query.frame, result.change
    return (
        median(repeated(lambda _: read(), lambda: change(changes) if changes else None)) * 1e6
    )


def copying(report: Report, rows: int) -> None:
    """Whole results copied on read: a read would cost as much as the result is long."""
    small, large = Result(min(10_000, rows)), Result(rows)
    for name, count in (("clean", 0), ("after one change", 1)):
        beside, got = reading_us(small, count), reading_us(large, count)
        of = (f"of {small.rows:,}", beside)
        report.add(f"frame() of {rows:,} rows, {name}", got, "us", of)
    copied = median(repeated(lambda _: dict(large.query.table.entries()), least=3, spend_s=0.2))
    report.add(f"a copy of {rows:,} rows", copied * 1e6, "us")


def bytes_of(call: Callable[[], Any]) -> int:
    """Return the bytes that a call allocates at most at one time."""
    call()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def with_components(queries: int) -> Loaded:
    """Return a runtime with many queries that hear of nothing."""
    held = Loaded(QUERIES["projection"], 10, 1)
    for i in range(queries):
        held.runtime.add_query(
            f"idle{i}", "MATCH (n:Nothing) RETURN n.x AS x", sources=["rooms"]
        )
    return held


def looking_up(report: Report, queries: int) -> None:
    """Lists of components copied on look-up: bytes and time would grow with their number."""
    few, many = with_components(1), with_components(queries)
    for name, call in (
        ("rt.queries[id]", lambda held: held.runtime.queries["q"]),
        ("rt.component(id)", lambda held: held.runtime.component("q")),
    ):
        beside = ("with 2", float(bytes_of(lambda call=call: call(few))))
        got = float(bytes_of(lambda call=call: call(many)))
        report.add(f"{name} with {queries + 1:,} queries", got, "bytes", beside, ratio_most=1)
    cost = [
        seconds(lambda held=held: held.one_by_one(updates(10, 2_000))) / 2_000 * 1e6
        for held in (few, many)
    ]
    what = f"one change beside {queries:,} queries that hear of nothing"
    report.add(what, cost[1], "us", ("beside 1", cost[0]))


def made_by_changes(text: str, count: int) -> tuple[Counter[str], Counter[str]]:
    """Return what is made and taken for single changes, and where; see ``hot_path``."""
    held = Loaded(text, 200)
    held.one_by_one(updates(200, count))
    todo = updates(200, count, seed=3)
    out = counted(lambda: held.one_by_one(todo))
    assert held.deltas
    return out


def blocks_kept(text: str, count: int) -> float:
    """Return the memory blocks that each change leaves behind, in a result that does not grow."""
    held = Loaded(text, 200, config=dnb.RuntimeConfig(kept_rows=100))
    held.one_by_one(updates(200, count))  # what is kept of the past is full
    todo = updates(200, count, seed=3)
    gc.collect()
    before = sys.getallocatedblocks()
    held.one_by_one(todo)
    gc.collect()
    return (sys.getallocatedblocks() - before) / count


def building(report: Report, count: int, kept: int) -> None:
    """Texts and dicts of metadata built for each change; locks taken for each."""
    for name, text in {**QUERIES, **APPLIED}.items():
        made, where = made_by_changes(text, count)
        is_walked = name in QUERIES
        for kind in ("text", "dict", "lock"):
            limit = {"text": 0.0, "dict": 1.0, "lock": 0.0}[kind]
            asked = limit if is_walked or kind == "lock" else None
            report.add(f"{name}: {kind}s per change", made[kind] / count, kind, most=asked)
        for place, times in where.most_common():
            if place.startswith(("text", "lock")):
                report.note(f"{place}: {times} in {count} changes")
    left = blocks_kept(QUERIES["average per floor"], kept)
    report.add("blocks that a change leaves behind", left, "blocks")


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "faults",
        str(__doc__),
        arguments,
        rows=1_000_000,
        changes=20_000,
        components=1_000,
        queries=50,
        counted=200,
        kept=20_000,
    )
    scanning(report, options.rows, options.changes)
    copying(report, options.rows)
    looking_up(report, options.components)
    building(report, options.counted, options.kept)
    threads = threading.active_count()
    before, after = tasks(options.queries, options.queries)
    name = f"{options.queries} queries on {options.queries} sources"
    report.add(f"tasks of {name}", after - before, "tasks", most=4)
    report.add(f"threads of {name}", threading.active_count() - threads, "threads", most=0)
    return finish(report, options)


if __name__ == "__main__":
    main()
