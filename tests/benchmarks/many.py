"""Many queries: what a change costs beside one query, what they keep, and how many tasks there are.

``PYTHONPATH=. python tests/benchmarks/many.py [--queries 50] [--rooms 2_000]``

Every cost is the mean of ``--changes`` changes, each pushed and flushed alone. Temperatures move by at
most a tenth of a degree, so a threshold is crossed now and then, and only then does a result change.
"""

from __future__ import annotations

import asyncio
import gc
import random
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import drasi_nb as dnb
from tests.benchmarks import theirs
from tests.benchmarks.measuring import MB, Report, apart, finish, rss, seconds, start
from tests.benchmarks.rooms import AVERAGE, frames, graph, loaded

SOURCES = 5
OWN = "MATCH (r:Room) WHERE r.temperature > $k RETURN r.name AS name"
JOINED = """
    MATCH (r:Room)-[:PART_OF]->(f:Floor) WHERE r.temperature > $k
    RETURN r.name AS name, f.name AS floor"""
GROUPED = """
    MATCH (r:Room)-[:PART_OF]->(f:Floor)
    WITH f, avg(r.temperature) AS t WHERE t > $k
    RETURN f.name AS floor"""


def threshold(i: int, queries: int) -> float:
    """Return thresholds spread evenly around 24.8 degrees, a room's average."""
    return 20.05 + 9.5 * (i + 0.5) / queries


