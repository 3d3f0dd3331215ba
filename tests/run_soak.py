"""A runtime left running under load while its components come and go.

``PYTHONPATH=. python tests/run_soak.py [minutes] [changes_per_s]`` (10 and 5,000).

Several sources push through the driver of an asyncio loop on the machine's clock; queries of eight
kinds follow, one of them over another; about every second a component is added, replaced,
stopped, started or removed. It fails when

- a query differs from the interpreter over what the sources pushed, asked every 30 s and at the end,
- a delta does not follow from the one before (the sum of all is the result),
- the memory is not flat: the median of the last third of the run is above that of the middle
  third by more than 5%, measured as resident memory after a collection, every 2 s,
- anything is raised, is in Error or was rejected, or more changes wait at once than may.

The graph stays of one size: 150 nodes and 150 relations per source are inserted, updated and deleted.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "engine"))

from world import Sum, World

import drasi_nb as dnb

SOURCES = ("s0", "s1", "s2")
IDS, GROUPS = 150, 15
TICK_S = 0.02
AT_ONCE = 250
MOST_QUEUED = 2_000  # then a push waits
JOIN = [
    {
        "id": "J",
        "keys": [{"label": "Desk", "property": "room"}, {"label": "Room", "property": "id"}],
    }
]


def fahrenheit(change: dnb.Change) -> dnb.Change:
    """Middleware: t becomes degrees Fahrenheit."""
    t = change.properties.get("t")
    if t is not None:
        change.properties = {**change.properties, "t": t * 9 / 5 + 32}
    return change


KINDS: dict[str, dict[str, Any]] = {
    "filter": {"text": "MATCH (n:Room) WHERE n.t > 28 RETURN n.id AS id, n.t AS t"},
    "groups": {"text": "MATCH (n:Room) RETURN n.g AS g, count(*) AS n, avg(n.t) AS t, max(n.t) AS hi"},
    "optional": {"text": "MATCH (a:Hub) OPTIONAL MATCH (a)-[:NEAR]->(b:Room) WHERE b.t > 25 RETURN a.id AS a, b.id AS b"},
    "top": {"text": "MATCH (n:Room) RETURN n.id AS id, n.t AS t ORDER BY t DESC, id LIMIT 10"},
    "window": {"text": "MATCH (n:Room) WITH drasi.tumbling(n.at, 5000) AS w, count(*) AS n WHERE datetime() < w.end RETURN w.start AS s, n"},
    "middleware": {"text": "MATCH (n:Room) WHERE n.t > 85 RETURN n.id AS id, n.t AS t", "middleware": [fahrenheit]},
    "join": {"text": "MATCH (d:Desk)-[:J]->(r:Room) RETURN d.id AS d, r.t AS t", "joins": JOIN},
}  # fmt: skip
OVER = {
    "text": "MATCH (r:groups) WHERE r.hi > 29 RETURN count(*) AS n, sum(r.n) AS rooms",
    "sources": ["query:groups"],
}


class Soak:
    """The runtime, what pushes into it, what changes it, and what checks it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.rt = dnb.Runtime(
            config=dnb.RuntimeConfig(most_queued=MOST_QUEUED, kept_rows=1_000)
        )
        self.world = World(self.rt)
        self.sums: dict[str, Sum] = {}
        self.most_queued = self.pushed = self.operations = self.checks = self.heard = 0
        self.failures: list[str] = []
        self.rss: list[float] = []
        for source_id in SOURCES:
            self.rt.add_source(source_id, dnb.PushSource())
            first = [self.node(source_id, i) for i in range(IDS)]
            first += [self.desk(i) for i in range(50)] + [self.relation(i) for i in range(IDS)]
            self.push(source_id, first)
        self.rt.flush()
        for kind in KINDS:
            self.add(kind, kind)
        self.add("over", "over")
        self.rt.add_reaction("r", list(self.rt.queries), self.react)

    # -- changes ------------------------------------------------------------------------

    def node(self, source_id: str, i: int) -> dict[str, Any]:
        now = self.rt.clock.now_ms()
        properties = {
            "id": f"{source_id} {i}", "g": i % GROUPS, "t": round(self.rng.gauss(20, 4), 2),
            "due": now + self.rng.randrange(20_000), "at": now,
        }  # fmt: skip
        labels = ["Room", "Hub"] if i < 50 else ["Room"]
        return {"op": "insert", "id": f"n{i}", "labels": labels, "properties": properties}

    def desk(self, i: int) -> dict[str, Any]:
        room = f"{self.rng.choice(SOURCES)} {self.rng.randrange(IDS)}"
        return {
            "op": "insert",
            "id": f"d{i}",
            "labels": ["Desk"],
            "properties": {"id": i, "room": room},
        }

    def relation(self, i: int) -> dict[str, Any]:
        ends = [f"n{self.rng.randrange(IDS)}" for _ in range(2)]
        if i < 200:
            ends[0] = f"n{i % 50}"
        return {
            "op": "insert",
            "id": f"r{i}",
            "labels": ["NEAR"],
            "start_id": ends[0],
            "end_id": ends[1],
        }

    def change(self, source_id: str) -> dict[str, Any]:
        kind, i = self.rng.random(), self.rng.randrange(IDS)
        if kind < 0.70 and f"n{i}" in self.world.models[source_id].elements:
            properties: dict[str, Any] = {"t": round(self.rng.gauss(20, 4), 2)}
            if kind < 0.20:
                now = self.rt.clock.now_ms()
                properties |= {"due": now + self.rng.randrange(20_000), "at": now}
            return {"op": "update", "id": f"n{i}", "properties": properties}
        if kind < 0.85:
            return self.node(source_id, i)
        if kind < 0.88:
            return {"op": "delete", "id": f"n{i}"}
        if kind < 0.90:
            return {"op": "delete", "id": f"r{i}"}
        return self.desk(i % 50) if kind < 0.92 else self.relation(i)

    def push(self, source_id: str, batch: list[dict[str, Any]]) -> None:
        self.rt.sources[source_id].push(batch)
        self.world.apply(source_id, batch)
        self.pushed += len(batch)

    async def load(self, per_s: int, end_s: float) -> None:
        start_s, before = time.monotonic(), self.pushed
        while (now_s := time.monotonic()) < end_s:
            wanted = int((now_s - start_s) * per_s) - (self.pushed - before)
            source_id = self.rng.choice(SOURCES)
            if wanted > 0 and self.rt.component(source_id).status == "Running":
                batch = [self.change(source_id) for _ in range(min(wanted, AT_ONCE))]
                while batch:
                    part = [
                        batch.pop() for _ in range(min(len(batch), self.rng.randint(1, 50)))
                    ]
                    try:
                        await self.rt.sources[source_id].push_async(part)
                    except dnb.ComponentError:  # stopped or replaced while it waited for room
                        break
                    self.world.apply(source_id, part)
                    self.pushed += len(part)
            await asyncio.sleep(TICK_S)

    # -- operations ---------------------------------------------------------------------

    def react(self, delta: dnb.Delta) -> None:
        self.heard += len(delta.changes)

    def add(self, id_: str, kind: str) -> None:
        options = OVER if kind == "over" else {"sources": list(SOURCES), **KINDS[kind]}
        query = self.rt.add_query(id_, **options)
        if id_ not in self.sums:
            self.sums[id_] = Sum(query)

    def operate(self) -> None:
        """Do one random thing to a component."""
        rng, rt = self.rng, self.rt
        self.operations += 1
        deed = rng.randrange(8)
        id_ = rng.choice([*KINDS, "over"])
        if deed == 0:
            self.add("extra", rng.choice(list(KINDS)))
        elif deed == 1:
            extra = [q for q in rt.queries if q.startswith("extra")]
            if extra:
                self.sums.pop(rng.choice(extra))
                for gone in [q for q in extra if q not in self.sums]:
                    rt.remove(gone, cascade=True)
        elif deed == 2:
            self.add(id_, id_)
        elif deed == 3:
            rt.stop(id_)
        elif deed == 4:
            rt.start_all()
        elif deed == 5:
            rt.add_source(rng.choice(SOURCES), dnb.PushSource())
        elif deed == 6:
            source_id = rng.choice(SOURCES)
            (rt.stop if rt.component(source_id).status == "Running" else rt.start)(source_id)
        elif deed == 7:
            rt.add_reaction(f"r {rng.randrange(2)}", list(rt.queries)[:5], self.react)
            if rng.random() < 0.5:
                rt.remove(rng.choice([r for r in rt.reactions if r != "r"]))
        if rng.random() < 0.02:  # a source goes with all that needs it, and comes back
            rt.remove("s2", cascade=True)
            self.world.forget("s2")
            self.sums.clear()
            rt.add_source("s2", dnb.PushSource())
            for kind in [*KINDS, "over"]:
                self.add(kind, kind)
            rt.add_reaction("r", list(rt.queries), self.react)

    async def change_components(self, end_s: float) -> None:
        while time.monotonic() < end_s:
            await asyncio.sleep(self.rng.uniform(0.5, 1.5))
            self.operate()

    # -- checks -------------------------------------------------------------------------

    def check(self) -> None:
        """Compare every query that runs with the oracle, at one moment of the clock."""
        self.world.now_ms = None
        while self.world.now_ms != self.rt.clock.now_ms():  # all that is due by then has fired
            self.world.now_ms = self.rt.clock.now_ms()
            self.rt.flush()
        self.checks += 1
        for query in self.rt.queries.values():
            if query.status == "Error":
                self.failures.append(f"{query.id} is in Error: {query.error}")
            if query.status != "Running":
                continue
            if query.id in self.sums:
                self.sums[query.id].check()
            if query.id.startswith("extra"):
                continue
            self.world.check(query)

    async def check_often(self, end_s: float) -> None:
        while time.monotonic() < end_s - 1:
            await asyncio.sleep(min(30.0, max(0.0, end_s - 1 - time.monotonic())))
            self.check()

    async def watch(self, end_s: float, start_s: float) -> None:
        while time.monotonic() < end_s:
            await asyncio.sleep(2)
            gc.collect()
            self.rss.append(resident_mb())
            self.most_queued = max(self.most_queued, self.rt.metrics().queued)
            if len(self.rss) % 15 == 0:
                print(
                    f"{time.monotonic() - start_s:6.0f} s  {self.pushed:>9,} changes "
                    f" {self.operations:>4} operations  {self.rss[-1]:7.1f} MB",
                    flush=True,
                )

    async def run(self, minutes: float, per_s: int) -> None:
        start_s = time.monotonic()
        end_s = start_s + minutes * 60
        async with asyncio.TaskGroup() as group:
            group.create_task(self.load(per_s, end_s))
            group.create_task(self.change_components(end_s))
            group.create_task(self.check_often(end_s))
            group.create_task(self.watch(end_s, start_s))
        for _ in range(2):
            await self.rt.settled()
        self.rt.start_all()
        self.check()
        self.report(time.monotonic() - start_s, per_s)

    def report(self, spent_s: float, per_s: int) -> None:
        metrics = self.rt.metrics()
        third = len(self.rss) // 3
        middle = statistics.median(self.rss[third : 2 * third])
        last = statistics.median(self.rss[2 * third :])
        slow = [
            (q.id, round(q.p99_ms or 0, 1)) for q in metrics.components if q.kind == "query"
        ]
        print(
            f"{self.pushed:,} changes in {spent_s:.0f} s ({self.pushed / spent_s:,.0f}/s), "
            f"{self.operations} operations, {self.checks} checks, {self.heard:,} rows heard\n"
            f"memory: middle third {middle:.1f} MB, last third {last:.1f} MB ({last / middle - 1:+.1%})\n"
            f"at most {self.most_queued:,} changes waited at once\n"
            f"p99 from push to delta, ms: {slow}"
        )
        if last > middle * 1.05:
            self.failures.append("the memory grows")
        if self.most_queued > 2 * MOST_QUEUED * len(SOURCES):
            self.failures.append(f"{self.most_queued:,} changes waited at once")
        if self.pushed < 0.9 * per_s * spent_s:
            self.failures.append("fewer changes came than asked for: this machine is too slow")
        if self.rt.rejected():
            self.failures.append(
                f"{len(self.rt.rejected())} were rejected: {self.rt.rejected()[0]}"
            )
        for failure in self.failures:
            print("FAILED:", failure)
        if self.failures:
            raise SystemExit(1)


def resident_mb() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    per_s = int(sys.argv[2]) if len(sys.argv) > 2 else 5_000
    seed = random.randrange(2**32)
    print(f"seed {seed}, {minutes:g} minutes of {per_s:,} changes/s")

    async def run() -> None:
        soak = Soak(seed)
        async with soak.rt:
            await soak.run(minutes, per_s)

    asyncio.run(run())


if __name__ == "__main__":
    main()
