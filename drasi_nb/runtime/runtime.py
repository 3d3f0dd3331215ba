"""The runtime: sources in, queries over one shared graph, deltas out."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self, TypeVar, overload

import anyio
import polars as pl

from drasi_nb.config import RuntimeConfig
from drasi_nb.engine.clock import Clock, SystemClock
from drasi_nb.engine.history import History
from drasi_nb.engine.stages import CompiledQuery
from drasi_nb.engine.tick import Engine
from drasi_nb.errors import ComponentError, ConfigError, shown
from drasi_nb.frames.delta import Delta
from drasi_nb.runtime import definitions, lifecycle
from drasi_nb.runtime.background import Background
from drasi_nb.runtime.checkpoint import Checkpoint, create
from drasi_nb.runtime.components import Component, Event, Registry, Rejected
from drasi_nb.runtime.configuration import convert
from drasi_nb.runtime.configuration.blueprint import Format, Made
from drasi_nb.runtime.configuration.convert import Config, DrasiConfig
from drasi_nb.runtime.configuration.kinds import Maker
from drasi_nb.runtime.internal import InternalSources
from drasi_nb.runtime.metrics import Readings, RuntimeMetrics
from drasi_nb.runtime.port import Port
from drasi_nb.runtime.protocols import Reaction, Source
from drasi_nb.runtime.pump import Pump
from drasi_nb.runtime.query import Query, QueryDefinition
from drasi_nb.runtime.reacting import Reacting
from drasi_nb.runtime.recording import Recorder, play
from drasi_nb.runtime.restore import restore
from drasi_nb.runtime.synced import Synced

S = TypeVar("S", bound=Source)


class Runtime:
    """A graph, its sources, the queries over it and what reacts to them.

    The core is synchronous: ``flush()`` takes everything queued, now. Where an asyncio loop
    runs, as in a notebook, a driver does the same in short slices by itself.

    Args:
        clock: ``SystemClock()`` (default) or ``VirtualClock(start)``.
        config: Settings; see ``RuntimeConfig``.
        checkpoint: A new directory in which everything that is pushed is kept, so that
            ``Runtime.restore()`` goes on after a crash. A push returns once the system has it:
            a killed process loses nothing. A power cut may lose what was pushed in the last
            ``RuntimeConfig.sync_s``; ``checkpoint()`` leaves nothing to lose.

    Raises:
        ConfigError: The directory has the state of a runtime.
        CheckpointError: It cannot be used, or another runtime writes there.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        config: RuntimeConfig | None = None,
        checkpoint: str | Path | None = None,
    ) -> None:
        for name, given, kind in (("clock", clock, Clock), ("config", config, RuntimeConfig)):
            if given is not None and not isinstance(given, kind):
                raise ConfigError(f"{name} must be a {kind.__name__}, got {shown(given)}")
        self.clock = clock or SystemClock()
        self.clock.after_timer = self._take
        self.config = config or RuntimeConfig()
        self.engine = Engine(
            self.config.most_trails,
            History(self.config.most_versions, self.config.kept_versions_ms),
        )
        self.registry = Registry(
            lambda: self.pump.now_ms(), self.config.kept_events, self.config.kept_rejected
        )
        self.streams: dict[str, list[asyncio.Queue[Delta | None]]] = {}
        self.by_compiled: dict[CompiledQuery, Query] = {}
        self.source_parts: dict[str, Any] = {}
        self.ports: dict[str, Port] = {}
        self.query_parts: dict[str, Query] = {}
        self.reaction_parts: dict[str, Reaction] = {}
        self.unsubscribe: dict[str, list[Callable[[], None]]] = {}
        self.reacting: dict[str, Reacting] = {}
        self.listening: dict[str, tuple[str, ...]] = {}  # reaction -> its queries
        self.made: dict[str, Made] = {}  # what came from a configuration, by id
        self.pump = Pump(self)
        self.internal = InternalSources(self)
        self._readings = Readings(self)
        self.background = Background(self._slice, self.config)
        self.synced = Synced()
        self._recorder: Recorder | None = None
        self.checkpoint_in: Checkpoint | None = None
        if checkpoint is not None:
            self.checkpoint_in = create(self, checkpoint)

    @classmethod
    def restore(
        cls,
        path: str | Path,
        *,
        clock: Clock | None = None,
        config: RuntimeConfig | None = None,
    ) -> Self:
        """Return a runtime that goes on where the one ended that wrote a checkpoint.

        Queries run with the results, sequence and timers they had. Sources come back as
        ``PushSource``; ``add_source()`` replaces them. Reactions wait: ``add_reaction()`` hands
        them what they were not done with. A query with a Python function that is not here is in
        Error until it is added again. Cost: about 3 us per element, and the journal's changes.

        Args:
            path: The directory.
            clock: A ``VirtualClock`` is set on to the time of the last line.
            config: None has the settings of then; ``lateness_ms`` must be the same.

        Raises:
            ConfigError: There is no checkpoint, or it was written by a newer version.
            CheckpointError: Another runtime writes there, or a file is damaged; the text names
                file and line.
        """
        return restore(cls, path, clock, config)

    # -- configuration ------------------------------------------------------------------

    @classmethod
    def from_config(
        cls,
        config: Config,
        *,
        kinds: Mapping[str, Maker] | None = None,
        clock: Clock | None = None,
        instance: str | None = None,
    ) -> Self:
        """Return the runtime that a configuration describes: all of it, or an error.

        It reads our format, drasi-server's (``drasi.io/v1``, YAML or JSON) and drasi-platform's
        documents. Sources of Drasi's that nothing here makes become a ``PushSource`` of the
        same id, reactions one that does nothing; ``events()`` says so, and what in their queries
        means something else here. ``${NAME}`` and ``${NAME:-default}`` are environment variables.

        Args:
            config: Path of a YAML or JSON file, or what would be in it.
            kinds: What makes sources and reactions of a kind, called with the settings as
                keywords: ``{"mock": Mock, "reaction/log": make_log}``; see ``kind()``.
            clock: In place of the configuration's.
            instance: Which of several instances of a drasi-server.

        Raises:
            ConfigError: The configuration is malformed; the text names the place and the line.
        """
        return convert.from_config(cls, config, kinds or {}, clock, instance)

    @overload
    def to_config(
        self,
        path: str | Path | None = None,
        *,
        format: Literal["drasi_nb"] = "drasi_nb",
        kinds: Mapping[str, str | Mapping[str, Any]] | None = None,
        skip: Iterable[str] = (),
    ) -> dict[str, Any]: ...

    @overload
    def to_config(
        self,
        path: str | Path | None = None,
        *,
        format: Literal["drasi-server", "drasi-platform"],
        kinds: Mapping[str, str | Mapping[str, Any]] | None = None,
        skip: Iterable[str] = (),
    ) -> DrasiConfig: ...

    def to_config(
        self,
        path: str | Path | None = None,
        *,
        format: Format = "drasi_nb",
        kinds: Mapping[str, str | Mapping[str, Any]] | None = None,
        skip: Iterable[str] = (),
    ) -> dict[str, Any] | DrasiConfig:
        """Return the configuration of this runtime, not its data; and write it as YAML.

        In our format, ``from_config()`` makes the same components of it. In Drasi's, the
        result has ``text``, ``documents`` and ``lint``: every place of every query that Drasi
        refuses or reads otherwise, and every component that it does not have.

        Args:
            path: Where to write it; None is nowhere.
            format: "drasi_nb", "drasi-server" or "drasi-platform".
            kinds: What to call sources and reactions by id: a kind, or a mapping with ``kind``
                and its settings, such as ``{"orders": {"kind": "http", "port": 9000}}``.
            skip: Ids of components to leave out.

        Raises:
            ConfigError: A component cannot be written; the text names it and a way out.
            OSError: The file cannot be written.
        """
        return convert.to_config(self, path, format, kinds or {}, frozenset(skip))

    # -- components ---------------------------------------------------------------------

    @property
    def sources(self) -> Mapping[str, Any]:
        """Return the sources by id."""
        return MappingProxyType(self.source_parts)

    @property
    def queries(self) -> Mapping[str, Query]:
        """Return the query handles by id."""
        return MappingProxyType(self.query_parts)

    @property
    def reactions(self) -> Mapping[str, Reaction]:
        """Return the reactions by id."""
        return MappingProxyType(self.reaction_parts)

    def listens_to(self, id: str) -> tuple[str, ...]:
        """Return the ids of the queries that a reaction listens to."""
        return self.listening[id]

    @property
    def seq(self) -> int:
        """Return the number of the last change that was taken."""
        return self.engine.seq

    def add_source(self, id: str, source: S) -> S:
        """Attach a source and start it; return it. A known id is replaced, its data stays.

        The one that was replaced takes no more. Where the new one cannot start, the one
        before goes on; what the new one submitted before it failed is taken.

        Raises:
            ComponentError: The id belongs to a component of another kind, or the source could
                not start: then a new one is in Error with the reason.
        """
        lifecycle.add_source(self, id, source)
        return source

    def add_query(
        self,
        id: str,
        text: str,
        *,
        sources: Iterable[str | Mapping[str, Any]],
        language: str = "cypher",
        parameters: Mapping[str, Any] | None = None,
        joins: Iterable[Any] = (),
        middleware: Iterable[Any] = (),
        key: Any = None,
        auto_start: bool = True,
    ) -> Query:
        """Register a query; what is queued is taken first, so the result is complete at once.

        A known id is replaced: the handle stays the same, subscribers stay attached and get
        the delta from the old rows to the new ones. A wrong query changes nothing, and so does
        the definition that a running query has: what its rows remember and wait for stays.

        Args:
            id: Name of the query.
            text: One read query.
            sources: Ids of the sources whose elements it sees; or, to pass only some of the
                middlewares, ``{"id": .., "pipeline": [their names]}``. ``"query:comfort"`` is
                the result of another query, ``"__components__"`` the runtime's own graph.
            language: "cypher" or "gql".
            parameters: Values of ``$name``; fixed at registration.
            joins: Synthetic joins: relations that stand for equal properties, each
                ``{"id": "PART_OF", "keys": [{"label": .., "property": ..}, ...]}``.
            middleware: What every change passes before this query sees it: Drasi's kinds, each
                ``{"kind": "unwind", "name": .., ...}``, or functions of a ``Change``.
            key: Columns that identify a row; a later release.
            auto_start: Whether to start it now; one that runs already goes on running.

        Raises:
            QueryError: The text is at fault; line, column and hint say where and how.
            ConfigError: A join, a middleware or a subscription is malformed.
            ComponentError: A source is unknown, or the id belongs to another kind.
        """
        definition = definitions.read_definition(
            id, text, sources, language, parameters, joins, middleware, key, auto_start
        )
        return lifecycle.add_query(self, id, definition, starts=definition.auto_start)

    def new_query(self, id: str) -> Query:
        """Return the handle of a query that has no definition yet; for the runtime's own parts."""
        query = Query(self, id)
        query.component = lifecycle.register(self, id, "query", query)
        return query

    async def add_query_async(self, id: str, text: str, **options: Any) -> Query:
        """Add a query and wait for its result, evaluated in short slices while the loop lives.

        Changes wait meanwhile, ``events()`` tells of every quarter. A query that runs is
        replaced in one go. Options as those of ``add_query()``.

        Raises:
            DrasiNbError: As ``add_query()``.
        """
        driver = self.background.driver()
        if driver is None:
            raise ComponentError("this runtime was closed; create a new one")
        known = self.query_parts.get(id)
        if known is not None and known.compiled is not None:
            return self.add_query(id, text, **options)
        await self.settled()
        later: dict[str, Any] = {**options, "auto_start": False}
        query = self.add_query(id, text, **later)
        if query.compiled is None and options.get("auto_start", True):
            done: asyncio.Future[None] = driver.loop.create_future()
            lifecycle.start_in_steps(self, query, done)
            await done
        return query

    def update_query(self, id: str, text: str | None = None, **options: Any) -> Query:
        """Replace a query that exists; what is not given stays; see ``add_query()``.

        It goes on running if it ran, and stays stopped if it did not, unless ``auto_start`` is
        given; one in Error is repaired and runs.
        """
        query = self.registry.get(id, "query").part
        known = [field.name for field in fields(QueryDefinition)]
        for name in options:
            if name not in (*known, "key"):
                raise ComponentError(
                    f"update_query() has no option {name!r}; there are {', '.join(known)}"
                )
        kept = {name: getattr(query.definition, name) for name in known}
        given = options if text is None else {**options, "text": text}
        definition = definitions.read_definition(id, **{"key": None, **kept, **given})
        starts = definition.auto_start and "auto_start" in options
        return lifecycle.add_query(self, id, definition, starts=starts)

    def add_reaction(self, id: str, queries: Iterable[str], reaction: Reaction) -> Reaction:
        """Call ``reaction(delta)`` for every delta of the queries; a coroutine runs on the loop.

        A known id is replaced; deltas that wait go to the new one. After ``restore()`` it gets
        every delta that it was not done with before, then the others: each at least once.

        Raises:
            ComponentError: It is not callable, a query is unknown or none was named, or the
                id belongs to another kind.
        """
        lifecycle.add_reaction(self, id, queries, reaction)
        return reaction

    # -- life ---------------------------------------------------------------------------

    def start(self, id: str) -> None:
        """Start a component; a query is evaluated anew from the graph. One that runs stays as it is.

        Raises:
            ComponentError: There is none of that id, it could not start (then it is in Error
                with the reason), or another operation on it is under way.
        """
        lifecycle.start(self, id)

    def stop(self, id: str) -> None:
        """Stop a component; a query keeps the rows it had. One in Error stays so.

        Raises:
            ComponentError: There is none of that id, it could not stop (then it is in Error
                with the reason), or another operation on it is under way.
        """
        lifecycle.stop(self, id)

    def remove(self, id: str, *, cascade: bool = False) -> None:
        """Stop and forget a component; a source's elements leave the graph.

        Args:
            id: The component.
            cascade: Remove all that needs it first.

        Raises:
            ComponentError: There is none of that id, or another component needs it.
        """
        lifecycle.remove(self, id, cascade=cascade)

    def start_all(self) -> None:
        """Start everything that is not running: sources, queries, reactions.

        Raises:
            ComponentError: Some could not start; the text names each, the others run.
        """
        lifecycle.each(self, "start")

    def stop_all(self) -> None:
        """Stop everything: reactions, queries, sources.

        Raises:
            ComponentError: Some could not stop; the text names each, the others are stopped.
        """
        lifecycle.each(self, "stop")

    def component(self, id: str) -> Component:
        """Return the live record of a component."""
        return self.registry.get(id)

    def component_list(self) -> list[Component]:
        """Return all records: sources, queries, reactions, each in order of addition."""
        order = {"source": 0, "query": 1, "reaction": 2}
        return sorted(self.registry.components.values(), key=lambda c: order[c.kind])

    def components(self) -> pl.DataFrame:
        """Return id, kind, status, error, changes, errors and rows of every component."""
        return self.registry.frame()

    def events(self) -> pl.DataFrame:
        """Return what happened to components: time, id, kind, status, message."""
        return self.registry.events()

    def on_event(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call back on every event; return the way to stop it."""
        self.registry.listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self.registry.listeners:
                self.registry.listeners.remove(callback)

        return unsubscribe

    def rejected(self) -> list[Rejected]:
        """Return the changes that were refused, the latest last."""
        return list(self.registry.rejected)

    def record(self, path: str | Path) -> Recorder:
        """Write every accepted change, tick, timer and component to a file from now on.

        ``play()`` and ``ReplaySource.from_file()`` read it. Recording again ends the first.

        Raises:
            CheckpointError: The file cannot be written.
        """
        if self._recorder is not None:
            self._recorder.close()
        self._recorder = Recorder(self, path)
        return self._recorder

    def play(self, path: str | Path) -> int:
        """Play a recording into the sources of the same ids; return the number of changes.

        On the same sources and queries the deltas are those of the recorded run: sequence, time
        and rows. Queries that were added meanwhile are added. A script file of Drasi is pushed
        into the first source.

        Raises:
            ConfigError: The file is no recording, or the clock is not virtual.
            CheckpointError: A line cannot be read; the text names file and line.
            ComponentError: The recording has a source that is not here.
        """
        return play(self, path)

    def metrics(self) -> RuntimeMetrics:
        """Return what the components did: counts, rates, latencies, sizes; see ``frame()`` of it."""
        return self._readings.take()

    def late(self) -> int:
        """Return how many changes came later than ``RuntimeConfig.lateness_ms`` allows."""
        return 0 if self.pump.lateness is None else self.pump.lateness.late

    def schema(self) -> dict[str, list[str]]:
        """Return the property names seen per label and relation type."""
        return self.engine.graph.schema()

    def told(self, name: str, *facts: Any) -> None:
        """Write to the journal, where there is one, what is about to be done.

        Raises:
            CheckpointError: It could not be written; it must not be done.
        """
        pump = self.pump
        if pump.copying is not None:
            pump.copying()
        if pump.journal is not None:
            pump.journal.operation(pump.taken, pump.moment_ms(), pump.now_ms(), name, *facts)

    def _slice(self, budget_s: float) -> bool:
        more = self.pump.slice(budget_s)
        if not more:
            self._look_after_checkpoint()
        return more

    def _take(self) -> None:
        self.pump.run()

    # -- processing ---------------------------------------------------------------------

    def flush(self) -> int:
        """Take everything that is queued, now, as one tick; return how many changes it took.

        Raises:
            ComponentError: Called from a callback or another thread; or something failed in
                the background since the last call (each failure is raised once).
        """
        background = self.background
        if threading.get_ident() != background.thread:
            raise ComponentError(
                "flush() runs on the runtime's own thread; await settled() there"
            )
        taken = self.pump.flush()
        if self.checkpoint_in is not None:
            self._look_after_checkpoint()
        if background.is_driving and not self.pump.waiting():
            background.rest()
        if background.errors:
            background.raise_errors()
        return taken

    async def settled(self, timeout_s: float = 60.0) -> int:
        """Wait until the driver took what was queued when called; return the last sequence.

        An interrupt ends the waiting, never the driver.

        Raises:
            ComponentError: Something failed in the background since the last call.
            TimeoutError: It took longer than ``timeout_s``.
        """
        driver = self.background.driver()
        if driver is None:
            raise ComponentError("this runtime was closed; create a new one")
        target = self.pump.submitted
        if self.pump.waiting():
            driver.wake()
        with anyio.fail_after(timeout_s):
            while self.pump.taken < target or self.pump.is_open:
                await driver.idle.wait()
                await asyncio.sleep(0)
        self.background.raise_errors()
        return self.seq

    def wake(self) -> None:
        """Tell the driver, if there is a loop for one, that changes are queued."""
        self.background.wake()

    def checkpoint(self) -> None:
        """Write a whole snapshot now, and have the disk hold it.

        Raises:
            CheckpointError: It cannot be written; the one before and the journal stay in force.
            ComponentError: The runtime has no checkpoint, or a callback called.
        """
        if self.checkpoint_in is None:
            raise ComponentError("this runtime has no checkpoint; Runtime(checkpoint=..) does")
        self.checkpoint_in.take()

    def _look_after_checkpoint(self) -> None:
        if self.checkpoint_in is not None and self.checkpoint_in.is_due:
            self.checkpoint_in.begin()

    def settings(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self.config)

    def snapshot(self, ids: Iterable[str]) -> dict[str, pl.DataFrame]:
        """Return the frames of several queries at one instant: the last tick."""
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise ComponentError(f"snapshot() takes a list of ids of queries, got {shown(ids)}")
        return {id_: self.registry.get(id_, "query").part.frame() for id_ in ids}

    def view(self) -> Any:
        """Return a live view of the components."""
        from drasi_nb.views.runtime_view import RuntimeView

        return RuntimeView(self)

    # -- end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Stop everything and end the driver; results stay readable. Safe to repeat.

        Raises:
            CheckpointError: The last snapshot cannot be written; the journal has everything.
        """
        if self.background.is_closed:
            return
        self.pump.finish_jobs()
        try:
            if self.checkpoint_in is not None:
                self.checkpoint_in.close()
        finally:
            self._close()

    def _close(self) -> None:
        if self.pump.journal is not None:
            self.pump.journal.push_out()
            for file in self.pump.journal.files:
                file.close()
            self.pump.journal = None
        with contextlib.suppress(ComponentError):  # in its state and in events()
            self.stop_all()
        for queues in self.streams.values():
            for queue in queues:
                queue.put_nowait(None)
        self.background.close()

    @property
    def is_closed(self) -> bool:
        """Return whether ``close()`` was called."""
        return self.background.is_closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self.background.driver()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        from drasi_nb.views.static_form import runtime_text

        return runtime_text(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        from drasi_nb.views.display import runtime_mimebundle

        return runtime_mimebundle(self, include, exclude)
