"""The heap of moments against a sorted list of rows."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from drasi_nb.engine.timers import Timers


class Rows:
    """Rows that wait for one time each, as a stage keeps them."""

    def __init__(self) -> None:
        self.due: dict[Any, int] = {}
        self.rung: list[tuple[int, Any]] = []

    def waits(self, key: Any, due_ms: int) -> bool:
        return self.due.get(key) == due_ms

    def ring(self, keys: Sequence[Any], due_ms: int) -> int:
        before = len(self.rung)
        for key in keys:
            if self.due.get(key) == due_ms:
                del self.due[key]
                self.rung.append((due_ms, key))
        return len(self.rung) - before


@pytest.mark.parametrize("seed", range(30))
def test_rows_ring_once_in_order_whatever_was_called_off(seed: int) -> None:
    random, timers, stages = Random(seed), Timers(), [Rows(), Rows()]
    timers.now_ms = -50  # times before 1970 too
    for _ in range(400):
        stage, key = random.choice(stages), random.choice([(), (1,), (2,), (3,), ("a", 4)])
        before = stage.due.pop(key, None)
        due_ms = None if random.random() < 0.3 else timers.now_ms + random.randint(1, 6)
        if before is not None and before != due_ms:
            timers.called_off()
        if due_ms is not None:
            stage.due[key] = due_ms
            if before != due_ms:
                timers.set(due_ms, stage, key)
        waiting = sorted(due for s in stages for due in s.due.values())
        assert timers.next_due_ms() == (waiting[0] if waiting else None)
        assert [due for due, _, _ in timers.pending()] == waiting
        if random.random() < 0.3:
            timers.now_ms += random.randint(0, 4)
            due_now = [due for due in waiting if due <= timers.now_ms]
            for s in stages:
                s.rung.clear()
            most = random.randint(1, 3)
            while fired := timers.fire(most):
                assert fired <= most
            rung = [due for s in stages for due, _ in s.rung]
            assert sorted(rung) == due_now
            assert all(s.rung == sorted(s.rung, key=lambda pair: pair[0]) for s in stages)


def test_what_waits_in_a_stage_that_is_gone_is_dropped() -> None:
    timers, (kept, gone) = Timers(), (Rows(), Rows())
    for number in range(4):
        for stage in (kept, gone):
            stage.due[(number,)] = number % 2
            timers.set(number % 2, stage, (number,))
    timers.forget([gone])
    assert [(due, key) for due, _, key in timers.pending()] == [
        (0, (0,)), (0, (2,)), (1, (1,)), (1, (3,)),
    ]  # fmt: skip
    timers.now_ms = 1
    assert timers.fire(100) == 4 and not gone.rung and timers.next_due_ms() is None
