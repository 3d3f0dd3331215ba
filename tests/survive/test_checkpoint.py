"""Checkpoints: what they hold, what they refuse, what happens when the disk does not take it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lives import abandon, crash, shown, state

import drasi_nb as dnb
from drasi_nb.runtime import log
from drasi_nb.values.encoding import dump, load

ROWS = "MATCH (n:A) RETURN n.x AS x"


def runtime(path: Path, **settings: Any) -> tuple[dnb.Runtime, dnb.PushSource]:
    config = dnb.RuntimeConfig(**settings)
    rt = dnb.Runtime(clock=dnb.VirtualClock(1_000), config=config, checkpoint=path)
    return rt, rt.add_source("s", dnb.PushSource())


def node(id_: Any, x: Any, **more: Any) -> dict[str, Any]:
    return {"op": "insert", "id": id_, "labels": ["A"], "properties": {"x": x, **more}}


ODD = [
    None, True, 1, -(2**63), 2**63 - 1, 1.5, -0.0, 1e300, float("nan"), float("inf"),
    "", "é\U0001f600", "\ud800", "\x00\n", [], [1, [None, float("-inf")]], {"a": [1.0]}, {"$": 1},
    {"$": "map", "items": []}, {"$": {"$": "node"}}, {"\ud800": 1},
    dnb.temporal("date", "2026-02-28"), dnb.temporal("time", "10:11:12.5+01:00"),
    dnb.temporal("localtime", "10:11"), dnb.temporal("localdatetime", "-0044-03-15T10:00"),
    dnb.temporal("datetime", "2026-10-25T02:30:00+01:00[Europe/Berlin]"),
    dnb.temporal("duration", "P1Y2M3DT4.000000005S"),
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_every_value_is_written_exactly(value: Any) -> None:
    for given in (value, [value], (value,), {"k": value}, (1, [value, (value, None)])):
        back = load(dump(given))
        assert dump(back) == dump(given) and repr(back) == repr(given)


@pytest.mark.parametrize("is_snapshot", [False, True])
def test_every_value_survives(tmp_path: Path, is_snapshot: bool) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path)
    for place, value in enumerate(ODD):
        source.push(node(place, value))
        source.push(node(f"same {place}", 1, y=value))
    source.push([node(2**63 - 1, 1), node("\ud800", 2), node(-1, 3, **{"$": 4, "\udfff": 5})])
    source.push({"op": "insert", "id": "r", "labels": ["\ud801"], "start_id": 2**63 - 1,
                 "end_id": "no one", "properties": {"$": "map"}})  # fmt: skip
    rt.flush()
    if is_snapshot:
        rt.checkpoint()
    before = state(rt)
    again = crash(rt, path)
    assert state(again) == before
    abandon(again)


def test_a_directory_with_state_is_not_begun_anew(tmp_path: Path) -> None:
    rt, source = runtime(tmp_path)
    source.push(node(1, 1))
    rt.close()
    with pytest.raises(dnb.ConfigError, match=r"Runtime\.restore"):
        dnb.Runtime(checkpoint=tmp_path)
    with dnb.Runtime.restore(tmp_path) as again:
        assert len(again.add_query("q", ROWS, sources=["s"])) == 1


def test_two_runtimes_never_write_one_directory(tmp_path: Path) -> None:
    rt, _ = runtime(tmp_path)
    for make in (dnb.Runtime.restore, lambda path: dnb.Runtime(checkpoint=path)):
        with pytest.raises(dnb.CheckpointError, match="in use by another runtime"):
            make(tmp_path)
    rt.close()
    rt.close()
    dnb.Runtime.restore(tmp_path).close()


def test_without_a_checkpoint_there_is_nothing_to_restore(tmp_path: Path) -> None:
    with pytest.raises(dnb.ConfigError, match="has no checkpoint"):
        dnb.Runtime.restore(tmp_path / "none")
    with pytest.raises(dnb.ComponentError, match="has no checkpoint"):
        dnb.Runtime().checkpoint()


@pytest.mark.parametrize("name", ["current.json", "journal-1.jsonl", "snapshot-1/state.jsonl"])
def test_a_newer_version_is_refused(tmp_path: Path, name: str) -> None:
    rt, source = runtime(tmp_path)
    source.push(node(1, 1))
    rt.checkpoint()
    abandon(rt)
    file = tmp_path / name
    head, _, rest = file.read_text().partition("\n")
    file.write_text(json.dumps({**json.loads(head), "version": log.VERSION + 1}) + "\n" + rest)
    with pytest.raises(dnb.ConfigError, match="newer one") as error:
        dnb.Runtime.restore(tmp_path)
    assert str(file) in str(error.value)


def test_the_end_of_the_last_tick_is_written_without_another_push(tmp_path: Path) -> None:
    """By the thread that syncs; a restart after an idle hour has it."""
    rt, source = runtime(tmp_path, sync_s=0.01)
    rt.add_query("q", "MATCH (n:A) RETURN n.x AS x", sources=["s"])
    source.push(node(1, 1))
    rt.flush()
    file, end = tmp_path / "journal-0.jsonl", time.monotonic() + 30
    while b'\n["t",1,1000,1]\n' not in file.read_bytes():
        assert time.monotonic() < end, "it is in no line"
        time.sleep(0.01)
    abandon(rt)


def test_a_journal_of_version_1_is_read(tmp_path: Path) -> None:
    """There the end of a tick was always a line of its own."""
    rt, source = runtime(tmp_path)
    rt.add_query("q", "MATCH (n:A) RETURN n.x AS x", sources=["s"])
    for i in range(4):
        source.push(node(1, i))
        rt.flush()
    rt.checkpoint_in.journal.push_out()  # type: ignore[union-attr]
    before = state(rt)
    abandon(rt)
    file = tmp_path / "journal-0.jsonl"
    header, *lines = map(json.loads, file.read_text().splitlines())
    out, moved = [{**header, "version": 1}], 0
    for line in lines:
        if line[0] == "b" and len(line) == 6:
            out.append(["t", *line.pop()])
            moved += 1
        out.append(line)
    assert moved == 3, "the tick before each push but the first"
    file.write_text("".join(json.dumps(line) + "\n" for line in out))
    again = dnb.Runtime.restore(tmp_path, clock=dnb.VirtualClock(1_000))
    assert state(again) == before
    abandon(again)


def test_damage_is_named_by_file_and_line(tmp_path: Path) -> None:
    rt, source = runtime(tmp_path)
    for i in range(3):
        source.push(node(i, i))
        rt.flush()
    rt.checkpoint_in.journal.push_out()  # type: ignore[union-attr]
    abandon(rt)
    file = tmp_path / "journal-0.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    for bad in (
        b'["b","s\n',
        b'["b","nobody",1,0,[]]\n',
        b'["t",99,1,1]\n',
        b'["?"]\n',
        b"7\n",
    ):
        file.write_bytes(b"".join([*lines[:2], bad, *lines[3:]]))
        with pytest.raises(dnb.CheckpointError, match=r"journal-0\.jsonl, line 3"):
            dnb.Runtime.restore(tmp_path)


def test_a_journal_cut_at_any_byte_is_whole_lines(tmp_path: Path) -> None:
    """What the whole lines say is there, and the runtime goes on."""
    path = tmp_path / "c"
    rt, source = runtime(path)
    rt.add_query(
        "q", "MATCH (n:A) RETURN n.x AS x, drasi.previousValue(n.x) AS p", sources=["s"]
    )
    for i in range(2):
        source.push([node(1, i), node("b", i)])
        rt.flush()
    rt.checkpoint_in.journal.push_out()  # type: ignore[union-attr]
    abandon(rt)
    whole = (path / "journal-0.jsonl").read_bytes()
    states = dict[int, Any]()
    for size in range(whole.index(b"\n") + 1, len(whole) + 1):
        copy = tmp_path / "cut"
        shutil.copytree(path, copy)
        (copy / "journal-0.jsonl").write_bytes(whole[:size])
        again = dnb.Runtime.restore(copy, clock=dnb.VirtualClock(1_000))
        lines = whole[:size].count(b"\n")
        batches = whole[:size].count(b'["b"') - (not whole[:size].endswith(b"\n")
            and whole[:size].rsplit(b"\n", 1)[1].startswith(b'["b"'))  # fmt: skip
        again.flush()
        assert again.seq == 2 * batches
        assert states.setdefault(lines, state(again)) == state(again)
        if "s" in again.sources:
            again.sources["s"].push(node(7, 7))
            again.flush()
            assert again.seq == 2 * batches + 1
        again.checkpoint_in.journal.push_out()  # type: ignore[union-attr]
        abandon(again)
        if whole[size - 1 : size] == b"\n" or not size % 20:
            once_more = dnb.Runtime.restore(copy, clock=dnb.VirtualClock(1_000))
            assert once_more.seq == again.seq
            abandon(once_more)
        shutil.rmtree(copy)
    assert len(states) == whole.count(b"\n")


def full_disk(monkeypatch: pytest.MonkeyPatch, taken: int) -> list[bool]:
    """Let every write take so many bytes and fail; return the switch. For logs without room."""
    is_full, write = [True], os.write

    def failing(descriptor: int, data: Any) -> int:
        if is_full[0]:
            write(descriptor, bytes(data)[:taken])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(log.os, "write", failing)
    return is_full


@pytest.mark.parametrize("taken", [0, 1, 20])
def test_what_a_full_disk_does_not_take_was_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    monkeypatch.setattr(log, "_ROOM", 0)
    rt, source = runtime(tmp_path / "c")
    q = rt.add_query("q", ROWS, sources=["s"])
    heard: list[Any] = []
    rt.add_reaction("r", ["q"], lambda delta: heard.append(shown(delta)))
    source.push(node(1, 1))
    is_full = full_disk(monkeypatch, taken)
    with pytest.raises(dnb.ComponentError, match="the ends of ticks wait for space"):
        rt.flush()
    rt.flush()
    assert len(heard) == 1
    with pytest.raises(dnb.CheckpointError, match="NOT taken") as error:
        source.push(node(2, 2))
    assert "journal-0.jsonl" in str(error.value) and "Free some space" in str(error.value)
    for refused in (lambda: rt.remove("r"), lambda: rt.add_source("t", dnb.PushSource())):
        with pytest.raises(dnb.CheckpointError):
            refused()
    assert "NOT taken" in rt.events()["message"][-1] and rt.component("s").errors == 1
    assert len(q) == 1 and "t" not in rt.sources and "r" in rt.reactions
    is_full[0] = False
    source.push(node(3, 3))
    rt.flush()
    before = state(rt)
    again = crash(rt, tmp_path / "c")
    assert state(again) == before and len(heard) == 2
    abandon(again)


def test_a_snapshot_that_fails_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path)
    source.push(node(1, 1))
    rt.checkpoint()
    source.push(node(2, 2))
    opened = Path.open

    def failing(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        if self.suffix == ".arrow" and "w" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(self, mode, *args, **options)

    monkeypatch.setattr(Path, "open", failing)
    rt.flush()
    for _ in range(2):
        with pytest.raises(dnb.CheckpointError, match="nothing is lost"):
            rt.checkpoint()
        source.push(node(3, 3))
    monkeypatch.undo()
    rt.flush()
    before = state(rt)
    assert (path / "snapshot-1").exists() and not (path / "snapshot-2").exists()
    again = crash(rt, path)
    assert state(again) == before
    again.checkpoint()
    names = {file.name for file in path.iterdir()}
    number = again.checkpoint_in.number  # type: ignore[union-attr]
    assert names == {"current.json", "lock", f"journal-{number}.jsonl", f"snapshot-{number}"}
    abandon(again)


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size=192k tmpfs {disk} 2>/dev/null"):
        pytest.skip("a small file system cannot be mounted here")
    try:
        rt, source = runtime(disk / "c")
        q = rt.add_query("q", ROWS, sources=["s"])
        taken = 0
        with pytest.raises(dnb.CheckpointError, match="NOT taken"):
            for taken in range(10_000):
                source.push(node(taken, "x" * 100))
                rt.flush()
        with pytest.raises(dnb.CheckpointError, match="nothing is lost"):
            rt.checkpoint()
        assert len(q) == taken > 100
        before = state(rt)
        abandon(rt)
        again = dnb.Runtime.restore(disk / "c", clock=dnb.VirtualClock(1_000))
        again.flush()
        assert state(again)[0] == before[0] and len(again.queries["q"]) == taken
        abandon(again)
    finally:
        os.system(f"umount -l {disk}")


def test_a_snapshot_is_taken_by_itself(tmp_path: Path) -> None:
    rt, source = runtime(tmp_path, snapshot_changes=5)
    for i in range(12):
        source.push(node(i, i))
        rt.flush()
    assert rt.checkpoint_in.directory.current() == 2  # type: ignore[union-attr]
    abandon(rt)


def test_a_snapshot_in_slices_sees_one_moment(tmp_path: Path) -> None:
    """While it is copied changes wait, or complete it; the loop goes on."""

    async def main() -> None:
        config = dnb.RuntimeConfig(snapshot_changes=10**9)
        rt = dnb.Runtime(checkpoint=tmp_path, config=config)
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", "MATCH (n:A) RETURN sum(n.x) AS s", sources=["s"])
        source.push([node(i, 1) for i in range(30_000)])
        await rt.settled()
        checkpoint = rt.checkpoint_in
        assert checkpoint is not None
        for turn in range(4):
            checkpoint.begin()
            for step in range(200):
                if not checkpoint.is_writing:
                    break
                source.push(node(step, 2 + turn))
                if turn % 2 and step == 1:
                    rt.flush()  # completes the copy
                await asyncio.sleep(0)
            while checkpoint.is_writing:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            assert checkpoint.directory.current() == turn + 1
            await rt.settled()
        rows = q.rows()
        abandon(rt)
        again = dnb.Runtime.restore(tmp_path)
        again.flush()
        assert again.queries["q"].rows() == rows and again.seq == rt.seq
        abandon(again)

    asyncio.run(main())


def test_reactions_get_every_delta_at_least_once_in_order(tmp_path: Path) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path)
    rt.add_query("q", ROWS, sources=["s"])
    every: list[Any] = []
    rt.queries["q"].on_delta(lambda delta: every.append(shown(delta)))
    seen: list[Any] = []

    def react(delta: dnb.Delta) -> None:
        seen.append(shown(delta))

    rt.add_reaction("r", ["q"], react)
    for i in range(3):
        source.push(node(i, i))
        rt.flush()
    again = crash(rt, path)
    assert again.component("r").status == "Stopped"
    assert any("wait for add_reaction('r'" in text for text in again.events()["message"])
    again.queries["q"].on_delta(lambda delta: every.append(shown(delta)))
    for i in range(3, 5):  # while the reaction is not there yet
        again.sources["s"].push(node(i, i))
        again.flush()
    again.checkpoint()
    again = crash(again, path)
    first = len(seen)
    again.add_reaction("r", ["q"], react)
    got = seen[first:]
    assert got[-2:] == every[3:] and got == every[5 - len(got) :]
    again.queries["q"].on_delta(lambda delta: every.append(shown(delta)))
    again.sources["s"].push(node(9, 9))
    again.flush()
    assert seen[-1] == every[-1]
    again.close()
    last = dnb.Runtime.restore(path, clock=dnb.VirtualClock(1_000))
    first = len(seen)
    last.add_reaction("r", ["q"], react)
    assert len(seen) == first, "after close() it has had everything"
    last.close()


def test_running_the_cells_again_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path)
    text = """MATCH (n:A) WHERE n.x > 1 WITH n, drasi.previousValue(n.y) AS was
              WHERE drasi.trueFor(n.x > 1, duration({seconds: 10})) RETURN n.x AS x, was"""
    options: dict[str, Any] = {"sources": ["s"], "parameters": {"p": [1, 2.5]}}
    rt.add_query("q", text, **options)
    source.push([node(1, 2, y=1), node(2, 1, y=5)])
    rt.flush()
    rt.clock.advance("6s")  # type: ignore[attr-defined]
    source.push({"op": "update", "id": 1, "properties": {"y": 2}})
    rt.flush()
    again = crash(rt, path)
    source = again.add_source("s", dnb.PushSource())
    q = again.add_query("q", text, **options)
    assert "unchanged" in again.events()["message"][-1]
    again.clock.advance("3999ms")  # type: ignore[attr-defined]
    assert q.rows() == []
    again.clock.advance("1ms")  # type: ignore[attr-defined]
    assert q.rows() == [{"x": 2, "was": 1}]
    assert again.add_query("q", text, sources=["s"], parameters={"p": [1, 2]}) is q
    assert q.rows() == [], "other parameters make another query"
    abandon(again)


def test_a_function_made_anew_makes_its_queries_anew(tmp_path: Path) -> None:
    rt, source = runtime(tmp_path)

    def define(factor: int) -> None:
        dnb.function("timesIt", "INTEGER -> INTEGER")(lambda x: x * factor)

    define(2)
    source.push(node(1, 3))
    q = rt.add_query("q", "MATCH (n:A) RETURN timesIt(n.x) AS x", sources=["s"])
    define(5)
    rt.add_query("q", "MATCH (n:A) RETURN timesIt(n.x) AS x", sources=["s"])
    assert q.rows() == [{"x": 15}]
    rt.close()


def test_what_cannot_be_written_comes_back_in_error(tmp_path: Path) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path)
    source.push(node(1, 3))

    def twice(change: dnb.Change) -> list[dnb.Change]:
        return [change]

    rt.add_query("plain", ROWS, sources=["s"])
    rt.add_query("mine", ROWS, sources=["s"], middleware=[twice])
    rt.add_query("over", "MATCH (n:plain) RETURN n.x AS x", sources=["query:plain"])
    for again in (crash(rt, path), None):
        if again is None:
            again = dnb.Runtime.restore(path, clock=dnb.VirtualClock(1_000))
        assert again.queries["mine"].status == "Error"
        assert "add_query() again" in (again.queries["mine"].error or "")
        with pytest.raises(dnb.ComponentError, match="must be added again"):
            again.start("mine")
        assert again.queries["over"].rows() == [{"x": 3}]
        again.close()
    again = dnb.Runtime.restore(path, clock=dnb.VirtualClock(1_000))
    again.sources["s"].push(node(2, 4))
    again.add_query("mine", ROWS, sources=["s"], middleware=[twice])
    assert len(again.queries["mine"]) == len(again.queries["over"]) == 2
    again.close()


def test_middleware_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "c"
    rt, _ = runtime(path)
    unwind = {
        "kind": "unwind", "name": "parts",
        "Order": [{"selector": "$.items[*]", "label": "Item", "key": "$.id", "relation": "HAS"}],
    }  # fmt: skip
    text = "MATCH (o:Order)-[:HAS]->(i:Item) RETURN o.n AS n, i.id AS i, drasi.previousValue(i.q) AS q"
    rt.add_query("q", text, sources=["s"], middleware=[unwind])
    items = [{"id": 1, "q": 1}, {"id": 2, "q": 1}]
    order = {
        "op": "insert",
        "id": "o",
        "labels": ["Order"],
        "properties": {"n": 1, "items": items},
    }
    plain = dnb.Runtime(clock=dnb.VirtualClock(1_000))
    plain.add_source("s", dnb.PushSource())
    plain.add_query("q", text, sources=["s"], middleware=[unwind])
    for one in (rt, plain):
        one.sources["s"].push(order)
        one.flush()
    for turn, is_snapshot in enumerate((False, True, False)):
        if is_snapshot:
            rt.checkpoint()
        rt = crash(rt, path)
        items[0]["q"] += 1
        items = items[: 3 - turn]
        for one in (rt, plain):
            one.sources["s"].push({"op": "update", "id": "o", "properties": {"items": items}})
            one.flush()
        assert state(rt) == state(plain) and len(rt.queries["q"]) == min(2, 3 - turn)
    abandon(rt)


@pytest.mark.parametrize("is_snapshot", [False, True])
def test_a_sync_after_a_restart_pushes_what_differs(tmp_path: Path, is_snapshot: bool) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path)
    frame = pl.DataFrame({"id": range(2_000), "x": [float(i) for i in range(2_000)]})
    links = pl.DataFrame({"a": range(50), "b": range(1, 51), "w": range(50)})
    assert source.sync_nodes(frame, label="A", id="id") == 2_000
    source.sync_relations(links, type="NEXT", start="a", end="b")
    source.push(node("other", 1))
    rt.flush()
    if is_snapshot:
        rt.checkpoint()
    again = crash(rt, path)
    source = again.add_source("s", dnb.PushSource())
    changed = frame.with_columns(
        x=pl.when(pl.col("id") == 7).then(-1.0).otherwise(pl.col("x"))
    ).filter(pl.col("id") != 9)
    assert source.sync_nodes(frame, label="A", id="id") == 0
    assert source.sync_relations(links[1:], type="NEXT", start="a", end="b") == 1
    assert source.sync_nodes(changed, label="A", id="id") == 2
    q = again.add_query("q", "MATCH (n:A) RETURN count(*) AS n, min(n.x) AS x", sources=["s"])
    assert q.rows() == [{"n": 2_000, "x": -1.0}]
    again = crash(again, path)
    assert again.sources["s"].sync_nodes(changed, label="A", id="id") == 0
    abandon(again)


def test_what_was_refused_and_what_happened_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path, most_queued=3, overflow="drop_oldest")
    with pytest.raises(dnb.ChangeError):
        source.push({"op": "insert", "id": 1, "properties": {"x": object()}})
    for i in range(6):
        source.push(node(i, i))
    for is_snapshot in (False, True):
        if is_snapshot:
            rt.checkpoint()
        before = [(r.source_id, r.reason, r.element_id) for r in rt.rejected()]
        rt = crash(rt, path)
        assert [(r.source_id, r.reason, r.element_id) for r in rt.rejected()] == before
        assert len(before) == 4 and len(rt.pump.queue) == 3
        assert "source added" in rt.events()["message"].to_list()
    rt.flush()
    assert rt.seq == 3
    abandon(rt)


def test_components_as_a_source_survive(tmp_path: Path) -> None:
    path = tmp_path / "c"
    rt, _ = runtime(path)
    text = "MATCH (q:Query)-[:SUBSCRIBES_TO]->(s) RETURN q.id AS q, s.id AS s, q.status AS t"
    rt.add_query("who", text, sources=["__components__"])
    rt.add_query("q", ROWS, sources=["s"])
    rt.flush()
    for is_snapshot in (False, True):
        if is_snapshot:
            rt.checkpoint()
        before = state(rt)
        rt = crash(rt, path)
        assert state(rt)[4:] == before[4:]
        rt.stop("q")
        rt.flush()
        assert {"q": "q", "s": "s", "t": "Stopped"} in rt.queries["who"].rows()
        rt.start("q")
        rt.flush()
    abandon(rt)


def test_another_lateness_is_refused(tmp_path: Path) -> None:
    rt, _ = runtime(tmp_path, lateness_ms=5)
    rt.close()
    with pytest.raises(dnb.ConfigError, match="lateness_ms=5"):
        dnb.Runtime.restore(tmp_path, config=dnb.RuntimeConfig())
    dnb.Runtime.restore(tmp_path, config=dnb.RuntimeConfig(lateness_ms=5)).close()


def test_an_interrupt_in_a_push_leaves_log_and_runtime_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the copy of the line into the room, behind its write, and before it is queued."""
    path = tmp_path / "c"
    rt, source = runtime(path)
    rt.add_query("q", ROWS, sources=["s"])
    source.push(node(1, 1))
    write, enqueue = os.write, rt.pump.enqueue
    file = rt.checkpoint_in.log  # type: ignore[union-attr]

    class Interrupted:
        def __setitem__(self, place: Any, data: bytes) -> None:
            room[place] = data
            raise KeyboardInterrupt

        def close(self) -> None:
            room.close()

    def interrupted_write(descriptor: int, data: Any) -> int:
        write(descriptor, data)
        raise KeyboardInterrupt

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    for place in range(3):
        with monkeypatch.context() as patch:
            if place == 0:
                room = file._map
                file._map = Interrupted()
            elif place == 1:
                file._end = 0
                patch.setattr(log.os, "write", interrupted_write)
            else:
                patch.setattr(rt.pump, "enqueue", interrupted)
            with pytest.raises(KeyboardInterrupt):
                source.push(node("interrupted", place))
        source.push(node(2, 2))
        source.push(node(3 + place, 3))
        rt.flush()
        source.push(node(6 + place, 3))
    assert rt.pump.enqueue == enqueue
    before = state(rt)
    again = crash(rt, path)
    assert state(again) == before and len(again.pump.queue) == 1
    abandon(again)


