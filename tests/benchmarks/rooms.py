"""The rooms workload: floors in buildings, and temperatures that change."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

import drasi_nb as dnb

QUERIES = {
    "projection": "MATCH (r:Room) RETURN r.name AS name, r.temperature AS temperature",
    "computed projection": """
        MATCH (r:Room)
        RETURN r.name AS name, 50 + (r.temperature - 72) + (r.humidity - 42)
            + CASE WHEN r.co2 > 500 THEN (r.co2 - 500) / 25 ELSE 0 END AS comfort""",
    "average per floor": """
        MATCH (r:Room)-[:PART_OF]->(f:Floor)
        RETURN f.name AS floor, avg(r.temperature) AS temperature""",
    "average of averages": """
        MATCH (r:Room)-[:PART_OF]->(f:Floor)-[:PART_OF]->(b:Building)
        WITH b, f, avg(r.temperature) AS temperature WHERE temperature > 22
        RETURN b.name AS building, avg(temperature) AS temperature""",
}

APPLIED = {
    "OPTIONAL MATCH": """
        MATCH (r:Room) OPTIONAL MATCH (r)-[:PART_OF]->(f:Floor)
        RETURN r.name AS name, r.temperature AS temperature, f.name AS floor""",
    "NOT EXISTS": """
        MATCH (f:Floor)
        WHERE NOT EXISTS { MATCH (f)<-[:PART_OF]-(r:Room) WHERE r.temperature > 29 }
        RETURN f.name AS floor""",
    "MATCH after WITH": """
        MATCH (r:Room)-[:PART_OF]->(f:Floor)
        WITH f, avg(r.temperature) AS temperature WHERE temperature > 22
        MATCH (f)-[:PART_OF]->(b:Building)
        RETURN b.name AS building, f.name AS floor, temperature""",
    "variable length": """
        MATCH (r:Room)-[:PART_OF*1..2]->(b:Building)
        RETURN b.name AS building, avg(r.temperature) AS temperature""",
    "top 10": """
        MATCH (r:Room)
        RETURN r.name AS name, r.temperature AS temperature ORDER BY temperature DESC LIMIT 10""",
}


def _node(id_: str, label: str, **properties: Any) -> dict[str, Any]:
    return {
        "op": "insert",
        "id": id_,
        "labels": [label],
        "properties": {"name": id_, **properties},
    }


def _part_of(start: str, end: str) -> dict[str, Any]:
    ends = {"start_id": start, "end_id": end}
    return {
        "op": "insert",
        "id": f"{start}-{end}",
        "labels": ["PART_OF"],
        "properties": {},
        **ends,
    }


def graph(rooms: int, floors: int = 100, buildings: int = 10) -> list[dict[str, Any]]:
    """Return the inserts of the whole graph."""
    out = [_node(f"b{i}", "Building") for i in range(buildings)]
    out += [_node(f"f{i}", "Floor") for i in range(floors)]
    out += [_part_of(f"f{i}", f"b{i % buildings}") for i in range(floors)]
    for i in range(rooms):
        out.append(_node(f"r{i}", "Room", temperature=20.0 + i % 10, humidity=40.0, co2=400.0))
        out.append(_part_of(f"r{i}", f"f{i % floors}"))
    return out


def updates(rooms: int, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return changes of temperature, of rooms drawn at random."""
    draw = random.Random(seed)
    return [
        {
            "op": "update",
            "id": f"r{draw.randrange(rooms)}",
            "labels": ["Room"],
            "properties": {"temperature": 20 + 10 * draw.random()},
        }
        for _ in range(count)
    ]


class Loaded:
    """A runtime with the graph, one query and a callback that gets every delta."""

    def __init__(
        self,
        text: str,
        rooms: int,
        floors: int = 100,
        config: dnb.RuntimeConfig | None = None,
    ) -> None:
        self.runtime = dnb.Runtime(clock=dnb.VirtualClock(0), config=config)
        self.source = self.runtime.add_source("rooms", dnb.PushSource())
        self.source.push(graph(rooms, floors))
        self.query = self.runtime.add_query("q", text, sources=["rooms"])
        self.deltas = 0
        self.query.on_delta(self._count)

    def _count(self, _delta: dnb.Delta) -> None:
        self.deltas += 1

    def one_by_one(self, changes: list[dict[str, Any]]) -> None:
        """Push every change alone, in a tick of its own."""
        push, flush = self.source.push, self.runtime.flush
        for change in changes:
            push(change)
            flush()

    def in_ticks(self, changes: list[dict[str, Any]], size: int) -> None:
        """Push the changes in batches, each a tick."""
        for start in range(0, len(changes), size):
            self.source.push(changes[start : start + size])
            self.runtime.flush()


# -- the same graph as frames -------------------------------------------------------------

AVERAGE = QUERIES["average per floor"]
FILTER = """
    MATCH (r:Room) WHERE r.temperature > $least
    RETURN r.name AS name, r.temperature AS temperature"""
PROJECTION = QUERIES["projection"]


class Frames(NamedTuple):
    """Rooms with three floats, an integer and a text; floors; which room is on which."""

    rooms: pl.DataFrame
    floors: pl.DataFrame
    part_of: pl.DataFrame


def frames(rooms: int, floors: int) -> Frames:
    """Return a graph of ``rooms + floors`` nodes and ``rooms`` relations.

    Temperatures are drawn evenly from 20 to 30, by hundredths, the same each time.
    """
    draw = random.Random(0)
    i = pl.int_range(rooms, eager=True)
    id_, floor = "r" + i.cast(pl.String), "f" + (i % floors).cast(pl.String)
    return Frames(
        pl.DataFrame(
            {
                "id": id_,
                "temperature": [20 + draw.randrange(1_000) / 100 for _ in range(rooms)],
                "humidity": 40 + i % 97 / 8,
                "co2": 400.0 + i % 211,
                "seats": i % 30,
                "name": "Room " + i.cast(pl.String),
            }
        ),
        pl.DataFrame(
            {"id": "f" + pl.int_range(floors, eager=True).cast(pl.String)}
        ).with_columns(name="id"),
        pl.DataFrame({"start": id_, "end": floor}),
    )


def load(source: dnb.PushSource, data: Frames) -> None:
    """Push the whole graph, without a flush."""
    source.upsert_nodes(data.floors, label="Floor", id="id")
    source.upsert_nodes(data.rooms, label="Room", id="id")
    source.upsert_relations(data.part_of, type="PART_OF", start="start", end="end")


def started(**settings: Any) -> tuple[dnb.Runtime, dnb.PushSource]:
    """Return a runtime with a source of rooms that takes any load without a flush of its own."""
    config = dnb.RuntimeConfig(most_queued=10**9, **settings)
    rt = dnb.Runtime(clock=dnb.VirtualClock(0), config=config)
    return rt, rt.add_source("rooms", dnb.PushSource())


def loaded(data: Frames, **settings: Any) -> tuple[dnb.Runtime, dnb.PushSource]:
    """Return a runtime that has the graph."""
    rt, source = started(**settings)
    load(source, data)
    rt.flush()
    return rt, source


def as_changes(data: Frames, size: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the graph as inserts, made batch by batch: floors, rooms, relations."""
    for frame, label in ((data.floors, "Floor"), (data.rooms, "Room")):
        for part in frame.iter_slices(size):
            yield [
                {"op": "insert", "id": row["id"], "labels": [label], "properties": row}
                for row in part.iter_rows(named=True)
            ]
    for part in data.part_of.iter_slices(size):
        yield [_part_of(start, end) for start, end in part.iter_rows()]
