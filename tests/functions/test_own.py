"""Functions that users add."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.functions import own, registry


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    aggregates = dict(own.AGGREGATES)
    monkeypatch.setattr(registry, "_functions", dict(registry._functions))
    monkeypatch.setattr(own, "own", set())
    yield
    own.AGGREGATES.clear()
    own.AGGREGATES.update(aggregates)


def rows(text: str) -> tuple[list[dict[str, Any]], dnb.Query]:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    for i, x in enumerate((1, 2.5, None)):
        source.push({"op": "insert", "id": i, "labels": ["N"], "properties": {"x": x}})
    q = rt.add_query("q", text, sources=["s"])
    return q.rows(), q


def test_a_function_of_ones_own_is_called_and_listed() -> None:
    @dnb.function("twice", "NUMBER -> NUMBER")
    def twice(x: float) -> float:
        """Return a number doubled."""
        return 2 * x

    assert twice(4) == 8
    assert rows("MATCH (n:N) RETURN Twice(n.x) AS y ORDER BY y")[0] == [
        {"y": 2}, {"y": 5.0}, {"y": None},
    ]  # fmt: skip
    listed = dnb.functions().filter(name="twice")
    assert listed["summary"].to_list() == ["Return a number doubled."]
    with pytest.raises(dnb.QueryError, match="twice"):
        rows("RETURN twice(1, 2) AS y")


def test_a_name_may_be_taken_again_by_its_user_only() -> None:
    for factor in (2, 3):
        dnb.function("times", "NUMBER -> NUMBER")(lambda x, factor=factor: factor * x)
    assert rows("RETURN times(5) AS y")[0] == [{"y": 15}]
    for name in ("size", "COUNT"):
        with pytest.raises(dnb.ConfigError, match="function of the language"):
            dnb.function(name, "ANY -> ANY")(lambda x: x)
    with pytest.raises(dnb.ConfigError, match="unknown type"):
        dnb.function("f", "FLOT -> ANY")


def test_what_it_raises_drops_that_row_only() -> None:
    @dnb.function("picky", "NUMBER -> ANY")
    def _picky(x: float) -> Any:
        if x == 1:
            raise KeyError("one")
        return object() if x == 2.5 else x

    found, q = rows("MATCH (n:N) RETURN picky(n.x) AS y")
    assert found == [{"y": None}]
    assert sorted(f.reason for f in q.failures()) == [
        "picky() gave a object, which is no value of the language",
        "picky(): KeyError: 'one'",
    ]
    assert {f.code for f in q.failures()} == {"function"}


def test_an_aggregate_of_ones_own_sees_the_values_of_its_group() -> None:
    @dnb.function("spread", "NUMBER -> NUMBER", aggregate=True)
    def _spread(values: list[float]) -> float | None:
        """Return how far apart values lie."""
        return max(values) - min(values) if values else None

    @dnb.function("weighted", "NUMBER, NUMBER -> FLOAT", aggregate=True)
    def _weighted(pairs: list[tuple[float, float]]) -> float:
        return sum(a * b for a, b in pairs)

    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    q = rt.add_query(
        "q",
        "MATCH (n:N) RETURN n.g AS g, Spread(n.x) * 10 AS s, spread(DISTINCT n.x) AS d,"
        " weighted(n.x, n.y) AS w ORDER BY g",
        sources=["s"],
    )
    for i, (g, x) in enumerate((("a", 1), ("a", 4), ("b", 7), ("b", None))):
        source.insert({"id": i, "labels": ["N"], "properties": {"g": g, "x": x, "y": 2}})
    rt.flush()
    assert [tuple(row.values()) for row in q.rows()] == [("a", 30, 3, 10), ("b", 0, 0, 14)]
    source.update({"id": 0, "properties": {"x": 4}})
    source.delete(2)
    rt.flush()
    assert [tuple(row.values()) for row in q.rows()] == [("a", 0, 0, 16), ("b", None, None, 0)]
    kinds = dict(dnb.functions().select("name", "kind").iter_rows())
    assert (kinds["spread"], kinds["drasi.trueFor"], kinds["left"]) == (
        "aggregate", "time", "scalar",
    )  # fmt: skip
    with pytest.raises(dnb.QueryError, match="aggregate"):
        rows("MATCH (n:N) WHERE spread(n.x) > 1 RETURN n")
    with pytest.raises(dnb.QueryError, match="2 arguments"):
        rows("MATCH (n:N) RETURN weighted(n.x)")
    dnb.function("spread", "NUMBER -> NUMBER")(lambda x: x)  # a scalar now
    assert rows("RETURN spread(3) AS y")[0] == [{"y": 3}]
    with pytest.raises(dnb.ConfigError, match="none of them optional"):
        dnb.function("bad", "[NUMBER] -> NUMBER", aggregate=True)
