"""Queries that are added while the loop lives: evaluated in slices, complete when awaited."""

from __future__ import annotations

import asyncio
from typing import Any

import polars as pl
import pytest

import drasi_nb as dnb
from drasi_nb.errors import EvaluationError


def loaded() -> tuple[dnb.Runtime, dnb.PushSource]:
    rt = dnb.Runtime(config=dnb.RuntimeConfig(slice_s=0.000_1, backlog_slice_s=0.000_1))
    source = rt.add_source("s", dnb.PushSource())
    source.upsert_nodes(pl.DataFrame({"id": range(20_000)}), label="N", id="id")
    rt.flush()
    return rt, source


async def starting(rt: dnb.Runtime, id_: str) -> None:
    """Wait until a query is about to be evaluated."""
    seen = asyncio.Event()
    rt.on_event(lambda e: seen.set() if (e.id, e.status) == (id_, "Starting") else None)
    await seen.wait()


TEXTS = {
    "column by column": "MATCH (n:N) WHERE n.id < 15000 RETURN n.id AS id",
    "walked": "MATCH (n:N) WHERE n.id % 4 <> 3 RETURN n.id AS id",
    "groups": "MATCH (n:N) WHERE n.id < 15000 RETURN count(*) AS n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_complete_and_the_loop_lived(name: str) -> None:
    async def main() -> None:
        rt, source = loaded()
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0)
                beats += 1

        heart = asyncio.create_task(beat())
        adding = asyncio.create_task(rt.add_query_async("q", TEXTS[name], sources=["s"]))
        await starting(rt, "q")
        before = beats
        source.update({"id": 1, "properties": {"id": 50_000}})  # waits until it is evaluated
        q = await adding
        assert beats > before + 2
        assert q.status == "Running"
        await rt.settled()
        count = q.rows()[0]["n"] if name == "groups" else len(q)
        assert count == (15_000 if name == "walked" else 14_999)
        if name == "walked":
            messages = rt.events()["message"].to_list()
            assert "25% evaluated" in messages and "75% evaluated" in messages
        heart.cancel()
        rt.close()

    asyncio.run(main())


def test_a_wrong_text_is_raised_at_once() -> None:
    async def main() -> None:
        rt, _ = loaded()
        with pytest.raises(dnb.QuerySyntaxError):
            await rt.add_query_async("q", "MATCH (n:N RETURN n", sources=["s"])
        assert "q" not in rt.queries
        rt.close()

    asyncio.run(main())


def test_what_fails_on_the_way_is_raised_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        rt, _ = loaded()

        def broken(*_args: Any) -> Any:
            yield 0.1
            raise EvaluationError("out of order")

        monkeypatch.setattr(rt.engine, "adding", broken)
        with pytest.raises(dnb.DrasiNbError, match="out of order"):
            await rt.add_query_async("q", TEXTS["walked"], sources=["s"])
        assert rt.queries["q"].status == "Error"
        monkeypatch.undo()
        rt.start("q")
        assert len(rt.queries["q"]) == 15_000
        rt.close()

    asyncio.run(main())


def test_flush_and_close_complete_it() -> None:
    async def main() -> None:
        rt, _ = loaded()
        adding = asyncio.create_task(rt.add_query_async("q", TEXTS["walked"], sources=["s"]))
        await starting(rt, "q")
        rt.flush()
        assert len(rt.queries["q"]) == 15_000
        assert (await adding).status == "Running"
        again = asyncio.create_task(rt.add_query_async("p", TEXTS["walked"], sources=["s"]))
        await starting(rt, "p")
        rt.close()
        assert len(await again) == 15_000

    asyncio.run(main())
