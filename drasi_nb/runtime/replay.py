"""A log applied to a runtime: the same changes, ticks, timers and components in the same order.

The clock stands where the log says; ticks end and timers fire where they did, so sequence
numbers and deltas are those of the run that wrote the log.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from drasi_nb.errors import CheckpointError, ComponentError, DrasiNbError
from drasi_nb.runtime import definitions, lifecycle, registration
from drasi_nb.runtime.components import Rejected, log
from drasi_nb.runtime.internal import COMPONENTS
from drasi_nb.runtime.protocols import SOURCES
from drasi_nb.runtime.reacting import awaited
from drasi_nb.store.batch import Batch
from drasi_nb.store.writing import read_columns
from drasi_nb.values.encoding import read_change, value_of

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime


class Replay:
    """Applies lines of a log; until ``end()`` nothing else moves the runtime.

    Args:
        runtime: Of which nothing is queued.
        done: By reaction, how many deltas it is done with; None leaves reactions out of it.
        taken: How many changes had been taken where the log begins.

    Attributes:
        count: Changes queued.
        differs: Ticks whose sequence was not that of the log.
    """

    def __init__(self, runtime: Runtime, done: dict[str, int] | None, taken: int) -> None:
        self.runtime, self.pump = runtime, runtime.pump
        self.count = self.differs = 0
        self._done, self._offset = done, runtime.pump.taken - taken
        self._now_ms = runtime.clock.now_ms()
        self.pump.is_replaying, self.pump.now_ms = True, lambda: self._now_ms

    @property
    def now_ms(self) -> int:
        """Return the time that the log has reached."""
        return self._now_ms

    def start_at(self, now_ms: int) -> None:
        """Begin at a time."""
        self._now_ms = now_ms

    def end(self) -> None:
        """Go on by the clock."""
        self.pump.resume()

    def apply(self, path: Path, number: int, record: Any) -> None:
        """Apply one line.

        Raises:
            CheckpointError: It is no line of a log, or does not fit the ones before.
            ComponentError: It names a source that a recording is not played into.
        """
        try:
            self._apply(record)
        except (LookupError, TypeError, ValueError, AttributeError, CheckpointError) as error:
            raise CheckpointError(
                f"{path}, line {number} is damaged or of another file: {error!r}"
            ) from error

    def _apply(self, record: Any) -> None:
        kind, pump = record[0], self.pump
        match kind:
            case "b":
                _, source, now_ms, before, changes, *ended = record
                for taken, tick_ms, seq in ended:
                    self._end_tick(taken, tick_ms, seq)
                self._batch(source, now_ms, before, None, [*map(read_change, changes)])
            case "s":
                _, source, now_ms, before, synced, changes = record
                self._batch(source, now_ms, before, synced, [*map(read_change, changes)])
            case "c":
                _, source, now_ms, before, synced, facts = record
                self._batch(source, now_ms, before, synced, read_columns(facts))
            case "t":
                _, taken, tick_ms, seq = record
                self._end_tick(taken, tick_ms, seq)
            case "f":
                _, taken, tick_ms, self._now_ms = record
                pump.take_up_to(taken + self._offset, tick_ms)
                pump.fire(self._now_ms)
            case "l":
                self._now_ms = record[1]
                assert pump.lateness is not None
                pump.lateness.ring(self._now_ms)
            case "d":
                _, taken, tick_ms, source, count = record
                pump.take_up_to(taken + self._offset, tick_ms)
                pump.drop(self.runtime.engine.graph.source(source), count)
            case "o":
                _, taken, tick_ms, self._now_ms, name, *facts = record
                pump.take_up_to(taken + self._offset, tick_ms)
                self._operate(name, *map(value_of, facts))
            case "x":
                self.runtime.registry.rejected.append(Rejected(*map(value_of, record[1:])))
            case "p":
                pass
            case _:
                raise ValueError(f"there is no kind of line {kind!r}")

    def _end_tick(self, taken: int, now_ms: int, seq: int) -> None:
        self._now_ms = now_ms
        is_same = self.pump.end_tick(
            taken + self._offset, now_ms, seq if self._done is not None else None
        )
        self.differs += not is_same

    def _batch(
        self, source: str, now_ms: int, before: int, synced: str | None, accepted: Batch
    ) -> None:
        runtime, self._now_ms = self.runtime, now_ms
        if self.pump.submitted > before + self._offset:
            self.pump.drop_last(before + self._offset)
        if source != COMPONENTS:
            component = runtime.registry.components.get(source)
            if component is None or component.kind != "source":
                text = f"the log has changes of source {source!r}, which the runtime has not"
                raise ComponentError(text) if self._done is None else ValueError(text)
            component.changes += len(accepted)
        number = runtime.engine.graph.source(source)
        if source == COMPONENTS and isinstance(accepted, list):
            self.pump.submit_own(number, accepted)
        else:
            self.pump.enqueue(number, accepted, now_ms)
        self.count += len(accepted)
        if synced is not None:
            runtime.synced.note(source, synced, accepted)

    def _operate(self, name: str, id_: str, *facts: Any) -> None:
        runtime = self.runtime
        known = runtime.registry.components.get(id_)
        if self._done is None:  # a recording: sources and reactions are the runtime's own
            if name == "add_reaction" or (name != "add_query" and known is None):
                name = "add_source" if name == "add_source" else ""
            if name == "add_source" and known is not None:
                name = ""
        try:
            match name:
                case "":
                    pass
                case "add_source":
                    runtime.add_source(id_, SOURCES["push"]())
                case "add_query":
                    self._add_query(id_, *facts)
                case "add_reaction":
                    runtime.add_reaction(id_, facts[0], awaited)
                    react = runtime.reacting[id_]
                    react.done = max(react.done, (self._done or {}).get(id_, 0))
                case "start":
                    runtime.start(id_)
                case "stop":
                    runtime.stop(id_)
                case "remove":
                    runtime.remove(id_, cascade=True)
                case "fail":
                    runtime.registry.fail(runtime.component(id_), facts[0])
                case "broke":
                    query = runtime.queries[id_]
                    if query.compiled is not None:
                        registration.forget_compiled(runtime, query)
                        runtime.registry.fail(runtime.component(id_), facts[0])
                case _:
                    raise ValueError(f"there is no operation {name!r}")
        except DrasiNbError as error:  # as it did when it was written
            log.warning("%s of %r failed in a replay: %s", name, id_, error)

    def _add_query(
        self, id_: str, facts: dict[str, Any], reason: str | None, starts: bool
    ) -> None:
        if reason is None:
            definition = definitions.definition_of(facts)
            try:
                definitions.registered(self.runtime, id_, definition)
            except DrasiNbError as error:  # a function of the user's that is not there
                reason = str(error)
            else:
                lifecycle.add_query(self.runtime, id_, definition, starts=starts)
                return
        registration.add_missing(self.runtime, id_, facts, reason)
