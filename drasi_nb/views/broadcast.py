"""What goes to the browser and when: one stream of frames for all views of a runtime.

Plain code without comms, so that tests can drive it: ``send``, ``later`` and ``now`` are given.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from drasi_nb.views.audience import Audience
from drasi_nb.views.feed import MAX_ROWS, Encoded, QueryFeed
from drasi_nb.views.protocol import (
    BEAT_S,
    FRAME_INTERVAL_S,
    QUERY_TOPIC,
    ROWS_PER_MESSAGE,
    RUNTIME_TOPIC,
    EventState,
    Frame,
    Notice,
    Part,
    Resync,
)
from drasi_nb.views.rate import Rate
from drasi_nb.views.states import (
    EVENTS_KEPT,
    dropped,
    event_state,
    latest_events,
    no_runtime,
    runtime_state,
)

if TYPE_CHECKING:
    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime

log = logging.getLogger("drasi_nb")
_VOLATILE = {"rate", "total", "time_ms", "tick", "components"}
"""Fields whose change alone waits for the next beat; deltas carry most of them anyway."""


def _at_once(call: Callable[..., object], *args: Any) -> None:
    call(*args)


class Handle(Protocol):
    """A call that waits for its time."""

    def cancel(self) -> None:
        """Forget the call."""
        ...


class Broadcast:
    """Sends what is watched, at most 20 times a second, and nothing when nobody watches.

    Args:
        runtime: Returns the runtime, or None when it is gone.
        send: Takes a frame and its buffers.
        later: Calls back after so many seconds, on the loop of the kernel.
        now: Monotonic seconds.
        marshal: Calls a function on the loop of the kernel; callbacks may come from any thread.
    """

    def __init__(
        self,
        runtime: Callable[[], Runtime | None],
        *,
        send: Callable[[Frame | Resync, list[bytes]], object],
        later: Callable[[float, Callable[[], None]], Handle],
        now: Callable[[], float] = time.monotonic,
        marshal: Callable[..., None] = _at_once,
    ) -> None:
        self._runtime, self._send, self._later, self._now = runtime, send, later, now
        self._marshal = marshal
        self.max_rows: dict[str, int] = {}
        self.audience = Audience()
        self.seq = 0
        self._feeds: dict[str, QueryFeed] = {}
        self._states: dict[str, tuple[Part, float]] = {}
        self._notices: dict[str, str] = {}
        self._unsent: deque[Notice] = deque()
        self._rates: dict[str, Rate] = {}
        self._events: deque[EventState] = deque(maxlen=EVENTS_KEPT)
        self._timer: Handle | None = None
        self._beat: Handle | None = None
        self._due = 0.0
        self._leave: Callable[[], object] | None = None
        self._turn = 0

    def receive(self, message: dict[str, Any]) -> None:
        """Take one message of a page; an exception becomes a log entry and a notice."""
        topic = message.get("topic", RUNTIME_TOPIC)
        try:
            self._receive(message)
        except Exception as error:  # noqa: BLE001 - a comm callback: nobody above would see it
            self._fault(f"{message.get('kind')} failed", error, topic)

    def wake(self) -> None:
        """Send a frame as soon as the pace allows."""
        if self._timer is None and len(self.audience):
            wait = max(0.0, self._due - self._now())
            self._timer = self._later(wait, self._frame)

    def feed(self, query_id: str) -> QueryFeed | None:
        """Return the feed of a query that is watched."""
        return self._feeds.get(query_id)

    def take_event(self, event: Any) -> None:
        """Note a status change or an error of a component."""
        self._events.append(event_state(event))
        self._tidy()
        feed = self._feeds.get(event.id)
        if feed is not None and event.status == "Running":
            feed.restart()  # a start may have rebuilt the result
        self._notices_fade(event.id)
        self._states.pop(RUNTIME_TOPIC, None)
        self._report()

    def close(self) -> None:
        """Stop everything; safe to repeat."""
        for timer in (self._timer, self._beat):
            if timer is not None:
                timer.cancel()
        self._timer = self._beat = None
        self._sleep()

    def _receive(self, message: dict[str, Any]) -> None:
        kind, client, now = message["kind"], str(message["client"]), self._now()
        if kind == "hello":
            topics = set(message["topics"])
            self.audience.join(client, topics, self.seq, now, json=bool(message.get("json")))
            self._watch(topics)
        elif kind == "topics":
            if self.audience.retopic(client, set(message["topics"]), now):
                self._watch(set(message["fresh"]))
            else:
                self._ask_hello(client)
        elif kind == "ack":
            if not self.audience.ack(client, int(message["seq"]), self.seq, now):
                self._ask_hello(client)
            elif self._waiting():
                self.wake()
        elif kind == "bye":
            self.audience.leave(client)
            self._tidy()
        elif kind == "action":
            self._act(str(message["action"]), str(message["id"]), str(message["topic"]))

    def _ask_hello(self, client: str) -> None:
        """Tell a page that was forgotten to begin anew."""
        self._send({"kind": "resync", "client": client}, [])

    def _act(self, action: str, component: str, topic: str) -> None:
        runtime = self._runtime()
        if runtime is None:
            self._notify(topic, "the runtime is gone: run the cell that makes it")
            return
        self._notify(topic, "")
        try:
            (runtime.start if action == "start" else runtime.stop)(component)
        except Exception as error:  # noqa: BLE001 - shown where the button was pressed
            self._fault(f"{action} {component}", error, topic)
        self._report()

    def _watch(self, fresh: set[str]) -> None:
        """Open the feeds that are asked for, start the fresh ones anew, close the rest."""
        runtime = self._runtime()
        if self._leave is None and runtime is not None:
            self._leave = runtime.on_event(partial(self._marshal, self.take_event))
            self._events.extend(latest_events(runtime))
        self._tidy()
        for topic in fresh:
            self._states.pop(topic, None)
            feed = self._feeds.get(topic.removeprefix(QUERY_TOPIC))
            if feed is not None and topic.startswith(QUERY_TOPIC):
                feed.restart()
            if text := self._notices.get(topic):
                self._unsent.append({"part": "notice", "topic": topic, "text": text})
        self._report()
        if self._beat is None:
            self._beat = self._later(BEAT_S, self._on_beat)

    def _tidy(self) -> None:
        """Let the feeds be those of the watched queries that exist."""
        if not len(self.audience):
            self._sleep()
            return
        runtime = self._runtime()
        watched = {
            topic.removeprefix(QUERY_TOPIC)
            for topic in self.audience.topics
            if topic.startswith(QUERY_TOPIC)
        }
        for query_id in list(self._feeds):
            query = None if runtime is None else runtime.queries.get(query_id)
            if query_id not in watched or query is not self._feeds[query_id].query:
                self._feeds.pop(query_id).close()
        for query_id in watched - self._feeds.keys():
            query = None if runtime is None else runtime.queries.get(query_id)
            if query is not None:
                self._feeds[query_id] = self._open(query)

    def _open(self, query: Query) -> QueryFeed:
        return QueryFeed(
            query, self.wake, self._marshal, max_rows=self.max_rows.get(query.id, MAX_ROWS)
        )

    def _sleep(self) -> None:
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()
        self._states.clear()
        self._unsent.clear()
        self._events.clear()
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _on_beat(self) -> None:
        """Report what changed without a delta, and forget pages that are gone."""
        self._beat = None
        try:
            self.audience.expire(self._now())
            self._tidy()
            self._report()
        except Exception as error:  # noqa: BLE001 - a timer: nobody above would see it
            self._fault("view", error, RUNTIME_TOPIC)
        if len(self.audience):
            self._beat = self._later(BEAT_S, self._on_beat)

    def _report(self) -> None:
        if len(self.audience):
            self.wake()

    def _waiting(self) -> bool:
        return bool(self._unsent) or any(feed.wants_frame() for feed in self._feeds.values())

    def _frame(self) -> None:
        self._timer = None
        now = self._now()
        self._due = now + FRAME_INTERVAL_S
        try:
            if not len(self.audience) or not self.audience.has_room(self.seq, now):
                return
            buffers: list[bytes] = []
            parts = [*self._changed_states(now), *self._rows(now, buffers), *self._unsent]
            self._unsent.clear()
            if parts:
                self.seq += 1
                self.audience.sent(now)
                self._send({"kind": "frame", "seq": self.seq, "parts": parts}, buffers)
        except Exception as error:  # noqa: BLE001 - a timer: nobody above would see it
            self._due = now + BEAT_S
            self._fault("view", error, RUNTIME_TOPIC)
        if self._waiting():
            self.wake()

    def _rows(self, now: float, buffers: list[bytes]) -> list[Part]:
        """Return the next rows of the feeds, each in turn first, about one message full."""
        feeds = list(self._feeds.items())
        self._turn = (self._turn + 1) % max(1, len(feeds))
        out: list[Part] = []
        room = ROWS_PER_MESSAGE
        for query_id, feed in feeds[self._turn :] + feeds[: self._turn]:
            topic = QUERY_TOPIC + query_id
            try:
                encoded = feed.next_part(now) if room > 0 else None
                if encoded is not None:
                    room -= len(encoded.rows)
                    out.append(self._encode(encoded, buffers))
                    self._recovered(topic)
            except Exception as error:  # noqa: BLE001 - one view's fault must not stop the others
                feed.fail()
                self._fault("view", error, topic)
        return out

    def _encode(self, encoded: Encoded, buffers: list[bytes]) -> Part:
        if self.audience.needs_json:
            encoded.part["rows"] = encoded.json()
        else:
            stream = encoded.buffer()
            encoded.part["buffer"] = len(buffers)
            buffers.append(stream)
        return encoded.part

    def _changed_states(self, now: float) -> list[Part]:
        parts: list[Part] = []
        for topic in sorted(self.audience.topics):
            try:
                state = self._state(topic, now)
            except Exception as error:  # noqa: BLE001 - one view's fault must not stop the others
                self._fault("view", error, topic)
                continue
            if state is not None and self._is_news(topic, state, now):
                self._states[topic] = (state, now)
                parts.append(state)
        return parts

    def _is_news(self, topic: str, state: Part, now: float) -> bool:
        known, sent_s = self._states.get(topic, (None, 0.0))
        if known is None or now - sent_s >= BEAT_S * 0.9:
            return known != state
        return any(
            known.get(name) != value for name, value in state.items() if name not in _VOLATILE
        )

    def _state(self, topic: str, now: float) -> Part | None:
        runtime = self._runtime()
        if topic == RUNTIME_TOPIC:
            return (
                no_runtime()
                if runtime is None
                else runtime_state(runtime, self._rates, self._events, now)
            )
        if not topic.startswith(QUERY_TOPIC):
            return None
        query_id = topic.removeprefix(QUERY_TOPIC)
        feed = self._feeds.get(query_id)
        if feed is None or runtime is None or runtime.queries.get(query_id) is not feed.query:
            return dropped(query_id)
        return feed.state(now)

    def _notify(self, topic: str, text: str) -> None:
        if text or self._notices.get(topic):
            self._notices[topic] = text
            self._unsent.append({"part": "notice", "topic": topic, "text": text})
            self.wake()

    def _notices_fade(self, component: str) -> None:
        self._notify(f"{QUERY_TOPIC}{component}", "")

    def _fault(self, what: str, error: Exception, topic: str) -> None:
        text = f"{what}: {error or type(error).__name__}"
        if self._notices.get(topic) != text:  # a fault that repeats is told once
            log.error("%s", text, exc_info=error)
            self._notify(topic, text)

    def _recovered(self, topic: str) -> None:
        if self._notices.get(topic, "").startswith("view: "):
            self._notify(topic, "")
