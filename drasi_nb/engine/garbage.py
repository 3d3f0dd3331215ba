"""Python's garbage collector, kept out of the middle of our work.

It looks at young objects when enough of them were made, and at everything when those that stayed
are a quarter of what there was. What is alive only in the middle of a tick would count as having
stayed. So a collection that falls due there takes place at its end, by the collector's own rule.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MOST_YOUNG: Final = 10_000  # objects; that many are looked at in 2 to 5 ms
_USUAL: Final = 700  # where Python has it
_YOUNG: Final = 350
_ROUNDS: Final = 4
_MIDDLE: Final = 400  # looks at the youngest before one at those that one look left
_entered: Final = list["Looks"]()


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

    By itself it would do so after every 700 objects made, mostly in the middle of somebody's
    batch. All that is alive then counts as having stayed, and soon everything is looked at. So
    it does it by itself only after ``MOST_YOUNG``, and in a look here little is alive that goes.
    Thresholds that the user has set are left alone.
    """

    def __init__(self) -> None:
        self._rounds = 0

    def __enter__(self) -> Looks:
        if not _entered and gc.get_threshold()[0] == _USUAL:
            gc.set_threshold(MOST_YOUNG, *gc.get_threshold()[1:])
        _entered.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _entered.remove(self)
        if not _entered and gc.get_threshold()[0] == MOST_YOUNG:
            gc.set_threshold(_USUAL, *gc.get_threshold()[1:])

    def between(self) -> None:
        """Look now and then; nothing is under way."""
        self._rounds += 1
        young, middle, _ = gc.get_count()
        if (self._rounds >= _ROUNDS or young > _YOUNG) and gc.isenabled():
            self._rounds = 0
            gc.collect(1 if middle >= _MIDDLE else 0)
