"""Python's garbage collector, kept out of the middle of our work.

It looks at young objects when enough of them were made, and at everything when those that stayed
are a quarter of what there was. What is alive only in the middle of a tick would count as having
stayed. So a collection that falls due there takes place at its end, by the collector's own rule.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_put_off() -> Iterator[None]:
    """Let no collection run inside, but at the end, if one is due or will be soon."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
            _collect_if_due()


def _collect_if_due() -> None:
    first, *rest = gc.get_threshold()
    if first and gc.get_count()[0] > first // 2:
        gc.set_threshold(1, *rest)
        try:
            set[object]()  # an object made is what starts the collector
        finally:
            gc.set_threshold(first, *rest)
