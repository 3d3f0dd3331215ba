"""The value of a condition about the future that is not decided yet."""

from __future__ import annotations

from typing import final


@final
class Awaiting(str):
    """Reads ``Awaiting`` in rows; null in frames; as a condition it is unknown, like null."""

    __slots__ = ()


AWAITING = Awaiting("Awaiting")
