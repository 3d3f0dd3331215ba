"""Recordings: written while a runtime runs, played to the same deltas, and Drasi's script files."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import timed_histories
from lives import START, queries, shown, state

import drasi_nb as dnb
from drasi_nb.runtime.recording import read
from drasi_nb.runtime.scripts import Batch, write_script


def runtime(texts: list[str], clock: Any = None, **settings: Any) -> tuple[Any, list[Any]]:
    config = dnb.RuntimeConfig(**settings)
    rt = dnb.Runtime(clock=clock or dnb.VirtualClock(START), config=config)
    deltas: list[Any] = []
    rt.add_source("s", dnb.PushSource())
    for place, text in enumerate(texts):
        q = rt.add_query(f"q{place}", text, sources=["s"], parameters={"p": 1})
        q.on_delta(lambda delta: deltas.append(shown(delta)))
    return rt, deltas


@pytest.mark.parametrize("seed", range(12))
def test_a_recorded_run_plays_to_the_same_deltas(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    texts = [*queries(rng, 3), "MATCH (n:A) RETURN n.x AS x, rand() AS r, randomUUID() AS u"]
    settings = {"lateness_ms": rng.choice((0, 5))}
    rt, deltas = runtime(texts, **settings)
    with rt.record(tmp_path / "log"):
        for step in timed_histories.timed_history(rng):
            if isinstance(step, int):
                rt.clock.advance(step)
            else:
                rt.sources["s"].push(step)
            if rng.random() < 0.4:
                rt.flush()
            if rng.random() < 0.1:
                rt.stop("q0")
                rt.start("q0")
        rt.flush()
    again, played = runtime(texts, **settings)
    again.play(tmp_path / "log")
    assert played == deltas and again.seq == rt.seq


def test_a_run_on_a_loop_plays_to_the_same_deltas(tmp_path: Path) -> None:
    """Slices, timers of the machine's clock, a query added meanwhile, frames, a callback's push."""
    texts = [
        """MATCH (n:A) WHERE drasi.trueFor(n.x > 1, 5)
                RETURN n.x AS x, datetime() AS t, drasi.previousValue(n.x) AS p"""
    ]
    added = "MATCH (n:A) RETURN n.x % 3 AS x, count(*) AS n"
    rt, deltas = runtime(texts, dnb.SystemClock(), slice_s=0.0005, backlog_slice_s=0.0005)
    early: list[Any] = []

    async def main() -> None:
        with rt.record(tmp_path / "log"):
            for turn in range(4):
                rt.sources["s"].push(
                    [{"op": "insert", "id": i, "labels": ["A"], "properties": {"x": i % 5 + turn}}
                     for i in range(100)]
                )  # fmt: skip
                await asyncio.sleep(0.004)
                if turn % 2:
                    await rt.settled()
                if turn == 2:
                    q = rt.add_query("added", added, sources=["s"])
                    early.extend(q.keyed_rows())
                    q.on_delta(lambda delta: deltas.append(shown(delta)))
                frame = pl.DataFrame({"id": range(9_000, 9_300), "x": range(turn, 300 + turn)})
                rt.sources["s"].upsert_nodes(frame, label="A", id="id")
            await rt.settled()
            await asyncio.sleep(0.01)
            await rt.settled()

    asyncio.run(main())
    rt.close()
    again, played = runtime(texts)
    seen: list[Any] = []

    def follow(event: Any) -> None:
        if event.id == "added" and event.message == "query started":
            q = again.queries["added"]
            seen.extend(q.keyed_rows())
            q.on_delta(lambda delta: played.append(shown(delta)))

    again.on_event(follow)
    again.play(tmp_path / "log")
    assert played == deltas and len(deltas) > 2
    assert sorted(seen) == sorted(early) and state(again)[0] == rt.seq


def test_a_recording_is_played_by_a_source_too(tmp_path: Path) -> None:
    rt, _ = runtime([])
    rt.add_source("t", dnb.PushSource())
    recorder = rt.record(tmp_path / "log")
    for i in range(3):
        rt.sources["s"].push({"op": "insert", "id": i, "labels": ["A"], "properties": {"x": i}})
        rt.sources["t"].push({"op": "delete", "id": i, "effective_from": 7})
        rt.clock.advance(10)
    frame = pl.DataFrame({"id": [5], "x": [float("nan")]})
    rt.sources["s"].upsert_nodes(frame, label="A", id="id")
    recorder.close()
    recorder.close()
    again = dnb.Runtime(clock=dnb.VirtualClock(START))
    again.add_source("r", dnb.ReplaySource.from_file(tmp_path / "log", source="s"))
    q = again.add_query("q", "MATCH (n:A) RETURN n.x AS x", sources=["r"])
    again.clock.advance(15)  # type: ignore[attr-defined]
    assert len(q) == 2
    again.clock.advance(15)  # type: ignore[attr-defined]
    assert len(q) == 4
    assert [batch.source for batch in read(tmp_path / "log")] == ["s", "t"] * 3 + ["s"]


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "log"
    rt, _ = runtime([])
    file.write_text('{"format": "other"}\n')
    with pytest.raises(dnb.ConfigError, match="no header"):
        rt.play(file)
    file.write_text('{"format": "drasi_nb log", "version": 9}\n')
    with pytest.raises(dnb.ConfigError, match="version 9"):
        list(read(file))
    with rt.record(file):
        with pytest.raises(dnb.ComponentError, match="from_file"):
            rt.play(file)
        rt.sources["s"].push({"op": "insert", "id": 1})
    with pytest.raises(dnb.ComponentError, match="'s'"):
        dnb.Runtime(clock=dnb.VirtualClock(0)).play(file)
    with pytest.raises(dnb.ConfigError, match="VirtualClock"):
        dnb.Runtime().play(file)
    other = dnb.Runtime(clock=dnb.VirtualClock(0), config=dnb.RuntimeConfig(lateness_ms=1))
    with pytest.raises(dnb.ConfigError, match="lateness_ms=0"):
        other.play(file)
    with pytest.raises(dnb.CheckpointError, match="cannot be written"):
        rt.record(tmp_path / "none" / "log")


SCRIPT = [
    {"kind": "Header", "start_time": "2026-01-01T00:00:00+00:00", "description": "rooms"},
    {"kind": "Label", "label": "start"},
    {"kind": "Node", "id": "r1", "labels": ["Room"], "properties": {"t": 20}},
    {"kind": "Node", "id": "f1", "labels": ["Floor"]},
    {"kind": "Relation", "id": "p1", "labels": ["PART_OF"], "start_id": "r1", "end_id": "f1"},
    {"kind": "Comment", "comment": "it gets warm"},
    {"kind": "PauseOnStart"},
    {"kind": "SourceChange", "offset_ns": 5_000_000, "source_change_event": {
        "op": "u", "payload": {"source": {"db": "", "table": "node", "ts_ns": 1},
                               "after": {"id": "r1", "labels": ["Room"], "properties": {"t": 27}}}}},
    {"kind": "SourceChange", "offset_ns": 7_000_000, "source_change_event": {
        "op": "d", "payload": {"before": {"id": "p1"}}}},
    {"kind": "Finish", "description": ""},
    {"kind": "Node", "id": "behind the end", "labels": ["Room"]},
]  # fmt: skip


def test_scripts_of_drasi_are_played(tmp_path: Path) -> None:
    file = tmp_path / "script.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in SCRIPT))
    start = dnb.VirtualClock(0)
    rt = dnb.Runtime(clock=start)
    rt.add_source("rooms", dnb.PushSource())
    text = (
        "MATCH (r:Room) OPTIONAL MATCH (r)-[:PART_OF]->(f) RETURN r.t AS t, f IS NULL AS alone"
    )
    q = rt.add_query("q", text, sources=["rooms"])
    times: list[Any] = []
    q.on_delta(lambda delta: times.append(delta.time_ms - 1_767_225_600_000))
    assert rt.play(file) == 5
    assert q.rows() == [{"t": 27, "alone": True}] and times == [0, 0, 5, 7]
    by_source = dnb.Runtime(clock=dnb.VirtualClock(1_767_225_600_000))
    by_source.add_source("rooms", dnb.ReplaySource.from_file(file))
    p = by_source.add_query("q", text, sources=["rooms"])
    by_source.clock.advance(6)  # type: ignore[attr-defined]
    assert p.rows() == [{"t": 27, "alone": False}]


def test_scripts_round_trip(tmp_path: Path) -> None:
    rt, _ = runtime([])
    with rt.record(tmp_path / "log") as recorder:
        for step in timed_histories.timed_history(random.Random(3)):
            if isinstance(step, int):
                rt.clock.advance(step)
            elif "inf" not in repr(step) and "nan" not in repr(step):
                step.pop("effective_from", None)
                rt.sources["s"].push(step)
    batches = list(read(tmp_path / "log"))
    assert recorder.write_script(tmp_path / "script") == sum(len(b.changes) for b in batches)
    back = list(read(tmp_path / "script"))
    each = [Batch(None, b.time_ms, [change]) for b in batches for change in b.changes]
    for change in (c for b in (*each, *back) for c in b.changes):
        change.setdefault("labels", [])
    assert back == each
    nan = Batch("s", 0, [{"op": "insert", "id": 1, "properties": {"x": [float("nan")]}}])
    with pytest.raises(dnb.ChangeError, match="'x'"):
        write_script([nan], tmp_path / "script")


def test_a_wrong_record_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "script"
    for bad in ({"kind": "Node"}, {"kind": "Nodes"}, {"kind": "SourceChange"}, [], {}):
        file.write_text(json.dumps(SCRIPT[0]) + "\n" + json.dumps(bad) + "\n")
        with pytest.raises(dnb.CheckpointError, match=r"script, line 2"):
            list(read(file))
