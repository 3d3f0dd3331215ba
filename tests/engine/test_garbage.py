"""What Python's garbage collector has to look at: counted, not timed."""

from __future__ import annotations

import asyncio
import gc
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.engine.garbage import MOST_YOUNG, Looks, collection_put_off
from drasi_nb.store import ids
from drasi_nb.store.paging import EMPTY, PAGE
from drasi_nb.store.table import packed
from tests.benchmarks.rooms import (
    AVERAGE,
    FILTER,
    as_changes,
    frames,
    load,
    started,
    updates,
)

ROOMS = 20 * PAGE
_NOISE = 300  # objects that polars, asyncio and the like make on first use


@pytest.fixture(autouse=True)
def _once() -> None:
    """Make what is made once only, outside of what is counted."""
    rt, source = started()
    load(source, frames(PAGE, 4))
    rt.flush()
    rt.add_query("q", AVERAGE, sources=["rooms"])
    rt.add_query("f", FILTER, sources=["rooms"], parameters={"least": 25})
    for change in updates(PAGE, 10):
        source.push(change)
        rt.flush()


def tracked() -> tuple[int, int]:
    """Return how many objects a full collection looks at, and how many references."""
    gc.collect()
    objects = gc.get_objects()
    return len(objects), sum(len(gc.get_referents(o)) for o in objects if o is not objects)


