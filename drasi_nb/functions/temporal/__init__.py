"""Functions of temporal values: constructors, truncation, durations between two of them."""

from __future__ import annotations

from drasi_nb.functions.temporal import between, construct, truncation

__all__ = ["between", "construct", "truncation"]
