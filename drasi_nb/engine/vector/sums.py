"""Exact sums of floats, as sums of integers of 2^-60 (``engine/accumulators.py``)."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from drasi_nb.engine.accumulators import SCALE

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
    value, rows = pl.col(values.name), max(1, len(values)).bit_length()
    numbers = values.to_numpy()  # null is NaN
    largest = np.abs(numbers[np.isfinite(numbers)]).max(initial=0)
    bits = max(0, math.frexp(largest)[1])
    high = min(_BITS, _MOST - bits - rows)  # the first counts 2^-high
    if high + _MOST - rows < _BITS or high < 0:
        return [((value * SCALE).cast(pl.Int128, strict=False), 1)]
    scaled = value * 2.0**high
    rest = (scaled - scaled.floor()) * 2.0 ** (_BITS - high)
    return [
        (scaled.floor().cast(pl.Int64, strict=False), 1 << (_BITS - high)),
        (rest.cast(pl.Int64, strict=False), 1),
    ]
