"""Any sequence of operations and changes keeps what a runtime promises.

A few seconds in the suite; more with ``HYPOTHESIS_EXAMPLES=2000 pytest tests/test_lifecycle_machine.py``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from world import Sum, World

import drasi_nb as dnb
from drasi_nb.engine.core import Core
from drasi_nb.runtime.components import NEXT

SOURCES, QUERIES, REACTIONS = ("s0", "s1", "s2"), ("q0", "q1", "q2", "q3"), ("r0", "r1")
JOIN = [{"id": "J", "keys": [{"label": "A", "property": "x"}, {"label": "B", "property": "y"}]}]


def negated(change: dnb.Change) -> dnb.Change:
    """Middleware: y becomes -y, for as long as it is a number."""
    y = change.properties.get("y")
    change.properties = (
        {**change.properties, "y": -y} if isinstance(y, int) else change.properties
    )
    return change


KINDS: dict[str, dict[str, Any]] = {
    "filter": {"text": "MATCH (n:A) WHERE n.x > 1 RETURN n.x AS x, n.y AS y"},
    "error": {"text": "MATCH (n:A) RETURN 6 / n.x AS x"},
    "relation": {"text": "MATCH (a:A)-[r:R]->(b) RETURN a.x AS x, b.y AS y"},
    "groups": {"text": "MATCH (n) RETURN n.x AS g, count(*) AS n, sum(n.y) AS s"},
    "optional": {"text": "MATCH (a:A) OPTIONAL MATCH (a)-[:R]->(b:B) RETURN a.x AS x, b.y AS y"},
    "top": {"text": "MATCH (n) RETURN n.x AS x ORDER BY x DESC LIMIT 2"},
    "timed": {"text": "MATCH (n:A) WHERE drasi.trueLater(n.x > 0, n.y * 10) RETURN n.x AS x"},
    "middleware": {"text": "MATCH (n) RETURN n.y AS y", "middleware": [negated]},
    "join": {"text": "MATCH (a:A)-[:J]->(b:B) RETURN a.y AS x, b.x AS y", "joins": JOIN},
    "gql": {"text": "MATCH (n:B) FILTER n.y = 1 RETURN n.x AS x, n.y AS y", "language": "gql"},
}  # fmt: skip
OVER = "MATCH (r) RETURN r.x AS x, count(*) AS n"
STATES = "MATCH (c) OPTIONAL MATCH (c)-[:SUBSCRIBES_TO]->(s) RETURN c.id AS id, c.status AS st, s.id AS s"

small = st.one_of(st.none(), st.integers(0, 3))
properties = st.fixed_dictionaries({}, optional={"x": small, "y": small})
node_change = st.builds(
    lambda op, id_, labels, values: {
        "op": op, "id": id_, **({} if op == "delete" else {"properties": values}),
        **({"labels": labels} if op == "insert" else {}),
    },
    st.sampled_from(("insert", "update", "delete")), st.sampled_from(("n0", "n1", "n2", "n3")),
    st.sampled_from((["A"], ["B"], ["A", "B"])), properties,
)  # fmt: skip
relation_change = st.builds(
    lambda op, id_, start, end: {"op": "delete", "id": id_} if op == "delete" else {
        "op": op, "id": id_, "labels": ["R"], "start_id": start, "end_id": end,
    },
    st.sampled_from(("insert", "update", "delete")), st.sampled_from(("r0", "r1", "r2")),
    st.sampled_from(("n0", "n1", "n2")), st.sampled_from(("n0", "n1", "n3")),
)  # fmt: skip
changes = st.lists(st.one_of(node_change, node_change, relation_change), min_size=1, max_size=4)
bad_change = st.sampled_from((
    {"op": "isnert", "id": "n0"}, {"op": "insert"}, {"op": "insert", "id": float("nan")},
    {"op": "insert", "id": "n0", "properties": {"x": {1}}}, {"op": "insert", "id": "r0", "start_id": "n0"},
))  # fmt: skip


class Flaky(dnb.PushSource):
    fails = False

    def start(self) -> None:
        if self.fails:
            raise ValueError("the source is down")


class Errors(logging.Handler):
    """Keeps what must never be logged: a listener of ours that failed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "listener" in record.getMessage():
            self.lines.append(record.getMessage())


