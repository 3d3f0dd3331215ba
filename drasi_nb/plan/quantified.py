"""GQL's quantified paths: a MATCH as the union of the patterns that the counts stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from drasi_nb.language import ast
from drasi_nb.plan.calls import Scope
from drasi_nb.plan.expressions import Checker
from drasi_nb.plan.nodes import rewrite

MOST_PATTERNS = 64
"""How many patterns one MATCH may stand for."""


def is_quantified(clause: ast.Match) -> bool:
    """Return whether a MATCH has a quantified path."""
    return any(isinstance(e, ast.QuantifiedPath) for p in clause.patterns for e in p.elements)


def unrolled(clause: ast.Match, scope: Scope, checker: Checker) -> ast.CallSubquery:
    """Return ``CALL (*) { MATCH .. RETURN .. UNION ALL .. }`` in the place of a MATCH, WHERE aside.

    Raises:
        QuerySemanticError: A quantifier has no upper bound, or they stand for too many patterns.
    """
    ranges = list[range]()
    for path in clause.patterns:
        for element in path.elements:
            if isinstance(element, ast.QuantifiedPath):
                low, high = element.length.minimum or 0, element.length.maximum
                if high is None:
                    raise checker.error(
                        "a quantified path needs an upper bound",
                        element.span,
                        "unbounded-path",
                        "write {1,5}; one relation alone may go without: -[:TYPE]->+",
                    )
                if low > high:
                    raise checker.error(
                        f"a path of at least {low} and at most {high} never matches",
                        element.span,
                        "invalid-length",
                    )
                ranges.append(range(low, high + 1))
    if prod(map(len, ranges)) > MOST_PATTERNS:
        raise checker.error(
            f"the quantifiers stand for {prod(map(len, ranges))} patterns, at most"
            f" {MOST_PATTERNS} run",
            clause.span,
            "too-many-patterns",
        )
    branches = tuple(_branch(clause, counts, scope) for counts in product(*ranges))
    query = ast.Query(clause.span, branches, (True,) * (len(branches) - 1))
    return ast.CallSubquery(clause.span, query, ("*",))


def _branch(clause: ast.Match, counts: tuple[int, ...], scope: Scope) -> ast.SingleQuery:
    flat, left = _Flat(scope), iter(counts)
    patterns = tuple(flat.path(path, left) for path in clause.patterns)
    span = clause.span
    where: ast.Expr | None = None
    for condition in flat.conditions:
        plain = _renamed(condition, flat.merged)
        where = plain if where is None else ast.Binary(span, "AND", where, plain)
    items = tuple(
        ast.Item(span, _renamed(expression, flat.merged), name, name)
        for name, expression in sorted(flat.columns.items())
        if name not in scope
    ) or (ast.Item(span, ast.Literal(span, "NULL", None), "#", "#"),)
    returned = ast.Projection(span, False, False, items, (), None, None)
    return ast.SingleQuery(
        span, (ast.Match(span, False, patterns, where), ast.Return(span, returned))
    )


@dataclass(slots=True)
class _Flat:
    """Paths with the quantified ones written out.

    Attributes:
        scope: What is bound before.
        columns: What every variable stands for.
        conditions: All that stood inside of the paths.
        merged: Names of nodes that are another one's by now.
    """

    scope: Scope
    columns: dict[str, ast.Expr] = field(default_factory=dict[str, ast.Expr])
    conditions: list[ast.Expr] = field(default_factory=list[ast.Expr])
    merged: dict[str, str] = field(default_factory=dict[str, str])

    def path(self, path: ast.PathPattern, counts: Iterator[int]) -> ast.PathPattern:
        out = list[ast.PathElement]()
        for element in path.elements:
            if isinstance(element, ast.QuantifiedPath):
                self._repeat(out, element, next(counts))
                continue
            self._append(out, element)
            if element.variable is not None:
                self.columns[element.variable] = ast.Variable(element.span, element.variable)
        if not out:
            out.append(ast.NodePattern(path.span, None, None, None, None))
        if path.variable is not None:
            self.columns[path.variable] = ast.Variable(path.span, path.variable)
        return replace(path, elements=tuple(out))

    def _repeat(
        self, out: list[ast.PathElement], group: ast.QuantifiedPath, count: int
    ) -> None:
        variables = {e.variable for e in group.elements if e.variable is not None}
        lists: dict[str, list[ast.Expr]] = {name: [] for name in variables}
        for i in range(count):
            names = {name: f"{name}[{i}]" for name in variables}
            for element in group.elements:
                name = None if element.variable is None else names[element.variable]
                where = None if element.where is None else _renamed(element.where, names)
                self._append(out, replace(element, variable=name, where=where))
            for name, own in names.items():
                lists[name].append(ast.Variable(group.span, own))
            if group.where is not None:
                self.conditions.append(_renamed(group.where, names))
        for name, items in lists.items():
            self.columns[name] = ast.ListLiteral(group.span, tuple(items))

    def _append(
        self, out: list[ast.PathElement], element: ast.NodePattern | ast.RelationPattern
    ) -> None:
        """Add an element, its WHERE apart; two nodes side by side are one."""
        if element.where is not None:
            self.conditions.append(element.where)
        element = replace(element, where=None)
        last = out[-1] if out else None
        if not isinstance(last, ast.NodePattern) or not isinstance(element, ast.NodePattern):
            out.append(element)
            return
        span, a, b = last.span, last.variable, element.variable
        if a is not None and b is not None and a != b:
            if b in self.scope:
                self.conditions.append(
                    ast.Comparison(span, ast.Variable(span, a), (("=", ast.Variable(span, b)),))
                )
            else:
                self.merged[b] = a
        labels = last.labels or element.labels
        if last.labels is not None and element.labels is not None:
            labels = ast.LabelAnd(span, last.labels, element.labels)
        entries = tuple(
            entry
            for part in (last.properties, element.properties)
            if isinstance(part, ast.MapLiteral)
            for entry in part.entries
        )
        properties = ast.MapLiteral(span, entries) if entries else None
        out[-1] = ast.NodePattern(span, a or b, labels, properties, None)


def _renamed(condition: ast.Expr, names: dict[str, str]) -> ast.Expr:
    def change(e: ast.Expr) -> ast.Expr | None:
        name = e.name if isinstance(e, ast.Variable) else ""
        while name in names:
            name = names[name]
        return ast.Variable(e.span, name) if isinstance(e, ast.Variable) else None

    changed: ast.Expr = rewrite(condition, change)
    return changed
