"""What is called when an element changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drasi_nb.engine.changes import NodeChanges
from drasi_nb.engine.codegen.shared import Part
from drasi_nb.engine.codegen.slots import Kind
from drasi_nb.language import ast
from drasi_nb.values.graph import STAMP


@dataclass(frozen=True, slots=True)
class Handler:
    """What to call when an element that fits one slot changes.

    Attributes:
        labels: Condition on the node's labels or the relation's type.
        reads: Properties whose change matters; None is all.
        reads_stamp: Whether it matters when the element changed.
        enum: ``enum(element, weight)``; a relation is passed as (table, row).
        upd: ``upd(element, old values)``, right only where no other slot fits the element.
        slot: Number of the slot among those of its kind.
        part: What may be walked together with parts of other queries; None of nothing.
        many: What ``upd`` does for many nodes.
        enter: ``enter(rows)``, what ``enum`` does for many new elements, nodes of them without
            relations, right only where no other slot fits them; it may raise it too.
    """

    kind: Kind
    labels: ast.LabelExpr | None
    reads: frozenset[str] | None
    enum: Callable[..., None]
    upd: Callable[..., None]
    reads_stamp: bool = False
    slot: int = 0
    part: Part | None = None
    many: Callable[[NodeChanges], None] | None = None
    enter: Callable[[range | list[int]], None] | None = None

    def hears(self, changed: frozenset[str]) -> bool:
        """Return whether a change of these properties, and the stamp, matters."""
        if self.reads_stamp and STAMP in changed:
            return True
        return bool(changed - {STAMP} if self.reads is None else self.reads & changed)
