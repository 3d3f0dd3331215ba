"""Parsing what begins with a word: names, calls, CASE, subqueries, map projections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from drasi_nb.errors import QuerySyntaxError
from drasi_nb.language import ast
from drasi_nb.language.tokens import Tokens
from drasi_nb.span import Span

if TYPE_CHECKING:
    from drasi_nb.language.patterns import PatternParser

_QUANTIFIERS = ("ALL", "ANY", "NONE", "SINGLE")


class WordParser(ABC):
    """Reads expressions that begin with a word; ``query`` reads the inside of a subquery."""

    patterns: PatternParser

    def __init__(self, tokens: Tokens, query: Callable[[], ast.Query]) -> None:
        self.tokens, self.query = tokens, query

    @abstractmethod
    def expression(self) -> ast.Expr:
        """Read any expression."""

    def word(self) -> ast.Expr:
        """Read an expression that begins with a word."""
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
