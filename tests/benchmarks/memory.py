"""What a node and a relation with five properties take, and whether deletes give it back.

``PYTHONPATH=. python tests/benchmarks/memory.py [--elements 1_000_000] [--churn 10_000_000]``

Each figure of memory comes from a process of its own: resident memory above the data it was loaded
from. In the churn a room with its relation is deleted and another one inserted, ``--churn`` changes
in all, at a constant size, under the average per floor.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from typing import Any

import polars as pl

import drasi_nb as dnb
from tests.benchmarks.measuring import MB, Report, apart, finish, rss, start
from tests.benchmarks.rooms import AVERAGE, frames, started

PROPERTIES = {"temperature": 21.5, "humidity": 40.0, "co2": 400.0, "seats": 12}
TICK = 1_000  # changes


def _above(call: Callable[[], Any]) -> float:
    gc.collect()
    before = rss()
    kept = call()
    gc.collect()
    assert kept is not None
    return rss() - before


def nodes(count: int) -> float:
    """Return the bytes per node, from a frame."""
    data, (rt, source) = frames(count, 1), started()

    def load() -> dnb.Runtime:
        source.upsert_nodes(data.rooms, label="Room", id="id")
        rt.flush()
        return rt

    return _above(load) / count


def relations(count: int) -> float:
    """Return the bytes per relation with the same five properties and an id, from a frame."""
    data, (rt, source) = frames(count, 1_000), started()
    source.upsert_nodes(data.floors, label="Floor", id="id")
    source.upsert_nodes(data.rooms.select("id"), label="Room", id="id")
    rt.flush()
    rest = data.rooms.with_columns(
        id="k" + pl.int_range(count, eager=True).cast(pl.String),
        start=data.part_of["start"],
        end=data.part_of["end"],
    )

    def load() -> dnb.Runtime:
        source.upsert_relations(rest, type="PART_OF", start="start", end="end", id="id")
        rt.flush()
        return rt

    return _above(load) / count


def nodes_from_changes(count: int) -> float:
    """Return the bytes per node, from change dicts that are gone when it is measured."""
    rt, source = started()

    def load() -> dnb.Runtime:
        for begin in range(0, count, TICK):
            source.push([_room(i) for i in range(begin, min(count, begin + TICK))])
            rt.flush()
        return rt

    return _above(load) / count


def as_dicts(count: int) -> float:
    """Return the bytes per node of a dict of dicts."""

    def load() -> dict[str, Any]:
        # `+` and not the shared constants: every number is an object, as read from outside
        return {
            f"r{i}": {
                "id": f"r{i}",
                "temperature": 20.0 + i,
                "humidity": 40.0 + i,
                "co2": 400.0 + i,
                "seats": i,
                "name": f"Room {i}",
            }
            for i in range(count)
        }

    return _above(load) / count


def _room(i: int) -> dict[str, Any]:
    properties = {
        "temperature": 20.0 + i % 10 + i / 1e6,
        "humidity": 40.0 + i,
        "co2": 400.0 + i,
        "seats": i,
        "name": f"Room {i}",
    }
    return {"op": "insert", "id": f"r{i}", "labels": ["Room"], "properties": properties}


def _placed(i: int, floors: int) -> list[dict[str, Any]]:
    ends = {"start_id": f"r{i}", "end_id": f"f{i % floors}"}
    return [_room(i), {"op": "insert", "id": f"k{i}", "labels": ["PART_OF"], **ends}]


def churn(rooms: int, changes: int, samples: int) -> list[float]:
    """Return the resident memory in MB at equal distances over the churn."""
    rt, source = started()
    floors = max(1, rooms // 100)
    source.push(
        [
            {
                "op": "insert",
                "id": f"f{i}",
                "labels": ["Floor"],
                "properties": {"name": f"f{i}"},
            }
            for i in range(floors)
        ]
    )
    query = rt.add_query("q", AVERAGE, sources=["rooms"])
    total = rt.add_query("n", "MATCH (r:Room) RETURN count(*) AS n", sources=["rooms"])
    there = list(range(rooms))
    for i in there:
        source.push(_placed(i, floors))
    rt.flush()
    rng, following, out, done = random.Random(9), rooms, list[float](), 0
    while done < changes:
        batch = list[Any]()
        while len(batch) < TICK:
            place = rng.randrange(rooms)
            gone, there[place] = there[place], following
            batch += [{"op": "delete", "id": f"k{gone}"}, {"op": "delete", "id": f"r{gone}"}]
            batch += _placed(following, floors)
            following += 1
        source.push(batch)
        rt.flush()
        if done * samples // changes != (done + len(batch)) * samples // changes:
            gc.collect()
            out.append(rss() / MB)
        done += len(batch)
    assert total.rows() == [{"n": rooms}] and len(query) <= floors
    return out


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "memory",
        str(__doc__),
        arguments,
        elements=1_000_000,
        rooms=100_000,
        churn=10_000_000,
        samples=50,
    )
    here, count = options.here, options.elements
    dicts = ("a dict of dicts", apart(here, as_dicts, count))
    report.add("a node from a frame", apart(here, nodes, count), "bytes", dicts)
    report.add("a node from changes", apart(here, nodes_from_changes, count), "bytes", dicts)
    report.add("a relation from a frame", apart(here, relations, count), "bytes", dicts)
    samples = apart(here, churn, options.rooms, options.churn, options.samples)
    settled = samples[len(samples) // 10 :]  # the first tenth makes the pages that stay
    report.add(
        f"churn of {options.churn:,} changes: memory at its end",
        samples[-1],
        "MB",
        ("after a tenth of it", settled[0]),
        ratio_most=1.05 if options.churn >= 10_000_000 else None,
    )
    report.add(
        "churn: highest",
        max(settled),
        "MB",
        ("lowest, after a tenth", min(settled)),
        ratio_most=1.05 if options.churn >= 10_000_000 else None,
    )
    return finish(report, options)


if __name__ == "__main__":
    main()
