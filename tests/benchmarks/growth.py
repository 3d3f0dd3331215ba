"""What a change costs against nodes, fan-out, queries and rows of the result; drawn as a picture.

``PYTHONPATH=. python tests/benchmarks/growth.py [--largest 1_000_000] [--save]``

Each cost is the mean of ``--changes`` changes, each pushed and flushed alone; drasi-lib takes the same
changes, pushed with a window in flight, up to the sizes that it loads in reasonable time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from tests.benchmarks import theirs
from tests.benchmarks.many import JOINED, Fleet, crossing, steps, threshold
from tests.benchmarks.measuring import NOTEBOOKS, Report, finish, seconds, start
from tests.benchmarks.rooms import AVERAGE, PROJECTION, frames, graph, loaded, updates

PICTURE = NOTEBOOKS / "90_performance.png"
NAMED = """
    MATCH (r:Room)-[:PART_OF]->(f:Floor)
    RETURN r.name AS name, f.name AS floor"""
OURS, LIB = "drasi_nb", "drasi-lib"
COLORS = ["#0072b2", "#d55e00"]

Changes = list[dict[str, Any]]
Point = tuple[str, str, int, float]  # panel, series, size, us per change


def cost(text: str, rooms: int, floors: int, changes: Changes) -> float:
    """Return us per change, each in a tick of its own."""
    rt, source = loaded(frames(rooms, floors))
    deltas = list[int]()
    rt.add_query("q", text, sources=["rooms"]).on_delta(lambda delta: deltas.append(delta.seq))

    def run() -> None:
        for change in changes:
            source.push(change)
            rt.flush()

    run_s = seconds(run)
    assert deltas
    rt.close()
    return run_s / len(changes) * 1e6


def lib_cost(texts: list[str], rooms: int, floors: int, changes: Changes) -> float:
    """Return us per change of drasi-lib."""
    return theirs.per_change(texts, graph(rooms, floors, 1), changes)[1] * 1e6


def renamed(count: int) -> Changes:
    """Return changes of a floor's name."""
    return [
        {"op": "update", "id": "f0", "labels": ["Floor"], "properties": {"name": f"Floor {i}"}}
        for i in range(count)
    ]


def sizes(least: int, largest: int) -> list[int]:
    """Return powers of ten from the one to the other."""
    out = [least]
    while out[-1] * 10 <= largest:
        out.append(out[-1] * 10)
    return out


class Panels:
    """Measures the four panels."""

    def __init__(self, report: Report, changes: int, drasi: int) -> None:
        self.report, self.changes = report, changes
        self.drasi = drasi if theirs.is_installed() else 0
        self.points = list[Point]()

    def point(
        self, panel: str, size: int, ours: float, lib: Callable[[], float], is_followed: bool
    ) -> None:
        """Add one size of one panel."""
        self.points.append((panel, OURS, size, ours))
        beside = None
        if is_followed and self.drasi:
            beside = (LIB, lib())
            self.points.append((panel, LIB, size, beside[1]))
        self.report.add(f"one change, {panel}: {size:,}", ours, "us", beside)

    def nodes(self, largest: int) -> None:
        """Average over one hop, 20 rooms to a floor."""
        for rooms in sizes(1_000, largest):
            todo, floors = updates(rooms, self.changes), rooms // 20
            self.point(
                "nodes",
                rooms,
                cost(AVERAGE, rooms, floors, todo),
                lambda r=rooms, f=floors, t=todo: lib_cost([AVERAGE], r, f, t[: self.drasi]),
                rooms <= 10_000,
            )

    def fan_out(self, largest: int) -> None:
        """A floor's name changes, and with it the row of each of its rooms."""
        for rooms in sizes(1, min(largest, 10_000)):
            todo = renamed(max(5, min(self.changes, 100_000 // rooms)))
            lib = todo[: max(2, self.drasi // max(1, rooms))]
            self.point(
                "rows that it moves",
                rooms,
                cost(NAMED, rooms, 1, todo),
                lambda r=rooms, t=lib: lib_cost([NAMED], r, 1, t),
                rooms <= 1_000,
            )

    def queries(self, most: int) -> None:
        """Thresholds over one join, crossed now and then."""
        for count in [n for n in (1, 2, 5, 10, 20, 50, 100) if n <= most]:
            todo = steps(2_000, self.changes)
            texts = [JOINED.replace("$k", repr(threshold(i, count))) for i in range(count)]
            self.point(
                "queries",
                count,
                Fleet(JOINED, count, 2_000, 1).per_change(todo) * 1e6,
                lambda x=texts, t=todo: lib_cost(x, 2_000, 100, t[: self.drasi] + crossing()),
                count <= 10,
            )

    def rows(self, largest: int) -> None:
        """A projection of every room."""
        for rows in sizes(1_000, largest):
            todo = updates(rows, self.changes)
            self.point(
                "rows of the result",
                rows,
                cost(PROJECTION, rows, 1, todo),
                lambda r=rows, t=todo: lib_cost([PROJECTION], r, 1, t[: self.drasi]),
                rows <= 10_000,
            )


def picture(points: list[Point]) -> alt.VConcatChart:
    """Return the panels, two in a row."""
    frame = pl.DataFrame(points, schema=["panel", "engine", "size", "us"], orient="row")
    names = frame["panel"].unique(maintain_order=True).to_list()
    panels = [_panel(frame.filter(panel=name), name) for name in names]
    rows = [alt.hconcat(*panels[i : i + 2]) for i in range(0, len(panels), 2)]
    return alt.vconcat(*rows).configure_axis(gridOpacity=0.5)


def _panel(frame: pl.DataFrame, name: str) -> alt.LayerChart:
    base = alt.Chart(frame).encode(
        x=alt.X("size:Q", scale=alt.Scale(type="log"), title=name, axis=alt.Axis(format="~s")),
        y=alt.Y("us:Q", scale=alt.Scale(type="log"), title="us per change"),
        color=alt.Color(
            "engine:N", scale=alt.Scale(domain=[OURS, LIB], range=COLORS), title=None
        ),
    )
    return (base.mark_line() + base.mark_point(filled=True)).properties(width=300, height=200)


def main(arguments: list[str] | None = None) -> Report:
    """Measure and return the table; with ``--save``, draw the picture for the notebook."""
    options, report = start(
        "growth",
        str(__doc__),
        arguments,
        largest=1_000_000,
        queries=100,
        changes=10_000,
        drasi=1_000,
        picture=str(PICTURE),
    )
    panels = Panels(report, options.changes, options.drasi)
    panels.nodes(options.largest)
    panels.fan_out(options.largest)
    panels.queries(options.queries)
    panels.rows(options.largest)
    del report.sizes["picture"]
    if options.save or options.picture != str(PICTURE):
        picture(panels.points).save(Path(options.picture), scale_factor=1.5)
    return finish(report, options)


if __name__ == "__main__":
    main()
