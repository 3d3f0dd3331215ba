"""From a blueprint to a runtime: all of it, or an error and nothing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from drasi_nb.engine.clock import Clock
from drasi_nb.errors import ComponentError, ConfigError, QueryError
from drasi_nb.frames.delta import Delta
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime import definitions
from drasi_nb.runtime.components import Event
from drasi_nb.runtime.configuration import kinds
from drasi_nb.runtime.configuration.blueprint import (
    STAND_IN,
    Blueprint,
    Made,
    Part,
    QueryPart,
    source_ids,
)
from drasi_nb.runtime.configuration.kinds import Maker
from drasi_nb.runtime.configuration.lint.report import lint
from drasi_nb.runtime.derived import subscriptions
from drasi_nb.runtime.internal import COMPONENTS, PREFIX

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

R = TypeVar("R", bound="Runtime")


@dataclass(frozen=True, slots=True)
class NoReaction:
    """Stands for a reaction of a kind that is not made here: does nothing, and is stopped."""

    kind: str

    def __call__(self, delta: Delta) -> None:
        """Do nothing."""


def build(
    make: type[R],
    blueprint: Blueprint,
    own: Mapping[str, Maker],
    clock: Clock | None,
    *,
    is_foreign: bool,
) -> R:
    """Return a new runtime.

    Args:
        make: The class of it.
        blueprint: What it is made of.
        own: Kinds of the user.
        clock: In place of the blueprint's.
        is_foreign: Whether unknown kinds are stood in for.

    Raises:
        ConfigError: Something cannot be built; the text names the place.
    """
    queries = check(blueprint)
    parts = [(part, _made(part, own, is_foreign=is_foreign)) for part in blueprint.sources]
    reactions = [
        (part, _made(part, own, is_foreign=is_foreign)) for part in blueprint.reactions
    ]
    runtime = make(clock=clock or blueprint.clock, config=blueprint.config)
    place = ""
    try:
        _note_all(runtime, blueprint)
        for part, made in parts:
            place = part.place
            runtime.add_source(part.id, made.component)
            _settle(runtime, part, made)
        for query in queries:
            place = query.place
            _add_query(runtime, query)
        for part, made in reactions:
            place = part.place
            runtime.add_reaction(part.id, part.queries, made.component)
            _settle(runtime, part, made)
    except Exception as error:
        runtime.close()
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{type(error).__name__}: {error}", place=place) from error
    return runtime


def check(blueprint: Blueprint) -> list[QueryPart]:
    """Return the queries, each after those that it reads.

    Raises:
        ConfigError: An id is there twice, something named is not there, queries read each
            other in a circle, or a query cannot run.
    """
    places = dict[str, str]()
    every: Sequence[Part | QueryPart]
    for every in (blueprint.sources, blueprint.queries, blueprint.reactions):
        for one in every:
            if one.id in places:
                raise ConfigError(
                    f"the id {one.id!r} is that of {places[one.id]} too", place=one.place
                )
            places[one.id] = one.place
    queries = {query.id: query for query in blueprint.queries}
    known = [part.id for part in blueprint.sources]
    known += [COMPONENTS, *(PREFIX + id_ for id_ in queries)]
    for query in blueprint.queries:
        _check_query(query, known)
    for reaction in blueprint.reactions:
        if not reaction.queries:
            raise ConfigError("needs at least one query", place=f"{reaction.place}.queries")
        for id_, place in zip(reaction.queries, reaction.query_places, strict=True):
            if id_ not in queries:
                raise _unknown(Setting(id_, place), "query", list(queries))
    return _in_order(queries)


def _unknown(at: Setting, what: str, known: Sequence[str]) -> ConfigError:
    if not known:
        return at.error(f"unknown {what} {at.value!r}; there is none")
    return at.unknown(what, known)


def _check_query(query: QueryPart, known: Sequence[str]) -> None:
    definition = query.definition
    try:
        followed = subscriptions(definition.sources, definition.middleware)
        for index, one in enumerate(followed):
            if one.source not in known:
                raise _unknown(Setting(one.source, f"sources[{index}]"), "source", known)
        if not followed:
            raise ComponentError("a query needs at least one source")
        definitions.plan_of(definition)
    except ConfigError as error:
        if error.place is None:
            raise ConfigError(error.problem, place=query.place) from None
        part = error.place.partition("[")[0].partition(".")[0]
        place = query.at(part) + error.place.removeprefix(part)
        raise ConfigError(error.problem, place=place) from None
    except QueryError as error:
        raise ConfigError(str(error), place=query.at("text")) from error
    except ComponentError as error:
        raise ConfigError(str(error), place=query.at("sources")) from None


def _in_order(queries: Mapping[str, QueryPart]) -> list[QueryPart]:
    out = dict[str, QueryPart]()
    way = list[str]()

    def add(id_: str) -> None:
        if id_ in out:
            return
        if id_ in way:
            circle = " -> ".join(map(repr, [*way[way.index(id_) :], id_]))
            at = queries[id_].at("sources")
            raise ConfigError(f"query {id_!r} would depend on itself: {circle}", place=at)
        way.append(id_)
        for source in source_ids(queries[id_].definition):
            if source.startswith(PREFIX):
                add(source.removeprefix(PREFIX))
        way.pop()
        out[id_] = queries[id_]

    for id_ in queries:
        add(id_)
    return list(out.values())


def _made(part: Part, own: Mapping[str, Maker], *, is_foreign: bool) -> Made:
    maker = None if part.is_stand_in else kinds.find(part.role, part.kind, own)
    if maker is not None:
        settings = Setting(part.settings, part.place + ("" if is_foreign else ".settings"))
        return Made(part, kinds.made(part.role, part.kind, maker, settings))
    if not part.is_stand_in and not is_foreign:
        raise _unknown_kind(part, own)
    stands = replace(part, is_stand_in=True)
    if part.role == "reaction":
        return Made(stands, NoReaction(part.kind))
    push = kinds.find("source", "push", {})
    assert push is not None, "drasi_nb.sources.push registers it"
    return Made(stands, push())


def _unknown_kind(part: Part, own: Mapping[str, Maker]) -> ConfigError:
    known = [*kinds.names(part.role, own), STAND_IN]
    near = difflib.get_close_matches(part.kind, known, 1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    text = (
        f"unknown kind {part.kind!r} of {part.role} {part.id!r}; {meant}known are"
        f" {', '.join(known)}; or make it known: from_config(kinds={{{part.kind!r}: ...}})"
    )
    return ConfigError(text, place=f"{part.place}.kind")


def _settle(runtime: Runtime, part: Part, made: Made) -> None:
    """Keep what a component was made of, tell what it is not, and stop what shall not run."""
    runtime.made[part.id] = made
    component = runtime.component(part.id)
    for note in part.notes:
        runtime.registry.tell(component, note)
    if made.part.is_stand_in and part.role == "source":
        text = f"stands for a source of kind {part.kind!r}: push its changes into it"
        runtime.registry.tell(component, text)
    if made.part.is_stand_in and part.role == "reaction":
        text = (
            f"stands for a reaction of kind {part.kind!r}, which does nothing here:"
            f" add_reaction({part.id!r}, ...) puts a function in its place"
        )
        runtime.registry.tell(component, text)
        runtime.stop(part.id)
    elif not part.auto_start:
        runtime.stop(part.id)


def _add_query(runtime: Runtime, query: QueryPart) -> None:
    d = query.definition
    runtime.add_query(
        query.id,
        d.text,
        sources=d.sources,
        language=d.language,
        parameters=d.parameters,
        joins=d.joins,
        middleware=d.middleware,
        auto_start=d.auto_start,
    )
    component = runtime.component(query.id)
    for note in query.notes:
        runtime.registry.tell(component, note)
    findings = lint(query) if query.is_foreign else []
    differences = [str(one) for one in findings if one.effect in ("differs", "may differ")]
    if differences:
        runtime.registry.tell(component, "\n".join(["not as in Drasi:", *differences]))


def _note_all(runtime: Runtime, blueprint: Blueprint) -> None:
    for note in blueprint.notes:
        now_ms = runtime.clock.now_ms()
        runtime.registry.history.append(Event(now_ms, "", "runtime", "Added", note))
