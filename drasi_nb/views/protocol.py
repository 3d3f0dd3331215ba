"""The messages between kernel and browser, stated once.

One hub model per runtime carries them as custom messages. ``python -m drasi_nb.views.protocol``
writes the same shapes to ``widgets/src/protocol.ts``; a test compares the file.

1. A browser page says ``Hello`` with the topics it shows; the hub answers with their snapshots.
2. Every ``Frame`` has the next ``seq`` of the hub and is acknowledged. At most ``ACK_WINDOW``
   frames are under way; what happens meanwhile is merged into the next one.
3. A page that sees a gap in ``seq`` says ``Hello`` again. Silence for ``SILENCE_S`` means gone.

A topic is ``RUNTIME_TOPIC`` or ``QUERY_TOPIC`` followed by the id of a query. Rows travel as
one Arrow IPC stream per part (``drasi_nb.frames.ipc``); ``buffer`` is its place among the
buffers of the message. A page that gets no buffers (some hosts drop them) asks for JSON.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

PROTOCOL = 1
ACK_WINDOW = 3
FRAME_INTERVAL_S = 0.05
BEAT_S = 0.5
KEEPALIVE_S = 8.0
SILENCE_S = 30.0
ROWS_PER_MESSAGE = 5_000
MARK_MS = 1_500
KEY_COLUMN = "_key"
OP_COLUMN = "_op"
OP_DELETE = 0
OP_UPDATE = 1
OP_ADD = 2
RUNTIME_TOPIC = "runtime"
QUERY_TOPIC = "query:"


class Row(TypedDict):
    """One row in the JSON form; ``cells`` is empty for a removed one."""

    key: int
    op: int
    cells: list[str | float | bool | None]


class Snapshot(TypedDict):
    """The rows of a query at one tick; a large one comes in several parts, in order."""

    part: Literal["snapshot"]
    query: str
    columns: list[str]
    first: bool
    last: bool
    total: int
    tick: int
    time_ms: int | None
    buffer: NotRequired[int]
    rows: NotRequired[list[Row]]


class Delta(TypedDict):
    """What changed since the frame before; ``outside`` counts changes of rows not shown."""

    part: Literal["delta"]
    query: str
    total: int
    tick: int
    time_ms: int | None
    outside: int
    buffer: NotRequired[int]
    rows: NotRequired[list[Row]]


class QueryState(TypedDict):
    """How a query is; ``rate`` is changes of its result per second."""

    part: Literal["query"]
    query: str
    status: str
    error: str | None
    total: int
    rate: float
    failures: int
    sources: list[str]
    text: str
    time_ms: int | None


class ComponentState(TypedDict):
    """How one source, query or reaction is."""

    id: str
    kind: str
    status: str
    error: str | None
    changes: int
    errors: int
    rate: float
    rows: int | None


class EventState(TypedDict):
    """One line of the runtime's events."""

    time_ms: int
    id: str
    kind: str
    status: str
    message: str


class RuntimeState(TypedDict):
    """All components of a runtime, and its latest events, newest last."""

    part: Literal["runtime"]
    components: list[ComponentState]
    events: list[EventState]
    tick: int


class Notice(TypedDict):
    """A fault of the view itself, or of a button; empty text takes the notice away."""

    part: Literal["notice"]
    topic: str
    text: str


Part = Snapshot | Delta | QueryState | RuntimeState | Notice


class Frame(TypedDict):
    """One message to the browser."""

    kind: Literal["frame"]
    seq: int
    parts: list[Part]


class Resync(TypedDict):
    """``client`` was forgotten: it shall say ``Hello`` again."""

    kind: Literal["resync"]
    client: str


class Hello(TypedDict):
    """A page shows these topics now and has none of their rows; the answer is snapshots."""

    kind: Literal["hello"]
    client: str
    topics: list[str]
    json: bool


class Topics(TypedDict):
    """A page shows these topics from now on; only the ``fresh`` ones need snapshots."""

    kind: Literal["topics"]
    client: str
    topics: list[str]
    fresh: list[str]


class Ack(TypedDict):
    """A page has taken the frames up to ``seq``; also said now and then to stay known."""

    kind: Literal["ack"]
    client: str
    seq: int


class Action(TypedDict):
    """A button was pressed."""

    kind: Literal["action"]
    client: str
    action: Literal["start", "stop"]
    id: str
    topic: str


class Bye(TypedDict):
    """A page shows nothing any more."""

    kind: Literal["bye"]
    client: str


FromKernel = Frame | Resync
ToKernel = Hello | Topics | Ack | Action | Bye


class StillTable(TypedDict):
    """The text of a result when its view was made: shown until, or instead of, live rows."""

    columns: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    caption: str


_SHAPES = (
    *(Row, Snapshot, Delta, QueryState, ComponentState, EventState, RuntimeState, Notice),
    *(Frame, Resync, Hello, Topics, Ack, Action, Bye, StillTable),
)
_UNIONS = {"Part": Part, "FromKernel": FromKernel, "ToKernel": ToKernel}
_TS_NAMES = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null"}
TYPESCRIPT = Path(__file__).parents[2] / "widgets" / "src" / "protocol.ts"


def _typescript(hint: Any) -> str:
    origin = get_origin(hint)
    if hint in _TS_NAMES:
        return _TS_NAMES[hint]
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in get_args(hint))
    if origin in {Union, UnionType}:
        return " | ".join(dict.fromkeys(_typescript(part) for part in get_args(hint)))
    if origin is list:
        inner = _typescript(get_args(hint)[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    return str(hint.__name__)


def typescript() -> str:
    """Return the whole of ``protocol.ts``."""
    lines = [
        "// Written by `python -m drasi_nb.views.protocol`; change that file, not this one.",
        "",
    ]
    for name, value in globals().items():
        if name.isupper() and not name.startswith("_") and isinstance(value, str | int | float):
            text = f'"{value}"' if isinstance(value, str) else f"{value}"
            lines.append(f"export const {name} = {text};")
    for shape in _SHAPES:
        doc = (shape.__doc__ or "").strip()
        lines += [
            "",
            f"/** {doc.replace('``', '`')} */",
            f"export interface {shape.__name__} {{",
        ]
        for name, hint in get_type_hints(shape, include_extras=True).items():
            optional = get_origin(hint) is NotRequired
            inner = get_args(hint)[0] if optional else hint
            lines.append(f"  {name}{'?' if optional else ''}: {_typescript(inner)};")
        lines.append("}")
    for name, union in _UNIONS.items():
        lines += ["", f"export type {name} = {_typescript(union)};"]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write ``widgets/src/protocol.ts``."""
    TYPESCRIPT.write_text(typescript(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
