"""Speed of single changes and of ticks; run with ``--benchmark-enable``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import polars as pl
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import drasi_nb as dnb
from tests.benchmarks.rooms import APPLIED, QUERIES, Loaded, updates


def _fresh(
    benchmark: BenchmarkFixture, run: Callable[[list[dict[str, Any]]], None], rooms: int
) -> None:
    """Measure with other changes in every round: one that changes nothing costs nothing."""
    seeds = count(1)

    def draw() -> tuple[tuple[list[dict[str, Any]]], dict[str, Any]]:
        return (updates(rooms, 1_000, seed=next(seeds)),), {}

    benchmark.pedantic(run, setup=draw, rounds=50 if benchmark.enabled else 1, warmup_rounds=2)


@pytest.mark.benchmark(group="2,000 rooms: 1,000 changes, each its own tick and delta")
@pytest.mark.parametrize("name", [*QUERIES, *APPLIED])
def test_single_changes(benchmark: BenchmarkFixture, name: str) -> None:
    """At least 100,000 changes a second for the average per floor."""
    loaded = Loaded({**QUERIES, **APPLIED}[name], 2_000)
    _fresh(benchmark, loaded.one_by_one, 2_000)
    assert loaded.deltas


@pytest.mark.benchmark(group="2,000 rooms: one tick of 1,000 changes")
@pytest.mark.parametrize("name", QUERIES)
def test_ticks_of_a_thousand(benchmark: BenchmarkFixture, name: str) -> None:
    """At least level with a dataflow hard-wired for the average per floor."""
    loaded = Loaded(QUERIES[name], 2_000)
    _fresh(benchmark, lambda changes: loaded.in_ticks(changes, 1_000), 2_000)
    assert loaded.deltas


@pytest.mark.benchmark(group="average per floor: 1,000 changes, 20 rooms to a floor")
@pytest.mark.parametrize("rooms", [2_000, 20_000, 200_000])
def test_cost_does_not_grow_with_the_graph(benchmark: BenchmarkFixture, rooms: int) -> None:
    """Within 2x from 2,000 to 200,000 rooms."""
    if rooms > 20_000 and not benchmark.enabled:
        pytest.skip("200,000 rooms are loaded only with --benchmark-enable")
    loaded = Loaded(QUERIES["average per floor"], rooms, rooms // 20)
    _fresh(benchmark, loaded.one_by_one, rooms)
    assert loaded.deltas


@pytest.mark.benchmark(group="frame() after 10 changes")
def test_frame_after_ten_changes(benchmark: BenchmarkFixture) -> None:
    """Below 5 ms in a result of 1,000,000 rows."""
    rows = 1_000_000 if benchmark.enabled else 20_000
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    ids = [f"r{i}" for i in range(rows)]
    source.upsert_nodes(
        pl.DataFrame({"id": ids, "a": [0.5] * rows, "b": range(rows)}), label="R", id="id"
    )
    q = rt.add_query("q", "MATCH (r:R) RETURN r.id AS id, r.a AS a, r.b AS b", sources=["s"])
    q.frame()
    step = 0

    def change() -> None:
        nonlocal step
        step += 1
        for i in range(10):
            place = (i * 104_729 + step * 7_919) % rows
            source.push({"op": "update", "id": f"r{place}", "properties": {"a": step + i / 16}})
        rt.flush()

    benchmark.pedantic(q.frame, setup=change, rounds=20 if benchmark.enabled else 1)
    assert q.frame().height == rows
