"""The walk from a row: every match of a pattern that the row's nodes lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from drasi_nb.engine.codegen.leaf import (
    Column,
    Columns,
    Operators,
    Place,
    may_fail,
    run_operators,
)
from drasi_nb.engine.codegen.match import Walk
from drasi_nb.engine.codegen.slots import Anchor, Reads, View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.errors import EvaluationError
from drasi_nb.language import ast
from drasi_nb.plan.nodes import Apply, Filter, Match, Project
from drasi_nb.span import NOWHERE

Expand = Callable[[Any, list[Any], list[Any]], None]
"""``expand(row, out, failed)`` appends (key, added columns) and (key, error)."""


class RowWalk(Walk):
    """Writes the function that starts from a row instead of a changed element."""

    def __init__(
        self, writer: Writer, view: View, match: Match, apply: Apply, names: tuple[str, ...]
    ) -> None:
        anchor = Anchor("row", -1, fused=False)
        super().__init__(writer, view, match, cast(Any, None), Reads(), anchor)
        self.apply = apply
        self.row = {name: f"o[{place}]" for place, name in enumerate(names)}
        late = tuple(e for e in match.filters if e not in self.early)
        tail = cast(Operators, apply.inner[1:])
        self.operators: Operators = (Filter(late), *tail) if late else tail
        self.can_fail = may_fail(self.operators, self.slot_names)

    def columns(self) -> Columns:
        """Return the slots, and what else the row holds, as columns."""
        row = {name: Column(None, local, False) for name, local in self.row.items()}
        return {**row, **super().columns()}

    def bound_names(self) -> set[str]:
        """Return what an expression may read here."""
        return super().bound_names() | (self.row.keys() - self.slot_names)

    def write_row(self, name: str, handle_of: Callable[[Any], int | None]) -> None:
        """Write the whole function; ``handle_of`` takes a node value of the row."""
        self.waiting = list(self.early)
        self.live = ["o", "out", "failed"]
        imports = [i for i, s in enumerate(self.match.nodes) if s.name in self.match.imports]
        find = self.writer.bind(handle_of)

        def bind(rest: list[int]) -> None:
            if not rest:
                self.filters(lambda: self.step(0))
                return
            i = rest[0]
            self.writer.line(f"h{i} = {find}({self.row[self.match.nodes[i].name]})")
            with self.block(f"if h{i} is not None:"):
                self.check_node(i, lambda: bind(rest[1:]))

        with self.writer.block(f"def {name}(o, out, failed):"):
            bind(imports)

    def leaf_code(self) -> None:
        """Write what is done with a match."""
        found = [n for n in (*self.nodes, *self.relations) if n not in self.match.imports]
        parts = "".join(f"{self.identity(name)}, " for name in found)
        place = self.place("n")

        def finish(end: Place) -> None:
            needs = self.apply.kind not in ("exists", "count")
            names = list(end.columns) if self.apply.kind == "collect" else self.apply.adds
            values = [end.value(ast.Variable(NOWHERE, name)) for name in names if needs]
            added = "".join(f"{value}, " for value in values)
            self.writer.line(f"out.append((({parts}), ({added})))")
            if self.apply.kind == "exists" and not self.can_fail:
                self.writer.line("return")  # one is enough, and no other could fail

        if not self.can_fail:
            run_operators(place, self.operators, finish)
            return
        with place.block("try:"):
            run_operators(place, self.operators, finish)
        with place.block(f"except {self.writer.bind(EvaluationError)} as error:"):
            self.writer.line(f"failed.append((({parts}), error))")


def expand_of(
    apply: Apply, names: tuple[str, ...], view: View, handle_of: Callable[[Any], int | None]
) -> tuple[Expand, str] | None:
    """Return generated code for a chain of one fixed pattern, filters and columns; else None.

    Returns:
        The function and its source.
    """
    match, *rest = apply.inner
    if not isinstance(match, Match) or not all(isinstance(op, Filter | Project) for op in rest):
        return None
    if any(s.length is not None or s.name in match.imports for s in match.relations):
        return None
    writer = Writer()
    RowWalk(writer, view, match, apply, names).write_row("expand", handle_of)
    return writer.load()["expand"], writer.source()
