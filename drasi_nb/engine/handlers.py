"""What is called when an element changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drasi_nb.engine.codegen.slots import Kind
from drasi_nb.language import ast


@dataclass(frozen=True, slots=True)
class Handler:
    """What to call when an element that fits one slot changes.

    Attributes:
        labels: Condition on the node's labels or the relation's type.
        reads: Properties whose change matters; None is all.
        enum: ``enum(element, weight)``; a relation is passed as (table, row).
        upd: ``upd(element, old values)``, right only where no other slot fits the element.
    """

    kind: Kind
    labels: ast.LabelExpr | None
    reads: frozenset[str] | None
    enum: Callable[..., None]
    upd: Callable[..., None]
