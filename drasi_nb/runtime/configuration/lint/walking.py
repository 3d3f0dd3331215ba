"""Ways through a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drasi_nb.language import ast
from drasi_nb.language.lexer import Token
from drasi_nb.plan.joins import Join


@dataclass(frozen=True, slots=True)
class Text:
    """A query that is looked at.

    Attributes:
        text: As it would be written.
        tokens: Of it.
        tree: Of it.
        language: "cypher" or "gql".
        joins: By the relation type that they stand for.
    """

    text: str
    tokens: list[Token]
    tree: ast.Query
    language: str
    joins: dict[str, Join]

    def of(self, node: ast.Node) -> str:
        """Return the text of a node."""
        return self.text[node.span.start : node.span.stop]


def children(value: Any) -> Iterator[ast.Node]:
    """Yield the nodes that stand directly in a node, or in a tuple."""
    if isinstance(value, tuple):
        for item in value:
            if isinstance(item, ast.Node):
                yield item
            else:
                yield from children(item)
    elif isinstance(value, ast.Node):
        for name in value.__dataclass_fields__:
            inner = getattr(value, name)
            if isinstance(inner, ast.Node):
                yield inner
            elif isinstance(inner, tuple):
                yield from children(inner)


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """Yield a node and all below it, in the order of the text as far as the tree has it."""
    yield node
    for child in children(node):
        yield from walk(child)
