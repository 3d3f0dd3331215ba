"""One walk for many queries: what 50 queries over the same pattern do to a change, in one go.

Queries whose patterns differ in nothing but their conditions are walked together; each has its
own conditions and its own leaf at the end. Reads are written once for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drasi_nb.engine.codegen.leaf import Leaf, Side
from drasi_nb.engine.codegen.match import Walk
from drasi_nb.engine.codegen.slots import Anchor, Reads, View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.language import ast
from drasi_nb.plan.expressions import cannot_fail
from drasi_nb.plan.nodes import Match, walk


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The walked part of one query.

    Attributes:
        match: Its pattern.
        view: What it sees.
        leaf: Makes the end of the walk, in another module.
    """

    match: Match
    view: View
    leaf: Callable[[Writer], Leaf]

    def likeness(self) -> Any:
        """Return what is equal for parts that can be walked together."""
        return replace(self.match, filters=()), self.view.sources


class SharedWalk(Walk):
    """Writes the function of one anchor with several leaves.

    Args:
        writer: Of the module.
        parts: What is walked together; there is at least one.
        anchor: Where the walk starts.
        at: Gets, before each leaf, the number of its part.
    """

    def __init__(
        self, writer: Writer, parts: Sequence[Part], anchor: Anchor, at: list[int]
    ) -> None:
        first = parts[0]
        slots = frozenset(first.match.names)
        early = [[e for e in p.match.filters if cannot_fail(e, slots)] for p in parts]
        common = tuple(e for e in early[0] if all(e in own for own in early[1:]))
        match = replace(first.match, filters=common)
        self.leaves = [
            ([e for e in own if e not in common], part.leaf(writer))
            for own, part in zip(early, parts, strict=True)
        ]
        super().__init__(writer, first.view, match, self.leaves[0][1], Reads(), anchor)
        self._at = writer.bind(at)

    def leaf_code(self) -> None:
        """Write, for each part, its conditions and its leaf."""
        for own, _ in self.leaves:
            for e in own:
                self._prepare(e)
        for number, (own, leaf) in enumerate(self.leaves):
            self.leaf, self.waiting = leaf, list(own)
            with self.block("if True:"):  # what this leaf reads is no other's
                self.filters(lambda number=number: self._one(number))

    def _prepare(self, e: ast.Expr) -> None:
        """Write the reads of a condition, and once for all which of them are numbers."""
        for part in walk(e):
            match part:
                case ast.Property(base=ast.Variable(name=slot), key=key) if (
                    slot in self.slot_names
                ):
                    sides: tuple[Side, ...] = ("o", "n") if self.anchor.fused else ("n",)
                    for side in sides:
                        local = self.property(slot, key, side)
                        if isinstance(e, ast.Comparison):
                            note_number(self.writer, local)
                case _:
                    pass

    def _one(self, number: int) -> None:
        self.writer.line(f"{self._at}[0] = {number}")
        super().leaf_code()


def note_number(writer: Writer, local: str) -> None:
    """Write, unless it was, whether a local is a number, for the comparisons that follow."""
    if local not in writer.numbers:
        name = writer.numbers[local] = writer.fresh("m")
        writer.line(f"{name} = type({local}) is float or type({local}) is int")


def shared(parts: Sequence[Part], anchor: Anchor, at: list[int]) -> Callable[..., None]:
    """Return one function that does what those of the parts do."""
    writer = Writer()
    SharedWalk(writer, parts, anchor, at).write("walk")
    function: Callable[..., None] = writer.load()["walk"]
    return function
