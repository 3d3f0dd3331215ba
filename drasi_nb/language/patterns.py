"""Parsing patterns: nodes, relations, paths, label expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from drasi_nb.errors import QuerySyntaxError
from drasi_nb.language import ast
from drasi_nb.language.tokens import Tokens

if TYPE_CHECKING:
    from drasi_nb.language.expressions import ExpressionParser

_ROUND = "node patterns use round brackets: (r:Room)"


class PatternParser:
    """Reads patterns; expressions inside them go back to the expression parser."""

    def __init__(self, tokens: Tokens, expressions: ExpressionParser) -> None:
        self.tokens, self.expressions = tokens, expressions

    def patterns(self) -> tuple[ast.PathPattern, ...]:
        """Read comma-separated patterns."""
        out = [self.path()]
        while self.tokens.symbol(","):
            out.append(self.path())
        return tuple(out)

    def path(self) -> ast.PathPattern:
        """Read ``[name =] (..)-[..]->(..)`` or a shortest path."""
        t, start, variable = self.tokens, self.tokens.token.span, None
        if t.token.kind in ("name", "quoted") and t.ahead().text == "=":
            variable = t.next().text
            t.next()
        shortest: Literal["shortestPath", "allShortestPaths"] | None = None
        for name in ("shortestPath", "allShortestPaths"):
            if t.is_word(name.upper()) and t.ahead().text == "(":
                shortest = name
                t.next()
                t.next()
                break
        elements = self.elements()
        if shortest:
            t.expect(")", f"to close {shortest}")
        return ast.PathPattern(t.since(start), variable, elements, shortest)

    def elements(self) -> tuple[ast.PathElement, ...]:
        """Read nodes and the relations between them; in GQL also quantified paths."""
        out: list[ast.PathElement] = []
        while self._is_quantified():
            out.append(self._quantified())
        if out and not self.tokens.is_symbol("("):
            return tuple(out)
        out += self._plain()
        while self._is_quantified():
            while self._is_quantified():
                out.append(self._quantified())
            if self.tokens.is_symbol("("):
                out += self._plain()
        return tuple(out)

    def _plain(self) -> list[ast.NodePattern | ast.RelationPattern]:
        out: list[ast.NodePattern | ast.RelationPattern] = [self.node()]
        while self.tokens.is_symbol("-", "<"):
            out.append(self.relation())
            out.append(self.node())
        return out

    def _is_quantified(self) -> bool:
        t = self.tokens
        return t.dialect.has_quantifiers and t.is_symbol("(") and t.ahead().text == "("

    def _quantified(self) -> ast.QuantifiedPath:
        t, start = self.tokens, self.tokens.token.span
        t.next()
        elements = tuple(self._plain())
        where = self.expressions.expression() if t.word("WHERE") else None
        t.expect(")", "to close the path")
        length = self._quantifier()
        if length is None:
            raise t.unexpected("a quantifier such as {1,3}")
        return ast.QuantifiedPath(t.since(start), elements, where, length)

    def node(self) -> ast.NodePattern:
        """Read ``(name:Label {key: value} WHERE ..)``."""
        t, start = self.tokens, self.tokens.token.span
        t.expect("(", "to begin a node pattern", _ROUND if t.is_symbol("[", "{") else None)
        variable = self._variable()
        labels = self.labels() if self._is_labelled() else None
        properties = self._properties()
        where = self.expressions.expression() if t.word("WHERE") else None
        t.expect(")", "to close the node pattern", _ROUND if t.is_symbol("]", "}") else None)
        return ast.NodePattern(t.since(start), variable, labels, properties, where)

    def _variable(self) -> str | None:
        t = self.tokens
        word = t.dialect.label_word
        if word is not None and t.is_word(word) and not t.is_word(word, word):
            after = t.ahead()
            if after.kind in ("name", "quoted") or after.text in ("!", "(", "%"):
                return None  # (IS Room)
        if t.token.kind == "quoted" or (t.token.kind == "name" and not (
            t.is_word("WHERE") and t.ahead().text not in (")", "]", ":", "{", "*")
        )):  # fmt: skip
            return t.next().text
        return None

    def _properties(self) -> ast.MapLiteral | ast.Parameter | None:
        t = self.tokens
        if t.token.kind == "parameter":
            token = t.next()
            return ast.Parameter(token.span, token.text)
        return self.expressions.map_literal() if t.is_symbol("{") else None

    def relation(self) -> ast.RelationPattern:
        """Read ``-[..]->``, ``<-[..]-``, ``-[..]-`` and their short forms."""
        t, start = self.tokens, self.tokens.token.span
        left = t.symbol("<")
        t.expect("-", "to begin a relation")
        variable: str | None = None
        types: ast.LabelExpr | None = None
        length: ast.Length | None = None
        properties: ast.MapLiteral | ast.Parameter | None = None
        where: ast.Expr | None = None
        if t.symbol("["):
            variable = self._variable()
            types = self.labels() if self._is_labelled() else None
            length = self._length() if t.symbol("*") else None
            properties = self._properties()
            where = self.expressions.expression() if t.word("WHERE") else None
            t.expect("]", "to close the relation", "relations use square brackets: -[r:TYPE]->")
        t.expect("-", "to end the relation")
        right = t.symbol(">")
        if t.dialect.has_quantifiers and length is None:
            length = self._quantifier()
        direction: Literal["->", "<-", "-"] = "-" if left == right else "<-" if left else "->"
        span = t.since(start)
        return ast.RelationPattern(span, variable, types, direction, length, properties, where)

    def _is_labelled(self) -> bool:
        t = self.tokens
        return t.is_symbol(":") or (
            t.dialect.label_word is not None and t.is_word(t.dialect.label_word)
        )

    def _quantifier(self) -> ast.Length | None:
        """Read ``{1,3}``, ``{2}``, ``{1,}``, ``{,3}``, ``+`` or ``*`` behind a relation."""
        t = self.tokens
        if t.symbol("+"):
            return ast.Length(1, None)
        if t.symbol("*"):
            return ast.Length(0, None)
        if not t.symbol("{"):
            return None
        low = self._bound()
        high = self._bound() if t.symbol(",") else low
        t.expect("}", "to close the quantifier", "write {1,3}, {2}, {1,} or {,3}")
        return ast.Length(0 if low is None else low, high)

    def _length(self) -> ast.Length:
        t = self.tokens
        low = self._bound()
        if t.symbol(".."):
            return ast.Length(low, self._bound())
        return ast.Length(low, low)

    def _bound(self) -> int | None:
        t = self.tokens
        if t.is_symbol("-"):
            raise QuerySyntaxError(
                "a length cannot be negative", t.text, t.token.span, code="invalid-length"
            )
        return self.expressions.whole_number() if t.token.kind == "integer" else None

    # -- labels -------------------------------------------------------------------------

    def labels(self) -> ast.LabelExpr:
        """Read ``:A:B``, ``:A|B``, ``:A&!B``, ``:A|:B``; in GQL also ``IS A``."""
        t = self.tokens
        if t.dialect.label_word is None or not t.word(t.dialect.label_word):
            t.expect(":", "to begin labels")
        return self.labels_after()

    def labels_after(self) -> ast.LabelExpr:
        """Read labels whose colon was taken."""
        t = self.tokens
        out = self._label_or()
        while t.symbol(":"):
            right = self._label_or()
            out = ast.LabelAnd(out.span.to(right.span), out, right)
        return out

    def _label_or(self) -> ast.LabelExpr:
        out = self._label_and()
        while self.tokens.symbol("|"):
            self.tokens.symbol(":")
            right = self._label_and()
            out = ast.LabelOr(out.span.to(right.span), out, right)
        return out

    def _label_and(self) -> ast.LabelExpr:
        out = self._label_not()
        while self.tokens.symbol("&"):
            right = self._label_not()
            out = ast.LabelAnd(out.span.to(right.span), out, right)
        return out

    def _label_not(self) -> ast.LabelExpr:
        t, start = self.tokens, self.tokens.token.span
        with t.nested():
            if t.symbol("!"):
                operand = self._label_not()
                return ast.LabelNot(t.since(start), operand)
            if t.symbol("("):
                inner = self._label_or()
                t.expect(")", "to close the label expression")
                return inner
            if t.symbol("%"):
                return ast.LabelAny(start)
            token = t.name("a label")
            return ast.Label(token.span, token.text)
