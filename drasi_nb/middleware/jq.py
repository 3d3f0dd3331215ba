"""``jq``: other elements made from an element, by programs in the language jq."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drasi_nb.errors import ChangeError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.middleware.elements import as_id, tree
from drasi_nb.middleware.rules import Ruled, Shape, read_rules, read_shape
from drasi_nb.values.change import Change

_EXACT = 2**53
_KEYS = ("op", "label", "id", "elementType", "haltOnError")


class Program:
    """A jq program that was compiled.

    Raises:
        ValueError: It does not compile.
    """

    __slots__ = ("_program", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._program: Any = importlib.import_module("jq").compile(text)
        except ValueError as error:
            raise ValueError(_first_error(error)) from None

    def run(self, json_text: str) -> list[Any]:
        """Return all outputs.

        Raises:
            ValueError: The program failed.
        """
        return list(self._program.input_text(json_text))


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a list of ``jq``; all but ``query`` run on what the query gave."""

    query: Program
    shape: Shape[Program]
    id: Program | None
    label: Program | None
    halts: bool


class Jq(Ruled[Rule]):
    """Makes of a change what the programs for its label and op give.

    An element whose label has no rule is dropped.
    """

    def __call__(self, change: Change) -> list[Change]:
        """Return what is made, by label, rule and output.

        Raises:
            ChangeError: A program failed, and its rule does not say ``haltOnError: false``.
        """
        seen, rules = self.found(change)
        out: list[Change] = []
        for rule in rules:
            try:
                text = _as_json(tree(seen))
                items = list(_items(rule.query, text))
            except (ValueError, ChangeError):
                if rule.halts:
                    raise
                continue
            for item in items:
                try:
                    out.append(_made(rule, seen, item))
                except (ValueError, ChangeError):
                    if rule.halts:
                        raise
        return out


def read(config: Setting) -> Jq:
    """Return the middleware.

    Raises:
        ConfigError: The configuration is malformed, or the package ``jq`` is not installed.
    """
    try:
        importlib.import_module("jq")
    except ImportError:
        raise config.error(
            "the kind 'jq' needs a package that is not installed",
            "run: pip install 'drasi-nb[jq]'",
        ) from None
    return Jq(read_rules(config, _rule), None)


def _rule(setting: Setting) -> Rule:
    given = setting.fields(("query",), _KEYS)
    return Rule(
        query=_program(given["query"]),
        shape=read_shape(given.get("op"), given.get("elementType"), _program),
        id=_program(given["id"]) if "id" in given else None,
        label=_program(given["label"]) if "label" in given else None,
        halts=given["haltOnError"].flag() if "haltOnError" in given else True,
    )


def _program(setting: Setting) -> Program:
    try:
        return Program(setting.text())
    except ValueError as error:
        raise setting.error(f"not a jq program: {error}") from None


def _items(query: Program, text: str) -> Iterator[dict[str, Any]]:
    for output in query.run(text):
        for item in output if isinstance(output, list) else [output]:
            if not isinstance(item, dict):
                raise ChangeError(
                    f"query gave {json.dumps(item)}; it must give objects, or empty for none"
                )
            yield item


def _made(rule: Rule, seen: Change, item: dict[str, Any]) -> Change:
    text = json.dumps(item)
    element_id = seen.id if rule.id is None else _id(rule.id, text, "id")
    labels = seen.labels
    if rule.label is not None:
        label = _one(rule.label, text, "label")
        if not isinstance(label, str) or not label:
            raise ChangeError(f"label: {json.dumps(label)} is no label")
        labels = (label,)
    ends = None
    if rule.shape.ends is not None:
        start, end = rule.shape.ends
        ends = (_id(start, text, "inNodeId"), _id(end, text, "outNodeId"))
    return rule.shape.make(seen, element_id, labels, item, ends)


def _one(program: Program, text: str, what: str) -> Any:
    outputs = program.run(text)
    if len(outputs) != 1:
        raise ChangeError(f"{what}: {program.text!r} gave {len(outputs)} values, not one")
    return outputs[0]


def _id(program: Program, text: str, what: str) -> str | int:
    found = as_id(_one(program, text, what), what)
    if found is None:
        raise ChangeError(f"{what}: {program.text!r} gave null, which is no id")
    return found


def _as_json(element: dict[str, Any]) -> str:
    """Return JSON text; not finite floats are null, temporal values their Cypher text."""
    return json.dumps({name: _plain(value, name) for name, value in element.items()})


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        if not -_EXACT <= value <= _EXACT:
            raise ChangeError(
                f"property {name!r}: jq cannot hold {value} exactly; make it text"
            )
        return value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, name) for key, item in value.items()}
    return str(value)


def _first_error(error: ValueError) -> str:
    return str(error).removeprefix("jq: error: ").split("\njq: ")[0].rstrip()
