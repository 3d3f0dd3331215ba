"""Changes pushed as one batch must do what the same changes do one by one, in the same tick."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections import defaultdict
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.engine import bulk
from drasi_nb.engine.vector import stage
from drasi_nb.frames import result
from drasi_nb.runtime import port, pump
from drasi_nb.store import ids as store_ids
from drasi_nb.store import load as loading
from drasi_nb.store.batch import Columns, Mixed, last_time_ms
from drasi_nb.store.uniform import batch_of, columns_of
from drasi_nb.values.change import accept
from drasi_nb.values.ordering import group_key, identical

QUERIES = [
    "MATCH (a:A) RETURN a.f AS f, a.s AS s, a.x AS x",
    "MATCH (a:A) WHERE a.f > 1 RETURN a.i AS i, a.f AS f",
    "MATCH (a:A)-[r:R]->(b:B) RETURN b.s AS s, count(*) AS n, avg(a.f) AS f, sum(a.i) AS i",
    "MATCH (a:A)-[r:R]->(b:B) RETURN b.i AS i, min(a.f) AS low, max(r.f) AS high",
    "MATCH (a:A)-[r:R]->(b:A) RETURN a.i AS i, b.i AS j, r.f AS f",
    "MATCH (a:A)-[r:R]-(b:B) RETURN a.s AS s, r.i AS i, b.s AS t",
    "MATCH (a:A)-[r:R]->(b:B)<-[s:S]-(c) RETURN a.i AS i, c.i AS j, r.i + s.i AS k",
    "MATCH (a:A)-[q:R]->(b:B)-[r:R]->(c:A) RETURN q.i AS i, r.i AS j",
    "MATCH (a:A), (b:B) WHERE a.i = b.i RETURN a.f AS f, b.f AS g",
    "MATCH (a:A) OPTIONAL MATCH (a)-[:R]->(b:B) RETURN a.s AS s, b.f AS f",
    "MATCH (b:B) WHERE NOT EXISTS { MATCH (b)<-[:R]-(a:A) WHERE a.f > 1 } RETURN b.s AS s",
    "MATCH (a:A)-[:R*1..2]->(b) RETURN a.i AS i, count(*) AS n",
    "MATCH (a:A) RETURN a",
    "MATCH (a:A:B) RETURN a.i AS i",
    "MATCH (a) RETURN labels(a) AS labels, count(*) AS n",
    "MATCH ()-[r:R]->() RETURN r.s AS s, count(r.i) AS n",
    "MATCH (a:A) WITH a.s AS s, collect(a.i) AS all RETURN s, all",
    "MATCH (a:A) RETURN DISTINCT a.i AS i",
    "MATCH (a:A) RETURN a.i AS i, a.f AS f ORDER BY f DESC LIMIT 3",
    "MATCH (a:A) RETURN 10 / a.i AS i, a.s + 1 AS s",
    "MATCH (a:A) RETURN a.i AS i UNION MATCH (b:B) RETURN b.i AS i",
    "MATCH (a:A) RETURN a.s AS s, drasi.changeDateTime(a) AS at",
]
TIMED = [
    "MATCH (a:A) WHERE drasi.trueFor(a.f > 1, 3) RETURN a.i AS i, a.f AS f",
    "MATCH (a:A) RETURN a.s AS s, drasi.previousValue(a.i) AS p, drasi.trueLater(a.f > 1, 5) AS t",
    "MATCH (a:A)-[r:R]->(b:B) RETURN r.i AS i, drasi.previousDistinctValue(a.i, 0) AS p",
    "MATCH (a:A)-[:R]->(b:B)-[:S]->(c) RETURN b.i AS i, drasi.trueFor(a.f > b.f, 2) AS t",
    "MATCH (a:A) WITH a.s AS s, count(*) AS n WHERE drasi.trueFor(n > 1, 2) RETURN s, n",
    "MATCH (a:A), (b:B) WHERE a.i = b.i RETURN drasi.trueUntil(a.f = 1.5, 4) AS t, a.f AS f",
    "MATCH (a:A) RETURN a.i AS i, drasi.trueFor(1 / a.i >= 0, a.i) AS t",
]
TYPED: dict[str, list[Any]] = {
    "f": [0.0, -0.0, 1.5, 2.25, 0.1, float("nan"), float("inf"), 1e300],
    "i": [0, 1, 2, -5, 2**53, 2**63 - 1, -(2**63)],
    "s": ["", "a", "b", "ü", "\ud800"],
}
ANY = [
    None, True, 1, 1.0, "text", [1, "a", [None]], {"k": [1.5]}, dt.date(2026, 1, 2),
    dt.timedelta(seconds=3), dnb.temporal("datetime", "2026-01-02T03:04:05Z"), (1, 2),
]  # fmt: skip
LABELS = [["A"], ["B"], ["A", "B"], ["B", "A"], [], ("A",), "A"]


def _properties(rng: random.Random, names: list[str]) -> dict[str, Any]:
    out = {name: rng.choice(TYPED[name]) for name in names if name != "x"}
    if "x" in names:
        out["x"] = rng.choice(ANY)
    if rng.random() < 0.1 and out:
        out[rng.choice(list(out))] = None
    return out


def _uniform(rng: random.Random, size: int) -> list[dict[str, Any]]:
    """Return changes of one form, over few ids: some come again, some are of the other kind."""
    op, names = (
        rng.choice(["insert", "update"]),
        rng.sample(["f", "i", "s", "x"], rng.randrange(5)),
    )
    is_relation = rng.random() < 0.4
    pool = [f"r{n}" for n in range(40)] if is_relation else [f"n{n}" for n in range(25)]
    if rng.random() < 0.05:
        pool += ["r1", "n1"]
    if rng.random() < 0.2:
        pool = [f"new{rng.random()}" for _ in range(40)]
    if rng.random() < 0.1:
        pool = list(range(30)) if rng.random() < 0.5 else [f"\ud800{n}" for n in range(30)]
    ids = rng.sample(pool, size) if rng.random() < 0.6 else rng.choices(pool, k=size)
    labels: Any = ["R" if rng.random() < 0.7 else "S"] if is_relation else rng.choice(LABELS)
    has_labels = is_relation or op == "insert" or rng.random() < 0.5
    out = []
    for id_ in ids:
        change = {"op": op, "id": id_, "properties": _properties(rng, names)}
        if has_labels:
            change["labels"] = labels
        if is_relation:
            change["start_id"], change["end_id"] = (f"n{rng.randrange(28)}" for _ in range(2))
        out.append(change)
    return out


def _batch(rng: random.Random) -> list[Any]:
    size = rng.randrange(1, 25)
    draw = rng.random()
    if draw < 0.6:
        out: list[Any] = _uniform(rng, size)
    elif draw < 0.75:
        out = [*_uniform(rng, size), *_uniform(rng, size)]
        if rng.random() < 0.7:  # an id in one form only
            form_of: dict[Any, Any] = {}
            out = [
                c
                for n, c in enumerate(out)
                if form_of.setdefault(c["id"], n < size) == (n < size)
            ]
            rng.shuffle(out)
    else:
        out = [_uniform(rng, 1)[0] for _ in range(size)]
        rng.shuffle(out)
    if rng.random() < 0.25:
        for _ in range(rng.randrange(4)):
            id_ = rng.choice(["n", "r"]) + str(rng.randrange(30))
            out.insert(rng.randrange(len(out) + 1), {"op": "delete", "id": id_})
    if rng.random() < 0.1:
        out[rng.randrange(len(out))]["effective_from"] = rng.choice([None, 5, 7])
    return out


FAULTS: list[Any] = [
    {"id": 1.5}, {"id": None}, {"id": 2**63}, {"id": True}, {"op": "upsert"}, {"op": None}, {"op": ["insert"]},
    {"labels": 1}, {"labels": [1]}, {"labels": [""]}, {"labels": {"A": 1}}, {"labels": None},
    {"properties": 1}, {"properties": {"f": object()}}, {"properties": {"f": 2**63}},
    {"properties": {1: 2}}, {"properties": [("f", 1)]}, {"start_id": "n1"},
    {"start_id": "n1", "end_id": None}, {"start_id": "n1", "end_id": 1.5}, {"extra": 1},
    {"effective_from": "now"}, {"effective_from": 2**60}, {"properties": {"\0stamp": 1}},
]  # fmt: skip


class Text(str):
    """Text of another type."""

    __slots__ = ()


def _broken(rng: random.Random, batch: list[Any]) -> list[Any]:
    out = [dict(change) for change in batch]
    place = rng.randrange(len(out))
    if rng.random() < 0.1:
        out[place] = rng.choice([None, 5, "text", []])
    elif rng.random() < 0.1:
        key = rng.choice(list(out[place]))
        out[place][key] = Text("a")
    else:
        out[place] |= rng.choice(FAULTS)
    return out


class Side:
    """One runtime, and all that can be seen of it."""

    def __init__(self, texts: list[str]) -> None:
        self.rt = dnb.Runtime(clock=dnb.VirtualClock(0))
        self.source = self.rt.add_source("s", dnb.PushSource())
        self.queries = [
            self.rt.add_query(f"q{n}", text, sources=["s"]) for n, text in enumerate(texts)
        ]
        self.deltas: list[list[Any]] = [[] for _ in texts]
        for query, deltas in zip(self.queries, self.deltas, strict=True):
            query.on_delta(partial(self._note, deltas))

    @staticmethod
    def _note(deltas: list[Any], delta: dnb.Delta) -> None:
        rows = [
            (r["type"], r["key"], r["before"], r["after"])
            for r in delta.rows()
            if not identical(r["before"], r["after"])  # another NaN is another object
        ]
        rows.sort(key=lambda row: repr(group_key(list(row[1])) if row[1] else row))
        if rows:
            deltas.append((delta.seq, delta.time, rows))

    def seen(self) -> list[Any]:
        """Return it."""
        graph = self.rt.engine.graph
        every = frozenset(range(len(graph.source_ids)))
        nodes = [(n.id, sorted(n.labels), n.properties) for n in graph.all_nodes(every)]
        relations = [
            (r.id, r.type, r.start, r.end, r.properties) for r in graph.all_relations(every)
        ]
        return [
            self.rt.engine.seq,
            sorted(nodes, key=repr),
            sorted(relations, key=repr),
            *(sorted(query.rows(), key=repr) for query in self.queries),
            *(sorted((repr(f.key), f.reason) for f in q.failures()) for q in self.queries),
            [query.status for query in self.queries],
            [(r.index, r.element_id, r.reason, r.change) for r in self.rt.rejected()],
            *self.deltas,
        ]


def _pushed(side: Side, batch: list[Any], keep_good: bool, *, together: bool) -> str:
    """Push a batch; return the error. One by one, it is checked as a whole all the same."""
    on_error: Any = "keep_good" if keep_good else "reject"
    try:
        if together:
            side.source.push(batch, on_error=on_error)
        else:
            side.source.push(
                iter(batch), on_error=on_error
            )  # what is no list is checked one by one
    except dnb.ChangeError as error:
        return str(error)
    return ""


@pytest.fixture
def at_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the smallest batches go as columns."""
    monkeypatch.setattr(port, "LEAST", 1)
    for name in ("LEAST", "LEAST_NEW", "LEAST_RELATIONS"):
        monkeypatch.setattr(bulk, name, 1)
    for name in ("LEAST_PLAIN", "LEAST_TESTED", "LEAST_GROUPED"):
        monkeypatch.setattr(stage, name, 1)
    for name in ("LEAST", "_MANY"):
        monkeypatch.setattr(store_ids, name, 1)


