"""A place in the token list, and what every part of the parser does with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

from drasi_nb.errors import QueryError, QuerySemanticError, QuerySyntaxError
from drasi_nb.language.dialects import CYPHER, Dialect
from drasi_nb.language.lexer import Token, tokenize
from drasi_nb.span import Span

MAX_DEPTH = 50
_WRITES = ("CREATE", "MERGE", "SET", "DELETE", "DETACH", "REMOVE", "FOREACH", "LOAD", "DROP")


class Tokens:
    """The tokens of one query and the position of the parser."""

    def __init__(self, text: str, dialect: Dialect = CYPHER) -> None:
        self.text, self.dialect = text, dialect
        self.tokens = tokenize(text)
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """Return the next token."""
        return self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        """Return a later token."""
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Take the next token."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def is_symbol(self, *texts: str) -> bool:
        """Return whether the next token is one of these symbols."""
        return self.token.kind == "symbol" and self.token.text in texts

    def symbol(self, text: str) -> bool:
        """Take a symbol if it is next."""
        if self.is_symbol(text):
            self.at += 1
            return True
        return False

    def is_word(self, *words: str) -> bool:
        """Return whether the next tokens are these keywords, in this order."""
        return all(
            self.ahead(i).kind == "name" and self.ahead(i).upper == word
            for i, word in enumerate(words)
        )

    def word(self, *words: str) -> bool:
        """Take keywords if they are next."""
        if self.is_word(*words):
            self.at += len(words)
            return True
        return False

    def expect(self, text: str, why: str, hint: str | None = None) -> Token:
        """Take a symbol that must be next; ``why`` completes "expected ')' ..."."""
        if not self.is_symbol(text):
            raise self.unexpected(f"{text!r} {why}", hint)
        return self.next()

    def name(self, what: str) -> Token:
        """Take a name, back-quoted or not."""
        if self.token.kind not in ("name", "quoted"):
            raise self.unexpected(what)
        return self.next()

    def since(self, start: Span) -> Span:
        """Return the span from a start to the token taken last."""
        return Span(start.start, self.tokens[max(self.at - 1, 0)].span.stop)

    def unexpected(self, wanted: str, hint: str | None = None) -> QueryError:
        """Return the error for the next token."""
        token = self.token
        if token.kind == "end":
            found, code = token.text, "unexpected-end"
        else:
            found, code = repr(self.text[token.span.start : token.span.stop]), "syntax"
        if token.kind == "name":
            if token.upper in _WRITES:
                return self.write_clause(token)
            near = difflib.get_close_matches(token.upper, self.dialect.clauses, 1, 0.75)
            if near and near[0] != token.upper:
                hint = f"did you mean {near[0]}?"
        return QuerySyntaxError(
            f"expected {wanted}, found {found}", self.text, token.span, code=code, hint=hint
        )

    def write_clause(self, token: Token) -> QuerySemanticError:
        """Return the refusal of a clause that writes."""
        return QuerySemanticError(
            f"{token.upper} writes to the graph",
            self.text,
            token.span,
            code="write-clause",
            hint="continuous queries only read; push changes into a source instead",
        )

    def too_deep(self) -> QuerySyntaxError:
        """Return the error for what nests deeper than is read."""
        return QuerySyntaxError(
            f"more than {MAX_DEPTH} levels of nesting",
            self.text,
            self.token.span,
            code="nesting-too-deep",
        )

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Go one level down; too deep is an error of the text, not of the parser."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.too_deep()
        yield
        self.depth -= 1
