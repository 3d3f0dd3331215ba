"""Functions that remember: what a row was before, and what an element was at a time.

Source: Drasi, "Statistical functions" and "History functions".
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from typing import Any

from drasi_nb.functions.registry import scalar
from drasi_nb.functions.timed import Answer, Moment, instant_ms, timed
from drasi_nb.values.graph import STAMP_BITS
from drasi_nb.values.ordering import identical
from drasi_nb.values.temporal.types import at_moment


@scalar("#changed", "INTEGER -> TEMPORAL")
def changed(stamp: int) -> Any:
    """Return the moment of a stamp."""
    seconds, ms = divmod(stamp >> STAMP_BITS, 1_000)
    return at_moment(seconds, ms * 1_000_000, 0)


@timed("drasi.previousValue", "ANY, [ANY] -> ANY")
def previous_value(moment: Moment, kept: Any, value: Any, default: Any = None) -> Answer:
    """Return what an expression was before the row's last change."""
    if kept is None:
        kept = (value, default)
    elif moment.is_change:
        kept = (value, kept[0])
    return kept[1], kept, None


@timed("drasi.previousDistinctValue", "ANY, [ANY] -> ANY")
def previous_distinct_value(
    _moment: Moment, kept: Any, value: Any, default: Any = None
) -> Answer:
    """Return the last value of an expression that was another one than it is now."""
    if kept is None:
        kept = (value, default)
    elif not identical(kept[0], value):
        kept = (value, kept[0])
    return kept[1], kept, None


@timed("drasi.getVersionByTimestamp", "NODE | RELATIONSHIP, TEMPORAL | INTEGER -> ANY")
def version_by_timestamp(moment: Moment, _kept: Any, element: Any, time: Any) -> Answer:
    """Return an element as it was at a moment; null where it was not there or is forgotten."""
    if element is None or time is None:
        return None, None, None
    versions = moment.versions(element)
    place = bisect_right(
        versions, instant_ms(time, "drasi.getVersionByTimestamp"), key=lambda v: v[0]
    )
    return versions[place - 1][1] if place else None, None, None


@timed(
    "drasi.getVersionsByTimeRange",
    "NODE | RELATIONSHIP, TEMPORAL | INTEGER, TEMPORAL | INTEGER, [BOOLEAN] -> LIST",
)
def versions_by_time_range(
    moment: Moment, _kept: Any, element: Any, start: Any, end: Any, initial: Any = False
) -> Answer:
    """Return the versions of an element between two moments, oldest first.

    With ``true`` as the last argument the version that held when the range began comes first.
    """
    if element is None or start is None or end is None:
        return None, None, None
    name = "drasi.getVersionsByTimeRange"
    versions = moment.versions(element)
    low, high = instant_ms(start, name), instant_ms(end, name)
    first = next((i for i, v in enumerate(versions) if v[0] >= low), len(versions))
    if initial and first and (first == len(versions) or versions[first][0] > low):
        first -= 1
    return [version for time, version in versions[first:] if time <= high], None, None


@timed("rand", "-> FLOAT")
def rand(moment: Moment, kept: Any) -> Answer:
    """Return a random number from 0 to below 1; a row keeps the one it was given."""
    kept = moment.chance().random() if kept is None else kept
    return kept, kept, None


@timed("randomUUID", "-> STRING")
def random_uuid(moment: Moment, kept: Any) -> Answer:
    """Return a random UUID (version 4); a row keeps the one it was given."""
    if kept is None:
        kept = str(uuid.UUID(int=moment.chance().getrandbits(128), version=4))
    return kept, kept, None
