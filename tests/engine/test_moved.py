"""Changes of many nodes at once, over whole pages: what becomes of results must be what it is one by one."""

from __future__ import annotations

import random
import re
from typing import Any

import polars as pl
import pytest

import drasi_nb as dnb
from drasi_nb.engine.moved import Moved
from drasi_nb.engine.vector import stage
from drasi_nb.values.graph import Node
from drasi_nb.values.ordering import group_key, identical

QUERIES = [
    "MATCH (a:A) RETURN a.f AS f, a.s AS s, a.i AS i",
    "MATCH (a:A) WHERE a.f > 1 RETURN a.i AS i, a.f AS f, a.s AS s",
    "MATCH (a:A) WHERE a.i <> 1 AND NOT a.f = 0.0 RETURN a.i + 1 AS i, a.s AS s, -a.f AS f",
    "MATCH (a:A) WHERE a.s STARTS WITH 'n1' OR a.f IS NULL RETURN a.f AS f, a.x AS x",
    "MATCH (a:A) RETURN CASE WHEN a.f > 1 THEN 'high' ELSE a.s END AS s, a.f > a.i AS b",
    "MATCH (a) RETURN coalesce(a.f, 1.5) AS f, a:B AS is_b, 7 AS seven",
    "MATCH (a:A) WITH a.f AS f, a.s AS s WHERE f > 1 RETURN s, f * 2 AS f",
    "MATCH (a:A) RETURN a.f AS f, a.s AS s ORDER BY f DESC, s LIMIT 20",
    "MATCH (a:A) WITH a.i AS i, a.f AS f WHERE f > 0 RETURN i, count(*) AS n, max(f) AS high",
    "MATCH (a:A) RETURN DISTINCT a.i AS i",
    "MATCH (a:A) WHERE a.f > 1 RETURN a",
    "MATCH (a:A) RETURN a.f AS f UNION ALL MATCH (a:B) RETURN a.f AS f",
    "MATCH (a:A) RETURN a.x AS x, a.id AS id",
    "MATCH (a:A) WHERE 1 / a.i > -5 RETURN a.f AS f",
    "MATCH (a:A) WHERE a.f >= 1.5 AND a.f <> 2.25 RETURN a.f AS f, a.s AS s",
]
GROUPS = [
    "MATCH (a:A)-[:R]->(g:G) RETURN g.s AS s, avg(a.f) AS f, count(*) AS n",
    "MATCH (a:A)-[:R]->(g:G) WHERE a.f > 1 AND g.k < 7 RETURN g.s AS s, sum(a.i) AS i, count(a.f) AS n",
    "MATCH (a:A)-[:R]-(g) RETURN g.k AS k, avg(a.f + a.i) AS m",
    "MATCH (a:A)-[:R]->(g:G)-[:S]->(h:H) RETURN h, sum(a.f) AS f",
    "MATCH (a:A)-[:R]->(g:G)<-[:R]-(b:B) RETURN g.k AS k, sum(a.f) AS f, sum(b.f) AS e",
    "MATCH (a:A) RETURN a.i AS i, avg(a.f) AS f",
    "MATCH (a:A) WHERE a.i < 2 RETURN avg(a.f) AS f, sum(a.i) AS i, count(*) AS n",
    "MATCH (a:A)-[:R]->(g:G) RETURN a.s AS s, g.k AS k, sum(a.f) AS f, max(a.i) AS m",
    "MATCH (a:A)-[r:R]->(g:G) RETURN g.k AS k, sum(a.i * r.w) AS i, sum(a.f) AS f",
    "MATCH (a:A)-[:R]->(g:G) WITH g, avg(a.f) AS f WHERE f > 1 RETURN g.k AS k, f",
    "MATCH (a:A)-[:R]->(g:G) RETURN a, count(*) AS n, sum(a.i) AS i",
    "MATCH (a:A)-[:R]->(g:G) WHERE a.f >= 1.5 RETURN g.s AS s, avg(a.f) AS f, sum(a.i) AS i, count(a) AS n",
    "MATCH (a:A)-[:R]->(g:G)-[:S]->(h:H) RETURN g.s AS s, h.z AS z, sum(a.f) AS f, count(*) AS n",
]
PLAIN = [0.0, -0.0, 1.5, 2.25, 0.1]
FLOATS = [*PLAIN, float("nan"), float("inf"), 1e300]
INTEGERS = [1, 2, -5, 2**40, 1, 1]


