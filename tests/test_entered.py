"""Rows that enter as columns are those that enter one by one, whatever becomes of them."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import polars as pl
import pytest

import drasi_nb as dnb
from drasi_nb.engine import entered, keys
from drasi_nb.engine.accumulators import Extremes
from drasi_nb.engine.entered import Entered
from drasi_nb.engine.keys import Keys
from drasi_nb.engine.vector import stage
from drasi_nb.frames import chunks
from drasi_nb.frames.keys import PlacedKeys
from drasi_nb.frames.places import page_of
from drasi_nb.frames.result import ResultTable
from drasi_nb.frames.schema import frame_of
from drasi_nb.runtime import pump
from drasi_nb.store.paging import EMPTY
from drasi_nb.values.ordering import identical, order_key

FLOATS = [0.0, -0.0, math.nan, math.inf, 1.5, -2.25, None]
OBJECTS = [1, 1.0, True, "a", None, [1, 2.5], -0.0, math.nan, {"a": 1}]


def rows_of(rng: random.Random, height: int, *, mixed: bool) -> Entered:
    ids = [f"n{i}" if i % 3 else i for i in range(height)]
    ends = [("s", i % 7) for i in range(height)]
    numbers = pl.Series([rng.choice(FLOATS) for _ in ids], dtype=pl.Float64)
    last: list[Any] = [rng.choice(OBJECTS if mixed else ["a", "b", None]) for _ in ids]
    return Entered(Keys([ids, ends], height), [list(ids), numbers, last], height)


@pytest.mark.parametrize("height", [0, 1, 5, 3_000])
def test_a_row_is_found_by_its_key(height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (entered, keys):
        monkeypatch.setattr(module, "PIECE", 700)
    rows = rows_of(random.Random(height), height, mixed=True)
    whole = list(rows)
    assert len(rows) == len(whole) == height
    assert [rows.keys.find(key) for key, _, _ in whole] == list(range(height))
    assert all(identical(rows[i], whole[i]) for i in range(-height, height))
    assert identical(rows[1:4], whole[1:4])
    for unknown in (("n", ("s", 1)), ("n1", ("s", 0)), ()):
        with pytest.raises(KeyError):
            rows.keys.find(unknown)
    with pytest.raises(IndexError):
        rows[height]


def test_equal_keys_are_one() -> None:
    rows = Entered(Keys([[1, "b"]], 2), [[5, 6]], 2)
    assert rows.keys.find((1.0,)) == rows.keys.find((True,)) == 0
    assert Entered(Keys([], 1), [[5]], 1).keys.find(()) == 0
    assert list(Entered(Keys([["a", "b"]], 2), [], 2)) == [
        (("a",), None, ()),
        (("b",), None, ()),
    ]


def test_parts_are_joined_in_order() -> None:
    rng = random.Random(3)
    parts = [rows_of(rng, height, mixed=True) for height in (10, 1, 30)]
    parts.append(
        Entered(Keys([["x"], ["y"]], 1), [["x"], [1], ["a"]], 1)
    )  # no column of floats
    assert identical(list(Entered.joined(parts)), [row for part in parts for row in part])


def same(table: ResultTable, model: dict[Any, Any]) -> None:
    entries = table.entries()
    assert len(table) == len(entries) == len(model)
    assert all(identical(model[key], row) for key, row in entries)
    frame, expected = table.frame(), frame_of(table.columns, [row for _, row in entries])
    if frame.schema == expected.schema:  # a column never narrows again
        assert frame.equals(expected)
    else:
        assert frame.height == expected.height


@pytest.mark.parametrize("seed", range(24))
def test_a_table_of_columns_is_one_of_rows(seed: int) -> None:
    """Its rows change, go and come, in ticks of any size, read or not, prepared or not."""
    rng = random.Random(seed)
    height = rng.choice([1_024, 1_500, 4_096, 5_000])
    base = rows_of(rng, height, mixed=rng.random() < 0.4)
    table, model = ResultTable(("k", "f", "x")), {key: row for key, _, row in base}
    table.apply(base)
    kept = list[tuple[pl.DataFrame, pl.DataFrame]]()
    if rng.random() < 0.7:
        same(table, model)
    pool = [*model, *((f"new{i}", ("s", 0)) for i in range(1_500))]
    for _ in range(10):
        tick = list[Any]()
        for key in rng.sample(pool, rng.choice([1, 1, 3, 50, 800, 2_500])):
            before = model.get(key)
            after = (key[0], rng.choice(FLOATS), rng.choice(["c", "d"]))
            if before is not None and rng.random() < 0.4:
                after = None
            if before is None and rng.random() < 0.5:
                continue
            tick.append((key, before, after))
        spent = list[Any]()
        if rng.random() < 0.5:
            unseen = table.entries()
            for _ in table.preparing(tick, spent):
                if rng.random() < 0.05:
                    assert identical(table.entries(), unseen)
                if rng.random() < 0.03:
                    break  # it is given up half way
            assert identical(table.entries(), unseen)
            if rng.random() < 0.2:
                tick = list(tick[: len(tick) // 2])  # another tick comes instead
        table.apply(tick)
        for key, _, after in tick:
            model.pop(key, None) if after is None else model.update({key: after})
        if rng.random() < 0.6:
            same(table, model)
            kept.append((table.frame(), table.frame().clone()))
    same(table, model)
    assert all(frame.equals(copy) for frame, copy in kept)


def test_a_key_that_left_comes_again() -> None:
    base = rows_of(random.Random(1), 2_048, mixed=False)
    table, key = ResultTable(("k", "f", "x")), base[700][0]
    table.apply(base)
    table.apply([(key, base[700][2], None), (base[900][0], base[900][2], None)])
    table.apply([(("other", 1), None, ("other", 1.0, "a"))])  # in the place of one of them
    table.apply([(key, None, ("again", 2.0, "b"))])
    table.apply([(key, ("again", 2.0, "b"), ("again", 3.0, "b"))])
    rows = dict(table.entries())
    assert rows[key] == ("again", 3.0, "b") and rows["other", 1] == ("other", 1.0, "a")
    assert len(table) == len(rows) == table.frame().height == 2_048


# -- behind a runtime ---------------------------------------------------------------------


TEXTS = [
    "MATCH (a:A) RETURN a.f AS f, a.s AS s, a.m AS m, a.i AS i",
    "MATCH (a:A) WHERE a.i > 3 RETURN a.s AS s, a.i * 2 AS i, a.f > 1 AS big, 7 AS c",
    "MATCH (a:A)-[r:R]->(b:B) WHERE a.i > 1 RETURN a.s AS a, b.i AS b, r.w AS w",
    "MATCH (a:A) WHERE a.f IS NULL RETURN a.f AS f, a.s AS s",
    "MATCH (a:A) RETURN a AS node ORDER BY a.i LIMIT 5",
    "MATCH (a:A) RETURN a.s AS s, a.f AS f ORDER BY f DESC, s LIMIT 12",
    "MATCH (a:A) RETURN a.s AS s, a.f AS f ORDER BY f, s DESC SKIP 3 LIMIT 300",
    "MATCH (a:A) RETURN a.s AS s, a.m AS m ORDER BY m, s LIMIT 9",
    "MATCH (a:A) RETURN a.s AS s ORDER BY s LIMIT 4",
    "MATCH (a:A)-[r:R]->(b:B) RETURN b.s AS b, min(a.f) AS l, max(a.f) AS h, max(a.i) AS i",
    "MATCH (a:A)-[r:R]->(b:B) RETURN b.s AS b, min(a.s) AS l, max(a.m) AS h, count(*) AS n",
    "MATCH (a:A)-[r:R]->(b:B) RETURN b.i AS b, min(b) AS l, max(r.w) AS h, min(r.w) AS w",
    "MATCH (a:A) RETURN min(a.i) AS l, max(a.f) AS h, min(a.f) AS f",
    "MATCH (a:A)-[r:R]->(b:B) RETURN b.s AS b, collect(a.i) AS i, collect(DISTINCT a.f) AS f",
    "MATCH (a:A)-[r:R]->(b:B) RETURN b.s AS b, collect(r.w + 1) AS w, min(r.w) AS l",
]


def properties(rng: random.Random, i: int) -> dict[str, Any]:
    return {
        "f": rng.choice([*FLOATS, rng.random(), rng.random()]),
        "i": rng.randrange(8),
        "s": f"s{rng.randrange(1_000)}",
        "m": rng.choice([1, 2.5, "x", None, True]) if i % 5 == 0 else "y",
    }


def changes_of(rng: random.Random, there: set[int], count: int) -> list[dict[str, Any]]:
    out = list[dict[str, Any]]()
    for _ in range(count):
        i = rng.randrange(2_600)
        if i in there and rng.random() < 0.4:
            there.discard(i)
            out.append({"op": "delete", "id": i})
            continue
        labels = {"labels": ["A"]}
        out.append({"op": "update", "id": i, **labels, "properties": properties(rng, i)})
        if i not in there:
            there.add(i)
            ends = {"start_id": i, "end_id": f"b{i % 9}"}
            id_ = f"r{i}-{rng.random()}"
            out.append(
                {"op": "insert", "id": id_, "labels": ["R"], "properties": {"w": i}, **ends}
            )
    return out


def shown(query: dnb.Query) -> list[Any]:
    rows = query.keyed_rows()
    ordered = query.is_ordered
    return rows if ordered else sorted(rows, key=lambda entry: order_key(entry[0]))


@pytest.mark.parametrize("text", TEXTS)
def test_a_late_query_is_an_early_one(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluated by column when the graph is there, or from its first row: the same from then on."""
    monkeypatch.setattr(stage, "LEAST", 0)
    for module in (entered, keys):
        monkeypatch.setattr(module, "PIECE", 300)
    monkeypatch.setattr(pump, "_LONG_TICK", 40)
    rng, there = random.Random(text), set[int]()
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        early = rt.add_query("early", text, sources=["s"])
        source.push(
            {
                "op": "insert",
                "id": f"b{i}",
                "labels": ["B"],
                "properties": {"s": f"b{i}", "i": i},
            }
            for i in range(9)
        )
        source.push(changes_of(rng, there, 3_500))
        rt.flush()
        late = rt.add_query("late", text, sources=["s"])
        behind = rt.add_query("behind", "MATCH (n:late) RETURN n AS n", sources=["query:late"])
        summed = dict(late.keyed_rows())

        def follow(delta: dnb.Delta) -> None:
            for key, before, after in delta.changes:
                assert identical(summed.pop(key, None), before)
                if after is not None:
                    summed[key] = after

        late.on_delta(follow)
        assert late.compiled is not None
        moments = list[tuple[int, pl.DataFrame]]()
        for turn in range(14):
            assert identical(shown(early), shown(late))
            assert identical(sorted(summed), sorted(key for key, _ in late.keyed_rows()))
            assert all(identical(summed[key], row) for key, row in late.keyed_rows())
            if turn % 3:
                frame = late.frame()
                expected = frame_of(late.columns, [row for _, row in late.keyed_rows()])
                assert frame.height == expected.height == early.frame().height
                assert frame.schema != expected.schema or frame.equals(expected)
            assert len(behind) == len(late)
            if late.last_seq == rt.seq:
                moments.append((rt.seq, late.at(rt.seq)))
            source.push(changes_of(rng, there, rng.choice([1, 2, 30, 400, 1_500])))
            if rng.random() < 0.5:
                while rt.pump.slice(0.0):
                    pass
            else:
                rt.flush()
        for seq, frame in moments[-2:]:
            assert sorted(map(repr, late.at(seq).rows())) == sorted(map(repr, frame.rows()))
        first = late.history()
        assert first.height <= rt.config.kept_rows


