"""drasi.session() and drasi.hopping(): windows as columns of the rows that are grouped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drasi_nb.language import ast
from drasi_nb.plan.calls import has_aggregate
from drasi_nb.plan.expressions import Checker
from drasi_nb.plan.nodes import Operator, Project, Session, Unwind, rewrite, walk
from drasi_nb.span import NOWHERE

Items = list[tuple[str, ast.Item]]
Check = Callable[[ast.Expr, dict[str, str]], tuple[ast.Expr, str]]
SESSION = "drasi.session"


def _calls(e: ast.Expr) -> list[ast.FunctionCall]:
    every = (part for part in walk(e) if isinstance(part, ast.FunctionCall))
    return [part for part in every if part.name.lower() == SESSION]


def lift_sessions(
    items: Items, scope: dict[str, str], checker: Checker, check: Check
) -> tuple[list[Operator], Items]:
    """Return the operators that add session windows, and the items over them.

    The other items without an aggregate partition the rows: sessions are found in each part.

    Raises:
        QuerySemanticError: There are two sessions, one has not two arguments, or nothing is
            aggregated beside it.
    """
    found = [call for _, item in items for call in _calls(item.expression)]
    if not found:
        return [], items
    call = found[0]
    if any(other != call for other in found[1:]):
        raise checker.error(
            "a projection has one drasi.session()", found[1].span, "two-sessions",
            "group by one of them in a WITH before",
        )  # fmt: skip
    if len(call.args) != 2:
        raise checker.error(
            f"drasi.session() takes 2 arguments, got {len(call.args)}", call.span, "wrong-arity",
            "drasi.session(time, gap)",
        )  # fmt: skip
    if not any(has_aggregate(item.expression) for _, item in items):
        raise checker.error(
            "drasi.session() is a grouping key; nothing is aggregated beside it", call.span,
            "not-grouped", "add an aggregate, for example count(*)",
        )  # fmt: skip
    keys = [
        item.expression
        for _, item in items
        if not has_aggregate(item.expression) and not _calls(item.expression)
    ]
    names = [checker.fresh("d") for _ in (*call.args, *keys)]
    checked = [(n, check(e, scope)[0]) for n, e in zip(names, (*call.args, *keys), strict=True)]
    kept = [(name, ast.Variable(NOWHERE, name)) for name in scope]
    name = checker.fresh("w")
    steps: list[Operator] = [
        Project((*kept, *checked)),
        Session(names[0], names[1], tuple(names[2:]), name),
    ]
    scope[name] = "MAP"

    def change(e: ast.Expr) -> ast.Expr | None:
        return ast.Variable(e.span, name) if e == call else None

    changed = [
        (column, replace(item, expression=rewrite(item.expression, change)))
        for column, item in items
    ]
    return steps, changed


def lift_windows(
    expression: ast.Expr, scope: dict[str, str], checker: Checker, check: Check
) -> tuple[list[Operator], ast.Expr]:
    """Return the operators that make a row of each window of drasi.hopping(), and the rest."""
    steps = list[Operator]()

    def change(e: ast.Expr) -> ast.Expr | None:
        if not isinstance(e, ast.FunctionCall) or e.name.lower() != "drasi.hopping":
            return None
        checker.no_aggregate(e, "drasi.hopping()")
        name = checker.fresh("w")
        steps.append(Unwind(check(replace(e, name="#hopping"), scope)[0], name))
        scope[name] = "MAP"
        return ast.Variable(e.span, name)

    changed: ast.Expr = rewrite(expression, change)
    return steps, changed
