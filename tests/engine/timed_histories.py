"""Random queries with functions of time, and the model that asks them at every millisecond."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import histories

import drasi_nb as dnb
from drasi_nb.engine.history import History
from drasi_nb.engine.interpreter import Past, evaluate_plan
from drasi_nb.engine.oracle import PlainGraph
from drasi_nb.errors import QueryError
from drasi_nb.values.graph import STAMP_BITS

START = 1_000


def _time(rng: random.Random, name: str) -> str:
    return rng.choice((f"{name}.t", f"{name}.t + 2", str(START + rng.randrange(20))))


def timed_call(rng: random.Random, names: list[str]) -> str:
    """Return a call of a function of time over variables."""
    name = rng.choice(names)
    condition = histories.condition(rng, names, rng.randrange(2))
    value = histories.expression(rng, names, 1)
    period = rng.choice(("3", "1", "0", "duration({milliseconds: 2})", f"{name}.z"))
    return rng.choice(
        (
            f"drasi.trueFor({condition}, {period})",
            f"drasi.trueFor({condition}, {period})",
            f"drasi.trueLater({condition}, {_time(rng, name)})",
            f"drasi.trueNowOrLater({condition}, {_time(rng, name)})",
            f"drasi.trueUntil({condition}, {_time(rng, name)})",
            f"drasi.trueFor(drasi.trueLater({condition}, {_time(rng, name)}), 2)",
            f"drasi.previousValue({value})",
            f"drasi.previousDistinctValue({value}, 'none')",
            f"drasi.future({name}, {_time(rng, name)})",
            f"(datetime({{epochMillis: {_time(rng, name)}}}) > datetime())",
            f"(datetime.realtime() >= datetime({{epochMillis: {_time(rng, name)}}}))",
            "datetime()", "timestamp()", "localtime.transaction()",
            f"drasi.changeDateTime({name})",
            f"drasi.getVersionByTimestamp({name}, {_time(rng, name)})",
            f"[v IN drasi.getVersionsByTimeRange({name}, {START}, {_time(rng, name)}, true) | v.x]",
        )
    )  # fmt: skip


def timed_query(rng: random.Random) -> str:
    """Return a random query that depends on time."""
    hops = rng.choice((0, 0, 1))
    text, names = "MATCH (a:A)", ["a"]
    if hops:
        text, names = "MATCH (a:A)-[r:R]->(b)", ["a", "b"]
    if rng.random() < 0.5:
        text += (
            f" WHERE {timed_call(rng, names)}"
            if rng.random() < 0.6
            else " WHERE a.x IS NOT NULL"
        )
    if rng.random() < 0.3:
        text += f" OPTIONAL MATCH ({names[-1]})-[s:S]->(o)"
        names.append("o")
    if rng.random() < 0.3:
        text += f" WITH a, {timed_call(rng, names)} AS c0, count(*) AS n"
        text += rng.choice(("", " WHERE drasi.trueFor(n > 1, 2)"))
        names = ["a"]
        items = ["c0", "n", f"{timed_call(rng, names)} AS c1"]
    else:
        items = [f"{timed_call(rng, names)} AS c{i}" for i in range(rng.randint(1, 2))]
    how = rng.random()
    if how < 0.25:
        window = rng.choice(("2", "duration({milliseconds: 4})"))
        total = rng.choice(("count(*)", "sum(a.x)", "collect(a.x)", "count(DISTINCT a.x) * 2"))
        items = [f"a.y AS g, drasi.slidingWindow({window}, {total}) AS w"]
    elif how < 0.45:
        window = rng.choice(
            (
                f"drasi.tumbling({_time(rng, 'a')}, 5)",
                f"drasi.hopping({_time(rng, 'a')}, 6, 2)",
                f"drasi.session({_time(rng, 'a')}, {rng.randint(1, 4)})",
            )
        )
        total = rng.choice(("count(*)", "sum(a.x)", "collect(a.y)"))
        group = rng.choice(("", "a.y AS g, "))
        if rng.random() < 0.5:
            return f"{text} RETURN {group}{window} AS w, {total} AS t"
        return f"{text} WITH {group}{window} AS w, {total} AS t WHERE datetime() < w.end RETURN w.start AS s, t"
    elif how < 0.55:
        items = ["drasi.last(a.x) AS l, drasi.linearGradient(a.x, a.y) AS s"]
    return f"{text} RETURN {', '.join(items)}"


class TimedModel(histories.Model):
    """The graph with the stamp of every element, and its versions."""

    def __init__(self) -> None:
        super().__init__()
        self.seq, self.now_ms = 0, START
        self.history = History(1_000, None)

    def apply(self, change: dict[str, Any]) -> None:
        self.seq += 1
        super().apply(change)
        element = self.elements.get(change["id"])
        if element is None:
            self.history.forget("s", change["id"])
            return False
        time_ms = change.get("effective_from", self.now_ms)
        element["stamp"] = (time_ms << STAMP_BITS) | self.seq
        graph = self.graph()
        for found in (*graph.nodes, *graph.relations):
            if found.id == change["id"]:
                self.history.add(found)

    def graph(self) -> PlainGraph:
        graph = super().graph()
        for element in (*graph.nodes, *graph.relations):
            element.stamp = self.elements[element.id]["stamp"]
        return graph


def timed_history(rng: random.Random) -> list[Any]:
    """Return changes and, between them, ms by which the clock advances."""
    changes = histories.legal(histories.history(rng, rng.randint(5, 25), nodes=3, relations=3))
    out = list[Any]()
    for change in changes:
        if change["op"] != "delete" and rng.random() < 0.6:
            change["properties"]["t"] = START + rng.randrange(25)
        if rng.random() < 0.1:
            change["effective_from"] = START + rng.randrange(20)
        out.append(change)
        if rng.random() < 0.4:
            out.append(rng.randint(1, 6))
    return [*out, 10]


def check(text: str, steps: list[Any], rng: random.Random) -> bool:
    """Feed a history to a query; after every flush and advance it equals the model.

    Returns False where the query was refused.
    """
    clock = dnb.VirtualClock(START)
    with dnb.Runtime(clock=clock) as rt:
        source = rt.add_source("s", dnb.PushSource())
        try:
            q = rt.add_query("q", text, sources=["s"], parameters={"p": 1})
        except QueryError as error:  # types that are known to be wrong
            assert error.code == "type", error
            return False
        assert q.plan is not None and q.compiled is not None
        plan = replace(q.plan, operators=q.compiled.operators)
        model, past = TimedModel(), Past()
        past.versions = model.history.of

        def ask() -> tuple[dict[Any, Any], list[Any]]:
            failed: list[Any] = []
            past.now_ms, past.stamp = model.now_ms, (model.now_ms << STAMP_BITS) | model.seq
            return evaluate_plan(plan, model.graph(), failed=failed, past=past), failed

        expected, failed = ask()
        for step in steps:
            if isinstance(step, dict):
                source.push(step)
                model.apply(step)
                expected, failed = ask()
                if rng.random() < 0.5:
                    continue
                rt.flush()
            else:
                clock.advance(step)
                for _ in range(step):
                    model.now_ms += 1
                    expected, failed = ask()
            assert q.error is None, (text, q.error)
            got = [row for _, row in q.keyed_rows()]
            assert histories.same_rows(got, list(expected.values())), (text, got, expected)
            assert q.metrics().failures == len(failed), (text, q.failures(), failed)
    return True
