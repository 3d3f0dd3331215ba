"""Recorded changes played in event-time order, at a speed, by the runtime's clock."""

from __future__ import annotations

import bisect
import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from drasi_nb.engine.clock import Timer
from drasi_nb.errors import ChangeError, ComponentError, ConfigError, shown
from drasi_nb.runtime.configuration.kinds import kind
from drasi_nb.runtime.protocols import SourcePort
from drasi_nb.runtime.recording import read
from drasi_nb.sources.tables import as_polars

State = Literal["ready", "playing", "paused", "finished"]
_CHUNK = 1_000  # changes per batch when played as fast as possible
_QUEUE = 5_000  # changes that may wait before the next chunk is held back


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a replay stands.

    Attributes:
        fraction: Changes played of all, 0 to 1.
        time_ms: Event time reached, in ms since the epoch.
        played: Changes played in this round.
        total: Changes in the recording.
        state: "ready", "playing", "paused" or "finished".
    """

    fraction: float
    time_ms: int
    played: int
    total: int
    state: State


class ReplaySource:
    """Plays a recording; on a ``VirtualClock`` it is driven by ``advance()``.

    Event time runs ``speed`` times as fast as the clock. Each change is submitted with its
    event time as ``effective_from``; changes of one moment are one batch.

    Args:
        changes: Change dicts, or a frame with the columns op, id, labels, properties
            (struct), start_id and end_id.
        time: Key or column of the event time: ms since the epoch or a datetime.
        speed: Above 0; 1 is real time, ``float("inf")`` as fast as possible.
        loop: Whether to begin again at the end; what the recording left is deleted first.

    Raises:
        ChangeError: A change has no readable time; the text says which.
    """

    def __init__(
        self,
        changes: Iterable[Mapping[str, Any]] | Any,
        *,
        time: str = "effective_from",
        speed: float = 1.0,
        loop: bool = False,
    ) -> None:
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not speed > 0:
            raise ChangeError(f"speed must be a number above 0, got {shown(speed)}")
        if not isinstance(time, str):
            raise ChangeError(f"time must be the name of a key or a column, got {shown(time)}")
        self.speed, self.loop = speed, loop
        self._file: tuple[str, str | None] | None = None  # path, and which source of it
        timed = [(_moment(change, time, i), change) for i, change in enumerate(_dicts(changes))]
        timed.sort(key=lambda pair: pair[0])
        self._times = [moment for moment, _ in timed]
        self._changes = [_bare(change, time, moment) for moment, change in timed]
        self._port: SourcePort | None = None
        self._timer: Timer | None = None
        self._next = 0
        self._state: State = "ready"
        self._event_ms = self._times[0] if self._times else 0
        self._clock_ms = 0

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        source: str | None = None,
        speed: float = 1.0,
        loop: bool = False,
    ) -> ReplaySource:
        """Return a source that plays a recording, or a script file of Drasi, by arrival times.

        Args:
            path: Written by ``Runtime.record()``.
            source: Play what this source was given; None is everything.
            speed: See the class.
            loop: See the class.

        Raises:
            ConfigError: The file is no recording, or of a newer version.
            CheckpointError: A line cannot be read.
        """
        changes = [
            {**change, "arrived": part.time_ms}
            for part in read(path)
            if source in (None, part.source)
            for change in part.changes
        ]
        out = cls(changes, time="arrived", speed=speed, loop=loop)
        out._file = (str(path), source)
        return out

    def settings(self) -> dict[str, Any]:
        """Return the arguments of ``from_file()`` that make another one like this.

        Raises:
            ConfigError: It does not play a file.
        """
        if self._file is None:
            raise ConfigError(
                "a ReplaySource over changes in memory cannot be written; record them with"
                " Runtime.record() and play the file: ReplaySource.from_file()"
            )
        path, source = self._file
        given = {"path": path, "source": source, "speed": self.speed, "loop": self.loop}
        defaults = {"source": None, "speed": 1.0, "loop": False}
        return {k: v for k, v in given.items() if k not in defaults or v != defaults[k]}

    def attach(self, port: SourcePort) -> None:
        """Remember where changes go; called by ``add_source``."""
        self._port = port

    def start(self) -> None:
        """Play from where the replay stands."""
        if self._state in ("ready", "paused"):
            self._play()

    def stop(self) -> None:
        """Stand still; ``start`` goes on from there."""
        self.pause()

    def pause(self) -> None:
        """Stand still."""
        if self._state == "playing":
            self._event_ms = self._now_event_ms()
            self._state = "paused"
            self._cancel()

    def resume(self) -> None:
        """Go on after ``pause()``."""
        if self._state == "paused":
            self._play()

    def seek(self, time: int | dt.datetime) -> None:
        """Go to an event time at once.

        Forward, everything up to there is submitted as one batch. Backward, the elements are
        brought to the state they had then: what came later is deleted, the rest submitted anew.
        """
        port = self._attached()
        try:
            target = _as_ms(time)
        except (TypeError, ValueError, OverflowError):
            raise ComponentError(
                f"seek() takes ms since the epoch or a datetime, got {shown(time)}"
            ) from None
        playing = self._state == "playing"
        self._cancel()
        place = bisect.bisect_right(self._times, target)
        if place < self._next:
            port.submit([*self._deletes(self._next), *self._changes[:place]])
        elif place > self._next:
            port.submit(self._changes[self._next : place])
        self._next, self._event_ms = place, target
        self._state = "paused"
        if playing:
            self._play()

    @property
    def progress(self) -> Progress:
        """Return where the replay stands."""
        total = len(self._changes)
        moment = self._now_event_ms() if self._state == "playing" else self._event_ms
        fraction = self._next / total if total else 1.0
        return Progress(fraction, moment, self._next, total, self._state)

    # -- playing ------------------------------------------------------------------------

    def _attached(self) -> SourcePort:
        if self._port is None:
            raise ComponentError(
                "this source has no runtime; call rt.add_source(id, source) first"
            )
        return self._port

    def _now_event_ms(self) -> int:
        if math.isinf(self.speed):
            return self._times[self._next - 1] if self._next else self._event_ms
        elapsed = self._attached().clock.now_ms() - self._clock_ms
        return round(self._event_ms + elapsed * self.speed)

    def _play(self) -> None:
        self._state = "playing"
        self._clock_ms = self._attached().clock.now_ms()
        self._schedule()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        clock = self._attached().clock
        if self._next >= len(self._changes):
            self._end()
            return
        wait = 0.0
        if not math.isinf(self.speed):
            wait = (self._times[self._next] - self._event_ms) / self.speed
        self._timer = clock.call_at(self._clock_ms + math.ceil(wait), self._due)

    def _due(self) -> None:
        """Submit what is due by now and set the timer of what comes next."""
        port = self._attached()
        self._timer = None
        if math.isinf(self.speed):
            if port.queued() > _QUEUE:
                self._timer = port.clock.call_at(port.clock.now_ms() + 1, self._due)
                return
            place = self._whole_moment(min(self._next + _CHUNK, len(self._changes)))
        else:
            place = bisect.bisect_right(self._times, self._now_event_ms())
        batch = self._changes[self._next : place]
        self._next = place
        if batch:
            port.submit(batch)
        self._schedule()

    def _whole_moment(self, place: int) -> int:
        """Return the place after all changes of the moment before ``place``."""
        if place >= len(self._times):
            return place
        return bisect.bisect_right(self._times, self._times[place - 1])

    def _end(self) -> None:
        self._event_ms = self._times[-1] if self._times else 0
        if not self.loop or not self._changes:
            self._state = "finished"
            return
        self._attached().submit(self._deletes(self._next))
        self._next, self._event_ms = 0, self._times[0]
        self._clock_ms = self._attached().clock.now_ms() + 1
        self._schedule()

    def _deletes(self, place: int) -> list[dict[str, Any]]:
        """Return deletes of every element that the first ``place`` changes named."""
        ids = dict.fromkeys(change["id"] for change in self._changes[:place])
        return [{"op": "delete", "id": element_id} for element_id in ids]


kind("source/replay")(ReplaySource.from_file)


def _dicts(changes: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(changes, list | tuple) or not hasattr(changes, "__arrow_c_stream__"):
        if isinstance(changes, str | bytes | Mapping) or not isinstance(changes, Iterable):
            raise ChangeError(f"expected change dicts or a frame, got {shown(changes)}")
        recorded: Iterable[Mapping[str, Any]] = changes
        return recorded
    frame: pl.DataFrame = as_polars(changes)
    rows = frame.to_dicts()
    for row in rows:
        properties = row.get("properties")
        if isinstance(properties, dict):  # a struct has every key; a null was not there
            row["properties"] = {k: v for k, v in properties.items() if v is not None}
    return rows


def _moment(change: Mapping[str, Any], time: str, index: int) -> int:
    if not isinstance(change, Mapping):
        raise ChangeError(f"expected a dict, got {shown(change)}", index=index)
    value = change.get(time)
    if value is None:
        raise ChangeError(
            f"there is no time under {time!r}", index=index, element_id=change.get("id")
        )
    try:
        return _as_ms(value)
    except (TypeError, ValueError, OverflowError):
        raise ChangeError(
            f"{time!r} must be ms since the epoch or a datetime, got {shown(value)}",
            index=index,
            element_id=change.get("id"),
        ) from None


def _as_ms(value: Any) -> int:
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return round(aware.timestamp() * 1000)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return round(value)


def _bare(change: Mapping[str, Any], time: str, moment: int) -> dict[str, Any]:
    out = {key: value for key, value in change.items() if key != time and value is not None}
    out.setdefault("effective_from", moment)
    return out
