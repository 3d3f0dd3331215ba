"""Print and parse are each other's inverse, whatever the query."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from histories import query
from hypothesis import given, settings
from hypothesis import strategies as st
from timed_histories import timed_query
from wide import wide_query

from drasi_nb.errors import QueryError
from drasi_nb.language import ast
from drasi_nb.language.dialects import CYPHER, GQL, Dialect
from drasi_nb.language.parser import parse
from drasi_nb.language.printer import to_text
from tests.language.test_gql import PAIRS
from tests.tck.test_conformance import SUITE


def without_aliases(part: Any) -> Any:
    """Return a tree in which a column's name is all that is known of it."""
    if isinstance(part, tuple):
        return tuple(map(without_aliases, part))
    if not is_dataclass(part):
        return part
    values = {f.name: without_aliases(getattr(part, f.name)) for f in fields(part)}
    if isinstance(part, ast.Item):
        values["alias"] = None
    return replace(part, **values)  # type: ignore[type-var]


def check(text: str, dialect: Dialect = CYPHER) -> None:
    tree = parse(text, dialect)
    printed = to_text(tree, dialect)
    again = parse(printed, dialect)
    assert without_aliases(again) == without_aliases(tree), printed
    assert to_text(again, dialect) == printed


HARD = [
    "RETURN -(1) AS a, - -1 AS b, -1.5e-7 AS c, 1e300 AS d, -0.0 AS e, 2 ^ -1 ^ 3 AS f, (-1).x AS g",
    "RETURN (1 + 2) * 3 - (4 - 5) % 6 AS a, 1 - (2 - 3) AS b, -x.y AS c, -(x + 1) AS d, +x AS e",
    "RETURN NOT (a AND NOT b) OR c XOR (d OR e) AS x, (a OR b) AND c AS y, NOT NOT a AS z",
    "RETURN a < b <= c <> d AS x, (a < b) = c AS y, a = (b IS NULL) AS z, (a = b) IS NULL AS w",
    "RETURN a IN b IN c AS x, a IN (b IN c) AS y, [(x IN y)] AS z, [x IN y, 1] AS w, [`x` IN y] AS v",
    "RETURN 'it\\'s \\\\ \\n \\t \\u00e9 `' AS a, \"q'q\" AS b",
    "RETURN `a b`.`c``d` AS `e f`, $p AS q, $`a b` AS r, `return` AS s, x.in AS t, {`a-b`: 1, in: 2} AS u",
    "MATCH (n:A:B|C&!D {x: 1, y: $p} WHERE n.x > 1)<-[r:R|S*1..3 {k: 2}]-(:%)--(m)-[*]->()-[:T*2]-({z: 1}) RETURN *",
    "MATCH p = shortestPath((a)-[*..5]->(b)), q = allShortestPaths((a)-[:R*]-(b)) RETURN p, q",
    "MATCH (n) WHERE n:A|B AND (n)-->(:X) AND NOT exists((n)--()) AND exists(n.x) RETURN n",
    "RETURN [x IN l WHERE x:A | x.y] AS a, [x IN l | x] AS b, [x IN l] AS c, [x IN l WHERE (x:A|B)] AS d",
    "MATCH (a) RETURN [p = (a)-->(b:B) WHERE (b:C) | length(p)] AS a, [(a)--(b) | b] AS b",
    "RETURN any(x IN l WHERE x > 1) AS a, reduce(s = 0, x IN [y IN l WHERE (y:A)] | s + x) AS b",
    "RETURN CASE WHEN a THEN 1 ELSE 2 END AS a, CASE a + 1 WHEN 2 THEN 'x' WHEN 3 THEN 'y' END AS b",
    "RETURN l[0][-1] AS a, l[1..] AS b, l[..2] AS c, l[1..2].x AS d, (a + b)[0] AS e, {k: 1}.k AS f, 'a'[0] AS g",
    "MATCH (n) RETURN n {.*, .x, y: 1, n} AS m, count(*) AS c, count(DISTINCT n.x) AS d, datetime.truncate('day', x) AS e",
    "MATCH (n) WITH DISTINCT n.x+1 AS x, n ORDER BY x DESC, n.y SKIP 1 LIMIT 2 WHERE x > 1 RETURN x*2, n.y",
    "CALL { MATCH (n) RETURN n.x AS x UNION ALL RETURN 1 AS x } CALL (x) { RETURN x AS y } CALL (*) { RETURN 1 AS z } RETURN x, y, z",
    "MATCH (n) WHERE EXISTS { MATCH (n)-->(m) WHERE m.x = n.x } AND COUNT { (n)--() } > 1 RETURN COLLECT { MATCH (n)--(m) RETURN m.x } AS l",
    "UNWIND [1, [2]] AS x OPTIONAL MATCH (n {x: x}) RETURN n UNION RETURN 1 AS n",
    "MATCH (n) RETURN (n.x = 1) = (n.y = 2) AS a, (n:A) = true AS b, (n:A) IS NULL AS c, -(n.x) AS d, (n.l)[0] AS e",
]  # fmt: skip


@pytest.mark.parametrize("text", HARD)
def test_what_is_hard_to_print(text: str) -> None:
    check(text)


@pytest.mark.parametrize("gql", [gql for gql, _ in PAIRS])
def test_gql(gql: str) -> None:
    check(gql, GQL)


@pytest.mark.parametrize("cypher", [cypher for _, cypher in PAIRS])
def test_cypher(cypher: str) -> None:
    check(cypher)


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**40))
def test_random_queries(seed: int) -> None:
    rng = random.Random(seed)
    check(rng.choice((query, wide_query, timed_query))(rng))


def test_every_query_of_the_conformance_suite() -> None:
    if not SUITE.is_dir():
        pytest.skip("the suite does not lie beside the project")
    count = 0
    for file in sorted(SUITE.rglob("*.feature")):
        for block in file.read_text().split('"""')[1::2]:
            try:
                parse(block)
            except QueryError:
                continue
            check(block)
            count += 1
    assert count > 500


def test_the_text_is_canonical() -> None:
    text = "match (a)-[:`R`]->(b) where ((a.x)>1) and b.`y z`='q' return a.x+1, (b) as b;"
    assert to_text(parse(text)).splitlines() == [
        "MATCH (a)-[:R]->(b) WHERE a.x > 1 AND b.`y z` = 'q'",
        "RETURN a.x + 1 AS `a.x+1`, b AS b",
    ]
