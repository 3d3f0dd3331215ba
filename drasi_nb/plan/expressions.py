"""Checking an expression: names, functions, types where known, parameters made constants."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import count
from typing import Any

from drasi_nb.errors import ChangeError, QuerySemanticError
from drasi_nb.functions.registry import lookup
from drasi_nb.language import ast
from drasi_nb.plan.calls import KINDS, Scope, check_call, is_aggregate
from drasi_nb.plan.joins import Joins
from drasi_nb.plan.nodes import Constant, children
from drasi_nb.span import Span
from drasi_nb.values.change import stored_value
from drasi_nb.values.logic import type_name

_LATER = {
    ast.PatternPredicate: "a pattern as a condition",
    ast.PatternComprehension: "pattern comprehension",
    ast.Subquery: "a subquery in an expression",
}
_NUMERIC = {"INTEGER", "FLOAT", "NUMBER"}
_ELEMENT = {"NODE", "RELATIONSHIP", "MAP", "ANY", "NULL"}


class Checker:
    """Checks expressions of one query text.

    Args:
        text: The query.
        parameters: Values of ``$name``.
        joins: Synthetic joins by relation type.
    """

    def __init__(
        self, text: str, parameters: Mapping[str, Any], joins: Joins | None = None
    ) -> None:
        self.text, self.parameters, self.joins = text, parameters, joins or {}
        self._fresh = count()

    def fresh(self, prefix: str) -> str:
        """Return a name that no query text can contain."""
        return f"#{prefix}{next(self._fresh)}"

    def error(
        self, problem: str, span: Span, code: str, hint: str | None = None
    ) -> QuerySemanticError:
        """Return the error to raise for a place in the text."""
        return QuerySemanticError(problem, self.text, span, code=code, hint=hint)

    def later(self, what: str, span: Span) -> QuerySemanticError:
        """Return the refusal of what can be read and does not run yet."""
        return self.error(
            f"{what} does not run yet",
            span,
            "not-yet",
            "see what a later release brings in the README",
        )

    def condition(self, expression: ast.Expr, scope: Scope, where: str) -> ast.Expr:
        """Return a checked condition; an aggregate in it is an error."""
        self.no_aggregate(expression, where)
        checked, kind = self.check(expression, scope)
        if kind not in ("BOOLEAN", "ANY", "NULL"):
            raise self.error(
                f"{where} needs a BOOLEAN, this is {kind}", expression.span, "type"
            )
        return checked

    def no_aggregate(self, expression: ast.Expr, where: str) -> None:
        """Refuse aggregates where there is nothing to aggregate."""
        if is_aggregate(expression):
            raise self.error(
                f"an aggregate cannot stand in {where}",
                expression.span,
                "invalid-aggregation",
                "aggregate in WITH, then filter: WITH f, count(*) AS n WHERE n > 1",
            )
        for child in children(expression):
            self.no_aggregate(child, where)

    def check(self, expression: ast.Expr, scope: Scope) -> tuple[ast.Expr, str]:
        """Return the expression with parameters bound, and its type as far as it is known.

        Raises:
            QuerySemanticError: An undefined name, a wrong type or arity, or a construct that
                does not run yet.
        """
        for construct, what in _LATER.items():
            if isinstance(expression, construct):
                raise self.later(what, expression.span)
        match expression:
            case ast.Literal(kind=literal):
                return expression, literal
            case ast.Parameter(span=span, name=name):
                return self._parameter(name, span)
            case ast.Variable(span=span, name=name):
                if name not in scope:
                    raise self.undefined(name, span, scope)
                return expression, scope[name]
            case ast.Property(span=span, base=base, key=key):
                checked, base_type = self.check(base, scope)
                if base_type in KINDS - _ELEMENT:
                    raise self.error(f"{base_type} has no properties", span, "type")
                return ast.Property(
                    span, checked, key
                ), "NULL" if base_type == "NULL" else "ANY"
            case ast.HasLabels(span=span, base=base, labels=labels):
                checked, base_type = self.check(base, scope)
                if base_type not in ("NODE", "RELATIONSHIP", "ANY", "NULL"):
                    raise self.error(f"{base_type} has no labels", span, "type")
                return ast.HasLabels(span, checked, labels), "BOOLEAN"
            case ast.FunctionCall() | ast.CountStar():
                return check_call(self, expression, scope)
            case ast.ListComprehension(span=span, variable=name, source=source):
                source, kind = self.check(source, scope)
                self.want(kind, ("LIST",), source.span, "IN")
                inner = {**scope, name: _item_type(source)}
                where = expression.where and self.condition(
                    expression.where, inner, "a list comprehension"
                )
                result = expression.result
                if result is not None:
                    self.no_aggregate(result, "a list comprehension")
                    result = self.check(result, inner)[0]
                return ast.ListComprehension(span, name, source, where, result), "LIST"
            case ast.Quantifier(span=span, variable=name, source=source, where=where):
                quantifier = expression.kind
                source, source_type = self.check(source, scope)
                self.want(source_type, ("LIST",), source.span, f"{quantifier}()")
                inner = {**scope, name: _item_type(source)}
                where = self.condition(where, inner, f"{quantifier}()")
                return ast.Quantifier(span, quantifier, name, source, where), "BOOLEAN"
            case ast.Reduce(span=span, accumulator=acc, variable=name, source=source):
                initial = self.check(expression.initial, scope)[0]
                source = self.check(source, scope)[0]
                self.no_aggregate(expression.body, "reduce()")
                body = self.check(expression.body, {**scope, acc: "ANY", name: "ANY"})[0]
                return ast.Reduce(span, acc, initial, name, source, body), "ANY"
            case ast.MapProjection(span=span, base=base, items=items):
                return self._map_projection(span, base, items, scope), "MAP"
            case ast.MapLiteral(span=span, entries=entries):
                checked_entries = tuple((key, self.check(e, scope)[0]) for key, e in entries)
                return ast.MapLiteral(span, checked_entries), "MAP"
            case ast.ListLiteral(span=span, items=items):
                return ast.ListLiteral(
                    span, tuple(self.check(e, scope)[0] for e in items)
                ), "LIST"
            case _:
                return self._operator(expression, scope)

    def _map_projection(
        self, span: Span, base: ast.Variable, items: tuple[tuple[str, ast.Expr | None], ...],
        scope: Scope,
    ) -> ast.Expr:  # fmt: skip
        self.check(base, scope)
        checked = tuple((key, e and self.check(e, scope)[0]) for key, e in items)
        return ast.MapProjection(span, base, checked)

    def undefined(self, name: str, span: Span, scope: Scope) -> QuerySemanticError:
        """Return the error for a name that stands for nothing here."""
        near = difflib.get_close_matches(name, [n for n in scope if not n.startswith("#")], 1)
        hint = f"did you mean {near[0]!r}?" if near else None
        return self.error(
            f"variable {name!r} is not defined here", span, "undefined-variable", hint
        )

    def _parameter(self, name: str, span: Span) -> tuple[ast.Expr, str]:
        if name not in self.parameters:
            near = difflib.get_close_matches(name, list(self.parameters), 1)
            hint = f"did you mean ${near[0]}?" if near else f"pass parameters={{{name!r}: ...}}"
            raise self.error(f"parameter ${name} has no value", span, "unbound-parameter", hint)
        try:
            value = stored_value(self.parameters[name])
        except ChangeError as error:
            raise self.error(
                f"parameter ${name}: {error.reason}", span, "parameter-type"
            ) from None
        kind = type_name(value)
        return Constant(span, value), kind if kind in KINDS or kind == "NULL" else "ANY"

    def want(self, kind: str, wanted: tuple[str, ...], span: Span, where: str) -> None:
        """Refuse a type, where it is known, that is none of those wanted."""
        if kind not in wanted and kind not in ("ANY", "NULL"):
            raise self.error(
                f"{where} takes {' or '.join(wanted)}, this is {kind}", span, "type"
            )

    def _operator(self, expression: ast.Expr, scope: Scope) -> tuple[ast.Expr, str]:
        match expression:
            case ast.Unary(span=span, op=op, operand=operand):
                checked, kind = self.check(operand, scope)
                wanted = ("BOOLEAN",) if op == "NOT" else ("INTEGER", "FLOAT", "NUMBER")
                self.want(kind, wanted, operand.span, op)
                return ast.Unary(span, op, checked), "BOOLEAN" if op == "NOT" else kind
            case ast.Binary(span=span, op=op, left=left, right=right):
                a, left_type = self.check(left, scope)
                b, right_type = self.check(right, scope)
                return ast.Binary(span, op, a, b), self._binary(
                    op, left, left_type, right, right_type
                )
            case ast.Comparison(span=span, first=first, rest=rest):
                head = self.check(first, scope)[0]
                return ast.Comparison(
                    span, head, tuple((op, self.check(e, scope)[0]) for op, e in rest)
                ), "BOOLEAN"
            case ast.IsNull(span=span, operand=operand, negated=negated):
                return ast.IsNull(span, self.check(operand, scope)[0], negated), "BOOLEAN"
            case ast.Case(span=span, subject=subject, whens=whens, default=default):
                return self._case(span, subject, whens, default, scope)
            case ast.Index(span=span, base=base, index=index):
                return ast.Index(
                    span, self.check(base, scope)[0], self.check(index, scope)[0]
                ), "ANY"
            case ast.Slice(span=span, base=base, start=start, stop=stop):
                parts = [e and self.check(e, scope)[0] for e in (start, stop)]
                return ast.Slice(span, self.check(base, scope)[0], parts[0], parts[1]), "LIST"
            case _:
                raise self.later(type(expression).__name__, expression.span)

    def _case(
        self, span: Span, subject: ast.Expr | None, whens: tuple[tuple[ast.Expr, ast.Expr], ...],
        default: ast.Expr | None, scope: Scope,
    ) -> tuple[ast.Expr, str]:  # fmt: skip
        checked_subject = subject and self.check(subject, scope)[0]
        checked = list[tuple[ast.Expr, ast.Expr]]()
        for when, then in whens:
            condition, kind = self.check(when, scope)
            if subject is None:
                self.want(kind, ("BOOLEAN",), when.span, "WHEN")
            checked.append((condition, self.check(then, scope)[0]))
        end = default and self.check(default, scope)[0]
        return ast.Case(span, checked_subject, tuple(checked), end), "ANY"

    def _binary(self, op: str, left: ast.Expr, a: str, right: ast.Expr, b: str) -> str:
        if op in ("AND", "OR", "XOR"):
            self.want(a, ("BOOLEAN",), left.span, op)
            self.want(b, ("BOOLEAN",), right.span, op)
            return "BOOLEAN"
        if op == "IN":
            self.want(b, ("LIST",), right.span, op)
            return "BOOLEAN"
        if op in ("STARTS WITH", "ENDS WITH", "CONTAINS", "=~"):
            return "BOOLEAN"
        if op == "+":
            known = {a, b}
            if known <= _NUMERIC:
                return "INTEGER" if known == {"INTEGER"} else "NUMBER"
            if "BOOLEAN" in known and not known & {"LIST", "ANY", "NULL"}:
                raise self.error(f"{a} + {b} has no meaning", left.span.to(right.span), "type")
            return "LIST" if "LIST" in known else "ANY"
        for side, kind in ((left, a), (right, b)):
            self.want(kind, ("INTEGER", "FLOAT", "NUMBER"), side.span, op)
        if op == "^":
            return "FLOAT"
        return "INTEGER" if a == b == "INTEGER" else "ANY" if "ANY" in (a, b) else "NUMBER"


def _item_type(source: ast.Expr) -> str:
    """Return the type of the items of a list, where its text tells."""
    if not isinstance(source, ast.ListLiteral):
        return "ANY"
    kinds = {item.kind if isinstance(item, ast.Literal) else "ANY" for item in source.items}
    return kinds.pop() if len(kinds) == 1 else "ANY"


_SAFE_BINARY = {"STARTS WITH", "ENDS WITH", "CONTAINS"}


def cannot_fail(expression: ast.Expr, slots: frozenset[str]) -> bool:
    """Return whether no data can make the expression fail, so that it may be tried early."""
    match expression:
        case ast.Literal() | Constant() | ast.Variable():
            return True
        case ast.Property(base=ast.Variable(name=name)):
            return name in slots
        case ast.HasLabels(base=ast.Variable(name=name)):
            return name in slots
        case ast.IsNull() | ast.ListLiteral() | ast.Comparison():
            pass
        case ast.Binary(op=op, left=left, right=right):
            if op in ("AND", "OR", "XOR"):
                return is_safe(left, slots) and is_safe(right, slots)
            if op == "IN":
                listed = isinstance(right, ast.ListLiteral) or (
                    isinstance(right, Constant) and type(right.value) in (list, type(None))
                )
                return listed and cannot_fail(left, slots) and cannot_fail(right, slots)
            if op not in _SAFE_BINARY:
                return False
        case ast.Unary(op="NOT", operand=operand):
            return is_safe(operand, slots)
        case _:
            return False
    return all(cannot_fail(child, slots) for child in children(expression))


def is_safe(expression: ast.Expr, slots: frozenset[str]) -> bool:
    """Return whether no data can make the expression fail as a condition."""
    return is_condition(expression) and cannot_fail(expression, slots)


def in_order(
    filters: list[ast.Expr], slots: frozenset[str], *, is_walked: bool
) -> list[ast.Expr]:
    """Return conditions in the order in which they are tried: those that cannot fail first.

    Args:
        filters: The conditions.
        slots: Names of what is matched.
        is_walked: Whether it pays to know early where a value, which may be no boolean, is false
            or null: then that comes first, as a condition of its own.
    """
    safe = [e for e in filters if is_safe(e, slots)]
    values = [e for e in filters if e not in safe and cannot_fail(e, slots)]
    others = [e for e in filters if e not in safe and e not in values]
    early = list[ast.Expr]()
    if is_walked and values:
        span = values[0].span
        no = ast.Literal(span, "BOOLEAN", value=False)
        early = [ast.Comparison(span, values[0], (("<>", no),))]
    return [*early, *safe, *values, *others]


def is_condition(expression: ast.Expr) -> bool:
    """Return whether the value can only be a boolean or null."""
    match expression:
        case ast.Literal(kind=kind):
            return kind in ("BOOLEAN", "NULL")
        case ast.Comparison() | ast.IsNull() | ast.HasLabels() | ast.Quantifier():
            return True
        case ast.Unary(op=op):
            return op == "NOT"
        case ast.Binary(op=op):
            return op in ("AND", "OR", "XOR", "IN", "=~") or op in _SAFE_BINARY
        case ast.FunctionCall(name=name):
            function = lookup(name)
            return function is not None and function.result == "BOOLEAN"
        case _:
            return False
