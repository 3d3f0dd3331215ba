"""What of a query would mean something else in Drasi: a row for every rule."""

from __future__ import annotations

from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.runtime.configuration.blueprint import QueryPart
from drasi_nb.runtime.configuration.lint.report import lint
from drasi_nb.runtime.configuration.lint.rules import RULES
from drasi_nb.runtime.query import QueryDefinition

C = "count(n) AS c"
OWNS = {
    "id": "OWNS",
    "keys": [{"label": "A", "property": "x"}, {"label": "B", "property": "y"}],
}
SELF = {
    "id": "BOSS",
    "keys": [{"label": "A", "property": "boss"}, {"label": "A", "property": "name"}],
}
SAME = {
    "id": "PEER",
    "keys": [{"label": "A", "property": "x"}, {"label": "A", "property": "x"}],
}


def codes(text: str, language: str = "cypher", **options: Any) -> list[str]:
    definition = QueryDefinition(text, ("s",), language, **options)
    return [finding.code for finding in lint(QueryPart("q", definition))]


def where(condition: str) -> str:
    return f"MATCH (n:A), (n)-[:R]->(m:B) WHERE {condition} RETURN n"


def value(expression: str) -> str:
    return f"MATCH (n:A) RETURN {expression} AS v"


# (the text, all that is found in it)
CYPHER: list[tuple[str, str]] = [
    # -- text
    ("MATCH (n:A)\r\nRETURN n", "carriage-return"),
    ("MATCH (n:A) /* all */ RETURN n", "block-comment"),
    ("MATCH (n:A) // no /* comment\nRETURN n", ""),
    ("MATCH (n:A {x: '/* text */'}) RETURN n", ""),
    ("MATCH (n:A) RETURN n;", "semicolon"),
    ("Match (n:A) Return n", "keyword-case keyword-case"),
    ("MATCH (n:Match) RETURN n.End AS Where", ""),
    ("match (n:A) return n", ""),
    (where('n.x = "a"'), "double-quotes"),
    (where(r"n.x = 'it\'s'"), "string-escape"),
    (where("n.x < 1e3"), "exponent"),
    (where("n.x < .5"), "leading-dot"),
    (where("n.x < 0x1F"), "integer-base"),
    ("MATCH (_n:A) RETURN _n", "identifier identifier"),
    ("MATCH (`_n`:A) RETURN `_n`", ""),
    ("MATCH (größe:A) RETURN größe AS g", "identifier identifier"),
    ("MATCH (note:A) RETURN note.v AS v", "keyword-prefix"),
    ("MATCH (caseid:A) RETURN caseid.nullable AS isx", ""),
    (where("n.x = '${HOME}'"), "interpolation"),
    # -- clauses
    ("MATCH (n:A) RETURN n ORDER BY n.x", "order-by"),
    ("MATCH (n:A) RETURN n SKIP 1", "skip"),
    ("MATCH (n:A) RETURN n LIMIT 1", "limit"),
    ("MATCH (n:A) RETURN DISTINCT n", "distinct"),
    ("MATCH (n:A) RETURN *", "star"),
    ("MATCH (n:A) WITH * RETURN n", "star"),
    ("MATCH (n:A) UNWIND n.list AS x RETURN x", "unwind"),
    ("MATCH (n:A) RETURN n UNION MATCH (n:B) RETURN n", "union"),
    ("MATCH (n:A) CALL { MATCH (m:B) RETURN m } RETURN n, m", "call"),
    ("MATCH (n:A) WITH n MATCH (n)-[:R]->(m:B) RETURN m", "match-after-with"),
    (
        "MATCH (n:A) WHERE n.x > 1 MATCH (n)-[:R]->(m:B) RETURN m",
        "where-between-matches",
    ),
    ("MATCH (n:A) MATCH (n)-[:R]->(m:B) WHERE n.x > 1 RETURN m", ""),
    ("MATCH (n:A) OPTIONAL MATCH (n)-[:R]->(m:B) RETURN m", "optional-match"),
    (
        "MATCH (n:A) OPTIONAL MATCH (n)-[:R]->(m:B) WHERE m.x > 1 RETURN m",
        "optional-match optional-where",
    ),
    ("RETURN 1 AS one", "no-match"),
    ("MATCH (n:A) RETURN n.x", "column-name"),
    ("MATCH (n:A) RETURN n.x + 1", "column-name"),
    (f"MATCH (n:A) WITH toUpper(n.g) AS g, {C} WHERE c > 1 RETURN g, c", ""),
    (f"MATCH (n:A) RETURN toUpper(n.g) AS g, {C}", "emptied-group"),
    (f"MATCH (n:A) RETURN {C}", "global-aggregate"),
    (f"MATCH (n:A) RETURN n.g AS g, {C}", "group-key emptied-group"),
    (f"MATCH (n:A) RETURN n, {C}", "emptied-group"),
    # -- patterns
    ("MATCH (n:A)-[:R*1..3]->(m:B) RETURN m", "variable-length"),
    ("MATCH p = (n:A)-[:R]->(m:B) RETURN p", "path-variable"),
    (
        "MATCH p = shortestPath((n:A)-[:R*..3]->(m:B)) RETURN p",
        "path-variable shortest-path variable-length",
    ),
    ("MATCH (n:A), (m:B) RETURN n, m", "disconnected-patterns"),
    ("MATCH (n:A) MATCH (m:B) RETURN n, m", "disconnected-patterns"),
    ("MATCH (n:A)-[:R]->(m:B), (m)-[:S]->(k:C) RETURN n, k", ""),
    ("MATCH (n:A)-[:R]->(m:B)-[:S]->(n) RETURN n", "cyclic-pattern"),
    ("MATCH (n:A)-[:R]->(m:B), (n)-[:S]->(m) RETURN n", "cyclic-pattern"),
    ("MATCH (n:A)-[:R]->(n) RETURN n", "cyclic-pattern"),
    ("MATCH (n:A)-[:R]->(m:B)-[:R]->(k:C) RETURN k", "same-relation"),
    ("MATCH (n:A)-[]->(m:B)-[:R]->(k:C) RETURN k", "same-relation"),
    ("MATCH (n) RETURN n", "unlabelled-node"),
    ("MATCH (n)-[:R]->(m) RETURN n", ""),
    ("MATCH (n:A), (n:B)-[:R]->(m:C) RETURN m", "later-labels"),
    ("MATCH (n:A)-[:R]->(m:B {x: n.x}) RETURN m", "inline-variable"),
    ("MATCH (n:A WHERE n.x > 1) RETURN n", ""),
    ("MATCH (n:A:B) RETURN n", "label-form"),
    ("MATCH (n:A&B) RETURN n", "label-form"),
    ("MATCH (n:!A) RETURN n", "label-form"),
    ("MATCH (n:A|B) RETURN n", ""),
    ("MATCH (n : A) RETURN n", "label-spaces"),
    ("MATCH (n:A)-[ r: R ]->(m:B) RETURN m", "label-spaces"),
    ("MATCH (n:A)-->(m:B) RETURN m", "arrow-form"),
    ("MATCH (n:A)--(m:B) RETURN m", "arrow-form"),
    ("MATCH (n:A)<-[:R]->(m:B) RETURN m", "arrow-form"),
    ("MATCH (n:A)-[:R]-(m:B) RETURN m", ""),
    # -- operators
    (where("n.x > 1 OR n.y > 1 AND n.z > 1"), "mixed-and-or"),
    (where("n.x > 1 OR (n.y > 1 AND n.z > 1)"), ""),
    (where("(n.x > 1 OR n.y > 1) AND n.z > 1"), ""),
    (where("n.x > 1 AND n.y > 1 OR n.z > 1"), ""),
    (where("n.x > 1 AND (n.x > 2 OR n.y > 1) AND n.z > 1"), ""),
    (where("n.x > 1 OR CASE WHEN true THEN true END AND n.z > 1"), "mixed-and-or"),
    ("MATCH (n:A) WHERE n.a OR n.b WITH n WHERE n.x > 1 AND n.y > 1 RETURN n", ""),
    (value("[n.a OR n.b, n.c AND n.d]"), "null-value null-value"),
    (value("2.0 * n.x % 4"), "mixed-products"),
    (value("n.x % 4 * 2.0"), ""),
    (value("2.0 * (n.x % 4)"), ""),
    (value("n.x % 2 ^ 2"), "mixed-products modulo-zero"),
    (where("n.a XOR n.b"), "xor"),
    (where("n.x =~ 'a.*'"), "regular-expression"),
    (value("-n.x"), "unary-sign"),
    (value("-3"), ""),
    (value("7 / 2"), "integer-division"),
    (value("n.x / 2"), "integer-division"),
    (value("n.x / 2.0"), ""),
    (value("size([1]) / 2"), "byte-length integer-division"),
    (value("n.x % n.y"), "modulo-zero"),
    (value("n.x % 5"), ""),
    (
        "MATCH (n:A) RETURN sum(n.x) / count(n) AS mean",
        "aggregate-divisor float-result global-aggregate integer-division",
    ),
    (where("n.x = null"), "null-comparison"),
    (where("n.x <> null"), "null-comparison"),
    (where("n.x IS NOT NULL"), ""),
    ("MATCH (n:A {x: null}) RETURN n", "null-comparison"),
    (where("n.x = m.x"), "null-equality"),
    (where("n = m"), "element-equality"),
    (where("n.x <> 'a'"), "unequal"),
    (where("n.x = 1"), "number-equality"),
    (where("1 = 1.0"), "number-equality"),
    ("MATCH (n:A {x: 1}) RETURN n", "number-equality"),
    ("MATCH (n:A {x: 'a'}) RETURN n", ""),
    (where("n.x < 'a'"), "string-order"),
    (where("n.x < m.x"), "string-order"),
    (where("n.x < 5"), ""),
    (where("NOT n.x"), "not-null"),
    (where("NOT n.x > 5"), "not-null"),
    (where("NOT n.x IS NULL"), ""),
    (where("n.x IN ['a', null]"), "null-in-list"),
    (where("n.x IN ['a', 'b']"), "null-in-list"),
    (where("1 IN [1, 2]"), ""),
    (value("n.x > 5"), "null-value"),
    (value("1 > 5 AND n.x IS NULL"), ""),
    (value("n.a AND n.b"), "null-value"),
    (value("CASE WHEN n.a AND n.b THEN 1 END"), ""),
    (value("coalesce(n.x > 5, false)"), "null-value"),
    (value("[x IN n.l | x]"), "null-list"),
    (value("[x IN coalesce(n.l, []) WHERE x > 1 | x]"), ""),
    (value("tail([1])"), "empty-tail"),
    (value("toString(n.x)"), "float-text"),
    (value("toString(1)"), ""),
    (value("toInteger(n.x)"), "rounded-down"),
    (value("toInteger('7')"), ""),
    (value("'x' + n.x"), "float-text"),
    (value("'x' + 1"), ""),
    (value("CASE n.x WHEN null THEN 1 ELSE 2 END"), "case-null"),
    (where("1 < n.x < 5"), "comparison-chain"),
    (value("[1] + n.x"), "list-plus"),
    (value("n.l[-2..]"), "slice"),
    (value("n.l[n.i..]"), "slice"),
    (value("n.l[1..2]"), ""),
    (value("n['x']"), "string-index"),
    (value("n.l[0]"), ""),
    (value("{}"), "empty-map"),
    (where("n:B"), "label-predicate"),
    (value("n {.x}"), "map-projection"),
    (where("all(x IN n.l WHERE x > 1)"), "quantifier"),
    (value("reduce(a = 0, x IN n.l | a + abs(x))"), "reduce-call null-list"),
    (value("reduce(a = 0, x IN n.l | a + x)"), "null-list"),
    (value("[(n)-[:R]->(m:B) | m.x]"), "pattern-comprehension"),
    (where("(n)-[:S]->(:C)"), "pattern-predicate"),
    (where("EXISTS { (n)-[:S]->(:C) }"), "subquery"),
    (where("COUNT { (n)-[:S]->(:C) } > 1"), "subquery"),
    # -- functions
    ("MATCH (n:A) RETURN count(*) AS c", "count-star global-aggregate"),
    (
        "MATCH (n:A) RETURN count(DISTINCT n.x) AS c",
        "aggregate-distinct global-aggregate",
    ),
    (value("sqrt(n.x)"), "unknown-function"),
    (value("labels(n)"), "unknown-function"),
    (value("drasi.tumbling(datetime(), duration('PT1H'))"), "unknown-function instant months"),
    (value("toupper(n.s)"), "function-case"),
    (value("toUpper(n.s)"), ""),
    (value("drasi.getVersionByTimestamp(n, 5)"), "needs-archive"),
    ("MATCH (n:A) RETURN drasi.last(n.x) AS l", "global-aggregate shared-accumulator"),
    (where("drasi.trueFor(n.x > 1, duration('PT1S'))"), "timers months"),
    (value("size(n.s)"), "byte-length"),
    (value("substring(n.s, 1)"), "string-bounds"),
    ("MATCH (n:A) RETURN sum(n.x) AS s", "float-result global-aggregate"),
    ("MATCH (n:A) RETURN max(n.x) AS s", "global-aggregate least-and-greatest"),
    ("MATCH (n:A) RETURN avg(n.x) AS s", "average global-aggregate"),
    ("MATCH (n:A) RETURN collect(n.x) AS s", "collected global-aggregate"),
    (value("range(3, 1, -1)"), "descending-range"),
    (value("datetime(n.t)"), "instant"),
    (value("date(n.day)"), ""),
]
GQL: list[tuple[str, str]] = [
    ("MATCH (n IS A) RETURN n", "label-word"),
    ("MATCH (n:A) FILTER n.x IS NOT NULL RETURN n", ""),
    ("MATCH (n:A) FILTER WHERE n.x > 1 RETURN n", "filter-where"),
    ("MATCH (n:A) LET y = n.x RETURN y", ""),
    ("MATCH (n:A) WHERE n.x > 1 MATCH (n)-[:R]->(m:B) RETURN m", ""),
    ("MATCH (n:A) FOR x IN n.l RETURN x", "unwind"),
    ("MATCH (n:A) RETURN n ORDER BY n.x OFFSET 2", "order-by skip"),
    ("MATCH ((n:A)-[:R]->(m:B)){1,2} RETURN n", "quantified-path"),
    ("MATCH (n:A) RETURN CAST(n.x AS INTEGER) AS v", ""),
    ("MATCH (n:A) RETURN CAST(n.x AS DATE) AS v", "cast-type"),
    ("MATCH (n:A) RETURN upper(n.s) AS v", ""),
    ("MATCH (n:A) RETURN toUpper(n.s) AS v", "unknown-function"),
    ("MATCH (n:A) RETURN collect_list(n.x) AS v", "global-aggregate unknown-function"),
    ("MATCH (n:A) RETURN zoned_datetime(n.t) AS v", "instant"),
    ("MATCH (n:A) RETURN upper(n.g) AS g, count(n) AS c GROUP BY g", "emptied-group"),
]
JOINS: list[tuple[str, dict[str, Any], str]] = [
    ("MATCH (n:A)-[:OWNS]->(m:B) RETURN m", OWNS, "join-nulls"),
    ("MATCH (n:A)-[:OWNS]-(m:B) RETURN m", OWNS, "join-nulls undirected-join"),
    ("MATCH (n:A)-[:OWNS]->(m) RETURN m", OWNS, "join-labels join-nulls"),
    ("MATCH (n:A)-[:BOSS]->(m:A) RETURN m", SELF, "join-nulls join-direction"),
    (
        "MATCH (n:A)-[:PEER]->(m:A) RETURN m",
        SAME,
        "join-same-key join-nulls join-direction",
    ),
]


