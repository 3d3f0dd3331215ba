"""Reading a result of a million rows, and keeping a hundred of its states.

``PYTHONPATH=. python tests/benchmarks/reading.py [--rows 1_000_000] [--kept 100]``

What is timed is ``frame()`` alone; the changes before it lie scattered over the whole result.
Time travel is ``at()``, which undoes the latest changes; beside it stand frames that a user keeps.
"""

from __future__ import annotations

import gc
import random
import time
from typing import Any

import polars as pl

import drasi_nb as dnb
from tests.benchmarks.measuring import (
    MB,
    Report,
    apart,
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

    def __init__(self, rows: int, **settings: Any) -> None:
        self.rows, self.rng = rows, random.Random(3)
        self.rt, self.source = loaded(frames(rows, 1), **settings)
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


def kept_frames(rows: int, kept: int, changes: int) -> tuple[float, float]:
    """Return the memory of so many frames in MB, and that of as many copies."""
    result, out = Result(rows), list[pl.DataFrame]()
    for _ in range(3):  # the memory that a change needs meanwhile is there
        result.change(changes)
        result.query.frame()
    gc.collect()
    before, whole = rss(), result.query.frame().estimated_size()
    for _ in range(kept):
        result.change(changes)
        out.append(result.query.frame())
    gc.collect()
    assert len({id(frame) for frame in out}) == kept
    return (rss() - before) / MB, whole * kept / MB


def kept_history(rows: int, kept: int, changes: int, kept_rows: int) -> tuple[float, float]:
    """Return the memory in MB after so many ticks, and the time in s of ``at()`` the first of them."""
    result = Result(rows, kept_rows=kept_rows)
    result.change(changes)
    then, seq = result.query.frame(), result.rt.seq
    for _ in range(kept - 1):
        result.change(changes)
    gc.collect()
    used = rss() / MB
    if not kept_rows:
        return used, 0.0
    begin = time.perf_counter()
    past = result.query.at(seq)
    spent = time.perf_counter() - begin
    assert past.sort("id").equals(then.sort("id"))
    return used, spent


def scattered(report: Report, result: Result, changes: int, full: bool) -> None:
    """Add the lines of reads after changes."""
    dicts = result.query.rows()
    anew = median(repeated(lambda _: pl.DataFrame(dicts), spend_s=0.0, least=1)) * 1e3
    beside = ("pl.DataFrame(rows)", anew)
    for count, limit in ((0, 0.1), (10, 3), (100, None), (changes, 80)):
        spent = repeated(
            lambda _: result.query.frame(),
            lambda n=count: result.change(n) if n else None,
            spend_s=1.0,
            most=30,
        )
        what = f"after {count:,} scattered changes" if count else "clean"
        report.add(what, median(spent) * 1e3, "ms", beside, most=limit if full else None)
        if count:
            result.verify(result.change(count))


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table."""
    options, report = start(
        "reading", str(__doc__), arguments, rows=1_000_000, kept=100, changes=1_000
    )
    rows, kept, changes = options.rows, options.kept, options.changes
    full = rows >= 1_000_000 and changes == 1_000
    scattered(report, Result(rows), changes, full)
    limit = 60 if full and kept == 100 else None
    used, copies = apart(options.here, kept_frames, rows, kept, changes)
    each = f"{changes:,} changes each"
    report.add(f"{kept} frames kept, {each}", used, "MB", ("copies of the result", copies))
    used, spent_s = apart(options.here, kept_history, rows, kept, changes, kept * changes)
    without, _ = apart(options.here, kept_history, rows, kept, changes, 0)
    report.add(
        f"{kept} states for at(), {each}",
        used - without,
        "MB",
        ("copies of the result", copies),
        most=limit,
    )
    report.add("at() of the first of them", spent_s, "s")
    return finish(report, options)


if __name__ == "__main__":
    main()
