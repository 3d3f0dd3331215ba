"""Reading a result of a million rows, and keeping a hundred of its states.

``PYTHONPATH=. python tests/benchmarks/reading.py [--rows 1_000_000] [--kept 100]``

What is timed is ``frame()`` alone; the changes before it lie scattered over the whole result.
"""

from __future__ import annotations

import gc
import random
from typing import Any

import polars as pl

import drasi_nb as dnb
from tests.benchmarks.measuring import (
    MB,
    Report,
    finish,
    median,
    repeated,
    rss,
    start,
)
from tests.benchmarks.rooms import frames, loaded

TEXT = """
    MATCH (r:Room)
    RETURN r.id AS id, r.name AS name, r.temperature AS temperature, r.seats AS seats"""


class Result:
    """A query over rooms, and changes of them."""

    def __init__(self, rows: int) -> None:
        self.rows, self.rng = rows, random.Random(3)
        self.rt, self.source = loaded(frames(rows, 1))
        self.query: dnb.Query = self.rt.add_query("q", TEXT, sources=["rooms"])
        self.query.frame()

    def change(self, count: int) -> dict[str, float]:
        """Change so many rooms in one tick; return what they are now."""
        places = self.rng.sample(range(self.rows), count)
        now = {f"r{place}": 30 + self.rng.random() for place in places}
        changes: list[Any] = [
            {"op": "update", "id": id_, "properties": {"temperature": value}}
            for id_, value in now.items()
        ]
        self.source.push(changes)
        self.rt.flush()
        return now

    def verify(self, now: dict[str, float]) -> None:
        """Compare the changed rows.

        Raises:
            AssertionError: They differ.
        """
        frame = self.query.frame()
        assert frame.height == self.rows
        ours = frame.filter(pl.col("id").is_in(list(now))).select("id", "temperature")
        assert dict(ours.iter_rows()) == now


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "reading", str(__doc__), arguments, rows=1_000_000, kept=100, changes=1_000
    )
    full = options.rows >= 1_000_000
    result = Result(options.rows)
    rebuilt = Result(options.rows)
    rows = rebuilt.query.rows()
    anew = median(repeated(lambda _: pl.DataFrame(rows), spend_s=0.0, least=1))
    del rebuilt, rows
    name = "pl.DataFrame(rows)"
    clean = repeated(lambda _: result.query.frame(), most=1_000)
    report.add(
        "clean", median(clean) * 1e3, "ms", (name, anew * 1e3), most=0.1 if full else None
    )
    for count, limit in ((10, 3), (100, None), (options.changes, 80)):
        asked = limit if full and (count == 10 or options.changes == 1_000) else None
        spent = repeated(
            lambda _: result.query.frame(), lambda n=count: result.change(n), spend_s=1.0, most=30
        )
        result.verify(result.change(count))
        report.add(
            f"after {count:,} scattered changes",
            median(spent) * 1e3,
            "ms",
            (name, anew * 1e3),
            most=asked,
        )
    gc.collect()
    before, kept = rss(), list[pl.DataFrame]()
    whole = result.query.frame().estimated_size() / MB
    for _ in range(options.kept):
        result.change(options.changes)
        kept.append(result.query.frame())
    gc.collect()
    assert len({id(frame) for frame in kept}) == options.kept
    report.add(
        f"{options.kept} frames kept, {options.changes:,} changes each",
        (rss() - before) / MB,
        "MB",
        ("as many copies of the result", whole * options.kept),
        most=60 if full and options.kept == 100 else None,
    )
    return finish(report, options)


if __name__ == "__main__":
    main()
