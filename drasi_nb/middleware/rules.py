"""What ``map`` and ``jq`` share: rules by label and op, and the shape of what they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from drasi_nb.middleware.configuration import Setting, by_label
from drasi_nb.middleware.memory import Memory
from drasi_nb.values.change import Change

OPS = ("insert", "update", "delete")
E = TypeVar("E")
Rules = Mapping[str, Mapping[str, tuple[E, ...]]]


@dataclass(frozen=True, slots=True)
class Shape(Generic[E]):
    """What a rule makes.

    Attributes:
        op: The op of what is made; None is that of the change.
        is_node: Whether it is a node whatever the change is of.
        ends: Expressions for both ends of a relation, or None.
    """

    op: str | None = None
    is_node: bool = False
    ends: tuple[E, E] | None = None

    def make(
        self,
        seen: Change,
        element_id: Any,
        labels: tuple[str, ...] | list[str] | None,
        properties: Mapping[str, Any],
        ends: tuple[Any, Any] | None,
    ) -> Change:
        """Return the change; ``ends`` are those of the rule, where it has some."""
        op = self.op or seen.op
        if op == "delete":
            return Change(op, element_id, labels, effective_from=seen.effective_from)
        if ends is None:
            ends = (None, None) if self.is_node else (seen.start_id, seen.end_id)
        start, end = ends
        return Change(op, element_id, labels, properties, start, end, seen.effective_from)


def read_rules(config: Setting, read_rule: Callable[[Setting], E]) -> Rules[E]:
    """Return the rules of each label and op.

    Raises:
        ConfigError: A key is unknown, a value is no list, or ``read_rule`` raised.
    """
    rules: dict[str, dict[str, tuple[E, ...]]] = {}
    for label, setting in by_label(config, OPS).items():
        lists = setting.fields((), OPS)
        if not lists:
            raise setting.error("at least one of insert, update, delete is needed")
        rules[label] = {
            op: tuple(read_rule(item) for item in entry.items()) for op, entry in lists.items()
        }
    return rules


def read_shape(
    op: Setting | None, kind: Setting | None, read_expression: Callable[[Setting], E]
) -> Shape[E]:
    """Return the shape that the keys ``op`` and ``elementType`` ask for.

    Raises:
        ConfigError: The op or the kind is unknown, or an end is missing.
    """
    made = None if op is None else op.choice("op", OPS)
    if kind is None:
        return Shape(made)
    if isinstance(kind.value, str):
        if kind.value.lower() == "relation":
            raise kind.error(
                "a relation needs its ends",
                "write {'Relation': {'inNodeId': ..., 'outNodeId': ...}}",
            )
        kind.choice("element type", ("node",))
        return Shape(made, is_node=True)
    ends = kind.fields(("Relation",))["Relation"].fields(("inNodeId", "outNodeId"))
    return Shape(
        made, ends=(read_expression(ends["inNodeId"]), read_expression(ends["outNodeId"]))
    )


class Ruled(Generic[E]):
    """Finds the rules for a change by the labels of its element.

    A change without labels has those that its element had; a delete is seen with the element
    as it was, because a delete brings neither labels nor properties.

    Args:
        rules: By label and op.
        names: The properties that rules for deletes read; None is all.
    """

    def __init__(self, rules: Rules[E], names: frozenset[str] | None) -> None:
        self._rules = rules
        deletes = any(by_op.get("delete") for by_op in rules.values())
        updates = any(by_op.get("update") for by_op in rules.values())
        self._memory: Memory | None = None
        if deletes or updates:
            self._memory = Memory(names if deletes else frozenset())

    def found(self, change: Change) -> tuple[Change, list[E]]:
        """Return the change as rules should see it, and the rules for it."""
        seen = change if self._memory is None else self._seen(change, self._memory)
        labels = dict.fromkeys(seen.labels or ())
        by_ops = [self._rules[label] for label in labels if label in self._rules]
        return seen, [rule for by_op in by_ops for rule in by_op.get(seen.op, ())]

    def commit(self) -> None:
        """Keep what was remembered."""
        if self._memory is not None:
            self._memory.commit()

    def rollback(self) -> None:
        """Forget what was remembered since the last ``commit()``."""
        if self._memory is not None:
            self._memory.rollback()

    def _seen(self, change: Change, memory: Memory) -> Change:
        before = memory.get(change.id)
        after = memory.see(change)
        if change.op == "insert":
            return change
        known = before if after is None else after
        if known is None:
            return change
        return replace(
            change,
            labels=known.labels if change.labels is None else change.labels,
            properties=known.properties if after is None else change.properties,
            start_id=known.start_id,
            end_id=known.end_id,
        )
