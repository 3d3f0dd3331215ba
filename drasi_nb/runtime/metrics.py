"""What the components did, at one moment: a record, a frame, or text for Prometheus."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

import polars as pl

from drasi_nb.errors import ConfigError

if TYPE_CHECKING:
    from drasi_nb.runtime.components import Component
    from drasi_nb.runtime.runtime import Runtime


@dataclass(frozen=True, slots=True)
class ComponentMetrics:
    """One source, query or reaction.

    Attributes:
        id: Its id.
        kind: "source", "query" or "reaction".
        status: Such as "Running".
        changes: Changes taken (source), rows in deltas (query), deltas handed on (reaction).
        rate: ``changes`` per second since the reading before; None at the first.
        errors: How often something of it failed.
        rows: Rows held; of a query only.
        bytes: Size of the result as a frame; of a query only.
        p50_ms: Median time from push to delta, of the latest thousand that were timed; as p95
            and p99 of a query only, None before the first.
        p95_ms: The 95th percentile.
        p99_ms: The 99th percentile.
        queued: Changes that wait to be taken, for earlier ones too; of a source only.
        lag: Deltas that wait; of a reaction only.
        last_ms: When it last took a change (source), changed (query) or took a delta
            (reaction), in ms since the epoch; None before the first.
    """

    id: str
    kind: str
    status: str
    changes: int
    rate: float | None
    errors: int
    rows: int | None
    bytes: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    queued: int | None
    lag: int | None
    last_ms: int | None


@dataclass(frozen=True, slots=True)
class RuntimeMetrics:
    """All components, and the queue before them.

    Attributes:
        time_ms: When it was read.
        queued: Changes that wait to be taken.
        late: Changes that came later than ``RuntimeConfig.lateness_ms`` allows.
        rejected: Refused changes that are kept.
        components: Sources, queries, reactions, in that order.
    """

    time_ms: int
    queued: int
    late: int
    rejected: int
    components: tuple[ComponentMetrics, ...]

    def frame(self) -> pl.DataFrame:
        """Return a row per component."""
        names = [field.name for field in fields(ComponentMetrics)]
        texts = {"id", "kind", "status"}
        floats = {"rate", "p50_ms", "p95_ms", "p99_ms"}
        schema = {
            name: pl.String()
            if name in texts
            else pl.Float64()
            if name in floats
            else pl.Int64()
            for name in names
        }
        rows = [astuple(component) for component in self.components]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def prometheus(self) -> str:
        """Return the text that Prometheus scrapes.

        Raises:
            ConfigError: The package is missing: ``pip install 'drasi-nb[metrics]'``.
        """
        try:
            core = importlib.import_module("prometheus_client.core")
            client = importlib.import_module("prometheus_client")
        except ImportError:
            raise ConfigError(
                "prometheus() needs a package: pip install 'drasi-nb[metrics]'"
            ) from None
        families = list[Any]()
        for name, value in (
            ("queued", self.queued), ("late", self.late), ("rejected", self.rejected),
        ):  # fmt: skip
            families.append(core.GaugeMetricFamily(f"drasi_nb_{name}", name, value=value))
        for field in fields(ComponentMetrics)[3:]:
            family = core.GaugeMetricFamily(
                f"drasi_nb_component_{field.name}", field.name, labels=("id", "kind")
            )
            for component in self.components:
                value = getattr(component, field.name)
                if value is not None:
                    family.add_metric((component.id, component.kind), value)
            families.append(family)
        registry = client.CollectorRegistry()
        registry.register(_Collector(families))
        return str(client.generate_latest(registry).decode())


class _Collector:
    def __init__(self, families: list[Any]) -> None:
        self._families = families

    def collect(self) -> list[Any]:
        return self._families


class Readings:
    """Takes metrics of one runtime; remembers the reading before, for rates."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._before: tuple[int, dict[str, int]] | None = None

    def take(self) -> RuntimeMetrics:
        """Return the metrics now. Cost: the frames of changed results are brought up to date."""
        runtime = self._runtime
        now_ms, components = runtime.clock.now_ms(), runtime.component_list()
        made = tuple(self._of(component, now_ms) for component in components)
        self._before = now_ms, {component.id: component.changes for component in components}
        pump = runtime.pump
        return RuntimeMetrics(
            now_ms, pump.submitted - pump.taken, runtime.late(), len(runtime.rejected()), made
        )

    def _of(self, component: Component, now_ms: int) -> ComponentMetrics:
        rate: float | None = None
        if self._before is not None and now_ms > self._before[0]:
            counts = self._before[1]
            rate = (component.changes - counts.get(component.id, 0)) / (
                now_ms - self._before[0]
            )
            rate *= 1_000
        rows = size = queued = None
        last_ms = component.last_ms
        p50 = p95 = p99 = None
        if component.kind == "query":
            query = component.part
            rows, last_ms = len(query), query.last_time_ms
            size = int(query.frame().estimated_size())
            p50, p95, p99 = _percentiles(query.latencies_s)
        if component.kind == "source":
            pump = self._runtime.pump
            number = self._runtime.engine.graph.source(component.id)
            queued = pump.queued_of(number) + pump.held_of(number)
        lag: int | None = None
        if component.kind == "reaction":
            lag = len(self._runtime.reacting[component.id].pending)
        return ComponentMetrics(
            component.id, component.kind, component.status, component.changes, rate,
            component.errors, rows, size, p50, p95, p99, queued, lag, last_ms,
        )  # fmt: skip


def _percentiles(seconds: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if not seconds:
        return None, None, None
    ordered = sorted(seconds)
    a, b, c = (ordered[min(len(ordered) - 1, int(len(ordered) * p))] for p in (0.5, 0.95, 0.99))
    return a * 1_000, b * 1_000, c * 1_000
