"""The log: everything that a runtime was told and that a replay needs, as lines of JSON.

The first line is a header. Every other line is a list that begins with its kind:

======================================  =====================================================
``["b", source, arrived ms, n, ..]``    a batch was queued behind n changes in all: a list,
                                        then the end of the tick before as "t" has it, or nothing
``["s", source, arrived ms, n, ..]``    the same of a synced frame: its name, a list
``["c", source, arrived ms, n, ..]``    the same as columns (``store/writing.py``)
``["t", taken, clock ms, seq]``         a tick ended when so many changes were taken in all
``["f", taken, clock ms, fired ms]``    the clock rang rows that were due
``["l", clock ms]``                     the clock let late changes go on
``["d", taken, clock ms, source, n]``   the oldest batches of a source were dropped
``["o", taken, clock ms, now, name..]`` a component was added, started, stopped, removed
``["p", reaction, done]``               how many deltas a reaction is done with
``["x", ..]``                           a change was refused
======================================  =====================================================

A batch whose n is less than what came before it takes the place of the last one: an interrupt
kept that from being queued. Values that JSON has not are written as ``values/encoding.py`` says.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from drasi_nb.errors import CheckpointError, ConfigError

FORMAT, VERSION = "drasi_nb log", 2
_READABLE = (1, 2)  # 1 has no end of a tick in the line of a batch
_ROOM = 1 << 18  # bytes that are allocated ahead


class LogFile:
    """One file that lines are appended to; a line is in the hands of the system on return.

    Lines are copied into a mapping of the file, which outlives the process as a write does and
    costs no call of the system. Behind them is room that is allocated on the disk already and
    reads as NULs until ``close()``: a full disk is met where room is made.

    Args:
        path: The file; made, or what is there is continued.
        size: Continue behind so many bytes; what follows is cut off.

    Attributes:
        size: Bytes written.
        written: Changes whenever something was written; for who syncs.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self.path, self.size, self.written = path, size, 0
        self._later: list[bytes] = []  # lines that may come with the next one
        self._lock = threading.Lock()
        self._is_writing = False
        self._map: Any = None  # an mmap.mmap where there is room
        self._at = self._end = 0  # in the mapping: of what is written, of the room
        self._room = _ROOM
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        os.ftruncate(self._fd, size)

    @property
    def is_closed(self) -> bool:
        """Return whether ``close()`` was called."""
        return self._fd < 0

    def append(self, line: bytes) -> None:
        """Write a line, its end included, or nothing of it.

        Raises:
            CheckpointError: It could not be written.
        """
        with self._lock:
            if self._is_writing:  # an interrupt came in the middle of a line
                self._take_back()
            later, count = self._later, len(self._later)
            data = b"".join((*later[:count], line)) if count else line
            size = len(data)
            at = self._at
            end = at + size
            self._is_writing = True
            if end <= self._end:
                self._map[at:end] = data
                self._at = end
            else:
                self._extend(data)
            if count:
                del later[:count]  # another thread may have noted more meanwhile
            self.size += size
            self._is_writing = False
            self.written += 1

    def _extend(self, data: bytes) -> None:
        """Write data and room behind it; without room where that does not fit the disk."""
        try:
            try:
                self._write(data + bytes(self._room))
            except OSError:  # from now on every line is a write
                self._take_back()
                self._is_writing, self._room = True, 0
                self._write(data)
        except OSError as error:
            self._take_back()
            raise CheckpointError(
                f"{self.path} cannot be written: {error.strerror or error}; the change was"
                " NOT taken, everything before it is safe. Free some space, then go on"
            ) from error
        self._unmap()
        if self._room:
            size = self.size + len(data)
            at = size % mmap.ALLOCATIONGRANULARITY
            try:
                self._map = mmap.mmap(self._fd, at + self._room, offset=size - at)
            except OSError:  # a file system without mappings
                self._room = 0
                os.ftruncate(self._fd, size)
            else:
                self._at, self._end = at, at + self._room

    def _write(self, data: bytes) -> None:
        os.lseek(self._fd, self.size, os.SEEK_SET)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def _unmap(self) -> None:
        self._at = self._end = 0
        if self._map is not None:
            self._map.close()
            self._map = None

    def _take_back(self) -> None:
        """Cut off what was written of a line, and the room."""
        self._unmap()
        try:
            os.ftruncate(self._fd, self.size)
        except OSError:  # closed, or the file is gone: the next append fails too
            return
        self._is_writing = False

    def note(self, line: bytes) -> None:
        """Write a line, its end included, with the next one."""
        self._later.append(line)

    def push_out(self) -> None:
        """Write what was noted; safe to call from another thread.

        Raises:
            CheckpointError: It could not be written; it stays noted.
        """
        if self._later:
            self.append(b"")

    def hand_over(self, other: LogFile) -> None:
        """Close the file; what was noted and could not be written goes to another one."""
        other._later[:0], self._later = self._later, []
        self.close()

    def unwrite(self, size: int) -> None:
        """Cut off what was appended behind ``size``."""
        self.size = size
        self._take_back()

    def sync(self) -> None:
        """Have the disk hold what was written; safe to call from another thread."""
        if os.name == "nt" and self._map is not None:
            self._map.flush()
        if self._fd >= 0:
            os.fsync(self._fd)

    def close(self) -> None:
        """Write what was noted and close the file; safe to repeat."""
        if self._fd >= 0:
            try:
                self.push_out()
            finally:
                self._take_back()
                fd, self._fd = self._fd, -1
                os.close(fd)


def sync_directory(path: Path) -> None:
    """Have the disk hold the names of the files in a directory, where the system can."""
    if os.name != "nt":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def header(facts: dict[str, Any]) -> bytes:
    """Return the first line of a log."""
    return orjson.dumps({"format": FORMAT, "version": VERSION, **facts}) + b"\n"


def check_header(path: Path, head: Any, form: str = FORMAT) -> dict[str, Any]:
    """Return the header of a file.

    Raises:
        ConfigError: It is of another format, or of a newer version.
    """
    if not isinstance(head, dict) or head.get("format") != form:
        raise ConfigError(f"{path} is no {form}: its first line is no header")
    version = head.get("version")
    if version not in _READABLE:
        raise ConfigError(
            f"{path} has version {version!r}, this release reads {VERSION};"
            " open it with the release that wrote it, or a newer one"
        )
    return head


def read_lines(path: Path, *, is_last: bool = True) -> Iterator[tuple[int, Any, int]]:
    """Yield (line number, what it says, bytes up to its end).

    Args:
        path: The file.
        is_last: What was cut off, or never reached the disk, is left out: the writer was killed,
            or the power went. A line that was written whole has no NUL.

    Raises:
        CheckpointError: A line cannot be read.
    """
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            end += len(line)
            if not line.endswith(b"\n"):
                if is_last or not line.strip(b"\0"):
                    return
                raise CheckpointError(f"{path}, line {number}: the end is missing")
            try:
                record = orjson.loads(line)
            except ValueError as error:
                if is_last and b"\0" in line:
                    return
                raise CheckpointError(f"{path}, line {number} is damaged: {error}") from None
            yield number, record, end
