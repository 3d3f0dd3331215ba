"""A page that watches: takes every frame and acknowledges it, as the front end does."""

from __future__ import annotations

import asyncio
from typing import Any

import drasi_nb as dnb
from drasi_nb.views.broadcast import Broadcast

PAINT_S = 1 / 60  # a page acknowledges when it has painted


class Page:
    """A view without a browser and without a kernel, on the running loop.

    Args:
        runtime: What it watches.
        topics: ``query:`` and the id of a query, each.
    """

    def __init__(self, runtime: dnb.Runtime, *topics: str) -> None:
        self.frames, self.bytes = 0, 0
        self._loop = asyncio.get_running_loop()
        self._broadcast = Broadcast(
            lambda: runtime, send=self._take, later=self._loop.call_later, now=self._loop.time
        )
        self._say("hello", topics=list(topics), json=False)

    def _say(self, kind: str, **more: Any) -> None:
        self._broadcast.receive({"kind": kind, "client": "page", **more})

    def _take(self, frame: Any, buffers: list[bytes]) -> None:
        self.frames += 1
        self.bytes += sum(map(len, buffers))
        if frame["kind"] == "frame":
            self._loop.call_later(PAINT_S, lambda: self._say("ack", seq=frame["seq"]))

    def close(self) -> None:
        """Stop watching."""
        self._broadcast.close()
