"""From the syntax tree back to text: one clause to a line, brackets where they are needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from drasi_nb.language import ast
from drasi_nb.language.dialects import CYPHER, GQL, Dialect
from drasi_nb.language.spelling import label_text, literal_text, name_text, parameter_text

# how tight an operator binds; an operand that binds less tight stands in brackets
_OR, _XOR, _AND, _NOT, _COMPARED, _PREDICATE, _SUM, _PRODUCT, _POWER, _SIGN, _POSTFIX, _ATOM = (
    range(1, 13)
)
_BINARY = {
    "OR": _OR, "XOR": _XOR, "AND": _AND, "IN": _PREDICATE, "STARTS WITH": _PREDICATE,
    "ENDS WITH": _PREDICATE, "CONTAINS": _PREDICATE, "=~": _PREDICATE, "+": _SUM, "-": _SUM,
    "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT, "^": _POWER,
}  # fmt: skip
_LOOKS_LIKE_COMPREHENSION = re.compile(r"(?:\w+|`(?:[^`]|``)*`) IN ")


def to_text(query: ast.Query, dialect: Dialect = CYPHER) -> str:
    """Return the text of a query; parsed again it means the same and prints the same.

    Args:
        query: A tree of that language.
        dialect: The language; quantified paths and GROUP BY are GQL's only.
    """
    return _Printer(dialect).query(query, "\n")


def expression_text(expression: ast.Expr, dialect: Dialect = CYPHER) -> str:
    """Return the text of an expression alone; see ``to_text()``."""
    return _Printer(dialect).expr(expression)


class _Printer:
    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    # -- clauses ------------------------------------------------------------------------

    def query(self, query: ast.Query, between: str) -> str:
        out = between.join(self.clauses(query.parts[0]))
        for part, all_ in zip(query.parts[1:], query.all_, strict=True):
            union = "UNION ALL" if all_ else "UNION"
            out += f"{between}{union}{between}{between.join(self.clauses(part))}"
        return out

    def clauses(self, query: ast.SingleQuery) -> Iterator[str]:
        for clause in query.clauses:
            yield self.clause(clause)

    def clause(self, clause: ast.Clause) -> str:
        match clause:
            case ast.Match(optional=optional, patterns=patterns, where=where):
                paths = ", ".join(map(self.path, patterns))
                return f"{'OPTIONAL ' * optional}MATCH {paths}{self.where(where)}"
            case ast.Unwind(source=source, variable=name):
                if self.dialect is GQL:
                    return f"FOR {name_text(name)} IN {self.expr(source)}"
                return f"UNWIND {self.expr(source)} AS {name_text(name)}"
            case ast.With(projection=projection, where=where):
                if self.dialect is GQL:
                    return self.statement(projection, where)
                return f"WITH {self.projection(projection)}{self.where(where)}"
            case ast.Return(projection=projection):
                return f"RETURN {self.projection(projection)}"
            case ast.CallSubquery(query=query, imports=imports):
                names = "" if imports is None else f"({', '.join(map(_import, imports))}) "
                return f"CALL {names}{{ {self.query(query, ' ')} }}"
            case _:
                raise TypeError(f"no text for {type(clause).__name__}")

    def statement(self, projection: ast.Projection, where: ast.Expr | None) -> str:
        """Return the GQL statement that a WITH stands for."""
        order = self.order(projection).strip()
        if where is not None:
            return f"FILTER {self.expr(where)}"
        if projection.star and not projection.distinct:
            if projection.items:
                items = (
                    f"{name_text(i.name)} = {self.expr(i.expression)}" for i in projection.items
                )
                return f"LET {', '.join(items)}"
            if order:
                return order
        return f"RETURN {self.projection(projection)} NEXT"

    def projection(self, projection: ast.Projection) -> str:
        parts = ["*"] * projection.star + [self.item(item) for item in projection.items]
        out = "DISTINCT " * projection.distinct + ", ".join(parts)
        if projection.group_by is not None:
            out += f" GROUP BY {self.exprs(projection.group_by) or '()'}"
        return out + self.order(projection)

    def item(self, item: ast.Item) -> str:
        text = self.expr(item.expression)
        plain = item.expression.name if isinstance(item.expression, ast.Variable) else text
        if item.alias is None and item.name == plain:
            return text
        return f"{text} AS {name_text(item.name)}"  # the column keeps its name

    def order(self, projection: ast.Projection) -> str:
        out = ""
        if projection.order_by:
            keys = (
                self.expr(k.expression) + " DESC" * k.descending for k in projection.order_by
            )
            out += f" ORDER BY {', '.join(keys)}"
        if projection.skip is not None:
            out += (
                f" {'OFFSET' if self.dialect is GQL else 'SKIP'} {self.expr(projection.skip)}"
            )
        if projection.limit is not None:
            out += f" LIMIT {self.expr(projection.limit)}"
        return out

    def where(self, where: ast.Expr | None) -> str:
        return "" if where is None else f" WHERE {self.expr(where)}"

    # -- patterns -----------------------------------------------------------------------

    def path(self, path: ast.PathPattern) -> str:
        inside = "".join(map(self.element, path.elements))
        text = f"{path.shortest}({inside})" if path.shortest else inside
        return f"{name_text(path.variable)} = {text}" if path.variable is not None else text

    def element(self, element: ast.PathElement) -> str:
        match element:
            case ast.QuantifiedPath(elements=elements, where=where, length=length):
                inside = "".join(map(self.element, elements))
                low, high = length.minimum, length.maximum
                times = f"{{{low or 0},{'' if high is None else high}}}"
                return f"({inside}{self.where(where)}){times}"
            case ast.NodePattern(labels=labels):
                return f"({self.inside(element, labels, '').strip()})"
            case ast.RelationPattern(types=types, direction=direction, length=length):
                inside = self.inside(element, types, _length_text(length))
                left, right = (
                    "<-" if direction == "<-" else "-",
                    "->" if direction == "->" else "-",
                )
                return f"{left}[{inside}]{right}" if inside else left + right

    def inside(
        self,
        element: ast.NodePattern | ast.RelationPattern,
        labels: ast.LabelExpr | None,
        length: str,
    ) -> str:
        out = "" if element.variable is None else name_text(element.variable)
        if labels is not None:
            out += f":{label_text(labels)}"
        out += length
        if element.properties is not None:
            out += f"{' ' if out else ''}{self.expr(element.properties)}"
        return out + (self.where(element.where) if out else self.where(element.where).lstrip())

    # -- expressions --------------------------------------------------------------------

    def exprs(self, items: Iterable[ast.Expr]) -> str:
        return ", ".join(map(self.expr, items))

    def expr(self, e: ast.Expr, least: int = 0) -> str:
        """Return an expression, in brackets if it binds less tight than ``least``."""
        level, text = self.spelled(e)
        return text if level >= least else f"({text})"

    def before_bar(self, e: ast.Expr) -> str:
        """Return an expression that ``|`` follows, which would go on a label."""
        return f"({self.expr(e)})" if _has_labels(e) else self.expr(e)

    def spelled(self, e: ast.Expr) -> tuple[int, str]:
        match e:
            case ast.Literal(kind=kind, value=value):
                number = kind in ("INTEGER", "FLOAT")  # -1.x would be read otherwise
                return _SIGN if number else _ATOM, literal_text(kind, value)
            case ast.Parameter(name=name):
                return _ATOM, parameter_text(name)
            case ast.Variable(name=name):
                return _ATOM, name_text(name)
            case ast.Property(base=base, key=key):
                return _POSTFIX, f"{self.expr(base, _POSTFIX)}.{name_text(key)}"
            case ast.Index(base=base, index=index):
                return _POSTFIX, f"{self.expr(base, _POSTFIX)}[{self.expr(index)}]"
            case ast.Slice(base=base, start=start, stop=stop):
                low, high = ("" if x is None else self.expr(x) for x in (start, stop))
                return _POSTFIX, f"{self.expr(base, _POSTFIX)}[{low}..{high}]"
            case ast.HasLabels(base=ast.Variable() | ast.Property() as base, labels=labels):
                # what follows, a bracket or a dot, would be read as part of the label
                return _SIGN, f"{self.expr(base, _POSTFIX)}:{label_text(labels)}"
            case ast.HasLabels(base=base, labels=labels):
                return _PREDICATE, f"{self.expr(base, _PREDICATE)} IS {label_text(labels)}"
            case ast.Unary(op="NOT", operand=operand):
                return _NOT, f"NOT {self.expr(operand, _NOT)}"
            case ast.Unary(op=op, operand=operand):
                text = self.expr(operand, _SIGN)
                return _SIGN, f"{op}({text})" if text[0].isdigit() else f"{op}{text}"
            case ast.Binary(op=op, left=left, right=right):
                level = _BINARY[op]
                return level, f"{self.expr(left, level)} {op} {self.expr(right, level + 1)}"
            case ast.Comparison(first=first, rest=rest):
                pairs = (f" {op} {self.expr(other, _PREDICATE)}" for op, other in rest)
                return _COMPARED, self.expr(first, _PREDICATE) + "".join(pairs)
            case ast.IsNull(operand=operand, negated=negated):
                null = "IS NOT NULL" if negated else "IS NULL"
                return _PREDICATE, f"{self.expr(operand, _PREDICATE)} {null}"
            case _:
                return _ATOM, self.atom(e)

    def atom(self, e: Any) -> str:
        match e:
            case ast.ListLiteral(items=items):
                text = self.exprs(items)
                if items and _LOOKS_LIKE_COMPREHENSION.match(text):
                    text = ", ".join([f"({self.expr(items[0])})", *map(self.expr, items[1:])])
                return f"[{text}]"
            case ast.MapLiteral(entries=entries):
                pairs = (f"{name_text(key)}: {self.expr(value)}" for key, value in entries)
                return f"{{{', '.join(pairs)}}}"
            case ast.MapProjection(base=base, items=items):
                return f"{name_text(base.name)} {{{', '.join(self.entry(*i) for i in items)}}}"
            case ast.Case(subject=subject, whens=whens, default=default):
                out = "CASE" if subject is None else f"CASE {self.expr(subject)}"
                for when, then in whens:
                    out += f" WHEN {self.expr(when)} THEN {self.expr(then)}"
                return (
                    f"{out} END" if default is None else f"{out} ELSE {self.expr(default)} END"
                )
            case ast.CountStar():
                return "count(*)"
            case ast.FunctionCall(name=name, args=args, distinct=distinct):
                dotted = ".".join(map(name_text, name.split(".")))
                return f"{dotted}({'DISTINCT ' * distinct}{self.exprs(args)})"
            case ast.PatternPredicate(pattern=pattern):
                return self.path(pattern)
            case ast.Subquery(kind=kind, query=query):
                return f"{kind} {{ {self.query(query, ' ')} }}"
            case _:
                return self.over_list(e)

    def over_list(self, e: Any) -> str:
        match e:
            case ast.PatternComprehension(pattern=pattern, where=where, result=result):
                kept = "" if where is None else f" WHERE {self.before_bar(where)}"
                return f"[{self.path(pattern)}{kept} | {self.expr(result)}]"
            case ast.ListComprehension(
                variable=name, source=source, where=where, result=result
            ):
                out = f"{name_text(name)} IN {self.before_bar(source)}"
                if where is not None:
                    out += f" WHERE {self.before_bar(where)}"
                return f"[{out}]" if result is None else f"[{out} | {self.expr(result)}]"
            case ast.Quantifier(kind=kind, variable=name, source=source, where=where):
                return f"{kind}({name_text(name)} IN {self.expr(source)}{self.where(where)})"
            case ast.Reduce(accumulator=acc, initial=initial, variable=name):
                head = f"{name_text(acc)} = {self.expr(initial)}, {name_text(name)} IN "
                return f"reduce({head}{self.before_bar(e.source)} | {self.expr(e.body)})"
            case _:
                raise TypeError(f"no text for {type(e).__name__}")

    def entry(self, key: str, value: ast.Expr | None) -> str:
        """Return one item of a map projection."""
        if value is not None:
            return f"{name_text(key)}: {self.expr(value)}"
        return key if key == ".*" else f".{name_text(key[1:])}"


def _import(name: str) -> str:
    return name if name == "*" else name_text(name)


def _has_labels(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(map(_has_labels, value))
    if isinstance(value, ast.HasLabels):
        return True
    if not isinstance(value, ast.Node):
        return False
    names = (name for name in value.__dataclass_fields__ if name != "span")
    return any(_has_labels(getattr(value, name)) for name in names)


def _length_text(length: ast.Length | None) -> str:
    if length is None:
        return ""
    low, high = ("" if n is None else str(n) for n in (length.minimum, length.maximum))
    return f"*{low}" if low == high else f"*{low}..{high}"
