"""From the syntax tree to the plan: clauses, scopes, columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drasi_nb.language import ast
from drasi_nb.plan import projections
from drasi_nb.plan.calls import has_aggregate
from drasi_nb.plan.expressions import Checker, in_order
from drasi_nb.plan.joins import Joins
from drasi_nb.plan.nodes import (
    Aggregate,
    Apply,
    Filter,
    Match,
    Operator,
    Plan,
    Project,
    Union,
    Unwind,
)
from drasi_nb.plan.patterns import Pattern
from drasi_nb.plan.quantified import is_quantified, unrolled
from drasi_nb.plan.split import split_variable_lengths
from drasi_nb.plan.subqueries import has_subquery, lift, mentioned, with_ends
from drasi_nb.plan.timed import Lifting, has_timed
from drasi_nb.plan.windows import lift_sessions, lift_windows
from drasi_nb.span import NOWHERE, Span


def bind(
    query: ast.Query, text: str, parameters: Mapping[str, Any], joins: Joins | None = None
) -> Plan:
    """Return the plan of a parsed query.

    Args:
        query: The tree.
        text: What it was parsed from.
        parameters: Values of ``$name``.
        joins: Synthetic joins by relation type.

    Raises:
        QuerySemanticError: The text means nothing, or what it means does not run yet.
    """
    operators, columns = _query(query, Checker(text, parameters, joins), {}, is_inner=False)
    return Plan(projections.with_kept_order(operators, wanted=False), columns)


def _query(
    query: ast.Query,
    checker: Checker,
    scope: Mapping[str, str],
    *,
    is_inner: bool,
    needs_return: bool = True,
) -> tuple[tuple[Operator, ...], tuple[str, ...]]:
    branches = list[tuple[Operator, ...]]()
    columns: tuple[str, ...] | None = None
    for part in query.parts:
        binder = _Binder(checker, scope, is_inner=is_inner)
        binder.clauses(part, needs_return=needs_return)
        if columns is not None and set(binder.columns) != set(columns):
            raise checker.error(
                f"the parts of UNION return different columns: {', '.join(columns)}"
                f" and {', '.join(binder.columns)}",
                part.span,
                "different-columns-in-union",
                "name them alike with AS",
            )
        columns = columns or binder.columns
        branches.append(tuple(binder.operators))
    assert columns is not None
    if len(branches) == 1:
        return branches[0], columns
    if len(set(query.all_)) > 1:
        raise checker.error(
            "UNION and UNION ALL cannot be mixed",
            query.parts[-1].span,
            "invalid-clause-composition",
        )
    union: list[Operator] = [Union(tuple(branches))]
    if not query.all_[0]:
        union.append(projections.distinct(list(columns)))
    return tuple(union), columns


class _Binder:
    """One single query. A chain that is inner starts from a row and is evaluated by row."""

    def __init__(self, checker: Checker, scope: Mapping[str, str], *, is_inner: bool) -> None:
        self.checker, self.is_inner = checker, is_inner
        self.scope = dict(scope)
        self.operators: list[Operator] = []
        self.columns: tuple[str, ...] = ()
        self.pattern: Pattern | None = None  # MATCH clauses not closed yet
        self.grouped: list[projections.Column] | None = None  # by the last projection

    def clauses(self, query: ast.SingleQuery, *, needs_return: bool) -> None:
        for clause in query.clauses:
            match clause:
                case ast.Match(optional=True):
                    self._optional(clause)
                case ast.Match():
                    self._match(clause)
                case ast.With(projection=projection, where=where):
                    before = dict(self._closed_scope())
                    self._project(projection, final=False)
                    if where is not None:
                        self._where_after(where, before)
                case ast.Return(projection=projection):
                    self._closed_scope()
                    self._project(projection, final=True)
                case ast.Unwind(span=span, source=source, variable=name):
                    self._unwind(source, name, span)
                case ast.CallSubquery():
                    self._call(clause)
                case _:
                    raise self.checker.later(type(clause).__name__, clause.span)
        self._closed_scope()
        if needs_return and not (query.clauses and isinstance(query.clauses[-1], ast.Return)):
            raise self.checker.error(
                "a query ends with RETURN", query.span, "missing-return", "add RETURN ..."
            )

    # -- expressions --------------------------------------------------------------------

    def _lifted(self, expression: ast.Expr, scope: dict[str, str]) -> ast.Expr:
        """Return an expression without subqueries and timed calls: each is a column of the scope."""
        expression = with_ends(expression)
        if has_subquery(expression):
            expression = self._without_subqueries(expression, scope)
        steps, expression = lift_windows(expression, scope, self.checker, self._check)
        self.operators += steps
        if has_timed(expression) and not self.is_inner:
            calls, expression = Lifting(self.checker, scope).lift(expression)
            self.operators += calls
        return expression

    def _without_sessions(
        self, items: list[tuple[str, ast.Item]], scope: dict[str, str]
    ) -> list[tuple[str, ast.Item]]:
        """Return the items with the windows of drasi.session() as columns of the rows."""
        steps, changed = lift_sessions(items, scope, self.checker, self._check)
        self.operators += steps
        return changed

    def _without_subqueries(self, expression: ast.Expr, scope: dict[str, str]) -> ast.Expr:

        def apply(part: ast.Expr) -> ast.Expr:
            name = self.checker.fresh("x")
            inner, kind = self._subquery(part, scope)
            self.operators.append(Apply(inner, kind, (name,)))
            kinds = {"exists": "BOOLEAN", "count": "INTEGER", "collect": "LIST"}
            scope[name] = kinds[kind]
            column = ast.Variable(part.span, name)
            if not isinstance(part, ast.ListComprehension):
                return column
            is_null = ast.IsNull(part.span, part.source, False)
            null = ast.Literal(part.span, "NULL", None)
            return ast.Case(part.span, None, ((is_null, null),), column)

        return lift(expression, self.checker, apply)

    def _subquery(
        self, part: ast.Expr, scope: Mapping[str, str]
    ) -> tuple[tuple[Operator, ...], str]:
        child = _Binder(self.checker, scope, is_inner=True)
        match part:
            case ast.PatternPredicate(span=span, pattern=pattern):
                for name in sorted(mentioned(pattern) - scope.keys()):
                    raise self.checker.undefined(name, span, scope)
                child._match(ast.Match(span, False, (pattern,), None))
                child._closed_scope()
                return tuple(child.operators), "exists"
            case ast.PatternComprehension(
                span=span, pattern=pattern, where=where, result=result
            ):
                child._match(ast.Match(span, False, (pattern,), where))
                item = ast.Item(span, result, "value", "value")
                self.checker.no_aggregate(result, "a pattern comprehension")
                child._closed_scope()
                child._project(
                    ast.Projection(span, False, False, (item,), (), None, None), final=True
                )
                return tuple(child.operators), "collect"
            case ast.ListComprehension(span=span, variable=name, source=source):
                child._unwind(source, name, span, shadows=True)
                if part.where is not None:
                    child._filter(part.where, dict(child.scope))
                item = ast.Item(span, part.result or ast.Variable(span, name), "value", "value")
                child._project(
                    ast.Projection(span, False, False, (item,), (), None, None), final=True
                )
                return tuple(child.operators), "collect"
            case ast.Subquery(kind=kind, query=query, span=span):
                inner, columns = _query(
                    query, self.checker, scope, is_inner=True, needs_return=kind == "COLLECT"
                )
                if kind == "COLLECT" and len(columns) != 1:
                    raise self.checker.error(
                        "COLLECT { } takes a query of one column", span, "wrong-columns"
                    )
                return inner, kind.lower()
            case _:
                raise AssertionError(part)

    def _check(self, expression: ast.Expr, scope: dict[str, str]) -> tuple[ast.Expr, str]:
        return self.checker.check(self._lifted(expression, scope), scope)

    # -- MATCH --------------------------------------------------------------------------

    def _match(self, clause: ast.Match) -> None:
        if is_quantified(clause):
            scope = self._closed_scope()
            self._call(unrolled(clause, scope, self.checker))
            if clause.where is not None:
                self._filter(clause.where, dict(self.scope))
            return
        if self.pattern is not None and self.pattern.repeats(clause.patterns):
            self._close_pattern()
        if self.pattern is None:
            self.pattern = Pattern(self.checker, dict(self.scope))
        pattern = self.pattern
        pattern.conditions = []
        pattern.add(clause.patterns)
        conditions = [*pattern.conditions]
        if clause.where is not None:
            conditions += _conjuncts(clause.where)
        late = list[ast.Expr]()
        for condition in map(with_ends, conditions):
            if has_subquery(condition) or has_timed(condition):
                late.append(condition)
                continue
            checked = self.checker.condition(condition, pattern.scope, "WHERE")
            pattern.filters += _conjuncts(pattern.with_paths(checked))
        if self.is_inner or late:
            self._close_pattern()
        for condition in late:
            self._filter(condition, dict(self.scope))

    def _filter(self, condition: ast.Expr, scope: dict[str, str]) -> None:
        lifted = self._lifted(condition, scope)
        checked = self.checker.condition(lifted, scope, "WHERE")
        self.operators.append(Filter(tuple(_conjuncts(checked))))

    def _closed_scope(self) -> dict[str, str]:
        self._close_pattern()
        return self.scope

    def _close_pattern(self) -> None:
        pattern, self.pattern = self.pattern, None
        if pattern is None:
            return
        singles = [slot.name for slot in pattern.relations if slot.length is None]
        names = frozenset((*(slot.name for slot in pattern.nodes), *singles))
        pattern.filters = in_order(pattern.filters, names, is_walked=len(pattern.nodes) > 1)
        before = {name for name in self.scope if not name.startswith("#")}
        self.scope = {k: v for k, v in pattern.scope.items() if not k.startswith("#")}
        steps: list[Operator] = [pattern.match()]
        if pattern.paths:
            kept = [(n, ast.Variable(NOWHERE, n)) for n in self.scope if n not in pattern.paths]
            steps.append(Project((*kept, *pattern.paths.items())))
        if self.is_inner:
            self.operators += steps
            return
        adds = tuple(name for name in self.scope if name not in before)
        first = steps[0]
        assert isinstance(first, Match)
        if self.operators:
            self.operators.append(Apply(tuple(steps), "join", adds))
        elif any(slot.length is not None for slot in first.relations):
            base, rest = split_variable_lengths(first)
            inner = tuple(name for name in adds if name not in base.names)
            self.operators += [base, Apply((rest, *steps[1:]), "join", inner)]
        else:
            self.operators += steps

    def _optional(self, clause: ast.Match) -> None:
        self._close_pattern()
        child = _Binder(self.checker, self.scope, is_inner=True)
        child._match(replace(clause, optional=False))
        child._closed_scope()
        adds = tuple(name for name in child.scope if name not in self.scope)
        self.operators.append(Apply(tuple(child.operators), "optional", adds))
        self.scope = child.scope

    # -- other clauses ------------------------------------------------------------------

    def _unwind(
        self, source: ast.Expr, name: str, span: Span, *, shadows: bool = False
    ) -> None:
        scope = dict(self._closed_scope())
        if name in scope and not shadows:
            raise self.checker.error(
                f"{name!r} is bound already", span, "already-bound", "choose another name"
            )
        self.checker.no_aggregate(source, "UNWIND")
        checked, _ = self._check(source, scope)
        self.operators.append(Unwind(checked, name))
        self.scope = {**self.scope, name: "ANY"}

    def _call(self, clause: ast.CallSubquery) -> None:
        outer = self._closed_scope()
        for name in clause.imports or ():
            if name != "*" and name not in outer:
                raise self.checker.undefined(name, clause.span, outer)
        if clause.imports is not None:
            seen = outer if "*" in clause.imports else {n: outer[n] for n in clause.imports}
        elif all(_imports(part) for part in clause.query.parts):
            seen = outer
        else:
            seen = {}
        inner, columns = _query(clause.query, self.checker, seen, is_inner=True)
        for name in columns:
            if name in outer:
                raise self.checker.error(
                    f"{name!r} is bound already outside of CALL {{ }}",
                    clause.span,
                    "already-bound",
                    "return it AS another name",
                )
        self.operators.append(Apply(inner, "join", columns))
        self.scope = {**outer, **dict.fromkeys(columns, "ANY")}

    # -- WITH and RETURN ----------------------------------------------------------------

    def _project(self, projection: ast.Projection, *, final: bool) -> None:
        checker, scope = self.checker, dict(self.scope)
        columns = list[projections.Column]()
        projections.no_bare_pattern(projection, checker)
        items = projections.items_of(projection, scope, checker, final=final)
        for name, item in self._without_sessions(items, scope):
            expression, kind = self._check(item.expression, scope)
            columns.append(projections.Column(name, expression, kind, item.expression))
        lifted = replace(
            projection,
            order_by=tuple(
                replace(key, expression=self._lifted(key.expression, scope))
                for key in projection.order_by
            ),
        )
        for column in columns:  # what was lifted from an item is not a name a key could see
            column.source = (
                column.source if not has_subquery(column.source) else column.expression
            )
        order = projections.order_of(lifted, columns, scope, checker)
        grouped = any(has_aggregate(column.expression) for column in columns)
        names = [column.name for column in columns]
        if projection.group_by is not None:
            keys_only = projections.group_keys(
                projection.group_by, columns, checker, lambda key: self._check(key, scope)
            )
            self.operators += projections.aggregate([*columns, *keys_only], checker)
            if keys_only:
                self.operators.append(projections.only(names))
            grouped = True
        elif grouped:
            self.operators += projections.aggregate(columns, checker)
        if grouped:
            if projection.distinct:
                self.operators.append(projections.distinct(names))
        elif projection.distinct:
            keys = tuple((column.name, column.expression) for column in columns)
            self.operators.append(Aggregate(keys, ()))
        else:
            every = (*columns, *order.hidden)
            self.operators.append(Project(tuple((c.name, c.expression) for c in every)))
        self.grouped = columns if grouped or projection.distinct else None
        sort = projections.sort_of(projection, order, checker)
        if sort is not None:
            self.operators.append(sort)
        if order.hidden:
            self.operators.append(projections.only(names))
        self.scope = {column.name: column.kind for column in columns}
        self.columns = tuple(self.scope)

    def _where_after(self, where: ast.Expr, before: Mapping[str, str]) -> None:
        """Filter the rows of a WITH; unless it groups, the names before it are seen too."""
        last = self.operators[-1]
        scope = dict(self.scope)
        hidden = list[str]()
        if self.grouped is not None:
            where = projections.by_projected(where, self.grouped)
        elif isinstance(last, Project):
            hidden = [n for n in sorted(mentioned(where)) if n in before and n not in scope]
            kept = tuple((name, ast.Variable(where.span, name)) for name in hidden)
            self.operators[-1] = Project((*last.items, *kept))
            scope |= {name: before[name] for name in hidden}
        self._filter(where, scope)
        if hidden:
            names = tuple((name, ast.Variable(where.span, name)) for name in self.scope)
            self.operators.append(Project(names))


def _imports(query: ast.SingleQuery) -> bool:
    """Return whether a subquery begins with an importing WITH: names, and nothing else."""
    if not query.clauses or not isinstance(query.clauses[0], ast.With):
        return False
    projection = query.clauses[0].projection
    return all(isinstance(item.expression, ast.Variable) for item in projection.items)


def _conjuncts(condition: ast.Expr) -> list[ast.Expr]:
    if isinstance(condition, ast.Binary) and condition.op == "AND":
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]
