"""A snapshot read back: the graph in bulk, then components, queries and what they remember."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from drasi_nb.engine.garbage import collection_put_off
from drasi_nb.engine.stages import CompiledQuery
from drasi_nb.engine.timed import Saved, TimedStage
from drasi_nb.errors import CheckpointError
from drasi_nb.frames.delta import Delta
from drasi_nb.frames.result import ResultTable
from drasi_nb.functions.own import renewals
from drasi_nb.runtime import registration
from drasi_nb.runtime.components import Component, Event, Rejected
from drasi_nb.runtime.log import check_header, read_lines
from drasi_nb.runtime.port import Port
from drasi_nb.runtime.protocols import SOURCES
from drasi_nb.runtime.query import Query
from drasi_nb.runtime.reacting import Reacting, awaited
from drasi_nb.runtime.snapshot import FORMAT
from drasi_nb.store.load import buffer_of, load_nodes, load_relations
from drasi_nb.store.writing import read_columns
from drasi_nb.values.encoding import load, read_change, value_of

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

_CODES = {"int": ("q", pl.Int64), "float": ("d", pl.Float64)}


def read_header(directory: Path) -> dict[str, Any]:
    """Return the first line of a snapshot.

    Raises:
        CheckpointError: The snapshot is not whole.
        ConfigError: It is of a newer version.
    """
    path = directory / "state.jsonl"
    try:
        _, head, _ = next(read_lines(path, is_last=False))
    except (OSError, StopIteration) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    return check_header(path, head, FORMAT)


class Loading:
    """Puts a snapshot into a new runtime.

    Args:
        runtime: Without anything in it.
        directory: Of the snapshot.
        done: By reaction, how many deltas it is done with.
    """

    def __init__(self, runtime: Runtime, directory: Path, done: dict[str, int]) -> None:
        self.runtime, self.directory, self.done = runtime, directory, done
        self.entries: dict[tuple[str, int], dict[Any, Saved]] = {}
        self.facts: dict[str, dict[str, Any]] = {}  # of components
        self.rows: dict[str, list[tuple[Any, Any]]] = {}
        self.timers: list[tuple[str, int, Any, int]] = []
        self.versions: dict[Any, Any] = {}
        self.held: list[Any] = []
        self.is_watched = False
        self.lateness: dict[str, Any] = {}

    def run(self) -> None:
        """Load everything.

        Raises:
            CheckpointError: A file is damaged; the text names it.
        """
        path = self.directory / "state.jsonl"
        lines = read_lines(path, is_last=False)
        _, head, _ = next(lines)
        with collection_put_off():
            self._graph(head)
        number, is_whole = 1, False
        try:
            for number, line, _ in lines:  # noqa: B007 - named in the error
                is_whole = line[0] == "end"
                if not is_whole:
                    getattr(self, f"_{line[0]}")(*line[1:])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"{path}, line {number} is damaged: {error!r}") from error
        if not is_whole:
            raise CheckpointError(f"{path} is cut off behind line {number}")
        self._components(value_of(head["running"]))
        if self.is_watched:
            self.runtime.internal.watch()
        runtime, engine = self.runtime, self.runtime.engine
        if engine.history.is_kept:
            engine.history.resume(self.versions)
        for query_id, stage_number, key, due_ms in self.timers:
            compiled = runtime.queries[query_id].compiled
            if compiled is not None:
                engine.timers.set(due_ms, compiled.stages[stage_number], key)  # type: ignore[arg-type]
        if runtime.pump.lateness is not None and self.lateness:
            runtime.pump.lateness.resume(self.lateness, self.held)
        runtime.pump.submitted += len(self.held)
        engine.seq = head["seq"]
        engine.timers.stamp, engine.timers.now_ms = head["stamp"], head["clock_ms"]
        engine.arrived_ms, runtime.pump.time_ms = head["arrived_ms"], head["time_ms"]

    # -- the graph ----------------------------------------------------------------------

    def _graph(self, head: dict[str, Any]) -> None:
        runtime, engine = self.runtime, self.runtime.engine
        engine.seq, engine.timers.seed = head["seq"], head["seed"]
        runtime.pump.taken = runtime.pump.submitted = head["taken"]
        for source_id in value_of(head["sources"]):
            engine.graph.source(source_id)
        for name in value_of(head["types"]):
            engine.graph.type_table(name)
        handle_of = array("i")  # by number
        for facts in head["files"]:
            path = self.directory / facts["file"]
            frame = _frame(path)
            ids = _values(frame["id"], facts["id"], exact=True)
            stamps = _numbers(frame["stamp"], "int")
            columns = {
                value_of(name): _values(frame[f"c{place}"], kind)
                for place, (name, kind) in enumerate(facts["columns"])
            }
            if facts["kind"] == "nodes":
                handle_of.extend(self._nodes(facts, ids, columns, stamps))
            else:
                src, dst = (
                    array("i", map(handle_of.__getitem__, frame[end].to_list()))
                    for end in ("start", "end")
                )
                type_ = value_of(facts["type"])
                source = facts["source"]
                load_relations(engine.graph, source, type_, ids, src, dst, columns, stamps)

    def _nodes(
        self, facts: dict[str, Any], ids: list[Any], columns: dict[str, Any], stamps: array[int]
    ) -> Iterator[int]:
        """Load the nodes of one file; return their handles."""
        graph, source = self.runtime.engine.graph, facts["source"]
        if facts["labels"] is None:  # ghosts
            return iter([graph.place(source, element_id, None) for element_id in ids])
        labels = value_of(facts["labels"])
        first = load_nodes(graph, source, labels, ids, columns, stamps)
        return iter(range(first, first + len(ids)))

    # -- lines of the state -------------------------------------------------------------

    def _component(self, facts: Any) -> None:
        facts = value_of(facts)
        self.facts[facts["id"]] = facts

    def _row(self, query: str, key: Any, row: Any) -> None:
        self.rows.setdefault(query, []).append((value_of(key), value_of(row)))

    def _pending(
        self, reaction: str, query: str, seq: int, time_ms: int, columns: Any, changes: Any
    ) -> None:
        delta = Delta(query, seq, time_ms, value_of(columns), value_of(changes))
        self.facts[reaction].setdefault("pending", []).append(delta)

    def _queued(self, source: str, arrived_ms: int, changes: list[Any]) -> None:
        pump, graph = self.runtime.pump, self.runtime.engine.graph
        batch = [read_change(change) for change in changes]
        pump.queue.append((graph.source(value_of(source)), batch, arrived_ms))
        pump.submitted += len(batch)

    def _columns(self, source: str, arrived_ms: int, facts: Any) -> None:
        pump, columns = self.runtime.pump, read_columns(facts)
        number = self.runtime.engine.graph.source(value_of(source))
        pump.queue.append((number, columns, arrived_ms))
        pump.submitted += len(columns)

    def _lateness(self, state: Any) -> None:
        self.lateness = value_of(state)

    def _held(self, source: str, arrived_ms: int, changes: list[Any]) -> None:
        number = self.runtime.engine.graph.source(value_of(source))
        self.held.append((number, read_change(changes[0]), arrived_ms))

    def _watched(self, is_watching: bool) -> None:
        self.is_watched = is_watching

    def _synced(self, source: str, name: str, ids: Any) -> None:
        key = (value_of(source), value_of(name))
        self.runtime.synced.ids[key] = dict.fromkeys(value_of(ids))

    def _event(self, *facts: Any) -> None:
        self.runtime.registry.history.append(Event(*map(value_of, facts)))

    def _rejected(self, *facts: Any) -> None:
        self.runtime.registry.rejected.append(Rejected(*map(value_of, facts)))

    def _entry(self, query: str, number: int, key: Any, *facts: Any) -> None:
        kept, added, due_ms, failure = map(value_of, facts)
        rows = self.entries.setdefault((value_of(query), number), {})
        rows[value_of(key)] = Saved(kept, added, due_ms, failure)

    def _timer(self, query: str, number: int, key: Any, due_ms: int) -> None:
        self.timers.append((value_of(query), number, value_of(key), due_ms))

    def _version(self, key: Any, versions: Any) -> None:
        self.versions[value_of(key)] = value_of(versions)

    # -- components ---------------------------------------------------------------------

    def _components(self, running: list[str]) -> None:
        runtime = self.runtime
        for facts in self.facts.values():
            self._put_back(facts)
        for id_, react in runtime.reacting.items():
            asked = [runtime.queries[query_id] for query_id in runtime.listening[id_]]
            runtime.unsubscribe[id_] = [query.on_delta(react) for query in asked]
        queries = [facts for facts in self.facts.values() if facts["kind"] == "query"]
        for facts in queries:
            if facts["is_source"]:
                self.runtime.internal.resume(self.runtime.queries[facts["id"]])
        order = {id_: place for place, id_ in enumerate(running)}  # of their turn in a tick
        for facts in sorted(queries, key=lambda facts: order.get(facts["id"], len(order))):
            self._query(self.runtime.queries[facts["id"]], facts)
        for facts in self.facts.values():
            if facts["kind"] == "reaction":
                react = self.runtime.reacting[facts["id"]]
                react.emitted = facts["emitted"]
                react.done = max(facts["done"], self.done.get(facts["id"], 0))
                gone = react.done - facts["done"]
                react.pending.extend(facts.get("pending", [])[gone:])

    def _put_back(self, facts: dict[str, Any]) -> None:
        """Make a component as it was, a query not yet compiled."""
        runtime, id_, kind = self.runtime, facts["id"], facts["kind"]
        component = Component(
            id_, kind, None, facts["status"], facts["error"], facts["changes"], facts["errors"]
        )
        runtime.registry.components[id_] = component
        if kind == "source":
            source = component.part = runtime.source_parts[id_] = SOURCES["push"]()
            port = runtime.ports[id_] = Port(runtime, component, runtime.pump)
            source.attach(port)
        elif kind == "query":
            query = component.part = runtime.query_parts[id_] = Query(runtime, id_)
            query.component = component
            registration.put_back_query(query, facts)
        else:
            component.part = runtime.reaction_parts[id_] = awaited
            runtime.reacting[id_] = Reacting(runtime, component)
            runtime.listening[id_] = tuple(facts["queries"])

    def _query(self, query: Query, facts: dict[str, Any]) -> None:
        component = self.runtime.component(query.id)
        query.last_seq, query.last_time_ms = facts["last_seq"], facts["last_time_ms"]
        query.table = ResultTable(tuple(facts["columns"]))
        rows = self.rows.get(query.id, [])
        query.table.apply([(key, None, row) for key, row in rows])
        if facts["status"] != "Running":
            return
        if query.missing is None:
            resume_query(query, self.entries, facts["derived"])
            return
        component.status = "Starting"
        self.runtime.registry.fail(component, f"add_query() again: {query.missing}")


def resume_query(
    query: Query, entries: dict[tuple[str, int], dict[Any, Saved]], derived: list[str]
) -> None:
    """Run a query again over the graph as it is, with what its rows remembered; no delta."""
    runtime, registered = query.runtime, query.registered
    assert registered is not None
    plan = registered.plan

    def resume(compiled: CompiledQuery) -> None:
        for number, stage in enumerate(compiled.stages):
            if isinstance(stage, TimedStage):
                stage.saved = entries.get((query.id, number), {})

    query.derived, seen = runtime.pump.derived.resume(
        query.id, registered.subscriptions, derived
    )
    with collection_put_off():
        steps = runtime.engine.adding(plan, seen, resume)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                compiled: CompiledQuery = end.value
                break
        query.table = ResultTable(plan.columns)
        query.table.apply(compiled.flush())
    for stage in compiled.stages:
        if isinstance(stage, TimedStage):
            stage.saved = {}
    runtime.engine.touched[:] = [c for c in runtime.engine.touched if c is not compiled]
    query.compiled, query.made_at = compiled, renewals()
    runtime.by_compiled[compiled] = query
    compiled.depth = runtime.internal.depth(query.sources)
    query.past.clear(runtime.seq)


# -- columns ----------------------------------------------------------------------------


def _frame(path: Path) -> pl.DataFrame:
    try:
        with pa.ipc.open_file(path) as file:
            frame = pl.from_arrow(file.read_all())
    except (OSError, pa.ArrowException) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    assert isinstance(frame, pl.DataFrame)
    return frame


def _values(column: pl.Series, kind: str, *, exact: bool = False) -> Any:
    """Return a column as the store takes it; exact: as a list in any case."""
    if kind == "json":
        return [None if text is None else load(text) for text in column.to_list()]
    if kind in _CODES and not exact and not column.null_count():
        return _numbers(column, kind)
    return column.to_list()


def _numbers(column: pl.Series, kind: str) -> array[Any]:
    code, dtype = _CODES[kind]
    values: array[Any] = array(code)
    values.frombytes(buffer_of(column.cast(dtype)))
    return values
