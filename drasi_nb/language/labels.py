"""What a label expression says about a set of labels."""

from __future__ import annotations

from collections.abc import Collection

from drasi_nb.language import ast


def holds(expression: ast.LabelExpr | None, labels: Collection[str]) -> bool:
    """Return whether ``labels`` satisfy the expression; no expression is satisfied by all."""
    match expression:
        case None:
            return True
        case ast.Label(name=name):
            return name in labels
        case ast.LabelNot(operand=operand):
            return not holds(operand, labels)
        case ast.LabelAnd(left=left, right=right):
            return holds(left, labels) and holds(right, labels)
        case ast.LabelOr(left=left, right=right):
            return holds(left, labels) or holds(right, labels)
        case _:
            return bool(labels)  # LabelAny


def disjoint_types(a: ast.LabelExpr | None, b: ast.LabelExpr | None) -> bool:
    """Return whether no relation can have both types: two sets of plain names that do not meet."""
    left, right = plain_types(a), plain_types(b)
    return left is not None and right is not None and not (left & right)


def plain_types(expression: ast.LabelExpr | None) -> frozenset[str] | None:
    """Return the type names of ``A|B|..``, or None for any other form."""
    match expression:
        case ast.Label(name=name):
            return frozenset((name,))
        case ast.LabelOr(left=left, right=right):
            a, b = plain_types(left), plain_types(right)
            return None if a is None or b is None else a | b
        case _:
            return None
