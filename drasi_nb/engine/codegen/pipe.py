"""What follows a stage: one function that hands its rows to what comes next."""

from __future__ import annotations

from drasi_nb.engine.codegen.leaf import SIDES, Column, Leaf, Place
from drasi_nb.engine.codegen.shared import note_number
from drasi_nb.engine.codegen.sinks import ResultSink
from drasi_nb.engine.codegen.writer import Writer


def write_pipe(
    writer: Writer, names: tuple[str, ...], leaves: list[Leaf], handed: list[int]
) -> None:
    """Write ``pipe(key, row before, row after)``, which hands a row of a stage to the leaves."""
    with writer.block("def pipe(key, o, n):"):
        writer.line(f"{writer.bind(handed)}[0] += 1")
        _write_leaves(writer, names, leaves)


def write_pipes(writer: Writer, names: tuple[str, ...], leaf: Leaf) -> None:
    """Write ``pipes(rows, changes)``, which does the same with many rows, each key once.

    A leaf that lists its rows is given what takes them, ``rows``.
    """
    with writer.block("def pipes(rows, changes):"), writer.block("for key, o, n in changes:"):
        _write_leaves(writer, names, [leaf])


def _write_leaves(writer: Writer, names: tuple[str, ...], leaves: list[Leaf]) -> None:
    columns = [{name: f"{side}[{i}]" for i, name in enumerate(names)} for side in SIDES]
    if len(leaves) > 1:  # read once for all
        columns = [{name: writer.fresh("c") for name in names} for _ in SIDES]
        for side, named in zip(SIDES, columns, strict=True):
            every = "".join(f"{local}, " for local in named.values())
            if every:
                nulls = ", ".join("None" for _ in named)
                writer.line(f"{every[:-1]} = {side} if {side} is not None else ({nulls},)")
            for local in named.values():
                note_number(writer, local)
    for leaf in leaves:
        if isinstance(leaf.sink, ResultSink):
            leaf.sink.width = len(names)
        before, after = (
            Place(writer, None, {n: Column(None, at, True) for n, at in named.items()}, side)
            for named, side in zip(columns, SIDES, strict=True)
        )
        leaf.sides(before, after, "key", frozenset(), ("o is not None", "n is not None"))
