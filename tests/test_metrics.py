"""What a runtime says of itself."""

from __future__ import annotations

import dataclasses

import pytest

import drasi_nb as dnb


def loaded() -> tuple[dnb.VirtualClock, dnb.Runtime]:
    clock = dnb.VirtualClock(0)
    rt = dnb.Runtime(clock=clock)
    source = rt.add_source("s", dnb.PushSource())
    rt.add_query("q", "MATCH (n:N) RETURN n.x AS x", sources=["s"])
    rt.add_reaction("r", ["q"], lambda _delta: None)
    for i in range(100):
        source.insert({"id": i, "labels": ["N"], "properties": {"x": i}})
        rt.flush()
    return clock, rt


def test_counts_rates_latencies_and_sizes() -> None:
    clock, rt = loaded()
    first = rt.metrics()
    source, query, reaction = first.components
    assert (source.id, source.changes, source.rows) == ("s", 100, None)
    assert (query.rows, query.changes, query.bytes) == (100, 100, 800)
    assert query.p50_ms is not None and 0 < query.p50_ms <= query.p95_ms <= query.p99_ms  # type: ignore[operator]
    assert reaction.changes == 100 and first.queued == 0 and query.rate is None
    clock.advance(2_000)
    rt.sources["s"].push([{"op": "delete", "id": i} for i in range(10)])
    assert rt.metrics().queued == 10
    rt.flush()
    clock.advance(2_000)
    second = rt.metrics()
    assert second.components[1].rate == 10 / 2 and second.components[1].rows == 90
    with pytest.raises(dataclasses.FrozenInstanceError):
        second.queued = 1  # type: ignore[misc]


def test_as_a_frame_and_as_text_for_prometheus() -> None:
    _, rt = loaded()
    metrics = rt.metrics()
    frame = metrics.frame()
    assert frame["id"].to_list() == ["s", "q", "r"]
    assert frame.filter(id="q")["rows"].to_list() == [100]
    text = metrics.prometheus()
    assert 'drasi_nb_component_rows{id="q",kind="query"} 100.0' in text
    assert "drasi_nb_queued 0.0" in text


def test_every_source_has_its_queue_and_everything_its_last_change() -> None:
    clock = dnb.VirtualClock(1_000)
    rt = dnb.Runtime(clock=clock, config=dnb.RuntimeConfig(lateness_ms=10))
    for name in ("s", "t"):
        rt.add_source(name, dnb.PushSource())
    rt.add_query("q", "MATCH (n:N) RETURN n.x AS x", sources=["s", "t"])
    rt.add_reaction("r", ["q"], lambda _delta: None)
    assert [c.last_ms for c in rt.metrics().components] == [None] * 4
    rt.sources["s"].push([{"op": "insert", "id": i, "labels": ["N"]} for i in range(3)])
    clock.advance(4)
    rt.sources["t"].push({"op": "insert", "id": 1, "effective_from": 900})
    metrics = rt.metrics()
    assert [c.queued for c in metrics.components] == [3, 1, None, None] and metrics.queued == 4
    clock.advance(50)
    assert [c.queued for c in rt.metrics().components] == [0, 0, None, None]
    assert [c.last_ms for c in rt.metrics().components] == [1_000, 1_004, 1_000, 1_010]
    assert 'drasi_nb_component_queued{id="s",kind="source"} 0.0' in rt.metrics().prometheus()


def test_a_replaced_component_goes_on_counting() -> None:
    _, rt = loaded()
    rt.add_source("s", dnb.PushSource())
    rt.update_query("q", "MATCH (n:N) WHERE n.x < 50 RETURN n.x AS x")
    rt.add_reaction("r", ["q"], lambda _delta: None)
    source, query, reaction = rt.metrics().components
    assert (source.changes, query.changes, reaction.changes) == (100, 150, 101)
    replaced = rt.events().filter(status="Reconfiguring")
    assert replaced["message"].to_list() == [
        "replacing source", "replacing query", "replacing reaction",
    ]  # fmt: skip
