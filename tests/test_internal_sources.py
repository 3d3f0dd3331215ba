"""Queries over queries, and over the components."""

from __future__ import annotations

import random

import pytest
from histories import history, legal, same_rows

import drasi_nb as dnb


@pytest.fixture
def rt() -> dnb.Runtime:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    rt.add_source("s", dnb.PushSource())
    return rt


def test_rows_are_nodes_and_one_tick_moves_all(rt: dnb.Runtime) -> None:
    rt.add_query("avg", "MATCH (a:A) RETURN a.g AS g, avg(a.x) AS x", sources=["s"])
    hot = rt.add_query(
        "hot", "MATCH (r:avg) WHERE r.x > 2 RETURN r.g AS g", sources=["query:avg"]
    )
    both = rt.add_query(
        "both",
        "MATCH (r:avg) WITH max(r.x) AS m MATCH (a:A) WHERE a.x = m RETURN a.x AS x, m",
        sources=["query:avg", "s"],
    )
    ticks: list[tuple[str, int]] = []
    for q in (hot, both):
        q.on_delta(lambda d, q=q: ticks.append((q.id, d.seq)))
    for i, (g, x) in enumerate((("p", 1), ("p", 5), ("q", 2))):
        rt.sources["s"].insert({"id": i, "labels": ["A"], "properties": {"g": g, "x": x}})
    rt.flush()
    assert hot.rows() == [{"g": "p"}] and both.rows() == []
    assert [id_ for id_, _ in ticks] == ["hot"]
    rt.sources["s"].update({"id": 1, "properties": {"x": 1}})
    rt.flush()
    assert hot.rows() == [] and both.rows() == [{"x": 2, "m": 2.0}]
    assert len({seq for _, seq in ticks[1:]}) == 1, "one delta each, of one tick"


def test_a_replaced_query_moves_those_over_it(rt: dnb.Runtime) -> None:
    rt.sources["s"].insert({"id": 1, "labels": ["A"], "properties": {"x": 1}})
    rt.add_query("one", "MATCH (a:A) RETURN a.x AS x", sources=["s"])
    two = rt.add_query("two", "MATCH (r:one) RETURN r.x AS x, r.y AS y", sources=["query:one"])
    assert two.rows() == [{"x": 1, "y": None}]
    rt.update_query("one", "MATCH (a:A) RETURN a.x + 1 AS y")
    assert two.rows() == [{"x": None, "y": 2}]


def test_cycles_and_users_are_refused_by_name(rt: dnb.Runtime) -> None:
    rt.add_query("a", "MATCH (n) RETURN n.x AS x", sources=["s"])
    rt.add_query("b", "MATCH (n:a) RETURN n.x AS x", sources=["query:a"])
    rt.add_reaction("r", ["b"], lambda _delta: None)
    with pytest.raises(dnb.ComponentError, match="'a' -> 'b' -> 'a'"):
        rt.update_query("a", "MATCH (n:b) RETURN n.x AS x", sources=["query:b"])
    with pytest.raises(dnb.ComponentError, match="no query 'z'"):
        rt.add_query("c", "MATCH (n) RETURN n.x AS x", sources=["query:z"])
    with pytest.raises(dnb.ComponentError, match="used by 'b'"):
        rt.remove("a")
    with pytest.raises(dnb.ComponentError, match="used by 'a'"):
        rt.remove("s")
    rt.remove("s", cascade=True)
    assert rt.components().height == 0


def test_the_components_are_a_source(rt: dnb.Runtime) -> None:
    q = rt.add_query(
        "states",
        "MATCH (q:Query)-[:SUBSCRIBES_TO]->(s) RETURN q.id AS q, q.status AS status, s.id AS s",
        sources=["__components__"],
    )
    rt.add_query("a", "MATCH (n) RETURN n.x AS x", sources=["s"])
    rt.add_reaction("r", ["a"], lambda _delta: None)
    rt.flush()
    assert q.rows() == [{"q": "a", "status": "Running", "s": "s"}]
    rt.stop("a")
    rt.flush()
    assert q.rows() == [{"q": "a", "status": "Stopped", "s": "s"}]
    rt.remove("a", cascade=True)
    rt.flush()
    assert q.rows() == []


def test_relations_of_components_are_there_at_once_and_go(rt: dnb.Runtime) -> None:
    q = rt.add_query(
        "edges",
        "MATCH (c)-[r]->(s) RETURN c.id AS c, type(r) AS r, s.id AS s",
        sources=["__components__"],
    )
    rt.add_source("t", dnb.PushSource())
    rt.add_query("a", "MATCH (n) RETURN n.x AS x", sources=["s"], auto_start=False)
    rt.add_reaction("r", ["a"], lambda _delta: None)
    rt.flush()

    def edges() -> set[tuple[str, ...]]:
        return {tuple(row.values()) for row in q.rows()}

    assert edges() == {("a", "SUBSCRIBES_TO", "s"), ("r", "LISTENS_TO", "a")}
    rt.add_query("a", "MATCH (n) RETURN n.x AS x", sources=["t"], auto_start=False)
    rt.flush()
    assert edges() == {("a", "SUBSCRIBES_TO", "t"), ("r", "LISTENS_TO", "a")}
    rt.remove("r")
    rt.flush()
    assert edges() == {("a", "SUBSCRIBES_TO", "t")}


