"""Reactions: in order, tried again, and nothing lost in silence."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import drasi_nb as dnb


def runtime(reaction: Any, **settings: Any) -> tuple[dnb.VirtualClock, dnb.Runtime, Any]:
    clock = dnb.VirtualClock(0)
    rt = dnb.Runtime(clock=clock, config=dnb.RuntimeConfig(**settings))
    source = rt.add_source("s", dnb.PushSource())
    rt.add_query("q", "MATCH (n:N) RETURN n.x AS x", sources=["s"])
    rt.add_reaction("r", ["q"], reaction)

    def push(number: int) -> None:
        source.insert({"id": number, "labels": ["N"], "properties": {"x": number}})
        rt.flush()

    return clock, rt, push


def seen_by(failures: int) -> tuple[list[int], Any]:
    """Return a list of what a reaction took, and the reaction, which fails so often at 1."""
    seen: list[int] = []
    left = [failures]

    def react(delta: dnb.Delta) -> None:
        x = delta.rows()[0]["after"]["x"]
        if x == 1 and left[0]:
            left[0] -= 1
            raise RuntimeError("no")
        seen.append(x)

    return seen, react


def test_a_delta_that_fails_is_tried_again_before_the_next() -> None:
    seen, react = seen_by(2)
    clock, rt, push = runtime(react)
    for i in range(3):
        push(i)
    assert seen == [0] and rt.metrics().components[2].lag == 2
    assert "try 2 follows in 100 ms" in (rt.component("r").error or "")
    clock.advance(99)
    assert seen == [0]
    clock.advance(1)
    assert seen == [0]
    clock.advance(200)
    assert seen == [0, 1, 2] and not rt.rejected()


def test_what_never_works_is_kept_apart() -> None:
    seen, react = seen_by(99)
    clock, rt, push = runtime(react, reaction_retries=2)
    for i in range(3):
        push(i)
    clock.advance("1s")
    assert seen == [0, 2]
    (letter,) = rt.rejected()
    assert letter.source_id == "r" and letter.reason == "RuntimeError: no"
    assert letter.change.rows()[0]["after"]["x"] == 1


def test_too_many_that_wait_are_kept_apart() -> None:
    seen, react = seen_by(1)
    clock, rt, push = runtime(react, most_pending=2)
    for i in range(1, 5):
        push(i)
    assert [r.change.rows()[0]["after"]["x"] for r in rt.rejected()] == [1, 2]
    clock.advance("1s")
    assert seen == [3, 4]


def test_coroutines_run_one_after_the_other_and_again() -> None:
    seen: list[Any] = []

    async def react(delta: dnb.Delta) -> None:
        x = delta.rows()[0]["after"]["x"]
        seen.append(("begin", x))
        await asyncio.sleep(0.002)
        if seen.count(("begin", x)) == 1 and x == 1:
            raise RuntimeError("once")
        seen.append(("end", x))

    async def main() -> None:
        clock, rt, push = runtime(react)
        for i in range(3):
            push(i)
        for _ in range(100):
            await asyncio.sleep(0.005)
            clock.advance(100)
            if ("end", 2) in seen:
                break
        rt.close()

    asyncio.run(main())
    assert seen == [
        ("begin", 0), ("end", 0), ("begin", 1), ("begin", 1), ("end", 1), ("begin", 2), ("end", 2),
    ]  # fmt: skip


def test_settings_are_plain_data() -> None:
    config = dnb.RuntimeConfig(reaction_retries=0)
    assert dataclasses.asdict(config)["reaction_retries"] == 0
