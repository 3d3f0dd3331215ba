"""Each GQL query and its Cypher twin give the same rows; what GQL has not is refused."""

from __future__ import annotations

from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.values.ordering import identical

GRAPH: list[dict[str, Any]] = [
    *[
        {"op": "insert", "id": f"r{i}", "labels": ["Room"], "properties": {"n": i, "t": 20.0 + i, "k": "ab"[i % 2]}}
        for i in range(6)
    ],
    *[{"op": "insert", "id": f"f{i}", "labels": ["Floor", "Level"], "properties": {"name": f"F{i}"}} for i in range(2)],
    {"op": "insert", "id": "b", "labels": ["Building"], "properties": {"name": "B"}},
    *[
        {"op": "insert", "id": f"p{i}", "labels": ["IN"], "start_id": f"r{i}", "end_id": f"f{i % 2}", "properties": {"w": i}}
        for i in range(5)
    ],
    *[{"op": "insert", "id": f"q{i}", "labels": ["IN"], "start_id": f"f{i}", "end_id": "b"} for i in range(2)],
]  # fmt: skip

PAIRS = [
    ("MATCH ((a)-[p:IN]->(c)){1,2} (b:Building) RETURN a[0].n AS n, size(p) AS s, c[-1].name AS c",
     "MATCH (a)-[p:IN*1..2]->(b:Building) RETURN a.n AS n, size(p) AS s, b.name AS c"),
    ("MATCH (r:Room) ((a)-[:IN]->(f:Floor)-[:IN]->(t)){1,1} (e) RETURN r.n AS n, f[0].name AS f, e.name AS e",
     "MATCH (r:Room)-[:IN]->(f:Floor)-[:IN]->(e) RETURN r.n AS n, f.name AS f, e.name AS e"),
    ("MATCH (r:Room) ((a)-[p:IN]->(c) WHERE p.w IS NULL OR a.n > 1){0,2} (e) RETURN r.n AS n, size(p) AS s, coalesce(e.name, e.n) AS e",
     "MATCH (r:Room) WITH r, r AS e, 0 AS s RETURN r.n AS n, s, coalesce(e.name, e.n) AS e UNION ALL MATCH (r:Room)-[p:IN*1..2]->(e) WHERE r.n > 1 RETURN r.n AS n, size(p) AS s, coalesce(e.name, e.n) AS e"),
    ("MATCH p = ((a:Room WHERE a.n = 2)-[:IN]->(c)){1} RETURN length(p) AS l, nodes(p)[1].name AS c",
     "MATCH p = (a:Room {n: 2})-[:IN]->(c) RETURN length(p) AS l, c.name AS c"),
    ("MATCH (f:Floor) OPTIONAL MATCH (f) ((x)<-[:IN]-(y)-[:IN]->(z)){2} (e) RETURN f.name AS f, e.name AS e",
     "MATCH (f:Floor) OPTIONAL MATCH (f)<-[:IN]-(y)-[:IN]->(z)<-[:IN]-(y2)-[:IN]->(e) RETURN f.name AS f, e.name AS e"),
    ("MATCH (f:Floor) FILTER EXISTS { (f) ((x)<-[:IN]-(y)){1,2} (e {n: 2}) } RETURN f.name AS f",
     "MATCH (f:Floor) WHERE EXISTS { (f)<-[:IN*1..2]-(e {n: 2}) } RETURN f.name AS f"),
    ("MATCH (r:Room) RETURN r.n AS n", "MATCH (r:Room) RETURN r.n AS n"),
    ("MATCH (r IS Room) WHERE r.t > 22 RETURN r.n AS n", "MATCH (r:Room) WHERE r.t > 22 RETURN r.n AS n"),
    ("MATCH (IS Room)-[p IS IN]->(f IS Floor|Building) RETURN p.w AS w, f.name AS f",
     "MATCH (:Room)-[p:IN]->(f:Floor|Building) RETURN p.w AS w, f.name AS f"),
    ("MATCH (x) FILTER x IS Room RETURN x.n AS n", "MATCH (x) WHERE x:Room RETURN x.n AS n"),
    ("MATCH (x) FILTER x IS NOT Room RETURN x.name AS n", "MATCH (x) WHERE NOT x:Room RETURN x.name AS n"),
    ("MATCH (x) FILTER x.n IS NULL RETURN x.name AS n", "MATCH (x) WHERE x.n IS NULL RETURN x.name AS n"),
    ("MATCH (r:Room) LET f = r.t * 2, g = r.n FILTER WHERE f > 44 RETURN g, f",
     "MATCH (r:Room) WITH *, r.t * 2 AS f, r.n AS g WHERE f > 44 RETURN g, f"),
    ("MATCH (r:Room)-[p:IN]->(f:Floor) LET w = p.w FILTER w > 1 RETURN p.w AS w, f.name AS f",
     "MATCH (r:Room)-[p:IN]->(f:Floor) WHERE p.w > 1 RETURN p.w AS w, f.name AS f"),
    ("MATCH (r:Room)-[:IN]->(f:Floor) RETURN f.name AS f, avg(r.t) AS t GROUP BY f",
     "MATCH (r:Room)-[:IN]->(f:Floor) RETURN f.name AS f, avg(r.t) AS t"),
    ("MATCH (r:Room) RETURN count(*) AS n GROUP BY r.k", "MATCH (r:Room) WITH r.k AS k, count(*) AS n RETURN n"),
    ("MATCH (r:Room) RETURN count(*) AS n, sum(r.t) AS s GROUP BY ()", "MATCH (r:Room) RETURN count(*) AS n, sum(r.t) AS s"),
    ("MATCH (r:Room) RETURN r.k AS k GROUP BY k", "MATCH (r:Room) RETURN DISTINCT r.k AS k"),
    ("MATCH (r:Room)-[:IN]->(f:Floor) RETURN f.name AS f, max(r.t) AS t NEXT FILTER t > 23 RETURN f",
     "MATCH (r:Room)-[:IN]->(f:Floor) WITH f.name AS f, max(r.t) AS t WHERE t > 23 RETURN f"),
    ("MATCH (r:Room) RETURN r.k AS k, r.t AS t NEXT YIELD t RETURN sum(t) AS s",
     "MATCH (r:Room) RETURN sum(r.t) AS s"),
    ("MATCH (r:Room) RETURN r AS r NEXT MATCH (r)-[:IN]->(f) RETURN f.name AS f, r.n AS n",
     "MATCH (r:Room) WITH r MATCH (r)-[:IN]->(f) RETURN f.name AS f, r.n AS n"),
    ("MATCH (r:Room) OPTIONAL MATCH (r)-[:IN]->(f) RETURN r.n AS n, f.name AS f",
     "MATCH (r:Room) OPTIONAL MATCH (r)-[:IN]->(f) RETURN r.n AS n, f.name AS f"),
    ("MATCH (r:Room) RETURN r.n AS n ORDER BY n DESC OFFSET 1 LIMIT 2",
     "MATCH (r:Room) RETURN r.n AS n ORDER BY n DESC SKIP 1 LIMIT 2"),
    ("MATCH (r:Room) ORDER BY r.t DESC LIMIT 2 RETURN r.n AS n", "MATCH (r:Room) WITH r ORDER BY r.t DESC LIMIT 2 RETURN r.n AS n"),
    ("MATCH (r:Room)-[:IN]->{1,2}(x) RETURN r.n AS n, x.name AS x", "MATCH (r:Room)-[:IN*1..2]->(x) RETURN r.n AS n, x.name AS x"),
    ("MATCH (r:Room)-[:IN]->{2}(x) RETURN r.n AS n", "MATCH (r:Room)-[:IN*2]->(x) RETURN r.n AS n"),
    ("MATCH (r:Room)-[:IN]->{,1}(x) RETURN r.n AS n", "MATCH (r:Room)-[:IN*0..1]->(x) RETURN r.n AS n"),
    ("MATCH (r:Room)-[:IN]->+(x) RETURN r.n AS n", "MATCH (r:Room)-[:IN*]->(x) RETURN r.n AS n"),
    ("MATCH (r:Room) RETURN CAST(r.n AS STRING) AS s, CAST('7' AS INT) AS i, CAST(r.n AS FLOAT) AS f",
     "MATCH (r:Room) RETURN toString(r.n) AS s, toInteger('7') AS i, toFloat(r.n) AS f"),
    ("MATCH (r:Room) WHERE EXISTS { MATCH (r)-[:IN]->(:Floor) } RETURN char_length(r.k) AS n, element_id(r) AS i",
     "MATCH (r:Room) WHERE EXISTS { MATCH (r)-[:IN]->(:Floor) } RETURN size(r.k) AS n, elementId(r) AS i"),
    ("FOR x IN [3, 1, 2] RETURN x ORDER BY x", "UNWIND [3, 1, 2] AS x RETURN x ORDER BY x"),
    ("MATCH (r:Room) RETURN r.k AS v UNION MATCH (f:Floor) RETURN f.name AS v",
     "MATCH (r:Room) RETURN r.k AS v UNION MATCH (f:Floor) RETURN f.name AS v"),
    ("MATCH (f:Floor) CALL (f) { MATCH (f)<-[:IN]-(r) RETURN count(*) AS n } RETURN f.name AS f, n",
     "MATCH (f:Floor) CALL (f) { MATCH (f)<-[:IN]-(r) RETURN count(*) AS n } RETURN f.name AS f, n"),
    ("MATCH (r:Room) RETURN DISTINCT r.k AS k", "MATCH (r:Room) RETURN DISTINCT r.k AS k"),
    ("MATCH (r:Room) RETURN stddev_pop(r.t) AS d, percentile_cont(r.t, 0.5) AS m, collect_list(r.n) AS l",
     "MATCH (r:Room) RETURN stDevP(r.t) AS d, percentileCont(r.t, 0.5) AS m, collect(r.n) AS l"),
]  # fmt: skip


