"""The functions of the language; importing this package registers every family."""

from __future__ import annotations

from drasi_nb.functions import (
    conversion,
    elements,
    future,
    gradient,
    lists,
    numeric,
    past,
    scalar,
    strings,
    temporal,
    trigonometry,
    windows,
)
from drasi_nb.functions.own import functions
from drasi_nb.functions.registry import function_names, lookup

__all__ = ["function_names", "functions", "lookup"]

FAMILIES = (
    conversion, elements, future, gradient, lists, numeric, past, scalar, strings, temporal,
    trigonometry, windows,
)  # fmt: skip
"""The modules whose bodies are registered."""