def test_a_result_of_columns_survives(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "LEAST", 0)
    rng, there = random.Random(5), set[int]()
    with dnb.Runtime(clock=dnb.VirtualClock(0), checkpoint=tmp_path / "c") as rt:
        source = rt.add_source("s", dnb.PushSource())
        source.push(changes_of(rng, there, 3_000))
        rt.flush()
        late = rt.add_query("late", TEXTS[0], sources=["s"])
        rt.checkpoint()
        source.push(changes_of(rng, there, 5))
        rt.flush()
        rows = shown(late)
    with dnb.Runtime.restore(tmp_path / "c", clock=dnb.VirtualClock(0)) as again:
        assert identical(shown(again.queries["late"]), rows)
        assert again.queries["late"].frame().height == len(rows)


# -- min and max --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("is_highest", [False, True])
def test_sorted_numbers_are_those_put_in_one_by_one(seed: int, is_highest: bool) -> None:
    from array import array

    rng = random.Random(seed)
    is_float = rng.random() < 0.5
    draw = (lambda: float(rng.randrange(9)) / 2) if is_float else (lambda: rng.randrange(9))
    given = sorted({draw() for _ in range(8)})
    many = [rng.randrange(1, 3) for _ in given]
    ours, plain = Extremes(is_highest), Extremes(is_highest)
    ours.add_sorted(array("d" if is_float else "q", given), array("q", many))
    plain.add_all(given, many)
    there = [value for value, count in zip(given, many, strict=True) for _ in range(count)]
    for _ in range(60):
        if there and rng.random() < 0.55:
            value = there.pop(rng.randrange(len(there)))
            ours.remove(value)
            plain.remove(value)
        else:
            value = rng.choice([draw(), draw(), math.nan, "a", 3, 3.0, -0.0])
            there.append(value)
            ours.add(value)
            plain.add(value)
        assert identical(ours.first(), plain.first())


