"""From the syntax tree to the plan: scopes, slots, grouping."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from drasi_nb.errors import QuerySemanticError
from drasi_nb.language import ast
from drasi_nb.language.labels import disjoint_types
from drasi_nb.plan.expressions import Checker, cannot_fail, has_aggregate, is_aggregate
from drasi_nb.plan.nodes import (
    Aggregate,
    AggregateCall,
    Filter,
    Match,
    NodeSlot,
    Operator,
    Plan,
    Project,
    RelationSlot,
    free_variables,
    rewrite,
)
from drasi_nb.span import NOWHERE


def bind(query: ast.Query, text: str, parameters: Mapping[str, Any]) -> Plan:
    """Return the plan of a parsed query.

    Raises:
        QuerySemanticError: The text means nothing, or what it means does not run yet.
    """
    checker = Checker(text, parameters)
    first, *others = query.parts
    if others:
        raise checker.later("UNION", others[0].span)
    return _Binder(checker).bind(first)


class _Binder:
    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.scope: dict[str, str] = {}
        self.operators: list[Operator] = []
        self.nodes: list[NodeSlot] = []
        self.relations: list[RelationSlot] = []
        self.unique: list[tuple[int, int]] = []
        self.filters: list[ast.Expr] = []
        self.columns: tuple[str, ...] = ()
        self.projected = False
        self.grouped = False  # whether the last projection aggregated

    def bind(self, query: ast.SingleQuery) -> Plan:
        error, later = self.checker.error, self.checker.later
        for clause in query.clauses:
            match clause:
                case ast.Match(optional=True, span=span):
                    raise later("OPTIONAL MATCH", span)
                case ast.Match(span=span):
                    if self.projected:
                        raise later("MATCH after WITH", span)
                    self._match(clause)
                case ast.With(projection=projection, where=where):
                    self._close_match(clause)
                    before = dict(self.scope)
                    self._project(projection, final=False)
                    if where is not None:
                        self._where(where, before)
                case ast.Return(projection=projection):
                    self._close_match(clause)
                    self._project(projection, final=True)
                case ast.Unwind(span=span):
                    raise later("UNWIND", span)
                case ast.CallSubquery(span=span):
                    raise later("CALL { }", span)
                case _:
                    raise later(type(clause).__name__, clause.span)
        if not query.clauses or not isinstance(query.clauses[-1], ast.Return):
            raise error(
                "a query ends with RETURN", query.span, "missing-return", "add RETURN ..."
            )
        every: list[NodeSlot | RelationSlot] = [*self.nodes, *self.relations]
        slots = {slot.name: slot for slot in every}
        return Plan(tuple(self.operators), self.columns, slots)

    def _where(self, where: ast.Expr, before: dict[str, str]) -> None:
        """Filter the rows of a WITH; unless it aggregates, the names before it are seen too."""
        last = self.operators[-1]
        hidden = {name: kind for name, kind in before.items() if name not in self.scope}
        seen = (
            {**hidden, **self.scope}
            if isinstance(last, Project) and not self.grouped
            else self.scope
        )
        condition = self.checker.condition(where, seen, "WHERE")
        used = (
            sorted(free_variables(condition) & hidden.keys()) if seen is not self.scope else []
        )
        if used and isinstance(last, Project):
            kept = tuple((name, ast.Variable(where.span, name)) for name in used)
            self.operators[-1] = Project((*last.items, *kept))
        self.operators.append(Filter(_conjuncts(condition)))
        if used:
            names = tuple((name, ast.Variable(where.span, name)) for name in self.scope)
            self.operators.append(Project(names))

    # -- patterns -----------------------------------------------------------------------

    def _close_match(self, clause: ast.Clause) -> None:
        if self.projected:
            return
        self.projected = True
        if not self.nodes:
            raise self.checker.later("a query without MATCH", clause.span)
        names = frozenset((*(s.name for s in self.nodes), *(s.name for s in self.relations)))
        early = [e for e in self.filters if cannot_fail(e, names)]
        late = [e for e in self.filters if not cannot_fail(e, names)]
        self.operators.append(
            Match(tuple(self.nodes), tuple(self.relations), tuple(self.unique), (*early, *late))
        )

    def _match(self, clause: ast.Match) -> None:
        first = len(self.relations)
        conditions = list[ast.Expr]()
        for pattern in clause.patterns:
            self._path(pattern, conditions, first)
        for a, b in combinations(range(first, len(self.relations)), 2):
            if not disjoint_types(self.relations[a].types, self.relations[b].types):
                self.unique.append((a, b))
        if clause.where is not None:
            conditions.append(clause.where)
        for condition in conditions:
            checked = self.checker.condition(condition, self.scope, "WHERE")
            self.filters.extend(_conjuncts(checked))

    def _path(self, pattern: ast.PathPattern, conditions: list[ast.Expr], first: int) -> None:
        if pattern.shortest is not None:
            raise self.checker.later(pattern.shortest + "()", pattern.span)
        if pattern.variable is not None:
            raise self.checker.later("a named path", pattern.span)
        ends = [
            self._node(element, conditions)
            for element in pattern.elements
            if isinstance(element, ast.NodePattern)
        ]
        steps = [e for e in pattern.elements if isinstance(e, ast.RelationPattern)]
        for place, step in enumerate(steps):
            self._relation(step, ends[place], ends[place + 1], conditions, first)

    def _node(self, pattern: ast.NodePattern, conditions: list[ast.Expr]) -> int:
        name = pattern.variable or f"#n{len(self.nodes)}"
        self._inline(pattern, name, conditions)
        if name in self.scope:
            if self.scope[name] != "NODE":
                raise self.checker.error(
                    f"{name!r} is a {self.scope[name]}, not a node", pattern.span, "type-clash"
                )
            if pattern.labels is not None:
                variable = ast.Variable(pattern.span, name)
                conditions.append(ast.HasLabels(pattern.span, variable, pattern.labels))
            return next(i for i, slot in enumerate(self.nodes) if slot.name == name)
        self.scope[name] = "NODE"
        self.nodes.append(NodeSlot(name, pattern.labels))
        return len(self.nodes) - 1

    def _relation(
        self,
        pattern: ast.RelationPattern,
        left: int,
        right: int,
        conditions: list[ast.Expr],
        first: int,
    ) -> None:
        if pattern.length is not None:
            raise self.checker.later("a variable-length relation", pattern.span)
        name = pattern.variable or f"#r{len(self.relations)}"
        if name in self.scope:
            if self.scope[name] != "RELATIONSHIP":
                raise self.checker.error(
                    f"{name!r} is a {self.scope[name]}, not a relation",
                    pattern.span,
                    "type-clash",
                )
            if any(slot.name == name for slot in self.relations[first:]):
                raise self.checker.error(
                    f"relation {name!r} occurs twice in one MATCH, which can never match",
                    pattern.span,
                    "relation-reused",
                )
            raise self.checker.later("a relation bound by an earlier MATCH", pattern.span)
        self._inline(pattern, name, conditions)
        self.scope[name] = "RELATIONSHIP"
        if pattern.direction == "<-":
            left, right = right, left
        self.relations.append(
            RelationSlot(name, pattern.types, left, right, pattern.direction != "-")
        )

    def _inline(
        self,
        pattern: ast.NodePattern | ast.RelationPattern,
        name: str,
        conditions: list[ast.Expr],
    ) -> None:
        if isinstance(pattern.properties, ast.Parameter):
            raise self.checker.error(
                "a pattern takes its properties one by one, not as a parameter",
                pattern.properties.span,
                "invalid-parameter-use",
                "write {key: $value}",
            )
        if pattern.properties is not None:
            for key, value in pattern.properties.entries:
                place = ast.Property(value.span, ast.Variable(pattern.span, name), key)
                conditions.append(ast.Comparison(value.span, place, (("=", value),)))
        if pattern.where is not None:
            conditions.append(pattern.where)

    # -- projections --------------------------------------------------------------------

    def _project(self, projection: ast.Projection, *, final: bool) -> None:
        for what, part in (
            ("ORDER BY", projection.order_by[0] if projection.order_by else None),
            ("SKIP", projection.skip),
            ("LIMIT", projection.limit),
        ):
            if part is not None:
                raise self.checker.later(what, part.span)
        items = self._items(projection, final=final)
        checked = [
            (name, *self.checker.check(item.expression, self.scope)) for name, item in items
        ]
        seen = set[str]()
        for name, item in items:
            if name in seen:
                raise self.checker.error(
                    f"two columns are named {name!r}", item.span, "column-clash", "use AS"
                )
            seen.add(name)
        self.grouped = any(has_aggregate(expression) for _, expression, _ in checked)
        if self.grouped:
            self._aggregate(checked)
            if projection.distinct:
                self._distinct([name for name, _, _ in checked])
        elif projection.distinct:
            keys = tuple((name, expression) for name, expression, _ in checked)
            self.operators.append(Aggregate(keys, ()))
        else:
            self.operators.append(Project(tuple((name, e) for name, e, _ in checked)))
        self.scope = {name: kind for name, _, kind in checked}
        self.columns = tuple(self.scope)

    def _distinct(self, names: list[str]) -> None:
        keys = tuple((name, ast.Variable(NOWHERE, name)) for name in names)
        self.operators.append(Aggregate(keys, ()))

    def _items(self, projection: ast.Projection, *, final: bool) -> list[tuple[str, ast.Item]]:
        items = list[tuple[str, ast.Item]]()
        if projection.star:
            names = [name for name in self.scope if not name.startswith("#")]
            if not names:
                raise self.checker.error(
                    "there is nothing for * to stand for",
                    projection.span,
                    "no-variables-in-scope",
                )
            for name in sorted(names):
                variable = ast.Variable(projection.span, name)
                items.append((name, ast.Item(projection.span, variable, name, name)))
        for item in projection.items:
            named = item.alias is not None or isinstance(item.expression, ast.Variable)
            if not named and not final:
                raise self.checker.error(
                    "an expression in WITH needs a name",
                    item.span,
                    "missing-alias",
                    "add AS name",
                )
            items.append((item.alias or item.name, item))
        return items

    def _aggregate(self, checked: list[tuple[str, ast.Expr, str]]) -> None:
        """Append Aggregate, and a Project where an aggregate stands inside an expression."""
        keys = [(name, e) for name, e, _ in checked if not has_aggregate(e)]
        calls: list[tuple[str, AggregateCall]] = []
        outputs: list[tuple[str, ast.Expr]] = []

        def lifted(expression: ast.Expr) -> ast.Expr | None:
            if is_aggregate(expression):
                name = f"#a{len(calls)}"
                calls.append((name, _call(expression)))
                return ast.Variable(expression.span, name)
            for name, key in keys:
                if key == expression and isinstance(expression, ast.Variable | ast.Property):
                    return ast.Variable(expression.span, name)
            return None

        for name, expression, _ in checked:
            if not has_aggregate(expression):
                outputs.append((name, ast.Variable(expression.span, name)))
                continue
            rewritten = rewrite(expression, lifted)
            known = {key for key, _ in keys} | {call for call, _ in calls}
            loose = free_variables(rewritten) - known
            if loose:
                raise self._ambiguous(sorted(loose)[0], expression)
            outputs.append((name, rewritten))
        self.operators.append(Aggregate(tuple(keys), tuple(calls)))
        self.operators.append(Project(tuple(outputs)))

    def _ambiguous(self, name: str, expression: ast.Expr) -> QuerySemanticError:
        return self.checker.error(
            f"{name!r} is neither grouped by nor aggregated in this expression",
            expression.span,
            "ambiguous-aggregation",
            f"return {name!r} as a column of its own, or aggregate it",
        )


def _call(expression: ast.Expr) -> AggregateCall:
    if isinstance(expression, ast.FunctionCall):
        distinct = expression.distinct and expression.name not in ("min", "max")
        return AggregateCall(expression.name, expression.args[0], distinct)
    return AggregateCall("count", None, False)


def _conjuncts(condition: ast.Expr) -> tuple[ast.Expr, ...]:
    if isinstance(condition, ast.Binary) and condition.op == "AND":
        return (*_conjuncts(condition.left), *_conjuncts(condition.right))
    return (condition,)
