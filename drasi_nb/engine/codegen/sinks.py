"""What a stage hands its rows to: the code of the calls."""

from __future__ import annotations

from typing import Literal

from drasi_nb.engine.codegen.leaf import Place, Side, Sink
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.engine.groups import GroupStage
from drasi_nb.engine.result import Inbox, ResultStage
from drasi_nb.functions.aggregates import NUMERIC_AGGREGATES
from drasi_nb.language import ast
from drasi_nb.plan.expressions import cannot_fail
from drasi_nb.plan.nodes import Aggregate, AggregateCall
from drasi_nb.span import NOWHERE
from drasi_nb.values.arithmetic import number_argument
from drasi_nb.values.ordering import group_key

What = Literal["add", "remove", "update"]


class ResultSink:
    """Rows of the result under their row key.

    Attributes:
        is_listed: Whether the function is given what lists (key, before, after), ``rows``.
        width: Of the rows that come, ``o`` and ``n``, where they are handed on if they are the same.
    """

    needs_row_key = True

    def __init__(self, writer: Writer, stage: Inbox, columns: tuple[str, ...]) -> None:
        self.stage, self.columns, self.is_listed = stage, columns, False
        self.width = 0
        self.values: dict[Side, list[str]] = {"o": [], "n": []}
        self.calls = {
            what: writer.bind(getattr(stage, what)) for what in ("add", "remove", "update")
        }

    def into(self, writer: Writer) -> ResultSink:
        """Return the same sink for another module."""
        return ResultSink(writer, self.stage, self.columns)

    def may_fail(self, slots: frozenset[str]) -> bool:  # noqa: ARG002 - the protocol's
        """Return False: columns are values already."""
        return False

    def changes(self, place: Place) -> bool:
        """Return whether any column may."""
        return any(place.columns[name].changes for name in self.columns)

    def begin(self) -> None:
        """Do nothing: there is no state."""

    def hoist(self, place: Place) -> None:
        """Write nothing: a row is cheap to build per side."""

    def arguments(self, place: Place, side: Side) -> None:
        """Assign the row."""
        values = [place.value(ast.Variable(NOWHERE, name)) for name in self.columns]
        self.values[side] = values
        row = ", ".join(values) + "," if values else ""
        is_same = values and values == [f"{side}[{i}]" for i in range(self.width)]
        place.writer.line(f"row_{side} = {side if is_same else f'({row})'}")

    def send(self, place: Place, key: str, what: What) -> None:
        """Write the call."""
        if what != "update":
            sides = "None, row_n" if what == "add" else "row_o, None"
            if self.is_listed:
                place.writer.line(f"rows(({key}, {sides}))")
            else:
                place.writer.line(f"{self.calls[what]}({key}, row_{place.side})")
            return
        pairs = zip(self.values["o"], self.values["n"], strict=True)
        differs = " or ".join(f"{before} is not {after}" for before, after in pairs)
        with place.writer.block(
            f"if {differs or 'False'}:"
        ):  # most that are equal are the same
            if self.is_listed:
                place.writer.line(f"rows(({key}, row_o, row_n))")
            else:
                place.writer.line(f"{self.calls[what]}({key}, row_o, row_n)")


def list_rows(sink: Sink) -> ResultStage | None:
    """Have a function list its rows, if they go to a result; return that, None of other sinks."""
    if not isinstance(sink, ResultSink) or not isinstance(sink.stage, ResultStage):
        return None
    sink.is_listed = True
    return sink.stage


