"""What enters: changes, frames, and how each bad one is answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import drasi_nb as dnb

COUNT = "MATCH (n) RETURN count(*) AS n"
BAD: list[tuple[dict[str, Any], str]] = [
    ({"op": "insert"}, "id is missing"),
    ({"op": "isnert", "id": "a"}, "'insert'"),
    ({"id": "a"}, "unknown op"),
    ({"op": "insert", "id": float("nan")}, "NaN"),
    ({"op": "insert", "id": 1.5}, "text or an integer"),
    ({"op": "insert", "id": "a", "labels": ["R"], "start_id": "b"}, "end_id"),
    ({"op": "update", "id": "a", "properties": {}, "start_id": "b"}, "end_id"),
    ({"op": "update", "id": "a", "properties": {}, "lables": ["A"]}, "'labels'"),
    (
        {"op": "insert", "id": "a", "labels": ["R", "S"], "start_id": "b", "end_id": "c"},
        "one type",
    ),
    ({"op": "insert", "id": "a", "start_id": "b", "end_id": "c"}, "type"),
    ({"op": "insert", "id": "a", "props": {}}, "'properties'"),
    ({"op": "insert", "id": "a", "properties": {"x": object()}}, "'x'"),
    ({"op": "insert", "id": "a", "properties": {"x": 2**63}}, "64 bits"),
    ({"op": "insert", "id": "a", "properties": {"x": [1, {2}]}}, "set"),
    ({"op": "insert", "id": "a", "labels": [1]}, "label"),
    ({"op": "insert", "id": "a", "effective_from": "now"}, "effective_from"),
]


def runtime() -> tuple[dnb.Runtime, dnb.PushSource]:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    return rt, rt.add_source("s", dnb.PushSource())


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_change_is_named_and_its_batch_refused(bad: dict[str, Any], reason: str) -> None:
    rt, source = runtime()
    good = {"op": "insert", "id": "good"}
    with pytest.raises(dnb.ChangeError) as caught:
        source.push([good, bad])
    assert caught.value.index == 1 and reason in str(caught.value)
    (rejected,) = rt.rejected()
    assert rejected.change is bad and rejected.source_id == "s"
    q = rt.add_query("q", COUNT, sources=["s"])
    assert q.rows() == [{"n": 0}]
    assert source.push([good, bad], on_error="keep_good") == 1
    rt.flush()
    assert q.rows() == [{"n": 1}] and len(rt.rejected()) == 2


class OnlyArrow:
    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


ROOMS = pl.DataFrame({"id": ["a", "b"], "t": [20.5, None], "floor": ["f", "f"]})


@pytest.mark.parametrize(
    "frame",
    [
        ROOMS,
        ROOMS.to_arrow(),
        pd.DataFrame(ROOMS.to_dict(as_series=False)),
        OnlyArrow(ROOMS.to_arrow()),
    ],
    ids=["polars", "pyarrow", "pandas", "capsule"],
)
def test_frames_of_every_kind(frame: Any) -> None:
    rt, source = runtime()
    source.upsert_nodes(frame, label="Room", id="id")
    source.upsert_nodes(pl.DataFrame({"id": ["f"]}), label="Floor", id="id")
    source.upsert_relations(frame, type="ON", start="id", end="floor")
    q = rt.add_query(
        "q",
        "MATCH (r:Room)-[:ON]->(f:Floor) RETURN r.id AS r, r.t AS t, f.id AS f",
        sources=["s"],
    )
    assert q.frame().sort("r").rows() == [("a", 20.5, "f"), ("b", None, "f")]


BAD_FRAMES = [
    (pl.DataFrame({"x": [1]}), "no column 'id'"),
    (pl.DataFrame({"id": ["a", "a"]}), "twice"),
    (pl.DataFrame({"id": ["a", None]}), "missing"),
    (pl.DataFrame({"id": [1.0, float("nan")]}), "NaN"),
    (pl.DataFrame({"id": [1.0]}), "text or integers"),
    (pl.DataFrame({"id": ["a"], "b": [b"x"]}), "'b'"),
    (pl.DataFrame({"id": ["a"], "b": pl.Series([2**64 - 1], dtype=pl.UInt64)}), "'b'"),
    ({"id": ["a"]}, "dict"),
    (ROOMS.lazy(), "collect"),
]


@pytest.mark.parametrize(("frame", "reason"), BAD_FRAMES)
def test_a_bad_frame_is_refused_whole(frame: Any, reason: str) -> None:
    rt, source = runtime()
    with pytest.raises(dnb.ChangeError, match=reason):
        source.upsert_nodes(frame, label="Room", id="id")
    assert rt.flush() == 0 and len(rt.rejected()) == 1


@pytest.mark.parametrize("kind", ["text", "integer"])
def test_an_array_of_a_frame_may_be_written_afterwards(kind: str) -> None:
    """Polars takes arrays of numpy as they are; what was queued or synced is a copy."""
    rt, source = runtime()
    query = rt.add_query("q", "MATCH (n:N) RETURN n.id AS id, n.x AS x", sources=["s"])
    ids, x = np.arange(3), np.zeros(3)

    def frame() -> pl.DataFrame:
        return pl.DataFrame({"id": ids, "x": x}).with_columns(
            pl.col("id").cast(pl.String if kind == "text" else pl.Int64)
        )

    def state() -> dict[str, float]:
        return {str(i): x for i, x in query.frame().rows()}

    source.sync_nodes(frame(), label="N", id="id")
    rt.flush()
    x[1] = 5.0
    source.sync_nodes(frame(), label="N", id="id")
    x[1] = ids[1] = 7
    assert rt.flush() == 1
    assert state() == {"0": 0.0, "1": 5.0, "2": 0.0}
    ids[1], x[2] = 1, 8.0
    source.upsert_nodes(frame(), label="N", id="id")
    ids[:] = x[:] = 9
    rt.flush()
    assert state() == {"0": 0.0, "1": 7.0, "2": 8.0}


def test_a_delta_keeps_the_ids_of_a_frame() -> None:
    rt, source = runtime()
    query = rt.add_query("q", "MATCH (n:N) RETURN n.x AS x", sources=["s"])
    ids = np.arange(1_000)
    deltas = list[dnb.Delta]()
    query.on_delta(deltas.append)
    for n in range(2):
        source.upsert_nodes(pl.DataFrame({"id": ids, "x": ids + n}), label="N", id="id")
        rt.flush()
    ids[:] = 5
    assert [key for key, _, _ in deltas[1].changes] == [(n,) for n in range(1_000)]


def test_sync_pushes_only_what_differs() -> None:
    rt, source = runtime()
    assert source.sync_nodes(ROOMS, label="Room", id="id") == 2
    assert source.sync_nodes(ROOMS, label="Room", id="id") == 0
    q = rt.add_query("q", "MATCH (r:Room) RETURN r.id AS id, r.t AS t", sources=["s"])
    changed = pl.DataFrame({"id": ["b", "c"], "t": [1.0, 2.0], "floor": ["f", "f"]})
    assert source.sync_nodes(changed, label="Room", id="id") == 3  # a goes, b changes, c comes
    deltas: list[dnb.Delta] = []
    q.on_delta(deltas.append)
    rt.flush()
    assert [row["type"] for row in deltas[0].rows()] == ["DELETE", "UPDATE", "ADD"]
    assert q.frame().sort("id").rows() == [("b", 1.0), ("c", 2.0)]
    pairs = pl.DataFrame({"a": ["b", "b"], "b": ["c", "c"]})
    assert (
        source.sync_relations(pairs, type="R", start="a", end="b") == 2
    )  # parallel ones are two
    assert source.sync_relations(pairs[:1], type="R", start="a", end="b") == 1


def test_update_merges_and_insert_replaces() -> None:
    rt, source = runtime()
    q = rt.add_query("q", "MATCH (n:A) RETURN n.x AS x, n.y AS y", sources=["s"])
    source.insert({"id": 1, "labels": ["A"], "properties": {"x": 1, "y": 2}})
    source.update({"id": 1, "properties": {"x": None}})
    rt.flush()
    assert q.rows() == [{"x": None, "y": 2}]
    source.insert(dnb.Node(1, ["A"], {"x": 5}))
    rt.flush()
    assert q.rows() == [{"x": 5, "y": None}]
    source.push(dnb.Change("update", 2, ["A"], {"y": 7}))  # an unknown id is inserted
    source.delete(1)
    rt.flush()
    assert q.rows() == [{"x": None, "y": 7}]


def test_a_source_without_runtime_or_stopped_says_so() -> None:
    with pytest.raises(dnb.ComponentError, match="add_source"):
        dnb.PushSource().push({"op": "insert", "id": 1})
    rt, source = runtime()
    rt.stop("s")
    with pytest.raises(dnb.ComponentError, match="Stopped"):
        source.push({"op": "insert", "id": 1})
    rt.start("s")
    source.push({"op": "insert", "id": 1})
    assert rt.flush() == 1
