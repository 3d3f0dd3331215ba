"""Differences in expressions: operators, comparisons, nulls."""

from __future__ import annotations

from collections.abc import Iterator

from drasi_nb.functions.aggregates import AGGREGATES
from drasi_nb.functions.registry import lookup
from drasi_nb.language import ast
from drasi_nb.runtime.configuration.lint.rules import Found
from drasi_nb.runtime.configuration.lint.walking import Text, children, walk

_NUMBERS = ("INTEGER", "FLOAT", "NUMBER")
_ORDERED_BY_TEXT = ("STRING", "BOOLEAN")


def found(query: Text) -> Iterator[Found]:
    """Yield the differences in expressions."""
    for node in walk(query.tree):
        match node:
            case ast.Unary(op="NOT", operand=operand):
                if not _is_certain(operand):
                    yield Found("not-null", node.span)
            case ast.Unary():
                yield Found("unary-sign", node.span)
            case ast.Binary():
                yield from _binary(node)
            case ast.Comparison(first=first, rest=rest):
                if len(rest) > 1:
                    yield Found("comparison-chain", node.span)
                left = first
                for op, right in rest:
                    yield from _compared(node, left, op, right)
                    left = right
            case ast.NodePattern(properties=ast.MapLiteral() as properties) | (
                ast.RelationPattern(properties=ast.MapLiteral() as properties)
            ):
                for _, value in properties.entries:
                    if kind_of(value) == "NULL":
                        yield Found("null-comparison", value.span)
                    yield from _equal_numbers(None, kind_of(value), value)
            case ast.Case(subject=subject, whens=whens) if subject is not None:
                for when, _ in whens:
                    if kind_of(when) == "NULL":
                        yield Found("case-null", when.span)
            case ast.ListComprehension(source=source) | ast.Reduce(source=source):
                if not is_never_null(source):
                    yield Found("null-list", source.span)
            case ast.Item(expression=expression):
                yield from _null_values(expression)
            case ast.Slice(start=start) if start is not None and _is_negative(start):
                yield Found("slice", node.span)
            case ast.Slice(start=start) if start is not None and _may_be_negative(start):
                yield Found("slice", node.span, may=True)
            case ast.Index(index=index) if kind_of(index) in ("STRING", None):
                yield Found("string-index", node.span)
            case ast.MapLiteral(entries=()):
                yield Found("empty-map", node.span)
            case ast.HasLabels():
                yield Found("label-predicate", node.span)
            case ast.MapProjection():
                yield Found("map-projection", node.span)
            case ast.Quantifier(kind=kind):
                yield Found("quantifier", node.span, kind)
            case ast.PatternComprehension():
                yield Found("pattern-comprehension", node.span)
            case ast.PatternPredicate():
                yield Found("pattern-predicate", node.span)
            case ast.Subquery(kind=kind):
                yield Found("subquery", node.span, kind)
            case _:
                pass


def kind_of(e: ast.Node) -> str | None:
    """Return the type name of an expression's value, as far as the text tells."""
    match e:
        case ast.Literal(kind=kind):
            return kind
        case ast.ListLiteral() | ast.ListComprehension() | ast.PatternComprehension():
            return "LIST"
        case ast.MapLiteral() | ast.MapProjection():
            return "MAP"
        case ast.CountStar():
            return "INTEGER"
        case ast.Comparison() | ast.IsNull() | ast.HasLabels() | ast.Quantifier():
            return "BOOLEAN"
        case ast.Unary(op="NOT"):
            return "BOOLEAN"
        case ast.Unary(operand=operand):
            return kind_of(operand)
        case ast.Binary():
            return _kind_of_binary(e)
        case ast.FunctionCall(name=name):
            if name.lower() in ("sum", "min", "max"):
                inner = kind_of(e.args[0]) if e.args else None
                return inner if inner in _NUMBERS else None
            known = AGGREGATES.get(name.lower()) or lookup(name)
            result = "" if known is None else known.signature.rpartition("->")[2].strip()
            return result if result not in ("", "ANY") else None
        case _:
            return None


def _kind_of_binary(e: ast.Binary) -> str | None:
    if e.op not in ("+", "-", "*", "/", "%", "^"):
        return "BOOLEAN"
    left, right = kind_of(e.left), kind_of(e.right)
    if e.op == "+" and "STRING" in (left, right):
        return "STRING"
    if left == right == "INTEGER":
        return "FLOAT" if e.op == "^" else "INTEGER"
    if "FLOAT" in (left, right) and (left in _NUMBERS or right in _NUMBERS):
        return "FLOAT"
    return "NUMBER" if left in _NUMBERS and right in _NUMBERS else None


