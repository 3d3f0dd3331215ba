"""The scenarios by which Drasi's streaming model is known, with our decisions.

Source: the reference engine's observed behaviour; where it is at fault, what is right.
"""

from __future__ import annotations

from typing import Any

import pytest

import drasi_nb as dnb

Step = tuple[Any, list[Any]]


def node(id_: str, label: str, **properties: Any) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": [label], "properties": properties}


def edge(id_: str, type_: str, start: str, end: str) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": [type_], "start_id": start, "end_id": end}


def put(id_: str, labels: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"op": "update", "id": id_, "labels": labels, "properties": properties}


def drop(id_: str) -> dict[str, Any]:
    return {"op": "delete", "id": id_}


def add(*row: Any) -> tuple[Any, Any]:
    return (None, row)


def gone(*row: Any) -> tuple[Any, Any]:
    return (row, None)


SCENARIOS: dict[str, tuple[str, list[Step]]] = {
    "1 projection": (
        "MATCH (n:A) RETURN n.x AS x, n.y AS y",
        [
            (node("a", "A", x=1, y=2), [add(1, 2)]),
            (put("a", x=5), [((1, 2), (5, 2))]),
            (put("a", x=5), []),
            (put("a", y=None), [((5, 2), (5, None))]),
            (put("a", labels=["B"]), [gone(5, None)]),
            (put("a", labels=["A"], x=7), [add(7, None)]),
            (put("b", labels=["A"], x=9), [add(9, None)]),
            (drop("zz"), []),
        ],
    ),
    "2 relations before nodes": (
        "MATCH (a:A)-[r:R]->(b:B) RETURN a.n AS a, b.n AS b",
        [
            ([edge("r", "R", "a", "b"), node("a", "A", n=1)], []),
            (node("b", "B", n=2), [add(1, 2)]),
            (drop("a"), [gone(1, 2)]),
            (node("a", "A", n=3), [add(3, 2)]),
            ({**edge("r", "R", "a", "b2"), "op": "update"}, [gone(3, 2)]),
            (node("b2", "B", n=4), [add(3, 4)]),
        ],
    ),
    "3 count": (
        "MATCH (n:A) RETURN count(n) AS c",
        [
            ([], [add(0)]),
            (node("a", "A"), [((0,), (1,))]),
            (node("b", "A"), [((1,), (2,))]),
            (drop("a"), [((2,), (1,))]),
            (drop("b"), [((1,), (0,))]),
        ],
    ),
    "4 groups": (
        "MATCH (n:A) RETURN n.g AS g, count(n) AS c, sum(n.v) AS s, avg(n.v) AS a, min(n.v) AS lo, max(n.v) AS hi, collect(n.v) AS l",
        [
            (node("a", "A", g="x", v=1), [add("x", 1, 1, 1.0, 1, 1, "[1]")]),
            (node("b", "A", g="x", v=3), [(("x", 1, 1, 1.0, 1, 1, "[1]"), ("x", 2, 4, 2.0, 1, 3, "[1, 3]"))]),
            (drop("a"), [(("x", 2, 4, 2.0, 1, 3, "[1, 3]"), ("x", 1, 3, 3.0, 3, 3, "[3]"))]),
            (drop("b"), [gone("x", 1, 3, 3.0, 3, 3, "[3]")]),
        ],
    ),
    "5 a filter over groups": (
        "MATCH (n:A) WITH n.g AS g, count(n) AS c WHERE c > 1 RETURN g, c",
        [
            (node("a", "A", g=1), []),
            (node("b", "A", g=1), [add(1, 2)]),
            (node("c", "A", g=1), [((1, 2), (1, 3))]),
            (drop("a"), [((1, 3), (1, 2))]),
            (drop("b"), [gone(1, 2)]),
        ],
    ),
    "6 two aggregations": (
        "MATCH (n:A) WITH n.g AS g, count(n) AS c RETURN max(c) AS m, count(g) AS n, sum(c) AS s",
        [
            ([], [add(None, 0, 0)]),
            ([node("a", "A", g="x"), node("b", "A", g="x"), node("c", "A", g="y")], [((None, 0, 0), (2, 2, 3))]),
            (put("c", g="x"), [((2, 2, 3), (3, 1, 3))]),
            ([drop("a"), drop("b"), drop("c")], [((3, 1, 3), (None, 0, 0))]),
        ],
    ),
    "8 a filter into an aggregate": (
        "MATCH (n:A) WHERE n.v > 5 RETURN count(n) AS c",
        [
            ([], [add(0)]),
            (node("a", "A", v=1), []),
            (put("a", v=6), [((0,), (1,))]),
            (put("a", v=2), [((1,), (0,))]),
        ],
    ),
    "10 trueFor": (
        "MATCH (n:A) WHERE drasi.trueFor(n.v > 10, duration({seconds: 2})) RETURN n.v AS v",
        [
            (node("a", "A", v=20), []),
            (500, []),
            (put("a", v=30), []),
            (1_499, []),
            (1, [add(30)]),
            (put("a", v=5), [gone(30)]),
            (put("a", v=25), []),
            (2_000, [add(25)]),
            (drop("a"), [gone(25)]),
        ],
    ),
    "11 trueLater": (
        "MATCH (n:A) RETURN drasi.trueLater(n.v > 1, n.due) AS c",
        [
            (node("a", "A", v=2, due=1_000), [add("Awaiting")]),
            (999, []),
            (1, [(("Awaiting",), (True,))]),
        ],
    ),
    "12 previous values": (
        "MATCH (n:A) RETURN drasi.previousValue(n.v) AS p, drasi.previousDistinctValue(n.v) AS d",
        [
            (node("a", "A", v=1), [add(None, None)]),
            (put("a", v=2), [((None, None), (1, 1))]),
            (put("a", w=1), [((1, 1), (2, 1))]),
            (put("a", v=3), [((2, 1), (2, 2))]),
        ],
    ),
    "13 a sliding window": (
        "MATCH (n:A) RETURN drasi.slidingWindow(duration({seconds: 1}), count(n)) AS c",
        [
            ([], [add(0)]),
            (node("a", "A"), [((0,), (1,))]),
            (400, []),
            (node("b", "A"), [((1,), (2,))]),
            (600, [((2,), (1,))]),
            (400, [((1,), (0,))]),
            (drop("a"), []),
        ],
    ),
    "15 an anti-join": (
        "MATCH (a:A) OPTIONAL MATCH (a)-[:R]->(b:B) WITH a, count(b) AS c WHERE c = 0 RETURN a.n AS n",
        [
            ([node("a", "A", n=1), node("b", "B")], [add(1)]),
            (edge("r", "R", "a", "b"), [gone(1)]),
            (drop("r"), [add(1)]),
            (drop("a"), [gone(1)]),
        ],
    ),
    "oddity 1: what is not due does not fire": (
        "MATCH (n:A) WHERE drasi.trueLater(true, n.due) RETURN n.due AS due",
        [
            ([node("a", "A", due=10), node("b", "A", due=600_000)], []),
            (10, [add(10)]),
            (599_989, []),
            (1, [add(600_000)]),
        ],
    ),
    "oddity 4: a known id counts once": (
        "MATCH (n:A) RETURN count(*) AS c, sum(n.v) AS s",
        [
            ([], [add(0, 0)]),
            (node("a", "A", v=1), [((0, 0), (1, 1))]),
            (node("a", "A", v=5), [((1, 1), (1, 5))]),
        ],
    ),
    "oddities 8 and 9: nulls are ignored by min and avg": (
        "MATCH (n:A) RETURN min(n.v) AS lo, avg(n.v) AS a",
        [
            ([], [add(None, None)]),
            ([node("a", "A", v=1), node("b", "A", v=3)], [((None, None), (1, 2.0))]),
            (put("a", v=None), [((1, 2.0), (3, 3.0))]),
        ],
    ),
    "oddity 16: a divisor that is an aggregate": (
        "MATCH (n:A) RETURN n.g AS g, sum(n.v) / count(n) AS a",
        [(node("a", "A", g=1, v=8), [add(1, 8)]), (node("b", "A", g=1, v=2), [((1, 8), (1, 5))])],
    ),
    "oddity 17: a row that fails leaves, and comes back": (
        "MATCH (n:A) RETURN 10 / n.v AS r",
        [
            (node("a", "A", v=2), [add(5)]),
            (put("a", v=0), [gone(5)]),
            (put("a", v=5), [add(2)]),
        ],
    ),
    "oddity 22: a row that left cancels its timer": (
        "MATCH (n:A) WHERE drasi.trueFor(n.v > 1, 100) RETURN n.v AS v",
        [(node("a", "A", v=2), []), (50, []), (drop("a"), []), (node("a", "A", v=3), []), (99, []), (1, [add(3)])],
    ),
    "oddity 76: versions grow": (
        "MATCH (n:A) RETURN size(drasi.getVersionsByTimeRange(n, 0, 100000)) AS n",
        [(node("a", "A", v=1), [add(1)]), (5, []), (put("a", v=2), [((1,), (2,))])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    text, steps = SCENARIOS[name]
    clock = dnb.VirtualClock(0)
    with dnb.Runtime(clock=clock) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", text, sources=["s"])
        seen: list[Any] = [(None, row) for _, row in q.keyed_rows()]

        def plain(row: Any) -> Any:
            return row and tuple(str(c) if isinstance(c, list) else c for c in row)

        q.on_delta(lambda d: seen.extend((plain(a), plain(b)) for _, a, b in d.changes))
        for step, expected in steps:
            if isinstance(step, int):
                clock.advance(step)
            elif step or expected != seen:
                source.push(step)
                rt.flush()
            assert seen == expected, (step, seen)
            seen.clear()
