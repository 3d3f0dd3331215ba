"""A plan evaluated from scratch, the obvious way: list in, list out.

With ``NaiveMatcher`` it is the oracle: no codegen, no state, no index; it shares with the
engine only the plan and the values. The engine uses it with a matcher over the store for what
a chain makes of one row (``engine/apply.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from drasi_nb.engine.statistics import deviation, one_of_equals, percentile, the_fraction
from drasi_nb.errors import EvaluationError
from drasi_nb.functions.aggregates import NUMERIC_AGGREGATES
from drasi_nb.functions.timed import TIMED, Moment, Version
from drasi_nb.functions.windows import Placed, placed, runs, window_of
from drasi_nb.language import ast
from drasi_nb.plan.evaluation import Env, evaluate
from drasi_nb.plan.nodes import (
    Aggregate,
    AggregateCall,
    Apply,
    Filter,
    Match,
    Operator,
    Plan,
    Project,
    Session,
    Sort,
    Timed,
    Union,
    Unwind,
)
from drasi_nb.values import arithmetic, logic
from drasi_nb.values.graph import STAMP_BITS
from drasi_nb.values.ordering import (
    descending_key,
    group_key,
    order_key,
    unchanged,
    unsigned_zero,
)

Row = tuple[Any, Env]  # (row key, columns)
Rows = Iterable[Row]


class Matcher(Protocol):
    """Finds the matches of a pattern."""

    def matches(self, match: Match, env: Env) -> Iterator[tuple[tuple[Any, ...], Env]]:
        """Yield (identities of what is not imported, slots) for every match, filters aside."""
        ...


@dataclass(slots=True)
class Past:
    """What evaluating once leaves for the next time: for functions of time.

    Attributes:
        now_ms: The clock.
        stamp: That of the latest change.
        versions: Looks up the kept versions of an element.
        rows: By operator and row key, the row as it was and what its calls keep.
    """

    now_ms: int = 0
    stamp: int = 0
    versions: Callable[[Any], list[Version]] = lambda _element: []
    rows: dict[Timed, dict[Any, tuple[Env, list[Any]]]] = field(default_factory=dict[Any, Any])


class Interpreter:
    """Evaluates chains of operators.

    Args:
        matcher: Finds the matches of a pattern.
        past: What functions of time remember.

    Attributes:
        dropped: The key of every row that an error kept out, with the error.
    """

    def __init__(self, matcher: Matcher, past: Past | None = None) -> None:
        self.matcher, self.past = matcher, past or Past()
        self.dropped: list[tuple[Any, EvaluationError]] = []

    def run(self, operators: Iterable[Operator], rows: list[Row]) -> list[Row]:
        """Return what a chain makes of some rows."""
        for operator in operators:
            rows = list(self._step(operator, rows))
        return rows

    def _step(self, operator: Operator, rows: list[Row]) -> Rows:
        match operator:
            case Match():
                return self._match(operator, rows)
            case Filter(conditions=conditions):
                return self._filter(rows, conditions)
            case Project(items=items):
                return self._project(rows, items)
            case Aggregate():
                return self._aggregate(rows, operator)
            case Unwind():
                return self._unwind(rows, operator)
            case Sort():
                return self._sort(rows, operator)
            case Apply():
                return self._apply(rows, operator)
            case Union(branches=branches):
                return self._union(rows, branches)
            case Timed():
                return self._timed(rows, operator)
            case Session():
                return self._sessions(rows, operator)

    def _match(self, match: Match, rows: list[Row]) -> Rows:
        for key, env in rows:
            for identity, slots in self.matcher.matches(match, env):
                yield from self._filter([((*key, *identity), {**env, **slots})], match.filters)

    def _filter(self, rows: Rows, conditions: tuple[ast.Expr, ...]) -> Rows:
        for key, env in rows:
            try:
                if all(logic.as_boolean(evaluate(e, env)) is True for e in conditions):
                    yield key, env
            except EvaluationError as error:
                self.dropped.append((key, error))

    def _project(self, rows: Rows, items: tuple[tuple[str, ast.Expr], ...]) -> Rows:
        for key, env in rows:
            try:
                yield key, {name: evaluate(expression, env) for name, expression in items}
            except EvaluationError as error:
                self.dropped.append((key, error))

    def _aggregate(self, rows: Rows, operator: Aggregate) -> Rows:
        groups: dict[Any, list[tuple[Any, list[Any], list[Any]]]] = {}
        if not operator.keys:
            groups[()] = []
        for row_key, env in rows:
            try:
                values = [evaluate(expression, env) for _, expression in operator.keys]
                arguments = [_argument(call, env) for _, call in operator.aggregates]
            except EvaluationError as error:
                self.dropped.append((row_key, error))
                continue
            group = tuple(group_key(value) for value in values)
            groups.setdefault(group, []).append((row_key, values, arguments))
        for group, members in groups.items():
            members.sort(key=lambda member: order_key(member[0]))
            columns: Env = {}
            for place, (name, _) in enumerate(operator.keys):
                columns[name] = representative([values[place] for _, values, _ in members])
            try:
                for place, (name, call) in enumerate(operator.aggregates):
                    columns[name] = _total(call, [args[place] for _, _, args in members])
            except EvaluationError as error:
                self.dropped.append((group, error))
                continue
            yield group, columns

    def _unwind(self, rows: Rows, operator: Unwind) -> Rows:
        for key, env in rows:
            try:
                items = unwound(evaluate(operator.source, env))
            except EvaluationError as error:
                self.dropped.append((key, error))
                continue
            for place, item in enumerate(items):
                yield (*key, place), {**env, operator.name: item}

    def _sort(self, rows: Rows, operator: Sort) -> Rows:
        ranked = list[tuple[Any, Any, Row]]()
        for key, env in rows:
            try:
                ranked.append((rank_of(operator, env), order_key(key), (key, env)))
            except EvaluationError as error:
                self.dropped.append((key, error))
        ranked.sort(key=lambda entry: entry[:2])
        stop = None if operator.limit is None else operator.skip + operator.limit
        for rank, _, (key, env) in ranked[operator.skip : stop]:
            yield ((rank, *key) if operator.is_kept else key), env

    def _apply(self, rows: Rows, operator: Apply) -> Rows:
        for key, env in rows:
            yield from (
                ((*key, *more), {**env, **added}) for more, added in self.applied(operator, env)
            )

    def applied(self, operator: Apply, env: Env) -> list[Row]:
        """Return, for one row, (what its key grows by, the added columns) of every row out."""
        found = self.run(operator.inner, [((), env)])
        adds = operator.adds
        match operator.kind:
            case "exists":
                return [((), {adds[0]: bool(found)})]
            case "count":
                return [((), {adds[0]: len(found)})]
            case "collect":
                found.sort(key=lambda row: order_key(row[0]))
                return [((), {adds[0]: [next(iter(inner.values())) for _, inner in found]})]
            case "optional" if not found:
                return [((None,), dict.fromkeys(adds))]
            case _:
                return [(key, {name: inner[name] for name in adds}) for key, inner in found]

    def _timed(self, rows: list[Row], operator: Timed) -> Rows:
        before, self.past.rows[operator] = self.past.rows.get(operator, {}), {}
        for key, env in rows:
            was, kept = before.get(key, (None, [None] * len(operator.calls)))
            stamp = self.past.stamp if operator.stamp is None else env[operator.stamp]
            moment = Moment(
                self.past.now_ms,
                (self.past.stamp if stamp is None else stamp) >> STAMP_BITS,
                was is None or not unchanged(was, env),
                self.past.versions,
            )
            added, kept = dict[str, Any](), list(kept)
            self.past.rows[operator][key] = (env, kept)
            try:
                for i, call in enumerate(operator.calls):
                    arguments = [env[name] for name in call.arguments]
                    added[call.name], kept[i], _ = TIMED[call.function].call(
                        moment, kept[i], *arguments
                    )
            except EvaluationError as error:
                self.dropped.append((key, error))
                continue
            yield key, {**env, **added}

    def _sessions(self, rows: list[Row], operator: Session) -> Rows:
        partitions: dict[Any, list[Placed]] = {}
        windows: dict[Any, Any] = {}
        for key, env in rows:
            try:
                place = placed(env[operator.time], env[operator.gap], key)
            except EvaluationError as error:
                self.dropped.append((key, error))
                continue
            windows[key] = None
            if place is not None:
                partition = tuple(group_key(env[name]) for name in operator.partition)
                partitions.setdefault(partition, []).append(place)
        for entries in partitions.values():
            for run in runs(sorted(entries)):
                windows.update((entry[2], window_of(run)) for entry in run)
        for key, env in rows:
            if key in windows:
                yield key, {**env, operator.name: windows[key]}

    def _union(self, rows: list[Row], branches: tuple[tuple[Operator, ...], ...]) -> Rows:
        for place, branch in enumerate(branches):
            for key, env in self.run(branch, rows):
                yield (place, *key), env


def unwound(value: Any) -> list[Any]:
    """Return the items UNWIND makes of a value.

    Source: openCypher 9, "UNWIND"; a value that is no list is its own only item.
    """
    if value is None:
        return []
    return value if type(value) is list else [value]


def rank_of(sort: Sort, env: Env) -> tuple[Any, ...]:
    """Return where a row stands: a tuple that compares as the sort keys say.

    Raises:
        EvaluationError: A key fails on the row.
    """
    return tuple(
        descending_key(evaluate(e, env)) if descending else order_key(evaluate(e, env))
        for e, descending in sort.keys
    )


def evaluate_plan(
    plan: Plan,
    matcher: Matcher,
    *,
    failed: list[Any] | None = None,
    past: Past | None = None,
) -> dict[Any, tuple[Any, ...]]:
    """Return the result, row key to row.

    Args:
        plan: A bound plan.
        matcher: Knows what the query sees.
        failed: Receives the key of every row dropped by an error.
        past: What functions of time remember from one call to the next.
    """
    interpreter = Interpreter(matcher, past)
    rows = interpreter.run(plan.operators, [((), {})])
    if failed is not None:
        failed += [key for key, _ in interpreter.dropped]
    return {key: tuple(env[name] for name in plan.columns) for key, env in rows}


def representative(values: list[Any]) -> Any:
    """Return the value that stands for equal ones: the integer where 1 and 1.0 meet."""
    integers = [value for value in values if type(value) is int]
    return unsigned_zero((integers or values)[0])


def _argument(call: AggregateCall, env: Env) -> Any:
    if call.argument is None:
        return True
    value = evaluate(call.argument, env)
    return arithmetic.number_argument(value) if call.kind in NUMERIC_AGGREGATES else value


def _total(call: AggregateCall, arguments: list[Any]) -> Any:
    values = [value for value in arguments if value is not None]
    if call.kind in ("percentilecont", "percentiledisc"):
        ordered = sorted((value for value, _ in values), key=order_key)
        fraction = the_fraction(fraction for _, fraction in values)
        return percentile(
            call.kind, one_of_equals(ordered) if call.distinct else ordered, fraction
        )
    if call.distinct:
        classes: dict[Any, list[Any]] = {}
        for value in values:
            classes.setdefault(group_key(value), []).append(value)
        values = [representative(same) for same in classes.values()]
    match call.kind:
        case "count":
            return len(values)
        case "collect":
            return values
        case "min":
            return unsigned_zero(min(values, key=order_key, default=None))
        case "max":
            return unsigned_zero(max(values, key=order_key, default=None))
        case "sum":
            return _sum(values)
        case "stdev" | "stdevp":
            return deviation(values, is_sample=call.kind == "stdev")
        case _:
            return _mean(values)


def _sum(values: list[Any]) -> int | float:
    if all(type(value) is int for value in values):
        total: int = sum(values)
        if not arithmetic.INT_MIN <= total <= arithmetic.INT_MAX:
            raise EvaluationError("sum() does not fit an INTEGER", code="integer-overflow")
        return total
    return _rounded(values, 1)


def _mean(values: list[Any]) -> float | None:
    return _rounded(values, len(values)) if values else None


def _rounded(values: list[Any], divisor: int) -> float:
    """Return the exact sum over ``divisor``, rounded once."""
    odd = [value for value in values if not math.isfinite(value)]
    if odd:
        return math.nan if len(set(map(str, odd))) > 1 else odd[0]
    exact = sum((Fraction(value) for value in values), Fraction(0)) / divisor
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf
