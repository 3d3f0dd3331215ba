"""How a number is shown in a table; ``widgets/src/format.ts`` follows the same cases."""

from __future__ import annotations

import math

from drasi_nb.frames.ipc import SAFE_INT

MAX_DECIMALS = 4


def decimals_of(value: float) -> int:
    """Return how many decimals ``value`` needs, at most ``MAX_DECIMALS``.

    >>> decimals_of(21.5), decimals_of(1 / 3), decimals_of(3)
    (1, 4, 0)
    """
    if isinstance(value, int) or not math.isfinite(value) or _is_extreme(value):
        return 0
    return len(f"{value:.{MAX_DECIMALS}f}".split(".")[1].rstrip("0"))


def number_text(value: float, decimals: int = MAX_DECIMALS) -> str:
    """Return ``value`` with so many decimals; very large and very small ones with an exponent.

    >>> number_text(21.5, 2), number_text(0.00001234), number_text(7, 0)
    ('21.50', '1.234e-5', '7')
    """
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if _is_extreme(value):
        if value.is_integer() and abs(value) <= SAFE_INT:
            return str(int(value))
        mantissa, exponent = f"{value:.3e}".split("e")
        return f"{mantissa}e{int(exponent):+d}"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _is_extreme(value: float) -> bool:
    size = abs(value)
    return size >= 1e15 or 0 < size < 1e-4
