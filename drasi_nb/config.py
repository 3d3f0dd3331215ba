"""Settings, frozen, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from drasi_nb.errors import ConfigError, shown

Overflow = Literal["flush", "drop_oldest", "reject"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeConfig:
    """How a runtime shares the kernel.

    Attributes:
        slice_s: How long the driver may hold the loop, in seconds; above 0.
        backlog_slice_s: The same while changes wait, in seconds; at least ``slice_s``.
        pause_s: How long the driver sleeps between slices, in seconds; above 0.
        kept_events: Events kept for ``events()``; at least 1.
        kept_rejected: Refused changes kept for ``rejected()``; at least 1.
        most_trails: Trails a variable length may have from one node; a query that meets more
            goes to Error, which names the pattern. At least 1.
        most_versions: Versions kept of one element, while a query asks for versions; at least 1.
        lateness_ms: How much later than others a change may come, in ms, and still be taken in
            the order of event times (``effective_from``); 0 is the order of arrival.
        most_queued: Changes of one source that may wait to be taken; at least 1.
        overflow: What a push does that would exceed it: "flush" takes what is queued first,
            "drop_oldest" and "reject" put the oldest or the new changes into ``rejected()``.
            ``await source.push_async(..)`` waits for room instead.
        reaction_retries: How often a reaction that raises is given the same delta again; 0 or more.
        reaction_pause_ms: How long before the first time, in ms; doubled each time. At least 1.
        most_pending: Deltas that may wait for one reaction before the oldest goes to
            ``rejected()``; at least 1.
        sync_s: With a checkpoint, how long after a push the disk holds it at the latest, in
            seconds; above 0. A killed process loses nothing, a power cut what came since.
        snapshot_changes: Changes after which a checkpoint takes a snapshot; at least 1.
        kept_rows: Changed rows of each query kept for ``history()`` and ``at()``; 0 or more.
        kept_versions_ms: How long a version is kept after the next one came, in ms; None is
            forever.
    """

    slice_s: float = 0.005
    backlog_slice_s: float = 0.012
    pause_s: float = 0.001
    kept_events: int = 1_000
    kept_rejected: int = 10_000
    most_trails: int = 1_000_000
    most_versions: int = 1_000
    kept_versions_ms: int | None = None
    lateness_ms: int = 0
    most_queued: int = 1_000_000
    overflow: Overflow = "flush"
    reaction_retries: int = 3
    reaction_pause_ms: int = 100
    most_pending: int = 10_000
    sync_s: float = 1.0
    snapshot_changes: int = 500_000
    kept_rows: int = 10_000

    def __post_init__(self) -> None:
        for name in ("slice_s", "backlog_slice_s", "pause_s", "sync_s"):
            self._check_number(name, float, 0.0, is_above=True)
        if not self.backlog_slice_s >= self.slice_s:
            raise ConfigError(
                f"backlog_slice_s must be at least slice_s, got {self.backlog_slice_s}"
            )
        for name in ("lateness_ms", "reaction_retries", "kept_rows"):
            self._check_number(name, int, 0)
        for name in (
            "kept_events",
            "kept_rejected",
            "most_trails",
            "most_versions",
            "most_queued",
            "reaction_pause_ms",
            "most_pending",
            "snapshot_changes",
        ):
            self._check_number(name, int, 1)
        if self.kept_versions_ms is not None:
            self._check_number("kept_versions_ms", int, 0)
        if self.overflow not in get_args(Overflow):
            known = ", ".join(map(repr, get_args(Overflow)))
            raise ConfigError(f"overflow must be one of {known}, got {shown(self.overflow)}")

    def _check_number(
        self, name: str, kind: type, least: float, *, is_above: bool = False
    ) -> None:
        value, kinds = getattr(self, name), (int, float) if kind is float else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds):
            what = "a number" if kind is float else "an integer"
            raise ConfigError(f"{name} must be {what}, got {shown(value)}")
        if not (value > least if is_above else value >= least):  # also refuses NaN
            bound = f"above {least:g}" if is_above else f"at least {least:g}"
            raise ConfigError(f"{name} must be {bound}, got {value}")
        if value >= 2**63:  # also refuses infinity
            raise ConfigError(f"{name} must fit 64 bits, got {float(value):g}")
