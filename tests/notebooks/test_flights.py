"""The flagship's three queries against Polars on the raw tables, at five moments."""

from __future__ import annotations

import datetime as dt
from typing import Any

import flights
import polars as pl
import pytest

import drasi_nb as dnb
from drasi_nb.values.ordering import order_key

BAD_DAY = [dt.date(2013, 3, 8)]
MOMENTS_H = (14, 18, 21, 24, 30)  # after the first flight is known


@pytest.fixture(scope="module")
def recording() -> list[dict[str, Any]]:
    return flights.changes(BAD_DAY)


def now_scheduled(t: int) -> pl.Expr:
    over = pl.coalesce("left", "departs")
    return (pl.col("departs") - flights.KNOWN_AHEAD_MS <= t) & (over > t)


def in_the_air(rows: pl.DataFrame, t: int) -> list[tuple[Any, ...]]:
    air = rows.filter((pl.col("left") <= t) & (pl.col("lands") > t))
    names = flights.table("airlines")
    out = air.join(names, on="carrier").group_by(pl.col("name_right")).agg(
        pl.len().cast(pl.Int64), pl.col("delay").sum() / pl.len()
    )  # fmt: skip
    return out.rows()


def bad_weather(rows: pl.DataFrame, t: int) -> list[tuple[Any, ...]]:
    hours = flights.weather(BAD_DAY)
    start = rows["departs"].min() - flights.KNOWN_AHEAD_MS
    latest = hours.filter(pl.max_horizontal("at", pl.lit(start)) <= t).sort("at")
    latest = latest.group_by("origin", maintain_order=True).last()
    bad = latest.filter((pl.col("wind_mph") >= 20) | (pl.col("visibility_miles") < 3))
    out = bad.join(rows.filter(now_scheduled(t)), on="origin")
    return (
        out.group_by("origin", "wind_mph", "visibility_miles")
        .agg(pl.len().cast(pl.Int64))
        .rows()
    )


def knock_on(rows: pl.DataFrame, t: int) -> list[tuple[Any, ...]]:
    air = rows.filter(
        (pl.col("left") <= t) & (pl.col("lands") > t) & pl.col("tailnum").is_not_null()
    )
    later = rows.filter(now_scheduled(t)).select("tailnum", pl.col("departs").alias("next"))
    pairs = air.join(later, on="tailnum").filter(pl.col("next") > pl.col("departs"))
    first = pairs.group_by("tailnum", "name", "lands", "row").agg(pl.col("next").min())
    late = first.filter(pl.col("next") - pl.col("lands") < 45 * 60_000)
    return [
        (tail, name, int((nxt - lands) / 60_000)) for tail, name, lands, _, nxt in late.rows()
    ]


def test_three_queries_equal_polars_at_five_moments(recording: list[dict[str, Any]]) -> None:
    """The day is played by the virtual clock; at each moment all three results are recomputed."""
    start = recording[0]["effective_from"]
    rows = flights.schedule(BAD_DAY)
    with dnb.Runtime(clock=dnb.VirtualClock(start)) as rt:
        rt.add_source("nyc", dnb.ReplaySource(recording, time="effective_from"))
        queries = {
            "in_the_air": (flights.IN_THE_AIR, in_the_air),
            "bad_weather": (flights.BAD_WEATHER, bad_weather),
            "knock_on": (flights.KNOCK_ON, knock_on),
        }
        for name, (text, _) in queries.items():
            rt.add_query(name, text, sources=["nyc"])
        seen = dict.fromkeys(queries, 0)
        for hour in MOMENTS_H:
            now = start + hour * flights.HOUR_MS
            rt.clock.advance(now - rt.clock.now_ms())
            for name, (_, recompute) in queries.items():
                expected = sorted(recompute(rows, now), key=order_key)
                got = sorted((row for _, row in rt.queries[name].keyed_rows()), key=order_key)
                assert got == expected, (name, hour)
                seen[name] += len(got)
        assert all(seen.values()), seen


def test_every_flight_ends(recording: list[dict[str, Any]]) -> None:
    """After the day nothing but places is left in the graph."""
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("nyc", dnb.PushSource())
        source.push(recording)
        left = rt.add_query("left", "MATCH (f:Flight) RETURN count(*) AS n", sources=["nyc"])
        assert left.rows() == [{"n": 0}]