class GroupSink:
    """Rows of a group stage: grouping values and aggregate arguments."""

    def __init__(self, writer: Writer, stage: GroupStage, operator: Aggregate) -> None:
        self.stage, self.operator = stage, operator
        self.needs_row_key = any(call.kind == "collect" for _, call in operator.aggregates)
        self.calls = {
            what: writer.bind(getattr(stage, what)) for what in ("add", "remove", "update")
        }
        self.hoisted = False
        self.raw: dict[Side, list[str]] = {"o": [], "n": []}
        self.key_changes = True

    def into(self, writer: Writer) -> GroupSink:
        """Return the same sink for another module."""
        return GroupSink(writer, self.stage, self.operator)

    def may_fail(self, slots: frozenset[str]) -> bool:
        """Return whether a grouping value or an argument may raise."""
        keys = [e for _, e in self.operator.keys]
        arguments = [call.argument for _, call in self.operator.aggregates if call.argument]
        strict = any(call.kind in NUMERIC_AGGREGATES for _, call in self.operator.aggregates)
        return strict or not all(cannot_fail(e, slots) for e in (*keys, *arguments))

    def changes(self, place: Place) -> bool:
        """Return whether any grouping value or argument may."""
        arguments = [c.argument for _, c in self.operator.aggregates if c.argument is not None]
        return any(map(place.changes, [*(e for _, e in self.operator.keys), *arguments]))

    def begin(self) -> None:
        """Forget what was hoisted in another function."""
        self.hoisted = False

    def hoist(self, place: Place) -> None:
        """Assign the group key once where both sides share it."""
        keys = [e for _, e in self.operator.keys]
        slots = frozenset(name for name, column in place.columns.items() if column.slot)
        shared = not any(place.changes(e) for e in keys)
        self.hoisted = shared and all(cannot_fail(e, slots) for e in keys)
        if self.hoisted:
            self._key(place, "n")

    def _key(self, place: Place, side: Side) -> None:
        norm, parts, self.raw[side] = place.writer.bind(group_key), list[str](), list[str]()
        self.key_changes = False
        for _, e in self.operator.keys:
            column = place.columns.get(e.name) if isinstance(e, ast.Variable) else None
            self.key_changes = self.key_changes or place.changes(e)
            if column is not None and column.slot is not None and place.slots is not None:
                parts.append(place.slots.identity(column.slot))
                self.raw[side].append("")
                continue
            source = place.value(e)
            if not source.isidentifier():
                local = place.writer.fresh("g")
                place.writer.line(f"{local} = {source}")
                source = local
            self.raw[side].append(source)
            parts.append(f"{source} if type({source}) is str else {norm}({source})")
        place.writer.line(f"key_{side} = ({''.join(f'{part}, ' for part in parts)})")

    def _raws(self, place: Place, side: Side, *, whole: bool) -> str:
        """Return the tuple of grouping values; elements only where they are kept."""
        out = list[str]()
        for (_, e), source in zip(self.operator.keys, self.raw[side], strict=True):
            out.append(source or (place.value(e) if whole else "None"))
        return f"({''.join(f'{value}, ' for value in out)})"

    def arguments(self, place: Place, side: Side) -> None:
        """Assign the group key and the aggregates' arguments."""
        if not self.hoisted:
            self._key(place, side)
        for position, (_, call) in enumerate(self.operator.aggregates):
            source = self._argument(place, call)
            if source:
                place.writer.line(f"a{position}_{side} = {source}")

    def _argument(self, place: Place, call: AggregateCall) -> str:
        if call.argument is None:
            return ""
        if isinstance(call.argument, ast.Variable) and call.kind == "count":
            column = place.columns[call.argument.name]
            if column.slot is not None and place.slots is not None:
                return place.slots.identity(column.slot)  # an element counts by its identity
        source = place.value(call.argument)
        if call.kind in NUMERIC_AGGREGATES:
            t = source if source.isidentifier() else place.writer.fresh("t")
            named = t if t == source else f"({t} := {source})"
            return (
                f"{t} if type({named}) is float else {place.writer.bind(number_argument)}({t})"
            )
        return source

    def send(self, place: Place, key: str, what: What) -> None:
        """Write the call."""
        used = [i for i, (_, call) in enumerate(self.operator.aggregates) if call.argument]
        row_key = [key] if self.needs_row_key else []
        side: Side = place.side
        if what == "update" and self.hoisted:
            values = [f"a{i}_{s}" for i in used for s in ("o", "n")]
            place.writer.line(f"{self.calls[what]}({', '.join(['key_n', *row_key, *values])})")
            return
        for step in ("remove", "add") if what == "update" else (what,):
            if what == "update":
                side = "o" if step == "remove" else "n"
            name = "key_n" if self.hoisted else f"key_{side}"
            raws = self._raws(place, "n" if self.hoisted else side, whole=step == "add")
            values = [f"a{i}_{side}" for i in used]
            call = ", ".join([name, raws, *row_key, *values])
            place.writer.line(f"{self.calls[step]}({call})")
