"""Beginnings that queries share: the same pattern, conditions and groups, kept once.

Fifty queries that differ in what they make of the averages per floor have one walk and one set
of groups; each is handed the groups' rows by its own piece of one generated function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drasi_nb.engine.codegen.pipe import write_pipe, write_pipes
from drasi_nb.engine.codegen.sinks import list_rows
from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.engine.entered import RowChange
from drasi_nb.engine.groups import ROW, GroupStage
from drasi_nb.engine.result import Changes, ResultStage
from drasi_nb.engine.stages import CompiledQuery
from drasi_nb.plan.liveness import reads_stamps
from drasi_nb.plan.nodes import (
    Aggregate,
    Filter,
    Match,
    Operator,
    Plan,
    Project,
    Session,
    Timed,
)


def beginning(operators: tuple[Operator, ...]) -> tuple[Operator, ...] | None:
    """Return the operators up to the first groups, where they may be shared.

    What asks for the time of a change, or must see each by itself, keeps its own.
    """
    first = operators[0]
    if not isinstance(first, Match) or any(slot.length for slot in first.relations):
        return None
    if reads_stamps(operators) or any(isinstance(op, Timed | Session) for op in operators):
        return None
    for place, operator in enumerate(operators[1:], 1):
        if isinstance(operator, Aggregate):
            return operators[: place + 1]
        if not isinstance(operator, Filter | Project):
            return None
    return None


class Core(CompiledQuery):
    """A beginning, followed by the queries that share it.

    Args:
        operators: See ``beginning()``.
        view: What it sees.
        mark: Called when a tick first touches it.

    Attributes:
        group: Its last stage.
        followers: The queries behind it.
    """

    def __init__(
        self,
        operators: tuple[Operator, ...],
        view: View,
        mark: Callable[[CompiledQuery], None],
    ) -> None:
        last = operators[-1]
        assert isinstance(last, Aggregate)
        names = tuple(name for name, _ in (*last.keys, *last.aggregates))
        super().__init__(Plan(operators, names), operators, view, mark)
        group = self.stages[0]
        assert isinstance(group, GroupStage)
        self.group = group
        self.followers: list[CompiledQuery] = []
        self._each: list[tuple[Callable[..., None], ResultStage | None]] = []
        self._begin_anew()
        self.handed = [0]  # rows, in one place that the pipes increase

    def flush(self) -> Changes:
        """End a tick: hand the groups' rows on."""
        self.flush_stages()
        return []

    def join(self, query: CompiledQuery) -> None:
        """Let a query follow; it is handed the rows that are there."""
        entry = query.entry
        assert entry is not None
        pipe = _pipe(self.group.names, [query], self.handed)
        for key, group in self.group.groups.items():
            if group[ROW] is not None:
                pipe(key, None, group[ROW])
        self.followers.append(query)
        self._begin_anew()

    def leave(self, query: CompiledQuery) -> None:
        """Let a query follow no more."""
        self.followers.remove(query)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.group.next, self.group.next_all = self._hand_on, self._hand_on_all
        self._each.clear()

    def _hand_on(self, key: Any, before: Any, after: Any) -> None:
        """Hand a row on, and from then on without this step, until others follow."""
        self.group.next = pipe = _pipe(self.group.names, self.followers, self.handed)
        pipe(key, before, after)

    def _hand_on_all(self, changes: list[RowChange]) -> None:
        """Hand many rows on, to one query after the other."""
        if not self._each:
            self._each = [_pipes(self.group.names, query) for query in self.followers]
        self.handed[0] += len(changes)
        for pipes, stage in self._each:
            rows = list[RowChange]()
            pipes(rows.append, changes)
            if rows and stage is not None:
                stage.change(rows)


def _pipe(
    names: tuple[str, ...], queries: list[CompiledQuery], handed: list[int]
) -> Callable[[Any, Any, Any], None]:
    """Return one function that hands a row to all the queries."""
    writer = Writer()
    leaves = [query.entry(writer) for query in queries if query.entry is not None]
    write_pipe(writer, names, leaves, handed)
    pipe: Callable[[Any, Any, Any], None] = writer.load()["pipe"]
    return pipe


def _pipes(
    names: tuple[str, ...], query: CompiledQuery
) -> tuple[Callable[..., None], ResultStage | None]:
    """Return what takes many rows, and where the rows go that it lists; None if it hands them on."""
    writer = Writer()
    assert query.entry is not None
    leaf = query.entry(writer)
    stage = list_rows(leaf.sink)
    write_pipes(writer, names, leaf)
    return writer.load()["pipes"], stage
