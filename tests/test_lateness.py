"""Changes that come out of order are taken in the order of their times, within a bound."""

from __future__ import annotations

import random

import pytest

import drasi_nb as dnb


def runtime(bound_ms: int) -> tuple[dnb.VirtualClock, dnb.Runtime, dnb.Query]:
    clock = dnb.VirtualClock(1_000)
    rt = dnb.Runtime(clock=clock, config=dnb.RuntimeConfig(lateness_ms=bound_ms))
    for name in ("a", "b"):
        rt.add_source(name, dnb.PushSource())
    q = rt.add_query(
        "q",
        "MATCH (n:N) RETURN n.k AS k, n.v AS v, drasi.previousValue(n.v) AS p",
        sources=["a", "b"],
    )
    return clock, rt, q


def at(time_ms: int, value: int) -> dict[str, object]:
    properties = {"k": 1, "v": value}
    return {
        "op": "insert", "id": 1, "labels": ["N"], "properties": properties, "effective_from": time_ms
    }  # fmt: skip


def test_two_sources_are_ordered_by_event_time() -> None:
    _, rt, q = runtime(10)
    seen: list[tuple[int, object]] = []
    q.on_delta(lambda d: seen.append((d.time, [r["after"]["v"] for r in d.rows()])))
    rt.sources["a"].push(at(1_020, 2))
    rt.flush()
    assert seen == [], "one of 1,010 may still come"
    rt.sources["a"].push(at(1_012, 1))
    rt.sources["a"].push(at(1_031, 3))  # from now on nothing before 1,021 waits
    rt.flush()
    assert [row["p"] for row in q.rows()] == [1] and [row["v"] for row in q.rows()] == [2]


def test_what_nothing_follows_goes_on_by_the_clock() -> None:
    clock, rt, q = runtime(10)
    rt.sources["a"].push(at(1_000, 1))
    clock.advance(9)
    assert q.rows() == []
    clock.advance(1)
    assert [row["v"] for row in q.rows()] == [1]


def test_what_is_later_still_is_applied_and_counted() -> None:
    clock, rt, q = runtime(10)
    rt.sources["a"].push(at(1_050, 2))
    clock.advance(20)
    rt.sources["b"].push(at(1_001, 1))
    rt.flush()
    assert len(q) == 2 and rt.late() == 1


@pytest.mark.parametrize("seed", range(20))
def test_any_order_within_the_bound_is_the_right_order(seed: int) -> None:
    rng = random.Random(seed)
    changes = [at(1_000 + 5 * i, i) for i in range(50)]
    shuffled = sorted(changes, key=lambda c: c["effective_from"] + rng.randrange(40))  # type: ignore[operator]
    clock, rt, q = runtime(40)
    for change in shuffled:
        rt.sources["a"].push(change)
        if rng.random() < 0.5:
            rt.flush()
    clock.advance(100)
    assert q.rows() == [{"k": 1, "v": 49, "p": 48}] and rt.late() == 0


def test_the_bound_is_checked() -> None:
    with pytest.raises(dnb.ConfigError, match="lateness_ms"):
        dnb.RuntimeConfig(lateness_ms=-1)