@contextmanager
def off() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("how", ["frames", "columns of ids", "changes"])
def test_a_full_pass_does_not_visit_what_was_loaded(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page has some arrays and a place in some lists; its rows are not visited."""
    monkeypatch.setattr(ids, "LEAST", PAGE if how == "columns of ids" else ids.LEAST)
    data = frames(ROOMS, 4)
    elements = 2 * ROOMS
    first, source = started()  # libraries import parts of themselves when they need them
    load(source, frames(2 * PAGE, 4))
    first.flush()
    objects, references = tracked()
    rt, source = started()
    if how != "changes":
        load(source, data)
        rt.flush()
    else:
        for batch in as_changes(data, PAGE):
            source.push(batch)
            rt.flush()
        del batch
    more, further = tracked()
    assert len(rt.engine.graph.relation_at[0]) == ROOMS
    assert more - objects < elements / 100 + _NOISE
    assert further - references < elements / 10 + 12 * PAGE  # pages not full, free places


def test_a_steady_stream_leaves_nothing_to_look_at() -> None:
    data = frames(PAGE, 16)
    rt, source = started(kept_rows=100)
    load(source, data)
    rt.flush()
    rt.add_query("q", AVERAGE, sources=["rooms"])
    rt.add_query("f", FILTER, sources=["rooms"], parameters={"least": 25})

    def play(seed: int) -> None:
        for change in updates(PAGE, 2_000, seed=seed):
            source.push(change)
            rt.flush()

    play(1)
    objects, references = tracked()
    play(2)
    more, further = tracked()
    assert more - objects < 50
    assert further - references < 500


def test_one_look_while_they_are_young_lets_changed_rows_go() -> None:
    """What is kept is flat: tuples in tuples would be let go one level a look."""
    data = frames(PAGE, 16)
    rt, source = started(kept_rows=100_000)
    load(source, data)
    rt.flush()
    q = rt.add_query("q", AVERAGE, sources=["rooms"])
    changes = updates(PAGE, 2_000)
    gc.collect()
    with off():
        for change in changes:
            source.push(change)
            rt.flush()
        assert sum(type(o) is tuple for o in gc.get_objects(0)) > 2_000
        gc.collect(0)
        stayed = sum(type(o) is tuple for o in gc.get_objects(1))
    assert len(q.history()) > 1_900 and stayed < 100


def test_a_collection_that_is_due_waits_for_the_end() -> None:
    begun = list[bool]()
    inside = False

    def note(phase: str, _told: dict[str, Any]) -> None:
        if phase == "start":
            begun.append(inside)

    gc.callbacks.append(note)
    try:
        with collection_put_off():
            inside = True
            kept = [set[int]() for _ in range(10_000)]
            inside = False
        kept.append(set())
    finally:
        gc.callbacks.remove(note)
    assert begun and not any(begun)


def test_a_collector_that_is_off_stays_off() -> None:
    with off():
        with collection_put_off():
            assert not gc.isenabled()
        assert not gc.isenabled()
    with pytest.raises(ZeroDivisionError), collection_put_off():
        _ = 1 / 0
    assert gc.isenabled()


async def _watched_stream() -> list[bool]:
    busy = list[bool]()
    async with dnb.Runtime() as rt:
        source = rt.add_source("rooms", dnb.PushSource())
        load(source, frames(PAGE, 16))
        rt.add_query("q", AVERAGE, sources=["rooms"])
        await rt.settled()

        def note(phase: str, _told: dict[str, Any]) -> None:
            if phase == "start":
                busy.append(rt.pump.is_busy)

        gc.callbacks.append(note)
        try:
            for _ in range(20):
                source.push(updates(PAGE, 500))
                await rt.settled()
        finally:
            gc.callbacks.remove(note)
    return busy


def test_no_collection_runs_in_the_middle_of_a_slice() -> None:
    thresholds = gc.get_threshold()
    gc.set_threshold(50, 10, 10)
    try:
        busy = asyncio.run(_watched_stream())
    finally:
        gc.set_threshold(*thresholds)
    assert len(busy) > 20 and not any(busy)


async def _batches() -> list[int]:
    generations = list[int]()
    async with dnb.Runtime() as rt:
        source = rt.add_source("rooms", dnb.PushSource())
        load(source, frames(PAGE, 16))
        rt.add_query("q", AVERAGE, sources=["rooms"])
        await rt.settled()
        gc.collect()

        def note(phase: str, told: dict[str, Any]) -> None:
            if phase == "start":
                generations.append(told["generation"])

        gc.callbacks.append(note)
        try:
            for seed in range(60):
                source.push(updates(PAGE, 1_000, seed=seed))
                await rt.settled()
        finally:
            gc.callbacks.remove(note)
    return generations


def test_a_stream_of_batches_has_only_young_objects_looked_at() -> None:
    """By itself the collector would look at older ones, and count the batches among them."""
    generations = asyncio.run(_batches())
    assert 15 <= len(generations) <= 200
    assert sum(generation > 0 for generation in generations) <= 1


def test_thresholds_are_given_back_by_the_last_that_leaves() -> None:
    usual = gc.get_threshold()
    first, second = Looks(), Looks()
    with first:
        assert gc.get_threshold()[0] == MOST_YOUNG
        second.__enter__()
    assert gc.get_threshold()[0] == MOST_YOUNG
    second.__exit__()
    assert gc.get_threshold() == usual


def test_thresholds_of_the_user_are_left_alone() -> None:
    usual = gc.get_threshold()
    try:
        gc.set_threshold(1_234, 5, 6)
        with Looks():
            assert gc.get_threshold() == (1_234, 5, 6)
        assert gc.get_threshold() == (1_234, 5, 6)
        gc.set_threshold(*usual)
        with Looks():
            gc.set_threshold(4_321, 5, 6)
        assert gc.get_threshold() == (4_321, 5, 6)
    finally:
        gc.set_threshold(*usual)


def test_there_are_looks_between_ticks_unless_the_collector_is_off() -> None:
    looks = Looks()
    begun = list[int]()

    def note(phase: str, told: dict[str, Any]) -> None:
        if phase == "start":
            begun.append(told["generation"])

    gc.callbacks.append(note)
    try:
        for _ in range(40):
            looks.between()
        seen = len(begun)
        with off():
            for _ in range(40):
                looks.between()
        assert len(begun) == seen
    finally:
        gc.callbacks.remove(note)
    assert seen == 10


# -- packed pages -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.5, -0.0], array("d", [1.5, -0.0])),
        ([1, -2], array("q", [1, -2])),
        ([1, 2**70], (1, 2**70)),
        ([True, 1], (True, 1)),
        ([1.0, None], (1.0, None)),
        (["a", "b"], ("a", "b")),
    ],
)
def test_a_full_page_takes_what_it_must(values: list[Any], expected: Any) -> None:
    made = packed(values)
    assert type(made) is type(expected) and made == expected
    assert [type(v) for v in made] == [type(v) for v in values]


def test_an_empty_page_is_the_shared_one() -> None:
    assert packed([None] * PAGE) is EMPTY


def test_full_pages_can_be_written_and_their_places_taken_again() -> None:
    """Single inserts fill two pages; deletes make room in the first, which is full by then."""
    rt, source = started()

    def insert(i: int, name: str) -> dict[str, Any]:
        properties = {"x": i / 2, "n": i, "name": name}
        return {"op": "insert", "id": f"a{i}", "labels": ["A"], "properties": properties}

    def joined(i: int, start: int, end: int) -> dict[str, Any]:
        ends = {"start_id": f"a{start}", "end_id": f"a{end}"}
        return {"op": "insert", "id": f"r{i}", "labels": ["R"], "properties": {"w": i}, **ends}

    count = 2 * PAGE + 5
    source.push([insert(i, f"n{i}") for i in range(count)])
    source.push([joined(i, i, (i + 1) % count) for i in range(count)])
    rt.flush()
    nodes, (table,) = rt.engine.graph.nodes, rt.engine.graph.tables
    assert {type(page) for page in nodes.ids[:2] + table.ids[:2]} == {tuple}
    assert {type(page) for page in nodes.columns["x"][:2]} == {memoryview}
    source.push([{"op": "delete", "id": f"r{i}"} for i in (6, 7)])
    source.push({"op": "delete", "id": "a7"})
    source.push(insert(count, "late"))
    source.push(joined(count, count, 3))
    source.push({"op": "update", "id": "a8", "properties": {"x": "text", "name": None}})
    q = rt.add_query(
        "q",
        "MATCH (a:A)-[r:R]->(b:A) RETURN a.n AS n, a.x AS x, a.name AS name, r.w AS w, b.n AS m",
        sources=["rooms"],
    )
    rt.flush()
    rows = {row["n"]: row for row in q.rows()}
    assert len(rows) == count - 1 and 7 not in rows
    assert rows[count] == {"n": count, "x": count / 2, "name": "late", "w": count, "m": 3}
    assert rows[8] == {"n": 8, "x": "text", "name": None, "w": 8, "m": 9}
    assert rows[1_500] == {"n": 1_500, "x": 750.0, "name": "n1500", "w": 1_500, "m": 1_501}