class Draws(random.Random):
    """Random values; plain ones are numbers of one kind everywhere, whose sums are exact."""

    is_plain = False


class Side:
    """One runtime, and all that can be seen of it."""

    def __init__(self, texts: list[str], sources: list[str]) -> None:
        self.rt = dnb.Runtime(clock=dnb.VirtualClock(0))
        self.sources = {id_: self.rt.add_source(id_, dnb.PushSource()) for id_ in sources}
        self.texts, self.queries = texts, list[dnb.Query]()
        self.deltas = list[list[Any]]()

    def start(self) -> None:
        """Add the queries."""
        for n, text in enumerate(self.texts):
            query = self.rt.add_query(f"q{n}", text, sources=list(self.sources))
            self.queries.append(query)
            self.deltas.append([])
            query.on_delta(self.deltas[-1].append)

    def seen(self) -> list[Any]:
        """Return it, and forget the deltas."""
        out = list[Any]()
        for query, deltas in zip(self.queries, self.deltas, strict=True):
            out.append(sorted(map(repr, map(_spelled, query.rows()))))
            rows = [row for delta in deltas for row in delta.rows()]
            deltas.clear()
            # another NaN is another object
            out.append(sorted(repr(_spelled(row)) for row in rows if not _is_none(row)))
        nodes = self.rt.engine.graph.all_nodes(frozenset(range(len(self.sources))))
        out.append(sorted(repr(_spelled(node)) for node in nodes))
        return out


def _is_none(row: dict[str, Any]) -> bool:
    return identical(row["before"], row["after"])


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _spelled(part) for name, part in value.items()}
    if isinstance(value, Node):
        return (value.id, sorted(value.labels), sorted(value.properties.items()), value.source)
    return value


def _values(rng: Draws, name: str, count: int) -> list[Any]:
    if name == "f":
        values: list[Any] = rng.choices(PLAIN if rng.is_plain else FLOATS, k=count)
    elif name == "i":
        values = rng.choices(INTEGERS, k=count)
    elif name == "s":
        values = [f"n{rng.randrange(30)}" for _ in range(count)]
    else:
        values = [rng.choice([None, 1, 2.5, "x", True]) for _ in range(count)]
    if rng.is_plain:
        return values
    if name != "x" and rng.random() < 0.15:
        values[rng.randrange(count)] = None
    if name == "f" and rng.random() < 0.1:
        values[rng.randrange(count)] = 3  # an integer among floats
    return values


def _ids(rng: random.Random, count: int, size: int) -> list[str]:
    if rng.random() < 0.3:
        first = rng.randrange(max(1, count - size))
        return [f"a{n}" for n in range(first, min(count, first + size))]
    return [f"a{n}" for n in rng.sample(range(count), min(size, count))]


