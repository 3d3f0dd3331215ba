"""What a query was registered with: checked at the door, compared, written and read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from drasi_nb.errors import (
    ChangeError,
    ComponentError,
    shown,
)
from drasi_nb.functions.own import renewed_since
from drasi_nb.language.dialects import DIALECTS
from drasi_nb.language.parser import parse
from drasi_nb.plan.binder import bind
from drasi_nb.plan.joins import read_joins
from drasi_nb.plan.nodes import Plan
from drasi_nb.runtime.derived import subscriptions
from drasi_nb.runtime.query import QueryDefinition, Registered
from drasi_nb.values.change import stored_value
from drasi_nb.values.encoding import dump

if TYPE_CHECKING:
    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime


def read_definition(
    id_: str,
    text: Any,
    sources: Any,
    language: Any,
    parameters: Any,
    joins: Any,
    middleware: Any,
    key: Any,
    auto_start: Any,
) -> QueryDefinition:
    """Return what was given as a definition, checked for its shape.

    Raises:
        ComponentError: An argument has the wrong type, or there is no such language; the text
            names the query and the argument.
    """

    def wrong(name: str, expected: str, value: Any) -> ComponentError:
        return ComponentError(f"query {id_!r}: {name} must be {expected}, got {shown(value)}")

    if not isinstance(text, str):
        raise wrong("text", "text", text)
    if not isinstance(language, str) or language not in DIALECTS:
        raise ComponentError(
            f"query {id_!r}: there is no language {shown(language)};"
            f" there are {', '.join(map(repr, DIALECTS))}"
        )
    if isinstance(sources, str | Mapping):
        sources = (sources,)
    lists = dict[str, tuple[Any, ...]]()
    for name, value in (("sources", sources), ("joins", joins), ("middleware", middleware)):
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise wrong(name, "a list", value)
        lists[name] = tuple(value)
    if parameters is None:
        parameters = {}
    if not isinstance(parameters, Mapping) or not all(isinstance(n, str) for n in parameters):
        raise wrong("parameters", "a mapping of names to values", parameters)
    if not isinstance(auto_start, bool):
        raise wrong("auto_start", "true or false", auto_start)
    if key is not None:
        raise ComponentError(f"query {id_!r}: add_query(key=...) does not run yet")
    return QueryDefinition(
        text,
        lists["sources"],
        language,
        dict(parameters),
        lists["joins"],
        lists["middleware"],
        auto_start,
    )


def registered(runtime: Runtime, id_: str, definition: QueryDefinition) -> Registered:
    """Return a definition that was checked, with its plan.

    Raises:
        QueryError: The text is at fault.
        ConfigError: A join, a middleware or a subscription is malformed.
        ComponentError: No source was named, or one that is not there.
    """
    followed = subscriptions(definition.sources, definition.middleware)
    for subscription in followed:
        runtime.internal.check(id_, subscription.source)
    if not followed:
        raise ComponentError(f"query {id_!r} needs at least one source")
    return Registered(definition, tuple(followed), plan_of(definition))


def plan_of(definition: QueryDefinition) -> Plan:
    """Return the plan of a query.

    Raises:
        QueryError: The text is at fault.
        ConfigError: A join is malformed.
    """
    text, joins = definition.text, read_joins(definition.joins)
    return bind(parse(text, DIALECTS[definition.language]), text, definition.parameters, joins)


def written(definition: QueryDefinition) -> tuple[dict[str, Any], str | None]:
    """Return a definition as a log has it, and why it lacks a part of it, if it does."""
    try:
        return _described(definition), None
    except (TypeError, ChangeError) as error:  # a middleware is a Python function
        return _described(replace(definition, middleware=(), parameters={})), str(error)


def _described(definition: QueryDefinition) -> dict[str, Any]:
    facts = {f.name: getattr(definition, f.name) for f in fields(definition)}
    facts["parameters"] = {
        name: stored_value(value) for name, value in definition.parameters.items()
    }
    facts["sources"], facts["joins"], facts["middleware"] = (
        _listed(facts[name]) for name in ("sources", "joins", "middleware")
    )
    dump(facts)
    return facts


def definition_of(facts: Mapping[str, Any]) -> QueryDefinition:
    """Return the definition that ``written()`` was given."""
    given = dict(facts)
    for name in ("sources", "joins", "middleware"):
        given[name] = tuple(given[name])
    return QueryDefinition(**given)


def _listed(value: Any) -> Any:
    """Return maps and sequences of any kind as dicts and lists."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(item) for item in value]
    return value


def is_same(query: Query, definition: QueryDefinition) -> bool:
    """Return whether a running query would be no other with a definition."""
    pump = query.runtime.pump
    if query.compiled is None or query.status != "Running" or pump.is_replaying:
        return False
    if renewed_since(query.made_at, definition.text):
        return False
    try:
        return dump(_described(query.definition)) == dump(_described(definition))
    except (TypeError, ChangeError):  # functions: the same objects, or not the same
        known = query.definition
        return known == definition and repr(known) == repr(definition)