def _binary(e: ast.Binary) -> Iterator[Found]:
    left, right = kind_of(e.left), kind_of(e.right)
    match e.op:
        case "XOR":
            yield Found("xor", e.span)
        case "=~":
            yield Found("regular-expression", e.span)
        case "/" if "FLOAT" not in (left, right):
            yield Found("integer-division", e.span, may=not left == right == "INTEGER")
        case "%":
            divisor = e.right
            if not (isinstance(divisor, ast.Literal) and divisor.value):
                yield Found("modulo-zero", divisor.span)
        case "+" if "LIST" in (left, right):
            yield Found("list-plus", e.span)
        case "+" if "STRING" in (left, right) and not {left, right} & {"INTEGER", "BOOLEAN"}:
            if left != right:
                yield Found("float-text", e.span)
        case "IN":
            items = e.right.items if isinstance(e.right, ast.ListLiteral) else (e.right,)
            if any(kind_of(item) == "NULL" for item in (e.left, *items)):
                yield Found("null-in-list", e.span)
            elif not all(map(is_never_null, (e.left, *items))):
                yield Found("null-in-list", e.span, may=True)
        case _:
            pass


def _compared(e: ast.Comparison, left: ast.Expr, op: str, right: ast.Expr) -> Iterator[Found]:
    kinds = (kind_of(left), kind_of(right))
    if "NULL" in kinds:
        yield Found("null-comparison", e.span)
    elif op == "=":
        yield from _equal_numbers(*kinds, e)
        if kinds == (None, None):
            is_element = isinstance(left, ast.Variable) and isinstance(right, ast.Variable)
            yield Found("element-equality" if is_element else "null-equality", e.span)
    elif op == "<>":
        numbers = kinds[0] in _NUMBERS and kinds[1] in _NUMBERS
        if not numbers and (None in kinds or kinds[0] != kinds[1]):
            yield Found("unequal", e.span)
    elif any(kind in _ORDERED_BY_TEXT for kind in kinds):
        yield Found("string-order", e.span, op)
    elif kinds == (None, None):
        yield Found("string-order", e.span, op, may=True)


def _equal_numbers(a: str | None, b: str | None, at: ast.Node) -> Iterator[Found]:
    """Yield whether two values that are compared may be numbers of different kinds."""
    if {a, b} == {"INTEGER", "FLOAT"}:
        yield Found("number-equality", at.span)
    elif a == b != "NUMBER":
        return
    elif all(kind is None or kind in _NUMBERS for kind in (a, b)):
        yield Found("number-equality", at.span, may=True)


def _null_values(e: ast.Node) -> Iterator[Found]:
    """Yield truths that may be null where they are values, not conditions."""
    match e:
        case ast.Comparison() | ast.Binary(op="AND" | "OR"):
            if not is_never_null(e):
                yield Found("null-value", e.span)
        case ast.Case(subject=None, whens=whens, default=default):
            for _, then in whens:
                yield from _null_values(then)
            if default is not None:
                yield from _null_values(default)
        case ast.ListComprehension(source=source, result=result):
            for part in (source, result):
                if part is not None:
                    yield from _null_values(part)
        case ast.Unary(op="NOT") | ast.Subquery() | ast.PatternComprehension():
            return  # found by themselves
        case _:
            for child in children(e):
                yield from _null_values(child)


def is_never_null(e: ast.Node) -> bool:
    """Return whether an expression has a value whatever the data."""
    match e:
        case ast.Literal(kind=kind):
            return kind != "NULL"
        case ast.ListLiteral() | ast.MapLiteral() | ast.CountStar():
            return True
        case ast.ListComprehension(source=source):
            return is_never_null(source)
        case ast.Comparison(first=first, rest=rest):
            return all(map(is_never_null, (first, *(other for _, other in rest))))
        case ast.Binary(left=left, right=right):
            return is_never_null(left) and is_never_null(right)
        case ast.FunctionCall(name=name, args=args):
            known = ("coalesce", "collect", "count", "range", "elementid")
            if name.lower() == "coalesce":
                return any(map(is_never_null, args))
            return name.lower() in known
        case _:
            return isinstance(e, ast.Expr) and _is_certain(e)


def _is_certain(e: ast.Expr) -> bool:
    """Return whether an expression is never null."""
    match e:
        case ast.IsNull() | ast.HasLabels() | ast.Subquery() | ast.PatternPredicate():
            return True
        case ast.Literal(kind="BOOLEAN"):
            return True
        case ast.Binary(op="AND" | "OR" | "XOR", left=left, right=right):
            return _is_certain(left) and _is_certain(right)
        case ast.Unary(op="NOT", operand=operand):
            return _is_certain(operand)
        case _:
            return False


def _is_negative(e: ast.Expr) -> bool:
    return isinstance(e, ast.Literal) and isinstance(e.value, int) and e.value < 0


def _may_be_negative(e: ast.Expr) -> bool:
    return not isinstance(e, ast.Literal)
