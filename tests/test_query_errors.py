"""Every wrong text is answered by code, line, column and a way out; nothing else is raised."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drasi_nb as dnb
from drasi_nb.language.parser import parse


def refuse(text: str) -> dnb.QueryError:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        with pytest.raises(dnb.QueryError) as caught:
            rt.add_query("q", text, sources=["s"], parameters={"limit": 3})
        assert not rt.queries, "a wrong query leaves nothing behind"
    return caught.value


WRONG = [
    ("", "unexpected-end", 1, 1, None),
    ("MATCH (r:Room] RETURN r", "syntax", 1, 14, "round brackets"),
    ("MATCH (r:Room RETURN r", "syntax", 1, 15, None),
    ("MATCH (r)\nRETRUN r", "syntax", 2, 1, "did you mean RETURN"),
    ("MATCH (r) RETURN r.x +", "unexpected-end", 1, 23, None),
    ("MATCH (r) RETURN 'abc", "unterminated-string", 1, 18, None),
    ("MATCH (r) RETURN '\\q'", "invalid-escape", 1, 19, "backslash"),
    ("MATCH (r) RETURN 9223372036854775808", "integer-overflow", 1, 18, "FLOAT"),
    ("MATCH (r) RETURN 1e999", "float-overflow", 1, 18, None),
    ("MATCH (r) RETURN 12abc", "invalid-number", 1, 18, None),
    ("MATCH (r) RETURN r.x != 1", "syntax", 1, 22, "<>"),
    ("MATCH (r) SET r.x = 1 RETURN r", "write-clause", 1, 11, "only read"),
    ("CREATE (n) RETURN n", "write-clause", 1, 1, "only read"),
    ("CALL db.labels() YIELD label RETURN label", "procedure-call", 1, 6, "subquery"),
    ("MATCH (room) RETURN romo.x", "undefined-variable", 1, 21, "'room'"),
    ("MATCH (r) RETURN cuont(r)", "unknown-function", 1, 18, None),
    ("MATCH (r) RETURN toUper(r.x)", "unknown-function", 1, 18, "toUpper"),
    ("MATCH (r) RETURN toUpper(r.x, 1)", "wrong-arity", 1, 18, None),
    ("MATCH (r) WHERE count(r) > 1 RETURN r", "invalid-aggregation", 1, 17, "WITH"),
    ("MATCH (r) RETURN sum(count(r))", "invalid-aggregation", 1, 22, None),
    ("MATCH (r) WITH r.x RETURN 1", "missing-alias", 1, 16, "AS"),
    ("MATCH (r) RETURN r.x AS a, r.y AS a", "column-clash", 1, 28, "AS"),
    ("MATCH (r) RETURN $limti", "unbound-parameter", 1, 18, "$limit"),
    ("MATCH (r)-[r]->(b) RETURN b", "type-clash", 1, 10, None),
    ("MATCH (a)-[r]->(b)-[r]->(c) RETURN a", "relation-reused", 1, 19, None),
    ("MATCH () RETURN *", "no-variables-in-scope", 1, 10, None),
    ("MATCH (r) WHERE 5 RETURN r", "type", 1, 17, None),
    ("MATCH (r) RETURN (5).x", "type", 1, 19, None),
    ("MATCH (a)-[*99999999999999999999]->(b) RETURN a", "integer-overflow", 1, 13, None),
    ("MATCH (n) RETURN drasi.slidingWindow(5, sum())", "wrong-arity", 1, 41, None),
    ("RETURN COLLECT { MATCH (r) RETURN datetime() } AS x", "timed-in-subquery", 1, 35, "WITH"),
    ("MATCH (r) RETURN [x IN r.l | drasi.trueFor(x > 1, 5)] AS x", "timed-in-list", 1, 30, "unwind"),
    ("MATCH (r) RETURN drasi.trueFor(count(r) > 1, 5) AS x", "invalid-aggregation", 1, 32, None),
    ("MATCH (r) RETURN drasi.trueFor(true) AS x", "wrong-arity", 1, 18, None),
    ("UNWIND [1] AS x RETURN drasi.last(x) AS y", "no-element", 1, 24, None),
    ("MATCH (r) RETURN reduce(a = 0, x IN r.l | CASE WHEN (r)-->({k: a}) THEN 1 ELSE a END) AS y", "pattern-in-reduce", 1, 53, None),
    ("MATCH (r) RETURN r.x + count(*)", "ambiguous-aggregation", 1, 18, None),
    ("MATCH (r) RETURN r.x + r.y AS g, r.x + r.y + count(*) AS n", "ambiguous-aggregation", 1, 34, None),
    ("MATCH (r {x: 1} RETURN r", "syntax", 1, 17, None),
    ("MATCH (r)", "missing-return", 1, 1, "RETURN"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "column", "hint"), WRONG)
def test_code_place_and_hint(
    text: str, code: str, line: int, column: int, hint: str | None
) -> None:
    error = refuse(text)
    assert (error.code, error.line, error.column) == (code, line, column), str(error)
    assert hint is None or hint in (error.hint or ""), error.hint
    assert "^" in str(error) and "Traceback" not in "".join(error._render_traceback_())


WRONG_CLAUSES = {
    "MATCH (a) RETURN a AS x UNION RETURN 1 AS y": "different-columns-in-union",
    "RETURN 1 AS x UNION RETURN 2 AS x UNION ALL RETURN 3 AS x": "invalid-clause-composition",
    "MATCH (a) RETURN a SKIP -1": "negative-integer-argument",
    "MATCH (a) RETURN a LIMIT 1.5": "invalid-argument-type",
    "MATCH (a) RETURN a LIMIT a.x": "non-constant-expression",
    "MATCH (a) UNWIND [1] AS a RETURN a": "already-bound",
    "MATCH (a) CALL { WITH a RETURN a } RETURN a": "already-bound",
    "MATCH (a) CALL { MATCH (a)-->(b) RETURN b AS c } RETURN d": "undefined-variable",
    "MATCH (a) RETURN (a)-->() AS x": "unexpected-syntax",
    "MATCH (a) WHERE (a)-->(b) RETURN a": "undefined-variable",
    "MATCH (a) WITH a.x AS x ORDER BY sum(a.y) RETURN x": "invalid-aggregation",
    "MATCH (a) RETURN DISTINCT a.x AS x ORDER BY a.y": "undefined-variable",
    "MATCH p = (a)-->(b) MATCH p = (b)-->(c) RETURN p": "already-bound",
    "MATCH p = shortestPath((a)-->(b)-->(c)) RETURN p": "invalid-shortest-path",
    "MATCH (a)-[r]->(b) MATCH (a)-[r*]->(c) RETURN c": "type-clash",
}


@pytest.mark.parametrize("text", WRONG_CLAUSES)
def test_a_wrong_clause_is_named(text: str) -> None:
    assert refuse(text).code == WRONG_CLAUSES[text]


READABLE = [
    "MATCH (n:A:B {x: 1})-[r:R|S*1..3]->(m) WHERE n.x = m.x AND NOT (n)--(m) RETURN DISTINCT n, m AS k",
    "MATCH (a)<--(b), p = (c)-[:T]-(d) OPTIONAL MATCH (a)-[q]->() RETURN *, count(*) AS n ORDER BY n DESC, a.x SKIP 1 LIMIT $k",
    "UNWIND range(1, 3) AS x WITH x WHERE x > 1 RETURN [y IN [x] WHERE y < 3 | y * 2][0..1] AS l",
    "MATCH (a) CALL (a) { MATCH (a)-->(b) RETURN b } RETURN a {.x, .*, b, k: 1} AS m",
    "MATCH (a) WHERE all(x IN a.l WHERE x > 0) AND EXISTS { MATCH (a)-->() } AND COUNT { (a)-->() } > 2 RETURN a",
    "RETURN CASE 1 WHEN 2 THEN 3 ELSE 4 END AS a, CASE WHEN true THEN 1 END AS b, reduce(s = 0, x IN [1] | s + x) AS c",
    "RETURN 1 <= 2 < 3 AND 'a' STARTS WITH 'b' OR 'x' =~ '.*' XOR null IS NOT NULL AS t UNION ALL RETURN false AS t",
    "MATCH (a:!A&(B|%)) WHERE a:C RETURN [(a)-->(b) WHERE b.x = 1 | b.x] AS l, -2 ^ 3 AS p, 0xFF AS h, .5e3 AS f",
    "match (`a b`) where `a b`.`x y` contains \"q\\n\" // comment\n return exists(`a b`.z) /* end */ ;",
]  # fmt: skip


def test_too_many_trails_are_an_error_that_names_the_pattern() -> None:
    config = dnb.RuntimeConfig(most_trails=50)
    with dnb.Runtime(clock=dnb.VirtualClock(0), config=config) as rt:
        source = rt.add_source("s", dnb.PushSource())
        text = "MATCH (a:A)-[:R*]->(b) RETURN count(b) AS n"
        q = rt.add_query("q", text, sources=["s"])
        other = rt.add_query("other", "MATCH (a:A) RETURN a.x AS x", sources=["s"])
        source.push([{"op": "insert", "id": i, "labels": ["A"]} for i in range(9)])
        for i in range(8):
            for j in (0, 1):
                ends = {"start_id": i, "end_id": i + 1}
                source.push({"op": "insert", "id": f"{i}-{j}", "labels": ["R"], **ends})
        with pytest.raises(dnb.ComponentError, match=r"-\[:R\*\]-> has more than 50 trails"):
            rt.flush()
        assert q.status == "Error" and "upper bound" in str(q.error)
        assert other.status == "Running" and len(other) == 9


@pytest.mark.parametrize("text", READABLE)
def test_the_whole_read_grammar_is_read(text: str) -> None:
    assert parse(text).parts


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(READABLE), st.integers(0, 200), st.integers(0, 8), st.text(max_size=4))
def test_any_text_raises_nothing_but_query_errors(
    text: str, at: int, cut: int, put: str
) -> None:
    with contextlib.suppress(dnb.QueryError):
        parse(text[:at] + put + text[at + cut :])


@pytest.mark.parametrize(
    "bracket", ["(", "[", "{", "NOT ", "-", "((a)--(", "[x IN ", "CASE WHEN "]
)
def test_deep_nesting_is_an_error_and_takes_no_time(bracket: str) -> None:
    with pytest.raises(dnb.QueryError):
        parse("RETURN " + bracket * 10_000)
