"""Queries that see their sources through middleware."""

from __future__ import annotations

from typing import Any

import pytest

import drasi_nb as dnb

UNWIND = {
    "kind": "unwind",
    "name": "items",
    "Order": [{"selector": "$.items[*]", "label": "Item", "key": "$.sku", "relation": "HAS"}],
}


@pytest.fixture
def rt() -> dnb.Runtime:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    rt.add_source("shop", dnb.PushSource())
    return rt


def order(id_: str, *skus: str) -> dict[str, Any]:
    items = [{"sku": sku, "n": len(sku)} for sku in skus]
    return {"op": "insert", "id": id_, "labels": ["Order"], "properties": {"items": items}}


def test_the_items_of_an_order_are_nodes_to_one_query_only(rt: dnb.Runtime) -> None:
    text = "MATCH (o:Order)-[:HAS]->(i:Item) RETURN i.sku AS sku, i.n AS n"
    through = rt.add_query("through", text, sources=["shop"], middleware=[UNWIND])
    plain = rt.add_query("plain", "MATCH (n) RETURN labels(n) AS l", sources=["shop"])
    rt.sources["shop"].push([order("o1", "a", "bb"), order("o2", "ccc")])
    rt.flush()
    assert sorted(row["sku"] for row in through.rows()) == ["a", "bb", "ccc"]
    assert [row["l"] for row in plain.rows()] == [["Order"], ["Order"]]
    seen: list[tuple[str, Any]] = []
    through.on_delta(
        lambda d: seen.extend((r["type"], (r["before"] or r["after"])["sku"]) for r in d.rows())
    )
    rt.sources["shop"].push(order("o1", "bb", "d"))
    rt.flush()
    assert sorted(seen) == [("ADD", "d"), ("DELETE", "a")]
    rt.sources["shop"].delete("o1")
    rt.flush()
    assert [row["sku"] for row in through.rows()] == ["ccc"]


def test_a_late_query_and_a_restarted_one_are_complete(rt: dnb.Runtime) -> None:
    rt.sources["shop"].push(order("o1", "a", "bb"))
    q = rt.add_query(
        "q", "MATCH (i:Item) RETURN i.sku AS sku", sources=["shop"], middleware=[UNWIND]
    )
    assert len(q) == 2
    rt.stop("q")
    rt.sources["shop"].push(order("o1", "z"))
    rt.flush()
    rt.start("q")
    assert [row["sku"] for row in q.rows()] == ["z"]
    rt.remove("q")
    again = rt.add_query("q", "MATCH (i:Item) RETURN i.sku AS sku", sources=["shop"])
    assert again.rows() == []


def test_functions_and_pipelines_by_name(rt: dnb.Runtime) -> None:
    def celsius(change: dnb.Change) -> dnb.Change | None:
        if "f" not in change.properties:
            return None
        return dnb.Change(
            change.op, change.id, change.labels, {"c": (change.properties["f"] - 32) / 1.8}
        )

    relabel = {"kind": "relabel", "name": "rename", "labelMappings": {"S": "Sensor"}}
    text = "MATCH (n) RETURN labels(n)[0] AS l, n.c AS c"
    both = rt.add_query("both", text, sources=["shop"], middleware=[celsius, relabel])
    one = rt.add_query(
        "one",
        text,
        sources=[{"id": "shop", "pipeline": ["rename"]}],
        middleware=[celsius, relabel],
    )
    rt.sources["shop"].insert({"id": 1, "labels": ["S"], "properties": {"f": 212}})
    rt.sources["shop"].insert({"id": 2, "labels": ["S"], "properties": {"f": "hot"}})
    rt.sources["shop"].insert({"id": 3, "labels": ["S"]})
    rt.flush()
    assert both.rows() == [{"l": "Sensor", "c": 100.0}]
    assert [row["l"] for row in one.rows()] == ["Sensor"] * 3
    rejected = rt.rejected()[-1]
    assert rejected.element_id == 2 and "celsius" in rejected.reason
    assert rt.component("both").error is not None


@pytest.mark.parametrize(("options", "fault"), [
    ({"middleware": [{"kind": "unwnd", "name": "x"}]}, "middleware[0].kind: unknown kind of middleware 'unwnd'"),
    ({"middleware": [UNWIND], "sources": [{"id": "shop", "pipeline": ["itms"]}]}, "sources[0].pipeline[0]"),
    ({"sources": [{"id": "shop", "pipe": []}]}, "sources[0].pipe: unknown key 'pipe'"),
    ({"middleware": [UNWIND, UNWIND], "sources": [{"id": "shop", "pipeline": ["items"]}]}, "'items' is the name of"),
])  # fmt: skip
def test_what_is_wrong_is_named(rt: dnb.Runtime, options: dict[str, Any], fault: str) -> None:
    with pytest.raises(dnb.ConfigError) as caught:
        rt.add_query("q", "RETURN 1 AS x", **{"sources": ["shop"], **options})
    assert fault in str(caught.value)
    assert "q" not in rt.queries


def test_times_that_no_stamp_can_hold_are_refused(rt: dnb.Runtime) -> None:
    for time in (2**43, -(2**43), 1_700_000_000_000_000_000):
        with pytest.raises(dnb.ChangeError, match="effective_from must be in ms"):
            rt.sources["shop"].insert({"id": 1, "effective_from": time})
    rt.sources["shop"].insert({"id": 1, "effective_from": 2**43 - 1})
    rt.flush()
