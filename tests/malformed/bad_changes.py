"""Malformed changes and frames: each a call and what its error must say."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

import drasi_nb as dnb

Case = tuple[Callable[[dnb.Runtime], Any], str]
NAN = float("nan")


def endless_list() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


def endless_map() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["again"] = [value]
    return value


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


class Unshown:
    def __repr__(self) -> str:
        raise RuntimeError("no")


# -- changes -------------------------------------------------------------------------------

GOOD = {"op": "insert", "id": "good", "labels": ["A"], "properties": {"x": 1}}
NODE = {"op": "insert", "id": "bad", "labels": ["A"], "properties": {"x": 2}}
EDGE = {"op": "insert", "id": "bad", "labels": ["R"], "start_id": "a", "end_id": "b"}
DELETE = {"op": "delete", "id": "bad"}
IDS: list[tuple[Any, str]] = [
    (None, "id is missing"), (NAN, "NaN"), (np.float64(NAN), "NaN"), (1.5, "id:"), (True, "id:"), ([], "id:"),
    ({}, "id:"), ((1, 2), "id:"), (b"a", "id:"), (Unshown(), "id:"), ({1}, "id:"), (2**63, "64 bits"),
    (-(10**5000), "64 bits"), (dt.date(2024, 1, 1), "id:"), (np.array([1, 2]), "id:"), (deep(9), "id:"),
]  # fmt: skip
OPS: list[tuple[Any, str]] = [
    (op, "unknown op")
    for op in ("isnert", "", "INSERT", "upsert", "merge", 5, None, [], {}, b"insert", NAN, Unshown(), ("insert",))
]  # fmt: skip
LABELS: list[tuple[Any, str]] = [
    (labels, "label")
    for labels in (5, [5], [None], [""], [["A"]], {"A": 1}, b"A", 1.5, True, ["A", 7], object(), [Unshown()], [b"A"])
]  # fmt: skip
PROPERTIES: list[tuple[Any, str]] = [
    (properties, "properties must be a mapping")
    for properties in (5, 0, "abc", "", [1], [], [("a", 1)], True, False, {1}, b"x", Unshown(), dt.date(2024, 1, 1))
]  # fmt: skip
NAMES: list[tuple[Any, str]] = [
    ({name: 1}, "property")
    for name in (5, None, ("a",), True, b"x", 1.5, "\0stamp", dt.date(2024, 1, 1))
]  # fmt: skip
VALUES: list[tuple[Any, str]] = [
    (value, "'x'")
    for value in (
        object(), {1}, 2**63, -(2**63) - 1, 10**5000, b"x", endless_list(), endless_map(), deep(150), 1j,
        Decimal(1), range(3), print, int, iter([]), np.array([1, 2]), [1, {2}], {"k": object()}, {1: 2},
        {"k": [{None: 1}]}, [[[b"x"]]], Unshown(), bytearray(b"x"), frozenset(), pl.DataFrame({"a": [1]}),
        pl.Series([1]), pd.Series([1]), memoryview(b"x"), np.uint64(2**63), np.complex128(1), Ellipsis,
        NotImplemented, RuntimeError("x"), {"k": {"l": 2**64}},
    )
]  # fmt: skip
MOMENTS: list[tuple[Any, str]] = [
    (moment, "effective_from")
    for moment in (
        "now", "2024-01-01", 1.5, NAN, float("inf"), True, [], {}, 2**63, -(2**62), 10**5000, b"1", {1},
        dt.datetime(9999, 1, 1), dt.date(2024, 1, 1), dt.timedelta(1), Unshown(), 2**43, "",
    )
]  # fmt: skip
KEYS: list[tuple[Any, str]] = [
    (key, "unknown key")
    for key in ("prperties", "props", "label", "type", "", 5, None, "ID", "start_ID", "effectiveFrom", ("id",), b"id")
]  # fmt: skip
ENDS: list[tuple[dict[str, Any], str]] = [
    *(({"start_id": None, "end_id": "b"}, "start_id is missing"), ({"end_id": None}, "end_id is missing")),
    *(({"end_id": id_}, "end_id") for id_, _ in IDS), *(({"start_id": id_}, "start_id") for id_, _ in IDS),
    *(({"labels": labels}, "type") for labels in (None, [], ["R", "S"], ["R", "R"], ("a", "b", "c"))),
    ({"start": "c"}, "start_id is given twice"), ({"endId": "c"}, "end_id is given twice"),
]  # fmt: skip


def bad_changes() -> Iterator[tuple[dict[str, Any], str]]:
    for base in (NODE, EDGE, DELETE):
        for key, table in (
            ("id", IDS),
            ("op", OPS),
            ("labels", LABELS),
            ("effective_from", MOMENTS),
        ):
            yield from (({**base, key: value}, text) for value, text in table)
        yield {key: value for key, value in base.items() if key != "op"}, "unknown op"
        yield {key: value for key, value in base.items() if key != "id"}, "id is missing"
    for base in (NODE, EDGE, {**NODE, "op": "update"}):
        for table in (PROPERTIES, NAMES):
            yield from (({**base, "properties": value}, text) for value, text in table)
        for value, text in VALUES:
            yield {**base, "properties": {"x": value}}, text
            yield {**base, "properties": {"w": 1, "x": [1, {"k": value}]}}, text
        yield from (({**base, key: 1}, text) for key, text in KEYS)
    yield from (({**EDGE, **changed}, text) for changed, text in ENDS)


def change_cases() -> Iterator[Case]:
    rng = random.Random(7)
    for bad, text in bad_changes():
        before, after = rng.randrange(3), rng.randrange(2)
        batch = [*[GOOD] * before, bad, *[GOOD] * after]
        if rng.random() < 0.3:
            batch = [bad]
            yield lambda rt, bad=bad: rt.sources["s"].push(bad), text
        elif rng.random() < 0.2:
            fields = {k: v for k, v in bad.items() if k in dnb.Change.__slots__}
            if fields.keys() == bad.keys() and {"op", "id"} <= bad.keys():
                yield lambda rt, f=fields: rt.sources["s"].push(dnb.Change(**f)), text
                continue
            yield lambda rt, batch=batch: rt.sources["s"].push(iter(batch)), text
        else:
            yield lambda rt, batch=batch: rt.sources["s"].push(batch), text
    for what in (
        5,
        None,
        "abc",
        b"abc",
        1.5,
        True,
        [5],
        [None],
        [[GOOD]],
        ["insert"],
        [b"x"],
        print,
        [GOOD, 5],
        (1,),
    ):
        yield lambda rt, what=what: rt.sources["s"].push(what), "expected a Change"
    for what in (5, None, 1.5, "x", [], print):
        yield (
            lambda rt, what=what: rt.sources["s"].insert(what),
            "expected a Node, a Relation or a",
        )
        yield (
            lambda rt, what=what: rt.sources["s"].update(what),
            "expected a Node, a Relation or a",
        )
    for what in (None, 1.5, [], NAN, True):
        yield lambda rt, what=what: rt.sources["s"].delete(what), "id"
    yield lambda rt: rt.sources["s"].insert(dnb.Node("a", ["A"], {"x": {1}})), "'x'"
    yield lambda rt: rt.sources["s"].insert(dnb.Relation("r", "", "a", "b")), "label"
    for what in ("keep", "", 5, [], True):
        yield lambda rt, what=what: rt.sources["s"].push(GOOD, on_error=what), "on_error"
        yield lambda rt, what=what: dnb.PushSource(on_error=what), "on_error"


# -- frames --------------------------------------------------------------------------------


def twice() -> pd.DataFrame:
    return pd.DataFrame([["a", 1]], columns=["id", "id"])


FRAMES: list[tuple[Any, str]] = [
    (pl.DataFrame(), "no column 'id'"), (pl.DataFrame({"x": [1]}), "no column 'id'"),
    (pl.DataFrame({"ID": ["a"]}), "it has ID"), (pl.DataFrame({"id": ["a", "b", "a"]}), "change 2 (id 'a')"),
    (pl.DataFrame({"id": ["a", None]}), "change 1: column 'id'"), (pl.DataFrame({"id": [None, None]}), "'id'"),
    (pl.DataFrame({"id": [1.0, NAN]}), "NaN"), (pl.DataFrame({"id": [1.0]}), "text or integers"),
    (pl.DataFrame({"id": [True]}), "Boolean"), (pl.DataFrame({"id": [[1]]}), "List"),
    (pl.DataFrame({"id": [dt.date(2024, 1, 1)]}), "Date"), (pl.DataFrame({"id": ["a"], "b": [b"x"]}), "'b'"),
    (pl.DataFrame({"id": ["a"], "b": [object()]}), "'b'"), (pl.DataFrame({"id": ["a"], "b": [[b"x"]]}), "'b'"),
    (pl.DataFrame({"id": ["a"], "b": pl.Series([2**64 - 1], dtype=pl.UInt64)}), "'b'"),
    (pl.DataFrame({"id": ["a"], "b": pl.Series([2**100], dtype=pl.Int128)}), "'b'"),
    (pl.DataFrame({"id": ["a"], "b": pl.Series([[2**64 - 1]], dtype=pl.List(pl.UInt64))}), "'b'"),
    (pl.DataFrame({"id": pl.Series([2**64 - 1], dtype=pl.UInt64)}), "'id'"),
    (pl.DataFrame({"id": ["a"]}).lazy(), "collect"), (twice(), "cannot be read"),
    (pd.DataFrame({"id": ["a", "b"], "m": [1, {}]}), "cannot be read"),
    ({"id": ["a"]}, "dict"), ([{"id": "a"}], "list"), (None, "NoneType"), (5, "int"), ("id", "str"),
    (np.array([1]), "ndarray"), (print, "builtin"),
]  # fmt: skip


def frame_cases() -> Iterator[Case]:
    good = pl.DataFrame({"id": ["a"], "s": ["a"], "e": ["b"], "n": [None]})
    for frame, text in FRAMES:
        for deed in ("upsert_nodes", "sync_nodes"):
            yield (
                lambda rt, f=frame, d=deed: getattr(rt.sources["s"], d)(f, label="A", id="id"),
                text,
            )
        if "(id" in text:  # ends may be there twice
            continue
        for deed in ("upsert_relations", "sync_relations"):
            yield (
                lambda rt, f=frame, d=deed: getattr(rt.sources["s"], d)(f, type="R", start="id", end="id"),
                text,
            )  # fmt: skip
    for deed in ("upsert_nodes", "sync_nodes"):
        for label in (5, "", None, [""], [5], b"A", {"A": 1}, ["A", None], 1.5):
            yield (
                lambda rt, v=label, d=deed: getattr(rt.sources["s"], d)(good, label=v, id="id"),
                "label",
            )
        for id_ in ("ID", "", 5, None, [], ("id",)):
            yield (
                lambda rt, v=id_, d=deed: getattr(rt.sources["s"], d)(good, label="A", id=v),
                "column",
            )
    for deed in ("upsert_relations", "sync_relations"):
        for type_ in (5, "", None, ["R"], b"R", [], 1.5):
            yield (
                lambda rt, v=type_, d=deed: getattr(rt.sources["s"], d)(good, type=v, start="s", end="e"),
                "a type must be text",
            )  # fmt: skip
        for ends in (
            ("S", "e"),
            ("s", "E"),
            ("n", "e"),
            ("s", "n"),
            (5, "e"),
            ("s", None),
            ("", ""),
        ):
            yield (
                lambda rt, v=ends, d=deed: getattr(rt.sources["s"], d)(good, type="R", start=v[0], end=v[1]),
                "column",
            )  # fmt: skip
        for id_ in ("n", "ID", 5):
            yield (
                lambda rt, v=id_, d=deed: getattr(rt.sources["s"], d)(good, type="R", start="s", end="e", id=v),
                "column",
            )  # fmt: skip
