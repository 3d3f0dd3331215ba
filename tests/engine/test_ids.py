"""Ids of a graph against a dict: in bulk and one by one, moved, deleted and back again."""

from __future__ import annotations

import random
from array import array
from typing import Any

import numpy as np
import polars as pl
import pytest

import drasi_nb as dnb
from drasi_nb.store import ids as ids_module
from drasi_nb.store.graph import Graph
from drasi_nb.store.hashing import UNKNOWN, HashTable, id_hash, id_hashes
from drasi_nb.store.ids import IdIndex, Run
from drasi_nb.store.load import handles_of, load_nodes, load_relations


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids stay columns from the first on, and are indexed a few at a time."""
    monkeypatch.setattr(ids_module, "LEAST", 1)
    monkeypatch.setattr(ids_module, "_MANY", 1)
    monkeypatch.setattr(ids_module, "_PIECE", 7)
    monkeypatch.setattr(ids_module, "_MOST_FOUND", 3)


def draw(rng: random.Random) -> Any:
    return rng.choice([rng.randrange(200), f"n{rng.randrange(200)}", rng.randrange(8) << 40])


class Side:
    """A graph, and which of its elements are where."""

    def __init__(self, seed: int) -> None:
        self.rng, self.graph = random.Random(seed), Graph()
        self.number = self.graph.source("s")
        self.handles: dict[Any, int] = {}
        self.relations: dict[Any, int] = {}

    def step(self) -> None:
        self.rng.choice(
            [self.load, self.place, self.remove, self.relate, self.part, self.index]
        )()

    def load(self) -> None:
        kind = self.rng.choice([int, str])
        ids = [draw(self.rng) for _ in range(self.rng.randrange(1, 40))]
        new = [i for i in dict.fromkeys(ids) if type(i) is kind and i not in self.handles]
        if new:
            stamps = array("q", range(len(new)))
            first = load_nodes(self.graph, self.number, ["A"], new, {}, stamps)
            self.handles |= dict(zip(new, range(first, first + len(new)), strict=True))

    def place(self) -> None:
        element_id, labels = draw(self.rng), frozenset(self.rng.choice("AB"))
        self.handles[element_id] = self.graph.place(self.number, element_id, labels)

    def remove(self) -> None:
        if self.handles:
            element_id = self.rng.choice(list(self.handles))
            is_linked = self.graph.is_linked(self.handles.pop(element_id))
            self.graph.remove_node(self.number, element_id)
            if is_linked:  # its relations hang on a ghost of that id
                found = self.graph.node_at[self.number].find(element_id)
                assert found is not None
                self.handles[element_id] = found

    def relate(self) -> None:
        if not self.handles:
            return
        count = self.rng.randrange(1, 20)
        ends = [self.rng.choice(list(self.handles)) for _ in range(count)]
        ids = [f"r{len(self.relations)}-{n}" for n in range(count)]
        ends = [end for end in ends if type(end) is type(ends[0])]
        ids = [i for i in ids[: len(ends)] if i not in self.relations]
        ends = ends[: len(ids)]
        if not ids:
            return
        nodes = handles_of(self.graph, self.number, pl.Series(ends))
        assert list(nodes) == [self.handles[end] for end in ends]
        stamps = array("q", range(len(ids)))
        load_relations(self.graph, self.number, "R", ids, nodes, nodes, {}, stamps)
        for i in ids:
            table, row = self.graph.relation_place(self.number, i) or (None, -1)
            assert table is not None
            self.relations[i] = row

    def part(self) -> None:
        if self.relations:
            element_id = self.rng.choice(list(self.relations))
            before = set(self.graph.node_at[self.number].ids())
            self.graph.remove_relation(self.number, element_id)
            del self.relations[element_id]
            for gone in before - set(self.graph.node_at[self.number].ids()):
                del self.handles[gone]  # a ghost that only it held

    def index(self) -> None:
        for _ in self.graph.indexing():
            pass

    def check(self) -> None:
        at, relations = self.graph.node_at[self.number], self.graph.relation_at[self.number]
        assert len(at) == len(self.handles)
        assert len(relations) == len(self.relations)
        asked = [draw(self.rng) for _ in range(self.rng.randrange(1, 30))]
        for kind in (int, str):
            some = [i for i in asked if type(i) is kind]
            if some:
                expected = [self.handles.get(i, UNKNOWN) for i in some]
                assert at.find_all(some).tolist() == expected
                if at.is_disjoint(some):
                    assert set(expected) == {UNKNOWN}
        assert [at.find(i) for i in asked] == [self.handles.get(i) for i in asked]
        for i, row in self.relations.items():
            place = self.graph.relation_place(self.number, i)
            assert place is not None and place[1] == row


@pytest.mark.parametrize("seed", range(80))
def test_a_graph_finds_what_a_dict_finds(seed: int) -> None:
    side = Side(seed)
    for _ in range(60):
        side.step()
        if side.rng.random() < 0.4:
            side.check()
    side.check()
    at = side.graph.node_at[side.number]
    assert sorted(at.ids(), key=str) == sorted(side.handles, key=str)
    assert sorted(at.values()) == sorted(side.handles.values())
    relations = side.graph.relation_at[side.number]
    assert sorted(relations.ids()) == sorted(side.relations)


def test_ids_that_were_looked_for_fill_no_dict_without_end() -> None:
    # a dict of hundreds of thousands grows in one step of 40 ms, and one change waits for it
    index = IdIndex()
    ids = [f"n{i}" for i in range(100)]
    assert index.add(ids, Run([tuple(ids)], 0, 0))
    for i, element_id in enumerate(ids):
        assert index.find(element_id) == i
        assert len(index._found) <= 3


def test_keys_of_one_hash_are_told_apart() -> None:
    keys = [float("nan"), *range(5)]
    table = HashTable(20)
    same = np.full(len(keys), 7, np.int64)
    table.add(same, np.arange(len(keys), dtype=np.int32))
    assert sorted(table.candidates(7)) == list(range(len(keys)))
    wanted = np.array([3, 0, 5])
    found = table.find(same[:3], lambda numbers, places: places == wanted[numbers])
    assert found.tolist() == [3, 0, 5]
    table.forget(7, 3)
    assert 3 not in table.places()
    assert table.find(same[:1], lambda _, places: places == 3).tolist() == [UNKNOWN]


ALPHABET = "a0Z\0é€😀"


@pytest.mark.parametrize("seed", range(20))
def test_the_hash_of_an_id_is_the_one_in_its_column(seed: int) -> None:
    rng = random.Random(seed)
    texts = ["".join(rng.choices(ALPHABET, k=rng.randrange(20))) for _ in range(200)]
    numbers = [rng.randrange(-(1 << 63), 1 << 63) >> rng.randrange(64) for _ in range(200)]
    for ids in (texts, numbers):
        whole = pl.Series("\0id", ids)
        for column in (whole, whole[7:60], whole[:0], whole[:9].append(whole[50:])):
            expected = [id_hash(i) & (1 << 64) - 1 for i in column]
            assert id_hashes(column).view(np.uint64).tolist() == expected


@pytest.mark.parametrize(
    "spelled", ["r{}", "room-{:09}", "{:032x}", "https://example.org/{}/x"]
)
def test_hashes_of_numbered_ids_are_spread(spelled: str) -> None:
    count = 50_000
    ids = pl.Series([spelled.format(n) for n in range(count)])
    table, hashes = HashTable(count), id_hashes(ids)
    table.add(hashes, np.arange(count, dtype=np.int32))
    lengths = [len(table.candidates(id_hash(i))) for i in ids[:2_000]]
    assert max(lengths) < 40
    assert sum(lengths) / len(lengths) < 4
    table.find(hashes, lambda keys, places: keys == places)
    halves = (hashes ^ (hashes >> 32)).astype(np.int32)
    assert len(np.unique(halves)) > 0.999 * count


def test_integers_far_apart_are_spread() -> None:
    """The hash of an integer is a multiple; of those of a power of two the low bits are 0."""
    ids = [n << 40 for n in range(10_000)]
    table = HashTable(len(ids))
    table.add(id_hashes(pl.Series(ids)), np.arange(len(ids), dtype=np.int32))
    most = max(len(table.candidates(id_hash(i))) for i in ids)
    assert most < 100


def test_text_that_is_no_unicode_is_kept_one_by_one() -> None:
    index, ids = IdIndex(), ["a", "\ud800"]
    assert not index.add(ids, Run([ids], 0, 5))
    assert index.find_all(ids).tolist() == [5, 6]
    assert not index.is_disjoint(ids)


def test_ids_are_indexed_after_the_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """In steps where a loop runs; without one, by the next flush at the latest."""
    monkeypatch.setattr(ids_module, "_PIECE", 1 << 15)
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    query = rt.add_query("q", "MATCH (n:N) RETURN n.x AS x", sources=["s"])
    frame = pl.DataFrame({"id": [f"n{i}" for i in range(3_000)], "x": range(3_000)})
    source.upsert_nodes(frame, label="N", id="id")
    rt.flush()
    graph = rt.engine.graph
    assert graph.unindexed
    source.update({"id": "n7", "properties": {"x": -1}})
    rt.flush()
    assert not graph.unindexed
    assert query.frame()["x"].sum() == sum(range(3_000)) - 8
