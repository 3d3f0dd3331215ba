"""Components and their life: states, events, what was refused."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from drasi_nb.errors import ComponentError

log = logging.getLogger("drasi_nb")

Kind = Literal["source", "query", "reaction"]
Status = Literal["Added", "Starting", "Running", "Stopping", "Stopped", "Error"]
_NEXT: dict[str, tuple[str, ...]] = {
    "Added": ("Starting", "Stopped"),
    "Starting": ("Running", "Error", "Stopped", "Stopping"),
    "Running": ("Stopping", "Stopped", "Error", "Starting"),
    "Stopping": ("Stopped", "Error"),
    "Stopped": ("Starting", "Error"),
    "Error": ("Starting", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a component or the runtime, at ``time_ms`` since the epoch."""

    time_ms: int
    id: str
    kind: Kind | Literal["runtime"]
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A change that was refused: where it came from, which one, why, and what it was."""

    source_id: str
    index: int | None
    element_id: Any
    reason: str
    change: Any
    time_ms: int


@dataclass(slots=True)
class Component:
    """The live record of one source, query or reaction.

    Attributes:
        changes: Changes taken (source), rows in deltas (query), deltas handed on (reaction).
        errors: How often something of it failed.
    """

    id: str
    kind: Kind
    part: Any
    status: Status = "Added"
    error: str | None = None
    changes: int = 0
    errors: int = 0


class Registry:
    """All components of a runtime, in order of addition, and their history."""

    def __init__(self, now_ms: Callable[[], int], kept_events: int, kept_rejected: int) -> None:
        self.now_ms = now_ms
        self.components: dict[str, Component] = {}
        self.history: deque[Event] = deque(maxlen=kept_events)
        self.rejected: deque[Rejected] = deque(maxlen=kept_rejected)
        self.on_rejected: Callable[[Rejected], None] | None = None
        self.listeners: list[Callable[[Event], None]] = []

    def get(self, id_: str, kind: Kind | None = None) -> Component:
        """Return a component.

        Raises:
            ComponentError: There is none of that id, or it is of another kind.
        """
        component = self.components.get(id_)
        if component is None or (kind is not None and component.kind != kind):
            known = [c.id for c in self.components.values() if kind is None or c.kind == kind]
            what = kind or "component"
            raise ComponentError(
                f"there is no {what} {id_!r}; there are {', '.join(map(repr, known)) or 'none'}"
            )
        return component

    def move(self, component: Component, status: Status, message: str = "") -> None:
        """Take a component to another state and tell the listeners.

        Raises:
            ComponentError: The state cannot follow the present one.
        """
        if status == component.status:
            return
        if status not in _NEXT[component.status]:
            raise ComponentError(
                f"{component.kind} {component.id!r} is {component.status}, it cannot become {status}"
            )
        component.status = status
        component.error = message if status == "Error" else None
        self.tell(component, message)

    def fail(self, component: Component, message: str) -> None:
        """Count an error, and put a component that runs in Error."""
        component.errors += 1
        if component.status in ("Starting", "Running", "Stopping", "Stopped"):
            self.move(component, "Error", message)

    def note(self, component: Component, message: str) -> None:
        """Count an error that a component survives, and keep it visible."""
        component.errors += 1
        component.error = message
        self.tell(component, message)

    def reject(self, rejected: Rejected) -> None:
        """Keep what was refused where ``rejected()`` shows it."""
        self.rejected.append(rejected)
        if self.on_rejected is not None:
            self.on_rejected(rejected)

    def tell(self, component: Component, message: str) -> None:
        """Record an event."""
        event = Event(self.now_ms(), component.id, component.kind, component.status, message)
        self.history.append(event)
        for listener in list(self.listeners):
            try:
                listener(event)
            except Exception:  # a view must not stop the runtime
                log.exception("an event listener failed")

    def frame(self) -> pl.DataFrame:
        """Return the components."""
        rows = [
            (c.id, c.kind, c.status, c.error, c.changes, c.errors, row_count(c))
            for c in self.components.values()
        ]
        texts = [(name, pl.String()) for name in ("id", "kind", "status", "error")]
        counts = [(name, pl.Int64()) for name in ("changes", "errors", "rows")]
        schema = pl.Schema([*texts, *counts])
        return pl.DataFrame(rows, schema=schema, orient="row")

    def events(self) -> pl.DataFrame:
        """Return the history, oldest first."""
        rows = [(e.time_ms, e.id, e.kind, e.status, e.message) for e in self.history]
        schema = pl.Schema(
            [
                ("time", pl.Datetime("ms")),
                *((name, pl.String()) for name in ("id", "kind", "status", "message")),
            ]
        )
        return pl.DataFrame(rows, schema=schema, orient="row")


def row_count(component: Component) -> int | None:
    """Return how many rows a query holds, None for other kinds."""
    return len(component.part) if component.kind == "query" else None
