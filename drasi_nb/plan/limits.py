"""The rule that a LIMIT behind an UNWIND needs only the first items of each list."""

from __future__ import annotations

from dataclasses import replace

from drasi_nb.language import ast
from drasi_nb.plan.nodes import Operator, Project, Sort, Unwind


def with_limits(operators: tuple[Operator, ...]) -> tuple[Operator, ...]:
    """Return the chain with every UNWIND bounded that a LIMIT without ORDER BY follows.

    Without sort keys rows go by row key, and the key of an unwound row ends with its place in
    the list, so no later item can be among the first rows. Between the two only columns may
    be dropped or renamed: what could fail would let a later item move up.
    """
    out = list(operators)
    for place, operator in enumerate(operators):
        if not isinstance(operator, Unwind):
            continue
        for later in operators[place + 1 :]:
            if isinstance(later, Sort) and not later.keys and later.limit is not None:
                out[place] = replace(operator, most=later.skip + later.limit)
            if not isinstance(later, Project) or not all(
                isinstance(e, ast.Variable) for _, e in later.items
            ):
                break
    return tuple(out)
