"""What the views say about components: plain records read from a runtime."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from drasi_nb.views.protocol import ComponentState, EventState, QueryState, RuntimeState
from drasi_nb.views.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drasi_nb.runtime.runtime import Runtime

EVENTS_KEPT = 8


def runtime_state(
    runtime: Runtime, rates: dict[str, Rate], events: Iterable[EventState], now: float
) -> RuntimeState:
    """Return how all components are; ``rates`` keeps one ``Rate`` per component."""
    records = runtime.component_list()
    for gone in rates.keys() - {record.id for record in records}:
        del rates[gone]
    return {
        "part": "runtime",
        "components": [
            _component(runtime, record, rates.setdefault(record.id, Rate()), now)
            for record in records
        ],
        "events": list(events),
        "tick": runtime.seq,
    }


def no_runtime() -> RuntimeState:
    """Return the state of a runtime that is gone."""
    return {"part": "runtime", "components": [], "events": [], "tick": 0}


def dropped(query_id: str) -> QueryState:
    """Return the state of a query that its runtime does not hold."""
    return {
        "part": "query",
        "query": query_id,
        "status": "Dropped",
        "error": None,
        "total": 0,
        "rate": 0.0,
        "failures": 0,
        "sources": [],
        "text": "",
        "time_ms": None,
    }


def event_state(event: Any) -> EventState:
    """Return one event as it travels."""
    return {
        "time_ms": event.time_ms,
        "id": event.id,
        "kind": event.kind,
        "status": event.status,
        "message": event.message or "",
    }


def latest_events(runtime: Runtime) -> list[EventState]:
    """Return the last events of a runtime, newest last."""
    rows = runtime.events().tail(EVENTS_KEPT).iter_rows(named=True)
    return [
        {
            "time_ms": _epoch_ms(row["time"]),
            "id": row["id"],
            "kind": row["kind"],
            "status": row["status"],
            "message": row["message"] or "",
        }
        for row in rows
    ]


def _component(runtime: Runtime, record: Any, rate: Rate, now: float) -> ComponentState:
    query = runtime.queries.get(record.id) if record.kind == "query" else None
    return {
        "id": record.id,
        "kind": record.kind,
        "status": record.status,
        "error": record.error,
        "changes": record.changes,
        "errors": record.errors,
        "rate": rate.read(now, record.changes),
        "rows": None if query is None else int(query.metrics().rows),
    }


def _epoch_ms(time: datetime) -> int:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
