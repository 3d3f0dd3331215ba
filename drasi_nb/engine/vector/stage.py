"""The first stage of a query, column by column: over a whole graph, or over new elements.

It does what the generated walk does with every node: the same rows, keys and groups, tested
with ``==``. It takes a stage whole or refuses it; what it cannot say exactly it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Protocol

import numpy as np
import polars as pl

from drasi_nb.engine.changes import NodeChanges
from drasi_nb.engine.codegen.sinks import GroupSink, ResultSink
from drasi_nb.engine.codegen.slots import Kind, View
from drasi_nb.engine.result import ResultStage
from drasi_nb.engine.vector.changes import ChangedNodes, moved
from drasi_nb.engine.vector.columns import Reader, UnsupportedError
from drasi_nb.engine.vector.differences import put_differences
from drasi_nb.engine.vector.groups import GroupsOut
from drasi_nb.engine.vector.rows import RowsOut
from drasi_nb.engine.vector.source import NewElements, Source, WholeGraph, inlined
from drasi_nb.engine.vector.walk import PAGES
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Filter, Match, Project
from drasi_nb.span import NOWHERE
from drasi_nb.store.paging import PAGE

LEAST = 4_096  # rows of the first slot; the walk is as fast for fewer
# changed nodes: of rows without conditions, with conditions, of groups; the loop is as fast for fewer
LEAST_PLAIN, LEAST_TESTED, LEAST_GROUPED = 200, 800, 1_000

Tail = tuple[Filter | Project, ...]
Sink = ResultSink | GroupSink


class Out(Protocol):
    """What the matches are handed to."""

    def reads(self) -> list[ast.Expr]:
        """Return the expressions that need columns."""
        ...

    def open(self) -> None:
        """Translate, once the columns are read."""
        ...

    def take(self, frame: pl.DataFrame) -> None:
        """Hand over matches that came."""
        ...

    def close(self) -> Iterator[None]:
        """Hand over, in steps, what was kept until all matches came."""
        ...


def _out(source: Source, match: Match, tail: Tail, sink: Sink) -> tuple[list[ast.Expr], Out]:
    """Return the conditions over the slots, and where the matches go.

    Raises:
        UnsupportedError: The stage is none that goes column by column.
    """
    conditions, put = inlined(match, tail)
    if isinstance(sink, GroupSink):
        return conditions, GroupsOut(source, sink.stage, sink.operator, put)
    if not isinstance(sink.stage, ResultStage):
        raise UnsupportedError("a branch of UNION")
    columns = [put(ast.Variable(NOWHERE, name)) for name in sink.columns]
    return conditions, RowsOut(source, sink.stage, columns)


def columnwise(
    match: Match, tail: Tail, sink: Sink, view: View, reader: Reader, least: int | None = None
) -> Iterator[float] | None:
    """Return the steps that evaluate a stage over the whole graph; None where it is refused.

    Each yields how much is done, from 0 to 1.

    It is for fewer than ``least`` rows of the first slot too, ``LEAST`` unless given. A step may
    raise ``UnsupportedError`` too, when the data is not what was hoped for; what was handed on
    by then must be thrown away.
    """
    try:
        source = WholeGraph(match, view, reader)
        if source.pattern.size() < (LEAST if least is None else least):
            return None
        conditions, out = _out(source, match, tail, sink)
    except UnsupportedError:
        return None
    return _steps(source, conditions, out)


def _steps(source: WholeGraph, conditions: list[ast.Expr], out: Out) -> Iterator[float]:
    for e in (*conditions, *out.reads()):
        for _ in source.read(e):
            yield 0.0
    tests = [source.translator.condition(e) for e in conditions]
    out.open()
    total = 1 + source.pattern.size() // (PAGE * PAGES)
    for number, part in enumerate(source.parts(tests)):
        if part is not None and part.height:
            out.take(part)
        yield min(1.0, number / total)
    for _ in out.close():
        yield 1.0
    source.forget()


class Changing:
    """Hands on what changes of nodes do to the matches, as no other slot may hold the nodes.

    Args:
        match: The pattern.
        tail: What follows it.
        sink: Where the rows go.
        view: What is seen.
        slot: Where the nodes are.
    """

    def __init__(self, match: Match, tail: Tail, sink: Sink, view: View, slot: int) -> None:
        self._match, self._tail, self._sink = match, tail, sink
        self._view, self._slot = view, slot

    @cached_property
    def _inlined(self) -> tuple[list[ast.Expr], Callable[[ast.Expr], ast.Expr]]:
        return inlined(self._match, self._tail)

    @cached_property
    def _columns(self) -> list[ast.Expr]:
        """Return the columns of the rows, over the slots; none of groups."""
        put = self._inlined[1]
        names = self._sink.columns if isinstance(self._sink, ResultSink) else ()
        return [put(ast.Variable(NOWHERE, name)) for name in names]

    def __call__(self, changes: NodeChanges) -> None:
        """Take changes of nodes that fit the slot.

        Raises:
            UnsupportedError: It must go row by row; nothing was handed on.
        """
        if len(changes) < LEAST_PLAIN:
            raise UnsupportedError("few changes")
        match, sink, stage = self._match, self._sink, self._sink.stage
        conditions, put = self._inlined
        is_grouped = isinstance(sink, GroupSink)
        if len(changes) < (LEAST_GROUPED if is_grouped else LEAST_TESTED if conditions else 0):
            raise UnsupportedError("few changes")
        if isinstance(sink, GroupSink):
            source = ChangedNodes(match, self._view, self._slot, changes)
            out = GroupsOut(source, sink.stage, sink.operator, put, is_weighted=True)
            was, now = source.holds(conditions)
            if put_differences(source, out, was, now):
                return
            holds = np.concatenate([was, now])
            out.open()
            frame = source.frame()
            out.take(frame if holds.all() else frame.filter(holds))
            return
        is_taken = isinstance(stage, ResultStage) and stage.takes_moved(changes.handles)
        if not isinstance(stage, ResultStage) or not is_taken or match.relations:
            raise UnsupportedError("a branch of UNION, rows that wait, or of more than a node")
        source = ChangedNodes(match, self._view, self._slot, changes)
        made = moved(source, conditions, self._columns)
        if made is not None:
            stage.move(made)


def enter_columnwise(
    match: Match,
    tail: Tail,
    sink: Sink,
    view: View,
    kind: Kind,
    slot: int,
    rows: range | list[int],
) -> None:
    """Hand on the matches of new elements, which are there.

    No other slot of the pattern may hold one of them.

    Args:
        match: The pattern.
        tail: What follows it.
        sink: Where the rows go.
        view: What is seen.
        kind: "node", of nodes without relations, or "relation".
        slot: Where the elements are.
        rows: Their handles or rows.

    Raises:
        UnsupportedError: It must go row by row; nothing was handed on.
    """
    if isinstance(sink.stage, ResultStage) and sink.stage.pending:
        raise UnsupportedError("rows of the same keys may have left in this tick")
    source = NewElements(match, view, kind, slot, rows)
    if not source.frame.height:
        return
    conditions, out = _out(source, match, tail, sink)
    tests = [source.translator.condition(e) for e in conditions]
    out.open()
    frame = source.matches(tests)
    if frame.height:
        out.take(frame)
        for _ in out.close():
            pass
