"""The clauses of ISO GQL that read, as those of Cypher that mean the same.

LET and FILTER are WITH ``*`` and more; FOR is UNWIND; RETURN before NEXT is WITH.
"""

from __future__ import annotations

from drasi_nb.language import ast
from drasi_nb.language.parser import Clauses
from drasi_nb.span import Span


class GqlClauses(Clauses):
    """Reads GQL."""

    subquery_words = ("MATCH", "OPTIONAL", "LET", "FILTER", "FOR", "RETURN", "CALL")

    def single(self) -> ast.SingleQuery:
        """Read statements up to a RETURN that no NEXT follows."""
        t = self.tokens
        start = t.token.span
        clauses = list[ast.Clause]()
        while True:
            clause = self.clause()
            if isinstance(clause, ast.Return) and t.word("NEXT"):
                clause = ast.With(clause.span, clause.projection, None)
            clauses.append(clause)
            is_last = isinstance(clause, ast.Return) or t.token.kind != "name"
            if is_last or t.is_word("UNION"):
                return ast.SingleQuery(t.since(start), tuple(clauses))

    def clause(self) -> ast.Clause:
        """Read one statement."""
        t = self.tokens
        start = t.token.span
        if t.word("LET"):
            items = [self._let_item()]
            while t.symbol(","):
                items.append(self._let_item())
            return ast.With(t.since(start), self._all(start, tuple(items)), None)
        if t.word("FILTER"):
            t.word("WHERE")
            where = self.expressions.expression()
            return ast.With(t.since(start), self._all(start), where)
        if t.word("FOR"):
            name = t.name("a name for the items").text
            if not t.word("IN"):
                raise t.unexpected("IN and a list")
            source = self.expressions.expression()
            return ast.Unwind(t.since(start), source, name)
        if t.word("YIELD"):
            return ast.With(t.since(start), self.projection(start), None)
        if t.is_word("ORDER", "BY") or t.is_word("OFFSET") or t.is_word("LIMIT"):
            order, skip, limit = self.order()
            every = ast.Projection(t.since(start), False, True, (), order, skip, limit)
            return ast.With(t.since(start), every, None)
        if t.is_word("OPTIONAL", "MATCH") or t.is_word("MATCH") or t.is_word("CALL"):
            return super().clause()
        if t.word("RETURN"):
            projection = self.projection(start)
            return ast.Return(t.since(start), projection)
        raise t.unexpected("a statement (MATCH, LET, FILTER, FOR, RETURN)")

    def _all(self, start: Span, items: tuple[ast.Item, ...] = ()) -> ast.Projection:
        return ast.Projection(self.tokens.since(start), False, True, items, (), None, None)

    def _let_item(self) -> ast.Item:
        t = self.tokens
        name = t.name("a name")
        t.expect("=", f"after {name.text}")
        expression = self.expressions.expression()
        return ast.Item(t.since(name.span), expression, name.text, name.text)

    def group_by(self) -> tuple[ast.Expr, ...] | None:
        """Read GROUP BY: expressions, or () for one group of all."""
        t = self.tokens
        if not t.word("GROUP", "BY"):
            return None
        if t.is_symbol("(") and t.ahead().text == ")":
            t.next()
            t.next()
            return ()
        keys = [self.expressions.expression()]
        while t.symbol(","):
            keys.append(self.expressions.expression())
        return tuple(keys)
