"""drasi-server's format: ``drasi.io/v1``, with or without that word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drasi_nb.errors import ConfigError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration.blueprint import Blueprint, Part, QueryPart
from drasi_nb.runtime.configuration.environment import text_of
from drasi_nb.runtime.configuration.foreign import (
    LANGUAGES,
    not_used,
    plain,
    read_query,
    texts,
    written_joins,
    written_middleware,
    written_sources,
)
from drasi_nb.runtime.configuration.kinds import Role
from drasi_nb.runtime.configuration.native import flag, id_of, members

VERSION = "drasi.io/v1"
_LISTS = ("sources", "queries", "reactions")
_SHARED = ("identityProviders", "bootstrapProviders")
_SERVER = (
    "id", "host", "port", "logLevel", "persistConfig", "persistIndex", "enableArchive",
    "enableUi", "solutionsDir", "stateStore", "secretStore", "defaultPriorityQueueCapacity",
    "defaultDispatchBufferCapacity", "pluginRegistry", "autoInstallPlugins", "plugins",
    "verifyPlugins", "trustedIdentities", "hotReloadPlugins", "hotReloadDebounceMs",
    "corsAllowedOrigins",
)  # fmt: skip
_INSTANCE = (
    "persistIndex", "enableArchive", "stateStore", "secretStore",
    "defaultPriorityQueueCapacity", "defaultDispatchBufferCapacity",
)  # fmt: skip
_QUERY = (
    "enableBootstrap", "bootstrapBufferSize", "priorityQueueCapacity",
    "dispatchBufferCapacity", "dispatchMode", "storageBackend", "outboxCapacity",
    "bootstrapTimeoutSecs", "recoveryPolicy",
)  # fmt: skip


def read(root: Setting, instance: str | None) -> Blueprint:
    """Return the blueprint of a server, or of one of its instances.

    Args:
        root: The configuration.
        instance: Which of several.

    Raises:
        ConfigError: It is malformed; the text names the place.
    """
    top = root.fields((), ("apiVersion", *_SERVER, *_LISTS, *_SHARED, "instances"))
    instances = members(top, "instances")
    unused = [key for key in top if key in _SERVER and key != "id"]
    if instances:  # the lists at the top are not looked at then
        unused += [key for key in (*_LISTS, *_SHARED) if key in top]
        top = _chosen(instances, instance)
        unused += [key for key in top if key in _INSTANCE]
    elif instance is not None:
        raise ConfigError(f"there is no instance {instance!r}: the server has only one")
    shared = [key for key in _SHARED if members(top, key)]
    notes = (not_used(dict.fromkeys([*unused, *shared])),) if unused or shared else ()
    return Blueprint(
        tuple(_part(item, "source") for item in members(top, "sources")),
        tuple(_query(item) for item in members(top, "queries")),
        tuple(_part(item, "reaction") for item in members(top, "reactions")),
        notes=notes,
    )


def write(blueprint: Blueprint, texts_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the one document of a blueprint.

    Args:
        blueprint: What is written.
        texts_of: The text of each query, its parameters put in.
    """
    return [
        {
            "apiVersion": VERSION,
            "id": "drasi-nb",
            "sources": [_written_part(part) for part in blueprint.sources],
            "queries": [_written_query(q, texts_of[q.id]) for q in blueprint.queries],
            "reactions": [_written_part(part) for part in blueprint.reactions],
        }
    ]


def _chosen(instances: list[Setting], wanted: str | None) -> dict[str, Setting]:
    keys = (*_INSTANCE, *_LISTS, *_SHARED)
    found = [instance.fields(("id",), keys) for instance in instances]
    ids = [text_of(one["id"]) for one in found]
    for index, id_ in enumerate(ids):
        if id_ in ids[:index]:
            raise found[index]["id"].error(f"the id {id_!r} is that of another instance too")
    if wanted is None and len(ids) > 1:
        known = ", ".join(map(repr, ids))
        raise ConfigError(
            f"there are {len(ids)} instances ({known}); a runtime is one of them:"
            f" from_config(..., instance={ids[0]!r})",
            place="instances",
        )
    if wanted is not None and wanted not in ids:
        raise Setting(wanted, "instances").unknown("instance", ids)
    return found[0 if wanted is None else ids.index(wanted)]


def _part(setting: Setting, role: Role) -> Part:
    given = setting.members()
    listens = ("queries",) if role == "reaction" else ()
    found = Setting(
        {k: v.value for k, v in given.items() if k in ("id", "kind", "autoStart", *listens)},
        setting.place,
    ).fields(("id", "kind", *listens), ("autoStart",))
    settings = {k: v.value for k, v in given.items() if k not in found}
    return Part(
        role,
        id_of(found["id"]),
        text_of(found["kind"]),
        settings,
        queries=tuple(texts(found, "queries")),
        query_places=tuple(item.place for item in members(found, "queries")),
        auto_start=flag(found, "autoStart", default=True),
        place=setting.place,
        origin="drasi-server",
    )


def _query(setting: Setting) -> QueryPart:
    optional = ("queryLanguage", "autoStart", "sources", "middleware", "joins", *_QUERY)
    found = setting.fields(("id", "query"), optional)
    query = read_query(found, found["id"], setting.place, _subscription)
    unused = [key for key in found if key in _QUERY]
    return replace(query, notes=(*query.notes, not_used(unused))) if unused else query


def _subscription(setting: Setting) -> tuple[str, list[str], list[str]]:
    found = setting.fields(("sourceId",), ("nodes", "relations", "pipeline"))
    for key in ("nodes", "relations"):
        texts(found, key)
    unused = [f"sources.{key}" for key in ("nodes", "relations") if members(found, key)]
    return text_of(found["sourceId"]), texts(found, "pipeline"), unused


def _written_part(part: Part) -> dict[str, Any]:
    settings = dict(part.settings)
    properties = settings.pop("properties", None)  # as drasi-platform has them
    out: dict[str, Any] = {"kind": part.kind, "id": part.id}
    if part.role == "reaction":
        out["queries"] = list(part.queries)
    out["autoStart"] = part.auto_start
    inline = {**properties, **settings} if isinstance(properties, Mapping) else part.settings
    return {**out, **plain({k: v for k, v in inline.items() if k not in out})}


def _written_query(query: QueryPart, text: str) -> dict[str, Any]:
    definition = query.definition
    out: dict[str, Any] = {
        "id": query.id,
        "autoStart": definition.auto_start,
        "query": text,
        "queryLanguage": LANGUAGES[definition.language],
        "sources": [],
    }
    for source, pipeline in written_sources(query):
        entry: dict[str, Any] = {"sourceId": source}
        if pipeline:
            entry["pipeline"] = pipeline
        out["sources"].append(entry)
    middleware = written_middleware(query)
    if middleware:
        out["middleware"] = [
            {"kind": kind, "name": name, "config": config} for kind, name, config in middleware
        ]
    if definition.joins:
        out["joins"] = written_joins(query)
    return out
