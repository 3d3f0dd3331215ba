"""The file that lines are appended to: room ahead, what a reader sees of it, torn lines."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.runtime import log
from drasi_nb.runtime.log import LogFile, read_lines


def lines_of(path: Path, *, is_last: bool = True) -> list[Any]:
    return [record for _, record, _ in read_lines(path, is_last=is_last)]


@pytest.mark.parametrize("room", [0, 1, 7, 64, 5_000])
def test_lines_shorter_and_longer_than_the_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(log, "_ROOM", room)
    path = tmp_path / "log"
    file, written = LogFile(path), list[Any]()
    for length in (0, 3, 70, 1, 9_000, 2, 5_000, 4_095):
        record = ["x" * length]
        file.append(b'["%s"]\n' % (b"x" * length))
        written.append(record)
        assert lines_of(path) == written
        assert file.size == path.read_bytes().rstrip(b"\0").__len__()
    file.close()
    assert path.stat().st_size == file.size
    again = LogFile(path, file.size)
    again.append(b"[1]\n")
    again.unwrite(file.size)
    again.append(b"[]\n")
    assert lines_of(path) == [*written, []]
    again.close()


def test_what_was_left_open_reads_as_far_as_it_was_written(tmp_path: Path) -> None:
    """Room is no damage, also in a file that others follow: it was handed over, then the kill."""
    path = tmp_path / "log"
    file = LogFile(path)
    file.append(b"[1]\n")
    assert path.stat().st_size > 4
    assert lines_of(path) == lines_of(path, is_last=False) == [[1]]
    file.append(b"[2]\n")
    whole = path.read_bytes()
    torn = whole[:5] + b"\0" + whole[6:]  # its end was copied before its beginning
    path.write_bytes(torn)
    assert lines_of(path) == [[1]]
    with pytest.raises(dnb.CheckpointError, match="line 2 is damaged"):
        lines_of(path, is_last=False)
    path.write_bytes(b"[1]\n[2")
    with pytest.raises(dnb.CheckpointError, match="the end is missing"):
        lines_of(path, is_last=False)


def test_a_file_system_without_mappings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENODEV, "No such device")

    monkeypatch.setattr(log.mmap, "mmap", refuse)
    file = LogFile(tmp_path / "log")
    for number in range(3):
        file.append(b"[%d]\n" % number)
        assert (tmp_path / "log").stat().st_size == file.size
    assert lines_of(tmp_path / "log") == [[0], [1], [2]]
    file.close()


def test_a_disk_without_room_ahead_still_takes_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = log.os.write

    def nearly_full(descriptor: int, data: Any) -> int:
        if len(data) > 1_000:
            write(descriptor, bytes(data)[:1_000])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(log.os, "write", nearly_full)
    file = LogFile(tmp_path / "log")
    file.append(b"[1]\n")
    file.append(b"[2]\n")
    with pytest.raises(dnb.CheckpointError, match="NOT taken"):
        file.append(b'["%s"]\n' % (b"x" * 2_000))
    file.append(b"[3]\n")
    assert lines_of(tmp_path / "log") == [[1], [2], [3]]
    file.close()