@pytest.mark.parametrize(("text", "expected"), CYPHER)
def test_cypher(text: str, expected: str) -> None:
    assert sorted(codes(text)) == sorted(expected.split())


@pytest.mark.parametrize(("text", "expected"), GQL)
def test_gql(text: str, expected: str) -> None:
    assert sorted(codes(text, "gql")) == sorted(expected.split())


@pytest.mark.parametrize(("text", "join", "expected"), JOINS)
def test_joins(text: str, join: dict[str, Any], expected: str) -> None:
    assert sorted(codes(text, joins=(join,))) == sorted(expected.split())


def beside(change: dict[str, Any]) -> dict[str, Any]:
    return change


def report(**options: Any) -> dict[str, list[str]]:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0), config=dnb.RuntimeConfig(lateness_ms=5))
    rt.add_source("s", dnb.PushSource())
    rt.add_query("first", "MATCH (n:A) RETURN n", sources=["s"])
    rt.add_query("Over", "MATCH (n:first) RETURN n", sources=["query:first"])
    rt.add_query("c", "MATCH (n:Query) RETURN n", sources=["__components__"])
    rt.add_query(
        "f", "MATCH (n:A) RETURN n", sources=["s"], middleware=[beside], auto_start=False
    )
    rt.add_reaction("r", ["first"], lambda delta: None)
    rt.add_reaction("named", ["first"], lambda delta: None)
    out: dict[str, list[str]] = {}
    kinds = {"named": {"kind": "log"}}
    for finding in rt.to_config(kinds=kinds, **options).lint:
        out.setdefault(finding.component, []).append(finding.code)
    return out


