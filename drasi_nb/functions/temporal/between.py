"""Durations between two temporal values. Source: openCypher 9, "Duration functions"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import scalar
from drasi_nb.values.temporal import math as temporal_math
from drasi_nb.values.temporal.types import Duration


def _between(how: Callable[[Any, Any], Duration], a: Any, b: Any) -> Duration:
    if type(a) is Duration or type(b) is Duration:
        raise EvaluationError("a DURATION has no place in time", code="type")
    return how(a, b)


@scalar("duration.between", "TEMPORAL, TEMPORAL -> ANY")
def between(a: Any, b: Any) -> Duration:
    """Return months, days and clock from the first to the second.

    Source:
        Cypher function ``duration.between()``, openCypher TCK Temporal10.
    """
    return _between(temporal_math.between, a, b)


@scalar("duration.inMonths", "TEMPORAL, TEMPORAL -> ANY")
def in_months(a: Any, b: Any) -> Duration:
    """Return the whole months from the first to the second.

    Source:
        Cypher function ``duration.inMonths()``, openCypher TCK Temporal10.
    """
    return _between(temporal_math.months_between, a, b)


@scalar("duration.inDays", "TEMPORAL, TEMPORAL -> ANY")
def in_days(a: Any, b: Any) -> Duration:
    """Return the whole days from the first to the second.

    Source:
        Cypher function ``duration.inDays()``, openCypher TCK Temporal10.
    """
    return _between(temporal_math.days_between, a, b)


@scalar("duration.inSeconds", "TEMPORAL, TEMPORAL -> ANY")
def in_seconds(a: Any, b: Any) -> Duration:
    """Return the hours, minutes and seconds from the first to the second.

    Source:
        Cypher function ``duration.inSeconds()``, openCypher TCK Temporal10.
    """
    return _between(temporal_math.seconds_between, a, b)
