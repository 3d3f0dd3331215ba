"""Recordings: every accepted change with its arrival, and where ticks ended, as lines of JSON.

The first line is a header; ``{"s": source, "t": arrival in ms, "c": [changes]}`` is a batch,
``{"k": time in ms}`` the end of a tick. What JSON cannot say (NaN, dates, ...) is a map with
the key ``$``. Drasi's script files are read and written too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from drasi_nb.engine.clock import VirtualClock
from drasi_nb.errors import ChangeError, ConfigError
from drasi_nb.values.change import Accepted, accept
from drasi_nb.values.temporal.text import temporal
from drasi_nb.values.temporal.types import TEMPORAL, Duration

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime

FORMAT, VERSION = "drasi_nb recording", 1
_OPS = ("insert", "update", "delete")
_LETTERS = {"i": "insert", "u": "update", "d": "delete"}


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that were pushed together.

    Attributes:
        source: Id of their source; None in a script file, which does not name one.
        time_ms: When they arrived.
        changes: As dicts that ``push`` takes.
    """

    source: str | None
    time_ms: int
    changes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TickEnd:
    """Results moved, at ``time_ms``."""

    time_ms: int


class Recorder:
    """Writes a recording; call ``close()``, or use it in ``with``.

    Args:
        path: The file; what is there is replaced.
        time_ms: When the recording begins.
    """

    def __init__(self, path: str | Path, time_ms: int) -> None:
        self._file: IO[str] = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - until close()
        self._write({"format": FORMAT, "version": VERSION, "t": time_ms})

    def batch(self, source: str, changes: Iterable[Accepted], time_ms: int) -> None:
        """Write one batch."""
        self._write({"s": source, "t": time_ms, "c": [_written(change) for change in changes]})

    def tick(self, time_ms: int) -> None:
        """Write that a tick ended."""
        self._write({"k": time_ms})

    def _write(self, record: dict[str, Any]) -> None:
        if not self._file.closed:
            self._file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """End the recording; safe to repeat."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def read(path: str | Path) -> Iterator[Batch | TickEnd]:
    """Yield what a recording, or a script file of Drasi, holds.

    A last line that was cut off is left out: the writer was killed while writing it.

    Raises:
        ConfigError: The file is neither, or of a newer version.
        ChangeError: A line cannot be read; the text names file and line.
    """
    with Path(path).open(encoding="utf-8") as file:
        lines = enumerate(file, 1)
        number, first = next(lines, (0, ""))
        head = _record(path, number, first) or {}
        if head.get("kind") == "Header":
            yield from _script(path, lines)
            return
        if head.get("format") != FORMAT:
            raise ConfigError(f"{path} is no recording: its first line is no header")
        if head.get("version") != VERSION:
            raise ConfigError(
                f"{path} has version {head.get('version')!r}, this release reads {VERSION};"
                " read it with the release that wrote it"
            )
        for number, line in lines:
            record = _record(path, number, line)
            if record is None:
                return
            try:
                if "k" in record:
                    yield TickEnd(record["k"])
                else:
                    changes = [_read(change) for change in record["c"]]
                    yield Batch(record["s"], record["t"], changes)
            except (KeyError, TypeError, ValueError) as error:
                raise ChangeError(f"{path}, line {number}: {error!r}") from None


def _record(path: str | Path, number: int, line: str) -> dict[str, Any] | None:
    """Return a line as a map; None of one that was cut off."""
    try:
        record = json.loads(line)
    except ValueError as error:
        if not line.endswith("\n"):
            return None
        raise ChangeError(f"{path}, line {number}: {error}") from None
    if not isinstance(record, dict):
        raise ChangeError(f"{path}, line {number}: expected a map, got {line.strip()[:60]}")
    return record


def play(runtime: Runtime, path: str | Path) -> int:
    """Play a recording into a runtime with the same sources, tick by tick; return the changes.

    On the same queries the deltas are those of the recorded run: sequence, time and rows.

    Raises:
        ConfigError: The runtime's clock is not virtual.
        ComponentError: The recording has a source that the runtime has not.
    """
    clock, count = runtime.clock, 0
    if not isinstance(clock, VirtualClock):
        raise ConfigError("a recording is played on a VirtualClock")
    for part in read(path):
        if part.time_ms > clock.now_ms():
            clock.advance(part.time_ms - clock.now_ms())
        if isinstance(part, TickEnd):
            runtime.flush()
            continue
        source = part.source or next(iter(runtime.sources), "")
        runtime.registry.get(source, "source")
        accepted = [accept(change, i) for i, change in enumerate(part.changes)]
        runtime.pump.submit(runtime.engine.graph.source(source), accepted)
        count += len(accepted)
    runtime.flush()
    return count


# -- values -----------------------------------------------------------------------------


def _written(change: Accepted) -> list[Any]:
    op, element_id, labels, properties, start, end, time_ms = change
    return [_OPS[op], element_id, labels, _plain(properties), start, end, time_ms]


def _read(parts: list[Any]) -> dict[str, Any]:
    names = ("op", "id", "labels", "properties", "start_id", "end_id", "effective_from")
    values = dict(zip(names, parts, strict=True))
    values["properties"] = _value(values["properties"])
    return {name: value for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, what it has not as a map with the key ``$``."""
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return {"$": "float", "text": str(value)}
    if kind in TEMPORAL or kind is Duration:
        return {"$": value.kind, "text": str(value)}
    if kind is list:
        return [_plain(item) for item in value]
    if kind is dict:
        plain = {key: _plain(item) for key, item in value.items()}
        return {"$": "map", "items": plain} if "$" in value else plain
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    kind = plain.get("$")
    if kind is None:
        return {key: _value(item) for key, item in plain.items()}
    if kind == "map":
        return {key: _value(item) for key, item in plain["items"].items()}
    return float(plain["text"]) if kind == "float" else temporal(kind, plain["text"])


