"""The value of an expression, the obvious way: what generated code must equal."""

from __future__ import annotations

from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import lookup
from drasi_nb.language import ast
from drasi_nb.language.labels import holds
from drasi_nb.plan.nodes import Constant, MakePath, PercentileArgument
from drasi_nb.values import arithmetic, logic
from drasi_nb.values.graph import Node, Path, Relation

Env = dict[str, Any]
_RULES = {
    "=": logic.eq, "<>": logic.ne, "<": logic.lt, "<=": logic.le, ">": logic.gt, ">=": logic.ge,
    "+": arithmetic.add, "-": arithmetic.sub, "*": arithmetic.mul, "/": arithmetic.div,
    "%": arithmetic.mod, "^": arithmetic.power, "XOR": logic.xor, "IN": logic.in_,
    "STARTS WITH": logic.starts_with, "ENDS WITH": logic.ends_with,
    "CONTAINS": logic.contains, "=~": logic.matches,
}  # fmt: skip


def evaluate(e: ast.Expr, env: Env) -> Any:
    """Return the value of an expression over the columns of a row.

    Raises:
        EvaluationError: The expression fails on these values.
    """
    match e:
        case ast.Literal(value=value) | Constant(value=value):
            return value
        case ast.Variable(name=name):
            return env[name]
        case ast.Property(base=base, key=key):
            return arithmetic.get_property(evaluate(base, env), key)
        case ast.Binary(op=op, left=left, right=right) if op in ("AND", "OR"):
            stop = op == "OR"
            a = logic.as_boolean(evaluate(left, env))
            if a is stop:
                return stop
            b = logic.as_boolean(evaluate(right, env))
            return logic.or_(a, b) if stop else logic.and_(a, b)
        case ast.Binary(op="XOR", left=left, right=right):
            a, b = (logic.as_boolean(evaluate(side, env)) for side in (left, right))
            return logic.xor(a, b)
        case ast.Binary(op=op, left=left, right=right):
            return _RULES[op](evaluate(left, env), evaluate(right, env))
        case ast.Unary(op="NOT", operand=operand):
            return logic.not_(logic.as_boolean(evaluate(operand, env)))
        case ast.Unary(op=op, operand=operand):
            return (arithmetic.neg if op == "-" else arithmetic.pos)(evaluate(operand, env))
        case ast.Comparison(first=first, rest=rest):
            values = [evaluate(first, env), *(evaluate(other, env) for _, other in rest)]
            pairs = [_RULES[op](values[i], values[i + 1]) for i, (op, _) in enumerate(rest)]
            return False if False in pairs else None if None in pairs else True
        case ast.IsNull(operand=operand, negated=negated):
            return (evaluate(operand, env) is None) != negated
        case ast.HasLabels(base=base, labels=labels):
            return has_labels(evaluate(base, env), labels)
        case ast.Case(subject=subject, whens=whens, default=default):
            for when, then in whens:
                if subject is None:
                    hit = logic.as_boolean(evaluate(when, env))
                else:
                    hit = logic.eq(evaluate(subject, env), evaluate(when, env))
                if hit is True:
                    return evaluate(then, env)
            return None if default is None else evaluate(default, env)
        case ast.FunctionCall(name=name, args=args):
            function = lookup(name)
            assert function is not None
            return function.call(*(evaluate(arg, env) for arg in args))
        case ast.ListLiteral(items=items):
            return [evaluate(item, env) for item in items]
        case ast.MapLiteral(entries=entries):
            return {key: evaluate(value, env) for key, value in entries}
        case ast.MapProjection(base=base, items=items):
            parts = [(key, None if v is None else evaluate(v, env)) for key, v in items]
            return project_map(evaluate(base, env), parts)
        case PercentileArgument(value=number, fraction=fraction):
            return arithmetic.percentile_argument(
                evaluate(number, env), evaluate(fraction, env)
            )
        case MakePath(nodes=nodes, relations=relations, middles=middles):
            return make_path(
                [evaluate(node, env) for node in nodes],
                [evaluate(relation, env) for relation in relations],
                [None if m is None else evaluate(m, env) for m in middles],
            )
        case ast.Index(base=base, index=index):
            return arithmetic.get_index(evaluate(base, env), evaluate(index, env))
        case ast.Slice(base=base, start=start, stop=stop):
            listed = evaluate(base, env)
            low = 0 if start is None else evaluate(start, env)
            return arithmetic.get_slice(
                listed, low, arithmetic.INT_MAX if stop is None else evaluate(stop, env)
            )
        case _:
            return _over_list(e, env)


def _over_list(e: ast.Expr, env: Env) -> Any:
    match e:
        case ast.ListComprehension(variable=name, source=source, where=where, result=result):
            return arithmetic.comprehend(
                evaluate(source, env),
                lambda x: (
                    True
                    if where is None
                    else logic.as_boolean(evaluate(where, {**env, name: x}))
                ),
                lambda x: x if result is None else evaluate(result, {**env, name: x}),
            )
        case ast.Quantifier(kind=kind, variable=name, source=source, where=where):
            return arithmetic.quantify(
                kind,
                evaluate(source, env),
                lambda x: logic.as_boolean(evaluate(where, {**env, name: x})),
            )
        case ast.Reduce(
            accumulator=acc, initial=initial, variable=name, source=source, body=body
        ):
            return arithmetic.fold(
                evaluate(initial, env),
                evaluate(source, env),
                lambda a, x: evaluate(body, {**env, acc: a, name: x}),
            )
        case _:
            raise AssertionError(f"the binder lets no {type(e).__name__} through")


def make_path(nodes: list[Any], relations: list[Any], middles: list[Any] | None = None) -> Any:
    """Return the path through nodes and relations; null where one of them is.

    Args:
        nodes: One more than relations.
        relations: A relation, or the list of those of a variable length.
        middles: For each relation None, or the nodes between those of the list.
    """
    if None in nodes or None in relations:
        return None
    all_nodes, all_relations = [nodes[0]], list[Relation]()
    for place, (relation, node) in enumerate(zip(relations, nodes[1:], strict=True)):
        between = middles[place] if middles else None
        if between is None:
            all_relations.append(relation)
        else:
            all_relations.extend(relation)
            all_nodes.extend(between)
            if not relation:
                continue  # of length 0: both ends are one node
        all_nodes.append(node)
    return Path(all_nodes, all_relations)


def has_labels(value: Any, labels: ast.LabelExpr) -> bool | None:
    """Return ``value:labels``.

    Raises:
        EvaluationError: The value is neither a node, a relation nor null.
    """
    if value is None:
        return None
    if type(value) is Node:
        return holds(labels, value.labels)
    if type(value) is Relation:
        return holds(labels, (value.type,))
    raise EvaluationError(f"{logic.type_name(value)} has no labels", code="type")


def project_map(base: Any, items: list[tuple[str, Any]]) -> dict[str, Any] | None:
    """Return ``base {.key, .*, key: value}``."""
    if base is None:
        return None
    properties = base.properties if isinstance(base, Node | Relation) else base
    out: dict[str, Any] = {}
    for key, value in items:
        if key == ".*":
            out.update(properties)
        elif key.startswith("."):
            out[key[1:]] = arithmetic.get_property(base, key[1:])
        else:
            out[key] = value
    return out
