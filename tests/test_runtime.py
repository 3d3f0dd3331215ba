"""The runtime as a user meets it: life of components, callbacks, the driver, clocks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest

import drasi_nb as dnb

ROWS = "MATCH (n:A) RETURN n.x AS x"


def runtime(**options: Any) -> tuple[dnb.Runtime, dnb.PushSource]:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0), **options)
    return rt, rt.add_source("s", dnb.PushSource())


def node(id_: int, x: Any, op: str = "insert") -> dict[str, Any]:
    return {"op": op, "id": id_, "labels": ["A"], "properties": {"x": x}}


def test_statuses_follow_each_other_in_events() -> None:
    rt, _ = runtime()
    rt.add_query("q", ROWS, sources=["s"])
    rt.stop("q")
    rt.start("q")
    rt.remove("q")
    states = [e["status"] for e in rt.events().to_dicts() if e["id"] == "q"]
    expected = ["Added", "Starting", "Running", "Stopping", "Stopped", "Starting", "Running"]
    assert states == [*expected, "Stopping", "Stopped", "Removed"]
    assert "q" not in rt.queries and rt.components()["id"].to_list() == ["s"]


def test_a_replaced_query_keeps_handle_and_subscribers() -> None:
    rt, source = runtime()
    source.push([node(i, i) for i in range(4)])
    q = rt.add_query("q", ROWS + ", n.x + 0 AS y", sources=["s"])
    deltas: list[dnb.Delta] = []
    q.on_delta(deltas.append)
    again = rt.add_query(
        "q", "MATCH (n:A) WHERE n.x > 1 RETURN n.x AS x, n.x + 0 AS y", sources=["s"]
    )
    assert again is q and len(q) == 2 and len(rt.queries) == 1
    assert [row["type"] for row in deltas.pop().rows()] == ["DELETE", "DELETE"]
    source.push(node(1, 9, "update"))
    rt.flush()
    assert [row["type"] for row in deltas.pop().rows()] == ["ADD"] and not deltas
    with pytest.raises(dnb.QueryError):
        rt.add_query("q", "MATCH (n RETURN n", sources=["s"])
    assert q.status == "Running" and len(q) == 3, "a wrong text changes nothing"


def test_stop_keeps_rows_and_start_catches_up_in_one_delta() -> None:
    rt, source = runtime()
    source.push([node(1, 1), node(2, 2)])
    q = rt.add_query("q", ROWS, sources=["s"])
    deltas: list[dnb.Delta] = []
    q.on_delta(deltas.append)
    rt.stop("q")
    source.push([node(1, 5), {"op": "delete", "id": 2}, node(3, 3)])
    rt.flush()
    assert q.status == "Stopped" and sorted(r["x"] for r in q.rows()) == [1, 2] and not deltas
    rt.start("q")
    assert [row["type"] for row in deltas[0].rows()] == ["DELETE", "UPDATE", "ADD"]
    assert sorted(r["x"] for r in q.rows()) == [3, 5]


def test_a_callback_that_raises_is_counted_and_the_query_goes_on() -> None:
    rt, source = runtime()
    q = rt.add_query("q", ROWS, sources=["s"])
    seen: list[int] = []

    def broken(_delta: dnb.Delta) -> None:
        raise ValueError("no luck")

    q.on_delta(broken)
    q.on_delta(lambda delta: seen.append(delta.seq))
    rt.add_reaction("r", ["q"], broken)
    source.push(node(1, 1))
    rt.flush()
    assert q.status == "Running" and "no luck" in str(q.error) and seen == [1]
    assert rt.component("q").errors == 1 and rt.component("r").errors == 1
    assert rt.events()["message"].str.contains("no luck").sum() == 2


def test_a_query_that_breaks_stops_alone_and_is_rebuilt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rt, source = runtime()
    bad, good = (rt.add_query(name, ROWS, sources=["s"]) for name in ("bad", "good"))
    compiled = rt.queries["bad"].compiled
    assert compiled is not None

    def take() -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(compiled, "flush", take)
    source.push(node(1, 1))
    with pytest.raises(dnb.ComponentError, match="a fault of ours"):
        rt.flush()
    assert bad.status == "Error" and good.rows() == [{"x": 1}] and rt.flush() == 0
    source.push(node(2, 2))
    rt.flush()
    rt.start("bad")
    assert bad.status == "Running" and bad.error is None and len(bad) == 2


def test_failing_rows_are_listed_while_they_fail() -> None:
    rt, source = runtime()
    q = rt.add_query("q", "MATCH (n:A) RETURN 1 / n.x AS y", sources=["s"])
    source.push([node(1, 0), node(2, 1)])
    rt.flush()
    (failure,) = q.failures()
    assert (
        failure.key == (1,) and failure.code == "division-by-zero" and q.metrics().failures == 1
    )
    source.push(node(1, 2, "update"))
    rt.flush()
    assert not q.failures() and q.metrics().failures == 0 and len(q) == 2


@pytest.mark.parametrize("failing", [1, 1_200])  # of the second the log keeps a part
def test_failing_groups_are_counted_while_they_fail(failing: int) -> None:
    rt, source = runtime()
    q = rt.add_query("q", "MATCH (n:A) RETURN n.g AS g, sum(n.x) AS y", sources=["s"])
    ids = range(failing)

    def push(op: str, shift: int, value: int) -> None:
        changes = [
            {"op": op, "id": n + shift, "labels": ["A"], "properties": {"g": n, "x": value}}
            for n in ids
        ]
        source.push(changes)
        rt.flush()

    push("insert", 0, 2**62)
    assert len(q) == failing and not q.failures()
    push("insert", 10_000, 2**62)
    assert len(q) == 0 and q.metrics().failures == failing
    assert {f.code for f in q.failures()} == {"integer-overflow"}
    push("update", 0, 2**62)  # the same again
    push("update", 0, 2**62 + 1)  # another, as wrong
    assert q.metrics().failures == failing
    push("update", 10_000, 1)
    assert len(q) == failing and not q.failures() and q.metrics().failures == 0


def test_failing_gaps_are_counted_while_they_fail() -> None:
    rt, source = runtime()
    text = "MATCH (n:A) RETURN drasi.session(n.t, n.gap) AS w, count(*) AS n"
    q = rt.add_query("q", text, sources=["s"])
    nodes = [
        {"op": "insert", "id": n, "labels": ["A"], "properties": {"t": n, "gap": -1}}
        for n in range(1_200)
    ]
    source.push(nodes)
    rt.flush()
    assert q.metrics().failures == 1_200
    source.push([{"op": "delete", "id": n["id"]} for n in nodes])
    rt.flush()
    assert not q.failures() and q.metrics().failures == 0


def test_a_source_in_use_is_not_removed_and_a_removed_one_takes_its_elements() -> None:
    rt, source = runtime()
    other = rt.add_source("t", dnb.PushSource())
    source.push(node(1, 1))
    other.push(node(1, 2))  # the same id from another source is another element
    q = rt.add_query("q", ROWS, sources=["s", "t"])
    assert sorted(r["x"] for r in q.rows()) == [1, 2]
    with pytest.raises(dnb.ComponentError, match="'q'"):
        rt.remove("t")
    rt.add_query("q", ROWS, sources=["s"])
    rt.remove("t")
    assert [r["x"] for r in q.rows()] == [1]
    assert rt.add_source("t", dnb.PushSource()) is not other
    assert rt.add_query("u", ROWS, sources=["t"]).rows() == []


def test_flush_inside_a_callback_is_refused() -> None:
    rt, source = runtime()
    q = rt.add_query("q", ROWS, sources=["s"])
    q.on_delta(lambda _delta: rt.flush())
    source.push(node(1, 1))
    rt.flush()
    assert "inside a callback" in str(q.error)


def test_snapshots_are_of_one_instant_and_never_change() -> None:
    rt, source = runtime()
    q = rt.add_query("q", ROWS, sources=["s"])
    source.push([node(i, i) for i in range(3_000)])
    rt.flush()
    before = rt.snapshot(["q"])["q"]
    kept = before.clone()
    assert q.frame() is q.frame()
    source.push([node(7, 2.5, "update"), {"op": "delete", "id": 9}, node(5_000, "text")])
    rt.flush()
    assert before.equals(kept) and q.frame().height == 3_000
    assert {"0", "2.5", "text"} <= set(q.frame()["x"].to_list()), "mixed values become text"


def test_the_virtual_clock_fires_timers_in_order() -> None:
    clock, fired = dnb.VirtualClock(0), []
    clock.call_at(2_000, lambda: fired.append(("b", clock.now_ms())))
    clock.call_at(1_000, lambda: fired.append(("a", clock.now_ms())))
    clock.call_at(1_500, lambda: fired.append(("never", 0))).cancel()
    clock.call_at(
        1_000, lambda: clock.call_at(1_200, lambda: fired.append(("set", clock.now_ms())))
    )
    clock.advance("1.5s")
    assert fired == [("a", 1_000), ("set", 1_200)] and clock.now_ms() == 1_500
    clock.advance("1 min 1s")
    assert fired[-1] == ("b", 2_000) and clock.now_ms() == 62_500
    with pytest.raises(dnb.ConfigError):
        clock.advance("soon")


# -- the driver ----------------------------------------------------------------------------


def test_the_driver_takes_what_is_pushed_in_slices() -> None:
    async def main() -> None:
        config = dnb.RuntimeConfig(slice_s=0.001, backlog_slice_s=0.001)
        async with dnb.Runtime(config=config) as rt:
            source = rt.add_source("s", dnb.PushSource())
            q = rt.add_query("q", ROWS, sources=["s"])
            turns = 0

            async def ticker() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            task = asyncio.create_task(ticker())
            source.push([node(i, i) for i in range(20_000)])
            await rt.settled()
            task.cancel()
            assert len(q) == 20_000 and turns > 5, "the loop lived meanwhile"

    asyncio.run(main())


def test_a_batch_is_one_tick_even_over_many_slices() -> None:
    async def main() -> None:
        config = dnb.RuntimeConfig(slice_s=1e-6, backlog_slice_s=1e-6)
        async with dnb.Runtime(config=config) as rt:
            source = rt.add_source("s", dnb.PushSource())
            q = rt.add_query("q", "MATCH (n:A) RETURN count(*) AS n", sources=["s"])
            seen: list[Any] = []
            q.on_delta(lambda delta: seen.append(delta.rows()[0]["after"]))
            source.push([node(i, i) for i in range(500)])
            await rt.settled()
            assert seen == [{"n": 500}]

    asyncio.run(main())


def test_an_interrupted_settled_leaves_the_driver_alive() -> None:
    async def main() -> None:
        async with dnb.Runtime() as rt:
            source = rt.add_source("s", dnb.PushSource())
            q = rt.add_query("q", ROWS, sources=["s"])
            source.push([node(i, i) for i in range(5_000)])
            waiting = asyncio.create_task(rt.settled())
            await asyncio.sleep(0)
            waiting.cancel()
            await rt.settled()
            assert len(q) == 5_000

    asyncio.run(main())


def test_deltas_stream_until_the_runtime_closes() -> None:
    async def main() -> None:
        seen: list[int] = []
        async with dnb.Runtime() as rt:
            source = rt.add_source("s", dnb.PushSource())
            q = rt.add_query("q", ROWS, sources=["s"])

            async def follow() -> None:
                async for delta in q.deltas():
                    seen.append(len(delta))

            task = asyncio.create_task(follow())
            await asyncio.sleep(0)
            for i in range(3):
                source.push(node(i, i))
                await rt.settled()
        await task
        assert seen == [1, 1, 1]

    asyncio.run(main())


def test_another_thread_may_push_and_an_async_reaction_runs_on_the_loop() -> None:
    async def main() -> None:
        async with dnb.Runtime() as rt:
            source = rt.add_source("s", dnb.PushSource())
            rt.add_query("q", ROWS, sources=["s"])
            seen: list[int] = []
            done = asyncio.Event()

            async def react(delta: dnb.Delta) -> None:
                seen.append(len(delta))
                done.set()

            rt.add_reaction("r", ["q"], react)
            thread = threading.Thread(target=lambda: source.push(node(1, 1)))
            thread.start()
            thread.join()
            await asyncio.wait_for(done.wait(), 10)
            assert seen == [1] and rt.component("r").status == "Running"

    asyncio.run(main())


# -- replay --------------------------------------------------------------------------------

RECORDING = [
    {"op": "insert", "id": 1, "labels": ["A"], "properties": {"x": 1}, "at": 10_000},
    {"op": "insert", "id": 2, "labels": ["A"], "properties": {"x": 2}, "at": 20_000},
    {"op": "update", "id": 1, "properties": {"x": 10}, "at": 30_000},
    {"op": "delete", "id": 2, "at": 40_000},
]


def replayed(**options: Any) -> tuple[dnb.Runtime, dnb.ReplaySource, dnb.Query]:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.ReplaySource(reversed(RECORDING), time="at", **options))
    return rt, source, rt.add_query("q", ROWS, sources=["s"])


def xs(q: dnb.Query) -> list[int]:
    return sorted(row["x"] for row in q.rows())


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_replay_keeps_event_time_at_any_speed(speed: float) -> None:
    rt, source, q = replayed(speed=speed)
    step = round(10_000 / speed)
    rt.clock.advance(0)
    assert xs(q) == [1]
    for expected in ([1, 2], [2, 10], [10]):
        rt.clock.advance(step)
        assert xs(q) == expected
    assert source.progress.fraction == 1.0 and source.progress.state == "finished"
    assert q.last_time_ms == 40_000


def test_replay_pauses_resumes_seeks_and_loops() -> None:
    rt, source, q = replayed(speed=1)
    rt.clock.advance("10s")
    source.pause()
    rt.clock.advance("1h")
    assert xs(q) == [1, 2] and source.progress.time_ms == 20_000 and source.progress.played == 2
    source.resume()
    rt.clock.advance("10s")
    assert xs(q) == [2, 10]
    source.seek(12_000)  # back: what came later is gone
    rt.flush()
    assert xs(q) == [1]
    source.seek(35_000)
    rt.flush()
    assert xs(q) == [2, 10]

    rt, source, q = replayed(speed=float("inf"))
    rt.clock.advance(0)
    rt.clock.advance(1)
    assert xs(q) == [10] and source.progress.state == "finished"

    rt, source, q = replayed(speed=1, loop=True)
    rt.clock.advance("30s")
    rt.clock.advance("10ms")
    assert source.progress.played == 1 and xs(q) == [1]


def test_replay_names_the_change_without_time() -> None:
    with pytest.raises(dnb.ChangeError, match="change 1"):
        dnb.ReplaySource([RECORDING[0], {"op": "delete", "id": 3}], time="at")


def test_a_load_imports_nothing() -> None:
    """What a library leaves for later would be imported in a slice of the loop."""
    program = """
import sys
import polars as pl
import drasi_nb as dnb

rt = dnb.Runtime(clock=dnb.VirtualClock(0))
source = rt.add_source("s", dnb.PushSource())
rt.add_query("q", "MATCH (n:N) WHERE n.x > 5 RETURN n.x AS x", sources=["s"])
frame = pl.DataFrame({"id": [f"n{i}" for i in range(3_000)], "x": range(3_000)})
ends = pl.DataFrame({"start": frame["id"], "end": frame["id"].reverse()})
before = set(sys.modules)
source.upsert_nodes(frame, label="N", id="id")
source.upsert_relations(ends, type="R", start="start", end="end")
rt.flush()
sys.exit(", ".join(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == ""
