"""Oddities of a runtime and its queries: one function each, given a runtime with a source "s"."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diffs import edge, put, update

import drasi_nb as dnb

CASES: dict[str, Any] = {}
ROWS = "MATCH (n:A) RETURN n.x AS x"


def oddity(name: str, *fixtures: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        CASES[name], function.fixtures = function, fixtures
        return function

    return keep


def query(rt: dnb.Runtime, text: str = ROWS, id_: str = "q", **options: Any) -> dnb.Query:
    return rt.add_query(id_, text, **{"sources": ["s"], **options})


def xs(q: dnb.Query) -> list[Any]:
    return sorted(row["x"] for row in q.rows())


def push(rt: dnb.Runtime, *changes: Any) -> None:
    rt.sources["s"].push(list(changes))
    rt.flush()


@oddity("19 a query that is started again shows what is there now")
def _(rt: dnb.Runtime) -> None:
    push(rt, put(1, "A", x=1), put(2, "A", x=2))
    q = query(rt)
    seen: list[Any] = []
    q.on_delta(lambda d: seen.extend(r["type"] for r in d.rows()))
    rt.stop("q")
    push(rt, {"op": "delete", "id": 1}, update(2, x=3))
    rt.start("q")
    push(rt, update(2, x=4))
    assert xs(q) == [4] and seen == ["DELETE", "UPDATE", "UPDATE"]


@oddity("20 an error of one row stops nothing, and is seen")
def _(rt: dnb.Runtime) -> None:
    q = query(rt, "MATCH (n:A) RETURN 6 / n.x AS x")
    push(rt, put(1, "A", x=0), put(2, "A", x=2))
    assert q.status == "Running" and xs(q) == [3]
    assert [(f.key, f.code) for f in q.failures()] == [((1,), "division-by-zero")]


@oddity("23b a source that is started again is heard")
def _(rt: dnb.Runtime) -> None:
    q = query(rt)
    rt.stop("s")
    with pytest.raises(dnb.ComponentError, match="'s' is Stopped; start it"):
        push(rt, put(1, "A", x=1))
    rt.start("s")
    push(rt, put(1, "A", x=1))
    assert xs(q) == [1]


@oddity("23c what is pushed before a query is there is not lost")
def _(rt: dnb.Runtime) -> None:
    rt.sources["s"].push(put(1, "A", x=1))
    q = query(rt, auto_start=False)
    rt.sources["s"].push(put(2, "A", x=2))
    assert q.status == "Added" and q.rows() == []
    rt.start("q")
    assert xs(q) == [1, 2]


@oddity("31 an element equals itself")
def _(rt: dnb.Runtime) -> None:
    push(rt, put(1, "A"))
    assert query(rt, "MATCH (n:A), (m:A) RETURN n = m AND n IN [m] AS x").rows() == [
        {"x": True}
    ]


@oddity("43 count(*), DISTINCT, ORDER BY, LIMIT, UNWIND, labels(), type(), id()")
def _(rt: dnb.Runtime) -> None:
    push(rt, put("a", "A", x=1), put("b", "A", x=1), edge("r", "a", "b"))
    text = "MATCH (a:A)-[r]->(b) UNWIND [2, 1, 1] AS u RETURN DISTINCT u, labels(a) AS l, type(r) AS t, id(a) AS i ORDER BY u LIMIT 1"
    assert query(rt, text).rows() == [{"u": 1, "l": ["A"], "t": "R", "i": "a"}]
    text = "MATCH (a:A) RETURN count(*) AS n, count(DISTINCT a.x) AS d"
    assert query(rt, text, "n").rows() == [{"n": 2, "d": 1}]


@oddity("44 SET is refused")
def _(rt: dnb.Runtime) -> None:
    with pytest.raises(dnb.QueryError, match="continuous queries only read") as caught:
        query(rt, "MATCH (n) SET n.x = 1 RETURN n")
    assert (caught.value.line, caught.value.column) == (1, 11)


@oddity("49 two columns of one name are refused")
def _(rt: dnb.Runtime) -> None:
    with pytest.raises(dnb.QueryError, match="x"):
        query(rt, "MATCH (n) RETURN n.x AS x, n.y AS x")


@oddity("50 what is known from the text is said at once")
def _(rt: dnb.Runtime) -> None:
    for text, word in (
        ("frobnicate(n)", "frobnicate"),
        ("toUpper(n.x, 2)", "toUpper"),
        ("m.x", "m"),
    ):
        with pytest.raises(dnb.QueryError, match=word):
            query(rt, f"MATCH (n) RETURN {text} AS x")
    assert "q" not in rt.queries


@oddity("53 GQL has the functions of Cypher")
def _(rt: dnb.Runtime) -> None:
    push(rt, put(1, "A", x=1), put(2, "A", x=2))
    text = "MATCH (n:A) RETURN size(collect(n.x)) + head(range(5, 6)) + toInteger('1') AS x, datetime().year AS y"
    assert query(rt, text, language="gql").rows() == [{"x": 8, "y": 1970}]


@oddity("54 LET and FILTER keep variables of relations")
def _(rt: dnb.Runtime) -> None:
    push(rt, put(1, "A", x=1), put(2, "A", x=2), edge("r", 1, 2, x=3))
    text = "MATCH (a)-[r:R]->(b) LET y = r.x + 1 FILTER r.x = 3 RETURN r.x + y AS x"
    assert query(rt, text, language="gql").rows() == [{"x": 7}]


@oddity("62 the same id from two sources is two elements")
def _(rt: dnb.Runtime) -> None:
    other = rt.add_source("t", dnb.PushSource())
    joins = [
        {"id": "J", "keys": [{"label": "A", "property": "x"}, {"label": "B", "property": "x"}]}
    ]
    q = query(
        rt, "MATCH (a:A)-[r:J]->(b:B) RETURN a.n AS x, r AS r", sources=["s", "t"], joins=joins
    )
    push(rt, put(1, "A", x=1, n="s"), put(2, "B", x=1))
    other.push([put(1, "A", x=1, n="t"), put(2, "B", x=1)])
    rt.flush()
    assert xs(q) == ["s", "s", "t", "t"] and len({row["r"].id for row in q.rows()}) == 4


@oddity("64 elements in rows are elements")
def _(rt: dnb.Runtime) -> None:
    push(rt, put("a", "A", x=1), edge("r", "a", "a"))
    (row,) = query(rt, "MATCH p = (n:A)-[r]->(n) RETURN n, r, p").rows()
    assert isinstance(row["n"], dnb.Node) and row["n"].properties == {"x": 1}
    assert isinstance(row["r"], dnb.Relation) and isinstance(row["p"], dnb.Path)
    assert row["n"].labels == ("A",) and row["r"].type == "R"


@oddity("65 versions need nothing set up")
def _(rt: dnb.Runtime) -> None:
    q = query(rt, "MATCH (n:A) RETURN drasi.getVersionByTimestamp(n, 4).x AS x")
    push(rt, put(1, "A", x=1))
    rt.clock.advance(5)
    push(rt, update(1, x=2))
    assert xs(q) == [1]


@oddity("69 nothing but deltas comes to a reaction, all of them")
def _(rt: dnb.Runtime) -> None:
    query(rt, auto_start=False)
    seen: list[Any] = []
    rt.add_reaction("r", ["q"], seen.append)
    push(rt, put(1, "A", x=1))
    rt.start("q")
    push(rt, put(2, "A", x=2))
    assert all(isinstance(delta, dnb.Delta) for delta in seen)
    assert [[row["after"]["x"] for row in delta.rows()] for delta in seen] == [[1], [2]]


@oddity("70 a delta that fails is tried again, then kept apart; the next ones come")
def _(rt: dnb.Runtime) -> None:
    query(rt)
    seen: list[Any] = []

    def react(delta: dnb.Delta) -> None:
        seen.append(delta.rows()[0]["after"]["x"])
        if seen[-1] == 1:
            raise ValueError("down")

    rt.add_reaction("r", ["q"], react)
    for x in (1, 2):
        push(rt, put(x, "A", x=x))
    rt.clock.advance("1m")
    assert seen == [1] * (1 + rt.config.reaction_retries) + [2]
    assert rt.component("r").status == "Running"
    assert [(r.source_id, r.reason) for r in rt.rejected()] == [("r", "ValueError: down")]


@oddity("71 a late query is complete")
def _(rt: dnb.Runtime) -> None:
    push(rt, put(1, "A", x=1))
    assert xs(query(rt)) == [1]


@oddity("73 rows are not logged", "caplog")
def _(rt: dnb.Runtime, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    query(rt, "MATCH (n:A) RETURN max(n.x) AS x, min(1 / n.x) AS y")
    push(rt, *(put(i, "A", x=i) for i in range(20)))
    assert [r for r in caplog.records if r.name.startswith("drasi")] == []


@oddity("74 who lags behind loses nothing in silence")
def _(rt: dnb.Runtime) -> None:
    async def main() -> tuple[int, list[Any], int]:
        config = dnb.RuntimeConfig(most_pending=2)
        async with dnb.Runtime(config=config) as slow:
            source, gate, seen = (
                slow.add_source("s", dnb.PushSource()),
                asyncio.Event(),
                list[Any](),
            )
            done = asyncio.Event()

            async def react(delta: dnb.Delta) -> None:
                await gate.wait()
                seen.append(delta.rows()[0]["after"]["x"])
                if len(seen) == 2:
                    done.set()

            query(slow)
            slow.add_reaction("r", ["q"], react)
            for x in range(5):
                source.push(put(x, "A", x=x))
                slow.flush()
            lag = slow.metrics().components[2].lag
            gate.set()
            await done.wait()
            apart = [r.change.rows()[0]["after"]["x"] for r in slow.rejected()]
            return lag or 0, seen, len(apart) + sum(apart)

    assert asyncio.run(main()) == (2, [0, 4], 3 + 1 + 2 + 3)


@oddity("76 a version is a change of the element, and only so many are kept")
def _(rt: dnb.Runtime) -> None:
    config = dnb.RuntimeConfig(most_versions=2)
    with dnb.Runtime(clock=rt.clock, config=config) as few:
        few.add_source("s", dnb.PushSource())
        text = "MATCH (n:A) RETURN [v IN drasi.getVersionsByTimeRange(n, 0, 1000) | v.x] AS x"
        q = query(few, text)
        for x in range(4):
            push(few, put(1, "A", x=x))
            few.clock.advance(1)
        assert xs(q) == [[2, 3]]


@oddity("78 what was closed is free", "tmp_path")
def _(rt: dnb.Runtime, tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    rt.record(path)
    push(rt, put(1, "A", x=1))
    rt.close()
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as again:
        again.add_source("s", dnb.PushSource())
        again.record(path).close()
        path.unlink()
