"""Changed rows as frames and as dicts, beside computing the query anew with Polars.

``PYTHONPATH=. python tests/benchmarks/frames.py [--rooms 2_000,100_000,1_000_000]``

Ours: ``upsert_nodes(frame)`` and ``flush()``, with a callback that gets the delta; "and read" is
``frame()`` on top. Polars: ``state.update(frame, on="id")`` and the query over the new state. Where
the rows come as dicts, Polars makes a frame of them first. Both have the same rows in the end.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

import drasi_nb as dnb
from tests.benchmarks.measuring import Report, finish, median, repeated, seconds, start
from tests.benchmarks.rooms import AVERAGE, FILTER, PROJECTION, Frames, frames, loaded, started

LEAST = 28.995  # degrees that a tenth of the rooms exceed
POLARS = "Polars anew"
DIFFERING = 1_000  # rows


@dataclass(frozen=True, slots=True)
class Case:
    """One query and how Polars computes it."""

    text: str
    polars: Callable[[pl.LazyFrame, Frames], pl.LazyFrame]


def _average(rooms: pl.LazyFrame, data: Frames) -> pl.LazyFrame:
    floors = data.floors.lazy().select("id", floor="name")
    placed = data.part_of.lazy().join(rooms, left_on="start", right_on="id")
    named = placed.join(floors, left_on="end", right_on="id")
    return named.group_by("floor").agg(pl.col("temperature").mean())


CASES = {
    "filter": Case(
        FILTER,
        lambda rooms, _: rooms.filter(pl.col("temperature") > LEAST).select(
            "name", "temperature"
        ),
    ),
    "projection": Case(PROJECTION, lambda rooms, _: rooms.select("name", "temperature")),
    "average over one hop": Case(AVERAGE, _average),
}


class Both:
    """The engine and Polars over the same rooms, moved by the same rows."""

    def __init__(self, case: Case, data: Frames) -> None:
        self.case, self.data, self.rng = case, data, random.Random(11)
        self.rt, self.source = loaded(data)
        parameters = {"least": LEAST}
        self.query: dnb.Query = self.rt.add_query(
            "q", case.text, sources=["rooms"], parameters=parameters
        )
        self.deltas = 0
        self.query.on_delta(self._count)
        self.state = data.rooms
        self.theirs = self._computed()

    def _count(self, _delta: dnb.Delta) -> None:
        self.deltas += 1

    def _computed(self) -> pl.DataFrame:
        return self.case.polars(self.state.lazy(), self.data).collect()

    def places(self, size: int, *, distinct: bool) -> list[int]:
        """Return numbers of rooms drawn at random."""
        count = self.data.rooms.height
        if distinct:
            return self.rng.sample(range(count), size)
        return [self.rng.randrange(count) for _ in range(size)]

    def rows(self, size: int) -> pl.DataFrame:
        """Return new temperatures of different rooms."""
        ids = [f"r{place}" for place in self.places(size, distinct=True)]
        values = [20 + 10 * self.rng.random() for _ in ids]
        return pl.DataFrame({"id": ids, "temperature": values})

    def dicts(self, size: int) -> list[dict[str, Any]]:
        """Return new temperatures of rooms, as they come from outside."""
        return [
            {"id": f"r{place}", "temperature": 20 + 10 * self.rng.random()}
            for place in self.places(size, distinct=False)
        ]

    def take(self, rows: pl.DataFrame) -> None:
        """Move the engine."""
        self.source.upsert_nodes(rows, label="Room", id="id")
        self.rt.flush()

    def take_changes(self, changes: list[dict[str, Any]]) -> None:
        """Move the engine."""
        self.source.push(changes)
        self.rt.flush()

    def recompute(self, rows: pl.DataFrame | list[dict[str, Any]]) -> None:
        """Move Polars."""
        if isinstance(rows, list):
            rows = pl.DataFrame(rows).unique("id", keep="last")
        self.state = self.state.update(rows, on="id")
        self.theirs = self._computed()

    def verify(self) -> None:
        """Compare both results.

        Raises:
            AssertionError: They differ.
        """
        ours = self.query.frame()
        by = ours.columns[0]
        ours, theirs = ours.sort(by), self.theirs.select(ours.columns).sort(by)
        assert ours[by].to_list() == theirs[by].to_list()
        apart = (ours["temperature"] - theirs["temperature"]).abs().max()
        assert apart is None or apart < 1e-9  # type: ignore[operator]


def as_change(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as an update."""
    properties = {"temperature": row["temperature"]}
    return {"op": "update", "id": row["id"], "properties": properties}


