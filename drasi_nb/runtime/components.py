"""Components and their life: states, events, what was refused."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from drasi_nb.errors import ComponentError, DrasiNbError, shown

log = logging.getLogger("drasi_nb")

Kind = Literal["source", "query", "reaction"]
Status = Literal[
    "Added", "Starting", "Running", "Stopping", "Stopped", "Reconfiguring", "Error", "Removed"
]
NEXT: dict[str, tuple[str, ...]] = {
    "Added": ("Starting", "Stopped", "Reconfiguring", "Removed"),
    "Starting": ("Running", "Error", "Stopped", "Stopping", "Removed"),
    "Running": ("Stopping", "Stopped", "Error", "Reconfiguring", "Removed"),
    "Stopping": ("Stopped", "Error", "Removed"),
    "Stopped": ("Starting", "Reconfiguring", "Removed"),
    "Reconfiguring": ("Stopped", "Starting", "Error", "Removed"),
    "Error": ("Starting", "Stopped", "Reconfiguring", "Removed"),
    "Removed": (),
}
"""The states that may follow each; to be in the same one again is no step."""


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
        last_ms: When the latest change was taken (source) or delta handed on (reaction), in ms
            since the epoch; None before the first, and of a query, which has its own.
    """

    id: str
    kind: Kind
    part: Any
    status: Status = "Added"
    error: str | None = None
    changes: int = 0
    errors: int = 0
    last_ms: int | None = None


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
        component = self.components.get(id_) if isinstance(id_, str) else None
        if component is None or (kind is not None and component.kind != kind):
            known = [c.id for c in self.components.values() if kind is None or c.kind == kind]
            what = kind or "component"
            raise ComponentError(
                f"there is no {what} {shown(id_)}; there are {', '.join(map(repr, known)) or 'none'}"
            )
        return component

    def move(self, component: Component, status: Status, message: str = "") -> None:
        """Take a component to another state and tell the listeners.

        Raises:
            ComponentError: The state cannot follow the present one.
        """
        if status == component.status:
            return
        if status not in NEXT[component.status]:
            raise ComponentError(
                f"{component.kind} {component.id!r} is {component.status}, it cannot become {status}"
            )
        was, component.status = component.status, status
        if status == "Error":
            component.error = message
        elif was == "Error" or status in ("Starting", "Reconfiguring"):
            component.error = None  # what was noted since the start stays readable
        self.tell(component, message)

    def fail(self, component: Component, message: str) -> None:
        """Count an error, and put a component that is at work in Error; else keep it visible."""
        if "Error" in NEXT[component.status]:
            component.errors += 1
            self.move(component, "Error", message)
        elif component.status != "Removed":
            self.note(component, message)

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


def described(error: BaseException) -> str:
    """Return one line that says what was raised."""
    if isinstance(error, DrasiNbError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def failure(component: Component, what: str, error: BaseException) -> BaseException:
    """Return what an operation raises: an error of ours, or an interrupt as it came."""
    if isinstance(error, DrasiNbError) or not isinstance(error, Exception):
        return error
    return ComponentError(f"{component.kind} {component.id!r} {what}: {described(error)}")
