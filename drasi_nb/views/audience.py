"""The browser pages that watch a runtime, and how far each has read."""

from __future__ import annotations

from dataclasses import dataclass, field

from drasi_nb.views.protocol import ACK_WINDOW, SILENCE_S

STALL_S = 3.0
"""A page that leaves frames unanswered this long no longer holds back the others."""


@dataclass(slots=True)
class _Page:
    topics: set[str]
    acked: int
    heard: float
    json: bool = False
    waiting_since: float | None = field(default=None)


class Audience:
    """Who watches which topics. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def join(self, client: str, topics: set[str], seq: int, now: float, *, json: bool) -> None:
        """Note that ``client`` shows ``topics`` and has read all up to ``seq``."""
        self._pages[client] = _Page(topics, seq, now, json)

    def retopic(self, client: str, topics: set[str], now: float) -> bool:
        """Change what ``client`` shows; return False when it is not known."""
        page = self._pages.get(client)
        if page is None:
            return False
        page.topics, page.heard = topics, now
        return True

    def ack(self, client: str, seq: int, sent: int, now: float) -> bool:
        """Note that ``client`` has read up to ``seq`` of ``sent``; False when not known."""
        page = self._pages.get(client)
        if page is None:
            return False
        page.heard = now
        page.acked = max(page.acked, min(seq, sent))
        page.waiting_since = None if page.acked >= sent else now
        return True

    def leave(self, client: str) -> None:
        """Forget ``client``."""
        self._pages.pop(client, None)

    def expire(self, now: float) -> None:
        """Forget every page that said nothing for ``SILENCE_S``."""
        for client in [c for c, p in self._pages.items() if now - p.heard > SILENCE_S]:
            del self._pages[client]

    def sent(self, now: float) -> None:
        """Note that one more frame went out to all."""
        for page in self._pages.values():
            if page.waiting_since is None:
                page.waiting_since = now

    def has_room(self, sent: int, now: float) -> bool:
        """Tell whether one more frame may go: the slowest page that still answers decides."""
        awake = [
            page.acked
            for page in self._pages.values()
            if page.waiting_since is None or now - page.waiting_since <= STALL_S
        ]
        return bool(awake) and sent - min(awake) < ACK_WINDOW

    @property
    def topics(self) -> set[str]:
        """All topics somebody shows."""
        return set[str]().union(*(page.topics for page in self._pages.values()))

    @property
    def needs_json(self) -> bool:
        """Whether some page gets no binary buffers."""
        return any(page.json for page in self._pages.values())
