"""The life of components: each operation is one transaction, and what is refused is named."""

from __future__ import annotations

import asyncio
import gc
import linecache
from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.runtime.components import NEXT

ROWS = "MATCH (n:A) RETURN n.x AS x"


class Failing(dnb.PushSource):
    """A source that fails where it is told to."""

    def __init__(self, *where: str) -> None:
        super().__init__()
        self.where = set(where)

    def attach(self, port: Any) -> None:
        self._fail("attach")
        super().attach(port)

    def start(self) -> None:
        self._fail("start")

    def stop(self) -> None:
        self._fail("stop")

    def _fail(self, name: str) -> None:
        if name in self.where:
            raise ValueError(f"no {name}")


@pytest.fixture
def rt() -> dnb.Runtime:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    rt.add_source("s", dnb.PushSource())
    return rt


def put(id_: int, x: Any, op: str = "insert") -> dict[str, Any]:
    return {"op": op, "id": id_, "labels": ["A"], "properties": {"x": x}}


def trail(rt: dnb.Runtime, id_: str) -> list[str]:
    return rt.events().filter(id=id_)["status"].to_list()


def xs(q: dnb.Query) -> list[Any]:
    return sorted(row["x"] for row in q.rows())


def test_replacing_goes_through_reconfiguring(rt: dnb.Runtime) -> None:
    rt.add_query("q", ROWS, sources=["s"])
    rt.update_query("q", ROWS + ", 1 AS one")
    rt.add_source("s", dnb.PushSource())
    rt.add_reaction("r", ["q"], print)
    rt.add_reaction("r", ["q"], repr)
    expected = ["Added", "Starting", "Running", "Reconfiguring", "Starting", "Running"]
    assert trail(rt, "q") == trail(rt, "s") == trail(rt, "r") == expected


def test_an_update_keeps_whether_it_ran(rt: dnb.Runtime) -> None:
    rt.sources["s"].push(put(1, 1))
    q = rt.add_query("q", ROWS, sources=["s"])
    rt.stop("q")
    rt.update_query("q", "MATCH (n:A) RETURN n.x + 1 AS x")
    assert q.status == "Stopped" and xs(q) == [1] and trail(rt, "q")[-2:] == [
        "Reconfiguring", "Stopped"
    ]  # fmt: skip
    rt.update_query("q", auto_start=True)
    assert q.status == "Running" and xs(q) == [2]
    rt.update_query("q", ROWS)
    assert q.status == "Running" and xs(q) == [1]
    never = rt.add_query("never", ROWS, sources=["s"], auto_start=False)
    assert never.status == "Added"
    rt.update_query("never", ROWS)
    assert never.status == "Stopped" and never.definition.auto_start is False
    with pytest.raises(dnb.ComponentError, match="no option 'joints'; there are text, sources"):
        rt.update_query("q", joints=[])


