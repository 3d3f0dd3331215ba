"""Indexes answer where a walk would scan, and stay right through every kind of change."""

from __future__ import annotations

import random
from typing import Any

import drasi_nb as dnb
from drasi_nb.store.indexes import PairIndex, PropertyIndex


def loaded(text: str) -> tuple[dnb.PushSource, dnb.Query]:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    return source, rt.add_query("q", text, sources=["s"])


def node(id_: str, label: str, **properties: Any) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": [label], "properties": properties}


def test_a_closing_edge_and_a_join_are_probed() -> None:
    _, closing = loaded("MATCH (a:A)-[:R]->(b:B)-[:S]->(a) RETURN a.x AS x")
    assert ".between(" in closing.explain(code=True)
    _, join = loaded("MATCH (a:A), (b:B) WHERE a.x = b.y RETURN a.x AS x")
    assert ".probe(" in join.explain(code=True)
    assert ".probe_both(" in join.explain(code=True)
    _, inline = loaded("MATCH (a:A), (b:B {y: 1}) RETURN a.x AS x")
    assert ".probe(" in inline.explain(code=True)


def test_a_join_is_by_the_rules_of_equality() -> None:
    source, q = loaded("MATCH (a:A), (b:B) WHERE a.x = b.y RETURN a.i AS i, b.i AS j")
    values = [1, 1.0, True, None, float("nan"), "1", [1], [1.0], [None], {"k": 1}]
    for i, value in enumerate(values):
        source.push([node(f"a{i}", "A", i=i, x=value), node(f"b{i}", "B", i=i, y=value)])
    q.runtime.flush()
    pairs = {(row["i"], row["j"]) for row in q.rows()}
    assert pairs == {
        (0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (5, 5), (6, 6), (6, 7), (7, 6), (7, 7), (9, 9),
    }  # fmt: skip


def test_a_property_index_follows_its_column() -> None:
    rng = random.Random(1)
    values: list[list[Any]] = [[None] * 1024 for _ in range(2)]
    values[0][3] = "a"
    index = PropertyIndex(values)  # type: ignore[arg-type]
    for _ in range(3_000):
        row = rng.randrange(2_048)
        value = rng.choice((None, "a", "b", 1))
        index.move(row, value)
        values[row >> 10][row & 1023] = value
    for value in ("a", "b", 1):
        expected = {r for r in range(2_048) if values[r >> 10][r & 1023] == value}
        assert set(index.probe(value)) == expected
    assert not index.probe(None)
    assert set(index.probe_both("a", "b")) == {*index.probe("a"), *index.probe("b")}


def test_a_pair_index_holds_parallel_relations() -> None:
    from array import array

    index = PairIndex([["x", None, "y"]], array("i", [1, 0, 1]), array("i", [2, 0, 2]))
    assert set(index.between(1, 2)) == {0, 2}
    index.drop(0, 1, 2)
    assert set(index.between(1, 2)) == {2}
    index.add(5, 1, 2)
    index.drop(2, 1, 2)
    index.drop(5, 1, 2)
    assert not index.between(1, 2)
    index.add(7, 2, 1)
    assert set(index.between(2, 1)) == {7}
    assert not index.between(1, 2)
