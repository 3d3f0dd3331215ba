"""From an expression of the plan to a Python expression with the same value.

Every value is what ``engine.interpreter`` computes; common types take a shorter way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drasi_nb.engine.codegen.writer import Writer
from drasi_nb.functions.registry import lookup
from drasi_nb.language import ast
from drasi_nb.plan.evaluation import has_labels, make_path, project_map
from drasi_nb.plan.expressions import is_condition, is_safe
from drasi_nb.plan.nodes import Constant, MakePath, PercentileArgument, walk
from drasi_nb.values import arithmetic, logic
from drasi_nb.values.awaiting import AWAITING

Resolve = Callable[[str], str]  # a variable -> the Python expression of its value
ReadProperty = Callable[[str, str], str | None]  # (variable, key) -> a local name, of a slot
SlotCall = Callable[
    [ast.Expr], str | None
]  # source for what is known of a slot without its value

_COMPARE = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_PYTHON = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_BINARY: dict[str, Callable[..., Any]] = {
    "+": arithmetic.add,
    "-": arithmetic.sub,
    "*": arithmetic.mul,
    "/": arithmetic.div,
    "%": arithmetic.mod,
    "^": arithmetic.power,
    "XOR": logic.xor,
    "IN": logic.in_,
    "STARTS WITH": logic.starts_with,
    "ENDS WITH": logic.ends_with,
    "CONTAINS": logic.contains,
    "=~": logic.matches,
}


class Expressions:
    """Translates expressions for one place in the generated code."""

    def __init__(
        self,
        writer: Writer,
        resolve: Resolve,
        read: ReadProperty,
        slot_call: SlotCall,
        is_slot: Callable[[str], bool],
    ) -> None:
        self.writer, self.resolve, self.read, self.slot_call = writer, resolve, read, slot_call
        self.is_slot = is_slot
        self.inner: dict[str, str] = {}  # comprehension variable -> lambda parameter

    def value(self, e: ast.Expr) -> str:
        """Return source for the value; evaluation may raise EvaluationError."""
        bind = self.writer.bind
        match e:
            case ast.Literal(value=value) | Constant(value=value):
                return self._constant(value)
            case ast.Variable(name=name):
                return self.inner.get(name) or self.resolve(name)
            case ast.Property(base=base, key=key):
                if isinstance(base, ast.Variable) and base.name not in self.inner:
                    local = self.read(base.name, key)
                    if local is not None:
                        return local
                return f"{bind(arithmetic.get_property)}({self.value(base)}, {self._constant(key)})"
            case ast.Binary(op=op, left=left, right=right) if op in ("AND", "OR"):
                stop, rule = ("False", logic.and_) if op == "AND" else ("True", logic.or_)
                a, b = self.boolean(left), self.boolean(right)
                t = self.writer.fresh("t")
                return f"({stop} if ({t} := {a}) is {stop} else {bind(rule)}({t}, {b}))"
            case ast.Binary(op="XOR", left=left, right=right):
                return f"{bind(logic.xor)}({self.boolean(left)}, {self.boolean(right)})"
            case ast.Binary(op=op, left=left, right=right):
                return self._binary(op, left, right)
            case ast.Unary(op="NOT", operand=operand):
                return f"{bind(logic.not_)}({self.boolean(operand)})"
            case ast.Unary(op=op, operand=operand):
                sign = arithmetic.neg if op == "-" else arithmetic.pos
                return f"{bind(sign)}({self.value(operand)})"
            case ast.Comparison(first=first, rest=rest):
                return self._comparison(first, rest)
            case ast.IsNull(operand=operand, negated=negated):
                if self._number(operand) is not None:
                    return repr(negated)  # Python warns of ``1 is None``
                return f"({self.value(operand)} is {'not ' if negated else ''}None)"
            case ast.HasLabels(base=base, labels=labels):
                local = None if self._is_inner(base) else self.slot_call(e)
                return local or f"{bind(has_labels)}({self.value(base)}, {bind(labels)})"
            case ast.Case(subject=subject, whens=whens, default=default):
                return self._case(subject, whens, default)
            case ast.FunctionCall(name=name, args=args):
                function = lookup(name)
                assert function is not None
                return f"{bind(function.call)}({', '.join(map(self.value, args))})"
            case ast.ListLiteral(items=items):
                return f"[{', '.join(map(self.value, items))}]"
            case ast.MapLiteral(entries=entries):
                parts = (f"{self._constant(key)}: {self.value(v)}" for key, v in entries)
                return f"{{{', '.join(parts)}}}"
            case ast.MapProjection(base=base, items=items):
                parts = (
                    f"({self._constant(key)}, {'None' if v is None else self.value(v)})"
                    for key, v in items
                )
                return f"{bind(project_map)}({self.value(base)}, [{', '.join(parts)}])"
            case PercentileArgument(value=number, fraction=fraction):
                pair = f"{self.value(number)}, {self.value(fraction)}"
                return f"{bind(arithmetic.percentile_argument)}({pair})"
            case MakePath(nodes=nodes, relations=relations):
                a, b = (", ".join(map(self.value, side)) for side in (nodes, relations))
                return f"{bind(make_path)}([{a}], [{b}])"
            case ast.Index(base=base, index=index):
                return f"{bind(arithmetic.get_index)}({self.value(base)}, {self.value(index)})"
            case ast.Slice(base=base, start=start, stop=stop):
                low = "0" if start is None else self.value(start)
                high = str(arithmetic.INT_MAX) if stop is None else self.value(stop)
                return f"{bind(arithmetic.get_slice)}({self.value(base)}, {low}, {high})"
            case _:
                return self._over_list(e)

    def _is_inner(self, base: ast.Expr) -> bool:
        return isinstance(base, ast.Variable) and base.name in self.inner

    def boolean(self, e: ast.Expr) -> str:
        """Return source for True, False or None; another value raises."""
        return (
            self.value(e)
            if is_condition(e)
            else f"{self.writer.bind(logic.as_boolean)}({self.value(e)})"
        )

    def test(self, e: ast.Expr) -> str:
        """Return source that is truthy exactly where the condition is true."""
        match e:
            case ast.Binary(op="OR", left=left, right=right):
                return f"({self.test(left)} or {self.test(right)})"
            case ast.Binary(op="AND", left=left, right=right):
                if is_safe(right, self._variables(right)):
                    return f"({self.test(left)} and {self.test(right)})"
                return self.value(e)
            case ast.Comparison(first=first, rest=((op, second),)):
                return self._pair(first, op, second, truth=True)
            case _ if is_condition(e):
                return self.value(e)
            case _:
                value, name = self._named(self.value(e))
                awaiting, as_boolean = map(self.writer.bind, (AWAITING, logic.as_boolean))
                rest = f"{name} is not {awaiting} and {as_boolean}({name})"
                return f"({value} is True or {rest})"

    def _variables(self, e: ast.Expr) -> frozenset[str]:
        """Return the slots an expression reads properties of."""
        parts = (
            p.base.name
            for p in walk(e)
            if isinstance(p, ast.Property) and isinstance(p.base, ast.Variable)
        )
        return frozenset(
            name for name in parts if name not in self.inner and self.is_slot(name)
        )

    def _constant(self, value: Any) -> str:
        if value is None or value is True or value is False:
            return repr(value)
        if type(value) is int or (type(value) is float and value - value == 0):
            return f"({value!r})"
        return self.writer.bind(value)

    def _number(self, e: ast.Expr) -> int | float | None:
        value = e.value if isinstance(e, ast.Literal | Constant) else None
        return value if type(value) in (int, float) and value == value else None  # type: ignore[return-value]

    def _named(self, source: str) -> tuple[str, str]:
        """Return (source that evaluates once and names, the name)."""
        if source.isidentifier():
            return source, source
        name = self.writer.fresh("t")
        return f"({name} := {source})", name

    def _binary(self, op: str, left: ast.Expr, right: ast.Expr) -> str:
        rule = self.writer.bind(_BINARY[op])
        a, b = self.value(left), self.value(right)
        if op not in ("+", "-", "*"):
            return f"{rule}({a}, {b})"
        left_number, right_number = self._number(left), self._number(right)
        if left_number is not None and right_number is not None:
            return f"{rule}({a}, {b})"
        if right_number is not None:
            first, t = self._named(a)
            return f"({t} {op} {b} if type({first}) is float else {rule}({t}, {b}))"
        if left_number is not None:
            first, t = self._named(b)
            return f"({a} {op} {t} if type({first}) is float else {rule}({a}, {t}))"
        first, t = self._named(a)
        second, u = self._named(b)
        both = f"(type({first}) is float) & (type({second}) is float)"
        return f"({t} {op} {u} if {both} else {rule}({t}, {u}))"

    def _comparison(
        self,
        first: ast.Expr,
        rest: tuple[tuple[ast.ComparisonOp, ast.Expr], ...],
    ) -> str:
        if len(rest) > 1:
            pairs = list[str]()
            left = self.value(first)
            for op, right in rest:
                named, name = self._named(self.value(right))
                pairs.append(
                    f"{self.writer.bind(getattr(logic, _COMPARE[op]))}({left}, {named})"
                )
                left = name
            return f"{self.writer.bind(conjunction)}({', '.join(pairs)})"
        op, second = next(iter(rest))
        return self._pair(first, op, second)

    def _pair(
        self, first: ast.Expr, op: ast.ComparisonOp, second: ast.Expr, *, truth: bool = False
    ) -> str:
        rule, a, b = (
            self.writer.bind(getattr(logic, _COMPARE[op])),
            self.value(first),
            self.value(second),
        )
        if self._number(second) is not None and self._number(first) is None:
            named, t = self._named(a)
            is_number = self.writer.numbers.get(
                a, f"type({named}) is float or type({t}) is int"
            )
            fast = f"{t} {_PYTHON[op]} {b} if {is_number}"
            slow = "None" if op not in ("=", "<>") else f"{rule}({t}, {b})"
            return f"({fast} else {slow})"
        constant = second.value if isinstance(second, ast.Literal | Constant) else None
        if truth and op == "=" and type(constant) is str:
            named, t = self._named(a)
            return f"(type({named}) is str and {t} == {b})"
        return f"{rule}({a}, {b})"

    def _case(
        self,
        subject: ast.Expr | None,
        whens: tuple[tuple[ast.Expr, ast.Expr], ...],
        default: ast.Expr | None,
    ) -> str:
        out = "None" if default is None else self.value(default)
        if subject is None:
            for when, then in reversed(whens):
                out = f"({self.value(then)} if {self.boolean(when)} else {out})"
            return out
        eq = self.writer.bind(logic.eq)
        t = self.writer.fresh("t")
        for place, (when, then) in reversed(list(enumerate(whens))):
            subject_source = f"({t} := {self.value(subject)})" if place == 0 else t
            out = (
                f"({self.value(then)} if {eq}({subject_source}, {self.value(when)}) else {out})"
            )
        return out

    def _over_list(self, e: ast.Expr) -> str:
        bind = self.writer.bind
        match e:
            case ast.ListComprehension(
                variable=name, source=source, where=where, result=result
            ):
                items = self.value(source)
                true = ast.Literal(e.span, "BOOLEAN", True)
                keep = self._function((name,), where or true, condition=True)
                out = self._function((name,), result or ast.Variable(e.span, name))
                return f"{bind(arithmetic.comprehend)}({items}, {keep}, {out})"
            case ast.Quantifier(kind=kind, variable=name, source=source, where=where):
                items = self.value(source)
                keep = self._function((name,), where, condition=True)
                return f"{bind(arithmetic.quantify)}({kind!r}, {items}, {keep})"
            case ast.Reduce(
                accumulator=acc, initial=initial, variable=name, source=source, body=body
            ):
                head = f"{self.value(initial)}, {self.value(source)}"
                return f"{bind(arithmetic.fold)}({head}, {self._function((acc, name), body)})"
            case _:
                raise AssertionError(f"the binder lets no {type(e).__name__} through")

    def _function(
        self, names: tuple[str, ...], body: ast.Expr, *, condition: bool = False
    ) -> str:
        before = dict(self.inner)
        parameters = [self.writer.fresh("x") for _ in names]
        self.inner.update(zip(names, parameters, strict=True))
        source = self.boolean(body) if condition else self.value(body)
        self.inner = before
        return f"(lambda {', '.join(parameters)}: {source})"


def conjunction(*values: bool | None) -> bool | None:
    """Return the conjunction of a chain of comparisons."""
    return False if False in values else None if None in values else True
