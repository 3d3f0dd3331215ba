"""What a runtime is made of, as plain data: between every format and the runtime itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from drasi_nb.config import RuntimeConfig
from drasi_nb.engine.clock import Clock, SystemClock, VirtualClock
from drasi_nb.errors import ConfigError
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration import kinds
from drasi_nb.runtime.configuration.environment import escaped
from drasi_nb.runtime.configuration.kinds import Role
from drasi_nb.runtime.query import QueryDefinition

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

STAND_IN = "stand-in"
"""The kind by which our format names what stands for a kind that cannot be made here."""
Format = Literal["drasi_nb", "drasi-server", "drasi-platform"]
_Named = Mapping[str, str | Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A source or a reaction.

    Attributes:
        settings: As a configuration has them: variables not put in.
        is_stand_in: Whether it stands for a kind that is not made here.
        origin: By whose format it is named, if not by ours.
        queries: Of a reaction: what it listens to.
        query_places: Where each of them stands, if it was read.
        auto_start: Whether it runs from the start.
        place: Where it stands in the configuration it came from.
        notes: What of its configuration has no meaning here.
    """

    role: Role
    id: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_stand_in: bool = False
    queries: tuple[str, ...] = ()
    query_places: tuple[str, ...] = ()
    auto_start: bool = True
    place: str = ""
    notes: tuple[str, ...] = ()
    origin: Format = "drasi_nb"


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A query.

    Attributes:
        places: Where its "text", "sources", "joins" and "middleware" stand, if it was read.
        notes: What of its configuration has no meaning here.
        is_foreign: Whether it was written for Drasi.
    """

    id: str
    definition: QueryDefinition
    place: str = ""
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    is_foreign: bool = False

    def at(self, part: str) -> str:
        """Return where a part of it stands."""
        return self.places.get(part, f"{self.place}.{part}" if self.place else part)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A whole runtime.

    Attributes:
        clock: None is the one that is given, or the system's.
        notes: What of the configuration has no meaning here.
        left_out: Reactions that could not be described, each with the reason.
    """

    sources: tuple[Part, ...] = ()
    queries: tuple[QueryPart, ...] = ()
    reactions: tuple[Part, ...] = ()
    config: RuntimeConfig = field(default_factory=RuntimeConfig)
    clock: Clock | None = None
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Made:
    """From which part of a configuration a component was made; see ``Part``."""

    part: Part
    component: Any


def describe(
    runtime: Runtime,
    named: _Named,
    skip: Collection[str],
    format: Format,
) -> Blueprint:
    """Return the blueprint of a runtime.

    Args:
        runtime: What is described.
        named: By component id, the kind to write for it: a name, or a mapping with ``kind``
            and its settings, as a configuration has them.
        skip: Ids to leave out.
        format: For which it is: its kinds are those of ``named``, and in Drasi's a reaction
            without a kind is left out.

    Raises:
        ConfigError: A component cannot be described; the text names it and a way out.
    """
    for what, ids in (("kinds", named), ("skip", skip)):
        for id_ in ids:
            if id_ not in runtime.registry.components:
                raise ConfigError(f"to_config({what}=...): there is no component {id_!r}")
    left_out = dict[str, str]()
    sources, reactions = list[Part](), list[Part]()
    for component in runtime.component_list():
        if component.kind == "query" or component.id in skip:
            continue
        try:
            part = _part(runtime, component.id, component.kind, named, format)
        except ConfigError as error:
            if format == "drasi_nb" or component.kind == "source":
                raise
            left_out[component.id] = str(error)
            continue
        (sources if part.role == "source" else reactions).append(part)
    queries = [
        QueryPart(query.id, query.definition)
        for query in runtime.queries.values()
        if query.id not in skip
    ]
    _refuse_dangling(queries, reactions, skip)
    clock = runtime.clock if type(runtime.clock) is VirtualClock else None
    if clock is None and type(runtime.clock) is not SystemClock:
        name = type(runtime.clock).__name__
        raise ConfigError(
            f"a clock of class {name} cannot be written; only the two of drasi_nb"
        )
    return Blueprint(
        tuple(sources),
        tuple(queries),
        tuple(reactions),
        runtime.config,
        clock,
        left_out=left_out,
    )


def _part(runtime: Runtime, id_: str, role: Role, named: _Named, origin: Format) -> Part:
    component = runtime.component(id_)
    queries = runtime.listens_to(id_) if role == "reaction" else ()
    runs = component.status != "Stopped" or runtime.is_closed
    made = runtime.made.get(id_)
    if made is not None and made.component is not component.part:
        made = None  # replaced since
    if made is not None and made.part.is_stand_in and role == "reaction":
        runs = made.part.auto_start  # what stands for one never runs
    if id_ in named:
        given = named[id_]
        settings = {} if isinstance(given, str) else dict(given)
        kind = given if isinstance(given, str) else settings.pop("kind", None)
        if not isinstance(kind, str):
            raise ConfigError(f"to_config(kinds=...): {id_!r} needs a kind, got {given!r}")
        return Part(role, id_, kind, settings, queries=queries, auto_start=runs, origin=origin)
    if made is not None:
        return replace(made.part, queries=queries, auto_start=runs)
    try:
        found = kinds.described(role, component.part)
    except ConfigError as error:
        raise ConfigError(
            f"{role} {id_!r}: {error}; or leave it out: to_config(skip=[{id_!r}])"
        ) from None
    if found is not None:
        kind, settings = found
        return Part(role, id_, kind, escaped(settings), queries=queries, auto_start=runs)
    what = getattr(component.part, "__name__", type(component.part).__name__)
    raise ConfigError(
        f"{role} {id_!r} ({what}) is of no kind that a configuration can name;"
        f" name one: to_config(kinds={{{id_!r}: 'name'}}), and give what makes it to"
        f" from_config(kinds={{'name': ...}}); or leave it out: to_config(skip=[{id_!r}])"
    )


def _refuse_dangling(
    queries: list[QueryPart], reactions: list[Part], skip: Collection[str]
) -> None:
    def check(user: str, needed: str) -> None:
        if needed in skip:
            raise ConfigError(f"{user!r} needs {needed!r}, which is left out; skip both")

    for query in queries:
        for source in source_ids(query.definition):
            check(query.id, source.removeprefix("query:"))
    for reaction in reactions:
        for id_ in reaction.queries:
            check(reaction.id, id_)


def followed(definition: QueryDefinition) -> list[tuple[str, list[str] | None]]:
    """Return id and pipeline of each source of a query; None is every middleware, in order."""
    out = list[tuple[str, list[str] | None]]()
    for setting in Setting(definition.sources, "sources").items():
        if isinstance(setting.value, str):
            out.append((setting.value, None))
            continue
        fields = setting.fields(("id",), ("pipeline",))
        pipeline = fields.get("pipeline")
        names = None if pipeline is None else [name.text() for name in pipeline.items()]
        out.append((fields["id"].text(), names))
    return out


def source_ids(definition: QueryDefinition) -> list[str]:
    """Return the ids of the sources of a query."""
    return [id_ for id_, _ in followed(definition)]


def changed_settings(config: RuntimeConfig) -> dict[str, Any]:
    """Return the settings that differ from their defaults."""
    default = RuntimeConfig()
    every = {f.name: getattr(config, f.name) for f in fields(RuntimeConfig)}
    return {name: value for name, value in every.items() if value != getattr(default, name)}


def middleware_names(definition: QueryDefinition) -> list[str | None]:
    """Return the name of each middleware of a query; None for a Python function."""
    return [m["name"] if isinstance(m, Mapping) else None for m in definition.middleware]
