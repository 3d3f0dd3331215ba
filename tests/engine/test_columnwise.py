"""What goes column by column is what the walk finds, row by row."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import columnwise
import histories
import polars as pl
import pytest

import drasi_nb as dnb
from drasi_nb.engine import bulk
from drasi_nb.engine.vector import stage
from drasi_nb.errors import QueryError
from drasi_nb.store import ids as store_ids
from drasi_nb.values.graph import STAMP_BITS


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows go column by column too."""
    monkeypatch.setattr(stage, "LEAST", 0)
    for name in ("LEAST", "LEAST_NEW", "LEAST_RELATIONS"):
        monkeypatch.setattr(bulk, name, 1)
    for name in ("LEAST", "_MANY"):
        monkeypatch.setattr(store_ids, name, 1)


@pytest.mark.parametrize("seed", range(150))
def test_bootstrap_and_later_changes(seed: int) -> None:
    """A late query has what the oracle computes, and stays right."""
    rng = random.Random(seed)
    nodes, relations = rng.choice((3, 8, 20)), rng.choice((0, 6, 30))
    there = columnwise.graph(rng, nodes, relations)
    later = columnwise.changes(rng, 12, nodes, max(1, relations))
    try:
        histories.check(columnwise.query(rng), [*there, *later], [len(there) + 6], len(there))
    except QueryError as error:
        assert error.code == "type", error


def spelled(value: Any) -> str:
    """Return what a value is; which property of an element came first does not count."""
    if isinstance(value, dnb.Node | dnb.Relation):
        kind = value.labels if isinstance(value, dnb.Node) else value.type
        return f"{kind} {value.id} {sorted(value.properties.items())}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(spelled, value))})"
    return repr(value)


