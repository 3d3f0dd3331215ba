"""From the patterns of MATCH to slots."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from drasi_nb.language import ast
from drasi_nb.language.labels import disjoint_types
from drasi_nb.plan.expressions import Checker
from drasi_nb.plan.joins import Join, join_of, joined
from drasi_nb.plan.nodes import (
    STEP,
    MakePath,
    Match,
    NodeSlot,
    RelationSlot,
    free_variables,
    middle,
    rewrite,
)

_ELEMENTS = {"ANY", "NULL"}  # what a name may hold besides the element itself


class Pattern:
    """The slots of one or several MATCH clauses over the same incoming row.

    Attributes:
        scope: Names with their types; patterns add theirs.
        paths: Named paths and joined relations, each as the expression that makes it.
        conditions: Inline conditions, not checked yet.
    """

    def __init__(self, checker: Checker, scope: dict[str, str]) -> None:
        self.checker, self.scope = checker, scope
        self.nodes: list[NodeSlot] = []
        self.relations: list[RelationSlot] = []
        self.unique: list[tuple[int, int]] = []
        self.filters: list[ast.Expr] = []
        self.imports: set[str] = set()
        self.paths: dict[str, ast.Expr] = {}
        self._joined: dict[str, list[ast.Expr]] = {}  # of this clause, by join
        self.conditions: list[ast.Expr] = []

    def add(self, patterns: Iterable[ast.PathPattern]) -> None:
        """Add the patterns of one clause; no two of its relations are the same.

        Raises:
            QuerySemanticError: A name stands for something else.
        """
        first = len(self.relations)
        self._joined.clear()
        for pattern in patterns:
            self._path(pattern, first)
        for a, b in combinations(range(first, len(self.relations)), 2):
            one, other = self.relations[a], self.relations[b]
            if not disjoint_types(one.types, other.types):
                self.unique.append((a, b))

    def repeats(self, patterns: Iterable[ast.PathPattern]) -> bool:
        """Return whether a relation of an earlier clause occurs in these patterns."""
        mine = {slot.name for slot in self.relations}
        return any(
            isinstance(e, ast.RelationPattern) and e.variable in mine
            for pattern in patterns
            for e in pattern.elements
        )

    def match(self) -> Match:
        """Return what was gathered."""
        return Match(
            tuple(self.nodes),
            tuple(self.relations),
            tuple(self.unique),
            tuple(self.filters),
            frozenset(self.imports),
        )

    def with_paths(self, expression: ast.Expr) -> ast.Expr:
        """Return an expression in which named paths are made from their slots."""
        if not free_variables(expression) & self.paths.keys():
            return expression

        def change(e: ast.Expr) -> ast.Expr | None:
            return self.paths.get(e.name) if isinstance(e, ast.Variable) else None

        changed: ast.Expr = rewrite(expression, change)
        return changed

    # -- paths --------------------------------------------------------------------------

    def _path(self, pattern: ast.PathPattern, first: int) -> None:
        name = pattern.variable
        if name is not None and name in self.scope:
            raise self.checker.error(
                f"{name!r} is bound already",
                pattern.span,
                "already-bound",
                "choose another name",
            )
        steps = [e for e in pattern.elements if isinstance(e, ast.RelationPattern)]
        if pattern.shortest is not None and len(steps) != 1:
            raise self.checker.error(
                f"{pattern.shortest}() takes a pattern with one relation",
                pattern.span,
                "invalid-shortest-path",
            )
        ends = [self._node(e) for e in pattern.elements if isinstance(e, ast.NodePattern)]
        parts = list[tuple[ast.Expr, ast.Expr | None]]()  # relation, nodes between
        for place, step in enumerate(steps):
            join = join_of(step, self.checker.joins)
            if join is not None:
                relation = self._join(step, join, ends[place : place + 2], pattern)
                parts.append((relation, None))
                continue
            slot = self._relation(step, ends[place], ends[place + 1], first, pattern.shortest)
            between = None
            if slot.length is not None:
                between = ast.Variable(pattern.span, middle(slot.name))
            parts.append((ast.Variable(pattern.span, slot.name), between))
        if name is None:
            return
        self.scope[name] = "PATH"
        self.paths[name] = MakePath(
            pattern.span,
            tuple(ast.Variable(pattern.span, self.nodes[end].name) for end in ends),
            tuple(relation for relation, _ in parts),
            tuple(between for _, between in parts),
        )

    def _join(
        self,
        step: ast.RelationPattern,
        join: Join,
        ends: list[int],
        path: ast.PathPattern,
    ) -> ast.Expr:
        """Add a synthetic join; return its relation."""
        checker, name = self.checker, step.variable
        if step.length is not None or path.shortest is not None:
            raise checker.error(
                f"{join.id!r} is a synthetic join and has no variable length",
                step.span,
                "join-length",
                "write its steps one by one",
            )
        if name is not None and name in self.scope:
            raise checker.error(
                f"{name!r} is bound already", step.span, "already-bound", "choose another name"
            )
        names = (self.nodes[ends[0]].name, self.nodes[ends[1]].name)
        labels = (self.nodes[ends[0]].labels, self.nodes[ends[1]].labels)
        pair = joined(step, join, names, labels)
        self.conditions.append(pair.condition)
        for other in self._joined.get(join.id, ()):
            differs = ast.Comparison(step.span, pair.relation, (("<>", other),))
            self.conditions.append(differs)
        self._joined.setdefault(join.id, []).append(pair.relation)
        if name is not None or step.properties is not None or step.where is not None:
            name = name or checker.fresh("j")
            self.scope[name] = "RELATIONSHIP"
            self.paths[name] = pair.relation
            self._inline(step, name)
        return pair.relation

    def _node(self, pattern: ast.NodePattern) -> int:
        name = pattern.variable or self.checker.fresh("n")
        self._inline(pattern, name)
        known = next((i for i, slot in enumerate(self.nodes) if slot.name == name), None)
        if known is not None:
            if pattern.labels is not None:
                variable = ast.Variable(pattern.span, name)
                self.conditions.append(ast.HasLabels(pattern.span, variable, pattern.labels))
            return known
        if name in self.scope:
            if self.scope[name] not in {"NODE", *_ELEMENTS}:
                raise self.checker.error(
                    f"{name!r} is a {self.scope[name]}, not a node", pattern.span, "type-clash"
                )
            self.imports.add(name)
        else:
            self.scope[name] = "NODE"
        self.nodes.append(NodeSlot(name, pattern.labels))
        return len(self.nodes) - 1

    def _relation(
        self,
        pattern: ast.RelationPattern,
        left: int,
        right: int,
        first: int,
        shortest: str | None,
    ) -> RelationSlot:
        name = pattern.variable or self.checker.fresh("r")
        length = _length(pattern.length)
        if shortest is not None and length is None:
            length = (1, 1)
        kind = "RELATIONSHIP" if length is None else "LIST"
        if name in self.scope:
            if self.scope[name] not in {kind, *_ELEMENTS}:
                what = "a relation" if length is None else "a list of relations"
                raise self.checker.error(
                    f"{name!r} is a {self.scope[name]}, not {what}", pattern.span, "type-clash"
                )
            if any(slot.name == name for slot in self.relations[first:]):
                raise self.checker.error(
                    f"relation {name!r} occurs twice in one MATCH, which can never match",
                    pattern.span,
                    "relation-reused",
                )
            self.imports.add(name)
        step = None
        if length is None:
            self._inline(pattern, name)
        else:
            step = self._step(pattern)
        self.scope[name] = kind
        backward = pattern.direction == "<-"
        if backward and length is None:
            left, right = right, left
        slot = RelationSlot(
            name,
            pattern.types,
            left,
            right,
            pattern.direction != "-",
            length,
            {"shortestPath": "one", "allShortestPaths": "all"}.get(shortest or ""),
            step,
            backward and length is not None,
            self.checker.text[pattern.span.start : pattern.span.stop],
        )
        self.relations.append(slot)
        return slot

    def _step(self, pattern: ast.RelationPattern) -> ast.Expr | None:
        """Return the condition on each relation of a variable length."""
        before, self.conditions = self.conditions, []
        self._inline(pattern, STEP)
        mine, self.conditions = self.conditions, before
        scope = {**self.scope, STEP: "RELATIONSHIP"}
        out: ast.Expr | None = None
        for condition in mine:
            checked = self.checker.condition(condition, scope, "a pattern")
            out = checked if out is None else ast.Binary(pattern.span, "AND", out, checked)
        return out

    def _inline(self, pattern: ast.NodePattern | ast.RelationPattern, name: str) -> None:
        if isinstance(pattern.properties, ast.Parameter):
            raise self.checker.error(
                "a pattern takes its properties one by one, not as a parameter",
                pattern.properties.span,
                "invalid-parameter-use",
                "write {key: $value}",
            )
        if pattern.properties is not None:
            for key, value in pattern.properties.entries:
                place = ast.Property(value.span, ast.Variable(pattern.span, name), key)
                self.conditions.append(ast.Comparison(value.span, place, (("=", value),)))
        if pattern.where is not None:
            self.conditions.append(pattern.where)


def _length(length: ast.Length | None) -> tuple[int, int | None] | None:
    if length is None:
        return None
    return (1 if length.minimum is None else length.minimum, length.maximum)
