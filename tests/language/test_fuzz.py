"""Whatever the text: a plan or a QueryError, in about linear work."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest
from fuzzing import almost, check
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drasi_nb.errors import QueryError
from drasi_nb.language.dialects import CYPHER, GQL, Dialect
from drasi_nb.language.parser import parse


@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_almost_queries(seed: int) -> None:
    check(*almost(random.Random(seed)))


@settings(max_examples=500, deadline=None)
@given(st.text(), st.sampled_from((CYPHER, GQL)))
@example("RETURN '\\ud800'", CYPHER)
@example("\ufeffRETURN 1", CYPHER)
def test_any_text(text: str, dialect: Dialect) -> None:
    check(text, dialect)


NESTED = {
    "(": "({}1{})", "[": "[{}1{}]", "{{": "{{a: {}1{}}}", "NOT ": "NOT {}true{}", "-": "- {}1{}",
    "CASE": "CASE WHEN true THEN {}1{} END", "EXISTS": "EXISTS {{ MATCH (n) WHERE {}true{} }}",
    "[x": "[x IN {}[1]{}]", "any": "any(x IN [1] WHERE {}true{})", "call": "size({}[]{})",
    "^": "2 ^ ({}1{})", "!": "n:!({}1{})", "bare": "({}",
}  # fmt: skip


@pytest.mark.parametrize("shape", NESTED.values(), ids=NESTED.keys())
@pytest.mark.parametrize("dialect", [CYPHER, GQL], ids=str)
def test_ten_thousand_levels_are_an_error(shape: str, dialect: Dialect) -> None:
    before, _, after = shape.partition("{}")
    head, tail = before.format(), after.replace("{}", "").format() if after else ""
    text = f"MATCH (n) RETURN {head * 10_000}1{tail.lstrip('1true[]') * 10_000} AS x"
    with pytest.raises(QueryError):
        parse(text, dialect)


LONG = {
    "items": lambda n: "RETURN [" + ", ".join(["x.y + 1"] * n) + "] AS l",
    "conditions": lambda n: "MATCH (n) WHERE " + " AND ".join(["n.x > 1"] * n) + " RETURN n",
    "brackets": lambda n: "RETURN " + " + ".join(["(1 + 2)"] * n) + " AS x",
    "patterns": lambda n: "MATCH " + ", ".join(["(a)-[:R]->(b)"] * n) + " RETURN a",
    "hops": lambda n: "MATCH (a)" + "-->(b)" * n + " RETURN a",
    "predicates": lambda n: "MATCH (a) WHERE " + " OR ".join(["(a)-->({x: 1})"] * n) + " RETURN a",
    "clauses": lambda n: "MATCH (a) " + "WITH a WHERE a.x = 1 " * n + "RETURN a",
    "unions": lambda n: " UNION ".join(["RETURN 1 AS x"] * n),
    "postfix": lambda n: "RETURN a" + ".b[0]" * n + " AS x",
    "text": lambda n: "RETURN '" + "a\\n" * n + "' AS x",
    "not a pattern": lambda n: "RETURN " + "[(" * 20 + "a, " * n,
}  # fmt: skip


@pytest.mark.parametrize("make", LONG.values(), ids=LONG.keys())
def test_work_grows_with_the_text(make: Any) -> None:
    """Ten times the text costs at most twelve times the calls."""

    def calls(text: str) -> int:
        count = 0

        def seen(_frame: Any, event: str, _arg: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(seen)
        try:
            parse(text)
        except QueryError:
            pass
        finally:
            sys.setprofile(None)
        return count

    assert calls(make(400)) <= 12 * calls(make(40)) + 2_000
