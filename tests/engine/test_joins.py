"""Synthetic joins: the same rows as the equality they stand for, whatever comes when."""

from __future__ import annotations

import random
from typing import Any

import pytest
from histories import history, legal, same_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import drasi_nb as dnb


def join(*keys: str) -> list[dict[str, Any]]:
    """Return a join J over keys written ``Label.property``."""
    parts = (key.split(".") for key in keys)
    return [{"id": "J", "keys": [{"label": a, "property": b} for a, b in parts]}]


TWINS = [
    (join("A.x", "B.y"), "(a:A)-[:J]->(b:B)", "(a:A), (b:B) WHERE a.x = b.y"),
    (join("A.x", "B.y"), "(b:B)-[:J]->(a:A)", "(a:A), (b:B) WHERE a.x = b.y"),
    (join("A.x", "B.y"), "(a:A)-[:J]-(b:B)", "(a:A), (b:B) WHERE a.x = b.y"),
    (join("A.x", "B.y"), "(a)-[:J]->(b)", "(a:A), (b:B) WHERE a.x = b.y"),
    (join("A.x", "B.y"), "(a)<-[:J]-(b)", "(a:B), (b:A) WHERE a.y = b.x"),
    (join("A.x", "A.y"), "(a:A)-[:J]->(b:A)", "(a:A), (b:A) WHERE a.x = b.y"),
    (join("A.x", "A.x"), "(a:A)-[:J]->(b:A)", "(a:A), (b:A) WHERE a.x = b.x AND a <> b"),
    (join("A.x", "B.y", "C.z"), "(a:A)-[:J]->(b:C)", "(a:A), (b:C) WHERE a.x = b.z"),
    (
        join("A.x", "B.y", "C.z"),
        "(a:A)-[:J]->(b)",
        "(a:A), (b) WHERE (a.x = b.y AND b:B) OR (a.x = b.z AND b:C)",
    ),
    (join("B.x", "A.y", "C.z", "C.x"), "(a:A)-[:J]->(b:C)", "(a:A), (b:C) WHERE a.y = b.z OR a.y = b.x"),
    (join("A.x", "B.y"), "(a:A)-[:J]->(b:B)-[:R]->(c)", "(a:A), (b:B)-[:R]->(c) WHERE a.x = b.y"),
]  # fmt: skip


@pytest.mark.parametrize("tail", [
    "MATCH {} RETURN a.z AS p, b.z AS q",
    "MATCH {} RETURN a.y AS g, count(*) AS n",
    "MATCH (a) OPTIONAL MATCH {} RETURN a.z AS p, b.z AS q",
    "MATCH (a) WHERE NOT EXISTS {{ MATCH {} }} RETURN a.z AS p, a.x AS q",
])  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_a_join_is_its_equality(tail: str, seed: int) -> None:
    rng = random.Random(seed)
    joins, pattern, twin = rng.choice(TWINS)
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        ours = rt.add_query("ours", tail.format(pattern), sources=["s"], joins=joins)
        theirs = rt.add_query("theirs", tail.format(twin), sources=["s"])
        for change in legal(history(rng, 25)):
            source.push(change)
            rt.flush()
            rows = [[row for _, row in q.keyed_rows()] for q in (ours, theirs)]
            assert same_rows(*rows), (pattern, change)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_a_join_over_sources_is_its_equality(seed: int) -> None:
    """Changes go to two sources in any order; the ids of one say nothing of the other's."""
    rng = random.Random(seed)
    joins, pattern, twin = rng.choice(TWINS)
    text = "MATCH {} RETURN a.z AS p, b.z AS q, id(a) AS a, id(b) AS b"
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        ids = ("s", "t")
        sources = [rt.add_source(id_, dnb.PushSource()) for id_ in ids]
        ours = rt.add_query("ours", text.format(pattern), sources=ids, joins=joins)
        theirs = rt.add_query("theirs", text.format(twin), sources=ids)
        both = [legal(history(rng, 15)) for _ in ids]
        while any(both):
            place = rng.randrange(2)
            if both[place]:
                sources[place].push(both[place].pop(0))
                rt.flush()
                rows = [[row for _, row in q.keyed_rows()] for q in (ours, theirs)]
                assert same_rows(*rows), pattern


def test_over_sources_in_any_order_with_the_relation_as_a_value() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        people, things = (rt.add_source(s, dnb.PushSource()) for s in ("people", "things"))
        q = rt.add_query(
            "q",
            "MATCH p = (a:P)-[r:OWNS {x: 1}]->(b:Q) RETURN r"
            " UNION MATCH p = (a:P)-[r:OWNS]->(b:Q) RETURN [type(r), length(p), startNode(r) IS NULL] AS r",
            sources=["people", "things"],
            joins=[{"id": "OWNS", "keys": [{"label": "P", "property": "owns"}, {"label": "Q", "property": "id"}]}],
        )  # fmt: skip
        things.insert({"id": 1, "labels": ["Q"], "properties": {"id": 1.0}})
        people.insert({"id": 1, "labels": ["P"], "properties": {"owns": 1}})
        people.insert({"id": 2, "labels": ["P"]})
        rt.flush()
        assert [row["r"] for row in q.rows()] == [["OWNS", 1, True]]
        people.update({"id": 1, "properties": {"owns": None}})
        rt.flush()
        assert q.rows() == []


def test_two_steps_of_a_join_are_two_relations() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        text = "MATCH (a:A)-[:J]-(b:B)-[:J]-(c:A) RETURN a.n AS a, c.n AS c"
        q = rt.add_query("q", text, sources=["s"], joins=join("A.x", "B.y"))
        for n in (1, 2):
            source.insert({"id": f"a{n}", "labels": ["A"], "properties": {"x": 1, "n": n}})
        source.insert({"id": "b", "labels": ["B"], "properties": {"y": 1}})
        rt.flush()
        assert sorted(map(tuple, (row.values() for row in q.rows()))) == [(1, 2), (2, 1)]


@pytest.mark.parametrize(("joins", "fault"), [
    ([{"keys": []}], "joins[0]: the key 'id' is missing"),
    ([{"id": "J", "keys": []}], "joins[0].keys: a join needs two keys or more, got 0"),
    ([{"id": "J", "keys": [{"label": "A", "property": "x"}]}], "got 1"),
    ([{"id": "J", "keys": [{"label": "A", "prop": "x"}, 1]}], "joins[0].keys[0].prop"),
    ([{"id": 1, "keys": [{"label": "A", "property": "x"}] * 2}], "joins[0].id"),
    (join("A.x", "B.y") * 2, "joins[1].id: 'J' is the id of another join"),
    (["J"], "joins[0]"),
])  # fmt: skip
def test_what_is_wrong_is_named(joins: Any, fault: str) -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        with pytest.raises(dnb.ConfigError) as caught:
            rt.add_query("q", "RETURN 1 AS x", sources=["s"], joins=joins)
        assert fault in str(caught.value)


def test_a_join_has_no_length() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        for text in (
            "MATCH (a)-[:J*1..2]->(b) RETURN a",
            "MATCH shortestPath((a)-[:J]->(b)) RETURN a",
        ):
            with pytest.raises(dnb.QueryError, match="variable length"):
                rt.add_query("q", text, sources=["s"], joins=join("A.x", "B.y"))
