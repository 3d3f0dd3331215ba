"""From a plan to the operators that are run: every rewrite, in order."""

from __future__ import annotations

from drasi_nb.plan.limits import with_limits
from drasi_nb.plan.liveness import pruned
from drasi_nb.plan.narrow import narrowed
from drasi_nb.plan.nodes import Operator, Plan


def prepared(plan: Plan) -> tuple[Operator, ...]:
    """Return the operators of a plan as they are run."""
    return pruned(narrowed(with_limits(plan.operators)), frozenset(plan.columns))
