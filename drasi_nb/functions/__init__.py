"""The functions of the language; importing this package registers every family."""

from __future__ import annotations

from drasi_nb.functions import (
    conversion,
    elements,
    lists,
    numeric,
    scalar,
    strings,
    temporal,
    trigonometry,
)
from drasi_nb.functions.registry import function_names, functions, lookup

__all__ = ["function_names", "functions", "lookup"]

FAMILIES = (
    conversion, elements, lists, numeric, scalar, strings, temporal, trigonometry,
)  # fmt: skip
"""The modules whose bodies are registered."""