@pytest.mark.usefixtures("at_any_size")
@pytest.mark.parametrize("seed", range(40))
def test_a_batch_does_what_its_changes_do(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, deltas, sequence, refused changes and errors are the same."""
    rng = random.Random(seed)
    monkeypatch.setattr(bulk, "_MADE", rng.choice([0, 10, 10_000]))
    monkeypatch.setattr(loading, "_MANY", rng.choice([1, 1_000]))
    monkeypatch.setattr(result, "_MANY", rng.choice([1, 256]))
    texts = rng.sample(QUERIES, 4)
    together, apart = Side(texts), Side(texts)
    for _ in range(12):
        for _ in range(rng.choice([1, 1, 2])):
            batch, keep_good = _batch(rng), rng.random() < 0.5
            if rng.random() < 0.2:
                batch = _broken(rng, batch)
            errors = [
                _pushed(side, batch, keep_good, together=side is together)
                for side in (together, apart)
            ]
            assert errors[0] == errors[1]
        for side in (together, apart):
            side.rt.flush()
        for ours, theirs in zip(together.seen(), apart.seen(), strict=True):
            assert identical(ours, theirs), texts


@pytest.mark.usefixtures("at_any_size")
@pytest.mark.parametrize("seed", range(40))
def test_what_rows_remember_does_not_depend_on_batches(seed: int) -> None:
    """Rows of functions of time, their deltas and when they are due, whatever way changes come."""
    rng = random.Random(seed)
    texts = [*rng.sample(TIMED, rng.choice([1, 2])), rng.choice(QUERIES)]
    together, apart = Side(texts), Side(texts)
    for turn in range(15):
        batch = _batch(rng)
        if rng.random() < 0.5:  # elements that nobody has yet
            batch = _uniform(rng, rng.randrange(1, 20))
            ids = {c["id"]: f"{c['id']} {turn}" for c in batch}
            batch = [{**c, "id": ids.pop(c["id"])} for c in batch if c["id"] in ids]
        for side in (together, apart):
            _pushed(side, batch, keep_good=True, together=side is together)
        passed_ms = rng.choice([0, 0, 1, 2, 5])
        for side in (together, apart):
            side.rt.flush()
            side.rt.clock.advance(passed_ms)  # type: ignore[attr-defined]
        for ours, theirs in zip(together.seen(), apart.seen(), strict=True):
            assert identical(ours, theirs), texts


@pytest.mark.parametrize(
    ("text", "is_at_once"),
    [(TIMED[0], True), (TIMED[4], False), ("MATCH (a:A) RETURN rand() AS r", False)],
)
def test_rows_that_follow_from_one_change_enter_at_once(
    monkeypatch: pytest.MonkeyPatch, text: str, is_at_once: bool
) -> None:
    loads, load = list[int](), bulk._load
    monkeypatch.setattr(bulk, "_load", lambda *args: loads.append(1) or load(*args))
    side = Side([text])
    side.source.push(
        [
            {
                "op": "insert",
                "id": n,
                "labels": ["A"],
                "properties": {"f": 2.0, "i": n, "s": "a"},
            }
            for n in range(bulk.LEAST_NEW)
        ]
    )
    side.rt.flush()
    side.rt.clock.advance(3)  # type: ignore[attr-defined]
    assert bool(loads) == is_at_once
    assert len(side.queries[0]) in (bulk.LEAST_NEW, 1)


FORMS: list[list[dict[str, Any]]] = [
    [{"op": "insert", "id": n, "labels": ["A"], "properties": {"f": 1.5}} for n in range(3)],
    [{"op": "update", "id": "a", "properties": {"f": None, "i": n}} for n in range(3)],
    [{"op": "update", "id": "a", "labels": "A", "properties": {"x": v}} for v in ANY],
    [{"op": "insert", "id": n, "labels": ("A", "B")} for n in "abc"],
    [{"op": "insert", "id": n, "labels": ["R"], "properties": {}, "start_id": 1, "end_id": n}
     for n in range(3)],
    [{"op": "update", "id": n, "labels": ["R"], "properties": {"f": n}, "start_id": "a",
      "end_id": "b", "effective_from": None} for n in range(3)],
    [{"op": "insert", "id": n, "labels": None, "properties": None} for n in range(3)],
]  # fmt: skip


@pytest.mark.parametrize("changes", FORMS)
def test_changes_of_one_form_become_columns(changes: list[dict[str, Any]]) -> None:
    """What comes out row by row is what ``accept()`` makes of each."""
    columns = columns_of(changes)

    assert isinstance(columns, Columns)
    assert identical(list(columns), [accept(change) for change in changes])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_makes_no_columns(fault: dict[str, Any]) -> None:
    """What is wrong with which is said by the other check."""
    changes = [{"op": "insert", "id": n, "labels": ["A"], "properties": {}} for n in "abc"]
    changes[1] |= fault

    assert columns_of(changes) is None


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("labels", {"labels": None}, {"extra": None}),
        ("properties", {"properties": {"f": None}}, {"properties": {"g": None}}),
        ("more", {"properties": {"f": 1.5}}, {"properties": {"f": 1.5, "g": None}}),
        ("fewer", {"properties": {"f": 1.5, "g": None}}, {"properties": {"f": 1.5}}),
        ("nothing", {"properties": {}}, {"properties": []}),
        ("pairs", {"properties": {"f": 1.5}}, {"properties": ["f"]}),
        ("ops", {"op": "update"}, {"op": "insert"}),
    ],
)
def test_another_form_is_told_apart(
    name: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """As many keys are not the same keys, and null is not nothing."""
    changes: list[Any] = [{"op": "update", "id": name, **some} for some in (first, second)]

    assert columns_of(changes[:1]) is not None
    assert columns_of(changes) is None


def test_a_look_at_changes_adds_no_keys() -> None:
    """A dict that makes what it is asked for stays as it is."""
    change = defaultdict(dict, op="update", id=1)
    plain = {"op": "update", "id": 1, "properties": {}}

    columns_of([plain, change])
    batch_of([plain, change], 1)

    assert dict(change) == {"op": "update", "id": 1}


def test_names_of_properties_may_be_other_kinds_of_text() -> None:
    """Such as those of numpy; what is stored has plain names, alone and in columns."""
    changes = [{"op": "update", "id": n, "properties": {Text("f"): n}} for n in range(2)]
    mixed = [{"op": "update", "id": 2, "properties": {"f": 2}}, *changes]

    assert accept({**changes[0], "labels": iter("A")}).labels == ("A",)
    alone = [accept(change) for change in mixed]
    columns = columns_of(mixed)

    assert columns_of(changes) is None  # each by itself
    assert columns is not None
    assert identical(list(columns), alone)
    names = [
        *columns.properties,
        *(name for change in alone for name in change.properties or ()),
    ]
    assert set(map(type, names)) == {str}


@pytest.mark.parametrize("labels", ["AA", "AB"])
def test_the_same_nodes_again_and_again(labels: str) -> None:
    """Of more changes than nodes the last of each stays, with its stamp where all have one label."""
    sides = [
        Side(["MATCH (a:A) RETURN a.f AS f", "MATCH (b) RETURN sum(b.f) AS f"]) for _ in "12"
    ]
    count = 3 * bulk.LEAST
    changes = [
        {"op": "update", "id": n * n % 7, "properties": {"f": float(n)}} for n in range(count)
    ]
    for side in sides:
        for n in range(7):
            side.source.push({"op": "insert", "id": n, "labels": [labels[n % 2]]})
        side.rt.flush()
    sides[0].source.push(changes)
    for change in changes:
        sides[1].source.push(change)
    for side in sides:
        side.rt.flush()

    assert sides[0].seen() == sides[1].seen()
    tables = [side.rt.engine.graph.nodes for side in sides]
    assert tables[0].page_count == len(set(labels))
    if labels == "AA":
        stamps = [list(table.stamps[0])[:7] for table in tables]
        assert stamps[0] == stamps[1]


def _alternating(count: int) -> list[dict[str, Any]]:
    """Return relations, each before its nodes, an update of another node and a delete."""
    out: list[dict[str, Any]] = []
    for n in range(count):
        ends = {"start_id": f"a{n}", "end_id": f"b{n % 3}"}
        out.append({"op": "insert", "id": f"r{n}", "labels": ["R"], "properties": {}, **ends})
        out.append({"op": "insert", "id": f"a{n}", "labels": ["A"], "properties": {"f": n / 4}})
    out.append({"op": "update", "id": "b0", "labels": ["B"], "properties": {"i": 1}})
    out.append({"op": "delete", "id": "gone", "effective_from": 7})
    return out


def test_changes_of_several_forms_keep_their_order() -> None:
    """Whole and in any part, what comes out is what went in."""
    changes = _alternating(6)
    batch = batch_of(changes, 3)
    accepted = [accept(change) for change in changes]

    assert isinstance(batch, Mixed)
    assert [type(group) for group in batch.groups] == [Columns, list, list, Columns]
    assert last_time_ms(batch) == 7
    assert list(batch) == accepted
    for start in range(len(changes)):
        for stop in range(start + 1, len(changes) + 1):
            assert list(batch.part(start, stop)) == accepted[start:stop]
            assert list(batch.part(start, len(changes)).part(0, stop - start)) == list(
                batch.part(start, stop)
            )


def test_an_id_of_two_forms_keeps_changes_apart() -> None:
    """The order of its changes matters."""
    changes = _alternating(6)
    changes[-1]["id"] = "a3"

    assert batch_of(changes, 3) is None


def test_a_batch_with_a_hub_stays_single_changes() -> None:
    """Each can be spread over slices then."""
    side = Side([])
    side.source.push(_alternating(bulk.LEAST))
    side.rt.flush()
    graph = side.rt.engine.graph
    graph.hubs.add(graph.node_at[graph.source("s")].find("b1"))
    for ids, kind in (("ab", list), ("aa", Columns)):
        changes: list[Any] = [
            {"op": "update", "id": f"{ids[n == 1]}{n}", "properties": {"f": 2.0}}
            for n in range(bulk.LEAST)
        ]
        side.source.push(changes)
        assert type(side.rt.pump.queue[-1][1]) is kind
        side.rt.flush()


def test_the_driver_takes_several_forms_in_slices() -> None:
    """However long a slice, the tick ends with the batch and the result is the same."""

    async def run() -> tuple[list[int], list[Any]]:
        ends = list[int]()
        async with dnb.Runtime(config=dnb.RuntimeConfig(slice_s=1e-6)) as rt:
            source = rt.add_source("s", dnb.PushSource())
            query = rt.add_query("q", QUERIES[2], sources=["s"])
            query.on_delta(lambda delta: ends.append(delta.seq))
            source.push(_alternating(6_000))
            await rt.settled()
            return ends, sorted(query.rows(), key=repr)

    ends, rows = asyncio.run(run())
    side = Side([QUERIES[2]])
    side.source.push(iter(_alternating(6_000)))
    side.rt.flush()

    assert ends == [seq for seq, _, _ in side.deltas[0]]
    assert rows == side.seen()[3]
    assert rows


@pytest.mark.parametrize(
    ("step_s", "expected"),
    [(0.0, [512, 256, 128, 64, 32, 8]), (1e9, [512, 488]), (None, [1_000])],
)
def test_steps_are_short_where_each_takes_long(
    monkeypatch: pytest.MonkeyPatch, step_s: float | None, expected: list[int]
) -> None:
    """Where rows are seen alone, steps get shorter while they take longer than a step may."""
    texts = ["MATCH (a:A) WHERE a.f > 1 RETURN a.f AS f"]
    if step_s is not None:
        monkeypatch.setattr(pump, "_STEP_S", step_s)
        texts = ["MATCH (a:A) RETURN drasi.trueFor(a.f > 1, 5) AS f"]
    side = Side(texts)
    side.source.push(
        [
            {"op": "insert", "id": n, "labels": ["A"], "properties": {"f": 2.0}}
            for n in range(1_000)
        ]
    )
    taken = [0]
    while taken[-1] < 1_000:
        side.rt.pump.slice(1e-9)
        taken.append(side.rt.pump.taken)

    assert [b - a for a, b in pairwise(taken) if a < b] == expected


def test_a_query_made_anew_without_rows_takes_the_old_ones_away() -> None:
    """A row that leaves before many elements come in the same tick leaves the result too."""
    side = Side(["MATCH (a:A) WHERE a.f > 1 RETURN a.f AS f"])
    side.source.insert({"id": "a", "labels": ["A"], "properties": {"f": 2.0}})
    side.rt.flush()
    side.source.delete("a")
    side.source.push(
        [
            {"op": "insert", "id": n, "labels": ["A"], "properties": {"f": 0.5}}
            for n in range(bulk.LEAST_NEW + bulk._MADE)
        ]
    )
    side.rt.flush()

    assert side.queries[0].rows() == []
    assert [row[0] for row in side.deltas[0][-1][2]] == ["DELETE"]


@pytest.mark.usefixtures("at_any_size")
def test_ids_that_are_gone_come_again_at_once() -> None:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    query = rt.add_query("q", "MATCH (a:A) RETURN a.i AS i", sources=["s"])
    inserts = [
        {"op": "insert", "id": f"n{i}", "labels": ["A"], "properties": {"i": i}}
        for i in range(3)
    ]
    for _ in range(2):
        source.push(inserts)
        rt.flush()
        assert sorted(row["i"] for row in query.rows()) == [0, 1, 2]
        source.push([{"op": "delete", "id": change["id"]} for change in inserts])
        rt.flush()
        assert not query.rows()
