"""What a runtime tells its log files: one call for each kind of line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson

from drasi_nb.errors import CheckpointError
from drasi_nb.runtime.log import LogFile
from drasi_nb.store.batch import Batch, Columns
from drasi_nb.store.writing import dump_columns
from drasi_nb.values.encoding import dump, dump_changes


class Journal:
    """Writes the same lines to every file: the journal of a checkpoint, a recording.

    What a source or the user is told was done is written before it is done, and refused where
    it cannot be written. What follows from that and from the clock is noted: where it cannot be
    written it waits for the next line, and is seen in ``failure``.

    Attributes:
        files: Where lines go.
        changes: Changes written.
        failure: Why noted lines wait, None where none do.
        on_failure: Told why, when they begin to.
    """

    def __init__(self) -> None:
        self.files: list[LogFile] = []
        # of a tick, to be written with the next line
        self._end: tuple[int, int, int] | None = None
        self._lock = threading.RLock()  # of that end: the thread that syncs may write it too
        self.changes = 0
        self.failure: str | None = None
        self.on_failure: Callable[[str], None] | None = None

    def batch(
        self,
        source: str,
        changes: Batch,
        now_ms: int,
        before: int,
        synced: str | None = None,
    ) -> None:
        """Write a batch that is about to be queued behind so many changes in all.

        Raises:
            CheckpointError: It could not be written; no file has it.
        """
        if type(changes) is list and synced is None and len(self.files) == 1:
            with self._lock:
                line = dump_changes(("b", source, now_ms, before), changes, self._end)
                self.files[0].append(line)
                self._end = self.failure = None
        elif isinstance(changes, Columns):
            self._write(dump_columns(("c", source, now_ms, before, synced), changes))
        elif synced is None:
            self._write(dump_changes(("b", source, now_ms, before), changes))
        else:
            self._write(dump_changes(("s", source, now_ms, before, synced), changes))
        self.changes += len(changes)

    def operation(self, taken: int, tick_ms: int, now_ms: int, name: str, *facts: Any) -> None:
        """Write that a component is added, started, stopped or removed.

        Raises:
            CheckpointError: It could not be written; no file has it.
        """
        self._write(dump(["o", taken, tick_ms, now_ms, name, *facts]) + b"\n")

    def drop(self, taken: int, now_ms: int, source: str, count: int) -> None:
        """Write that the oldest batches of a source go; raises as ``batch()``."""
        self._write(dump(["d", taken, now_ms, source, count]) + b"\n")

    def tick(self, taken: int, now_ms: int, seq: int, is_heard: object) -> None:
        """Note the end of a tick, before its deltas are handed out.

        Where no reaction hears of it, it may come with the next line, within ``sync_s``: a
        restart takes the changes, which it has, in a tick of its own.
        """
        with self._lock:
            if self._end is not None:
                self.settle()
            self._end = (taken, now_ms, seq)
        if is_heard:
            self.push_out()

    def settle(self) -> None:
        """Have the end of the last tick be a line that waits; safe to call from another thread."""
        with self._lock:
            if self._end is not None:
                for file in self.files:
                    file.note(b'["t",%d,%d,%d]\n' % self._end)
                self._end = None

    def fire(self, taken: int, now_ms: int, fired_ms: int) -> None:
        """Note that the clock rings what is due."""
        self._note(b'["f",%d,%d,%d]\n' % (taken, now_ms, fired_ms))

    def release(self, now_ms: int) -> None:
        """Note that the clock lets changes go on that waited for earlier ones."""
        self._note(b'["l",%d]\n' % now_ms)

    def position(self, reaction: str, done: int) -> None:
        """Note how many deltas a reaction is done with; written with the next line."""
        line = orjson.dumps(["p", reaction, done], None, orjson.OPT_APPEND_NEWLINE)
        self.settle()
        for file in self.files:
            file.note(line)

    def rejected(self, facts: list[Any]) -> None:
        """Note a change that was refused."""
        self._note(dump(["x", *facts]) + b"\n")

    def _write(self, line: bytes) -> None:
        self.settle()
        files = self.files
        if len(files) == 1:
            files[0].append(line)
        else:
            sizes = [file.size for file in files]
            try:
                for file in files:
                    file.append(line)
            except CheckpointError:
                for file, size in zip(files, sizes, strict=True):
                    if file.size > size:
                        file.unwrite(size)
                raise
        self.failure = None

    def _note(self, line: bytes) -> None:
        self.settle()
        for file in self.files:
            file.note(line)
        self.push_out()

    def push_out(self) -> None:
        """Write what was noted; what cannot be stays noted, as ``failure`` says."""
        self.settle()
        for file in self.files:
            try:
                file.push_out()
            except CheckpointError as error:
                if self.failure is None and self.on_failure is not None:
                    self.on_failure(str(error))
                self.failure = str(error)

    def add(self, file: LogFile) -> None:
        """Write to a file too, from the next line on."""
        self.push_out()
        self.files.append(file)

    def replace(self, file: LogFile, new: LogFile) -> None:
        """Go on in a new file; what could not be written yet goes there."""
        self.push_out()
        self.files[self.files.index(file)] = new
        file.hand_over(new)

    def remove(self, file: LogFile) -> None:
        """Write to a file no more."""
        self.push_out()
        self.files.remove(file)
