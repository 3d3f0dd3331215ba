"""``unwind``: the items of a list in an element become nodes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from drasi_nb.errors import ChangeError
from drasi_nb.middleware.configuration import Setting, by_label
from drasi_nb.middleware.elements import names_read, tree
from drasi_nb.middleware.memory import Ledger, Memory
from drasi_nb.middleware.paths import Path, read_path
from drasi_nb.values.change import Change
from drasi_nb.values.ordering import identical

_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """How one list of an element is unwound.

    Attributes:
        selector: Selects the items.
        label: Of the children.
        key: Read in an item; tells it from its siblings. None is its position.
        relation: Type of the relation from the parent to each child, or None.
        condition: Must select something in the parent.
    """

    selector: Path
    label: str
    key: Path | None
    relation: str | None
    condition: Path | None


class Child(NamedTuple):
    """A child as it was last told: by which rule, and its properties."""

    rule: Rule
    properties: Mapping[str, Any]


class Unwind:
    """Keeps the children of each parent equal to the items of its list.

    What the list holds is decided by the element as all its changes have made it, so an
    update that does not touch the list leaves the children alone, and a delete needs nothing
    but the id. Cost per change: in proportion to the items of the parent.
    """

    def __init__(self, rules: Mapping[str, tuple[Rule, ...]]) -> None:
        every = [rule for of_label in rules.values() for rule in of_label]
        self._rules = rules
        self._parents = Memory(names_read(p for r in every for p in (r.selector, r.condition)))
        self._children: Ledger[Any, dict[str, Child]] = Ledger()
        self._owners: Ledger[str, Any] = Ledger()

    def __call__(self, change: Change) -> list[Change]:
        """Return the changes of the children, then the change.

        Raises:
            ChangeError: Two parents or two rules make a child of one id, or a relation is
                asked to be the start of a relation.
        """
        parent = self._parents.see(change)
        before = self._children.get(change.id) or {}
        after = {} if parent is None else self._unwound(parent)
        for child_id in after:
            if child_id not in before:
                self._own(child_id, change.id)
        for child_id in before:
            if child_id not in after:
                self._owners.set(child_id, None)
        self._children.set(change.id, after or None)
        return [*_differences(change, before, after), change]

    def commit(self) -> None:
        """Keep what was remembered."""
        for ledger in (self._parents, self._children, self._owners):
            ledger.commit()

    def rollback(self) -> None:
        """Forget what was remembered since the last ``commit()``."""
        for ledger in (self._parents, self._children, self._owners):
            ledger.rollback()

    def _own(self, child_id: str, parent_id: Any) -> None:
        owner = self._owners.get(child_id)
        if owner is not None:
            raise ChangeError(f"the child {child_id!r} is one of {owner!r} already")
        self._owners.set(child_id, parent_id)

    def _unwound(self, parent: Change) -> dict[str, Child]:
        children: dict[str, Child] = {}
        labels = [label for label in dict.fromkeys(parent.labels or ()) if label in self._rules]
        whole = tree(parent) if labels else _NOTHING
        for rule in (rule for label in labels for rule in self._rules[label]):
            if rule.condition is not None and not rule.condition.all(whole):
                continue
            if rule.relation is not None and parent.start_id is not None:
                raise ChangeError(f"a relation cannot be the start of {rule.relation!r}")
            for index, item in enumerate(rule.selector.all(whole)):
                child_id = f"$unwind-{rule.selector.text}-{parent.id}-{_key(rule, item, index)}"
                if child_id in children and children[child_id].rule is not rule:
                    raise ChangeError(f"two rules make the child {child_id!r}")
                children[child_id] = Child(rule, _properties(item))
        return children


def read(config: Setting) -> Unwind:
    """Return the middleware.

    Raises:
        ConfigError: The configuration is malformed; the text names the place.
    """
    rules: dict[str, tuple[Rule, ...]] = {}
    for label, setting in by_label(config).items():
        rules[label] = tuple(_rule(item) for item in setting.items())
        if not rules[label]:
            raise setting.error("at least one mapping is needed")
    return Unwind(rules)


def _rule(setting: Setting) -> Rule:
    given = setting.fields(("selector", "label"), ("key", "relation", "condition"))
    return Rule(
        selector=read_path(given["selector"]),
        label=given["label"].text(),
        key=read_path(given["key"]) if "key" in given else None,
        relation=given["relation"].text() if "relation" in given else None,
        condition=read_path(given["condition"]) if "condition" in given else None,
    )


def _key(rule: Rule, item: Any, index: int) -> str | int:
    key = None if rule.key is None else rule.key.first(item)
    if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
        return key
    return index


def _properties(item: Any) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        return item
    return _NOTHING if item is None else {"value": item}


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return before is after or identical(before, after)


def _differences(
    parent: Change, before: Mapping[str, Child], after: Mapping[str, Child]
) -> Iterator[Change]:
    moment = parent.effective_from
    for child_id, (rule, _) in before.items():
        now = after.get(child_id)
        if rule.relation and (now is None or now.rule.relation != rule.relation):
            labels = (rule.relation,)
            yield Change("delete", f"{child_id}$rel", labels, effective_from=moment)
        if now is None:
            yield Change("delete", child_id, (rule.label,), effective_from=moment)
    for child_id, (rule, properties) in after.items():
        was = before.get(child_id)
        if was is None:
            new = Change("insert", child_id, (rule.label,), properties, effective_from=moment)
            yield new
        elif was.rule.label != rule.label or not _is_same(was.properties, properties):
            gone = dict.fromkeys(was.properties.keys() - properties.keys())
            yield Change(
                "update", child_id, (rule.label,), {**gone, **properties}, effective_from=moment
            )
        if rule.relation and (was is None or was.rule.relation != rule.relation):
            yield Change(
                "insert", f"{child_id}$rel", (rule.relation,), {}, parent.id, child_id, moment
            )
