"""drasi-platform's format: one document for each source, query and reaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration.blueprint import Blueprint, Part, QueryPart, source_ids
from drasi_nb.runtime.configuration.environment import resolved_setting, text_of
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
from drasi_nb.runtime.configuration.native import id_of, members
from drasi_nb.runtime.internal import COMPONENTS, PREFIX

VERSION = "v1"
KINDS = ("ContinuousQuery", "Source", "Reaction")
UNKNOWN = "unknown"
"""The kind of a source that is only named by queries."""
PER_QUERY = "queries"
"""Among the settings of a reaction: its own text for each query."""
_UNUSED_KINDS = ("SourceProvider", "ReactionProvider", "QueryContainer")
_QUERY = ("container", "storageProfile", "view")


def is_platform(value: Any) -> bool:
    """Return whether a document is one of Kubernetes' style."""
    return isinstance(value, Mapping) and "kind" in value


def read(documents: list[Setting]) -> Blueprint:
    """Return the blueprint that several documents describe.

    Raises:
        ConfigError: One is malformed; the text names the place.
    """
    sources, queries, reactions = list[Part](), list[QueryPart](), list[Part]()
    notes = list[str]()
    for document in documents:
        given = document.members()
        if "metadata" in given and "name" not in given:
            kind = given["kind"].value if "kind" in given else None
            notes.append(
                f"not used here: {document.place or 'a document'}, a {kind} of Kubernetes"
            )
            continue
        found = document.fields(("kind", "name", "spec"), ("apiVersion",))
        if "apiVersion" in found and text_of(found["apiVersion"]) != VERSION:
            raise found["apiVersion"].unknown("version of drasi-platform", (VERSION,))
        kind = text_of(found["kind"])
        if kind == "ContinuousQuery":
            queries.append(_query(document, found))
        elif kind == "Source":
            sources.append(_source(document, found))
        elif kind == "Reaction":
            reactions.append(_reaction(document, found))
        elif kind in _UNUSED_KINDS:
            notes.append(not_used([f"{kind} {text_of(found['name'])!r}"]))
        else:
            raise found["kind"].unknown("kind of document", (*KINDS, *_UNUSED_KINDS))
    return Blueprint(
        tuple(sources or _elsewhere(queries)),
        tuple(queries),
        tuple(reactions),
        notes=tuple(notes),
    )


def _elsewhere(queries: list[QueryPart]) -> list[Part]:
    """Return what stands for sources whose documents are in other files."""
    ids = dict.fromkeys(id_ for query in queries for id_ in source_ids(query.definition))
    return [
        Part("source", id_, UNKNOWN, is_stand_in=True, origin="drasi-platform")
        for id_ in ids
        if id_ != COMPONENTS and not id_.startswith(PREFIX)
    ]


def write(blueprint: Blueprint, texts_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the documents of a blueprint: sources, queries, reactions.

    Args:
        blueprint: What is written.
        texts_of: The text of each query, its parameters put in.
    """
    return [
        *(_document("Source", part.id, _written_part(part)) for part in blueprint.sources),
        *(
            _document("ContinuousQuery", query.id, _written_query(query, texts_of[query.id]))
            for query in blueprint.queries
        ),
        *(
            _document("Reaction", part.id, _written_reaction(part))
            for part in blueprint.reactions
        ),
    ]


def _source(document: Setting, found: Mapping[str, Setting]) -> Part:
    spec = found["spec"].fields(("kind",), ("services", "identity", "properties"))
    settings = {key: one.value for key, one in spec.items() if key != "kind"}
    kind = text_of(spec["kind"])
    id_ = id_of(found["name"])
    return Part("source", id_, kind, settings, place=document.place, origin="drasi-platform")


def _reaction(document: Setting, found: Mapping[str, Setting]) -> Part:
    keys = ("tag", "services", "identity", "properties")
    spec = found["spec"].fields(("kind", "queries"), keys)
    settings = {key: spec[key].value for key in keys if key in spec}
    queries = spec["queries"].members()
    own = {id_: setting.value for id_, setting in queries.items() if setting.value}
    if own:
        settings[PER_QUERY] = own
    return Part(
        "reaction",
        id_of(found["name"]),
        text_of(spec["kind"]),
        settings,
        queries=tuple(queries),
        query_places=tuple(setting.place for setting in queries.values()),
        place=document.place,
        origin="drasi-platform",
    )


def _query(document: Setting, found: Mapping[str, Setting]) -> QueryPart:
    spec = found["spec"].fields(("mode", "query"), ("queryLanguage", "sources", *_QUERY))
    resolved_setting(spec["mode"]).choice("mode", ("query",))
    found_sources = dict[str, Setting]()
    if "sources" in spec:
        found_sources = spec.pop("sources").fields((), ("subscriptions", "joins", "middleware"))
        if "subscriptions" in found_sources:
            found_sources["sources"] = found_sources.pop("subscriptions")
    query = read_query({**spec, **found_sources}, found["name"], document.place, _subscription)
    unused = [key for key in _QUERY if key in spec]
    return replace(query, notes=(*query.notes, not_used(unused))) if unused else query


def _subscription(setting: Setting) -> tuple[str, list[str], list[str]]:
    found = setting.fields(("id",), ("nodes", "relations", "pipeline"))
    for key in ("nodes", "relations"):
        for item in members(found, key):
            text_of(item.fields(("sourceLabel",))["sourceLabel"])
    unused = [f"subscriptions.{key}" for key in ("nodes", "relations") if members(found, key)]
    return text_of(found["id"]), texts(found, "pipeline"), unused


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": VERSION, "kind": kind, "name": name, "spec": spec}


def _written_part(part: Part) -> dict[str, Any]:
    settings = plain(part.settings)
    settings.pop(PER_QUERY, None)
    if part.origin == "drasi-platform" and part.is_stand_in:
        return {"kind": part.kind, **settings}
    return {"kind": part.kind, "properties": settings}


def _written_reaction(part: Part) -> dict[str, Any]:
    own = part.settings.get(PER_QUERY, {})
    return {**_written_part(part), "queries": {id_: own.get(id_, "") for id_ in part.queries}}


def _written_query(query: QueryPart, text: str) -> dict[str, Any]:
    definition = query.definition
    sources: dict[str, Any] = {"subscriptions": []}
    for source, pipeline in written_sources(query):
        entry: dict[str, Any] = {"id": source}
        if pipeline:
            entry["pipeline"] = pipeline
        sources["subscriptions"].append(entry)
    if definition.joins:
        sources["joins"] = written_joins(query)
    middleware = written_middleware(query)
    if middleware:
        sources["middleware"] = [
            {"kind": kind, "name": name, **config} for kind, name, config in middleware
        ]
    return {
        "mode": "query",
        "queryLanguage": LANGUAGES[definition.language],
        "query": text,
        "sources": sources,
    }
