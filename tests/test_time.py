"""Time: windows, timers, history and lateness, by a clock that stands or by the machine's."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.engine import clock as clocks

START = 1_700_000_000_000
TEXTS = {
    "trueFor": "MATCH (n:A) WHERE drasi.trueFor(n.x > 1, 30) RETURN n.x AS x",
    "trueLater": "MATCH (n:A) WHERE drasi.trueLater(n.x > 0, n.t) RETURN n.x AS x",
    "clock": "MATCH (n:A) WHERE datetime({epochMillis: n.t}) <= datetime() RETURN n.x AS x, n.t AS t",
    "sliding": "MATCH (n:A) RETURN n.x AS x, drasi.slidingWindow(40, count(*)) AS n",
    "tumbling": "MATCH (n:A) WITH drasi.tumbling(n.t, 20) AS w, count(*) AS n WHERE datetime() < w.end RETURN w.start AS s, n",
    "hopping": "MATCH (n:A) WITH drasi.hopping(n.t, 20, 10) AS w, count(*) AS n WHERE datetime() < w.end RETURN w.start AS s, n",
    "session": "MATCH (n:A) WITH drasi.session(n.t, 15) AS w, count(*) AS n WHERE datetime() < w.end RETURN w.start AS s, n",
    "previous": "MATCH (n:A) RETURN n.x AS x, drasi.previousDistinctValue(n.x) AS p",
}  # fmt: skip


def put(id_: int, op: str = "insert", **properties: Any) -> dict[str, Any]:
    return {"op": op, "id": id_, "labels": ["A"], "properties": properties}


def scenario(seed: int) -> list[Any]:
    """Return changes and, between them, ms that pass."""
    rng, out = random.Random(seed), list[Any]()
    for _ in range(25):
        id_ = rng.randrange(4)
        if rng.random() < 0.15:
            out.append({"op": "delete", "id": id_})
        else:
            op = rng.choice(("insert", "update"))
            out.append(put(id_, op, x=rng.randrange(4), t=START + rng.randrange(120)))
        if rng.random() < 0.6:
            out.append(rng.randint(1, 25))
    return [*out, 200]


class Standing:
    """In the place of the module time: it says what it is told."""

    def __init__(self) -> None:
        self.ms = START

    def time_ns(self) -> int:
        return self.ms * 1_000_000


def follow(rt: dnb.Runtime, text: str) -> list[Any]:
    rt.add_source("s", dnb.PushSource())
    seen: list[Any] = []
    query = rt.add_query("q", text, sources=["s"])
    query.on_delta(lambda d: seen.append((d.time_ms, repr(d.rows()))))
    return seen


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("seed", range(3))
def test_both_clocks_give_the_same_deltas(
    name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, virtual, machine = scenario(seed), dnb.VirtualClock(START), Standing()
    monkeypatch.setattr(clocks, "time", machine)
    with dnb.Runtime(clock=virtual) as one, dnb.Runtime(clock=dnb.SystemClock()) as other:
        seen = [follow(one, TEXTS[name]), follow(other, TEXTS[name])]
        for step in steps:
            if isinstance(step, int):
                virtual.advance(step)
                for _ in range(step):
                    machine.ms += 1
                    other.flush()
            else:
                for rt in (one, other):
                    rt.sources["s"].push(step)
                    rt.flush()
        assert seen[0] == seen[1] and seen[0]


@pytest.mark.parametrize("name", ["tumbling", "hopping", "session", "sliding"])
def test_windows_close_and_rows_leave_by_the_clock_alone(name: str) -> None:
    clock = dnb.VirtualClock(START)
    with dnb.Runtime(clock=clock) as rt:
        rt.add_source("s", dnb.PushSource()).push([put(i, x=1, t=START) for i in range(3)])
        q = rt.add_query("q", TEXTS[name], sources=["s"])
        assert [row["n"] for row in q.rows()] == ([3, 3] if name == "hopping" else [3])
        clock.advance(100)
        assert [row["n"] for row in q.rows()] == ([0] if name == "sliding" else [])
        assert clock.next_due_ms() is None, "nothing more to wait for"


def test_timers_fire_in_order_when_due_and_once() -> None:
    clock, rng = dnb.VirtualClock(0), random.Random(1)
    dues = rng.sample(range(1, 100_000), 300)
    with dnb.Runtime(clock=clock) as rt:
        source = rt.add_source("s", dnb.PushSource())
        text = "MATCH (n:A) WHERE drasi.trueLater(true, n.t) RETURN n.t AS t"
        q = rt.add_query("q", text, sources=["s"])
        fired: list[tuple[int, int]] = []
        q.on_delta(lambda d: fired.extend((clock.now_ms(), r["after"]["t"]) for r in d.rows()))
        source.push([put(i, t=due) for i, due in enumerate(dues)])
        rt.flush()
        gone = set(rng.sample(range(300), 40))
        moved = {i: 200_000 + i for i in range(300) if i not in gone and rng.random() < 0.1}
        source.push([{"op": "delete", "id": i} for i in gone])
        source.push([put(i, "update", t=due) for i, due in moved.items()])
        clock.advance("10m")
        left = [moved.get(i, due) for i, due in enumerate(dues) if i not in gone]
        assert fired == [(due, due) for due in sorted(left)]
        assert clock.next_due_ms() is None


def test_three_days_with_hundreds_of_timers_pass_in_a_moment() -> None:
    clock = dnb.VirtualClock(0)
    with dnb.Runtime(clock=clock) as rt:
        source = rt.add_source("s", dnb.PushSource())
        text = "MATCH (n:A) WHERE drasi.trueFor(n.x > 0, n.t) RETURN n.x AS x"
        q = rt.add_query("q", text, sources=["s"])
        source.push([put(i, x=1, t=i * 500_000) for i in range(500)])
        rt.flush()
        start_s = time.perf_counter()
        clock.advance("3 days")
        assert len(q) == 500 and clock.now_ms() == 3 * 86_400_000
        assert time.perf_counter() - start_s < 2


def test_history_is_bounded_by_time() -> None:
    clock = dnb.VirtualClock(0)
    with dnb.Runtime(clock=clock, config=dnb.RuntimeConfig(kept_versions_ms=20)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        text = "MATCH (n:A) RETURN [v IN drasi.getVersionsByTimeRange(n, 0, 1000) | v.x] AS l"
        q = rt.add_query("q", text, sources=["s"])
        for x in range(6):
            source.push(put(1, "update", x=x))
            rt.flush()
            clock.advance(10)
        # one version holds until the next: that of 20 ms holds at 30, where 50 - 20 is
        assert q.rows() == [{"l": [3, 4, 5]}]


def test_two_sources_are_one_order_of_event_times() -> None:
    clock = dnb.VirtualClock(1_000)
    with dnb.Runtime(clock=clock, config=dnb.RuntimeConfig(lateness_ms=50)) as rt:
        for name in ("a", "b"):
            rt.add_source(name, dnb.PushSource())
        seen: list[int | None] = []

        def note(change: dnb.Change) -> dnb.Change:
            seen.append(change.effective_from)
            return change

        text = "MATCH (n:A) RETURN n.x AS x"
        q = rt.add_query("q", text, sources=["a", "b"], middleware=[note])
        times = [1_000 + 3 * i for i in range(40)]
        arriving = [(t, "ab"[i % 2]) for i, t in enumerate(times)]
        arriving.sort(key=lambda pair: pair[0] + (30 if pair[1] == "b" else 0))
        assert [t for t, _ in arriving] != times, "b comes late"
        for t, name in arriving:
            rt.sources[name].push({**put(t, x=name), "effective_from": t})
            rt.flush()
        clock.advance(100)
        assert seen == times and rt.late() == 0 and len(q) == 40
        rt.sources["b"].push({**put(1, x="late"), "effective_from": 1_001})
        rt.flush()
        assert seen[-1] == 1_001 and len(q) == 41 and rt.late() == rt.metrics().late == 1


@pytest.mark.parametrize("language", ["cypher", "gql"])
@pytest.mark.parametrize(("call", "value"), [
    ("drasi.listMin([3, 1, 2])", 1), ("drasi.listMax([3, 1, 2])", 3), ("drasi.stdevp([1, 3])", 1.0),
    ("drasi.previousValue(n.x, 7)", 7), ("drasi.trueNowOrLater(true, 0)", True),
    ("size(drasi.getVersionsByTimeRange(n, 0, 9))", 1), ("drasi.changeDateTime(n).year", 1970),
    ("datetime.transaction().year", 1970), ("datetime.realtime().year", 1970),
    ("datetime.statement().year", 1970), ("date.transaction().month", 1), ("localtime.realtime().hour", 0),
])  # fmt: skip
def test_functions_of_time_in_both_languages(language: str, call: str, value: Any) -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource()).push(put(1, x=1))
        text = f"MATCH (n:A) RETURN {call} AS v"
        assert rt.add_query("q", text, sources=["s"], language=language).rows() == [
            {"v": value}
        ]


def test_timers_that_were_called_off_are_swept() -> None:
    """Rows that wait for another time each time they change keep no more than as many again."""
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        text = "MATCH (n:N) RETURN n.i AS i, drasi.trueFor(n.i >= 0, 1000 + n.i) AS t"
        q = rt.add_query("q", text, sources=["s"])
        for i in range(60):
            source.push([node(n, i) for n in range(50)])
            rt.flush()
        assert len(rt.engine.timers._moments) <= 50 + 501
        assert len(rt.engine.timers.pending()) == 50
        rt.clock.advance(1_058)  # type: ignore[attr-defined]
        assert {row["t"] for row in q.rows()} == {"Awaiting"}
        rt.clock.advance(1)  # type: ignore[attr-defined]
        assert {row["t"] for row in q.rows()} == {True}


def node(id_: int, i: int) -> dict[str, object]:
    return {"op": "insert", "id": id_, "labels": ["N"], "properties": {"i": i}}
