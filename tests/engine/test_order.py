"""ORDER BY, SKIP and LIMIT stay right while rows come, move and go, also beyond the buffer."""

from __future__ import annotations

import random
from typing import Any

import pytest

import drasi_nb as dnb


def rank(entry: tuple[int, Any], *, descending: bool) -> tuple[Any, ...]:
    """Where 1 and 1.0 meet the integer is first, then the smaller id."""
    id_, x = entry
    is_float = type(x) is float
    return (-x, not is_float, id_) if descending else (x, is_float, id_)


@pytest.mark.parametrize(("skip", "limit"), [(0, 3), (2, 5), (0, 0), (5, 80), (0, None)])
@pytest.mark.parametrize("descending", [False, True])
def test_the_window_is_that_of_a_sort(skip: int, limit: int | None, descending: bool) -> None:
    rng = random.Random(f"{skip} {limit} {descending}")
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    cut = f"SKIP {skip}" + (f" LIMIT {limit}" if limit is not None else "")
    way = "DESC" if descending else ""
    q = rt.add_query("q", f"MATCH (n:N) RETURN n.x AS x ORDER BY x {way} {cut}", sources=["s"])
    live: dict[int, Any] = {}
    for step in range(40):
        batch: list[dict[str, Any]] = []
        for _ in range(rng.choice([1, 1, 5, 400, 900])):
            id_ = rng.randrange(1_500)
            if rng.random() < (0.45 if step < 30 else 0.85):
                batch.append({"op": "delete", "id": id_})
                live.pop(id_, None)
            else:
                live[id_] = x = rng.choice([rng.randrange(50), rng.random(), 1, 1.0])
                batch.append(
                    {"op": "insert", "id": id_, "labels": ["N"], "properties": {"x": x}}
                )
        source.push(batch)
        rt.flush()
        ordered = sorted(live.items(), key=lambda entry: rank(entry, descending=descending))
        wanted = [x for _, x in ordered][skip : None if limit is None else skip + limit]
        assert [row["x"] for row in q.rows()] == wanted
        assert q.frame()["x"].to_list() == wanted


def test_collect_sees_the_order_of_with() -> None:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    source = rt.add_source("s", dnb.PushSource())
    q = rt.add_query(
        "q", "MATCH (n:N) WITH n ORDER BY n.x DESC RETURN collect(n.x) AS xs", sources=["s"]
    )
    for id_, x in ((1, 5), (2, 9), (3, 7), (2, 1)):
        source.push({"op": "insert", "id": id_, "labels": ["N"], "properties": {"x": x}})
    rt.flush()
    assert q.rows() == [{"xs": [7, 5, 1]}]


def test_a_limit_bounds_the_unwound_lists() -> None:
    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    rt.add_source("s", dnb.PushSource())
    text = "UNWIND range(1, 5000000) AS i WITH i SKIP 2 LIMIT 3 RETURN collect(i) AS l"
    assert rt.add_query("q", text, sources=["s"]).rows() == [{"l": [3, 4, 5]}]
