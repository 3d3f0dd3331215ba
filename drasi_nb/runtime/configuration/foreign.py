"""What drasi-server's and drasi-platform's configurations have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drasi_nb.middleware.configuration import Setting
from drasi_nb.plan.joins import read_joins
from drasi_nb.runtime.configuration.blueprint import QueryPart, followed, middleware_names
from drasi_nb.runtime.configuration.environment import resolved, resolved_setting, text_of
from drasi_nb.runtime.configuration.native import flag, id_of, members
from drasi_nb.runtime.query import QueryDefinition

LANGUAGES = {"cypher": "Cypher", "gql": "GQL"}
"""Our names of the languages and Drasi's."""


def read_query(
    found: Mapping[str, Setting],
    id_: Setting,
    place: str,
    subscription: Callable[[Setting], tuple[str, list[str], list[str]]],
) -> QueryPart:
    """Return a query of Drasi's.

    Args:
        found: Its settings: query, queryLanguage, autoStart, sources, joins, middleware.
        id_: Its id.
        place: Where it stands.
        subscription: Returns id, pipeline and the keys without meaning here of one source.

    Raises:
        ConfigError: A setting is malformed.
    """
    language = "cypher"
    if "queryLanguage" in found:
        language = resolved_setting(found["queryLanguage"]).choice("language", tuple(LANGUAGES))
    middleware = tuple(resolved(item) for item in members(found, "middleware"))
    sources, unused = list[Any](), list[str]()
    for item in members(found, "sources"):
        source, pipeline, keys = subscription(item)
        unused += keys
        sources.append({"id": source, "pipeline": pipeline} if middleware else source)
        if pipeline and not middleware:
            sources[-1] = {"id": source, "pipeline": pipeline}
    definition = QueryDefinition(
        text_of(found["query"]),
        tuple(sources),
        language,
        {},
        tuple(resolved(item) for item in members(found, "joins")),
        middleware,
        flag(found, "autoStart", default=True),
    )
    places = {"text": found["query"].place}
    for part in ("sources", "joins", "middleware"):
        if part in found:
            places[part] = found[part].place
    notes = (not_used(dict.fromkeys(unused)),) if unused else ()
    return QueryPart(id_of(id_), definition, place, places, notes, is_foreign=True)


def texts(found: Mapping[str, Setting], key: str) -> list[str]:
    """Return a list of texts that may be absent."""
    return [text_of(item) for item in members(found, key)]


def not_used(keys: Any) -> str:
    """Return the note on settings that have no meaning here."""
    return f"not used here: {', '.join(keys)}"


def written_sources(query: QueryPart) -> list[tuple[str, list[str]]]:
    """Return id and pipeline of each source; an id alone takes every middleware here."""
    named = [name for name in middleware_names(query.definition) if name is not None]
    return [
        (id_, named if pipeline is None else [name for name in pipeline if name in named])
        for id_, pipeline in followed(query.definition)
    ]


def written_joins(query: QueryPart) -> list[dict[str, Any]]:
    """Return the synthetic joins, with Drasi's keys."""
    return [
        {
            "id": join.id,
            "keys": [{"label": key.label, "property": key.property} for key in join.keys],
        }
        for join in read_joins(query.definition.joins).values()
    ]


def written_middleware(query: QueryPart) -> list[tuple[str, str, dict[str, Any]]]:
    """Return kind, name and settings of each middleware that is no Python function."""
    out = list[tuple[str, str, dict[str, Any]]]()
    for one in query.definition.middleware:
        if isinstance(one, Mapping):
            settings = {k: v for k, v in one.items() if k not in ("kind", "name", "config")}
            out.append((one["kind"], one["name"], plain({**settings, **one.get("config", {})})))
    return out


def plain(value: Any) -> Any:
    """Return a value with lists for tuples and dicts for mappings."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
