"""Queries that are added to a graph of a million rooms and a million relations.

``PYTHONPATH=. python tests/benchmarks/late.py [--rooms 1_000_000] [--queries 50]``

Each is added, read once and removed. A query whose first stage cannot be evaluated column by column
is marked "row by row". ``--queries`` different ones are then added together, on a running loop.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import drasi_nb as dnb
from tests.benchmarks.measuring import (
    Report,
    finish,
    heartbeat,
    median,
    repeated,
    start,
)
from tests.benchmarks.rooms import FILTER, Frames, frames, load, loaded

HOP = "MATCH (r:Room)-[:PART_OF]->(f:Floor) "
LIMITS_S = {"filter": 0.4, "hop": 1.0, "": None}

Case = tuple[str, dict[str, Any], str]

CASES: dict[str, Case] = {
    "filter, 1 %": (FILTER, {"least": 29.895}, "filter"),
    "filter, 10 %": (FILTER, {"least": 28.995}, "filter"),
    "filter, 50 %": (FILTER, {"least": 24.995}, "filter"),
    "average over one hop": (HOP + "RETURN f.name AS f, avg(r.temperature) AS t", {}, "hop"),
    "count over one hop": (HOP + "RETURN f.name AS f, count(*) AS n", {}, "hop"),
    "min and max over one hop": (
        HOP + "RETURN f.name AS f, min(r.temperature) AS low, max(r.temperature) AS high",
        {},
        "hop",
    ),
    "average over one hop, filtered": (
        HOP + "WHERE r.seats > 10 RETURN f.name AS f, avg(r.temperature) AS t",
        {},
        "hop",
    ),
    "averages above a threshold": (
        HOP + "WITH f, avg(r.temperature) AS t WHERE t > $k RETURN f.name AS f, t",
        {"k": 24.9},
        "hop",
    ),
    "projection of everything": (
        "MATCH (r:Room) RETURN r.name AS name, r.temperature AS temperature",
        {},
        "",
    ),
    "filter on the start of a text": (
        "MATCH (r:Room) WHERE r.name STARTS WITH 'Room 99' RETURN r.name AS name",
        {},
        "",
    ),
    "collect over one hop": (HOP + "RETURN f.name AS f, collect(r.seats) AS seats", {}, ""),
    "count(DISTINCT) over one hop": (
        HOP + "RETURN f.name AS f, count(DISTINCT r.seats) AS n",
        {},
        "",
    ),
    "a hop that may be missing": (
        """
        MATCH (f:Floor) OPTIONAL MATCH (r:Room)-[:PART_OF]->(f) WHERE r.temperature > 29.98
        RETURN f.name AS f, r.name AS r""",
        {},
        "",
    ),
    "top 10": (
        "MATCH (r:Room) RETURN r.name AS name, r.temperature AS t ORDER BY t DESC, name LIMIT 10",
        {},
        "",
    ),
}


def many(count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return different queries: filters, averages, counts, and averages above a threshold."""
    out = list[tuple[str, dict[str, Any]]]()
    for i in range(count):
        match i % 4:
            case 0:
                out.append((FILTER, {"least": 29.0 + i / 100}))
            case 1:
                out.append(
                    (
                        CASES["average over one hop, filtered"][0].replace(
                            "> 10", f"> {i % 30}"
                        ),
                        {},
                    )
                )
            case 2:
                text = HOP + f"WHERE r.temperature < {20 + i / 10} "
                out.append((text + "RETURN f.name AS f, count(*) AS n", {}))
            case _:
                out.append((CASES["averages above a threshold"][0], {"k": 24.0 + i / 100}))
    return out


def add_one(report: Report, rt: dnb.Runtime, name: str, full: bool, spend_s: float) -> None:
    """Add the lines of one case."""
    text, parameters, kind = CASES[name]
    shown = dict[str, Any]()

    def add(_: None) -> None:
        query = rt.add_query("q", text, sources=["rooms"], parameters=parameters)
        shown["rows"] = query.frame().height
        shown["columns"] = query.compiled is not None and query.compiled.is_columnwise()

    def remove() -> None:
        if "q" in rt.queries:
            rt.remove("q")

    spent = repeated(add, remove, spend_s=spend_s, least=3, most=20)
    remove()
    assert shown["rows"], name
    how = "" if shown["columns"] else ", row by row"
    limit = LIMITS_S[kind] if full else None
    report.add(f"{name} ({shown['rows']:,} rows{how})", median(spent), "s", most=limit)


async def together(report: Report, data: Frames, count: int, full: bool) -> None:
    """Add the lines of many queries, added in one cell of a live notebook."""
    config = dnb.RuntimeConfig(most_queued=10**9)
    async with dnb.Runtime(config=config) as rt:
        source = rt.add_source("rooms", dnb.PushSource())
        load(source, data)
        await rt.settled()
        async with heartbeat() as pauses:
            begin = time.perf_counter()
            for i, (text, parameters) in enumerate(many(count)):
                await rt.add_query_async(
                    f"q{i}", text, sources=["rooms"], parameters=parameters
                )
            spent = time.perf_counter() - begin
        assert all(query.status == "Running" for query in rt.queries.values())
        report.add(f"{count} queries together", spent, "s", most=15 if full else None)
        report.add(f"{count} queries: longest hold of the loop", pauses.longest_s * 1e3, "ms")
        report.add(f"{count} queries: full collections", pauses.full_collections, "")


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "late", str(__doc__), arguments, rooms=1_000_000, queries=50, spend_s=1.0
    )
    data = frames(options.rooms, max(1, options.rooms // 1_000))
    rt, _ = loaded(data)
    full = options.rooms >= 1_000_000
    for name in CASES:
        add_one(report, rt, name, full, options.spend_s)
    rt.close()
    asyncio.run(together(report, data, options.queries, full))
    return finish(report, options)


if __name__ == "__main__":
    main()
