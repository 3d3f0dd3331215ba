"""What a query sees of a source through middleware: a derived source of its own.

Every change of the source also passes the query's pipeline, right behind it and in the same
tick, and what comes out is applied under the derived source, which that query alone sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drasi_nb.errors import ChangeError
from drasi_nb.middleware import Pipeline
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.components import Rejected
from drasi_nb.values.change import DELETE, Accepted, Change, accept
from drasi_nb.values.graph import STAMP_BITS

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

_OPS = ("insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One source of a query.

    Attributes:
        source: Its id.
        middleware: Configurations that its changes pass, in order; empty is as they are.
    """

    source: str
    middleware: tuple[Any, ...] = ()


def subscriptions(sources: Iterable[Any], middleware: Iterable[Any]) -> list[Subscription]:
    """Return what a query subscribes to.

    Args:
        sources: Ids, or ``{"id": .., "pipeline": [names of middlewares]}``. An id alone takes
            every middleware, in order.
        middleware: Configurations and functions; see ``drasi_nb.middleware``.

    Raises:
        ConfigError: One of them is malformed, or a pipeline names a middleware that is not there.
    """
    configs = tuple(middleware)
    by_name = dict(zip(Pipeline.of(configs, place="middleware").names, configs, strict=True))
    out = list[Subscription]()
    for setting in Setting(list(sources), "sources").items():
        if isinstance(setting.value, str):
            out.append(Subscription(setting.value, configs))
            continue
        fields = setting.fields(("id",), ("pipeline",))
        chosen = configs
        if "pipeline" in fields:
            names = [name.text() for name in fields["pipeline"].items()]
            Pipeline.of(
                configs, names, place="middleware", names_place=fields["pipeline"].place
            )
            chosen = tuple(by_name[name] for name in names)
        out.append(Subscription(fields["id"].text(), chosen))
    return out


@dataclass(slots=True)
class Derived:
    """A source as one query sees it.

    Attributes:
        id: Of the derived source, in the graph.
        source: Id of the source.
        query: Id of the query.
        number: Of the derived source.
        pipeline: What changes pass.
    """

    id: str
    source: str
    query: str
    number: int
    pipeline: Pipeline


class DerivedSources:
    """All derived sources of a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.of_source: dict[int, list[Derived]] = {}  # by the number of the source
        self.is_passing = False  # a function of the user may be at work

    def follow(
        self, query_id: str, followed: Iterable[Subscription], made: list[Derived]
    ) -> tuple[str, ...]:
        """Derive what a query sees of its sources from what is there; return their ids.

        What was derived goes into ``made``, so that it can be forgotten when this fails.
        """
        ids, graph = list[str](), self.runtime.engine.graph
        for place, subscription in enumerate(followed):
            if not subscription.middleware:
                ids.append(subscription.source)
                continue
            derived_id = self._free_id(f"{subscription.source} for {query_id} ({place})")
            source = graph.source(subscription.source)
            derived = Derived(
                derived_id,
                subscription.source,
                query_id,
                graph.source(derived_id),
                Pipeline.of(subscription.middleware),
            )
            made.append(derived)
            self._clear(derived.number)
            for change in list(self._present(source)):
                self._pass(derived, change)
            self.of_source.setdefault(source, []).append(derived)
            ids.append(derived_id)
        return tuple(ids)

    def _free_id(self, id_: str) -> str:
        """Return an id that is not in use: while a query is replaced, the old one goes on."""
        used = {derived.id for many in self.of_source.values() for derived in many}
        return id_ if id_ not in used else f"{id_}'"

    def leave(self, many: Iterable[Derived]) -> None:
        """Forget what was derived for a query."""
        for derived in many:
            source = self.runtime.engine.graph.source(derived.source)
            self.of_source[source] = [
                one for one in self.of_source.get(source, ()) if one is not derived
            ]
            self._clear(derived.number)

    def resume(
        self, query_id: str, followed: Iterable[Subscription], names: Iterable[str]
    ) -> tuple[list[Derived], tuple[str, ...]]:
        """Go on with what was derived before a restart; return it, and what the query sees.

        The elements are there; middlewares see again what is there of the source, since they
        remember it.

        Args:
            query_id: Of the query.
            followed: What it subscribes to.
            names: Ids of the derived sources, in order.
        """
        ids, made, rest = list[str](), list[Derived](), iter(names)
        graph = self.runtime.engine.graph
        for subscription in followed:
            if not subscription.middleware:
                ids.append(subscription.source)
                continue
            id_, source = next(rest), graph.source(subscription.source)
            pipeline = Pipeline.of(subscription.middleware)
            for change in self._present(source):
                with suppress(ChangeError):  # refused then too, and kept in rejected()
                    pipeline(change)
            one = Derived(id_, subscription.source, query_id, graph.source(id_), pipeline)
            self.of_source.setdefault(source, []).append(one)
            made.append(one)
            ids.append(id_)
        return made, tuple(ids)

    def _clear(self, number: int) -> None:
        """Delete every element of a derived source."""
        engine = self.runtime.engine
        graph = engine.graph
        for element_id in [*graph.relation_at[number].ids(), *graph.node_at[number].ids()]:
            engine.apply(number, Accepted(DELETE, element_id, None, None, None, None, None))

    def take(self, source: int, change: Accepted) -> None:
        """Pass a change, already applied, to all that is derived of its source."""
        for derived in self.of_source.get(source, ()):
            self._pass(derived, as_change(change))

    def _pass(self, derived: Derived, change: Change) -> None:
        engine = self.runtime.engine
        self.is_passing = True
        try:
            made = [accept(one) for one in derived.pipeline(change)]
        except ChangeError as error:
            registry = self.runtime.registry
            registry.rejected.append(
                Rejected(
                    derived.source, None, change.id, error.reason, change, registry.now_ms()
                )
            )
            registry.note(registry.get(derived.query), str(error))
            return
        finally:
            self.is_passing = False
        apply = engine.apply_timed if engine.timed else engine.apply
        for one in made:
            apply(derived.number, one)

    def _present(self, source: int) -> Iterator[Change]:
        """Yield what is in the graph of a source as inserts, nodes first."""
        graph = self.runtime.engine.graph
        for node in graph.all_nodes(frozenset((source,))):
            time_ms = node.stamp >> STAMP_BITS
            yield Change("insert", node.id, node.labels, node.properties, None, None, time_ms)
        for r in graph.all_relations(frozenset((source,))):
            time_ms = r.stamp >> STAMP_BITS
            yield Change("insert", r.id, (r.type,), r.properties, r.start, r.end, time_ms)


def as_change(change: Accepted) -> Change:
    """Return a checked change as one that middleware takes."""
    op, element_id, labels, properties, start, end, time_ms = change
    values: Mapping[str, Any] = properties or {}
    return Change(_OPS[op], element_id, labels, values, start, end, time_ms)
