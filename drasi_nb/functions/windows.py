"""Windows over time as grouping keys: maps ``{start, end}``, the end not included.

A window begins at a whole multiple of its size (of its slide, where windows overlap) since
1970-01-01T00:00Z. Whether it is over is a condition of its own: ``datetime() >= w.end``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import bad_argument, scalar
from drasi_nb.functions.timed import instant_ms
from drasi_nb.values.ordering import order_key
from drasi_nb.values.temporal.types import DAY, DateTime, Duration, at_moment

MOST_WINDOWS = 10_000
"""How many windows of drasi.hopping() one moment may lie in."""
_MS = 1_000_000


def period_ms(value: Any, name: str, place: int) -> int:
    """Return the length of a window in ms.

    Raises:
        EvaluationError: It is no whole number of ms above 0, or has months.
    """
    if type(value) is Duration:
        nanos = value.days * DAY + value.nanos
        if value.months or nanos % _MS:
            raise bad_argument(name, place, "be a duration of whole ms without months", value)
        value = nanos // _MS
    if type(value) is not int or value <= 0:
        raise bad_argument(name, place, "be a duration or ms, above 0", value)
    return value


def window(start_ms: int, end_ms: int) -> dict[str, DateTime]:
    """Return the map that stands for a window."""
    bounds = (start_ms, end_ms)
    try:
        start, end = (at_moment(ms // 1_000, ms % 1_000 * _MS, 0) for ms in bounds)
    except ValueError as error:
        raise EvaluationError(str(error), code="argument") from None
    return {"start": start, "end": end}


@scalar("drasi.tumbling", "TEMPORAL | INTEGER, TEMPORAL | INTEGER -> MAP")
def tumbling(time: Any, size: Any) -> Any:
    """Return the window of a size that a moment lies in; windows follow each other.

    Source:
        ``drasi.tumbling()`` is ours; Flink has TUMBLE.
    """
    name = "drasi.tumbling"
    size_ms = period_ms(size, name, 2)
    start_ms = instant_ms(time, name) // size_ms * size_ms
    return window(start_ms, start_ms + size_ms)


@scalar("#hopping", "TEMPORAL | INTEGER, TEMPORAL | INTEGER, TEMPORAL | INTEGER -> LIST")
def hopping(time: Any, size: Any, slide: Any) -> Any:
    """Return the windows of a size that a moment lies in, one beginning every slide.

    Source:
        ``drasi.hopping()`` is ours; Flink has HOP.
    """
    name = "drasi.hopping"
    size_ms, slide_ms = period_ms(size, name, 2), period_ms(slide, name, 3)
    if size_ms // slide_ms > MOST_WINDOWS:
        raise bad_argument(name, 3, f"leave at most {MOST_WINDOWS:,} windows", slide)
    time_ms = instant_ms(time, name)
    last = time_ms // slide_ms * slide_ms
    starts = range(last, time_ms - size_ms, -slide_ms)
    return [window(start, start + size_ms) for start in reversed(starts)]


# -- sessions ---------------------------------------------------------------------------

_SESSION = "drasi.session"
Placed = tuple[int, Any, Any, int]  # time in ms, order key of the row key, row key, gap in ms


def placed(time: Any, gap: Any, key: Any) -> Placed | None:
    """Return where a row stands in its partition; None where it has no time.

    Raises:
        EvaluationError: The time is no moment, or the gap no length.
    """
    if time is None or gap is None:
        return None
    return (instant_ms(time, _SESSION), order_key(key), key, period_ms(gap, _SESSION, 2))


def window_of(run: list[Placed]) -> dict[str, Any]:
    """Return the window of a session: from its first row to a gap behind its last."""
    return window(run[0][0], run[-1][0] + run[-1][3])


def runs(entries: Iterable[Placed]) -> list[list[Placed]]:
    """Return sorted rows cut into sessions."""
    out: list[list[Placed]] = []
    for entry in entries:
        if out and entry[0] - out[-1][-1][0] <= out[-1][-1][3]:
            out[-1].append(entry)
        else:
            out.append([entry])
    return out
