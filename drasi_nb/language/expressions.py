"""Parsing expressions, from OR down to literals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from drasi_nb.errors import QuerySyntaxError
from drasi_nb.language import ast
from drasi_nb.language.patterns import PatternParser
from drasi_nb.language.tokens import Tokens
from drasi_nb.span import Span

_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_QUANTIFIERS = ("ALL", "ANY", "NONE", "SINGLE")
_INT_MAX = 2**63 - 1


class ExpressionParser:
    """Reads expressions; ``query`` reads the inside of a subquery."""

    def __init__(self, tokens: Tokens, query: Callable[[], ast.Query]) -> None:
        self.tokens, self.query = tokens, query
        self.patterns = PatternParser(tokens, self)
        self._no_pattern: set[int] = set()  # places where a pattern was tried in vain

    def expression(self) -> ast.Expr:
        """Read an expression."""
        with self.tokens.nested():
            return self._left(
                ("OR",), lambda: self._left(("XOR",), lambda: self._left(("AND",), self._not))
            )

    def _left(self, words: tuple[str, ...], operand: Callable[[], ast.Expr]) -> ast.Expr:
        out = operand()
        while self.tokens.is_word(*words):
            self.tokens.next()
            right = operand()
            out = ast.Binary(out.span.to(right.span), cast(Any, words[0]), out, right)
        return out

    def _not(self) -> ast.Expr:
        t = self.tokens
        starts = list[Span]()
        while t.is_word("NOT"):
            starts.append(t.next().span)
        if len(starts) > 500:
            raise QuerySyntaxError("too many NOTs", t.text, starts[0], code="nesting-too-deep")
        out = self._comparison()
        for start in reversed(starts):
            out = ast.Unary(start.to(out.span), "NOT", out)
        return out

    def _comparison(self) -> ast.Expr:
        t = self.tokens
        first = self._predicate()
        rest = list[tuple[ast.ComparisonOp, ast.Expr]]()
        while t.is_symbol(*_COMPARISONS):
            op = cast(ast.ComparisonOp, t.next().text)
            if op == "<" and t.is_symbol(">"):  # written < >
                raise t.unexpected("an expression", "write <>")
            rest.append((op, self._predicate()))
        if t.is_symbol("!") and t.ahead().text == "=":
            raise t.unexpected("a comparison", "unequal is written <>")
        return (
            ast.Comparison(first.span.to(rest[-1][1].span), first, tuple(rest))
            if rest
            else first
        )

    def _predicate(self) -> ast.Expr:
        """Read string, list and null predicates, tighter than comparisons."""
        t = self.tokens
        out = self._sum()
        while True:
            if t.word("STARTS", "WITH"):
                op = "STARTS WITH"
            elif t.word("ENDS", "WITH"):
                op = "ENDS WITH"
            elif t.word("CONTAINS"):
                op = "CONTAINS"
            elif t.word("IN"):
                op = "IN"
            elif t.symbol("=~"):
                op = "=~"
            elif t.word("IS", "NULL"):
                out = ast.IsNull(t.since(out.span), out, False)
                continue
            elif t.word("IS", "NOT", "NULL"):
                out = ast.IsNull(t.since(out.span), out, True)
                continue
            elif t.dialect.label_word is not None and t.is_word(t.dialect.label_word):
                out = self._is_labelled(out)
                continue
            else:
                return out
            right = self._sum()
            out = ast.Binary(out.span.to(right.span), cast(Any, op), out, right)

    def _is_labelled(self, base: ast.Expr) -> ast.Expr:
        """Read ``x IS Label`` and ``x IS NOT Label``."""
        t = self.tokens
        negated = t.is_word("IS", "NOT")
        if negated:
            t.next()
        t.next()
        labels = self.patterns.labels_after()
        out: ast.Expr = ast.HasLabels(t.since(base.span), base, labels)
        return ast.Unary(out.span, "NOT", out) if negated else out

    def _cast(self, start: Span) -> ast.Expr:
        """Read the rest of ``CAST(x AS type)``."""
        t = self.tokens
        argument = self.expression()
        if not t.word("AS"):
            raise t.unexpected("AS and a type")
        kind = t.name("a type")
        function = t.dialect.casts.get(kind.upper)
        if function is None:
            raise QuerySyntaxError(
                f"CAST knows no type {kind.text!r}", t.text, kind.span, code="unknown-type",
                hint=f"there are {', '.join(t.dialect.casts)}",
            )  # fmt: skip
        t.expect(")", "to close CAST")
        return ast.FunctionCall(t.since(start), function, (argument,))

    def _sum(self) -> ast.Expr:
        return self._infix(
            ("+", "-"),
            lambda: self._infix(("*", "/", "%"), lambda: self._infix(("^",), self._unary)),
        )

    def _infix(self, ops: tuple[str, ...], operand: Callable[[], ast.Expr]) -> ast.Expr:
        out = operand()
        while self.tokens.is_symbol(*ops):
            op = self.tokens.next().text
            right = operand()
            out = ast.Binary(out.span.to(right.span), cast(Any, op), out, right)
        return out

    def _unary(self) -> ast.Expr:
        t, start = self.tokens, self.tokens.token.span
        if not t.is_symbol("-", "+"):
            return self._postfix()
        op = t.next().text
        if op == "-" and t.token.kind in ("integer", "float"):
            literal = self._number(negative=True)
            return self._postfix_of(
                ast.Literal(start.to(literal.span), literal.kind, literal.value)
            )
        with t.nested():
            operand = self._unary()
        return ast.Unary(start.to(operand.span), cast(Any, op), operand)

    def _postfix(self) -> ast.Expr:
        return self._postfix_of(self._atom())

    def _postfix_of(self, out: ast.Expr) -> ast.Expr:
        t = self.tokens
        while True:
            if t.symbol("."):
                key = t.name("a property name")
                out = ast.Property(out.span.to(key.span), out, key.text)
            elif t.is_symbol("["):
                t.next()
                out = self._bracket(out)
            elif t.is_symbol(":") and isinstance(out, ast.Variable | ast.Property):
                labels = self.patterns.labels()
                out = ast.HasLabels(t.since(out.span), out, labels)
            else:
                return out

    def _bracket(self, base: ast.Expr) -> ast.Expr:
        t = self.tokens
        start = None if t.is_symbol("..") else self.expression()
        if t.symbol(".."):
            stop = None if t.is_symbol("]") else self.expression()
            t.expect("]", "to close the slice")
            return ast.Slice(t.since(base.span), base, start, stop)
        t.expect("]", "to close the index")
        assert start is not None
        return ast.Index(t.since(base.span), base, start)

    # -- atoms --------------------------------------------------------------------------

    def _number(self, *, negative: bool = False) -> ast.Literal:
        token = self.tokens.next()
        span, text = token.span, self.tokens.text
        if token.kind == "float":
            value = float(token.text)
            if math.isinf(value):
                raise QuerySyntaxError(
                    "this FLOAT is too large", text, span, code="float-overflow"
                )
            return ast.Literal(span, "FLOAT", -value if negative else value)
        digits = token.text.lower()
        base = 16 if digits.startswith("0x") else 8 if digits.startswith("0o") else 10
        if len(digits) > 30 or (number := int(digits, base)) > _INT_MAX + negative:
            raise QuerySyntaxError(
                "this INTEGER does not fit 64 bits", text, span, code="integer-overflow",
                hint="write a FLOAT, for example 1e20",
            )  # fmt: skip
        return ast.Literal(span, "INTEGER", -number if negative else number)

    def _atom(self) -> ast.Expr:
        t = self.tokens
        token = t.token
        if token.kind in ("integer", "float"):
            return self._number()
        if token.kind == "string":
            return ast.Literal(t.next().span, "STRING", token.text)
        if token.kind == "parameter":
            return ast.Parameter(t.next().span, token.text)
        if t.is_symbol("("):
            return self._round()
        if t.is_symbol("["):
            return self._square()
        if t.is_symbol("{"):
            return self.map_literal()
        if token.kind in ("name", "quoted"):
            return self._word()
        raise t.unexpected("an expression")

    def _round(self) -> ast.Expr:
        pattern = self._try_pattern()
        if pattern is not None:
            return ast.PatternPredicate(pattern.span, pattern)
        t = self.tokens
        t.next()
        inner = self.expression()
        t.expect(")", "to close the bracket")
        return inner

    def _try_pattern(self) -> ast.PathPattern | None:
        """Read a pattern of at least one relation if one begins here; each place is tried once."""
        t = self.tokens
        at, depth, after = t.at, t.depth, t.ahead()
        plausible = after.text in (")", ":", "{") or after.kind in ("name", "quoted")
        if not plausible or at in self._no_pattern:
            return None
        if (
            after.kind in ("name", "quoted")
            and t.ahead(2).text not in (")", ":", "{")
            and t.ahead(2).upper != "WHERE"
        ):
            return None
        try:
            pattern = self.patterns.path()
            if len(pattern.elements) > 1:
                return pattern
        except QuerySyntaxError:
            pass
        t.at, t.depth = at, depth
        self._no_pattern.add(at)
        return None

    def _square(self) -> ast.Expr:
        t = self.tokens
        start = t.next().span
        if t.token.kind in ("name", "quoted") and t.ahead().upper == "IN":
            return self._list_comprehension(start)
        named = t.token.kind in ("name", "quoted") and t.ahead().text == "="
        if named or t.is_symbol("("):
            comprehension = self._try_pattern_comprehension(start)
            if comprehension is not None:
                return comprehension
        items = list[ast.Expr]()
        if not t.is_symbol("]"):
            items.append(self.expression())
            while t.symbol(","):
                items.append(self.expression())
        t.expect("]", "to close the list")
        return ast.ListLiteral(t.since(start), tuple(items))

    def _list_comprehension(self, start: Span) -> ast.Expr:
        t = self.tokens
        at = t.at
        variable = t.next().text
        t.next()
        source = self.expression()
        if t.is_symbol(","):  # [x IN list, ...] is a list of conditions
            t.at = at
            items = [self.expression()]
            while t.symbol(","):
                items.append(self.expression())
            t.expect("]", "to close the list")
            return ast.ListLiteral(t.since(start), tuple(items))
        where = self.expression() if t.word("WHERE") else None
        result = self.expression() if t.symbol("|") else None
        t.expect("]", "to close the list comprehension")
        return ast.ListComprehension(t.since(start), variable, source, where, result)

    def _try_pattern_comprehension(self, start: Span) -> ast.Expr | None:
        t = self.tokens
        at, depth = t.at, t.depth
        if at in self._no_pattern:
            return None
        try:
            pattern = self.patterns.path()
            where = self.expression() if t.word("WHERE") else None
            if len(pattern.elements) > 1 and t.symbol("|"):
                result = self.expression()
                t.expect("]", "to close the pattern comprehension")
                return ast.PatternComprehension(t.since(start), pattern, where, result)
        except QuerySyntaxError:
            pass
        t.at, t.depth = at, depth
        self._no_pattern.add(at)
        return None

    def map_literal(self) -> ast.MapLiteral:
        """Read ``{key: value}``."""
        t = self.tokens
        start = t.expect("{", "to begin a map").span
        entries: dict[str, ast.Expr] = {}
        while not t.is_symbol("}"):
            key = t.name("a key").text
            t.expect(":", "after the key")
            entries[key] = self.expression()
            if not t.symbol(","):
                break
        t.expect("}", "to close the map")
        return ast.MapLiteral(t.since(start), tuple(entries.items()))

    def _word(self) -> ast.Expr:
        t = self.tokens
        token, after = t.token, t.ahead()
        if token.kind == "name":
            if token.upper in ("TRUE", "FALSE") and after.text != "(":
                return ast.Literal(t.next().span, "BOOLEAN", token.upper == "TRUE")
            if token.upper == "NULL" and after.text != "(":
                return ast.Literal(t.next().span, "NULL", None)
            if token.upper == "CASE" and after.text not in (")", ",", ".", "]"):
                return self._case()
            if token.upper in ("EXISTS", "COUNT", "COLLECT") and after.text == "{":
                return self._subquery()
            if token.upper in ("SHORTESTPATH", "ALLSHORTESTPATHS") and after.text == "(":
                pattern = self.patterns.path()
                return ast.PatternPredicate(pattern.span, pattern)
        if self._is_call():
            return self._call()
        if (
            after.text == "{"
            and after.span.start - token.span.stop <= 1
            and self._is_projection()
        ):
            return self._map_projection()
        if token.kind == "name" and token.upper in (
            "WHERE",
            "RETURN",
            "MATCH",
            "UNION",
            "ORDER",
            "LIMIT",
            "SKIP",
            "THEN",
            "ELSE",
            "END",
            "WHEN",
            "AS",
        ):
            raise t.unexpected("an expression")
        return ast.Variable(t.next().span, token.text)

    def _is_call(self) -> bool:
        t, at = self.tokens, 1
        while (
            t.ahead(at).text == "."
            and t.ahead(at).kind == "symbol"
            and t.ahead(at + 1).kind in ("name", "quoted")
        ):
            at += 2
        return t.ahead(at).kind == "symbol" and t.ahead(at).text == "("

    def _is_projection(self) -> bool:
        t = self.tokens
        after = t.ahead(2)
        if after.text in (".", "}"):
            return True
        return after.kind in ("name", "quoted") and t.ahead(3).text in (":", ",", "}")

    def _case(self) -> ast.Expr:
        t = self.tokens
        start = t.next().span
        subject = None if t.is_word("WHEN") else self.expression()
        whens = list[tuple[ast.Expr, ast.Expr]]()
        while t.word("WHEN"):
            condition = self.expression()
            if not t.word("THEN"):
                raise t.unexpected("THEN")
            whens.append((condition, self.expression()))
        if not whens:
            raise t.unexpected("WHEN")
        default = self.expression() if t.word("ELSE") else None
        if not t.word("END"):
            raise t.unexpected("END to close CASE")
        return ast.Case(t.since(start), subject, tuple(whens), default)

    def _subquery(self) -> ast.Expr:
        t = self.tokens
        token = t.next()
        t.next()
        query = self.query()
        t.expect("}", f"to close {token.upper}")
        return ast.Subquery(t.since(token.span), cast(Any, token.upper), query)

    def _call(self) -> ast.Expr:
        t = self.tokens
        start, name = t.token.span, t.next().text
        while t.symbol("."):
            name += "." + t.next().text
        t.next()
        upper = name.upper()
        if (
            upper in _QUANTIFIERS
            and t.token.kind in ("name", "quoted")
            and t.ahead().upper == "IN"
        ):
            variable = t.next().text
            t.next()
            source = self.expression()
            if not t.word("WHERE"):
                raise t.unexpected(f"WHERE in {name}()")
            where = self.expression()
            t.expect(")", f"to close {name}()")
            return ast.Quantifier(
                t.since(start), cast(Any, name.lower()), variable, source, where
            )
        if upper == "CAST" and t.dialect.casts:
            return self._cast(start)
        if upper == "REDUCE":
            return self._reduce(start)
        if upper == "COUNT" and t.is_symbol("*") and t.ahead().text == ")":
            t.next()
            t.next()
            return ast.CountStar(t.since(start))
        if upper == "EXISTS":
            return self._exists(start)
        distinct = t.word("DISTINCT")
        args = list[ast.Expr]()
        if not t.is_symbol(")"):
            args.append(self.expression())
            while t.symbol(","):
                args.append(self.expression())
        t.expect(")", f"to close {name}()")
        name = t.dialect.functions.get(name.lower(), name)
        return ast.FunctionCall(t.since(start), name, tuple(args), distinct)

    def _exists(self, start: Span) -> ast.Expr:
        """Read the old form ``exists(pattern)`` or ``exists(n.key)``."""
        t = self.tokens
        argument = self.expression()
        t.expect(")", "to close exists()")
        if isinstance(argument, ast.PatternPredicate):
            span = t.since(start)
            match = ast.Match(span, False, (argument.pattern,), None)
            return ast.Subquery(
                span, "EXISTS", ast.Query(span, (ast.SingleQuery(span, (match,)),), ())
            )
        return ast.IsNull(t.since(start), argument, True)

    def _reduce(self, start: Span) -> ast.Expr:
        t = self.tokens
        accumulator = t.name("the accumulator's name").text
        t.expect("=", "after the accumulator")
        initial = self.expression()
        t.expect(",", "after the first value")
        variable = t.name("the item's name").text
        if not t.word("IN"):
            raise t.unexpected("IN")
        source = self.expression()
        t.expect("|", "before the expression of reduce()")
        body = self.expression()
        t.expect(")", "to close reduce()")
        return ast.Reduce(t.since(start), accumulator, initial, variable, source, body)

    def _map_projection(self) -> ast.Expr:
        t = self.tokens
        token = t.next()
        base = ast.Variable(token.span, token.text)
        t.next()
        items = list[tuple[str, ast.Expr | None]]()
        while not t.is_symbol("}"):
            if t.symbol("."):
                items.append(
                    (".*" if t.symbol("*") else "." + t.name("a property name").text, None)
                )
            else:
                key = t.name("a key")
                value = self.expression() if t.symbol(":") else ast.Variable(key.span, key.text)
                items.append((key.text, value))
            if not t.symbol(","):
                break
        t.expect("}", "to close the map projection")
        return ast.MapProjection(t.since(token.span), base, tuple(items))
