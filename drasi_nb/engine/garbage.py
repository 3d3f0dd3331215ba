"""Python's garbage collector, kept out of the middle of our work.

It looks at young objects when enough of them were made, and at everything when those that stayed
are a quarter of what there was. What is alive only in the middle of a tick would count as having
stayed. So a collection that falls due there takes place at its end, by the collector's own rule.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

MOST_YOUNG: Final = 10_000  # objects; that many are looked at in 2 to 5 ms
_PYTHONS: Final = {(700, 10, 10), (2_000, 10, 10), (2_000, 10, 0)}  # thresholds, by version
_ROUNDS: Final = 4  # calls to one look, fewer where so many objects were made:
_YOUNG: Final = 350
_MIDDLE: Final = 400  # looks at the youngest to one at those that were looked at once
_entered: Final = list["Looks"]()
_before: Final = list[tuple[int, int, int]]()


@contextmanager
def collection_put_off() -> Iterator[None]:
    """Let no collection run inside; one that was due runs as soon as an object is made outside."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Looks:
    """Has the collector look at young objects between ticks, as long as it is entered.

    By itself it would do so whenever 700 objects were made, mostly in the middle of somebody's
    batch: what is alive only then would count as having stayed, and soon everything would be
    looked at. So by itself it does it only after ``MOST_YOUNG``; here little is alive that goes.
    Whether everything is looked at is still the collector's decision: when what stayed is a
    quarter of all. Thresholds that the user has set are left alone.
    """

    def __init__(self) -> None:
        self._rounds = 0

    def __enter__(self) -> Self:
        now = gc.get_threshold()
        if now in _PYTHONS:
            _before[:] = [now]
            gc.set_threshold(MOST_YOUNG, now[1], min(1, now[2]))
        _entered.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _entered.remove(self)
        if not _entered and _before:
            before = _before.pop()
            if gc.get_threshold()[0] == MOST_YOUNG:
                gc.set_threshold(*before)

    def between(self) -> None:
        """Look now and then; nothing is under way. Cost: under a ms."""
        self._rounds += 1
        young, middle, _ = gc.get_count()
        if (self._rounds >= _ROUNDS or young > _YOUNG) and gc.isenabled():
            self._rounds = 0
            gc.collect(1 if middle >= _MIDDLE else 0)
