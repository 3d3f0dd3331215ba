"""One walk for many queries: what 50 queries over the same pattern do to a change, in one go.

Queries whose patterns differ in nothing but their conditions are walked together; each has its
own conditions and its own leaf at the end. Reads are written once for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drasi_nb.engine.codegen.leaf import Leaf
from drasi_nb.engine.codegen.match import Walk
from drasi_nb.engine.codegen.slots import Anchor, Reads, View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.plan.expressions import cannot_fail
from drasi_nb.plan.nodes import Match


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
                self.place("n").prepare(e)
                if self.anchor.fused:
                    self.place("o").prepare(e)
        for number, (own, leaf) in enumerate(self.leaves):
            self.leaf, self.waiting = leaf, list(own)
            with self.block("if True:"):  # what this leaf reads is no other's
                self.filters(lambda number=number: self._one(number))

    def _one(self, number: int) -> None:
        self.writer.line(f"{self._at}[0] = {number}")
        super().leaf_code()


def shared(parts: Sequence[Part], anchor: Anchor, at: list[int]) -> Callable[..., None]:
    """Return one function that does what those of the parts do."""
    writer = Writer()
    SharedWalk(writer, parts, anchor, at).write("walk")
    function: Callable[..., None] = writer.load()["walk"]
    return function
