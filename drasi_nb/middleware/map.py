"""``map``: other elements made from an element, by JSONPath."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drasi_nb.middleware.configuration import Setting
from drasi_nb.middleware.elements import as_id, names_read, tree
from drasi_nb.middleware.paths import Path, read_path
from drasi_nb.middleware.rules import Ruled, Rules, Shape, read_rules, read_shape
from drasi_nb.values.change import Change

_KEYS = ("selector", "op", "label", "id", "elementType", "condition", "properties")


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a list of ``map``.

    Attributes:
        shape: Op and kind of what is made.
        selector: What is bound to ``$selected``, each in turn; None is the element.
        condition: Must select something.
        id: Of what is made; None is the id of the element.
        label: Replaces all labels; None keeps them.
        properties: Name and path of each.
    """

    shape: Shape[Path]
    selector: Path | None
    condition: Path | None
    id: Path | None
    label: str | None
    properties: tuple[tuple[str, Path], ...]

    def paths(self) -> list[Path | None]:
        """Return all paths."""
        of_properties = [path for _, path in self.properties]
        return [
            self.selector,
            self.condition,
            self.id,
            *(self.shape.ends or ()),
            *of_properties,
        ]


class Map(Ruled[Rule]):
    """Makes of a change what the rules for its label and op say.

    An element whose label has no rule is dropped, and so is what has no id or no ends.
    """

    def __call__(self, change: Change) -> list[Change]:
        """Return what is made, by label, rule and selected value."""
        seen, rules = self.found(change)
        return [made for rule in rules for made in _made(rule, seen)]


def read(config: Setting) -> Map:
    """Return the middleware.

    Raises:
        ConfigError: The configuration is malformed; the text names the place.
    """
    rules: Rules[Rule] = read_rules(config, _rule)
    for_deletes = [rule for by_op in rules.values() for rule in by_op.get("delete", ())]
    return Map(rules, names_read(path for rule in for_deletes for path in rule.paths()))


def _rule(setting: Setting) -> Rule:
    given = setting.fields((), _KEYS)

    def path(key: str) -> Path | None:
        return read_path(given[key]) if key in given else None

    properties = given["properties"].members() if "properties" in given else {}
    return Rule(
        shape=read_shape(given.get("op"), given.get("elementType"), read_path),
        selector=path("selector"),
        condition=path("condition"),
        id=path("id"),
        label=given["label"].text() if "label" in given else None,
        properties=tuple((name, read_path(entry)) for name, entry in properties.items()),
    )


def _made(rule: Rule, seen: Change) -> Iterator[Change]:
    whole = tree(seen)
    selected = [dict(whole)] if rule.selector is None else rule.selector.all(whole)
    for value in selected:
        whole["$selected"] = value
        if rule.condition is not None and not rule.condition.all(whole):
            continue
        element_id: Any = seen.id
        if rule.id is not None:
            element_id = as_id(rule.id.first(whole), "id")
        ends = None
        if rule.shape.ends is not None:
            start, end = rule.shape.ends
            ends = (as_id(start.first(whole), "inNodeId"), as_id(end.first(whole), "outNodeId"))
        if element_id is None or (ends is not None and None in ends):
            continue
        found = [(name, path.all(whole)) for name, path in rule.properties]
        properties = {name: values[0] for name, values in found if values}
        labels = seen.labels if rule.label is None else (rule.label,)
        yield rule.shape.make(seen, element_id, labels, properties, ends)