class Lifecycle(RuleBasedStateMachine):
    @initialize(lateness=st.sampled_from((0, 0, 0, 7)))
    def begin(self, lateness: int) -> None:
        self.clock = dnb.VirtualClock(0)
        config = dnb.RuntimeConfig(
            reaction_retries=1, reaction_pause_ms=5, most_pending=3, kept_events=100_000,
            lateness_ms=lateness,
        )  # fmt: skip
        self.rt = dnb.Runtime(clock=self.clock, config=config)
        self.world, self.sums = World(self.rt), dict[str, Sum]()
        self.events = list[Any]()
        self.rt.on_event(self.events.append)
        self.offered = {id_: list[dnb.Delta]() for id_ in REACTIONS}
        self.delivered = {id_: list[dnb.Delta]() for id_ in REACTIONS}
        self.bad_reactions = set[str]()
        self.errors = Errors()
        logging.getLogger("drasi_nb").addHandler(self.errors)
        self.expects_failure = self.is_settled = False
        self.broken = 0
        self.operate(lambda: self.rt.add_source("s0", Flaky()))

    def teardown(self) -> None:
        if hasattr(self, "rt"):
            self.rt.close()
            logging.getLogger("drasi_nb").removeHandler(self.errors)
            assert not self.errors.lines

    def operate(self, call: Callable[[], Any]) -> bool:
        """Run an operation; one that is refused changed nothing but what is at fault."""
        before = self.states()
        self.is_settled = False
        try:
            call()
        except dnb.DrasiNbError as error:
            after = self.states()
            for id_, state in after.items():
                if before.get(id_) != state:
                    was = before[id_][0] if id_ in before else ""
                    # what never ran and could not be replaced is stopped, with what it was
                    at_fault = state[0] == "Error" or (was, state[0]) == ("Added", "Stopped")
                    assert self.expects_failure and at_fault, (id_, was, state, str(error))
            assert before.keys() <= after.keys()
            return False
        finally:
            self.expects_failure = False
        return True

    def states(self) -> dict[str, Any]:
        state = dict[str, Any]()
        for component in self.rt.component_list():
            part: Any = component.part
            state[component.id] = (
                component.status, part.registered if component.kind == "query" else part
            )  # fmt: skip
        return state

    # -- operations ---------------------------------------------------------------------

    @rule(id_=st.sampled_from(SOURCES), fails=st.integers(0, 4))
    def add_source(self, id_: str, fails: int) -> None:
        source = Flaky()
        source.fails = self.expects_failure = fails == 0
        assert self.operate(lambda: self.rt.add_source(id_, source)) != source.fails

    @rule(
        id_=st.sampled_from(QUERIES), kind=st.sampled_from(sorted(KINDS)),
        sources=st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2, unique=True),
        auto_start=st.booleans(),
    )  # fmt: skip
    def add_query(self, id_: str, kind: str, sources: list[str], auto_start: bool) -> None:
        self.register(id_, sources=sources, auto_start=auto_start, **KINDS[kind])

    @rule(id_=st.sampled_from(QUERIES), over=st.sampled_from((*QUERIES, "")))
    def add_query_over(self, id_: str, over: str) -> None:
        if over:
            self.register(id_, text=OVER, sources=[f"query:{over}"])
        else:
            self.register(id_, text=STATES, sources=["__components__"])

    def register(self, id_: str, **definition: Any) -> None:
        if self.operate(lambda: self.rt.add_query(id_, **definition)) and id_ not in self.sums:
            self.sums[id_] = Sum(self.rt.queries[id_])
            self.rt.queries[id_].on_delta(lambda delta: self.offer(id_, delta))

    def offer(self, query_id: str, delta: dnb.Delta) -> None:
        """Note, before the reactions hear of it, who must hear of a delta."""
        for id_ in self.rt.reactions:
            if (
                query_id in self.rt.listens_to(id_)
                and self.rt.component(id_).status == "Running"
            ):
                self.offered[id_].append(delta)

    @rule(id_=st.sampled_from(QUERIES), kind=st.sampled_from((*KINDS, "wrong", "none")))
    def update_query(self, id_: str, kind: str) -> None:
        was = self.rt.queries[id_].status if id_ in self.rt.queries else None
        options = {"joins": (), "middleware": (), "language": "cypher", **KINDS.get(kind, {})}
        options = {"wrong": {"text": "MATCH (n RETURN n"}, "none": {}}.get(kind, options)
        done = self.operate(lambda: self.rt.update_query(id_, **options))
        assert done == (was is not None and kind != "wrong")
        if done:
            runs = "Running" if was in ("Running", "Error") else "Stopped"
            assert self.rt.queries[id_].status == runs

    @rule(
        id_=st.sampled_from(REACTIONS),
        queries=st.lists(st.sampled_from(QUERIES), max_size=2), bad=st.booleans(),
    )  # fmt: skip
    def add_reaction(self, id_: str, queries: list[str], bad: bool) -> None:
        def react(delta: dnb.Delta) -> None:
            if id_ in self.bad_reactions:
                raise ValueError("the reaction is down")
            self.delivered[id_].append(delta)

        done = self.operate(lambda: self.rt.add_reaction(id_, queries, react))
        assert done == (bool(queries) and all(q in self.rt.queries for q in queries))
        (self.bad_reactions.add if bad else self.bad_reactions.discard)(id_)

    @rule(id_=st.sampled_from((*SOURCES, *QUERIES, *REACTIONS)))
    def start(self, id_: str) -> None:
        part = self.rt.sources.get(id_)
        self.expects_failure = isinstance(part, Flaky) and part.fails
        fails = self.expects_failure and self.rt.component(id_).status != "Running"
        done = self.operate(lambda: self.rt.start(id_))
        assert done == (id_ in self.rt.registry.components and not fails)
        assert not done or self.rt.component(id_).status == "Running"

    @rule(id_=st.sampled_from((*SOURCES, *QUERIES, *REACTIONS)))
    def stop(self, id_: str) -> None:
        if self.operate(lambda: self.rt.stop(id_)):
            assert self.rt.component(id_).status in ("Stopped", "Error")

    @rule(id_=st.sampled_from((*SOURCES, *QUERIES, *REACTIONS)), cascade=st.booleans())
    def remove(self, id_: str, cascade: bool) -> None:
        used = any(
            id_ in q.sources or f"query:{id_}" in q.sources for q in self.rt.queries.values()
        )
        used = used or any(id_ in self.rt.listens_to(r) for r in self.rt.reactions)
        known = id_ in self.rt.registry.components
        done = self.operate(lambda: self.rt.remove(id_, cascade=cascade))
        assert done == (known and (cascade or not used))
        if done and id_ in SOURCES:
            self.world.forget(id_)
        for gone in self.sums.keys() - self.rt.queries.keys():
            del self.sums[gone]

    @rule()
    def mend(self) -> None:
        self.bad_reactions.clear()
        for source in self.rt.sources.values():
            source.fails = False

    # -- faults -------------------------------------------------------------------------

    @rule(id_=st.sampled_from(SOURCES))
    def break_source(self, id_: str) -> None:
        if id_ in self.rt.sources:
            self.rt.sources[id_].port.fail("the connection is gone")
            self.rt.sources[id_].fails, self.is_settled = True, False
            assert self.rt.component(id_).status != "Running"

    @rule(id_=st.sampled_from(QUERIES))
    def break_engine(self, id_: str) -> None:
        query = self.rt.queries.get(id_)
        if query is not None and query.compiled is not None:
            self.rt.engine.broken.append((query.compiled, ZeroDivisionError("a fault of ours")))
            self.rt.pump.is_open = True
            self.settle()
            assert query.status == "Error" and "a fault of ours" in str(query.error)

    @rule(id_=st.sampled_from(QUERIES), definition=st.sampled_from(sorted(KINDS)))
    def break_evaluation(self, id_: str, definition: str) -> None:
        def fail(*_: Any) -> None:
            raise ZeroDivisionError("a fault of ours")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.rt.engine, "adding", fail)
            self.expects_failure = True
            self.broken += 1  # adding a running query again as it is does nothing
            other = {**KINDS[definition], "parameters": {"broken": self.broken}}
            assert not self.operate(lambda: self.rt.add_query(id_, sources=["s0"], **other))
        if id_ in self.rt.queries and id_ not in self.sums:
            self.sums[id_] = Sum(self.rt.queries[id_])
            self.rt.queries[id_].on_delta(lambda delta: self.offer(id_, delta))

    # -- changes and time ---------------------------------------------------------------

    @rule(id_=st.sampled_from(SOURCES), batch=changes)
    def push(self, id_: str, batch: list[dict[str, Any]]) -> None:
        source = self.rt.sources.get(id_)
        if source is None:
            return
        if self.operate(lambda: source.push(batch)):
            self.world.apply(id_, batch)
            assert self.rt.component(id_).status == "Running"
        else:
            assert self.rt.component(id_).status != "Running"

    @rule(id_=st.sampled_from(SOURCES), batch=changes, bad=bad_change)
    def push_bad(self, id_: str, batch: list[dict[str, Any]], bad: dict[str, Any]) -> None:
        source = self.rt.sources.get(id_)
        if source is not None:
            before = self.rt.component(id_).changes, len(self.rt.rejected())
            with pytest.raises(dnb.ChangeError):
                source.push([*batch, bad])
            self.is_settled = False  # who reads the components hears of it
            assert (self.rt.component(id_).changes, len(self.rt.rejected()) - 1) == before
            assert self.rt.rejected()[-1].change is bad

    @rule()
    def settle(self) -> None:
        """Flush until nothing waits; what waits for itself would never end."""
        for _ in range(10):
            try:
                self.rt.flush()
            except dnb.DrasiNbError as error:
                assert "a fault of ours" in str(error)
            if not self.rt.pump.waiting():
                break
        assert not self.rt.pump.waiting()
        held = self.rt.pump.lateness
        self.is_settled = held is None or not len(held)

    @rule(ms=st.integers(1, 40))
    def advance(self, ms: int) -> None:
        self.clock.advance(ms)
        self.settle()

    # -- what always holds --------------------------------------------------------------

    @invariant()
    def results_are_right(self) -> None:
        for id_, total in self.sums.items():
            q = self.rt.queries[id_]
            total.check()
            if q.status == "Running" and self.is_settled:
                self.world.check(q)
            assert (q.compiled is not None) == (q.status == "Running")

    @invariant()
    def states_follow_each_other(self) -> None:
        last = dict[str, str]()
        for event in self.events:
            before = last.get(event.id, "Removed")
            if before == "Removed" and event.status != "Removed":
                assert event.status == "Added", event
            elif event.status != before:
                assert event.status in NEXT[before], (before, event)
            last[event.id] = event.status
        alive = {id_: status for id_, status in last.items() if status != "Removed"}
        assert alive == {c.id: c.status for c in self.rt.component_list()}
        assert self.rt.events().height == len(self.events)

    @invariant()
    def nothing_dangles(self) -> None:
        rt = self.rt
        ids = [*rt.sources, *rt.queries, *rt.reactions]
        assert (
            sorted(rt.registry.components) == sorted(ids)
            and rt.ports.keys() == rt.sources.keys()
        )
        assert (
            rt.listening.keys()
            == rt.reacting.keys()
            == rt.unsubscribe.keys()
            == rt.reactions.keys()
        )
        running = {q.compiled for q in rt.queries.values() if q.compiled is not None}
        routed = set(rt.engine.router.queries)
        cores = {query for query in routed if isinstance(query, Core)}
        assert running == set(rt.by_compiled) == routed - cores
        assert cores == set(rt.engine.cores.values())
        followers = [follower for core in cores for follower in core.followers]
        assert set(followers) <= running and all(core.followers for core in cores)
        assert set(rt.engine.touched) <= routed and not rt.engine.broken
        for q in rt.queries.values():
            listeners = sum(q.id in rt.listens_to(r) for r in rt.reactions)
            assert len(q._callbacks) == 2 + listeners
            for source_id in q.sources:
                assert source_id == "__components__" or source_id.removeprefix("query:") in ids
        derived = {d.id for many in rt.pump.derived.of_source.values() for d in many}
        assert derived == {d.id for q in rt.queries.values() for d in q.derived}
        alive = (
            {f"query:{id_}" for id_ in rt.queries}
            | set(rt.sources)
            | derived
            | {"__components__"}
        )
        graph = rt.engine.graph
        for number, source_id in enumerate(graph.source_ids):
            if source_id not in alive and not rt.pump.waiting():
                assert not graph.relation_at[number], source_id
        assert rt.pump.taken <= rt.pump.submitted

    @invariant()
    def reactions_lose_nothing(self) -> None:
        for id_ in REACTIONS:
            waiting = list(self.rt.reacting[id_].pending) if id_ in self.rt.reacting else []
            apart = [r.change for r in self.rt.rejected() if r.source_id == id_]
            got = sorted(map(id, [*self.delivered[id_], *waiting, *apart]))
            assert got == sorted(map(id, self.offered[id_]))


Lifecycle.TestCase.settings = settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "60")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
test_any_sequence_keeps_what_is_promised = Lifecycle.TestCase
