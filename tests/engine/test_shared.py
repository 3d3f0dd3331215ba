"""Queries over the same pattern are walked together, and each stays right and alone."""

from __future__ import annotations

import random
import re
from typing import Any

import histories
import pytest

import drasi_nb as dnb
from drasi_nb.engine import groups
from drasi_nb.errors import QueryError


def texts(rng: random.Random) -> list[str]:
    """Return queries over one pattern, with conditions and ends of their own."""
    nodes: list[str] = []
    relations: list[str] = []
    pattern = histories.pattern(rng, nodes, relations, rng.choice((0, 1, 1, 2)))
    names = nodes + relations or ["z"]
    if not nodes and not relations:
        pattern = "(z:A)"
    out = list[str]()
    for _ in range(rng.randint(2, 6)):
        text = f"MATCH {pattern}"
        for _ in range(rng.choice((0, 1, 1, 2))):
            word = "AND" if "WHERE" in text else "WHERE"
            text += f" {word} {histories.condition(rng, names)}"
        kind = rng.random() < 0.5
        out.append(f"{text} RETURN {histories.projection(rng, names, aggregated=kind)}")
        if rng.random() < 0.3:
            out.append(rng.choice(out))  # its groups are there already
    return out


@pytest.mark.parametrize("seed", range(60))
def test_each_equals_the_oracle(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added and removed before and in the middle of a history, in any number."""
    monkeypatch.setattr(groups, "LEAST", 1 if seed % 2 else groups.LEAST)
    rng = random.Random(seed)
    changes = histories.legal(histories.history(rng, 40))
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        model, summed = histories.Model(), dict[str, dict[Any, Any]]()
        waiting = texts(rng)
        for place, change in enumerate(changes):
            if waiting and rng.random() < 0.3:
                text = waiting.pop()
                try:
                    q = rt.add_query(f"q{place}", text, sources=["s"], parameters={"p": 1})
                except QueryError as error:
                    assert error.code == "type", error
                else:
                    rows = summed[q.id] = dict(q.keyed_rows())
                    q.on_delta(lambda d, rows=rows: _apply(rows, d))
            elif rt.queries and rng.random() < 0.05:
                gone = rng.choice(list(rt.queries))
                rt.remove(gone)
                del summed[gone]
            source.push(change)
            model.apply(change)
            if rng.random() < 0.5:
                continue
            rt.flush()
            _compare(rt, model, summed)


def _compare(
    rt: dnb.Runtime, model: histories.Model, summed: dict[str, dict[Any, Any]]
) -> None:
    for q in rt.queries.values():
        assert q.error is None, q.error
        histories._compare(q, q.text, model, summed[q.id])


def _apply(rows: dict[Any, Any], delta: dnb.Delta) -> None:
    for key, _, after in delta.changes:
        if after is None:
            del rows[key]
        else:
            rows[key] = after


@pytest.mark.parametrize("seed", range(40))
def test_what_moves_over_no_threshold_is_passed_over_and_nothing_else(seed: int) -> None:
    """Values on a threshold, between two, of other types, and a condition that all share."""
    rng = random.Random(seed)
    numbers = [1, 1.0, 2, 2.5, 3, -1, 2**53, 2**53 + 1, 0.0]
    values = [*numbers, 1.5, 2.4, -0.0, None, float("nan"), float("inf"), "2", True, [1]]
    common = rng.choice(["", "n.ok AND ", "n.ok = 1 AND ", "m.x >= 2 AND "])
    pattern = rng.choice(["(n:N)", "(n:N)-[:R]->(m:N)", "(n:N)-[e:R]->(m:N)"])
    if "(m" not in pattern:
        common = common.replace("m.x", "n.y")
    end = rng.choice(["n.y AS y", "n.y AS y, n.x AS x", "count(*) AS c", "1 AS one"])
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        model, summed = histories.Model(), dict[str, dict[Any, Any]]()
        for place in range(rng.choice((2, 3, 6))):
            own = f"n.x {rng.choice(['>', '>=', '<', '<=', '=', '<>'])} {rng.choice(numbers)!r}"
            if rng.random() < 0.3:
                own += f" AND n.{rng.choice('xy')} < {rng.choice(numbers)!r}"
            text = f"MATCH {pattern} WHERE {common}{own} RETURN {end}"
            q = rt.add_query(f"q{place}", text, sources=["s"])
            rows = summed[q.id] = dict(q.keyed_rows())
            q.on_delta(lambda d, rows=rows: _apply(rows, d))
        changes: list[dict[str, Any]] = [
            {"op": "insert", "id": i, "labels": ["N"], "properties": _values(rng, values)}
            for i in range(4)
        ]
        changes += [
            {"op": "insert", "id": f"e{i}", "labels": ["R"], "start_id": rng.randrange(4),
             "end_id": rng.randrange(4)}
            for i in range(4)
        ]  # fmt: skip
        changes += [
            {"op": "update", "id": rng.randrange(4), "properties": _values(rng, values)}
            for _ in range(60)
        ]
        for change in changes:
            source.push(change)
            model.apply(change)
            if rng.random() < 0.5:
                continue
            rt.flush()
            _compare(rt, model, summed)


def _values(rng: random.Random, values: list[Any]) -> dict[str, Any]:
    names = rng.choice([("x",), ("x",), ("x",), ("y",), ("ok",), ("x", "ok"), ("x", "y")])
    return {n: rng.choice([True, 1, False]) if n == "ok" else rng.choice(values) for n in names}


def thresholds(count: int) -> tuple[dnb.Runtime, dnb.PushSource]:
    """Return a runtime with queries that differ in one number."""
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    source.push({"op": "insert", "id": "f", "labels": ["F"], "properties": {"n": "one"}})
    for i in range(5):
        source.push({"op": "insert", "id": i, "labels": ["R"], "properties": {"t": i}})
        source.push(
            {"op": "insert", "id": f"e{i}", "labels": ["IN"], "start_id": i, "end_id": "f"}
        )
    for n in range(count):
        rt.add_query(
            f"q{n}", "MATCH (r:R)-[:IN]->(f:F) WHERE r.t > $n RETURN f.n AS f, r.t AS t",
            sources=["s"], parameters={"n": n},
        )  # fmt: skip
    rt.flush()
    return rt, source


def test_one_function_for_all() -> None:
    """A change is handed to one function, whatever the number of queries."""
    rt, source = thresholds(20)
    source.update({"id": 0, "properties": {"t": 10}})
    rt.flush()
    graph = rt.engine.graph
    group = graph.nodes.page_group[graph.node_at[0].find(0) >> 10]
    both, fused = rt.engine.router.node(group).select("t")
    assert not both
    assert len(fused) == 1
    assert [len(rt.queries[f"q{n}"]) for n in (0, 3, 9, 10)] == [5, 2, 1, 0]


def test_one_that_breaks_stops_alone() -> None:
    """The others, which may have missed the change, are made anew."""
    rt, source = thresholds(4)
    compiled = rt.queries["q1"].compiled
    assert compiled is not None

    def broken(*_args: Any) -> None:
        raise RuntimeError("out of order")

    compiled.result.update = compiled.result.add = broken  # type: ignore[method-assign]
    rt.engine.router.together = type(rt.engine.router.together)()
    rt.engine.router.set_queries(rt.engine.router.queries)
    source.update({"id": 3, "properties": {"t": 10}})
    with pytest.raises(dnb.ComponentError, match="out of order"):
        rt.flush()
    assert {q.id: q.status for q in rt.queries.values()} == {
        "q0": "Running", "q1": "Error", "q2": "Running", "q3": "Running"
    }  # fmt: skip
    for n in (0, 2, 3):
        ts = sorted(row["t"] for row in rt.queries[f"q{n}"].rows())
        assert ts == [t for t in (1, 2, 4, 10) if t > n]
    rt.start("q1")
    assert sorted(row["t"] for row in rt.queries["q1"].rows()) == [2, 4, 10]


def _together(least: int, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what is seen of queries that begin alike, while they come and go."""
    monkeypatch.setattr(groups, "LEAST", least)
    rng, seen, deltas = random.Random(0), list[Any](), dict[str, list[Any]]()
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    texts = [
        "MATCH (a:A) RETURN a.g AS g, sum(a.f) AS f",
        "MATCH (a:A) WITH a.g AS g, sum(a.f) AS f WHERE f > 4 RETURN f, g",
        "MATCH (a:A) WITH a.g AS g, sum(a.f) AS f RETURN f > 4 AS is_high, count(*) AS n",
        "MATCH (a:A) WITH a.g AS g, sum(a.f) AS f RETURN g, f ORDER BY f LIMIT 3",
    ]
    for step in range(40):
        for n in rng.sample(range(60), 30):
            node = {"op": "insert", "id": n, "labels": ["A"]}
            source.push(
                {**node, "properties": {"g": n % 10, "f": rng.choice([0, 0.5, 1, None])}}
            )
        rt.flush()
        id_ = f"q{step % len(texts)}"
        if step % 5 == 4 and id_ in rt.queries:
            rt.remove(id_)
        elif id_ not in rt.queries:
            query = rt.add_query(id_, texts[step % len(texts)], sources=["s"])
            query.on_delta(lambda d: deltas.setdefault(d.query_id, []).append(d.rows()))
        for query in rt.queries.values():
            told = re.sub(r"[\d.,]+ µs", "", query.explain())
            seen.append((query.id, query.rows(), told))
    return [seen, deltas]


def test_groups_are_handed_on_together_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one, together = (_together(least, monkeypatch) for least in (1_000, 1))
    assert together == one_by_one
    assert min(map(len, one_by_one[1].values())) > 5
