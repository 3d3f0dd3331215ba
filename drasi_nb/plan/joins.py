"""Synthetic joins: a relation that stands for an equality of two properties.

No relation is stored. A pattern over the join's type becomes an equality between its nodes,
which the shared property indexes answer; the relation's value is made from the two nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from drasi_nb.functions.registry import scalar
from drasi_nb.language import ast
from drasi_nb.middleware.configuration import Setting
from drasi_nb.span import Span
from drasi_nb.values.graph import Node, Relation


@dataclass(frozen=True, slots=True)
class Key:
    """Nodes of a label, by a property."""

    label: str
    property: str


@dataclass(frozen=True, slots=True)
class Join:
    """Nodes of different keys with equal values are related, from the earlier key to the later."""

    id: str
    keys: tuple[Key, ...]


Joins = Mapping[str, Join]


def read_joins(joins: Iterable[Any]) -> dict[str, Join]:
    """Return joins by the relation type that they stand for.

    Args:
        joins: Each ``{"id": "PART_OF", "keys": [{"label": .., "property": ..}, ...]}``.

    Raises:
        ConfigError: A join is malformed; the text names the place and the fault.
    """
    out: dict[str, Join] = {}
    for setting in Setting(list(joins), "joins").items():
        fields = setting.fields(("id", "keys"))
        keys = list[Key]()
        for item in fields["keys"].items():
            parts = item.fields(("label", "property"))
            keys.append(Key(parts["label"].text(), parts["property"].text()))
        if len(keys) < 2:
            raise fields["keys"].error(f"a join needs two keys or more, got {len(keys)}")
        id_ = fields["id"].text()
        if id_ in out:
            raise fields["id"].error(f"{id_!r} is the id of another join")
        out[id_] = Join(id_, tuple(keys))
    return out


@scalar("#join", "STRING, NODE, NODE -> RELATIONSHIP")
def related(type_: str, start: Node, end: Node) -> Relation:
    """Return the relation that a join puts between two nodes."""
    id_ = f"{start.source}/{start.id}:{end.source}/{end.id}"
    return Relation(id_, type_, start.id, end.id, {})


def join_of(pattern: ast.RelationPattern, joins: Joins) -> Join | None:
    """Return the join that a relation pattern names, if it does."""
    return joins.get(pattern.types.name) if isinstance(pattern.types, ast.Label) else None


@dataclass(frozen=True, slots=True)
class JoinedPair:
    """A join between two node variables, as drawn.

    Attributes:
        condition: When the pair is joined.
        relation: The value of the relation.
    """

    condition: ast.Expr
    relation: ast.Expr


def joined(
    pattern: ast.RelationPattern,
    join: Join,
    ends: tuple[str, str],
    labels: tuple[ast.LabelExpr | None, ast.LabelExpr | None],
) -> JoinedPair:
    """Return what a relation pattern over a join stands for.

    Labels of the pattern's nodes tell which key is at which end; where they leave both ways
    open, an arrow runs from the earlier key to the later.

    Args:
        pattern: The relation.
        join: Its join.
        ends: Names of the left and the right node.
        labels: Their labels in the pattern.
    """
    span = pattern.span
    pairs = [p for p in permutations(range(len(join.keys)), 2) if _fits(join, p, labels) == 2]
    pairs = pairs or [
        p for p in permutations(range(len(join.keys)), 2) if _fits(join, p, labels)
    ]
    pairs = pairs or list(permutations(range(len(join.keys)), 2))
    along = [(a, b) for a, b in pairs if (a < b) == (pattern.direction != "<-")]
    if pattern.direction != "-" and along:
        pairs = along
    condition: ast.Expr | None = None
    relation: ast.Expr | None = None
    for a, b in pairs:
        one = _condition(span, (join.keys[a], join.keys[b]), ends, labels)
        start, end = ends if a < b else (ends[1], ends[0])
        type_ = ast.Literal(span, "STRING", join.id)
        arguments = (type_, ast.Variable(span, start), ast.Variable(span, end))
        made: ast.Expr = ast.FunctionCall(span, "#join", arguments)
        if condition is None or relation is None:
            condition, relation = one, made
        else:
            relation = ast.Case(span, None, ((one, made),), relation)
            condition = ast.Binary(span, "OR", condition, one)
    assert condition is not None
    assert relation is not None
    return JoinedPair(condition, relation)


def _fits(join: Join, pair: tuple[int, int], labels: tuple[ast.LabelExpr | None, ...]) -> int:
    """Return at how many ends the pattern's labels say that the key's label is there."""
    return sum(
        implies(label, join.keys[i].label) for i, label in zip(pair, labels, strict=True)
    )


def implies(labels: ast.LabelExpr | None, name: str) -> bool:
    """Return whether every node with such labels has one of that name."""
    match labels:
        case ast.Label(name=own):
            return own == name
        case ast.LabelAnd(left=left, right=right):
            return implies(left, name) or implies(right, name)
        case _:
            return False


def _condition(
    span: Span,
    keys: tuple[Key, Key],
    ends: tuple[str, str],
    labels: tuple[ast.LabelExpr | None, ...],
) -> ast.Expr:
    sides = [
        ast.Property(span, ast.Variable(span, name), key.property)
        for name, key in zip(ends, keys, strict=True)
    ]
    out: ast.Expr = ast.Comparison(span, sides[0], (("=", sides[1]),))
    for name, key, label in zip(ends, keys, labels, strict=True):
        if not implies(label, key.label):
            has = ast.HasLabels(span, ast.Variable(span, name), ast.Label(span, key.label))
            out = ast.Binary(span, "AND", out, has)
    if keys[0] == keys[1]:  # a node is not related to itself by what it shares with itself
        other = ast.Comparison(
            span, ast.Variable(span, ends[0]), (("<>", ast.Variable(span, ends[1])),)
        )
        out = ast.Binary(span, "AND", out, other)
    return out
