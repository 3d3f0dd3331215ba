"""Recordings: a log of a runtime from one moment on, to play again or to play from.

A recording is a log (``runtime/log.py``), the same that a checkpoint's journal is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from drasi_nb.engine.clock import VirtualClock
from drasi_nb.errors import CheckpointError, ComponentError, ConfigError
from drasi_nb.runtime.internal import COMPONENTS
from drasi_nb.runtime.journal import Journal
from drasi_nb.runtime.log import LogFile, check_header, header, read_lines
from drasi_nb.runtime.replay import Replay
from drasi_nb.runtime.scripts import Batch, is_script, read_script, write_script
from drasi_nb.store.writing import read_columns
from drasi_nb.values.change import DELETE, INSERT, Accepted
from drasi_nb.values.encoding import dump_changes, read_change

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime


class Recorder:
    """Writes a recording; call ``close()``, or use it in ``with``. Made by ``Runtime.record()``.

    Raises:
        CheckpointError: The file cannot be written.
        ComponentError: A callback of a tick called.
    """

    def __init__(self, runtime: Runtime, path: str | Path) -> None:
        pump = runtime.pump
        pump.run()
        if pump.is_busy:
            raise ComponentError("record() was called from inside a callback")
        self.path, self._pump = Path(path), pump
        try:
            self._file = LogFile(self.path)
        except OSError as error:
            raise CheckpointError(f"{path} cannot be written: {error}") from error
        facts = {
            "taken": pump.taken,
            "seq": runtime.engine.seq,
            "now_ms": pump.now_ms(),
            "seed": runtime.engine.timers.seed,
            "config": runtime.settings(),
        }
        self._file.append(header(facts))
        if pump.lateness is not None:
            names = runtime.engine.graph.source_ids
            for n, (_, _, source, change, arrived_ms) in enumerate(pump.lateness.save()[1]):
                head = ("b", names[source], arrived_ms, pump.taken + n)
                self._file.append(dump_changes(head, [change]))
        if pump.journal is None:
            pump.journal = Journal()
        pump.journal.add(self._file)

    def close(self) -> None:
        """End the recording; safe to repeat.

        Raises:
            CheckpointError: The last lines cannot be written.
        """
        journal = self._pump.journal
        if journal is not None and self._file in journal.files:
            journal.remove(self._file)
            if not journal.files:
                self._pump.journal = None
        self._file.close()

    def write_script(self, path: str | Path) -> int:
        """Write what was recorded so far as a script file of Drasi; return how many changes.

        The file names no sources and no ticks, and its values are those of JSON.

        Raises:
            ChangeError: A value is NaN or infinite.
            OSError: The file cannot be written.
        """
        if not self._file.is_closed and self._pump.journal is not None:
            self._pump.journal.push_out()
        return write_script(read(self.path), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def read(path: str | Path) -> Iterator[Batch]:
    """Yield the batches of a recording, or of a script file of Drasi.

    A last line that was cut off is left out: the writer was killed while writing it.

    Raises:
        ConfigError: The file is neither, or of a newer version.
        CheckpointError: A line cannot be read; the text names file and line.
    """
    path = Path(path)
    for number, record, _ in read_lines(path):
        if number == 1:
            if is_script(record):
                yield from read_script(path)
                return
            check_header(path, record)
        elif record[0] in ("b", "s", "c") and record[1] != COMPONENTS:
            facts = record[4 if record[0] == "b" else 5]
            accepted: Iterable[Accepted] = (
                read_columns(facts) if record[0] == "c" else map(read_change, facts)
            )
            yield Batch(record[1], record[2], [_pushed(change) for change in accepted])


_OPS = ("insert", "update", "delete")


def _pushed(change: Accepted) -> dict[str, Any]:
    """Return a change as ``push()`` takes it."""
    op, element_id, labels, properties, start, end, time_ms = change
    out: dict[str, Any] = {"op": _OPS[op], "id": element_id}
    if op != DELETE:
        out["properties"] = properties or {}
        if labels is not None or op == INSERT:
            out["labels"] = list(labels or ())
        if start is not None:
            out["start_id"], out["end_id"] = start, end
    if time_ms is not None:
        out["effective_from"] = time_ms
    return out


def play(runtime: Runtime, path: str | Path) -> int:
    """Play a recording into a runtime with the same sources, tick by tick; return the changes.

    Raises:
        ConfigError: The file is no recording, the runtime's clock is not virtual, or its
            ``lateness_ms`` is another one.
        CheckpointError: A line cannot be read.
        ComponentError: The recording has a source that the runtime has not; or the runtime is
            recorded or has a checkpoint itself.
    """
    path, clock = Path(path), runtime.clock
    if not isinstance(clock, VirtualClock):
        raise ConfigError("a recording is played on a VirtualClock")
    if runtime.pump.journal is not None:
        raise ComponentError(
            "play() goes past the journal of this runtime; add ReplaySource.from_file(path)"
        )
    runtime.pump.run()
    lines = read_lines(path)
    _, head, _ = next(lines, (0, None, 0))
    if is_script(head):
        return _play_script(runtime, clock, path)
    facts = check_header(path, head)
    lateness_ms = facts["config"]["lateness_ms"]
    if lateness_ms != runtime.config.lateness_ms:
        raise ConfigError(
            f"{path} was recorded with lateness_ms={lateness_ms}, this runtime has"
            f" {runtime.config.lateness_ms}"
        )
    runtime.engine.timers.seed = facts["seed"]
    replay = Replay(runtime, None, facts["taken"])
    replay.start_at(max(clock.now_ms(), facts["now_ms"]))
    clock.catch_up(facts["now_ms"])
    try:
        for number, record, _ in lines:
            replay.apply(path, number, record)
            clock.catch_up(replay.now_ms)
    finally:
        replay.end()
    runtime.flush()
    return replay.count


def _play_script(runtime: Runtime, clock: VirtualClock, path: Path) -> int:
    """Push every change of a script file at its time into the first source."""
    source_id, count = next(iter(runtime.sources), ""), 0
    source = runtime.registry.get(source_id, "source").part
    for batch in read_script(path):
        clock.advance(max(0, batch.time_ms - clock.now_ms()))
        count += source.port.submit(batch.changes)
        runtime.flush()
    return count
