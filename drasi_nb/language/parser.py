"""From text to the syntax tree: clauses. ``parse`` is the way in."""

from __future__ import annotations

from drasi_nb.errors import QuerySemanticError, QuerySyntaxError
from drasi_nb.language import ast
from drasi_nb.language.dialects import CYPHER, GQL, Dialect
from drasi_nb.language.expressions import ExpressionParser
from drasi_nb.language.tokens import Tokens
from drasi_nb.span import Span


def parse(text: str, dialect: Dialect = CYPHER) -> ast.Query:
    """Return the tree of a read query: of openCypher 9, or of GQL's read subset.

    Raises:
        QueryError: The text cannot be read, or writes; nothing else is ever raised.
    """
    from drasi_nb.language.gql import GqlClauses  # which builds on the clauses below

    parser = (GqlClauses if dialect is GQL else Clauses)(text, dialect)
    try:
        query = parser.query()
    except RecursionError:  # the caller left less of the stack than MAX_DEPTH needs
        raise parser.tokens.too_deep() from None
    parser.tokens.symbol(";")
    if parser.tokens.token.kind != "end":
        raise parser.tokens.unexpected("a clause or the end of the query")
    return query


class Clauses:
    """Reads Cypher's clauses."""

    subquery_words: tuple[str, ...] = ("MATCH", "OPTIONAL", "WITH", "RETURN", "UNWIND", "CALL")

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.tokens = Tokens(text, dialect)
        self.expressions = ExpressionParser(self.tokens, self.subquery)

    def query(self) -> ast.Query:
        """Read single queries and the UNIONs between them."""
        t = self.tokens
        start = t.token.span
        with t.nested():
            parts, all_ = [self.single()], list[bool]()
            while t.word("UNION"):
                all_.append(t.word("ALL"))
                t.word("DISTINCT")
                parts.append(self.single())
        return ast.Query(t.since(start), tuple(parts), tuple(all_))

    def subquery(self) -> ast.Query:
        """Read the inside of EXISTS { }: a query, or a bare pattern that stands for MATCH."""
        t = self.tokens
        if t.token.upper in self.subquery_words and t.ahead().text not in ("=",):
            return self.query()
        start = t.token.span
        patterns = self.expressions.patterns.patterns()
        where = self.expressions.expression() if t.word("WHERE") else None
        span = t.since(start)
        match = ast.Match(span, False, patterns, where)
        return ast.Query(span, (ast.SingleQuery(span, (match,)),), ())

    def single(self) -> ast.SingleQuery:
        """Read clauses up to RETURN."""
        t = self.tokens
        start = t.token.span
        clauses = [self.clause()]
        while (
            not isinstance(clauses[-1], ast.Return)
            and t.token.kind == "name"
            and not t.is_word("UNION")
        ):
            clauses.append(self.clause())
        return ast.SingleQuery(t.since(start), tuple(clauses))

    def clause(self) -> ast.Clause:
        """Read one clause."""
        t = self.tokens
        start = t.token.span
        if t.word("OPTIONAL", "MATCH"):
            return self._match(start, optional=True)
        if t.word("MATCH"):
            return self._match(start, optional=False)
        if t.word("UNWIND"):
            source = self.expressions.expression()
            if not t.word("AS"):
                raise t.unexpected("AS and a name for the items")
            name = t.name("a name for the items").text
            return ast.Unwind(t.since(start), source, name)
        if t.word("WITH"):
            projection = self.projection(start)
            where = self.expressions.expression() if t.word("WHERE") else None
            return ast.With(t.since(start), projection, where)
        if t.word("RETURN"):
            projection = self.projection(start)
            return ast.Return(t.since(start), projection)
        if t.word("CALL"):
            return self._call(start)
        raise t.unexpected("a clause (MATCH, WITH, UNWIND, RETURN)")

    def _match(self, start: Span, *, optional: bool) -> ast.Match:
        patterns = self.expressions.patterns.patterns()
        where = self.expressions.expression() if self.tokens.word("WHERE") else None
        return ast.Match(self.tokens.since(start), optional, patterns, where)

    def _call(self, start: Span) -> ast.CallSubquery:
        t = self.tokens
        imports: tuple[str, ...] | None = None
        if t.symbol("("):
            names = list[str]()
            while not t.is_symbol(")"):
                names.append("*" if t.symbol("*") else t.name("a variable").text)
                if not t.symbol(","):
                    break
            t.expect(")", "to close the imports")
            imports = tuple(names)
        if t.token.kind in ("name", "quoted"):
            raise QuerySemanticError(
                "procedures cannot be called", t.text, t.token.span, code="procedure-call",
                hint="a subquery is written CALL { ... }",
            )  # fmt: skip
        t.expect("{", "to begin the subquery")
        query = self.query()
        t.expect("}", "to close the subquery")
        return ast.CallSubquery(t.since(start), query, imports)

    def projection(self, start: Span) -> ast.Projection:
        """Read what WITH and RETURN share."""
        t = self.tokens
        distinct = t.word("DISTINCT")
        star, items = False, list[ast.Item]()
        if t.symbol("*"):
            star = True
        else:
            items.append(self._item())
        while t.symbol(","):
            items.append(self._item())
        group_by = self.group_by()
        order, skip, limit = self.order()
        return ast.Projection(
            t.since(start), distinct, star, tuple(items), order, skip, limit, group_by
        )

    def group_by(self) -> tuple[ast.Expr, ...] | None:
        """Return None: Cypher groups by what is not aggregated."""
        return None

    def order(self) -> tuple[tuple[ast.SortKey, ...], ast.Expr | None, ast.Expr | None]:
        """Read ORDER BY, SKIP and LIMIT, each if it is there."""
        t, expression = self.tokens, self.expressions.expression
        order = list[ast.SortKey]()
        if t.word("ORDER", "BY"):
            order.append(self._sort_key())
            while t.symbol(","):
                order.append(self._sort_key())
        skip = expression() if t.word("SKIP") or t.word("OFFSET") else None
        limit = expression() if t.word("LIMIT") else None
        if skip is None and (t.word("SKIP") or t.word("OFFSET")):
            skip = expression()
        return tuple(order), skip, limit

    def _item(self) -> ast.Item:
        t = self.tokens
        start = t.token.span
        expression = self.expressions.expression()
        written = t.since(start)
        name = t.text[written.start : written.stop]
        if isinstance(expression, ast.Variable):
            name = expression.name
        alias = t.name("a name after AS").text if t.word("AS") else None
        if (
            alias is None
            and t.token.kind == "name"
            and t.ahead().text in (",", "the end of the query")
        ):
            raise QuerySyntaxError(
                f"expected AS before {t.token.text!r}", t.text, t.token.span, code="syntax",
                hint=f"write {name} AS {t.token.text}",
            )  # fmt: skip
        return ast.Item(t.since(start), expression, alias, alias or name)

    def _sort_key(self) -> ast.SortKey:
        t = self.tokens
        start = t.token.span
        expression = self.expressions.expression()
        descending = t.word("DESC") or t.word("DESCENDING")
        if not descending:
            _ = t.word("ASC") or t.word("ASCENDING")
        return ast.SortKey(t.since(start), expression, descending)
