"""Calls that depend on the clock or on the row's past: found, and made columns of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from drasi_nb.functions.future import CLOCK_COMPARED
from drasi_nb.functions.registry import CLOCK_KINDS
from drasi_nb.functions.timed import TIMED
from drasi_nb.language import ast
from drasi_nb.plan.calls import arguments_of, has_aggregate, is_aggregate, latest_stamp
from drasi_nb.plan.expressions import Checker
from drasi_nb.plan.nodes import Operator, Project, Timed, TimedCall, rewrite, walk
from drasi_nb.plan.subqueries import LOCAL, mentioned
from drasi_nb.span import NOWHERE, Span

_WINDOW = "drasi.slidingwindow"
Add = Callable[[str, Span, tuple[ast.Expr, ...]], ast.Expr]
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _function(e: ast.Expr) -> str | None:
    """Return the key in TIMED of what a call calls, None of all else."""
    if not isinstance(e, ast.FunctionCall):
        return None
    name = e.name.lower()
    if name in CLOCK_KINDS and not e.args:
        return f"{name}.statement"
    return name if name in TIMED or name == _WINDOW else None


def has_timed(e: ast.Expr) -> bool:
    """Return whether a call of a function of time stands anywhere in an expression."""
    return any(_function(part) is not None for part in walk(e))


def _clock_comparison(e: ast.Expr) -> tuple[str, ast.Expr] | None:
    """Return (function, the other side) of a clock compared with a moment."""
    if not isinstance(e, ast.Comparison) or len(e.rest) != 1:
        return None
    op, second = e.rest[0]
    if op not in _FLIPPED:
        return None
    for clock, other, way in ((e.first, second, op), (second, e.first, _FLIPPED[op])):
        kind, _, how = (_function(clock) or "").partition(".")
        bare = isinstance(clock, ast.FunctionCall) and not clock.args
        if kind in CLOCK_COMPARED and how != "transaction" and bare and not has_timed(other):
            return f"#{kind} {way}", other
    return None


@dataclass(slots=True)
class Lifting:
    """Takes the timed calls out of one expression.

    Attributes:
        scope: Names the rows have; gains the columns that are added.
    """

    checker: Checker
    scope: dict[str, str]

    def lift(self, e: ast.Expr) -> tuple[list[Operator], ast.Expr]:
        """Return the operators that add the columns, and the expression over them.

        Raises:
            QuerySemanticError: A call is wrong, or depends on a variable of a list expression.
        """
        before, calls = list[Operator](), list[TimedCall]()
        arguments = list[tuple[str, ast.Expr]]()

        def add(key: str, span: Span, args: tuple[ast.Expr, ...]) -> ast.Expr:
            function = TIMED[key]
            plain = list[ast.Expr]()
            for arg in args:
                self.checker.no_aggregate(arg, f"{function.name}(), except by a WITH before it")
                steps, lifted = self.lift(arg) if has_timed(arg) else ([], arg)
                before.extend(steps)
                plain.append(lifted)
            call = ast.FunctionCall(span, function.name, tuple(plain))
            columns = list[str]()
            for checked in arguments_of(self.checker, function, call, self.scope):
                columns.append(self.checker.fresh("p"))
                arguments.append((columns[-1], checked))
            calls.append(TimedCall(self.checker.fresh("t"), key, tuple(columns)))
            return ast.Variable(span, calls[-1].name)

        def change(part: ast.Expr) -> ast.Expr | None:
            compared = _clock_comparison(part)
            if compared is not None:
                return add(compared[0], part.span, (compared[1],))
            key = _function(part)
            if key is not None:
                assert isinstance(part, ast.FunctionCall)
                if key == _WINDOW:
                    return self._windowed(part, add)
                return add(key, part.span, part.args)
            if isinstance(part, LOCAL):
                self._refuse_local(part)
            return None

        lifted: ast.Expr = rewrite(e, change)
        items = [(n, ast.Variable(NOWHERE, n)) for n in self.scope]
        stamp, latest = None, latest_stamp(self.scope)
        if latest is not None:
            stamp = self.checker.fresh("s")
            arguments.append((stamp, latest))
        for call in calls:
            result = TIMED[call.function].result
            self.scope[call.name] = result if result == "BOOLEAN" else "ANY"
        return [*before, Project((*items, *arguments)), Timed(tuple(calls), stamp)], lifted

    def _windowed(self, call: ast.FunctionCall, add: Add) -> ast.Expr:
        """Return ``drasi.slidingWindow(window, aggregates)``: of the rows in the window only."""
        if len(call.args) != 2 or not has_aggregate(call.args[1]):
            raise self.checker.error(
                "drasi.slidingWindow() takes a period and an expression with an aggregate",
                call.span,
                "wrong-arity",
                "for example drasi.slidingWindow(duration('PT1M'), avg(s.value))",
            )
        inside = add("#window", call.span, (call.args[0],))

        def change(part: ast.Expr) -> ast.Expr | None:
            if not is_aggregate(part):
                return None
            if isinstance(part, ast.FunctionCall):
                if not part.args:
                    return part  # refused by its arity
                first = ast.Case(part.span, None, ((inside, part.args[0]),), None)
                return replace(part, args=(first, *part.args[1:]))
            one = ast.Literal(part.span, "INTEGER", 1)
            counted = ast.Case(part.span, None, ((inside, one),), None)
            return ast.FunctionCall(part.span, "count", (counted,))

        out: ast.Expr = rewrite(call.args[1], change)
        return out

    def _refuse_local(self, part: ast.Expr) -> None:
        bound = {getattr(part, "variable", None), getattr(part, "accumulator", None)}
        for inner in walk(part):
            key = _function(inner)
            if key is not None and mentioned(inner) & bound:
                raise self.checker.error(
                    f"{key}() cannot depend on a variable of a list expression",
                    inner.span,
                    "timed-in-list",
                    "unwind the list first, so that every item is a row",
                )