@pytest.mark.parametrize(("gql", "cypher"), PAIRS)
def test_twins_have_the_same_rows(gql: str, cypher: str) -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        ours = rt.add_query("gql", gql, sources=["s"], language="gql")
        theirs = rt.add_query("cypher", cypher, sources=["s"])
        for change in [
            *GRAPH,
            {"op": "delete", "id": "r3"},
            GRAPH[3],
            {"op": "delete", "id": "p1"},
        ]:
            source.push(change)
            rt.flush()
        assert ours.columns == theirs.columns and len(ours) > 0
        a, b = ([list(row.values()) for row in q.rows()] for q in (ours, theirs))
        if "ORDER BY" not in cypher:
            a, b = sorted(a, key=repr), sorted(b, key=repr)
        assert identical(a, b)


WRONG = {
    "MATCH (r:Room) WITH r RETURN r": ("syntax", 16),
    "MATCH (r:Room) UNWIND [1] AS x RETURN x": ("syntax", 16),
    "MATCH (r:Room) RETURN r.k AS k, count(*) AS n GROUP BY r.n": ("not-grouped", 23),
    "MATCH (r:Room) RETURN r.k GROUP BY count(*)": ("not-grouped", 23),
    "MATCH (r:Room) RETURN CAST(r.n AS BLOB) AS x": ("unknown-type", 35),
    "MATCH (r:Room) RETURN r.k NEXT RETURN 1 AS x": ("missing-alias", 23),
    "MATCH (r:Room) LET r = 1 RETURN r": ("column-clash", 20),
    "MATCH (r:Room) FILTER t > 1 RETURN r": ("undefined-variable", 23),
    "MATCH (r)-[:IN]->{1;2}(x) RETURN r": ("syntax", 20),
    "MATCH ((a)-[:IN]->(b)-[:IN]->(c))+ RETURN a": ("unbounded-path", 7),
    "MATCH ((a)-[:IN]->(b)){3,2} RETURN a": ("invalid-length", 7),
    "MATCH ((a)-[:IN]->(b)){1,200} RETURN a": ("too-many-patterns", 1),
    "MATCH ((a)-[:IN]->(b)) RETURN a": ("syntax", 24),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_gql_has_not_is_refused_by_place(text: str) -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        with pytest.raises(dnb.QueryError) as caught:
            rt.add_query("q", text, sources=["s"], language="gql")
        assert (caught.value.code, caught.value.column) == WRONG[text], str(caught.value)


def test_an_unknown_language_is_refused() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        with pytest.raises(dnb.ComponentError, match="no language 'sql'"):
            rt.add_query("q", "RETURN 1 AS x", sources=["s"], language="sql")