@pytest.mark.parametrize("seed", range(40))
def test_two_queries_are_one(rt: dnb.Runtime, seed: int) -> None:
    """A query over a query's rows is the query with WITH between."""
    rng = random.Random(seed)
    rt.add_query("one", "MATCH (a:A)-[:R]->(b) RETURN a.x AS x, count(*) AS n", sources=["s"])
    two = rt.add_query(
        "two",
        "MATCH (r:one) RETURN r.n AS n, collect(r.x) AS l, sum(r.n) AS s",
        sources=["query:one"],
    )
    text = "MATCH (a:A)-[:R]->(b) WITH a.x AS x, count(*) AS n RETURN n, size(collect(x)) AS l, sum(n) AS s"
    whole = rt.add_query("whole", text, sources=["s"])
    for change in legal(history(rng, 40)):
        rt.sources["s"].push(change)
        if rng.random() < 0.5:
            rt.flush()
            got = [(row[0], len(row[1]), row[2]) for _, row in two.keyed_rows()]
            assert same_rows(got, [row for _, row in whole.keyed_rows()])


def test_the_components_show_every_change_and_relations_after_updates(rt: dnb.Runtime) -> None:
    q = rt.add_query(
        "edges",
        "MATCH (a)-[r]->(b) RETURN a.id + ' ' + type(r) + ' ' + b.id AS e",
        sources=["__components__"],
    )
    states: list[str] = []
    log = rt.add_query(
        "log", "MATCH (n {id: 'a'}) RETURN n.status AS status", sources=["__components__"]
    )
    log.on_delta(
        lambda d: states.extend((r["after"] or {}).get("status", "-") for r in d.rows())
    )

    def edges() -> list[str]:
        rt.flush()
        return sorted(row["e"] for row in q.rows() if row["e"][0] != "e")

    rt.add_source("t", dnb.PushSource())
    rt.add_query("a", "MATCH (n) RETURN n.x AS x", sources=["s", "t"])
    rt.add_query("b", "MATCH (n) RETURN n.x AS x", sources=["query:a"])
    rt.add_reaction("r", ["a", "b"], lambda _delta: None)
    assert edges() == [
        "a SUBSCRIBES_TO s", "a SUBSCRIBES_TO t", "b SUBSCRIBES_TO a", "r LISTENS_TO a",
        "r LISTENS_TO b",
    ]  # fmt: skip
    rt.update_query("a", sources=["t"])
    rt.add_reaction("r", ["b"], lambda _delta: None)
    assert edges() == ["a SUBSCRIBES_TO t", "b SUBSCRIBES_TO a", "r LISTENS_TO b"]
    rt.remove("a", cascade=True)
    rt.add_query("a", "MATCH (n) RETURN n.x AS x", sources=["s"])
    assert edges() == ["a SUBSCRIBES_TO s"], "nothing comes back with the name"
    rt.stop("a")
    rt.flush()
    rt.start("a")
    rt.flush()
    assert states == ["Added", "Running", "Added", "Running", "Stopped", "Running"], "per tick"


def test_who_hears_of_components_does_not_feed_itself(rt: dnb.Runtime) -> None:
    calls = iter(range(1_000))
    q = rt.add_query(
        "q", "MATCH (n) RETURN n.id AS id, n.error AS e", sources=["__components__"]
    )

    def fail(_delta: dnb.Delta) -> None:
        raise ValueError(f"call {next(calls)}")

    q.on_delta(fail)
    rt.add_query("over", "MATCH (n:q) RETURN n.e AS e", sources=["query:q"]).on_delta(fail)
    rt.add_reaction("r", ["over"], fail)
    rt.add_source("t", dnb.PushSource())
    for _ in range(30):
        rt.flush()
    assert rt.flush() == 0 and next(calls) < 30
    assert "ValueError: call" in str(q.error)


def test_what_nobody_reads_any_more_is_emptied(rt: dnb.Runtime) -> None:
    rt.sources["s"].insert({"id": 1, "labels": ["A"]})
    rt.add_query("a", "MATCH (n) RETURN n.x AS x", sources=["s"])
    rt.add_query("b", "MATCH (n) RETURN 1 AS x", sources=["query:a", "__components__"])
    graph = rt.engine.graph
    numbers = [graph.source(id_) for id_ in ("query:a", "__components__")]
    assert all(graph.node_at[number] for number in numbers)
    rt.remove("b")
    assert not any(graph.node_at[number] for number in numbers)
    assert len(rt.registry.listeners) == 0


def test_who_reads_components_goes_on_when_it_cannot_be_replaced(
    rt: dnb.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "MATCH (n) RETURN n.id AS id, n.status AS status"
    q = rt.add_query("q", text, sources=["__components__"])
    monkeypatch.setattr(rt.engine, "adding", lambda *_: 1 / 0)
    with pytest.raises(dnb.ComponentError, match="could not be replaced"):
        rt.add_query("q", text, sources=["s"])
    rt.flush()
    assert {row["id"]: row["status"] for row in q.rows()} == {"s": "Running", "q": "Running"}


def test_other_sources_may_begin_a_tick_in_the_middle_of_an_update(rt: dnb.Runtime) -> None:
    text = "MATCH (a)-[r]->(b) RETURN a.id AS a, b.id AS b"
    rt.add_query("a", text, sources=["__components__"])
    rt.add_query("b", "MATCH (r) RETURN count(*) AS n", sources=["query:a"])
    q = rt.add_query("b", text, sources=["__components__"])
    rt.flush()
    assert q.rows() == []