# -- Drasi's script files ---------------------------------------------------------------


def _script(path: str | Path, lines: Iterator[tuple[int, str]]) -> Iterator[Batch | TickEnd]:
    for number, line in lines:
        record = _record(path, number, line)
        if record is None or record.get("kind") == "Finish":
            return
        try:
            part = _script_change(record)
        except (KeyError, TypeError, ValueError) as error:
            raise ChangeError(f"{path}, line {number}: {error!r}") from None
        if part is not None:
            yield part


def _script_change(record: dict[str, Any]) -> Batch | None:
    """Return the change of one record; None of comments, labels and pauses."""
    match record["kind"]:
        case "Node":
            change = {
                "op": "insert", "id": record["id"], "labels": record["labels"],
                "properties": record.get("properties") or {},
            }  # fmt: skip
            return Batch(None, 0, [change])
        case "Relation":
            change = {
                "op": "insert", "id": record["id"], "labels": record["labels"],
                "properties": record.get("properties") or {},
                "start_id": record["start_id"], "end_id": record["end_id"],
            }  # fmt: skip
            return Batch(None, 0, [change])
        case "SourceChange":
            event = record["source_change_event"]
            op = _LETTERS[event["op"]]
            element = event["payload"]["before" if op == "delete" else "after"]
            change = {"op": op, "id": element["id"]}
            if op != "delete":
                change |= {
                    "labels": element["labels"], "properties": element.get("properties") or {}
                }  # fmt: skip
                if element.get("startId") is not None:
                    change |= {"start_id": element["startId"], "end_id": element["endId"]}
            return Batch(None, record.get("offset_ns", 0) // 1_000_000, [change])
        case _:
            return None


def write_script(recording: str | Path, script: str | Path) -> None:
    """Write a recording as a script file of Drasi; its sources become one.

    Values that JSON has not are written as text.
    """
    start_ms: int | None = None
    with Path(script).open("w", encoding="utf-8") as file:

        def write(record: dict[str, Any]) -> None:
            file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")

        write({"kind": "Header", "start_time": "1970-01-01T00:00:00+00:00", "description": ""})
        for part in read(recording):
            if isinstance(part, TickEnd):
                continue
            start_ms = part.time_ms if start_ms is None else start_ms
            for change in part.changes:
                offset_ns = (part.time_ms - start_ms) * 1_000_000
                write(
                    {
                        "kind": "SourceChange",
                        "offset_ns": offset_ns,
                        "source_change_event": _event(change, part.time_ms),
                    }
                )
        write({"kind": "Finish", "description": ""})


def _event(change: dict[str, Any], time_ms: int) -> dict[str, Any]:
    is_relation = "start_id" in change
    element = {
        "id": change["id"],
        "labels": list(change.get("labels", ())),
        "properties": _finite(change.get("properties", {})),
    }
    if is_relation:
        element |= {"startId": change["start_id"], "endId": change["end_id"]}
    source = {"db": "", "table": "rel" if is_relation else "node", "ts_ns": time_ms * 1_000_000}
    side = "before" if change["op"] == "delete" else "after"
    return {"op": change["op"][0], "payload": {"source": source, side: element}}


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return {k: _finite(v) for k, v in value.items()} if isinstance(value, dict) else value
