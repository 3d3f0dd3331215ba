"""What Drasi is known to do oddly, by its number in part 10 of the reference, and what we do.

Each case shows our behaviour: that of ``semantics.md``, openCypher where that is silent.
"""

from __future__ import annotations

import re
from typing import Any

import diffs
import expressions
import pytest
import runtimes

import drasi_nb as dnb
from drasi_nb.values.ordering import identical

NUMBERS = {str(n) for n in range(1, 79)} | {"23a", "23b", "23c"}


def number(name: str) -> str:
    found = re.match(r"(\d+[abc]?) ", name)
    assert found is not None, name
    return found[1]


def test_all_81_are_here() -> None:
    names = [*diffs.CASES, *expressions.CASES, *runtimes.CASES]
    assert len(NUMBERS) == 81 and {number(name) for name in names} == NUMBERS
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", diffs.CASES)
def test_diffs(name: str) -> None:
    text, steps, *options = diffs.CASES[name]
    clock = dnb.VirtualClock(0)
    with dnb.Runtime(clock=clock) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", text, sources=["s"], **(options[0] if options else {}))
        seen: list[Any] = [(None, row) for _, row in q.keyed_rows()]
        q.on_delta(lambda d: seen.extend((r["before"], r["after"]) for r in d.rows()))
        for step, expected in steps:
            if isinstance(step, int):
                clock.advance(step)
            elif step:
                source.push(step)
                rt.flush()
            got = [
                tuple(tuple(s.values()) if isinstance(s, dict) else s for s in p) for p in seen
            ]
            assert sorted(got, key=repr) == sorted(expected, key=repr), (step, got)
            assert identical(sorted(got, key=repr), sorted(expected, key=repr)), (step, got)
            if name.startswith("60 "):
                assert got == expected
            seen.clear()
        assert q.status == "Running" and q.error is None


@pytest.mark.parametrize("name", expressions.CASES)
def test_values(name: str) -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        for place, (expression, expected) in enumerate(expressions.CASES[name]):
            text = f"MATCH (n:A) RETURN {expression} AS x"
            q = rt.add_query(f"q{place}", text, sources=["s"])
            source.push({"op": "insert", "id": place, "labels": ["A"], "properties": {}})
            rt.flush()
            rows = [row["x"] for row in q.rows()]
            assert q.status == "Running"
            if isinstance(expected, expressions.Error):
                assert rows == [] and q.failures(), expression
                assert all(f.code.startswith(expected.code) for f in q.failures()), q.failures()
            else:
                assert len(rows) == place + 1 and not q.failures(), (expression, q.failures())
                assert all(identical(x, expected) for x in rows), (expression, rows[0])


@pytest.mark.parametrize("name", runtimes.CASES)
def test_runtimes(name: str, request: pytest.FixtureRequest) -> None:
    case = runtimes.CASES[name]
    fixtures = [request.getfixturevalue(wanted) for wanted in getattr(case, "fixtures", ())]
    clock = dnb.VirtualClock(0)
    with dnb.Runtime(clock=clock) as rt:
        rt.add_source("s", dnb.PushSource())
        case(rt, *fixtures)
