"""What follows a stage: one function that hands its rows to what comes next."""

from __future__ import annotations

from drasi_nb.engine.codegen.leaf import SIDES, Column, Leaf, Place
from drasi_nb.engine.codegen.shared import note_number
from drasi_nb.engine.codegen.writer import Writer


def write_pipe(
    writer: Writer, names: tuple[str, ...], leaves: list[Leaf], handed: list[int]
) -> None:
    """Write ``pipe(key, row before, row after)``, which hands a row of a stage to the leaves."""
    with writer.block("def pipe(key, o, n):"):
        writer.line(f"{writer.bind(handed)}[0] += 1")
        columns = [
            {name: f"{side}[{i}]" for i, name in enumerate(names)} for side in ("o", "n")
        ]
        if len(leaves) > 1:  # read once for all
            columns = [{name: writer.fresh("c") for name in names} for _ in range(2)]
            for side, named in zip(("o", "n"), columns, strict=True):
                every = "".join(f"{local}, " for local in named.values())
                if every:
                    nulls = ", ".join("None" for _ in named)
                    writer.line(f"{every[:-1]} = {side} if {side} is not None else ({nulls},)")
                for local in named.values():
                    note_number(writer, local)
        for leaf in leaves:
            before, after = (
                Place(
                    writer, None, {n: Column(None, at, True) for n, at in named.items()}, side
                )
                for named, side in zip(columns, SIDES, strict=True)
            )
            flags = ("o is not None", "n is not None")
            leaf.sides(before, after, "key", frozenset(), flags)
