"""Parsing expressions, from OR down to literals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from drasi_nb.errors import QuerySyntaxError
from drasi_nb.language import ast
from drasi_nb.language.lexer import Token
from drasi_nb.language.patterns import PatternParser
from drasi_nb.language.tokens import Tokens
from drasi_nb.language.words import WordParser
from drasi_nb.span import Span

_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_INT_MAX = 2**63 - 1


class ExpressionParser(WordParser):
    """Reads expressions; ``query`` reads the inside of a subquery."""

    def __init__(self, tokens: Tokens, query: Callable[[], ast.Query]) -> None:
        super().__init__(tokens, query)
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
        number = self._integer(token, _INT_MAX + negative)
        return ast.Literal(span, "INTEGER", -number if negative else number)

    def whole_number(self) -> int:
        """Read an integer of 64 bits."""
        return self._integer(self.tokens.next(), _INT_MAX)

    def _integer(self, token: Token, most: int) -> int:
        digits = token.text.lower()
        base = 16 if digits.startswith("0x") else 8 if digits.startswith("0o") else 10
        if len(digits) > 30 or (number := int(digits, base)) > most:
            raise QuerySyntaxError(
                "this INTEGER does not fit 64 bits", self.tokens.text, token.span,
                code="integer-overflow", hint="write a FLOAT, for example 1e20",
            )  # fmt: skip
        return number

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
            return self.word()
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
