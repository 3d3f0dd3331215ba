"""What the tests of middleware share."""

from __future__ import annotations

from typing import Any

import pytest

from drasi_nb.middleware import Pipeline, build
from drasi_nb.values.change import Change

# a change as a tuple: op, id, label, properties, and for relations both ends
Brief = tuple[Any, ...]


def _change(
    op: str, id: Any, label: str | None = None, properties: Any = None, *ends: Any
) -> Change:
    labels = None if label is None else tuple(label.split("|"))
    return Change(op, id, labels, properties or {}, *ends)


def _brief(change: Change) -> Brief:
    label = None if change.labels is None else "|".join(change.labels)
    ends = () if change.start_id is None else (change.start_id, change.end_id)
    return (change.op, change.id, label, dict(change.properties), *ends)


class Step:
    """One middleware in a pipeline, which takes and gives tuples."""

    def __init__(self, config: Any) -> None:
        if isinstance(config, dict):
            config = {"name": "m", **config}
        self.pipeline = Pipeline([build(config, place="middleware[0]")])

    def __call__(self, *brief: Any) -> list[Brief]:
        return [_brief(made) for made in self.pipeline(_change(*brief))]


@pytest.fixture
def step() -> type[Step]:
    return Step