def test_a_removed_source_stays_removed(tmp_path: Path) -> None:
    path = tmp_path / "c"
    rt, source = runtime(path, lateness_ms=5)
    rt.add_source("t", dnb.PushSource())
    q = rt.add_query(
        "q", "MATCH (n:A) RETURN n.x AS x, drasi.previousValue(n.x) AS p", sources=["t"]
    )
    for i in range(9):
        source.push(node(i, i))
        rt.sources["t"].push(node(i, i))
        rt.clock.advance(2)  # type: ignore[attr-defined]
    rt.remove("s")
    for is_snapshot in (False, True):
        if is_snapshot:
            rt.checkpoint()
        before = state(rt)
        rt = crash(rt, path)
        assert state(rt) == before and list(rt.sources) == ["t"]
    rt.clock.advance(20)  # type: ignore[attr-defined]
    assert len(rt.queries["q"]) == 9 > len(q)
    abandon(rt)


def batches() -> list[list[dict[str, Any]]]:
    """Return batches that are queued as columns, or as columns of several forms."""
    many = range(300)
    nodes = [node(f"n{n}", n / 4) for n in many]
    ends = {"labels": ["R"], "end_id": "n1"}
    return [
        nodes,
        [
            {"op": "update", "id": f"n{n % 200}", "properties": {"x": n, "y": None}}
            for n in many
        ],
        [node(f"\ud800{n}", float("nan")) for n in many],
        [
            change
            for n in many
            for change in (
                {"op": "insert", "id": f"r{n}", "start_id": f"m{n}", **ends},
                node(f"m{n}", [n, "text"]),
                {"op": "delete", "id": f"n{n}"},
            )
        ],
    ]


