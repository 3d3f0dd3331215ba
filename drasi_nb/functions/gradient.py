"""The slope of what was collected. Source: Drasi, "Statistical functions"."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import scalar
from drasi_nb.functions.timed import instant_ms
from drasi_nb.values.logic import type_name
from drasi_nb.values.temporal.types import TEMPORAL


def _axis(value: Any) -> Fraction:
    """Return a number, or a moment in seconds."""
    if type(value) in TEMPORAL:
        return Fraction(instant_ms(value, "drasi.linearGradient"), 1_000)
    if type(value) in (int, float) and value - value == 0:
        return Fraction(value)
    raise EvaluationError(
        f"drasi.linearGradient() takes numbers and moments, got {type_name(value)}", code="type"
    )


@scalar("#gradient", "LIST -> FLOAT")
def gradient(points: list[Any]) -> float | None:
    """Return the slope of the line nearest to points; null of one x, or of none."""
    pairs = [(_axis(x), _axis(y)) for x, y in points if x is not None and y is not None]
    count = len(pairs)
    if not count:
        return None
    mean_x = sum((x for x, _ in pairs), Fraction(0)) / count
    spread = sum(((x - mean_x) ** 2 for x, _ in pairs), Fraction(0))
    if not spread:
        return None
    return float(sum(((x - mean_x) * y for x, y in pairs), Fraction(0)) / spread)
