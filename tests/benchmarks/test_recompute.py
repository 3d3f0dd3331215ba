"""What the benchmark compares is the same result."""

from __future__ import annotations

import pytest

from tests.benchmarks.recompute import CASES, loaded, verify


@pytest.mark.parametrize("name", CASES)
def test_both_sides_give_the_same_rows(name: str) -> None:
    data, rt, source = loaded(300)
    query = rt.add_query("q", CASES[name].text, sources=["people"])
    changes = CASES[name].changes(data)
    for _ in range(5):
        verify(CASES[name], data, query)
        source.push([next(changes) for _ in range(20)])
        rt.flush()
    verify(CASES[name], data, query)
