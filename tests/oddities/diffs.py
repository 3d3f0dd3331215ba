"""Oddities of diffs: a query, steps, and the rows before and after each.

A step is a change, a list of changes, or milliseconds by which the clock moves. Expected are
(before, after) of the changed rows; the first step of a query that has a row at once is [].
"""

from __future__ import annotations

from typing import Any


def put(id_: Any, labels: str, **properties: Any) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": list(labels), "properties": properties}


def edge(id_: str, start: Any, end: Any, type_: str = "R", **properties: Any) -> dict[str, Any]:
    return {
        "op": "insert", "id": id_, "labels": [type_], "start_id": start, "end_id": end,
        "properties": properties,
    }  # fmt: skip


def update(id_: Any, **properties: Any) -> dict[str, Any]:
    return {"op": "update", "id": id_, "properties": properties}


def drop(id_: Any) -> dict[str, Any]:
    return {"op": "delete", "id": id_}


def add(*row: Any) -> tuple[Any, Any]:
    return (None, row)


def gone(*row: Any) -> tuple[Any, Any]:
    return (row, None)


def moved(before: tuple[Any, ...], after: tuple[Any, ...]) -> tuple[Any, Any]:
    return (before, after)


J = [{"id": "J", "keys": [{"label": "A", "property": "x"}, {"label": "B", "property": "y"}]}]
SELF = [{"id": "J", "keys": [{"label": "A", "property": "x"}, {"label": "A", "property": "x"}]}]

