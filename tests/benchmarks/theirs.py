"""drasi-lib on the same work; it hands its results to a Python reaction.

Install it with ``pip install -e '.[bench]'``.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

os.environ["RUST_LOG"] = "off"  # read when drasi is imported

WINDOW = 500  # changes in flight
QUIET_S, GIVE_UP_S = 0.5, 60.0


def is_installed() -> bool:
    """Return whether there is a drasi-lib here."""
    return importlib.util.find_spec("drasi") is not None


class Reaction:
    """A Python reaction that notes when the last result came."""

    def __init__(self) -> None:
        self.seen, self.last = 0, time.perf_counter()

    @classmethod
    async def add(cls, lib: Any, queries: Iterable[str] = ("q",)) -> Reaction:
        """Add one to a runtime, for queries."""
        reaction = cls()
        await lib.add_python_reaction("r", list(queries), reaction)
        return reaction

    def __call__(self, event: dict[str, Any]) -> None:
        self.seen += len(event["results"])
        self.last = time.perf_counter()

    async def quiet(self, least_s: float = 1.0) -> float:
        """Wait until no result has come for so long; return when the last one came."""
        begin = time.perf_counter()
        while not self.seen or time.perf_counter() - self.last < least_s:
            assert time.perf_counter() - begin < GIVE_UP_S, "no result came"
            await asyncio.sleep(0.02)
        self.seen = 0
        return self.last


@asynccontextmanager
async def running(sources: Iterable[str] = ("rooms",)) -> AsyncIterator[Any]:
    """Start one with sources that take pushes."""
    import drasi

    async with await drasi.Drasi.create("bench") as lib:
        await lib.start()
        for source in sources:
            await lib.add_python_source(source)
        yield lib


async def push(lib: Any, changes: list[dict[str, Any]], source: str = "rooms") -> None:
    """Push one at a time, a window of them in flight."""
    for place in range(0, len(changes), WINDOW):
        window = changes[place : place + WINDOW]
        await asyncio.gather(*(lib.push_change(source, change) for change in window))


def per_change(
    texts: list[str], before: list[dict[str, Any]], changes: list[dict[str, Any]]
) -> tuple[float, float]:
    """Return the seconds per element of the load and per change after it, to the last result."""
    return asyncio.run(_per_change(texts, before, changes))


async def _per_change(
    texts: list[str], before: list[dict[str, Any]], changes: list[dict[str, Any]]
) -> tuple[float, float]:
    async with running() as lib:
        names = [f"q{i}" for i in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            await lib.add_query(name, text, ["rooms"])
        reaction = await Reaction.add(lib, names)
        begin = time.perf_counter()
        await push(lib, before)
        load_s = await reaction.quiet(QUIET_S) - begin
        begin = time.perf_counter()
        await push(lib, changes)
        return load_s / len(before), (await reaction.quiet(QUIET_S) - begin) / len(changes)
