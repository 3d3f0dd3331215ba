"""Frames: types, sharing, Arrow; a result read after any deltas is the frame of its rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drasi_nb as dnb
from drasi_nb import temporal
from drasi_nb.frames.result import ResultTable
from drasi_nb.frames.schema import frame_of

TYPES: list[tuple[list[Any], pl.DataType, list[Any]]] = [
    ([], pl.Null(), []),
    ([None], pl.Null(), [None]),
    ([1, None], pl.Int64(), [1, None]),
    ([1, 2.5], pl.Float64(), [1.0, 2.5]),
    ([True, None], pl.Boolean(), [True, None]),
    ([True, 1], pl.String(), ["true", "1"]),
    (["a", 1.5], pl.String(), ["a", "1.5"]),
    ([[1], [2.5, None]], pl.List(pl.Float64()), [[1.0], [2.5, None]]),
    ([[], ["a"]], pl.List(pl.String()), [[], ["a"]]),
    ([{"a": 1}, {"b": "x"}], pl.Struct({"a": pl.Int64(), "b": pl.String()}), [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
    ([temporal("date", "2013-03-08"), None], pl.Date(), [dt.date(2013, 3, 8), None]),
    ([[temporal("date", "2013-03-08")]], pl.List(pl.Date()), [[dt.date(2013, 3, 8)]]),
    ([{"d": temporal("date", "2013-03-08")}], pl.Struct({"d": pl.Date()}), [{"d": dt.date(2013, 3, 8)}]),
    ([temporal("localdatetime", "2013-03-08T12")], pl.Datetime("ns"), [dt.datetime(2013, 3, 8, 12)]),
    ([temporal("localtime", "12:30")], pl.Time(), [dt.time(12, 30)]),
    ([temporal("datetime", "2013-03-08T12Z")], pl.Datetime("ns", "UTC"), [dt.datetime(2013, 3, 8, 12, tzinfo=dt.UTC)]),
    ([temporal("datetime", "2013-03-08T12[Europe/Paris]"), temporal("datetime", "2013-03-08T12Z")], pl.Datetime("ns", "UTC"),
     [dt.datetime(2013, 3, 8, 11, tzinfo=dt.UTC), dt.datetime(2013, 3, 8, 12, tzinfo=dt.UTC)]),
    ([temporal("duration", "P1DT1S")], pl.Duration("ns"), [dt.timedelta(1, 1)]),
    ([temporal("duration", "P1M")], pl.String(), ["P1M"]),
    ([temporal("date", "+12013-03-08"), temporal("time", "12:00Z")], pl.String(), ["+12013-03-08", "12:00Z"]),
    ([[1, "a"], None], pl.List(pl.String()), [["1", "a"], None]),
    (
        [dnb.Node("n", ["A"], {"x": 1})],
        pl.Struct({"id": pl.String(), "labels": pl.List(pl.String()), "properties": pl.Struct({"x": pl.Int64()})}),
        [{"id": "n", "labels": ["A"], "properties": {"x": 1}}],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("values", "wanted", "shown"), TYPES, ids=lambda v: str(v)[:30])
def test_a_column_takes_the_narrowest_type(
    values: list[Any], wanted: pl.DataType, shown: list[Any]
) -> None:
    column = frame_of(["c"], [(value,) for value in values])["c"]
    assert column.dtype == wanted and column.to_list() == shown


cells = st.one_of(
    st.none(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=2)
)
steps = st.lists(
    st.tuples(st.integers(0, 3_000), st.one_of(st.none(), st.tuples(cells, cells))), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=6))
def test_a_result_is_the_frame_of_its_rows(ticks: list[Any]) -> None:
    """Frames read between ticks stay as they were; each equals one made from the rows at once."""
    table = ResultTable(("a", "b"))
    model: dict[Any, Any] = {key: (key, "x") for key in range(1_500)}
    table.apply([(key, None, row) for key, row in model.items()])
    kept = []
    for tick in ticks:
        for key, row in tick:
            before = model.get(key)
            if before is None and row is None:
                continue
            table.apply([(key, before, row)])
            model.pop(key, None) if row is None else model.update({key: row})
        frame = table.frame()
        rows = [row for _, row in table.entries()]
        assert dict(table.entries()) == model and len(table) == len(model)
        assert frame.height == len(rows)
        expected = frame_of(("a", "b"), rows)
        if frame.schema == expected.schema:  # a column never narrows again
            assert frame.equals(expected)
        kept.append((frame, frame.clone()))
    assert all(frame.equals(copy) for frame, copy in kept)


@pytest.mark.parametrize("order", ["", " ORDER BY x DESC"])
def test_the_first_rows_are_those_of_the_frame(order: str) -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        source.push([{"op": "insert", "id": i, "properties": {"x": i}} for i in range(1_500)])
        q = rt.add_query("q", f"MATCH (n) RETURN n.x AS x{order}", sources=["s"])
        source.push([{"op": "delete", "id": i} for i in (0, 1_499)])
        rt.flush()
        for most in (0, 1, 1_100, 5_000):
            assert [row for _, row in q.first_rows(most)] == q.frame().rows()[:most]


def test_a_query_is_an_arrow_stream() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        source.push(
            [{"op": "insert", "id": i, "properties": {"x": i * 1.5}} for i in range(2_000)]
        )
        q = rt.add_query("q", "MATCH (n) RETURN n.x AS x", sources=["s"])
        assert q.arrow().equals(pa.table(q)) and q.arrow().num_rows == 2_000
        assert pl.DataFrame(q).equals(q.frame())


def test_the_deltas_of_a_query_rebuild_its_frame() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", "MATCH (n) RETURN n.x AS x, n.x * 2 AS y", sources=["s"])
        deltas: list[dnb.Delta] = []
        q.on_delta(deltas.append)
        source.push([{"op": "insert", "id": i, "properties": {"x": i}} for i in (2, 1, 3)])
        rt.flush()
        source.push(
            [{"op": "delete", "id": 3}, {"op": "update", "id": 1, "properties": {"x": 9}}]
        )
        rt.flush()
        first, second = deltas
        assert first.added["x"].to_list() == [1, 2, 3], "in order of the key"
        assert second.removed["x"].to_list() == [3]
        assert second.updated.rows() == [(9, 18, 1, 2)]
        assert second.updated.columns == ["x", "y", "x_before", "y_before"]
        assert second.frame().rows() == [(3, 6, "DELETE", [3], 5), (9, 18, "UPDATE", [1], 5)]
        assert repr(second) == "<Delta q seq=5 +0 ~1 -1>"
