"""Our own format: everything a runtime is made of.

apiVersion: drasi_nb/v1
clock: {kind: virtual, start: 0}          # left out: the system's
config: {lateness_ms: 500}                # fields of RuntimeConfig
sources:
- {id: building, kind: push, settings: {on_error: reject}, auto_start: true}
queries:
- id: comfort
  query: MATCH (r:Room) WHERE r.warm > $least RETURN r.name AS name
  language: cypher                        # or gql
  sources: [building, {id: doors, pipeline: [split]}]
  parameters: {least: 22}
  joins: [{id: PART_OF, keys: [{label: .., property: ..}, ..]}]
  middleware: [{kind: unwind, name: split, ..}]
  auto_start: true
reactions:
- {id: alarm, kind: bell, queries: [comfort], settings: {}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast, get_args

from drasi_nb.config import RuntimeConfig
from drasi_nb.engine.clock import Clock, SystemClock, VirtualClock
from drasi_nb.errors import ConfigError
from drasi_nb.language.dialects import DIALECTS
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration.blueprint import (
    STAND_IN,
    Blueprint,
    Format,
    Part,
    QueryPart,
    changed_settings,
)
from drasi_nb.runtime.configuration.environment import (
    escaped,
    resolved,
    resolved_setting,
    text_of,
)
from drasi_nb.runtime.configuration.kinds import Role
from drasi_nb.runtime.configuration.values import plain, value_of
from drasi_nb.runtime.query import QueryDefinition

VERSION = "drasi_nb/v1"
_INTEGERS = {
    f.name for f in fields(RuntimeConfig) if isinstance(f.default, int) or f.default is None
}


def read(root: Setting) -> Blueprint:
    """Return the blueprint that a configuration describes.

    Raises:
        ConfigError: It is malformed; the text names the place.
    """
    top = root.fields(("apiVersion",), ("clock", "config", "sources", "queries", "reactions"))
    return Blueprint(
        tuple(_part(item, "source") for item in members(top, "sources")),
        tuple(_query(item) for item in members(top, "queries")),
        tuple(_part(item, "reaction") for item in members(top, "reactions")),
        _config(top["config"]) if "config" in top else RuntimeConfig(),
        _clock(top["clock"]) if "clock" in top else None,
    )


def write(blueprint: Blueprint) -> dict[str, Any]:
    """Return the configuration of a blueprint.

    Raises:
        ConfigError: A middleware is a Python function, or a value cannot be written.
    """
    out: dict[str, Any] = {"apiVersion": VERSION}
    if isinstance(blueprint.clock, VirtualClock):
        out["clock"] = {"kind": "virtual", "start": blueprint.clock.now_ms()}
    config = changed_settings(blueprint.config)
    if config:
        out["config"] = config
    out["sources"] = [_written_part(part) for part in blueprint.sources]
    out["queries"] = [_written_query(query) for query in blueprint.queries]
    out["reactions"] = [_written_part(part) for part in blueprint.reactions]
    return out


# -- reading ------------------------------------------------------------------------------


def members(found: Mapping[str, Setting], key: str) -> list[Setting]:
    """Return the members of a list that may be absent."""
    return found[key].items() if key in found else []


def flag(found: Mapping[str, Setting], key: str, *, default: bool) -> bool:
    """Return a flag that may be absent."""
    return resolved_setting(found[key]).flag() if key in found else default


def id_of(setting: Setting) -> str:
    """Return an id.

    Raises:
        ConfigError: It is no text, or of the form that names what is not a component.
    """
    out = text_of(setting)
    if out.startswith("query:") or out == "__components__":
        raise setting.error(f"the id {out!r} means something else: choose another")
    return out


def _part(setting: Setting, role: Role) -> Part:
    required = ("id", "kind", "queries") if role == "reaction" else ("id", "kind")
    found = setting.fields(required, ("settings", "auto_start", "stands_for"))
    settings = dict[str, Any]()
    if "settings" in found:
        found["settings"].members()
        settings = dict(cast(Mapping[str, Any], found["settings"].value))
    kind, origin = text_of(found["kind"]), "drasi_nb"
    is_stand_in = kind == STAND_IN
    if is_stand_in != ("stands_for" in found):
        raise setting.error(f"the keys 'kind: {STAND_IN}' and 'stands_for' need each other")
    if is_stand_in:
        stands_for = found["stands_for"].fields(("kind",), ("format",))
        kind = text_of(stands_for["kind"])
        if "format" in stands_for:
            origin = stands_for["format"].choice("format", get_args(Format))
    listens = members(found, "queries")
    start = flag(found, "auto_start", default=True)
    return Part(
        role,
        id_of(found["id"]),
        kind,
        settings,
        is_stand_in,
        tuple(map(text_of, listens)),
        tuple(item.place for item in listens),
        start,
        setting.place,
        origin=cast(Format, origin),
    )


def _query(setting: Setting) -> QueryPart:
    optional = ("language", "parameters", "joins", "middleware", "auto_start")
    found = setting.fields(("id", "query", "sources"), optional)
    language = "cypher"
    if "language" in found:
        language = resolved_setting(found["language"]).choice("language", tuple(DIALECTS))
    parameters = dict[str, Any]()
    if "parameters" in found:
        given = found["parameters"].members()
        parameters = {name: value_of(value) for name, value in given.items()}
    definition = QueryDefinition(
        text_of(found["query"]),
        tuple(resolved(item) for item in found["sources"].items()),
        language,
        parameters,
        tuple(resolved(item) for item in members(found, "joins")),
        tuple(resolved(item) for item in members(found, "middleware")),
        flag(found, "auto_start", default=True),
    )
    return QueryPart(
        id_of(found["id"]), definition, setting.place, {"text": found["query"].place}
    )


def _config(setting: Setting) -> RuntimeConfig:
    names = tuple(f.name for f in fields(RuntimeConfig))
    values = dict[str, Any]()
    for name, given in setting.fields((), names).items():
        one = resolved_setting(given)
        if name == "overflow":
            values[name] = one.text()
        elif name in _INTEGERS and type(one.value) is not int:
            raise one.wrong("an integer")
        elif type(one.value) not in (int, float):
            raise one.wrong("a number")
        else:
            values[name] = one.value
    try:
        return RuntimeConfig(**values)
    except ConfigError as error:
        name = error.problem.partition(" ")[0]
        raise ConfigError(error.problem, place=f"{setting.place}.{name}") from None


def _clock(setting: Setting) -> Clock:
    found = setting.fields(("kind",), ("start",))
    kind = resolved_setting(found["kind"]).choice("clock", ("system", "virtual"))
    start = resolved_setting(found["start"]) if "start" in found else None
    if kind == "system":
        if start is not None:
            raise start.error("the system's clock has no start")
        return SystemClock()
    if start is None:
        raise setting.error("the key 'start' is missing: ms since the epoch")
    if type(start.value) is not int:
        raise start.wrong("ms since the epoch")
    return VirtualClock(start.value)


# -- writing ------------------------------------------------------------------------------


def _written_part(part: Part) -> dict[str, Any]:
    out: dict[str, Any] = {"id": escaped(part.id), "kind": escaped(part.kind)}
    if part.is_stand_in:
        stands_for = {"kind": escaped(part.kind), "format": part.origin}
        out = {"id": escaped(part.id), "kind": STAND_IN, "stands_for": stands_for}
    if part.role == "reaction":
        out["queries"] = [escaped(id_) for id_ in part.queries]
    if part.settings:
        out["settings"] = dict(part.settings)
    if not part.auto_start:
        out["auto_start"] = False
    return out


def _written_query(query: QueryPart) -> dict[str, Any]:
    definition = query.definition
    out: dict[str, Any] = {
        "id": escaped(query.id),
        "query": escaped(definition.text),
        "language": definition.language,
        "sources": escaped(definition.sources),
    }
    if definition.parameters:
        out["parameters"] = {
            name: escaped(plain(value, f"parameter {name!r} of query {query.id!r}"))
            for name, value in definition.parameters.items()
        }
    if definition.joins:
        out["joins"] = escaped(definition.joins)
    if definition.middleware:
        for index, one in enumerate(definition.middleware):
            if not isinstance(one, Mapping):
                raise function_middleware(query.id, index, one)
        out["middleware"] = escaped(definition.middleware)
    if not definition.auto_start:
        out["auto_start"] = False
    return out


def function_middleware(query_id: str, index: int, function: Any) -> ConfigError:
    """Return the error for a Python function as middleware; the caller raises it."""
    name = getattr(function, "__name__", type(function).__name__)
    return ConfigError(
        f"middleware[{index}] of query {query_id!r} is the Python function {name!r}, which a"
        " configuration cannot hold; write it as one of the kinds of middleware, or leave the"
        f" query out, to_config(skip=[{query_id!r}]), and add it by add_query()"
    )
