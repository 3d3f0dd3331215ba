"""What a query is compiled to: stages, and the walked beginning of a chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from drasi_nb.engine.codegen.sinks import GroupSink, ResultSink
from drasi_nb.plan.nodes import Filter, Match, Project

Tail = tuple[Filter | Project, ...]


@dataclass(frozen=True, slots=True)
class First:
    """The walked beginning of a chain: what it matches, and where its rows go.

    Attributes:
        walk: ``walk(handle, 1)`` hands on the matches with a node in the first slot.
    """

    match: Match
    tail: Tail
    sink: ResultSink | GroupSink
    walk: Callable[[int, int], None]


class Stage(Protocol):
    """Keeps what needs state between ticks; rows go on through ``next`` at the end of a tick."""

    names: tuple[str, ...]
    next: Callable[[Any, Any, Any], None]

    @property
    def taken(self) -> int:
        """Return how many changes of rows, or touched groups, there were so far."""
        ...

    def open(self) -> None:
        """Get ready for the first row."""
        ...

    def flush(self) -> None:
        """Hand on what the tick changed."""
        ...

    def held(self) -> int:
        """Return how many rows or groups it keeps."""
        ...
