"""More than a thousand malformed changes and configurations: each is named, nothing is lost.

Every case is a call and what its error must say. After each one the result, the queue and the
components are as before, ``rejected()`` has what a source refused, and a good change works.
"""

from __future__ import annotations

import itertools
from typing import Any

import bad_changes as changes
import bad_configurations as configurations
import pytest
from bad_changes import GOOD
from bad_configurations import ROWS

import drasi_nb as dnb

GROUPS = {
    "changes": changes.change_cases, "frames": changes.frame_cases, "queries": configurations.query_cases, "joins": configurations.join_cases,
    "middleware": configurations.middleware_cases, "settings": configurations.setting_cases, "clocks": configurations.clock_cases,
    "components": configurations.component_cases, "replays": configurations.replay_cases,
}  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_what_is_malformed_is_named_and_nothing_is_lost(group: str) -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", ROWS, sources=["s"])
        seen: list[dnb.Delta] = []
        rt.add_reaction("r", ["q"], seen.append)
        source.push({"op": "insert", "id": 1, "labels": ["A"], "properties": {"x": 0}})
        rt.flush()

        def state() -> Any:
            parts = [(c.id, c.status, c.part) for c in rt.component_list()]
            return q.rows(), parts, rt.pump.submitted, rt.clock.now_ms(), q.registered

        for count, (call, text) in enumerate(GROUPS[group]()):
            before, refused = state(), len(rt.rejected())
            with pytest.raises(dnb.DrasiNbError) as caught:
                call(rt)
                pytest.fail(f"case {count} was taken; expected {text!r}")
            assert text in str(caught.value), (text, str(caught.value))
            assert len(str(caught.value)) < 1_000
            assert state() == before
            if isinstance(caught.value, dnb.ChangeError) and group in ("changes", "frames"):
                assert len(rt.rejected()) == refused + 1, text
                assert rt.rejected()[-1].reason == caught.value.reason
            source.push({"op": "update", "id": 1, "properties": {"x": count + 1}})
            assert rt.flush() == 1 and q.rows() == [{"x": count + 1}] and len(seen) == count + 2


def test_what_is_good_in_a_bad_batch_is_kept_if_wanted() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource(on_error="keep_good"))
        q = rt.add_query("q", "MATCH (n:A) RETURN count(*) AS n", sources=["s"])
        for count, (bad, _) in enumerate(
            itertools.islice(changes.bad_changes(), 0, None, 5), 1
        ):
            good = [{**GOOD, "id": f"{count} {i}"} for i in range(2)]
            assert source.push([good[0], bad, good[1]]) == 2
            rt.flush()
            assert q.rows() == [{"n": 2 * count}] and len(rt.rejected()) == count


def test_there_are_more_than_a_thousand() -> None:
    assert sum(len(list(cases())) for cases in GROUPS.values()) > 1_000
