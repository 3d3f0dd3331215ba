"""Exact sums of floats, as sums of integers of 2^-60 (``engine/accumulators.py``)."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from drasi_nb.engine.accumulators import SCALE
from drasi_nb.store.hashing import Ints
from drasi_nb.store.numbers import Array

_BITS = 60  # of SCALE
_MOST = 62  # bits of a sum of integers of 64 bits


def is_exact(value: pl.Expr) -> pl.Expr:
    """Return whether a float is a multiple of 2^-60 that fits; null counts as not."""
    scaled = value * SCALE
    whole = (scaled == scaled.floor()) & (scaled.abs() < 2.0**100)
    return whole.fill_null(False) & value.is_not_nan().fill_null(False)


def parts_of(values: pl.Series) -> list[tuple[pl.Expr, int]]:
    """Return integers that make up the column, each with what it counts in units of 2^-60.

    Each of them is added up by itself; they are right where ``is_exact()`` holds. Two of 64 bits
    are several times as quick as one of 128, where no sum of theirs can leave 64 bits.
    """
    value = pl.col(values.name)
    numbers = values.to_numpy()  # null is NaN
    high = _first(np.abs(numbers[np.isfinite(numbers)]).max(initial=0), len(values))
    if high is None:
        return [((value * SCALE).cast(pl.Int128, strict=False), 1)]
    scaled = value * 2.0**high
    rest = (scaled - scaled.floor()) * 2.0 ** (_BITS - high)
    return [
        (scaled.floor().cast(pl.Int64, strict=False), 1 << (_BITS - high)),
        (rest.cast(pl.Int64, strict=False), 1),
    ]


def _first(largest: float, count: int) -> int | None:
    """Return which power of 1/2 the first of two integers counts; None where two are too few."""
    rows = max(1, count).bit_length()
    high = min(_BITS, _MOST - max(0, math.frexp(largest)[1]) - rows)
    return None if high + _MOST - rows < _BITS or high < 0 else high


def units_of(values: Array) -> list[tuple[Ints, int]] | None:
    """Return ``parts_of()`` as columns; None where ``is_exact()`` may not hold of every value."""
    largest = np.abs(values).max(initial=0)
    high = _first(largest, len(values)) if math.isfinite(largest) else None  # NaN is largest
    if high is None:
        return None
    scaled = values * 2.0**high
    whole = np.floor(scaled)
    rest = (scaled - whole) * 2.0 ** (_BITS - high)
    if (rest != np.floor(rest)).any():
        return None
    return [(whole.astype(np.int64), 1 << (_BITS - high)), (rest.astype(np.int64), 1)]
