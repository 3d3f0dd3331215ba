"""Functions of time: against the model at every millisecond, and by example."""

from __future__ import annotations

import random

import timed_histories
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_result_equals_asking_at_every_millisecond(seed: int) -> None:
    rng = random.Random(seed)
    timed_histories.check(
        timed_histories.timed_query(rng), timed_histories.timed_history(rng), rng
    )
