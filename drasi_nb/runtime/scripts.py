"""Drasi's script files, as its bootstrap and its test scripts use them: lines of JSON.

Records are Header, Node, Relation, SourceChange, Comment, Label, PauseOnStart and Finish.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drasi_nb.errors import ChangeError, CheckpointError
from drasi_nb.runtime.log import read_lines

_OPS = {"i": "insert", "u": "update", "d": "delete"}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that were pushed together.

    Attributes:
        source: Id of their source; None in a script file, which does not name one.
        time_ms: When they arrived, in ms since the epoch.
        changes: As dicts that ``push()`` takes.
    """

    source: str | None
    time_ms: int
    changes: list[dict[str, Any]]


def is_script(head: Any) -> bool:
    """Return whether a first line is that of a script file."""
    return isinstance(head, dict) and head.get("kind") == "Header"


def read_script(path: Path) -> Iterator[Batch]:
    """Yield the changes of a script file, each by itself.

    Nodes and relations come at the start time; comments, labels and pauses are passed over.

    Raises:
        CheckpointError: A line cannot be read; the text names file and line.
    """
    start_ms = 0
    for number, record, _ in read_lines(path):
        try:
            kind = record["kind"]
            if kind == "Header":
                start_ms = _moment(record.get("start_time"))
            elif kind == "Finish":
                return
            elif kind in ("Node", "Relation"):
                yield Batch(None, start_ms, [_inserted(record, "start_id", "end_id")])
            elif kind == "SourceChange":
                time_ms = start_ms + int(record.get("offset_ns") or 0) // 1_000_000
                yield Batch(None, time_ms, [_changed(record["source_change_event"])])
            elif kind not in ("Comment", "Label", "PauseOnStart"):
                raise ValueError(f"there is no kind of record {kind!r}")
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"{path}, line {number}: {error!r}") from None


def _moment(text: str | None) -> int:
    if not text:
        return 0
    moment = dt.datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // dt.timedelta(milliseconds=1)


def _inserted(element: dict[str, Any], start: str, end: str) -> dict[str, Any]:
    change: dict[str, Any] = {
        "op": "insert",
        "id": element["id"],
        "labels": element["labels"],
        "properties": element.get("properties") or {},
    }
    if element.get(start) is not None or element.get("kind") == "Relation":
        change |= {"start_id": element[start], "end_id": element[end]}
    return change


def _changed(event: dict[str, Any]) -> dict[str, Any]:
    op = _OPS[event["op"]]
    payload = event["payload"]
    if op == "delete":
        return {"op": op, "id": payload["before"]["id"]}
    return {**_inserted(payload["after"], "startId", "endId"), "op": op}


def write_script(batches: Iterable[Batch], path: str | Path) -> int:
    """Write changes as a script file of Drasi; return how many.

    The file names no sources and no moments of their own, and its values are those of JSON:
    dates and times become text.

    Raises:
        ChangeError: A value has no text that JSON can hold: NaN or an infinity.
    """
    count, start_ms = 0, None
    with Path(path).open("w", encoding="utf-8") as file:

        def write(record: dict[str, Any]) -> None:
            file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")

        for batch in batches:
            if start_ms is None:
                start_ms = batch.time_ms
                write(_header(start_ms))
            for change in batch.changes:
                _check(change)
                offset_ns = (batch.time_ms - start_ms) * 1_000_000
                event = _event(change, batch.time_ms)
                write(
                    {
                        "kind": "SourceChange",
                        "offset_ns": offset_ns,
                        "source_change_event": event,
                    }
                )
                count += 1
        if start_ms is None:
            write(_header(0))
        write({"kind": "Finish", "description": ""})
    return count


def _header(start_ms: int) -> dict[str, Any]:
    start = _EPOCH + dt.timedelta(milliseconds=start_ms)
    return {"kind": "Header", "start_time": start.isoformat(), "description": ""}


def _event(change: dict[str, Any], time_ms: int) -> dict[str, Any]:
    is_relation = change.get("start_id") is not None
    element = {
        "id": change["id"],
        "labels": list(change.get("labels") or ()),
        "properties": change.get("properties") or {},
    }
    if is_relation:
        element |= {"startId": change["start_id"], "endId": change["end_id"]}
    source = {"db": "", "table": "rel" if is_relation else "node", "ts_ns": time_ms * 1_000_000}
    side = "before" if change["op"] == "delete" else "after"
    return {"op": change["op"][0], "payload": {"source": source, side: element}}


def _check(change: dict[str, Any]) -> None:
    for name, value in (change.get("properties") or {}).items():
        if not _is_finite(value):
            raise ChangeError(
                f"property {name!r} has {value!r}, which a script file cannot say",
                element_id=change["id"],
            )


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return all(map(_is_finite, value.values())) if isinstance(value, dict) else True
