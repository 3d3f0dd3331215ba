"""A checkpoint: a directory from which a runtime goes on after its process ended, in any way.

``current.json`` names the snapshot in force; ``journal-<n>.jsonl`` begins where
``snapshot-<n>`` was copied. A restart loads the snapshot and replays its journal and all later
ones. A new snapshot counts once it is whole and on disk, by one rename of ``current.json``;
then what is older is deleted. ``lock`` is held while a runtime writes here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from drasi_nb.errors import CheckpointError, ComponentError, ConfigError
from drasi_nb.runtime.components import log
from drasi_nb.runtime.journal import Journal
from drasi_nb.runtime.log import VERSION, LogFile, check_header, header, sync_directory
from drasi_nb.runtime.snapshot import Snapshot, rejected_facts, warm_up

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

FORMAT = "drasi_nb checkpoint"
_SLICE_S = 0.003
_JOURNAL_BYTES = 64 << 20  # of journal after which a snapshot is taken


class Directory:
    """The files of a checkpoint, locked.

    Raises:
        CheckpointError: Another runtime writes there, or the directory cannot be made.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be used: {error}") from error
        try:
            _lock(self._lock)
        except OSError:
            os.close(self._lock)
            self._lock = -1
            raise CheckpointError(
                f"{self.path} is in use by another runtime; close() that one, end its process,"
                " or choose another directory"
            ) from None

    def current(self) -> int | None:
        """Return the number of the snapshot in force, 0 before the first; None of a new directory.

        Raises:
            CheckpointError: The file that says so is damaged.
            ConfigError: The checkpoint is of a newer version.
        """
        path = self.path / "current.json"
        try:
            facts = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be read: {error}") from error
        return int(check_header(path, facts, FORMAT)["snapshot"])

    def set_current(self, number: int) -> None:
        """Put a snapshot in force.

        Raises:
            OSError: It could not be written; the one before is in force.
        """
        path, new = self.path / "current.json", self.path / "current.new"
        facts = {"format": FORMAT, "version": VERSION, "snapshot": number}
        with new.open("wb") as file:
            file.write(orjson.dumps(facts))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        self.sync()

    def sync(self) -> None:
        """Have the disk hold the names of the files."""
        sync_directory(self.path)

    def journal(self, number: int) -> Path:
        """Return the path of a journal."""
        return self.path / f"journal-{number}.jsonl"

    def snapshot(self, number: int) -> Path:
        """Return the path of a snapshot."""
        return self.path / f"snapshot-{number}"

    def numbers(self) -> list[int]:
        """Return the numbers of the journals there are, in order."""
        return sorted(int(path.stem[8:]) for path in self.path.glob("journal-*.jsonl"))

    def tidy(self, number: int) -> None:
        """Delete what is older than a snapshot, and snapshots that were never finished."""
        for path in self.path.glob("journal-*.jsonl"):
            if int(path.stem[8:]) < number:
                path.unlink(missing_ok=True)
        for path in self.path.glob("snapshot-*"):
            if path.name != f"snapshot-{number}":
                shutil.rmtree(path, ignore_errors=True)

    def release(self) -> None:
        """Let another runtime write here; safe to repeat."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _lock(descriptor: int) -> None:
    """Lock a file until it is closed or the process ends; OSError where another has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Checkpoint:
    """Keeps a directory up with a runtime: the journal with every change, snapshots at times.

    Args:
        runtime: The one.
        directory: Its own from now on.
        number: Of the journal to write.
        size: Of that journal, where it is continued.
    """

    def __init__(
        self, runtime: Runtime, directory: Directory, number: int, size: int = 0
    ) -> None:
        self.directory, self.number = directory, number
        self.longest_s = 0.0  # of all pieces of snapshots so far
        self._runtime = runtime
        self._executor = ThreadPoolExecutor(1, "drasi_nb sync")
        self._executor.submit(warm_up)
        self._snapshot: Snapshot | None = None
        self.log = self._open(number, size)
        self.journal = runtime.pump.journal or Journal()
        self._due = self._next_due()  # changes written when the next snapshot is taken
        self.journal.add(self.log)
        runtime.pump.journal = self.journal
        self.journal.on_failure = lambda text: runtime.background.keep(
            f"{text.partition(';')[0]}; the ends of ticks wait for space, what is pushed is refused"
        )
        runtime.registry.on_rejected = lambda r: self.journal.rejected(rejected_facts(r))
        self._wake, self._is_closed = threading.Event(), False
        self._syncer = threading.Thread(target=self._keep_synced, daemon=True)
        self._syncer.start()

    def _open(self, number: int, size: int = 0) -> LogFile:
        try:
            file = LogFile(self.directory.journal(number), size)
        except OSError as error:
            raise CheckpointError(
                f"{self.directory.journal(number)} cannot be written: {error}"
            ) from error
        if not size:
            pump = self._runtime.pump
            facts = {
                "taken": pump.taken,
                "seq": self._runtime.engine.seq,
                "now_ms": pump.now_ms(),
                "seed": self._runtime.engine.timers.seed,
                "config": self._runtime.settings(),
            }
            try:
                file.append(header(facts))
            except CheckpointError:
                file.close()
                self.directory.journal(number).unlink(missing_ok=True)
                raise
        return file

    # -- the disk -----------------------------------------------------------------------

    def _keep_synced(self) -> None:
        """Sync the journal, in a thread of its own, within ``sync_s`` of a push."""
        synced, last = 0, self.log
        while not self._wake.wait(self._runtime.config.sync_s):
            file = self.log
            self.journal.settle()
            with contextlib.suppress(CheckpointError):  # it stays noted
                file.push_out()
            if file.written != synced or file is not last:
                synced = file.written
                try:
                    file.sync()
                    if file is not last:
                        self.directory.sync()
                        last = file
                except OSError as error:
                    if not self._is_closed:
                        log.error("%s cannot be synced: %s", file.path, error)
                        self._runtime.background.keep(f"{file.path} cannot be synced: {error}")

    # -- snapshots ----------------------------------------------------------------------

    @property
    def is_writing(self) -> bool:
        """Return whether a snapshot is on its way."""
        return self._snapshot is not None

    @property
    def is_due(self) -> bool:
        """Return whether enough was written since the last snapshot for another one."""
        return (
            self.journal.changes >= self._due or self.log.size >= _JOURNAL_BYTES
        ) and self._snapshot is None

    def _next_due(self) -> int:
        return self.journal.changes + self._runtime.config.snapshot_changes

    def take(self) -> None:
        """Take a whole snapshot now.

        Raises:
            CheckpointError: It cannot be written; the one before stays in force.
            ComponentError: Called from inside a callback.
        """
        if self._snapshot is None:
            self._begin()
        self._finish()

    def begin(self) -> None:
        """Take a snapshot in slices on the loop; where none runs, all of it now."""
        try:
            self._begin()
            if not self._runtime.background.spawn("checkpoint", self._in_slices):
                self._finish()
        except (CheckpointError, ComponentError) as error:  # the old one stays in force
            self._due = self._next_due()  # not again at once
            self._runtime.background.keep(str(error))

    def _begin(self) -> None:
        runtime, pump = self._runtime, self._runtime.pump
        if not pump.is_between:
            pump.run()
        if not pump.is_between:
            raise ComponentError("checkpoint() was called from inside a callback")
        try:
            new = self._open(self.number + 1)
        except CheckpointError as error:
            raise self._failed(error) from error
        old, self.log = self.log, new
        self.journal.replace(old, new)
        self.number += 1
        self._due = self._next_due()
        self._snapshot = Snapshot(runtime, self.directory.snapshot(self.number), self._executor)
        pump.copying = self._finish_copy

    def _finish_copy(self) -> None:
        """Complete the copy: the runtime is about to change."""
        self._runtime.pump.copying = None
        if self._snapshot is not None:
            self._snapshot.finish(copy_only=True)

    async def _in_slices(self) -> None:
        snapshot, runtime = self._snapshot, self._runtime
        try:
            while snapshot is not None and self._snapshot is snapshot:
                more = snapshot.step(_SLICE_S)
                if not snapshot.is_copying and runtime.pump.copying is not None:
                    runtime.pump.copying = None
                    runtime.wake()
                if not more:
                    await asyncio.wrap_future(
                        self._executor.submit(self._put_in_force, self.number)
                    )
                    self._done(snapshot)
                    return
                await asyncio.sleep(runtime.config.pause_s)
        except Exception as error:  # noqa: BLE001 - whatever failed, the one before stays in force
            runtime.background.keep(str(self._failed(error)))

    def _finish(self) -> None:
        snapshot = self._snapshot
        assert snapshot is not None
        try:
            snapshot.finish(copy_only=True)
            self._runtime.pump.copying = None
            snapshot.finish()
            self._executor.submit(self._put_in_force, self.number).result()
            self._done(snapshot)
        except Exception as error:
            raise self._failed(error) from error

    def _put_in_force(self, number: int) -> None:
        """Make a snapshot count that is whole; in a thread, as the disk takes its time."""
        self.log.sync()
        self.directory.sync()
        self.directory.set_current(number)
        self.directory.tidy(number)

    def _done(self, snapshot: Snapshot) -> None:
        if self._snapshot is snapshot:
            self._snapshot = None
        self.longest_s = max(self.longest_s, snapshot.longest_s)

    def _failed(self, error: Exception) -> CheckpointError:
        snapshot, self._snapshot = self._snapshot, None
        self._runtime.pump.copying = None
        if snapshot is not None:
            shutil.rmtree(snapshot.directory, ignore_errors=True)
        text = (
            f"no snapshot could be written to {self.directory.path}: {error}; the one before"
            " and the journal stay in force, nothing is lost. Free some space, then call"
            " checkpoint()"
        )
        log.error(text)
        return CheckpointError(text)

    # -- end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Take a last snapshot and let go of the directory; safe to repeat.

        Raises:
            CheckpointError: The snapshot cannot be written; the journal has everything.
        """
        if self._is_closed:
            return
        try:
            self.take()
        finally:
            self.release()

    def release(self) -> None:
        """Let go of the directory as it is; safe to repeat."""
        if self._is_closed:
            return
        self._is_closed = True
        self._wake.set()
        self._runtime.registry.on_rejected = None
        self.journal.remove(self.log)
        if not self.journal.files:
            self._runtime.pump.journal = None
        with contextlib.suppress(CheckpointError, OSError):
            self.log.close()
        self._executor.shutdown(wait=True)
        self._syncer.join()
        self.directory.release()


def create(runtime: Runtime, path: str | Path) -> Checkpoint:
    """Begin a checkpoint in a new or empty directory.

    Raises:
        ConfigError: There is one already.
        CheckpointError: The directory cannot be used.
    """
    directory = Directory(path)
    try:
        if directory.current() is not None:
            raise ConfigError(
                f"{directory.path} has the state of a runtime; Runtime.restore({str(path)!r})"
                " goes on with it, another directory begins anew"
            )
        for number in directory.numbers():  # of one that ended while it began
            directory.journal(number).unlink()
        checkpoint = Checkpoint(runtime, directory, 0)
        try:
            directory.set_current(0)
        except OSError as error:
            checkpoint.release()
            raise CheckpointError(f"{directory.path} cannot be written: {error}") from error
    except BaseException:
        directory.release()
        raise
    return checkpoint
