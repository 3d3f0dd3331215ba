"""What a result was, by number of a change or by time."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

import drasi_nb as dnb


def runtime(kept_rows: int) -> tuple[dnb.VirtualClock, dnb.Runtime, dnb.PushSource, dnb.Query]:
    clock = dnb.VirtualClock(1_000)
    rt = dnb.Runtime(clock=clock, config=dnb.RuntimeConfig(kept_rows=kept_rows))
    source = rt.add_source("s", dnb.PushSource())
    q = rt.add_query("q", "MATCH (n:N) RETURN n.k AS k, n.v AS v", sources=["s"])
    return clock, rt, source, q


def rows(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return sorted(frame.rows())


def test_every_earlier_result_can_be_had_again() -> None:
    """By number and by time; what came after is undone, the last first."""
    clock, rt, source, q = runtime(10_000)
    rng = random.Random(3)
    seen = [(rt.seq, clock.now_ms(), rows(q.frame()))]
    for _ in range(40):
        clock.advance(10)
        for _ in range(rng.randint(1, 5)):
            k = rng.randrange(6)
            change = {
                "op": "insert",
                "id": k,
                "labels": ["N"],
                "properties": {"k": k, "v": rng.randrange(9)},
            }
            source.push(change if rng.random() < 0.7 else {"op": "delete", "id": k})
        rt.flush()
        seen.append((rt.seq, clock.now_ms(), rows(q.frame())))
    for seq, time_ms, expected in seen:
        assert rows(q.at(seq)) == expected
        assert rows(q.at(dt.datetime.fromtimestamp(time_ms / 1_000, dt.UTC))) == expected
    assert rows(q.at(seen[-1][0] + 100)) == seen[-1][2]


def test_history_is_the_feed_of_deltas() -> None:
    clock, rt, source, q = runtime(10_000)
    frames = list[pl.DataFrame]()
    q.on_delta(lambda d: frames.append(d.frame()))
    for v in range(5):
        clock.advance(10)
        source.update({"id": 1, "labels": ["N"], "properties": {"k": 1, "v": v}})
        source.update({"id": 2, "labels": ["N"], "properties": {"k": 2, "v": 7}})
        rt.flush()
    history = q.history()
    assert history.drop("_time").equals(pl.concat(frames, how="vertical_relaxed"))
    assert history["_time"].to_list()[0] == dt.datetime(1970, 1, 1, 0, 0, 1, 10_000, dt.UTC)
    assert history["_op"].to_list() == ["ADD", "ADD", "UPDATE", "UPDATE", "UPDATE", "UPDATE"]


def test_what_is_no_longer_kept_is_refused_by_name() -> None:
    clock, rt, source, q = runtime(4)
    for v in range(10):
        clock.advance(10)
        source.update({"id": 1, "labels": ["N"], "properties": {"k": 1, "v": v}})
        rt.flush()
    assert rows(q.at(6)) == [(1, 5)]
    with pytest.raises(
        dnb.ComponentError, match=r"'q' keeps its latest 4 changed rows.*kept_rows"
    ):
        q.at(5)
    with pytest.raises(dnb.ComponentError, match="keeps its latest"):
        q.at(dt.datetime(1970, 1, 1))
    assert q.history().height == 4


def test_nothing_is_kept_where_none_is_asked_for() -> None:
    _, rt, source, q = runtime(0)
    source.update({"id": 1, "labels": ["N"], "properties": {"k": 1, "v": 1}})
    rt.flush()
    assert q.history().is_empty()


def test_other_columns_begin_another_history() -> None:
    _, rt, source, q = runtime(100)
    source.update({"id": 1, "labels": ["N"], "properties": {"k": 1, "v": 1}})
    rt.flush()
    rt.update_query("q", "MATCH (n:N) RETURN n.k AS other")
    assert q.history().columns == ["other", "_op", "_key", "_seq", "_time"]


def test_who_is_given_a_long_delta_may_write_its_list() -> None:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    query = rt.add_query("q", "MATCH (a:A) RETURN a.n AS n", sources=["s"])
    query.on_delta(lambda delta: delta.changes.clear())
    for value in (1, 2):
        for n in range(300):
            node = {"op": "insert", "id": f"a{n}", "labels": ["A"], "properties": {"n": value}}
            source.push(node)
        rt.flush()
    assert query.history()["n"].to_list() == [1] * 300 + [2] * 300
    assert query.at(300)["n"].to_list() == [1] * 300