def by_frame(report: Report, both: Both, name: str, sizes: list[int], spend_s: float) -> None:
    """Add the lines of batches that come as frames."""
    rooms = both.data.rooms.height
    for size in sizes:
        if size > rooms:
            continue
        ours, read, theirs = list[float](), list[float](), list[float]()
        while _goes_on(ours, theirs, spend_s):
            rows = both.rows(size)
            ours.append(seconds(lambda rows=rows: both.take(rows)))
            read.append(ours[-1] + seconds(both.query.frame))
            theirs.append(seconds(lambda rows=rows: both.recompute(rows)))
        both.verify()
        beside = (POLARS, size / median(theirs))
        least = 1_000_000 if size == 10_000 else None
        what = f"{rooms:,} rooms, {name}, frames of {size:,}"
        report.add(what, size / median(ours), "rows/s", beside, least=least, ratio_least=1)
        report.add(f"{what}, and read", size / median(read), "rows/s", beside)


def by_dicts(report: Report, both: Both, name: str, sizes: list[int], spend_s: float) -> None:
    """Add the lines of batches that come as dicts."""
    rooms = both.data.rooms.height
    for size in sizes:
        ours, theirs = list[float](), list[float]()
        while _goes_on(ours, theirs, spend_s):
            rows = both.dicts(size)
            changes = [as_change(row) for row in rows]
            ours.append(seconds(lambda changes=changes: both.take_changes(changes)))
            theirs.append(seconds(lambda rows=rows: both.recompute(rows)))
        both.verify()
        report.add(
            f"{rooms:,} rooms, {name}, dicts by {size:,}",
            size / median(ours),
            "rows/s",
            (POLARS, size / median(theirs)),
            ratio_least=1,
        )


def _goes_on(ours: list[float], theirs: list[float], spend_s: float) -> bool:
    return len(ours) < 5 or (sum(ours) + sum(theirs) < 2 * spend_s and len(ours) < 200)


def synced(report: Report, rooms: int) -> None:
    """Add the line of a frame of which little differs."""
    data = frames(rooms, max(1, rooms // 1_000))
    rt, source = started()
    source.sync_nodes(data.rooms, label="Room", id="id")
    query = rt.add_query("q", PROJECTION, sources=["rooms"])
    rng, differing = random.Random(2), min(DIFFERING, rooms)
    now = data.rooms

    def differ() -> pl.DataFrame:
        nonlocal now
        places = pl.Series(rng.sample(range(rooms), differing))
        values = now["temperature"].scatter(places, [30 + rng.random() for _ in places])
        now = now.with_columns(temperature=values)
        return now

    def sync(frame: pl.DataFrame) -> None:
        source.sync_nodes(frame, label="Room", id="id")
        assert rt.flush() == differing

    spent = repeated(sync, differ, spend_s=1.0, most=20)
    assert math.isclose(query.frame()["temperature"].sum(), now["temperature"].sum())
    report.add(
        f"sync_nodes of {rooms:,} rows, {differing:,} differ",
        median(spent),
        "s",
        most=1 if rooms >= 1_000_000 else None,
    )


def slower(report: Report) -> None:
    """Name the places where Polars is faster."""
    behind = [
        line
        for line in report.lines
        if line.baseline == POLARS and line.ratio is not None and line.ratio < 1
    ]
    for line in behind:
        report.note(f"slower than Polars: {line.what} ({line.ratio:.2f} of its rate)")
    if not behind:
        report.note("slower than Polars: nowhere")


def numbers(text: str) -> list[int]:
    """Return the integers of a list with commas."""
    return [int(part) for part in text.split(",")]


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "frames",
        str(__doc__),
        arguments,
        rooms="2_000,100_000,1_000_000",
        sizes="1,10,100,1_000,10_000,100_000",
        dicts="1,10,100,1_000,10_000",
        spend_s=0.5,
    )
    for rooms in numbers(options.rooms):
        data = frames(rooms, max(1, rooms // 1_000 if rooms > 100_000 else rooms // 20))
        for name, case in CASES.items():
            both = Both(case, data)
            by_frame(report, both, name, numbers(options.sizes), options.spend_s)
            by_dicts(report, both, name, numbers(options.dicts), options.spend_s)
            both.rt.close()
    synced(report, max(numbers(options.rooms)))
    slower(report)
    return finish(report, options)


if __name__ == "__main__":
    main()
