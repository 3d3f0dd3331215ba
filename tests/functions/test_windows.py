from __future__ import annotations

from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.functions.windows import window
from tests.functions.cases import TYPE, Case, check

HOUR = 3_600_000
D1 = dnb.temporal("date", "1970-01-02")

CASES: list[Case] = [
    ("drasi.tumbling", [7, 5], window(5, 10)),
    ("drasi.tumbling", [10, 5], window(10, 15)),
    ("drasi.tumbling", [D1, dnb.temporal("duration", "PT5H")], window(20 * HOUR, 25 * HOUR)),
    ("drasi.tumbling", [None, 5], None),
    ("drasi.tumbling", ["a", 5], TYPE),
    ("drasi.tumbling", [1, 0], "error:argument"),
    ("drasi.tumbling", [1, dnb.temporal("duration", "P1M")], "error:argument"),
    ("drasi.tumbling", [-1, 5], "error:argument"),
]


@pytest.mark.parametrize(("name", "args", "expected"), CASES)
def test_case(name: str, args: list[Any], expected: Any) -> None:
    check(name, args, expected)


def rows(text: str, *times: Any) -> list[Any]:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    q = rt.add_query("q", text, sources=["s"])
    for i, time in enumerate(times):
        source.insert({"id": i, "labels": ["E"], "properties": {"t": time}})
    rt.flush()
    return sorted(tuple(row.values()) for row in q.rows())


def test_a_moment_lies_in_several_hopping_windows() -> None:
    text = "MATCH (e:E) WITH drasi.hopping(e.t, 4, 2) AS w, count(*) AS n RETURN w.start.epochMillis AS s, n"
    assert rows(text, 4, 5, 7, None) == [(2, 2), (4, 3), (6, 1)]


def test_sessions_end_with_a_longer_gap() -> None:
    text = (
        "MATCH (e:E) WITH drasi.session(e.t, 3) AS w, count(*) AS n"
        " RETURN coalesce(w.start.epochMillis, -1) AS s, coalesce(w.end.epochMillis, -1) AS e, n"
    )
    assert rows(text, 1, 4, 8, 11, None) == [(-1, -1, 1), (1, 7, 2), (8, 14, 2)]
    assert rows(text, 1, 4, 8, 11, 6) == [(1, 14, 5)]


@pytest.mark.parametrize(("text", "code"), [
    ("MATCH (e:E) RETURN drasi.session(e.t, 3) AS w", "not-grouped"),
    ("MATCH (e:E) RETURN drasi.session(e.t) AS w, count(*) AS n", "wrong-arity"),
    ("MATCH (e:E) RETURN drasi.session(e.t, 1) AS w, drasi.session(e.t, 2) AS v, count(*) AS n", "two-sessions"),
    ("MATCH (e:E) RETURN drasi.hopping(count(*), 1, 2) AS w", "invalid-aggregation"),
])  # fmt: skip
def test_what_is_wrong_is_named(text: str, code: str) -> None:
    with pytest.raises(dnb.QueryError) as caught:
        rows(text)
    assert caught.value.code == code
