"""Python's garbage collector, held off while millions of objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """Let no collection run inside: each would look at everything made so far."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def young_kept_apart() -> Iterator[None]:
    """Let no collection run inside, and none look at what was made inside soon after.

    What is made counts as old at once: it is much, lives long and has no cycles.
    """
    with collection_paused():
        try:
            yield
        finally:
            if not gc.get_freeze_count():  # the user's own frozen objects stay so
                gc.freeze()
                gc.unfreeze()
