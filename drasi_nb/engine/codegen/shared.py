"""One walk for many queries: what 50 queries over the same pattern do to a change, in one go.

Queries whose patterns differ in nothing but their conditions are walked together; each has its
own conditions and its own leaf at the end. Reads are written once for all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from drasi_nb.engine.codegen.leaf import Leaf, Side
from drasi_nb.engine.codegen.match import Walk
from drasi_nb.engine.codegen.slots import Anchor, Reads, View
from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.language import ast
from drasi_nb.plan.expressions import is_safe
from drasi_nb.plan.nodes import Constant, Match, walk

_FEW = 3  # parts that are not worth asking first


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


@dataclass(slots=True)
class _Written:
    """One part, as it was written.

    Attributes:
        lines: Its code.
        reads: Properties of the anchor that its leaf reads; None is all.
        thresholds: Numbers that its conditions compare one property with.
    """

    lines: list[str] = field(default_factory=list[str])
    reads: set[str] | None = None
    thresholds: set[Any] = field(default_factory=set[Any])


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
        early = [[e for e in p.match.filters if is_safe(e, slots)] for p in parts]
        common = tuple(e for e in early[0] if all(e in own for own in early[1:]))
        match = replace(first.match, filters=common)
        self.leaves = [
            ([e for e in own if e not in common], part.leaf(writer))
            for own, part in zip(early, parts, strict=True)
        ]
        super().__init__(writer, first.view, match, self.leaves[0][1], Reads(), anchor)
        self._at = writer.bind(at)

    def leaf_code(self) -> None:
        """Write, for each part, its conditions and its leaf.

        Of parts that compare one property with numbers, all are passed over where none of the
        numbers lies between what it was and what it is.
        """
        for own, _ in self.leaves:
            for e in own:
                self._prepare(e)
        alike: dict[str | None, list[_Written]] = {}
        for number, (own, _) in enumerate(self.leaves):
            written = self._written(number)
            key, written.thresholds = self._thresholds(own)
            if written.reads is None or key in written.reads:
                key = None
            alike.setdefault(key, []).append(written)
        for key, group in alike.items():
            if key is None or len(group) < _FEW:
                for written in group:
                    self.writer.lines += written.lines
                continue
            self.writer.line(f"if not ({self._stays(key, group)}):")
            for written in group:
                self.writer.lines += [f" {line}" for line in written.lines]

    def _written(self, number: int) -> _Written:
        """Write one part, and take its lines out again."""
        at, out = len(self.writer.lines), _Written()

        def one() -> None:
            self.writer.line(f"{self._at}[0] = {number}")
            out.reads = super(SharedWalk, self).leaf_code()

        own, self.leaf = self.leaves[number]
        self.waiting = list(own)
        with self.block("if True:"):  # what this leaf reads is no other's
            self.filters(one)
        out.lines = self.writer.lines[at:]
        del self.writer.lines[at:]
        return out

    def _thresholds(self, own: list[ast.Expr]) -> tuple[str | None, set[Any]]:
        """Return the one property of the anchor that conditions compare, and with which numbers."""
        keys, numbers = set[str | None](), set[Any]()
        for e in own:
            match e:
                case ast.Comparison(
                    first=ast.Property(base=ast.Variable(name=slot), key=key),
                    rest=((_, ast.Literal(value=number) | Constant(value=number)),),
                ) if self.is_anchor(slot) and type(number) in (int, float) and number == number:
                    keys.add(key)
                    numbers.add(number)
                case _:
                    keys.add(None)
        return (keys.pop() if len(keys) == 1 else None), numbers

    def _stays(self, key: str, group: list[_Written]) -> str:
        """Return source for whether a change moves a property over none of the numbers."""
        slots = self.match.nodes if self.anchor.kind == "node" else self.match.relations
        slot, bind = slots[self.anchor.slot].name, self.writer.bind
        old, new = self.property(slot, key, "o"), self.property(slot, key, "n")
        every = bind(sorted(set().union(*(written.thresholds for written in group))))
        below, up_to = f"{bind(bisect_left)}({every}, ", f"{bind(bisect_right)}({every}, "
        reads = set[str]().union(*(written.reads or () for written in group))
        stays = (
            f"{below}{old}) == {up_to}{new}) if {old} <= {new}"  # NaN is neither
            f" else {new} < {old} and {below}{new}) == {up_to}{old})"
        )
        tests = [flag for flag in self.flags if flag != "True"]
        tests += [self.writer.numbers[old], self.writer.numbers[new], self.untouched(reads)]
        return " and ".join([*tests, f"({stays})"])

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