def test_only_columns_that_changed_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a page of columns, when few of its rows changed, changed back, and when many did."""
    height = 3_000
    keys = [[f"k{n}" for n in range(height)]]
    temperatures = pl.Series([n / 4 for n in range(height)])
    names = [f"name {n}" for n in range(height)]
    columns: list[Any] = [names, temperatures]
    table = ResultTable(("name", "t"))
    table.apply(entered.Entered(Keys(keys, height), columns, height))
    rows = {(f"k{n}",): (names[n], n / 4) for n in range(height)}
    assert table.frame().rows() == list(rows.values())
    made = list[str]()
    values_of = chunks.Chunks._values

    def noted(self: chunks.Chunks, c: int, *rest: Any) -> Any:
        made.append(self.columns[c])
        return values_of(self, c, *rest)

    monkeypatch.setattr(chunks.Chunks, "_values", noted)
    several = range(0, 300, 2)  # more than are set one by one
    for places, t in (([5, 7], -1.0), ([5], 5 / 4), ([5], 2.0), (several, 3.0), ([5], 4.0)):
        changes = list[Any]()
        for place in places:
            key = (f"k{place}",)
            before, rows[key] = rows[key], (rows[key][0], t)
            changes.append((key, before, rows[key]))
        table.apply(changes)
        assert table.frame().rows() == list(rows.values())
        assert made == ["t"]
        made.clear()


def test_a_page_without_rows_is_the_shared_one() -> None:
    assert page_of([]) is EMPTY
    assert page_of([1.5])[:2].tolist() == [1.5, 0.0]
    assert page_of(["a"])[:2] == ("a", None)


def test_rows_that_entered_stay_what_they_were() -> None:
    """Whoever was given them may read them later; the table goes on in lists of its own."""
    height = 2_048
    base = Entered(
        Keys([[f"k{n}" for n in range(height)]], height), [list(range(height))], height
    )
    before = list(base)
    table = ResultTable(("n",))
    table.apply(base)
    placed = table._places.keyed
    places = np.arange(0, height, 2)
    placed.drop_all(places)
    placed.put_all(places, [f"other{n}" for n in places])
    assert placed.find(("other4",)) == 4
    assert list(base) == before


@pytest.mark.parametrize("seed", range(10))
def test_keys_by_place_are_those_of_a_dict(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They leave and come, alone and together, also behind the last place, in many rounds."""
    monkeypatch.setattr("drasi_nb.frames.keys._MOST_FOUND", 5)
    rng = random.Random(seed)
    names = [f"k{n}" for n in range(40)]
    placed = PlacedKeys(Keys([names[:20]], 20))
    model, free = {name: n for n, name in enumerate(names[:20])}, [*range(20, 50)]
    for _ in range(200):
        gone = rng.sample(sorted(model), rng.randrange(len(model) + 1))
        if rng.random() < 0.3:
            gone = gone[:1]
            for name in gone:
                assert placed.take((name,)) == model[name]
                placed.drop(model[name])
        else:
            placed.drop_all(np.array([model[name] for name in gone], np.int64))
        free += [model.pop(name) for name in gone]
        others = sorted({*names} - {*model})
        come = rng.sample(others, rng.randrange(len(others) + 1))
        if come:
            places = [free.pop(rng.randrange(len(free))) for _ in come]
            placed.put_all(np.array(places), come)
            model |= dict(zip(come, places, strict=True))
        for name in rng.sample(names, 10):
            if name in model:
                assert placed.find((name,)) == model[name]
            else:
                with pytest.raises(KeyError):
                    placed.find((name,))
        told = placed.there(0, 60)
        assert [n for n in range(60) if told[n]] == sorted(model.values())
        assert [n for n in range(60) if placed.has(n)] == sorted(model.values())
        assert placed.has_all(np.arange(60)).tolist() == told.tolist()


def test_a_tick_that_did_not_come_leaves_no_keys_behind() -> None:
    height = 2_048
    base = Entered(
        Keys([[f"k{n}" for n in range(height)]], height), [list(range(height))], height
    )
    rows = {key: row for key, _, row in base}
    table = ResultTable(("n",))
    table.apply(base)
    for _ in table.preparing([(key, row, None) for key, row in rows.items()], []):
        pass
    table.apply([(("k5",), rows["k5",], (-1,))])
    assert len(table) == height
    assert not table._places.index
    assert table.frame()["n"].to_list() == [-1 if n == 5 else n for n in range(height)]
