"""Killed at random moments and restored, a runtime is one that was never killed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lives import check


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**40))
def test_a_killed_runtime_goes_on_as_if_it_had_not_been(seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        check(seed, Path(directory) / "checkpoint")