def steps(rooms: int, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return changes of temperature by at most a tenth of a degree, from those of ``graph()``."""
    rng = random.Random(seed)
    now = [20.0 + i % 10 for i in range(rooms)]
    out = list[dict[str, Any]]()
    for _ in range(count):
        i = rng.randrange(rooms)
        now[i] = min(30.0, max(20.0, now[i] + rng.uniform(-0.1, 0.1)))
        properties = {"temperature": now[i]}
        out.append(
            {"op": "update", "id": f"r{i}", "labels": ["Room"], "properties": properties}
        )
    return out


def crossing() -> list[dict[str, Any]]:
    """Return changes that cross every threshold: after them a result comes, whatever was before."""
    return [
        {"op": "update", "id": "r0", "labels": ["Room"], "properties": {"temperature": value}}
        for value in (10.0, 400.0)  # far, so that the average of the floor moves too
    ]


class Fleet:
    """Queries of one text over sources in turn, all with the same rooms."""

    def __init__(self, text: str, queries: int, rooms: int, sources: int) -> None:
        self.rt = dnb.Runtime(clock=dnb.VirtualClock(0))
        self.sources = [self.rt.add_source(f"s{i}", dnb.PushSource()) for i in range(sources)]
        for source in self.sources:
            source.push(graph(rooms))
        self.deltas = 0
        for i in range(queries):
            query = self.rt.add_query(
                f"q{i}",
                text,
                sources=[f"s{i % sources}"],
                parameters={"k": threshold(i, queries)} if "$k" in text else {},
            )
            query.on_delta(self._count)

    def _count(self, _delta: dnb.Delta) -> None:
        self.deltas += 1

    def per_change(self, changes: list[dict[str, Any]]) -> float:
        """Return the seconds per change; the changes go to the sources in turn."""
        flush, pushes = self.rt.flush, [source.push for source in self.sources]

        def run() -> None:
            for i, change in enumerate(changes):
                pushes[i % len(pushes)](change)
                flush()

        return seconds(run) / len(changes)


class ByHand:
    """The same thresholds written by hand: sorted, and per threshold the rooms above it."""

    def __init__(self, queries: int, rooms: int, sources: int) -> None:
        self.limits = [
            [threshold(i, queries) for i in range(source, queries, sources)]
            for source in range(sources)
        ]
        self.above = [
            [{f"r{i}" for i in range(rooms) if 20.0 + i % 10 > limit} for limit in limits]
            for limits in self.limits
        ]
        self.now = [{f"r{i}": 20.0 + i % 10 for i in range(rooms)} for _ in range(sources)]

    def per_change(self, changes: list[dict[str, Any]]) -> float:
        """Return the seconds per change."""
        return seconds(lambda: self._take(changes)) / len(changes)

    def _take(self, changes: list[dict[str, Any]]) -> None:
        for i, change in enumerate(changes):
            source = i % len(self.now)
            room, value = change["id"], change["properties"]["temperature"]
            now, limits, above = self.now[source], self.limits[source], self.above[source]
            before, now[room] = bisect_left(limits, now[room]), value
            after = bisect_left(limits, value)
            for place in range(before, after):
                above[place].add(room)
            for place in range(after, before):
                above[place].discard(room)


def own(report: Report, queries: int, rooms: int, changes: int, drasi: int) -> None:
    """Add the lines of queries that each have a threshold and a source of their own."""
    todo = steps(rooms, changes)
    one = Fleet(OWN, 1, rooms, 1).per_change(todo)
    fleet, by_hand = Fleet(OWN, queries, rooms, SOURCES), ByHand(queries, rooms, SOURCES)
    many, hand = fleet.per_change(todo), by_hand.per_change(todo)
    ours = [set(query.frame()["name"]) for query in fleet.rt.queries.values()]
    assert ours == [by_hand.above[i % SOURCES][i // SOURCES] for i in range(queries)]
    what = f"{queries} thresholds on {SOURCES} sources: one change"
    report.add(what, many * 1e6, "us", ("one query, one source", one * 1e6), most=15)
    report.add(what, many * 1e6, "us", ("by hand, bisect and sets", hand * 1e6))
    if drasi and theirs.is_installed():
        texts = [OWN.replace("$k", repr(threshold(i, queries))) for i in range(queries)]
        lib = theirs.per_change(texts[::SOURCES], graph(rooms), todo[:drasi] + crossing())[1]
        report.add(
            what, many * 1e6, "us", (f"drasi-lib, {len(texts[::SOURCES])} queries", lib * 1e6)
        )


def shared(report: Report, queries: int, rooms: int, changes: int) -> None:
    """Add the lines of queries that share a join."""
    todo = steps(rooms, changes)
    for name, text in (("a join", JOINED), ("a join and its averages", GROUPED)):
        one, fleet = Fleet(text, 1, rooms, 1), Fleet(text, queries, rooms, 1)
        beside = ("one query", one.per_change(todo) * 1e6)
        cost = fleet.per_change(todo) * 1e6
        fleet.per_change(crossing())
        assert fleet.deltas
        report.add(
            f"{queries} queries that share {name}: one change", cost, "us", beside, ratio_most=3
        )


def unread(report: Report, queries: int, rooms: int, changes: int) -> None:
    """Add the lines of changes that no query reads."""
    rng = random.Random(4)

    def of(key: str, prefix: str) -> Iterator[dict[str, Any]]:
        for i in range(changes):
            id_ = f"{prefix}{rng.randrange(rooms)}"
            yield {"op": "update", "id": id_, "properties": {key: float(i)}}

    fleet = Fleet(OWN, queries, rooms, 1)
    before = fleet.deltas
    for what, todo in (
        ("a property that nobody reads", list(of("humidity", "r"))),
        ("a value that stays", list(of("temperature", "r"))),
    ):
        if what == "a value that stays":
            for change in todo:
                i = int(change["id"][1:])
                change["properties"]["temperature"] = 20.0 + i % 10
        cost = fleet.per_change(todo) * 1e6
        limit = 2 if "nobody" in what else None
        report.add(f"{queries} queries: {what}", cost, "us", most=limit)
        whole = seconds(lambda todo=todo: (fleet.sources[0].push(todo), fleet.rt.flush()))
        report.add(
            f"{queries} queries: {what}, in one tick", whole / changes * 1e6, "us", most=limit
        )
    assert fleet.deltas == before


def memory(text: str, queries: int, rooms: int) -> float:
    """Return the memory of a graph and queries over it, in bytes."""
    data = frames(rooms, max(1, rooms // 100))
    gc.collect()
    before = rss()
    rt, _ = loaded(data)
    for i in range(queries):
        parameters = {"k": 29.0 + i / 100}
        rt.add_query(f"q{i}", text, sources=["rooms"], parameters=parameters)
    gc.collect()
    return rss() - before


def tasks(queries: int, sources: int) -> tuple[int, int]:
    """Return the tasks of a loop before and after so many components start on it."""

    async def run() -> tuple[int, int]:
        before = len(asyncio.all_tasks())
        async with dnb.Runtime() as rt:
            made = [rt.add_source(f"s{i}", dnb.PushSource()) for i in range(sources)]
            for source in made:
                source.push(graph(10, 1, 1))
            names = [f"s{i}" for i in range(sources)]
            most = 0
            for i in range(queries):
                rt.add_query(f"q{i}", AVERAGE, sources=names)
                await asyncio.sleep(0)
                most = max(most, len(asyncio.all_tasks()))
            await rt.settled()
            return before, max(most, len(asyncio.all_tasks()))

    return asyncio.run(run())


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "many",
        str(__doc__),
        arguments,
        queries=50,
        rooms=2_000,
        changes=50_000,
        drasi=2_000,
        graph=1_000_000,
    )
    queries = options.queries
    own(report, queries, options.rooms, options.changes, options.drasi)
    shared(report, queries, options.rooms, options.changes)
    unread(report, queries, options.rooms, options.changes)
    for name, text in (("a filter", OWN), ("a join", JOINED), ("averages", GROUPED)):
        one = apart(options.here, memory, text, 1, options.graph)
        many = apart(options.here, memory, text, queries, options.graph)
        report.add(
            f"{queries} queries of {name} over {options.graph:,} rooms: memory",
            many / MB,
            "MB",
            ("one query", max(one, 1) / MB),
            ratio_most=None if options.here else 1.5,
        )
    before, after = tasks(queries, queries)
    report.add(
        f"tasks of {queries} queries on {queries} sources", after - before, "tasks", most=4
    )
    return finish(report, options)


if __name__ == "__main__":
    main()
