"""One small history for each delta rule of DESIGN.md: the rows that come (+) and go (-)."""

from __future__ import annotations

from typing import Any

import pytest

import drasi_nb as dnb


def node(id_: str, label: str, **properties: Any) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": [label], "properties": properties}


def edge(id_: str, start: str, end: str) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": ["R"], "start_id": start, "end_id": end}


def put(id_: str, **properties: Any) -> dict[str, Any]:
    return {"op": "update", "id": id_, "properties": properties}


def drop(id_: str) -> dict[str, Any]:
    return {"op": "delete", "id": id_}


A1, A2, B1 = node("a1", "A", x=1), node("a2", "A", x=2), node("b1", "B", x=5)
R11, R21 = edge("r11", "a1", "b1"), edge("r21", "a2", "b1")

RULES: dict[str, tuple[str, list[tuple[Any, set[tuple[Any, ...]]]]]] = {
    "match": (
        "MATCH (a:A)-[:R]->(b:B) WHERE a.x < b.x RETURN a.x AS a, b.x AS b",
        [
            ([A1, B1], set()),
            (R11, {("+", 1, 5)}),
            (put("b1", x=7), {("-", 1, 5), ("+", 1, 7)}),
            (put("a1", x=9), {("-", 1, 7)}),
        ],
    ),
    "match after with": (
        "MATCH (a:A) WITH a, a.x * 2 AS y WHERE y > 2 MATCH (a)-[:R]->(b) RETURN y, b.x AS b",
        [
            ([A1, A2, B1, R11, R21], {("+", 4, 5)}),
            (put("a1", x=3), {("+", 6, 5)}),
            (put("b1", x=6), {("-", 4, 5), ("-", 6, 5), ("+", 4, 6), ("+", 6, 6)}),
        ],
    ),
    "optional match": (
        "MATCH (a:A) OPTIONAL MATCH (a)-[:R]->(b) WHERE b.x > 4 RETURN a.x AS a, b.x AS b",
        [
            (A1, {("+", 1, None)}),
            ([B1, R11], {("-", 1, None), ("+", 1, 5)}),
            (put("b1", x=4), {("-", 1, 5), ("+", 1, None)}),
        ],
    ),
    "exists": (
        "MATCH (a:A) WHERE NOT EXISTS { (a)-[:R]->(:B) } RETURN a.x AS a",
        [([A1, B1], {("+", 1)}), (R11, {("-", 1)}), (drop("b1"), {("+", 1)})],
    ),
    "count": (
        "MATCH (b:B) RETURN COUNT { (:A)-[:R]->(b) } AS n",
        [([A1, A2, B1], {("+", 0)}), ([R11, R21], {("-", 0), ("+", 2)}), (drop("a1"), {("-", 2), ("+", 1)})],
    ),
    "pattern comprehension": (
        "MATCH (b:B) RETURN [(a:A)-[:R]->(b) | a.x] AS l",
        [([A1, B1, R11], {("+", "[1]")}), ([A2, R21], {("-", "[1]"), ("+", "[1, 2]")})],
    ),
    "variable length": (
        "MATCH (a:A)-[:R*1..2]->(c) RETURN a.x AS a, c.x AS c",
        [
            ([A1, B1, R11], {("+", 1, 5)}),
            ([node("c", "C", x=9), edge("s", "b1", "c")], {("+", 1, 9)}),
            (drop("r11"), {("-", 1, 5), ("-", 1, 9)}),
        ],
    ),
    "shortest path": (
        "MATCH (a:A), (b:B) MATCH p = shortestPath((a)-[:R*]->(b)) RETURN a.x AS a, length(p) AS n",
        [
            ([A1, node("c", "C"), B1, edge("s", "a1", "c"), edge("t", "c", "b1")], {("+", 1, 2)}),
            (R11, {("-", 1, 2), ("+", 1, 1)}),
            (drop("r11"), {("-", 1, 1), ("+", 1, 2)}),
        ],
    ),
    "aggregation": (
        "MATCH (a:A) RETURN a.g AS g, sum(a.x) AS s, count(*) AS n",
        [
            ([node("a1", "A", g="p", x=1), node("a2", "A", g="p", x=2)], {("+", "p", 3, 2)}),
            (put("a2", g="q"), {("-", "p", 3, 2), ("+", "p", 1, 1), ("+", "q", 2, 1)}),
            (drop("a1"), {("-", "p", 1, 1)}),
        ],
    ),
    "global aggregation": (
        "MATCH (a:A) RETURN count(*) AS n",
        [([], {("+", 0)}), (A1, {("-", 0), ("+", 1)}), (drop("a1"), {("-", 1), ("+", 0)})],
    ),
    "distinct": (
        "MATCH (a:A) RETURN DISTINCT a.x AS x",
        [([A1, node("a2", "A", x=1)], {("+", 1)}), (drop("a1"), set()), (drop("a2"), {("-", 1)})],
    ),
    "unwind": (
        "MATCH (a:A) UNWIND a.l AS i RETURN i",
        [
            (node("a1", "A", l=[1, 2]), {("+", 1), ("+", 2)}),
            (put("a1", l=[1, 3, 4]), {("-", 2), ("+", 3), ("+", 4)}),
            (put("a1", l=None), {("-", 1), ("-", 3), ("-", 4)}),
        ],
    ),
    "order and limit": (
        "MATCH (a:A) RETURN a.x AS x ORDER BY x DESC LIMIT 1",
        [([A1, A2], {("+", 2)}), (put("a1", x=3), {("-", 2), ("+", 3)}), (drop("a1"), {("-", 3), ("+", 2)})],
    ),
    "union": (
        "MATCH (a:A) RETURN a.x AS x UNION MATCH (b:B) RETURN b.x AS x",
        [([A1, node("b1", "B", x=1)], {("+", 1)}), (put("a1", x=2), {("+", 2)}), (drop("b1"), {("-", 1)})],
    ),
    "call": (
        "MATCH (b:B) CALL (b) { MATCH (a:A)-[:R]->(b) RETURN max(a.x) AS m } RETURN b.x AS b, m",
        [([A1, B1, R11], {("+", 5, 1)}), ([A2, R21], {("-", 5, 1), ("+", 5, 2)})],
    ),
    "time": (
        "MATCH (a:A) WHERE drasi.trueFor(a.x > 1, 10) RETURN a.x AS x",
        [(A2, set()), (10, {("+", 2)}), (put("a2", x=0), {("-", 2)}), (20, set())],
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    text, steps = RULES[rule]
    clock = dnb.VirtualClock(0)
    with dnb.Runtime(clock=clock) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", text, sources=["s"])
        seen = set[tuple[Any, ...]]()

        def note(delta: dnb.Delta) -> None:
            for _, before, after in delta.changes:
                for sign, row in (("-", before), ("+", after)):
                    if row is not None:
                        cells = (str(c) if isinstance(c, list) else c for c in row)
                        seen.add((sign, *cells))

        seen |= {("+", *row) for _, row in q.keyed_rows()}
        q.on_delta(note)
        for step, expected in steps:
            if isinstance(step, int):
                clock.advance(step)
            else:
                source.push(step)
                rt.flush()
            assert seen == expected, step
            seen.clear()


@pytest.mark.parametrize("pattern", ["(a:A)", "(a:A)-[:R]->(b:B)", "(b:B)<-[:R]-(a:A)"])
def test_a_value_that_is_no_boolean_fails_its_row_alone(pattern: str) -> None:
    """As a condition of its own, or as one of several; what is false is no row, and fails nothing."""
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        queries = [
            rt.add_query(
                f"q{i}", f"MATCH {pattern} WHERE {where} RETURN a.x AS x", sources=["s"]
            )
            for i, where in enumerate(("a.ok", "a.x > 0 AND a.ok", "a.ok AND a.good"))
        ]
        source.push([A1, A2, B1, R11, R21])
        source.push([put("a1", ok=True, good=True), put("a2", ok=1, good=False)])
        rt.flush()
        for q in queries:
            assert q.status == "Running" and q.rows() == [{"x": 1}]
            (failure,) = q.failures()
            assert "must be a BOOLEAN, got INTEGER 1" in failure.reason
        source.push([put("a1", ok="yes"), put("a2", ok=True, good=True)])
        rt.flush()
        assert [q.rows() for q in queries] == 3 * [[{"x": 2}]]
        source.push([put("a1", ok=False)])
        rt.flush()
        assert not any(q.failures() for q in queries)
