"""What a push does when the queue is full."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import drasi_nb as dnb


def runtime(overflow: Any) -> tuple[dnb.Runtime, dnb.PushSource, dnb.Query]:
    config = dnb.RuntimeConfig(most_queued=10, overflow=overflow)
    rt = dnb.Runtime(clock=dnb.VirtualClock(0), config=config)
    source = rt.add_source("s", dnb.PushSource())
    rt.add_source("other", dnb.PushSource())
    return rt, source, rt.add_query("q", "MATCH (n:N) RETURN n.x AS x", sources=["s", "other"])


def nodes(*numbers: int) -> list[dict[str, Any]]:
    return [{"op": "insert", "id": i, "labels": ["N"], "properties": {"x": i}} for i in numbers]


def test_flush_takes_what_is_queued_first() -> None:
    rt, source, q = runtime("flush")
    for i in range(25):
        assert source.push(nodes(i)) == 1
    assert len(q) == 20 and rt.metrics().queued == 5
    rt.flush()
    assert len(q) == 25 and not rt.rejected()


def test_reject_keeps_the_new_ones_apart() -> None:
    rt, source, q = runtime("reject")
    source.push(nodes(*range(8)))
    assert source.push(nodes(8, 9, 10)) == 0
    assert source.push(nodes(11)) == 1
    assert rt.sources["other"].push(nodes(100)) == 1, "each source has its own bound"
    rt.flush()
    assert len(q) == 10
    assert [r.element_id for r in rt.rejected()] == [8, 9, 10]
    assert rt.rejected()[0].reason == "the queue is full"
    assert "3 changes" in (rt.component("s").error or "")


def test_drop_oldest_keeps_the_oldest_apart() -> None:
    rt, source, q = runtime("drop_oldest")
    for i in range(5):
        source.push(nodes(2 * i, 2 * i + 1))
    source.push(nodes(20, 21, 22))
    rt.flush()
    assert [r.element_id for r in rt.rejected()] == [0, 1, 2, 3]
    assert sorted(row["x"] for row in q.rows()) == [4, 5, 6, 7, 8, 9, 20, 21, 22]


def test_push_async_waits_for_room() -> None:
    async def main() -> None:
        rt, source, q = runtime("reject")
        for i in range(100):
            await source.push_async(nodes(*range(3 * i, 3 * i + 3)))
            assert rt.metrics().queued <= 10
        await source.push_async(nodes(*range(1_000, 1_030)))  # larger than the queue
        await rt.settled()
        assert len(q) == 330 and not rt.rejected()
        rt.close()

    asyncio.run(main())


def test_settings_are_checked() -> None:
    with pytest.raises(dnb.ConfigError, match="'flush', 'drop_oldest', 'reject'"):
        dnb.RuntimeConfig(overflow="wait")  # type: ignore[arg-type]
    with pytest.raises(dnb.ConfigError, match="most_queued"):
        dnb.RuntimeConfig(most_queued=0)
