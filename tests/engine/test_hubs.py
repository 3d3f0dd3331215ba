"""A change of a node with very many relations is spread over slices, and shows at their end."""

from __future__ import annotations

import random
from typing import Any

import histories
import pytest

import drasi_nb as dnb
from drasi_nb.engine import result
from drasi_nb.engine.codegen import match
from drasi_nb.runtime import pump


def test_slices_end_in_the_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of no length at all: left off wherever it can be, and right at the end."""
    monkeypatch.setattr(match, "STEP", 1)
    monkeypatch.setattr(pump, "_LONG_TICK", 0)
    monkeypatch.setattr(result, "_STEP", 0)
    assert sum(map(_in_slices, range(40))) > 50


def _in_slices(seed: int) -> int:
    """Return how often the work was left off in the middle of a change."""
    rng = random.Random(seed)
    left_off = 0
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        model = histories.Model()
        changes = histories.legal(histories.history(rng, 60, nodes=5, relations=25))
        queries = []
        for i in range(4):
            try:
                text = histories.query(rng)
                queries.append(rt.add_query(f"q{i}", text, sources=["s"], parameters={"p": 1}))
            except dnb.QueryError:
                continue
        summed = {q.id: dict(q.keyed_rows()) for q in queries}
        for q in queries:
            q.on_delta(lambda d: _apply(summed[d.query_id], d))
        while changes:
            batch = [changes.pop(0) for _ in range(min(len(changes), rng.randint(1, 4)))]
            source.push(batch)
            rt.engine.graph.hubs.update(rt.engine.graph.node_at[0].values())
            before = {q.id: q.keyed_rows() for q in queries}
            while rt.pump.slice(0.0):
                left_off += bool(rt.engine.unfinished or rt.pump._is_ending)
                is_before = {q.id: q.keyed_rows() for q in queries} == before
                assert is_before or not rt.pump.is_open  # what it leaves is freed later
            for change in batch:
                model.apply(change)
            for q in queries:
                assert q.error is None, q.error
                histories._compare(q, q.text, model, summed[q.id])
    return left_off


def _apply(rows: dict[Any, Any], delta: dnb.Delta) -> None:
    for key, _, after in delta.changes:
        if after is None:
            del rows[key]
        else:
            rows[key] = after


def test_hubs_are_found() -> None:
    """One by one or in a frame, also when the node gets other labels."""
    import polars as pl

    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    source.insert({"id": "a", "labels": ["A"]})
    source.insert({"id": "b", "labels": ["A"]})
    source.push(
        {"op": "insert", "id": i, "labels": ["R"], "start_id": "a", "end_id": i + 100_000}
        for i in range(8_000)
    )
    rt.flush()
    found = rt.engine.graph
    assert found.node_at[0].find("a") in found.hubs
    frame = pl.DataFrame({"from": range(200_000, 206_000), "to": ["b"] * 6_000})
    source.upsert_relations(
        frame.with_columns(pl.col("from").cast(pl.String)), type="S", start="from", end="to"
    )
    source.update({"id": "b", "labels": ["B"]})
    rt.flush()
    assert {found.node_at[0].find(i) for i in "ab"} == found.hubs
    source.delete("a")
    source.push({"op": "delete", "id": i} for i in range(8_000))
    rt.flush()
    assert found.hubs == {found.node_at[0].find("b")}
