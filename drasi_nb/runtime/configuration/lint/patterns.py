"""Differences in patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, pairwise

from drasi_nb.language import ast
from drasi_nb.language.labels import disjoint_types, plain_types
from drasi_nb.plan.joins import join_of
from drasi_nb.runtime.configuration.lint.rules import Found
from drasi_nb.runtime.configuration.lint.walking import Text, walk

_SPACED = re.compile(r"\s:|:\s")
_SHORT = {"-->", "<--", "--", "<-->", "<-[]->"}


def found(query: Text) -> Iterator[Found]:
    """Yield the differences in patterns."""
    for node in walk(query.tree):
        if isinstance(node, ast.SingleQuery):
            yield from _clauses([c for c in node.clauses if isinstance(c, ast.Match)])
        elif isinstance(node, ast.Match):
            yield from _unique(node)
        elif isinstance(node, ast.PathPattern):
            if node.shortest is not None:
                yield Found("shortest-path", node.span, node.shortest)
            if node.variable is not None:
                yield Found("path-variable", node.span)
        elif isinstance(node, ast.QuantifiedPath):
            yield Found("quantified-path", node.span)
        elif isinstance(node, ast.NodePattern):
            yield from _labels(query, node, node.labels)
            yield from _inline(node)
        elif isinstance(node, ast.RelationPattern):
            yield from _relation(query, node)


def _relation(query: Text, relation: ast.RelationPattern) -> Iterator[Found]:
    drawn = re.sub(r"\s+", "", query.of(relation))
    if drawn in _SHORT or (drawn.startswith("<-") and drawn.endswith("->")):
        yield Found("arrow-form", relation.span, drawn)
    if relation.length is not None:
        yield Found("variable-length", relation.span)
    join = join_of(relation, query.joins)
    if join is not None:
        code = "undirected-join" if relation.direction == "-" else "join-direction"
        if code == "undirected-join" or len({key.label for key in join.keys}) < len(join.keys):
            yield Found(code, relation.span)
    yield from _labels(query, relation, relation.types)
    yield from _inline(relation)


def _labels(
    query: Text, pattern: ast.NodePattern | ast.RelationPattern, labels: ast.LabelExpr | None
) -> Iterator[Found]:
    if labels is None:
        return
    if plain_types(labels) is None:
        yield Found("label-form", labels.span)
    near = query.text[max(pattern.span.start, labels.span.start - 3) : labels.span.start]
    if _SPACED.search(near):
        yield Found("label-spaces", labels.span)


def _inline(pattern: ast.NodePattern | ast.RelationPattern) -> Iterator[Found]:
    for condition in (pattern.properties, pattern.where):
        if condition is None:
            continue
        for node in walk(condition):
            if isinstance(node, ast.Variable) and node.name != pattern.variable:
                yield Found("inline-variable", node.span, node.name)


def _unique(match: ast.Match) -> Iterator[Found]:
    relations = [
        e for p in match.patterns for e in p.elements if isinstance(e, ast.RelationPattern)
    ]
    for a, b in combinations(relations, 2):
        if not disjoint_types(a.types, b.types) and (
            a.variable is None or a.variable != b.variable
        ):
            yield Found("same-relation", b.span)
            break


def _clauses(matches: list[ast.Match]) -> Iterator[Found]:
    """Yield what depends on how patterns hang together."""
    of: dict[str, str] = {}  # a way from each node to the one that stands for its component
    seen = set[str]()

    def root(name: str) -> str:
        while of.setdefault(name, name) != name:
            name = of[name]
        return name

    first: str | None = None
    for path in (path for match in matches for path in match.patterns):
        nodes = [e for e in path.elements if isinstance(e, ast.NodePattern)]
        relations = [e for e in path.elements if isinstance(e, ast.RelationPattern)]
        names = [node.variable or f"#{node.span.start}" for node in nodes]
        names = names or [f"#{path.span.start}"]  # of quantified paths alone
        for node, name in zip(nodes, names, strict=False):
            if name in seen and (node.labels or node.properties or node.where):
                yield Found("later-labels", node.span, name)
            elif len(path.elements) == 1 and name not in seen and node.labels is None:
                yield Found("unlabelled-node", node.span)
            seen.add(name)
        known = [name for name in names if name in of]
        is_joined = first is None or any(root(name) == root(first) for name in known)
        for left, right, relation in zip(names, names[1:], relations, strict=False):
            if root(left) == root(right):
                yield Found("cyclic-pattern", relation.span)
            of[root(left)] = root(right)
        for left, right in pairwise(names):
            of[root(left)] = root(right)  # also over a quantified path
        root(names[0])
        if not is_joined:
            yield Found("disconnected-patterns", path.span)
        first = first or names[0]