def test_a_query_in_error_is_repaired_by_an_update(
    rt: dnb.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    q = rt.add_query("q", ROWS, sources=["s"])
    assert q.compiled is not None
    monkeypatch.setattr(q.compiled, "flush", lambda: 1 / 0)
    rt.sources["s"].push(put(1, 1))
    with pytest.raises(dnb.ComponentError, match="ZeroDivisionError"):
        rt.flush()
    assert q.status == "Error"
    rt.update_query("q", ROWS)
    assert q.status == "Running" and q.error is None and xs(q) == [1]


# -- what fails ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["attach", "start"])
def test_a_new_source_that_fails_is_in_error_with_the_reason(
    rt: dnb.Runtime, where: str
) -> None:
    source = Failing(where)
    with pytest.raises(dnb.ComponentError, match=f"source 't' could not start: .*no {where}"):
        rt.add_source("t", source)
    assert rt.component("t").status == "Error" and f"no {where}" in str(rt.component("t").error)
    source.where.clear()
    assert rt.add_source("t", source).push(put(1, 1)) == 1
    assert trail(rt, "t")[-4:] == ["Error", "Reconfiguring", "Starting", "Running"]


@pytest.mark.parametrize("where", ["attach", "start"])
@pytest.mark.parametrize("was", ["Running", "Stopped"])
def test_a_source_in_place_of_another_that_fails_leaves_it(
    rt: dnb.Runtime, where: str, was: str
) -> None:
    source = rt.sources["s"]
    q = rt.add_query("q", ROWS, sources=["s"])
    if was == "Stopped":
        rt.stop("s")
    with pytest.raises(dnb.ComponentError, match=f"no {where}"):
        rt.add_source("s", Failing(where))
    assert rt.sources["s"] is source and rt.component("s").status == was
    rt.start("s")
    source.push(put(1, 1))
    rt.flush()
    assert xs(q) == [1]


def test_a_source_that_fails_to_stop_is_in_error_and_can_be_removed(rt: dnb.Runtime) -> None:
    source = rt.add_source("t", Failing("stop"))
    with pytest.raises(dnb.ComponentError, match="source 't' could not stop: ValueError: no"):
        rt.stop("t")
    assert rt.component("t").status == "Error"
    with pytest.raises(dnb.ComponentError, match="'t' is Error; start it"):
        source.push(put(1, 1))
    rt.start("t")
    rt.remove("t")
    assert "t" not in rt.sources
    with pytest.raises(dnb.ComponentError, match="'t' is Removed; add it again"):
        source.push(put(1, 1))


def test_all_are_started_or_stopped_and_what_fails_is_named(rt: dnb.Runtime) -> None:
    source = rt.add_source("t", Failing("stop"))
    q = rt.add_query("q", ROWS, sources=["s", "t"])
    with pytest.raises(dnb.ComponentError, match="source 't' could not stop"):
        rt.stop_all()
    assert rt.component("s").status == q.status == "Stopped"
    source.where = {"start"}
    with pytest.raises(dnb.ComponentError, match="source 't' could not start"):
        rt.start_all()
    assert rt.component("s").status == q.status == "Running"
    source.where = {"stop"}
    rt.start("t")
    rt.close()
    assert rt.component("s").status == "Stopped" and rt.is_closed


def test_a_query_that_cannot_be_replaced_goes_on(
    rt: dnb.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    q = rt.add_query("q", "MATCH (n:A) RETURN drasi.previousValue(n.x) AS x", sources=["s"])
    rt.sources["s"].push([put(1, 1), put(1, 2, "update")])
    rt.flush()
    monkeypatch.setattr(rt.engine, "adding", lambda *_: 1 / 0)
    for was in ("Running", "Stopped"):
        with pytest.raises(dnb.ComponentError, match="'q' could not be replaced: ZeroDivision"):
            rt.add_query("q", ROWS, sources=["s"])
        assert q.status == was and q.text.startswith("MATCH (n:A) RETURN drasi")
        assert xs(q) == [1], "what it remembers too"
        rt.stop("q")
    with pytest.raises(dnb.ComponentError, match="query 'new' could not start: ZeroDivision"):
        rt.add_query("new", ROWS, sources=["s"])
    assert rt.queries["new"].status == "Error"
    monkeypatch.undo()
    rt.start_all()
    assert q.status == rt.queries["new"].status == "Running"


def test_a_query_whose_evaluation_fails_leaves_no_trace() -> None:
    clock, config = dnb.VirtualClock(0), dnb.RuntimeConfig(most_trails=3)
    rt = dnb.Runtime(clock=clock, config=config)
    source = rt.add_source("s", dnb.PushSource())
    source.push([{"op": "insert", "id": i, "labels": ["A"]} for i in range(6)])
    edges = [(a, b) for a in range(6) for b in range(6)]
    source.push([
        {"op": "insert", "id": f"{a} {b}", "labels": ["R"], "start_id": a, "end_id": b}
        for a, b in edges
    ])  # fmt: skip
    with pytest.raises(dnb.DrasiNbError, match="trails"):
        rt.add_query("q", "MATCH (a:A)-[:R*1..3]->(b) RETURN count(*) AS n", sources=["s"])
    assert rt.queries["q"].status == "Error" and "trails" in str(rt.queries["q"].error)
    assert not rt.engine.router.queries and not rt.engine.touched
    assert rt.flush() == 0


def test_reactions_and_sources_are_checked_at_the_door(rt: dnb.Runtime) -> None:
    rt.add_query("q", ROWS, sources=["s"])
    before = rt.components()
    wrong: list[tuple[Any, str]] = [
        (lambda: rt.add_reaction("r", ["q", "z"], print), "no query 'z'; there are 'q'"),
        (lambda: rt.add_reaction("r", [], print), "reaction 'r' needs at least one query"),
        (lambda: rt.add_reaction("r", ["q"], 5), "reaction 'r' must be callable"),
        (lambda: rt.add_reaction("q", ["q"], print), "'q' is the id of a query"),
        (lambda: rt.add_source("t", object()), "source 't': .* has no attach"),
        (lambda: rt.add_source("t", dnb.PushSource), "is a class; give an instance"),
        (lambda: rt.add_source("t", rt.sources["s"]), "this one is source 's' already"),
        (lambda: rt.add_source("query:q", dnb.PushSource()), "'query:q' is taken"),
        (lambda: rt.add_query("__components__", ROWS, sources=["s"]), "is taken"),
        (lambda: rt.add_source("", dnb.PushSource()), "an id must be a text, got ''"),
        (lambda: rt.start("z"), "no component 'z'"),
        (lambda: rt.update_query("z", ROWS), "no query 'z'"),
        (lambda: rt.remove("s"), "'s' is used by 'q'"),
    ]
    for call, reason in wrong:
        with pytest.raises(dnb.ComponentError, match=reason):
            call()
    assert rt.components().equals(before)


def test_an_operation_inside_another_one_on_the_same_component_is_refused(
    rt: dnb.Runtime,
) -> None:
    class Nosy(dnb.PushSource):
        def start(self) -> None:
            for deed in (rt.start, rt.stop, rt.remove, lambda _id: rt.add_source("t", self)):
                with pytest.raises(
                    dnb.ComponentError, match=r"'t' cannot be \w+ while it is St"
                ):
                    deed("t")
            rt.add_query("from inside", ROWS, sources=["s"])

    rt.add_source("t", Nosy())
    assert rt.queries["from inside"].status == rt.component("t").status == "Running"


def test_a_middleware_cannot_change_components(rt: dnb.Runtime) -> None:
    def meddle(change: dnb.Change) -> dnb.Change:
        rt.stop("s")
        return change

    rt.sources["s"].push(put(1, 1))
    q = rt.add_query("q", ROWS, sources=["s"], middleware=[meddle])
    assert q.rows() == [] and "middleware cannot change components" in str(q.error)


# -- what is replaced or removed -----------------------------------------------------------


def test_the_source_before_takes_no_more(rt: dnb.Runtime) -> None:
    before = rt.sources["s"]
    q = rt.add_query("q", ROWS, sources=["s"])
    before.push(put(1, 1))
    after = rt.add_source("s", dnb.PushSource())
    with pytest.raises(dnb.ComponentError, match=r"'s' was replaced; push to .* rt.sources"):
        before.push(put(2, 2))
    after.push(put(3, 3))
    rt.flush()
    assert xs(q) == [1, 3], "its data stays"
    rt.add_source("s", after)
    after.push(put(4, 4))
    rt.flush()
    assert xs(q) == [1, 3, 4]


def test_other_columns_are_other_rows_for_subscribers(rt: dnb.Runtime) -> None:
    rt.sources["s"].push([put(1, 1), put(2, 2)])
    q = rt.add_query("q", ROWS, sources=["s"])
    over = rt.add_query("over", "MATCH (r:q) RETURN count(*) AS n", sources=["query:q"])
    deltas: list[dnb.Delta] = []
    q.on_delta(deltas.append)
    rt.update_query("q", "MATCH (n:A) WHERE n.x > 1 RETURN n.x AS y")
    assert [(d.columns, [r["type"] for r in d.rows()]) for d in deltas] == [
        (("x",), ["DELETE", "DELETE"]), (("y",), ["ADD"]),
    ]  # fmt: skip
    assert over.rows() == [{"n": 1}]


def test_a_removed_query_leaves_nothing_for_one_of_its_name(rt: dnb.Runtime) -> None:
    rt.sources["s"].push([put(1, 1), put(2, 2)])
    rt.add_query("q", ROWS, sources=["s"])
    rt.add_query("over", "MATCH (r:q) RETURN r.x AS x", sources=["query:q"])
    rt.remove("q", cascade=True)
    rt.add_query("q", "MATCH (n:A) WHERE n.x > 1 RETURN n.x AS x", sources=["s"])
    over = rt.add_query("over", "MATCH (r:q) RETURN r.x AS x", sources=["query:q"])
    assert xs(over) == [2]


def test_a_query_moved_behind_another_has_one_delta_per_tick(rt: dnb.Runtime) -> None:
    rt.add_query("a", ROWS, sources=["s"])
    rt.add_query("b", ROWS, sources=["s"])
    c = rt.add_query("c", "MATCH (m:b) RETURN count(*) AS n", sources=["query:b", "s"])
    rt.update_query("b", "MATCH (m:a) RETURN m.x AS x", sources=["query:a"])
    deltas: list[dnb.Delta] = []
    c.on_delta(deltas.append)
    rt.sources["s"].push(put(1, 1))
    rt.flush()
    assert c.rows() == [{"n": 1}] and len(deltas) == 1


@pytest.mark.parametrize("lateness_ms", [0, 50])
def test_what_waits_of_a_removed_source_is_gone(lateness_ms: int) -> None:
    clock = dnb.VirtualClock(1_000)
    rt = dnb.Runtime(clock=clock, config=dnb.RuntimeConfig(lateness_ms=lateness_ms))
    for name in ("s", "t"):
        rt.add_source(name, dnb.PushSource()).push([put(1, name), put(2, name)])
    q = rt.add_query("q", ROWS, sources=["s"])
    rt.remove("t")
    rt.add_source("t", dnb.PushSource()).push(put(3, "new"))
    rt.update_query("q", sources=["s", "t"])
    clock.advance(100)
    assert xs(q) == ["new", "s", "s"] and rt.metrics().queued == 0


def test_a_source_removed_in_the_middle_of_its_batch() -> None:
    async def main() -> list[Any]:
        config = dnb.RuntimeConfig(slice_s=1e-6, backlog_slice_s=1e-6)
        async with dnb.Runtime(config=config) as rt:
            for name in ("s", "t"):
                rt.add_source(name, dnb.PushSource())
            q = rt.add_query("q", ROWS, sources=["s"])
            rt.sources["t"].push([put(i, i) for i in range(5_000)])
            rt.sources["s"].push([put(i, i) for i in range(50)])
            assert rt.pump.slice(1e-6) and rt.pump.is_open
            rt.remove("t")
            await rt.settled(5)
            return xs(q)

    assert asyncio.run(main()) == list(range(50))


def test_following_a_query_ends_when_it_is_removed(rt: dnb.Runtime) -> None:
    async def main() -> int:
        q = rt.add_query("q", ROWS, sources=["s"])

        async def follow() -> int:
            return sum([len(delta) async for delta in q.deltas()])

        task = asyncio.create_task(follow())
        await asyncio.sleep(0)
        rt.sources["s"].push(put(1, 1))
        rt.flush()
        rt.remove("q")
        assert q.status == "Removed"
        return await task

    assert asyncio.run(main()) == 1


def test_an_ordered_query_keeps_its_order_when_stopped(rt: dnb.Runtime) -> None:
    rt.sources["s"].push([put(i, -i) for i in range(5)])
    q = rt.add_query("q", ROWS + " ORDER BY x", sources=["s"])
    rt.stop("q")
    assert [row["x"] for row in q.rows()] == [-4, -3, -2, -1, 0]


def test_the_states_are_those_of_the_model(rt: dnb.Runtime) -> None:
    assert {a for after in NEXT.values() for a in after} | {"Added"} == set(NEXT)
    assert all("Removed" in after for state, after in NEXT.items() if state != "Removed")
    with pytest.raises(dnb.ComponentError, match="source 's' is Running, it cannot become Add"):
        rt.registry.move(rt.component("s"), "Added")


def test_a_query_that_is_gone_leaves_no_generated_code(rt: dnb.Runtime) -> None:
    def modules() -> int:
        gc.collect()
        return sum(name.startswith("<drasi_nb query") for name in linecache.cache)

    rt.add_query("q", ROWS, sources=["s"])
    before = modules()
    for i in range(5):
        rt.update_query("q", f"MATCH (n:A) WHERE n.x > {i} RETURN n.x AS x")
    assert modules() == before, "those of before are gone, those of now are there"
    assert before > 0