CASES: dict[str, tuple[Any, ...]] = {
    "1 only what is due fires": (
        "MATCH (n:A) WHERE drasi.trueLater(true, n.due) RETURN n.due AS due",
        [([put("a", "A", due=10), put("b", "A", due=600_000)], []), (10, [add(10)]), (599_989, []),
         (1, [add(600_000)])],
    ),
    "2 a null row and rows of values replace each other": (
        "MATCH (a:A) OPTIONAL MATCH (a)-[r:R]->(b:B) RETURN a.x AS x, b.y AS y",
        [
            ([put("a", "A", x=1), put("b", "B", y=1), put("c", "B", y=2)], [add(1, None)]),
            (edge("r", "a", "b"), [gone(1, None), add(1, 1)]),
            (edge("s", "a", "c"), [add(1, 2)]),
            (drop("r"), [gone(1, 1)]),
            (drop("s"), [gone(1, 2), add(1, None)]),
            (drop("a"), [gone(1, None)]),
        ],
    ),
    "3 every match of an optional pattern counts": (
        "MATCH (a:A) OPTIONAL MATCH (a)-[:R]->(b:B) WITH a, count(a) AS c, collect(a.x) AS l RETURN c, size(l) AS n",
        [
            ([put("a", "A", x=1), put("b", "B"), put("c", "B")], [add(1, 1)]),
            ([edge("r", "a", "b"), edge("s", "a", "c")], [moved((1, 1), (2, 2))]),
            (drop("r"), [moved((2, 2), (1, 1))]),
        ],
    ),
    "4 an insert of a known id replaces": (
        "MATCH (n:A) RETURN count(*) AS c, sum(n.x) AS x, sum(n.y) AS y",
        [
            ([], [add(0, 0, 0)]),
            (put("a", "A", x=1, y=1), [moved((0, 0, 0), (1, 1, 1))]),
            (put("a", "A", x=5), [moved((1, 1, 1), (1, 5, 0))]),
        ],
    ),
    "5 a node that becomes a relation, and a relation that becomes a node": (
        "MATCH (n) RETURN n.x AS x",
        [
            ([put("a", "A", x=1), put("b", "A", x=2)], [add(1), add(2)]),
            (edge("b", "a", "a", x=3), [gone(2)]),
            (put("b", "A", x=4), [add(4)]),
        ],
    ),
    "6 last and linearGradient beside other aggregates": (
        "MATCH (n:A) RETURN drasi.last(n.x) AS l, drasi.linearGradient(n.t, n.x) AS g, count(*) AS c",
        [
            ([], [add(None, None, 0)]),
            ([put(i, "A", t=i, x=2 * i) for i in (1, 2)], [moved((None, None, 0), (4, 2.0, 2))]),
        ],
    ),
    "7 last belongs to its group": (
        "MATCH (n:A) RETURN n.g AS g, drasi.last(n.x) AS l",
        [
            (put("a", "A", g=1, x=1), [add(1, 1)]),
            (put("b", "A", g=2, x=2), [add(2, 2)]),
            (put("c", "A", g=1, x=3), [moved((1, 1), (1, 3))]),
        ],
    ),
    "8 min and max look at the set": (
        "MATCH (n:A) RETURN min(n.x) AS lo, max(n.x) AS hi",
        [
            ([], [add(None, None)]),
            ([put("a", "A", x=1), put("b", "A", x=3)], [moved((None, None), (1, 3))]),
            (put("c", "A"), []),
            (update("b", x=None), [moved((1, 3), (1, 1))]),
        ],
    ),
    "9 avg ignores null": (
        "MATCH (n:A) RETURN avg(n.x) AS a",
        [
            ([], [add(None)]),
            ([put("a", "A", x=1), put("b", "A", x=3)], [moved((None,), (2.0,))]),
            (update("a", x=None), [moved((2.0,), (3.0,))]),
        ],
    ),
    "10 before and after have the type of their values": (
        "MATCH (n:A) RETURN n.g AS g, min(n.x) AS lo, max(n.x) AS hi, sum(n.x) AS s",
        [
            (put("a", "A", g=1, x=1), [add(1, 1, 1, 1)]),
            (put("b", "A", g=1, x=3), [moved((1, 1, 1, 1), (1, 1, 3, 4))]),
            (put("c", "A", g=1, x=0.5), [moved((1, 1, 3, 4), (1, 0.5, 3, 4.5))]),
            (drop("c"), [moved((1, 0.5, 3, 4.5), (1, 1, 3, 4))]),
        ],
    ),
    "11 a cycle is closed, whatever comes first": (
        "MATCH (a:A)-[:R]->(b:B)-[:R]->(c:C)-[:R]->(a) RETURN a.x AS x",
        [
            ([edge("3", "c", "a2"), edge("1", "a", "b"), edge("2", "b", "c")], []),
            ([put("a", "A", x=1), put("b", "B"), put("c", "C"), put("a2", "A", x=2)], []),
            (edge("4", "c", "a"), [add(1)]),
            (drop("1"), [gone(1)]),
        ],
    ),
    "12 patterns with nothing in common are a product": (
        "MATCH (a:A), (b:B) RETURN a.x AS x, b.y AS y",
        [
            ([put("a", "A", x=1), put("b", "B", y=1)], [add(1, 1)]),
            (put("c", "B", y=2), [add(1, 2)]),
            (drop("a"), [gone(1, 1), gone(1, 2)]),
        ],
    ),
    "13 a variable length is one": (
        "MATCH (a:A)-[:R*2..3]->(b) RETURN b.x AS x",
        [
            ([put(i, "A" if i == 0 else "B", x=i) for i in range(5)], []),
            ([edge(str(i), i, i + 1) for i in range(4)], [add(2), add(3)]),
            (drop("2"), [gone(3)]),
        ],
    ),
    "14 a MATCH after WITH matches": (
        "MATCH (a:A) WITH a, a.x + 1 AS y MATCH (b:B) WHERE b.x = y RETURN y",
        [(put("a", "A", x=1), []), (put("b", "B", x=2), [add(2)]), (update("a", x=2), [gone(2)])],
    ),
    "15 an empty group leaves": (
        "MATCH (n:A) RETURN n.g AS g, count(*) AS c",
        [(put("a", "A", g=1), [add(1, 1)]), (drop("a"), [gone(1, 1)]), (put("a", "A", g=1), [add(1, 1)])],
    ),
    "15 the global group stays": (
        "MATCH (n:A) RETURN count(*) AS c",
        [([], [add(0)]), (put("a", "A"), [moved((0,), (1,))]), (drop("a"), [moved((1,), (0,))])],
    ),
    "16 a divisor that is an aggregate": (
        "MATCH (n:A) RETURN n.g AS g, sum(n.x) / count(n.x) AS a",
        [
            (put("a", "A", g=1, x=8), [add(1, 8)]),
            (put("b", "A", g=1, x=2), [moved((1, 8), (1, 5))]),
            ([update("a", x=None), update("b", x=None)], [gone(1, 5)]),
            (update("a", x=3), [add(1, 3)]),
        ],
    ),
    "17 a row that fails leaves, and comes back": (
        "MATCH (n:A) RETURN 10 / n.x AS r",
        [(put("a", "A", x=2), [add(5)]), (update("a", x=0), [gone(5)]), (update("a", x=5), [add(2)])],
    ),
    "18 what was shown is taken back, whatever the times of the changes": (
        "MATCH (n:A) WHERE drasi.changeDateTime(n) < datetime({epochMillis: 50}) RETURN n.x AS x",
        [
            ({**put("a", "A", x=1), "effective_from": 10}, [add(1)]),
            (update("a", x=2), [moved((1,), (2,))]),
            ({**update("a", x=3), "effective_from": 99}, [gone(2)]),
            ({**update("a", x=4), "effective_from": 20}, [add(4)]),
            (drop("a"), [gone(4)]),
        ],
    ),
    "21 rand() of a row is the same before and after": (
        "MATCH (n:A) WITH n, rand() AS r RETURN n.x AS x, r >= 0 AND r < 1 AS ok",
        [(put("a", "A", x=1), [add(1, True)]), (update("a", x=2), [moved((1, True), (2, True))]),
         (drop("a"), [gone(2, True)])],
    ),
    "22 a row that left cancels its timer": (
        "MATCH (n:A) WHERE drasi.trueFor(n.x > 1, 100) RETURN n.x AS x",
        [(put("a", "A", x=2), []), (50, []), (drop("a"), []), (put("a", "A", x=3), []), (99, []), (1, [add(3)])],
    ),
    "23 a label that goes takes the join with it": (
        "MATCH (a:A)-[:J]->(b) RETURN b.y AS y",
        [
            ([put("a", "A", x=1), put("b", "B", y=1)], [add(1)]),
            (put("b", "C", y=1), [gone(1)]),
            (put("b", "B", y=1), [add(1)]),
        ],
        {"joins": J},
    ),
    "23a a group is there while it has members": (
        "MATCH (n:A) WITH n.g AS g, sum(n.x) AS s RETURN count(*) AS groups, sum(s) AS s",
        [
            ([], [add(0, 0)]),
            ([put(i, "A", g=1, x=x) for i, x in enumerate((5, -5, 3))], [moved((0, 0), (1, 3))]),
            (drop(2), [moved((1, 3), (1, 0))]),
            ([update(0, x=None), update(1, x=None)], []),
            (drop(0), []),
            (drop(1), [moved((1, 0), (0, 0))]),
        ],
    ),
    "45 MATCH (n) matches nodes only": (
        "MATCH (n) RETURN count(*) AS c",
        [([], [add(0)]), ([put("a", "A"), put("b", "B"), edge("r", "a", "b")], [moved((0,), (2,))])],
    ),
    "46 a relation stands once in a pattern": (
        "MATCH (a)-[:R]-(b)-[:R]-(c) RETURN a.x AS a, c.x AS c",
        [
            ([put("a", "A", x=1), put("b", "B", x=2), put("c", "B", x=3), edge("r", "a", "b")], []),
            (edge("s", "b", "c"), [add(1, 3), add(3, 1)]),
        ],
    ),
    "47 an inline map sees other variables": (
        "MATCH (a:A)-[r:R {x: a.x}]->(b:B {x: r.x}) RETURN b.x AS x",
        [
            ([put("a", "A", x=1), put("b", "B", x=1), edge("r", "a", "b", x=1)], [add(1)]),
            (update("a", x=2), [gone(1)]),
        ],
    ),
    "55 collect() takes elements, dates and durations, and has one order": (
        "MATCH (n:A) WITH collect(n) + collect(date({year: n.x})) + collect(duration({days: n.x})) AS l RETURN size(l) AS n, toString(l[2]) AS d, toString(l[5]) AS p, [e IN l[..2] | e.x] AS order",
        [
            ([], [add(0, None, None, [])]),
            ([put("a", "A", x=1), put("b", "A", x=2)], [moved((0, None, None, []), (6, "0001-01-01", "P2D", [1, 2]))]),
            (update("a", x=3), [moved((6, "0001-01-01", "P2D", [1, 2]), (6, "0003-01-01", "P2D", [3, 2]))]),
        ],
    ),
    "56 a sum is exact, of integers an integer": (
        "MATCH (n:A) RETURN sum(n.x) AS s",
        [
            ([], [add(0)]),
            ([put(i, "A", x=0.1) for i in range(10)], [moved((0,), (1.0,))]),
            (put("big", "A", x=1e300), [moved((1.0,), (1e300,))]),
            (drop("big"), [moved((1e300,), (1.0,))]),
            ([drop(i) for i in range(10)], [moved((1.0,), (0,))]),
        ],
    ),
    "57 1 and 1.0 are one group": (
        "MATCH (n:A) RETURN n.x AS x, count(*) AS c",
        [(put("a", "A", x=1.0), [add(1.0, 1)]), (put("b", "A", x=1), [moved((1.0, 1), (1, 2))])],
    ),
    "57 1 and 1.0 are one when distinct": (
        "MATCH (n:A) RETURN count(DISTINCT n.x) AS c",
        [([], [add(0)]), (put("a", "A", x=1.0), [moved((0,), (1,))]), (put("b", "A", x=1), [])],
    ),
    "58 a row that comes into a group shows the group before": (
        "MATCH (n:A) WHERE n.x > 5 RETURN count(n) AS c",
        [
            ([], [add(0)]), (put("a", "A", x=9), [moved((0,), (1,))]), (put("b", "A", x=1), []),
            (update("b", x=6), [moved((1,), (2,))]),
        ],
    ),
    "59 what changes nothing says nothing": (
        "MATCH (n:A) RETURN max(n.x) AS m",
        [([], [add(None)]), (put("a", "A", x=9), [moved((None,), (9,))]), (put("b", "A", x=1), []),
         ([put("c", "A", x=10), drop("c")], [])],
    ),
    "60 the order is DELETE, UPDATE, ADD, each by key": (
        "MATCH (n:A) RETURN n.x AS x",
        [
            ([put(i, "A", x=i) for i in (3, 1, 2)], [add(1), add(2), add(3)]),
            ([put(5, "A", x=5), put(4, "A", x=4), update(2, x=20), drop(3), drop(1)],
             [gone(1), gone(3), moved((2,), (20,)), add(4), add(5)]),
        ],
    ),
    "61 null joins nothing, 1 joins 1.0, a pair is there once": (
        "MATCH (a:A)-[:J]-(b:B) RETURN a.x AS x, b.y AS y",
        [
            ([put("a", "A"), put("b", "B")], []),
            ([put("a", "A", x=1), put("b", "B", y=1.0), put("c", "B", y="1")], [add(1, 1.0)]),
            (update("b", y=None), [gone(1, 1.0)]),
        ],
        {"joins": J},
    ),
    "61 equal keys of one label join, not a node with itself": (
        "MATCH (a:A)-[:J]->(b:A) RETURN a.n AS a, b.n AS b",
        [([put(i, "A", x=1, n=i) for i in (1, 2)], [add(1, 2), add(2, 1)]), (drop(2), [gone(1, 2), gone(2, 1)])],
        {"joins": SELF},
    ),
    "72 what no pattern asks for says nothing": (
        "MATCH (n:A) RETURN n.x AS x",
        [(put("b", "B", x=1), []), (put("a", "A", x=1), [add(1)]), (update("b", x=2), []), (update("a", y=1), [])],
    ),
    "77 versions grow in a projection": (
        "MATCH (n:A) RETURN size(drasi.getVersionsByTimeRange(n, 0, 100000)) AS n",
        [(put("a", "A", x=1), [add(1)]), (5, []), (update("a", x=2), [moved((1,), (2,))]), (5, []),
         (update("a", x=3), [moved((2,), (3,))])],
    ),
}  # fmt: skip
