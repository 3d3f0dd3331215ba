"""The seed's load scenarios; ``loads.py`` plays them in a kernel."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import drasi_nb as dnb
from tests.benchmarks.measuring import heartbeat
from tests.benchmarks.rooms import AVERAGE, PROJECTION, graph
from tests.benchmarks.streams import BEAT_S, Change, Latencies, steady

ROOMS = 2_000  # of a source
RESULT = 10_000  # rows
BATCH = 100  # changes, where they come as fast as possible
ABOVE = "MATCH (r:Room) WHERE r.temperature > $k RETURN r.name AS name, r.temperature AS t"


class Scene:
    """Sources, queries and changes of one scenario.

    Args:
        queries: Texts in turn, each over one source in turn.
        sources: How many there are.
        rooms: Of each source.
    """

    def __init__(
        self, queries: list[tuple[str, dict[str, Any]]], sources: int, rooms: int
    ) -> None:
        self.rt = dnb.Runtime(config=dnb.RuntimeConfig(most_queued=100_000))
        self.rng, self.rooms, self.following = random.Random(8), rooms, rooms
        self.there = list(range(rooms))
        names = [f"s{i}" for i in range(sources)]
        self.sources = [self.rt.add_source(name, dnb.PushSource()) for name in names]
        for source in self.sources:
            source.push(graph(rooms))
        self.rt.flush()
        every = len(queries) == 1  # one query sees all sources
        for i, (text, parameters) in enumerate(queries):
            seen = names if every else [names[i % sources]]
            self.rt.add_query(f"q{i}", text, sources=seen, parameters=parameters)
        self.query = self.rt.queries["q0"]

    def move(self) -> Change:
        """Return a change of temperature."""
        i = self.rng.choice(self.there)
        properties = {"temperature": 20 + 10 * self.rng.random()}
        return {"op": "update", "id": f"r{i}", "properties": properties}

    def turn_over(self) -> list[Change]:
        """Return a batch: half updates, a quarter deletes, and inserts in their place."""
        moves = [self.move() for _ in range(BATCH // 2)]
        out, gone = list[Change](), set[int]()
        for _ in range(BATCH // 4):
            place = self.rng.randrange(self.rooms)
            gone.add(old := self.there[place])
            self.there[place] = new = self.following
            self.following += 1
            properties = {"name": f"r{new}", "temperature": 20 + 10 * self.rng.random()}
            out += [
                {"op": "delete", "id": f"r{old}"},
                {"op": "insert", "id": f"r{new}", "labels": ["Room"], "properties": properties},
            ]
        return [*moves, *out]

    async def play(self, name: str, seconds: float) -> dict[str, Any]:
        """Play the changes of a scenario; return what was measured."""
        await self.rt.settled()
        latencies = Latencies(self.rt, self.rt.queries.values())
        rate = _RATES[name]
        async with heartbeat(BEAT_S) as pauses:
            begin = time.perf_counter()
            if rate is None:
                pushed = await self._flat_out(seconds, latencies)
            else:
                feeds = [
                    steady(source.push, self.move, rate, seconds, latencies)
                    for source in self.sources
                ]
                pushed = sum(await asyncio.gather(*feeds))
            await self.rt.settled()
            spent = time.perf_counter() - begin
        assert self.rt.seq == latencies.pushed
        return {
            "rate": pushed / spent,
            "cpu": 100 * pauses.cpu_share,
            "pause": pauses.longest_s * 1e3,
            "collection": pauses.longest_collection_s * 1e3,
            "latencies": latencies.values,
            "rows": sum(map(len, self.rt.queries.values())),
        }

    async def _flat_out(self, seconds: float, latencies: Latencies) -> int:
        (source,), pushed, begin = self.sources, 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            batch = self.turn_over()
            latencies.begin(len(batch))
            pushed += await source.push_async(batch)
            # as fast as they are taken: the next batch is made when this one is in the result
            await self.rt.settled()
        return pushed


def _fifty() -> Scene:
    queries = [(ABOVE, {"k": 20.0 + i / 5}) for i in range(50)]
    return Scene(queries, 5, ROOMS)


SCENARIOS: dict[str, Callable[[], Scene]] = {
    "1,000 changes/s from one source": lambda: Scene([(AVERAGE, {})], 1, ROOMS),
    "100 changes/s from each of 10 sources": lambda: Scene([(AVERAGE, {})], 10, ROOMS // 10),
    "10,000 rows, half updates, half deletes and inserts": lambda: Scene(
        [(PROJECTION, {})], 1, RESULT
    ),
    "50 queries on 5 sources, 1,000 changes/s": _fifty,
}
_RATES = dict(zip(SCENARIOS, (1_000.0, 100.0, None, 200.0), strict=True))  # of each source
