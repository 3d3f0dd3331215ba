"""The syntax tree: one frozen node per construct, each with the span of its text.

Equality ignores spans, so two places with the same text are equal nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as Choice

from drasi_nb.span import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Base of every tree node."""

    span: Span = field(compare=False, repr=False)


class Expr(Node):
    """An expression; its value is computed per row."""

    __slots__ = ()


LiteralKind = Choice["INTEGER", "FLOAT", "STRING", "BOOLEAN", "NULL"]


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """A constant; ``kind`` keeps 1, 1.0 and true apart."""

    kind: LiteralKind
    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Parameter(Expr):
    """``$name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable(Expr):
    """A name bound by a pattern, a projection or an enclosing comprehension."""

    name: str


@dataclass(frozen=True, slots=True)
class Property(Expr):
    """``base.key``."""

    base: Expr
    key: str


@dataclass(frozen=True, slots=True)
class ListLiteral(Expr):
    """``[a, b]``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class MapLiteral(Expr):
    """``{key: value}``; a repeated key keeps its last value."""

    entries: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Index(Expr):
    """``base[index]``, on lists by position and on maps and elements by key."""

    base: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Slice(Expr):
    """``base[start..stop]``."""

    base: Expr
    start: Expr | None
    stop: Expr | None


UnaryOp = Choice["NOT", "-", "+"]
BinaryOp = Choice[
    "OR",
    "XOR",
    "AND",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "IN",
    "STARTS WITH",
    "ENDS WITH",
    "CONTAINS",
    "=~",
]
ComparisonOp = Choice["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Unary(Expr):
    """A prefix operator."""

    op: UnaryOp
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """An infix operator other than a comparison."""

    op: BinaryOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Comparison(Expr):
    """``first op a op b ...``: a chain means the conjunction of its neighbouring pairs."""

    first: Expr
    rest: tuple[tuple[ComparisonOp, Expr], ...]


@dataclass(frozen=True, slots=True)
class IsNull(Expr):
    """``operand IS NULL``, or IS NOT NULL when ``negated``."""

    operand: Expr
    negated: bool


@dataclass(frozen=True, slots=True)
class Case(Expr):
    """``CASE [subject] WHEN .. THEN .. ELSE .. END``; without ELSE the value is null."""

    subject: Expr | None
    whens: tuple[tuple[Expr, Expr], ...]
    default: Expr | None


@dataclass(frozen=True, slots=True)
class FunctionCall(Expr):
    """``name(args)``; ``name`` as written, dots included."""

    name: str
    args: tuple[Expr, ...]
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class CountStar(Expr):
    """``count(*)``."""


@dataclass(frozen=True, slots=True)
class ListComprehension(Expr):
    """``[variable IN source WHERE where | result]``."""

    variable: str
    source: Expr
    where: Expr | None
    result: Expr | None


@dataclass(frozen=True, slots=True)
class Quantifier(Expr):
    """``all|any|none|single(variable IN source WHERE where)``."""

    kind: Choice["all", "any", "none", "single"]
    variable: str
    source: Expr
    where: Expr


@dataclass(frozen=True, slots=True)
class Reduce(Expr):
    """``reduce(accumulator = initial, variable IN source | body)``."""

    accumulator: str
    initial: Expr
    variable: str
    source: Expr
    body: Expr


# -- labels -------------------------------------------------------------------------------


class LabelExpr(Node):
    """A condition on the labels of a node or the type of a relation."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Label(LabelExpr):
    """The label ``name``."""

    name: str


@dataclass(frozen=True, slots=True)
class LabelAny(LabelExpr):
    """``%``: at least one label."""


@dataclass(frozen=True, slots=True)
class LabelNot(LabelExpr):
    """``!operand``."""

    operand: LabelExpr


@dataclass(frozen=True, slots=True)
class LabelAnd(LabelExpr):
    """``left&right``, also written ``:left:right``."""

    left: LabelExpr
    right: LabelExpr


@dataclass(frozen=True, slots=True)
class LabelOr(LabelExpr):
    """``left|right``."""

    left: LabelExpr
    right: LabelExpr


@dataclass(frozen=True, slots=True)
class HasLabels(Expr):
    """The predicate ``base:Label``; on a relation, of its type."""

    base: Expr
    labels: LabelExpr


# -- patterns -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodePattern(Node):
    """``(variable:labels {properties} WHERE where)``."""

    variable: str | None
    labels: LabelExpr | None
    properties: MapLiteral | Parameter | None
    where: Expr | None


@dataclass(frozen=True, slots=True)
class Length:
    """``*minimum..maximum`` as written; None is a bound left out."""

    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, slots=True)
class RelationPattern(Node):
    """``-[variable:types*length {properties} WHERE where]->``; direction as drawn."""

    variable: str | None
    types: LabelExpr | None
    direction: Choice["->", "<-", "-"]
    length: Length | None
    properties: MapLiteral | Parameter | None
    where: Expr | None


@dataclass(frozen=True, slots=True)
class QuantifiedPath(Node):
    """GQL's ``((a)-[r]->(b) WHERE where){1,3}``: a path so many times, end to end.

    Its variables stand for lists outside of it.
    """

    elements: tuple[NodePattern | RelationPattern, ...]
    where: Expr | None
    length: Length


PathElement = NodePattern | RelationPattern | QuantifiedPath


@dataclass(frozen=True, slots=True)
class PathPattern(Node):
    """``variable = (..)-[..]->(..)``: a relation between two nodes; quantified paths anywhere."""

    variable: str | None
    elements: tuple[PathElement, ...]
    shortest: Choice["shortestPath", "allShortestPaths"] | None = None


@dataclass(frozen=True, slots=True)
class PatternComprehension(Expr):
    """``[variable = pattern WHERE where | result]``."""

    pattern: PathPattern
    where: Expr | None
    result: Expr


@dataclass(frozen=True, slots=True)
class PatternPredicate(Expr):
    """A bare pattern as a condition: true where it matches at least once."""

    pattern: PathPattern


@dataclass(frozen=True, slots=True)
class Subquery(Expr):
    """``EXISTS|COUNT|COLLECT { query }``; a bare pattern inside is a MATCH without RETURN."""

    kind: Choice["EXISTS", "COUNT", "COLLECT"]
    query: Query


@dataclass(frozen=True, slots=True)
class MapProjection(Expr):
    """``base {.key, .*, name, key: expression}``.

    Items: ``(".key", None)`` a property, ``(".*", None)`` all of them, ``(key, expression)``
    an entry; a bare name is the entry of that name with the variable as its expression.
    """

    base: Variable
    items: tuple[tuple[str, Expr | None], ...]


# -- clauses ------------------------------------------------------------------------------


class Clause(Node):
    """A reading clause."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Match(Clause):
    """``[OPTIONAL] MATCH patterns WHERE where``."""

    optional: bool
    patterns: tuple[PathPattern, ...]
    where: Expr | None


@dataclass(frozen=True, slots=True)
class Unwind(Clause):
    """``UNWIND source AS variable``."""

    source: Expr
    variable: str


@dataclass(frozen=True, slots=True)
class Item(Node):
    """``expression [AS alias]``; ``name`` is the alias or the expression's text as written."""

    expression: Expr
    alias: str | None
    name: str


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """``expression [ASC|DESC]``."""

    expression: Expr
    descending: bool


@dataclass(frozen=True, slots=True)
class Projection(Node):
    """What WITH and RETURN share; ``star`` comes before ``items``, GROUP BY is GQL's."""

    distinct: bool
    star: bool
    items: tuple[Item, ...]
    order_by: tuple[SortKey, ...]
    skip: Expr | None
    limit: Expr | None
    group_by: tuple[Expr, ...] | None = None


@dataclass(frozen=True, slots=True)
class With(Clause):
    """``WITH projection WHERE where``."""

    projection: Projection
    where: Expr | None


@dataclass(frozen=True, slots=True)
class Return(Clause):
    """``RETURN projection``."""

    projection: Projection


@dataclass(frozen=True, slots=True)
class CallSubquery(Clause):
    """``CALL [(imports)] { query }``; ``imports`` None when not written, ("*",) for all."""

    query: Query
    imports: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class SingleQuery(Node):
    """Clauses in order; the last is RETURN, except inside EXISTS and COUNT."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Query(Node):
    """Single queries joined by UNION; ``all_`` holds, per UNION, whether it was UNION ALL."""

    parts: tuple[SingleQuery, ...]
    all_: tuple[bool, ...]
