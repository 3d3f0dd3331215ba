"""A runtime with rooms, and a broadcast whose clock and timers the test moves by hand."""

from __future__ import annotations

import heapq
from itertools import count
from typing import Any

import polars as pl
import pytest

import drasi_nb as dnb
from drasi_nb.views.broadcast import Broadcast

ROOMS = "MATCH (r:Room) RETURN r.name AS room, r.temperature AS temperature"


def room(number: int, temperature: float | None = 20.0, op: str = "insert") -> dict[str, Any]:
    change: dict[str, Any] = {"op": op, "id": f"r{number}"}
    if op != "delete":
        properties = {"name": f"Room {number}", "temperature": temperature}
        change |= {"labels": ["Room"], "properties": properties}
    return change


class Timers:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._heap: list[tuple[float, int, list[Any]]] = []
        self._order = count()

    def now(self) -> float:
        return self.now_s

    def later(self, delay_s: float, call: Any) -> Any:
        entry = [call]
        heapq.heappush(self._heap, (self.now_s + delay_s, next(self._order), entry))

        class Handle:
            def cancel(self) -> None:
                entry.clear()

        return Handle()

    def pass_(self, seconds: float) -> None:
        end = self.now_s + seconds
        while self._heap and self._heap[0][0] <= end:
            due, _, entry = heapq.heappop(self._heap)
            self.now_s = max(self.now_s, due)
            for call in entry:
                call()
        self.now_s = end

    def pending(self) -> int:
        return sum(1 for _, _, entry in self._heap if entry)


class Page:
    """A browser page: keeps the rows of every query as the front end does."""

    def __init__(self, broadcast: Broadcast, name: str = "page") -> None:
        self.broadcast, self.name = broadcast, name
        self.frames: list[dict[str, Any]] = []
        self.rows: dict[str, dict[int, tuple[Any, ...]]] = {}
        self.parts: list[dict[str, Any]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.notices: dict[str, str] = {}
        self.acks = True

    def say(self, kind: str, **more: Any) -> None:
        self.broadcast.receive({"kind": kind, "client": self.name, **more})

    def hello(self, *topics: str, json: bool = False) -> None:
        self.say("hello", topics=list(topics), json=json)

    def take(self, frame: dict[str, Any], buffers: list[bytes]) -> None:
        self.frames.append(frame)
        for part in frame.get("parts", ()):
            self.parts.append(part)
            if part["part"] in {"query", "runtime"}:
                self.states[part.get("query", "runtime")] = part
            elif part["part"] == "notice":
                self.notices[part["topic"]] = part["text"]
            else:
                self._rows(part, buffers)
        if self.acks and frame["kind"] == "frame":
            self.say("ack", seq=frame["seq"])

    def _rows(self, part: dict[str, Any], buffers: list[bytes]) -> None:
        if "rows" in part:
            changes = [(row["op"], row["key"], tuple(row["cells"])) for row in part["rows"]]
        else:
            frame = pl.read_ipc_stream(buffers[part["buffer"]])
            changes = [(op, key, tuple(cells)) for op, key, *cells in frame.iter_rows()]
        held = self.rows.setdefault(part["query"], {})
        if part["part"] == "snapshot" and part["first"]:
            held.clear()
        for op, key, cells in changes:
            if op == 0:
                held.pop(key)
            else:
                held[key] = cells

    def kinds(self, query: str = "rooms") -> list[str]:
        return [
            p["part"] for p in self.parts if p.get("query") == query and p["part"] != "query"
        ]


class Stage:
    """A runtime on a virtual clock, its broadcast, and pages that listen."""

    def __init__(self) -> None:
        self.clock = dnb.VirtualClock(0)
        self.runtime = dnb.Runtime(clock=self.clock)
        self.source = self.runtime.add_source("building", dnb.PushSource())
        self.timers = Timers()
        self.pages: list[Page] = []
        self.broadcast = Broadcast(
            lambda: self.runtime,
            send=lambda frame, buffers: [page.take(frame, buffers) for page in self.pages],
            later=self.timers.later,
            now=self.timers.now,
        )

    def query(self, id_: str = "rooms", text: str = ROOMS) -> dnb.Query:
        return self.runtime.add_query(id_, text, sources=["building"])

    def page(self, *topics: str, name: str = "page", json: bool = False) -> Page:
        page = Page(self.broadcast, name)
        self.pages.append(page)
        page.hello(*topics, json=json)
        self.timers.pass_(0.06)
        return page

    def push(self, *changes: dict[str, Any]) -> None:
        self.source.push(list(changes))
        self.runtime.flush()

    def pass_(self, seconds: float) -> None:
        self.timers.pass_(seconds)


@pytest.fixture
def stage() -> Stage:
    return Stage()