def _hung(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Return nodes of groups, and relations to them."""
    out = list[dict[str, Any]]()
    for n in range(10):
        properties = {"k": n, "s": f"n{n % 4}"}
        out.append({"op": "insert", "id": f"g{n}", "labels": ["G"], "properties": properties})
        out.append(
            {"op": "insert", "id": f"h{n % 3}", "labels": ["H"], "properties": {"z": n % 3}}
        )
        ends = {"start_id": f"g{n}", "end_id": f"h{n % 3}"}
        out.append({"op": "insert", "id": f"s{n}", "labels": ["S"], "properties": {}, **ends})
    for n in range(count + count // 10):
        ends = {"start_id": f"a{rng.randrange(count)}", "end_id": f"g{rng.randrange(11)}"}
        properties = {"w": rng.randrange(3)}
        out.append(
            {"op": "insert", "id": f"r{n}", "labels": ["R"], "properties": properties, **ends}
        )
    return out


def _many(rng: Draws, count: int) -> list[dict[str, Any]]:
    """Return changes of one form."""
    ids = _ids(rng, count, rng.choice([70, 300, 2_000]))
    names = rng.sample(["f", "i", "s", "x"], rng.choice([1, 1, 2, 3]))
    if rng.random() < 0.3:
        ids = rng.choices(ids, k=len(ids))  # some come again
    columns = [_values(rng, name, len(ids)) for name in names]
    changes = [
        {"op": "update", "id": id_, "properties": dict(zip(names, row, strict=True))}
        for id_, *row in zip(ids, *columns, strict=True)
    ]
    if rng.random() < 0.3:
        for change in changes:
            change["labels"] = ["A"]
    if rng.random() < 0.1:
        for change in changes:
            change |= {"op": "insert", "labels": ["A"]}
    return changes


def _single(rng: Draws, count: int) -> dict[str, Any]:
    id_, draw = f"a{rng.randrange(count + 20)}", rng.random()
    if draw < 0.25:
        return {"op": "delete", "id": id_}
    if draw < 0.45:
        return {"op": "update", "id": id_, "labels": rng.choice([["A"], ["A", "B"], ["B"]])}
    properties = {name: _values(rng, name, 1)[0] for name in rng.sample(["f", "i", "s"], 2)}
    if draw < 0.7:
        return {"op": "insert", "id": id_, "labels": ["A"], "properties": properties}
    return {"op": "update", "id": id_, "properties": properties}


@pytest.mark.parametrize("seed", range(14))
def test_many_changes_do_what_each_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also beside single changes, deletes, moves, reads, and what a result was before."""
    rng = Draws(seed)
    rng.is_plain = seed % 2 == 1
    _at_any_size(monkeypatch, rng.choice([1, 1, 1_000]))
    texts = rng.sample(QUERIES, 3) + rng.sample(GROUPS, 3)
    names = rng.choice([["s"], ["s"], ["s", "t"]])
    count = rng.choice([1_024, 1_500, 3_000])
    together, apart = Side(texts, names), Side(texts, names)
    first = pl.DataFrame(
        {
            "id": [f"a{n}" for n in range(count)],
            "f": [float(rng.randrange(4)) for _ in range(count)],
            "i": [rng.choice([1, 1, 2]) for _ in range(count)],
            "s": [f"n{rng.randrange(30)}" for _ in range(count)],
        }
    )
    hung = _hung(rng, count)
    for side in (together, apart):
        for source in side.sources.values():
            source.upsert_nodes(first, label="A", id="id")
            source.push(hung)
        side.rt.flush()
        side.start()
    moments = list[int]()
    for _ in range(7):
        for _ in range(rng.choice([1, 1, 2, 3])):
            name, draw = rng.choice(names), rng.random()
            if draw < 0.6:
                changes = _many(rng, count)
            else:
                changes = [_single(rng, count) for _ in range(rng.choice([1, 3, 20]))]
            together.sources[name].push(changes)
            apart.sources[name].push(iter(changes))
        for side in (together, apart):
            side.rt.flush()
        for query in together.queries:
            if rng.random() < 0.7 and not _has_elements(query.text):
                assert identical(_frame(query.frame()), _frame(_again(query)))
        assert together.seen() == apart.seen(), texts
        moments.append(together.rt.seq)
    for ours, theirs in zip(together.queries, apart.queries, strict=True):
        if _has_elements(ours.text):
            continue
        assert identical(_frame(ours.frame()), _frame(_again(ours)))
        for moment in moments:
            if not ours.is_ordered:
                assert _frame(ours.at(moment)) == _frame(theirs.at(moment))


def _has_elements(text: str) -> bool:
    """Return whether a column is of whole elements, whose type has fields that were there once."""
    return re.search(r"RETURN [ah]($|,)", text) is not None


def _again(query: dnb.Query) -> pl.DataFrame:
    from drasi_nb.frames.schema import frame_of

    return frame_of(query.columns, [row for _, row in query.keyed_rows()])


def _frame(frame: pl.DataFrame) -> list[str]:
    """Return the rows; a column that once had floats has its integers as floats."""
    rows = ([float(v) if type(v) is int else v for v in row] for row in frame.rows())
    return sorted(map(repr, map(group_key, rows)))


def _at_any_size(monkeypatch: pytest.MonkeyPatch, least: int = 1) -> None:
    """Let few changes, and few rows, go as columns."""
    monkeypatch.setattr(stage, "LEAST", 0)
    for name in ("LEAST_PLAIN", "LEAST_TESTED", "LEAST_GROUPED"):
        monkeypatch.setattr(stage, name, least)


def _rooms(monkeypatch: pytest.MonkeyPatch) -> tuple[dnb.Runtime, dnb.PushSource, dnb.Query]:
    """Return two whole pages of nodes, and a query whose rows are columns."""
    _at_any_size(monkeypatch)
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    ids = [f"a{n}" for n in range(2_048)]
    source.upsert_nodes(pl.DataFrame({"id": ids, "f": [1.0] * 2_048}), label="A", id="id")
    query = rt.add_query("q", "MATCH (a:A) RETURN a.id AS id, a.f AS f", sources=["s"])
    return rt, source, query


def _set(source: dnb.PushSource, ids: list[str], value: float) -> None:
    source.upsert_nodes(pl.DataFrame({"id": ids, "f": [value] * len(ids)}), label="A", id="id")


def test_a_handle_that_another_node_has_by_now_finds_no_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rt, source, query = _rooms(monkeypatch)
    ids = [row["id"] for row in query.rows()]
    source.push({"op": "update", "id": "a5", "labels": ["A", "B"]})  # its row is as it was
    rt.flush()
    source.push({"op": "insert", "id": "new", "labels": ["A"], "properties": {"id": "new"}})
    rt.flush()
    changed = ["new", *(f"a{n}" for n in range(100, 300))]
    _set(source, changed, 2.0)
    rt.flush()
    values = {row["id"]: row["f"] for row in query.rows()}
    assert values == {id_: 2.0 if id_ in changed else 1.0 for id_ in [*ids, "new"]}


def test_rows_that_left_together_and_came_back_alone_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each takes the place of another; where they were is nobody's, and no key of theirs is kept."""
    rt, source, _ = _rooms(monkeypatch)
    text = "MATCH (a:A) WHERE a.f > 0 RETURN a.id AS id, a.f AS f"
    query = rt.add_query("high", text, sources=["s"])
    some = [f"a{n}" for n in range(100, 300)]
    for _ in range(2):
        for n, id_ in enumerate(some):
            source.push({"op": "update", "id": id_, "properties": {"f": n + 2.0}})
            rt.flush()
        frame = pl.DataFrame({"id": some, "f": [n + 0.5 for n in range(200)]})
        source.upsert_nodes(frame, label="A", id="id")
        rt.flush()
        expected = dict.fromkeys((f"a{n}" for n in range(2_048)), 1.0) | dict(frame.iter_rows())
        assert dict(query.frame().iter_rows()) == expected
        _set(source, some, -1.0)
        rt.flush()
        assert len(query) == 2_048 - 200
        assert not query.table._places.index


def test_a_page_that_a_single_change_was_read_from_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rt, source, query = _rooms(monkeypatch)
    source.push({"op": "update", "id": "a3", "properties": {"f": 5.0}})
    rt.flush()
    first = query.frame()
    changed = [f"a{n}" for n in range(100, 300)]
    _set(source, changed, 2.0)
    rt.flush()
    expected = {id_: 2.0 if id_ in changed else f for id_, f in first.rows()}
    assert expected["a3"] == 5.0
    assert dict(query.frame().iter_rows()) == expected
    assert dict(first.iter_rows())["a100"] == 1.0  # what was handed out stays as it was


def test_a_change_that_waits_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deltas and the past make rows when they are asked for, from columns that stay."""
    rt, source, query = _rooms(monkeypatch)
    deltas = list[dnb.Delta]()
    query.on_delta(deltas.append)
    some = [f"a{n}" for n in range(100, 300)]
    for value in (2.0, 3.0):
        _set(source, some, value)
        rt.flush()
    source.push({"op": "update", "id": "a100", "properties": {"f": 4.0, "id": "other"}})
    rt.flush()
    assert [len(delta) for delta in deltas] == [200, 200, 1]
    assert sorted(deltas[0].changes) == sorted(((id_,), (id_, 1.0), (id_, 2.0)) for id_ in some)
    assert deltas[2].changes == [(("a100",), ("a100", 3.0), ("other", 4.0))]
    assert set(query.at(deltas[1].seq)["f"]) == {1.0, 3.0}
    assert set(query.at(deltas[0].seq)["f"]) == {1.0, 2.0}
    assert query.history().height == 2_048 + 401


def test_changes_of_one_tick_stay_columns_while_no_node_comes_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rt, source, query = _rooms(monkeypatch)
    deltas = list[dnb.Delta]()
    query.on_delta(deltas.append)
    parts = [[f"a{n}" for n in range(first, first + 100)] for first in (0, 100, 150)]
    for value, ids in enumerate(parts[:2], 2):
        _set(source, ids, float(value))
    rt.flush()
    assert isinstance(deltas[0].unsorted, Moved) and len(deltas[0].unsorted.parts) == 2
    for value, ids in enumerate(parts, 4):
        _set(source, ids, float(value))
    rt.flush()
    assert not isinstance(deltas[1].unsorted, Moved)
    assert [len(delta) for delta in deltas] == [200, 250]
    expected = {id_: float(value) for value, ids in enumerate(parts, 4) for id_ in ids}
    assert {key[0]: after[1] for key, _, after in deltas[1].changes if after} == expected
    assert {id_: f for id_, f in query.frame().iter_rows() if f != 1.0} == expected


class Twins:
    """Two whole pages of nodes, which change together in one runtime and one by one in another."""

    def __init__(self, text: str, first: Any) -> None:
        self.sides = list[tuple[dnb.Runtime, dnb.PushSource, dnb.Query]]()
        for _ in range(2):
            rt = dnb.Runtime(clock=dnb.VirtualClock(0))
            source = rt.add_source("s", dnb.PushSource())
            ids = [f"a{n}" for n in range(2_048)]
            nodes = pl.DataFrame({"id": ids, "f": [first] * len(ids)})
            source.upsert_nodes(nodes, label="A", id="id")
            for n, id_ in enumerate(ids):
                ends = {"start_id": id_, "end_id": f"g{n % 4}"}
                source.push({"op": "insert", "id": f"r{n}", "labels": ["R"], **ends})
            for n in range(4):
                node = {"op": "insert", "id": f"g{n}", "labels": ["G"]}
                source.push({**node, "properties": {"s": f"s{n % 3}"}})
            rt.flush()
            self.sides.append((rt, source, rt.add_query("q", text, sources=["s"])))

    def change(self, values: dict[str, Any], *, alone: bool = False) -> None:
        """Change nodes; alone, one by one on both sides."""
        changes = [
            {"op": "update", "id": id_, "properties": {"f": value}}
            for id_, value in values.items()
        ]
        for number, (rt, source, _) in enumerate(self.sides):
            if alone or number:
                for change in changes:
                    source.push(change)
                    rt.flush()
            else:
                source.push(changes)
                rt.flush()
        self.check()

    def check(self) -> None:
        """Compare the sides, and the rows with the frames."""
        seen = [sorted(repr(row) for row in query.rows()) for _, _, query in self.sides]
        assert seen[0] == seen[1]
        for _, _, query in self.sides:
            assert identical(_frame(query.frame()), _frame(_again(query)))


@pytest.mark.parametrize(
    "values",
    [[1.5, 2], [1, 2**61, 3], [1.0, 1e-20, 2.0], [1.0, 1e300, -1e300, 4.0], [1, 2.5, 1]],
)
def test_sums_of_any_numbers_are_those_one_by_one(
    values: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they change their type, leave 64 bits, or are finer than what is added up."""
    _at_any_size(monkeypatch)
    text = (
        "MATCH (a:A)-[:R]->(g:G) RETURN g.s AS s, sum(a.f) AS f, avg(a.f) AS m, count(a.f) AS n"
    )
    twins = Twins(text, 0.5 if type(values[0]) is float else 7)
    for value in values:
        twins.change({f"a{n}": value for n in range(0, 2_048, 2)})


@pytest.mark.parametrize("number", ["1.5", "2", "9007199254740993", "(0.0 / 0.0)"])
@pytest.mark.parametrize("op", ["=", "<>", "<", "<=", ">", ">="])
def test_conditions_over_floats_are_those_one_by_one(
    op: str, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _at_any_size(monkeypatch)
    text = f"MATCH (a:A) WHERE a.f {op} {number} RETURN a.id AS id, a.f AS f"
    floats = [1.0, 1.5, 2.0, 2.5, 2.0**53, 2.0**53 + 2, float("nan"), -0.0]
    twins = Twins(text, 1.0)
    for shift in range(3):
        twins.change({f"a{n}": floats[(n + shift) % 8] for n in range(300)})


def test_a_row_that_moved_with_others_is_found_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was looked for by its key before: alone or with others it left, and came elsewhere."""
    _at_any_size(monkeypatch)
    twins = Twins("MATCH (a:A) WHERE a.f > 0 RETURN a.id AS id, a.f AS f", 1.0)
    rng = random.Random(0)
    for round_ in range(12):
        some = [f"a{n}" for n in rng.sample(range(2_048), 40)]
        twins.change(dict.fromkeys(some, 2.0 + round_), alone=True)
        twins.change(dict.fromkeys(some[:5], -1.0), alone=True)
        twins.change({f"a{n}": 4.0 for n in rng.sample(range(2_048), 1_500)})
        twins.change(dict.fromkeys(some, 5.0 + round_), alone=True)
        twins.change({f"a{n}": rng.choice([-1.0, 3.0]) for n in rng.sample(range(2_048), 900)})