@pytest.mark.parametrize("is_snapshot", [False, True])
@pytest.mark.parametrize("is_taken", [False, True])
def test_batches_survive(tmp_path: Path, is_snapshot: bool, is_taken: bool) -> None:
    """In the journal and in a snapshot, whether they were taken or wait."""
    path = tmp_path / "c"
    rt, source = runtime(path)
    rt.add_query("q", "MATCH (n:A) RETURN n.x AS x, n.y AS y", sources=["s"])
    rt.add_query("r", "MATCH (n:A)-[:R]->() RETURN count(*) AS n", sources=["s"])
    for batch in batches():
        source.push(batch)
        if is_taken:
            rt.flush()
    assert rt.pump.waiting() is not is_taken
    if is_snapshot:
        assert rt.checkpoint_in is not None
        rt.checkpoint_in.begin()  # what waits is copied as it waits
        assert rt.checkpoint_in.directory.current() == 1
    assert rt.pump.waiting() is not is_taken
    again = crash(rt, path)
    again.flush()

    apart, source = runtime(tmp_path / "apart")
    apart.add_query("q", "MATCH (n:A) RETURN n.x AS x, n.y AS y", sources=["s"])
    apart.add_query("r", "MATCH (n:A)-[:R]->() RETURN count(*) AS n", sources=["s"])
    for batch in batches():
        source.push(iter(batch))  # change by change
        if is_taken:
            apart.flush()
    apart.flush()
    assert again.pump.taken == apart.pump.taken
    assert again.seq == apart.seq
    for id_ in ("q", "r"):
        assert dump(sorted(again.queries[id_].rows(), key=repr)) == dump(
            sorted(apart.queries[id_].rows(), key=repr)
        )
    abandon(again)
    abandon(apart)