def test_what_is_beside_the_text() -> None:
    assert report(format="drasi-server") == {
        "": ["runtime-settings"],
        "s": ["source-kind"],
        "r": ["reaction-left-out"],
        "Over": ["query-source"],
        "c": ["components-source"],
        "f": ["python-middleware"],
    }
    platform = report(format="drasi-platform")
    assert platform["Over"] == ["resource-name", "query-source"]
    assert platform["f"] == ["auto-start", "python-middleware"]


def test_every_rule_has_a_row() -> None:
    rows = " ".join(expected for _, expected in [*CYPHER, *GQL])
    rows += " " + " ".join(expected for _, _, expected in JOINS)
    shown = {
        *rows.split(),
        *(code for codes in report(format="drasi-platform").values() for code in codes),
    }
    elsewhere = {
        "parameter",
        "parameter-value",
        "reaction-kind",
        "replay-source",
        "kind-origin",
    }
    assert set(RULES) == shown | elsewhere


def test_places_are_those_of_the_users_own_text() -> None:
    text = "MATCH (n:A)\nWHERE n.x > $least AND n.y <> $text\nRETURN n.z / 2"
    definition = QueryDefinition(text, ("s",), parameters={"least": 1_000_000, "text": "it's"})
    found = [(f.line, f.column, f.code, f.effect) for f in lint(QueryPart("q", definition))]
    assert found == [
        (2, 13, "parameter", "note"),
        (2, 24, "unequal", "may differ"),
        (2, 31, "parameter", "note"),
        (2, 31, "string-escape", "refused"),
        (3, 8, "column-name", "differs"),
        (3, 8, "integer-division", "may differ"),
    ]


def test_certain_and_possible_differences_are_told_apart() -> None:
    effects = {}
    for text in ("7 / 2", "n.x / 2"):
        (finding,) = lint(QueryPart("q", QueryDefinition(value(text), ("s",))))
        effects[text] = finding.effect
    assert effects == {"7 / 2": "differs", "n.x / 2": "may differ"}


def test_a_finding_reads_as_a_sentence_with_a_place() -> None:
    definition = QueryDefinition("MATCH (n:A) RETURN sqrt(n.x) AS v", ("s",))
    (finding,) = lint(QueryPart("q", definition))
    assert str(finding) == "line 1, column 20: the function sqrt() is unknown there"
    (finding,) = lint(QueryPart("q", QueryDefinition("Match (n:A) RETURN n", ("s",))))
    assert finding.hint == "write MATCH"
