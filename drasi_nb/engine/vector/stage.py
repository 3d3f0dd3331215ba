"""The first stage of a query over a whole graph, column by column.

It does what the generated walk does with every node: the same rows, keys and groups, tested
with ``==``. It takes a stage whole or refuses it; what it cannot say exactly it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import polars as pl

from drasi_nb.engine.codegen.sinks import GroupSink, ResultSink
from drasi_nb.engine.codegen.slots import View
from drasi_nb.engine.result import ResultStage
from drasi_nb.engine.vector.columns import Reader, UnsupportedError
from drasi_nb.engine.vector.groups import GroupsOut
from drasi_nb.engine.vector.source import Source, inlined, is_plain
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Filter, Match, Project
from drasi_nb.span import NOWHERE

LEAST = 4_096  # rows of the first slot; the walk is as fast for fewer


class Out(Protocol):
    """What the matches are handed to."""

    def reads(self) -> list[ast.Expr]:
        """Return the expressions that need columns."""
        ...

    def open(self) -> None:
        """Translate, once the columns are read."""
        ...

    def take(self, frame: pl.DataFrame) -> None:
        """Hand over the matches of a part."""
        ...


def columnwise(
    match: Match,
    tail: tuple[Filter | Project, ...],
    sink: ResultSink | GroupSink,
    view: View,
    reader: Reader,
    least: int | None = None,
) -> Iterator[None] | None:
    """Return the steps that evaluate a stage over the whole graph; None where it is refused.

    It is for fewer than ``least`` rows of the first slot too, ``LEAST`` unless given.

    A step may raise ``UnsupportedError`` too, when the data is not what was hoped for; what was
    handed on by then must be thrown away.
    """
    try:
        source = Source(match, view, reader)
        if source.pattern.size() < (LEAST if least is None else least):
            return None
        conditions, put = inlined(match, tail)
        out: Out
        if isinstance(sink, GroupSink):
            out = GroupsOut(source, sink.stage, sink.operator, put)
        else:
            if not isinstance(sink.stage, ResultStage):
                return None
            columns = [put(ast.Variable(NOWHERE, name)) for name in sink.columns]
            out = RowsOut(source, sink.stage, columns)
    except UnsupportedError:
        return None
    return _steps(source, conditions, out)


def _steps(source: Source, conditions: list[ast.Expr], out: Out) -> Iterator[None]:
    for e in (*conditions, *out.reads()):
        yield from source.read(e)
    tests = [source.translator.condition(e) for e in conditions]
    out.open()
    for part in source.parts(tests):
        if part is not None and part.height:
            out.take(part)
        yield


class RowsOut:
    """Hands rows with their keys to an inbox.

    Args:
        source: The columns.
        inbox: Takes the rows.
        columns: What each column is, over the slots.
    """

    def __init__(self, source: Source, inbox: ResultStage, columns: list[ast.Expr]) -> None:
        self.source, self.inbox, self.columns = source, inbox, columns
        self._makers: list[Callable[[pl.DataFrame], list[Any]]] = []

    def reads(self) -> list[ast.Expr]:
        """Return the expressions that need columns; plain properties are read by handle."""
        return [e for e in self.columns if not self.source.is_slot(e) and not is_plain(e)]

    def open(self) -> None:
        """Translate."""
        self._makers = [self._maker(e) for e in self.columns]

    def _maker(self, e: ast.Expr) -> Callable[[pl.DataFrame], list[Any]]:
        source = self.source
        if isinstance(e, ast.Variable):
            slot, at = e.name, source.handles(e.name)
            return lambda frame: source.elements(slot, frame[at].to_list())
        if isinstance(e, ast.Property) and is_plain(e):
            assert isinstance(e.base, ast.Variable)
            slot, key, at = e.base.name, e.key, source.handles(e.base.name)
            return lambda frame: source.property_values(slot, key, frame[at].to_list())
        typed = source.translator.value(e)
        return lambda frame: frame.select(typed.expr.alias("v"))["v"].to_list()

    def take(self, frame: pl.DataFrame) -> None:
        """Hand over the rows of a part."""
        source = self.source
        names = source.match.names
        columns = [
            made if len(made := maker(frame)) == frame.height else made * frame.height
            for maker in self._makers
        ]
        keys = [
            source.identities(name, frame[source.handles(name)].to_list()) for name in names
        ]
        rows = list(zip(*columns, strict=True)) if columns else [()] * frame.height
        self.inbox.load(list(zip(*keys, strict=True)), rows)