def told(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Return rows behind their keys, in any order; of equal keys 0.0 stands for -0.0."""
    return sorted(
        f"{spelled([v + 0.0 if type(v) is float else v for v in key])} {spelled(rest)}"
        for key, *rest in rows
    )


def loaded(seed: int, *, in_bulk: bool) -> list[Any]:
    """Return what queries show, and the whole graph, after every tick of a history of frames."""
    rng = random.Random(seed)
    out = list[Any]()
    rt = dnb.Runtime(clock=dnb.VirtualClock(5_000))
    source = rt.add_source("s", dnb.PushSource())
    texts = [columnwise.query(rng) for _ in range(3)]
    texts.append("MATCH (a:A)-[:R]->(b) RETURN b.s AS s, avg(a.f) AS f, collect(a.i) AS l")
    texts.append("MATCH (a:A) OPTIONAL MATCH (a)-[r:R]->(b:B) RETURN a.i AS i, b.i AS j")
    for i, text in enumerate(texts):
        try:
            rt.add_query(f"q{i}", text, sources=["s"], auto_start=rng.random() < 0.9)
        except QueryError:
            continue
    deltas = list[Any]()
    for query in rt.queries.values():
        query.on_delta(lambda d: deltas.append((d.query_id, d.seq, told(d.changes))))
    for _ in range(4):
        for _ in range(rng.choice((1, 1, 2, 3))):
            names = rng.sample([f"n{i}" for i in range(30)], rng.randrange(1, 25))
            if rng.random() < 0.6:
                labels = [label for label in columnwise.LABELS if rng.random() < 0.7]
                frame = columnwise.node_frame(rng, names)
                if in_bulk:
                    source.upsert_nodes(frame, label=labels, id="id")
                else:
                    source.push(
                        {"op": "update", "id": row["id"], "labels": labels, "properties": row}
                        for row in frame.to_dicts()
                    )
            else:
                ends = [(rng.choice(names), rng.choice(names)) for _ in names]
                values = columnwise.node_frame(rng, names).drop("id")
                frame = pl.DataFrame(ends, schema=["from", "to"], orient="row").hstack(values)
                frame = frame.with_columns(key=pl.Series([f"r{n}" for n in names]))
                type_ = rng.choice(columnwise.TYPES)
                if in_bulk:
                    source.upsert_relations(frame, type=type_, start="from", end="to", id="key")
                else:
                    source.push(
                        {
                            "op": "update", "id": row.pop("key"), "labels": [type_],
                            "start_id": row.pop("from"), "end_id": row.pop("to"), "properties": row,
                        }
                        for row in frame.to_dicts()
                    )  # fmt: skip
            if rng.random() < 0.3:
                source.push({"op": "delete", "id": f"n{rng.randrange(30)}"})
        rt.flush()
        shown = {q.id: told(q.keyed_rows()) for q in rt.queries.values()}
        elements = [*rt.engine.graph.all_nodes({0}), *rt.engine.graph.all_relations({0})]
        stored = sorted(
            (str(e.id), repr(e), e.properties, e.stamp >> STAMP_BITS).__repr__()
            for e in elements
        )
        out.append((rt.seq, shown, sorted(deltas), stored))
        deltas.clear()
    rt.close()
    return out


@pytest.mark.parametrize("seed", range(60))
def test_frames_as_if_row_by_row(seed: int) -> None:
    """The same results, deltas, elements and stamps, whatever way the rows go in."""
    assert loaded(seed, in_bulk=True) == loaded(seed, in_bulk=False)


def test_most_are_columnwise() -> None:
    """The tests above test what they say."""
    taken = 0
    for seed in range(100):
        rng = random.Random(seed)
        rt = dnb.Runtime(clock=dnb.VirtualClock(0))
        source = rt.add_source("s", dnb.PushSource())
        source.push(columnwise.graph(rng, 10, 15))
        try:
            query = rt.add_query("q", columnwise.query(rng), sources=["s"])
        except QueryError:
            continue
        assert query.compiled is not None
        taken += query.compiled.is_columnwise()
    assert taken > 60


def updated(seed: int, *, in_bulk: bool) -> list[Any]:
    """Return results and deltas after frames that change properties of nodes with fixed labels."""
    rng = random.Random(seed)
    labels: dict[str, list[str]] = {
        f"n{i}": [["A"], ["B"], ["A", "B"]][i % 3] for i in range(24)
    }
    rt = dnb.Runtime(clock=dnb.VirtualClock(5_000))
    source = rt.add_source("s", dnb.PushSource())
    source.push(
        {"op": "insert", "id": i, "labels": names, "properties": columnwise.properties(rng)}
        for i, names in labels.items()
    )
    source.push(
        {
            "op": "insert", "id": f"r{n}", "labels": [rng.choice(columnwise.TYPES)],
            "properties": columnwise.properties(rng),
            "start_id": f"n{rng.randrange(24)}", "end_id": f"n{rng.randrange(24)}",
        }
        for n in range(40)
    )  # fmt: skip
    out, deltas = list[Any](), list[Any]()
    for i in range(4):
        try:
            query = rt.add_query(f"q{i}", columnwise.query(rng), sources=["s"])
        except QueryError:
            continue
        query.on_delta(lambda d: deltas.append((d.query_id, d.seq, told(d.changes))))
    for _ in range(5):
        for _ in range(rng.choice((1, 1, 2))):
            chosen = rng.choice((["A"], ["B"], ["A", "B"]))
            known = [i for i, names in labels.items() if names == chosen]
            frame = columnwise.node_frame(rng, rng.sample(known, rng.randrange(1, 9))).drop(
                "id"
            )
            frame = frame.select(rng.sample(frame.columns, rng.randrange(1, 5)))
            ids = rng.sample(known, frame.height)
            if in_bulk:
                source.upsert_nodes(
                    frame.with_columns(id=pl.Series(ids)), label=chosen, id="id"
                )
            else:
                source.push(
                    {"op": "update", "id": i, "labels": chosen, "properties": {**row, "id": i}}
                    for i, row in zip(ids, frame.to_dicts(), strict=True)
                )
        if rng.random() < 0.3:
            source.update(
                {"id": f"n{rng.randrange(24)}", "properties": columnwise.properties(rng)}
            )
        rt.flush()
        shown = {q.id: told(q.keyed_rows()) for q in rt.queries.values()}
        out.append((rt.seq, shown, sorted(deltas)))
        deltas.clear()
        assert all(q.error is None for q in rt.queries.values())
    rt.close()
    return out


@pytest.mark.parametrize("seed", range(120))
def test_changed_properties_as_if_row_by_row(seed: int) -> None:
    """The same results and deltas, whatever way the rows go in."""
    assert updated(seed, in_bulk=True) == updated(seed, in_bulk=False)


def test_a_query_made_anew_without_rows_loses_those_it_had() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", "MATCH (a:A) WHERE a.i > 5 RETURN a.i AS i", sources=["s"])
        source.push([{"op": "insert", "id": "n", "labels": ["A"], "properties": {"i": 9}}])
        rt.flush()
        assert q.frame()["i"].to_list() == [9]
        frame = pl.DataFrame({"id": [f"m{i}" for i in range(100)], "i": [1] * 100})
        source.upsert_nodes(frame, label="A", id="id")
        source.push({"op": "delete", "id": "n"})
        rt.flush()
        assert q.rows() == []


def test_aggregates_of_everything_take_every_row() -> None:
    """Without a grouping value too; each NaN counts as often as it is there."""
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        values = [float("nan"), 1.0, float("nan"), 0.5]
        source.push([
            {"op": "insert", "id": i, "labels": ["A"], "properties": {"i": i, "f": f}}
            for i, f in enumerate(values)
        ])  # fmt: skip
        rt.flush()
        text = "MATCH (a:A) RETURN collect(a.i) AS c, min(a.f) AS low, count(a.f) AS n"
        q = rt.add_query("q", text, sources=["s"])
        assert q.rows() == [{"c": [0, 1, 2, 3], "low": 0.5, "n": 4}]
        source.push([{"op": "delete", "id": i} for i in (0, 3, 2)])
        rt.flush()
        assert q.rows() == [{"c": [1], "low": 1.0, "n": 1}]
