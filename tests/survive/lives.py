"""A runtime that is killed and restored again and again, beside one that never ends."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import histories
import timed_histories

import drasi_nb as dnb
from drasi_nb.errors import QueryError
from drasi_nb.values.encoding import dump

START = timed_histories.START


def abandon(rt: dnb.Runtime) -> None:
    """Let go of a runtime as a kill does: nothing more is written."""
    assert rt.checkpoint_in is not None
    checkpoint = rt.checkpoint_in
    checkpoint.journal._end = None
    checkpoint.log._later.clear()
    rt.clock.after_timer = None
    checkpoint.release()


def crash(rt: dnb.Runtime, directory: Path, cut: int = 0) -> dnb.Runtime:
    """Kill a runtime and restore it from a copy of its directory as it is now."""
    if not rt.reactions:
        rt.checkpoint_in.journal.push_out()  # type: ignore[union-attr]  # as by itself in a second
    copy = directory.with_name(f"{directory.name}+")
    shutil.copytree(directory, copy)
    now_ms = rt.clock.now_ms()
    abandon(rt)
    shutil.rmtree(directory)
    copy.rename(directory)
    return dnb.Runtime.restore(directory, clock=dnb.VirtualClock(now_ms))


def shown(delta: dnb.Delta) -> tuple[Any, ...]:
    """Return a delta as something that ``==`` compares to the last bit."""
    return delta.query_id, delta.seq, delta.time_ms, dump(delta.columns), dump(delta.changes)


def state(rt: dnb.Runtime) -> list[Any]:
    """Return all that must be the same with and without a restart."""
    out: list[Any] = [rt.seq, rt.late(), rt.clock.now_ms(), rt.engine.timers.next_due_ms()]
    for id_, query in sorted(rt.queries.items()):
        rows = sorted((dump(key), dump(row)) for key, row in query.keyed_rows())
        out.append((id_, query.status, query.columns, query.last_seq, query.last_time_ms, rows))
        out.append(query.metrics())
    every = frozenset(range(len(rt.engine.graph.source_ids)))
    for elements in (rt.engine.graph.all_nodes(every), rt.engine.graph.all_relations(every)):
        out.append(sorted(dump(element) for element in elements))
    return out


class Life:
    """One of the two runtimes, driven by the same steps."""

    def __init__(self, path: Path | None, lateness_ms: int, seed: int) -> None:
        config = dnb.RuntimeConfig(lateness_ms=lateness_ms, snapshot_changes=10)
        clock = dnb.VirtualClock(START)
        self.path = path
        with patch("drasi_nb.engine.timers.secrets.randbits", return_value=seed):
            self.rt = dnb.Runtime(clock=clock, config=config, checkpoint=path)
        self.deltas: list[Any] = []
        self.rt.add_source("s", dnb.PushSource())

    def take(self, delta: dnb.Delta) -> None:
        self.deltas.append(shown(delta))

    def crash(self) -> None:
        if self.path is not None:
            self.rt = crash(self.rt, self.path)
            if "r" in self.rt.reactions:
                done = self.rt.reacting["r"].done
                again = self.deltas[done:]  # it may get them a second time
                del self.deltas[done:]
                self.rt.add_reaction("r", self.rt.listens_to("r"), self.take)
                assert self.deltas[done : done + len(again)] == again, (
                    done,
                    again,
                    self.deltas[done:],
                )

    def step(self, step: Any) -> None:
        match step:
            case ("push", changes):
                self.rt.sources["s"].push(changes)
            case ("flush",):
                self.rt.flush()
            case ("advance", ms):
                self.rt.clock.advance(ms)  # type: ignore[attr-defined]
            case ("add", id_, text, sources):
                self.rt.add_query(id_, text, sources=sources, parameters={"p": 1})
            case ("react", queries):
                self.rt.add_reaction("r", queries, self.take)
            case ("stop", id_):
                self.rt.stop(id_)
            case ("start", id_):
                self.rt.start(id_)
            case ("remove", id_):
                self.rt.remove(id_, cascade=True)
            case ("checkpoint",):
                if self.path is not None:
                    self.rt.checkpoint()
            case ("crash",):
                self.crash()


def queries(rng: random.Random, count: int) -> list[str]:
    """Return texts that a runtime takes, most of them of time."""
    out = list[str]()
    probe = dnb.Runtime(clock=dnb.VirtualClock(START))
    probe.add_source("s", dnb.PushSource())
    while len(out) < count:
        text = timed_histories.timed_query(rng) if rng.random() < 0.8 else histories.query(rng)
        try:
            probe.add_query("q", text, sources=["s"], parameters={"p": 1})
        except QueryError:
            continue
        out.append(text)
    return out


def steps(rng: random.Random, texts: list[str]) -> list[Any]:
    """Return what happens in a life: changes, ticks, time, components, checkpoints, kills."""
    names = [f"q{i}" for i in range(len(texts))]
    out: list[Any] = [("add", n, t, ["s"]) for n, t in zip(names, texts, strict=True)]
    if rng.random() < 0.3:
        over = "MATCH (n) WITH count(n) AS c RETURN c, drasi.previousValue(c) AS p"
        out.append(("add", "over", over, [f"query:{names[0]}"]))
        names.append("over")
    rng.shuffle(out[: len(texts)])
    if rng.random() < 0.8:
        out.append(("react", rng.sample(names, rng.randint(1, len(names)))))
    for step in timed_histories.timed_history(rng):
        if isinstance(step, int):
            out.append(("advance", step))
        else:
            out.append(("push", [step] if rng.random() < 0.7 else step))
        how = rng.random()
        if how < 0.4:
            out.append(("flush",))
        elif how < 0.5:
            out.append(("checkpoint",))
        elif how < 0.65:
            out.append(("crash",))
        elif how < 0.7:
            name = rng.choice(names)
            out += [("stop", name), ("crash",), ("start", name)]
    if rng.random() < 0.2:
        out += [("remove", names[0]), ("crash",)]
    return [*out, ("crash",), ("advance", 50), ("crash",)]


def check(seed: int, directory: Path) -> None:
    """Live a life twice, once with kills; they end the same, and no delta differs."""
    rng = random.Random(seed)
    texts = queries(rng, rng.randint(1, 3))
    if rng.random() < 0.2:
        texts.append("MATCH (n:A) RETURN n.x AS x, rand() AS r, randomUUID() AS u")
    lateness_ms = rng.choice((0, 0, 5))
    plan = steps(rng, texts)
    if directory.exists():
        shutil.rmtree(directory)
    killed, plain = Life(directory, lateness_ms, seed), Life(None, lateness_ms, seed)
    try:
        for place, step in enumerate(plan):
            for life in (plain, killed):
                life.step(step)
            assert state(killed.rt) == state(plain.rt), (seed, place, step, texts)
        assert killed.deltas == plain.deltas, (seed, texts)
    finally:
        abandon(killed.rt)
