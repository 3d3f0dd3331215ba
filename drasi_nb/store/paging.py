"""Pages: 1,024 rows of one column."""

from __future__ import annotations

from array import array
from typing import Any

SHIFT = 10
PAGE = 1 << SHIFT
LOW = PAGE - 1
EMPTY: tuple[None, ...] = (None,) * PAGE
NO_LINK = -1
NO_LINKS = array("i", [NO_LINK]) * PAGE  # shared and never written: a page without heads

Page = Any  # list[Any] | tuple[Any, ...] | memoryview of floats or integers
