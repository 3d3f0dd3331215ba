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
    """Let no collection run inside; one that was due runs as soon as an object is made outside."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
