"""Malformed queries, joins, middleware, settings, clocks and components."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from bad_changes import GOOD, NAN, Case, endless_list

import drasi_nb as dnb

ROWS = "MATCH (n:A) RETURN n.x AS x"


# -- queries, joins, middleware ------------------------------------------------------------


def add(**options: Any) -> Callable[[dnb.Runtime], Any]:
    given = {"text": ROWS, "sources": ["s"], **options}
    return lambda rt: rt.add_query("q", **given)


ODD: tuple[Any, ...] = (5, None, 1.5, True, [], {}, b"x", print, "")
KEY = {"label": "A", "property": "x"}


def query_cases() -> Iterator[Case]:
    for value in (5, None, 1.5, True, [], b"MATCH", print):
        yield add(text=value), "text must be text"
    for text in (
        "",
        "MATCH",
        "RETURN",
        "MATCH (n)",
        "MATCH (n RETURN n",
        "MATCH (n) RETURN m",
        "x",
        "MATCH (n) RETURN n.",
        "MATCH (n) SET n.x = 1",
        "MATCH (n) RETURN f(n)",
        "RETURN 'a",
        "RETURN $p",
        "RETURN 1 AS a, 2 AS a",
    ):
        yield add(text=text), "column"
    for value in (5, None, "sql", "Cypher", "", [], {}, b"gql", True):
        yield add(language=value), "there is no language"
    for value in (5, None, 1.5, True, b"s", print):
        yield add(sources=value), "sources must be a list"
    yield add(sources=[]), "at least one source"
    for value in (5, None, 1.5, b"s", print, []):
        yield add(sources=[value]), "sources[0]"
        yield add(sources=["s", {"id": value}]), "sources[1].id"
        yield add(sources=[{"id": "s", "pipeline": [value]}]), "sources[0].pipeline[0]"
    for value in ("t", "S", "query:q", "query:z", "query:", "q", "__component__"):
        yield add(sources=[value]), "'q'" if value == "query:q" else "there is no"
    for key in ("ID", "idd", "source", "pipelines", "x"):
        yield add(sources=[{"id": "s", key: "x"}]), "sources[0]"
    for value in ("x", 5, {}, True):
        yield add(sources=[{"id": "s", "pipeline": value}]), "pipeline"
    for value in (5, "a", [1], True, {1: 2}, [("a", 1)], {None: 1}):
        yield add(parameters=value), "parameters must be a mapping"
    for value in (object(), {1}, 2**63, b"x", endless_list()):
        yield (
            add(text="MATCH (n:A) WHERE n.x = $p RETURN n.x AS x", parameters={"p": value}),
            "$p",
        )
    for value in (5, None, "yes", [], 1.5):
        yield add(auto_start=value), "auto_start must be true or false"
    for value in ("id", ["id"], 5, {}):
        yield add(key=value), "key"
    for value in (5, None, "J", {"id": "J"}, True, b"J"):
        yield add(joins=value), "joins must be a list"
    for value in (5, None, "map", {"kind": "map"}, True):
        yield add(middleware=value), "middleware must be a list"
    for id_ in (5, None, "", [], b"q", 1.5):
        yield lambda rt, id_=id_: rt.add_query(id_, ROWS, sources=["s"]), "an id must be a text"
    for option in ("joints", "source", "txt", ""):
        yield (
            lambda rt, option=option: rt.update_query("q", **{option: []}),
            f"no option {option!r}",
        )


def join_cases() -> Iterator[Case]:
    for value in ODD:
        yield add(joins=[value]), "joins[0]"
        yield add(joins=[{"id": value, "keys": [KEY, KEY]}]), "joins[0].id"
        yield add(joins=[{"id": "J", "keys": value}]), "joins[0].keys"
        yield add(joins=[{"id": "J", "keys": [KEY, value]}]), "joins[0].keys[1]"
        yield (
            add(joins=[{"id": "J", "keys": [{**KEY, "label": value}, KEY]}]),
            "joins[0].keys[0].label",
        )
        yield (
            add(joins=[{"id": "J", "keys": [KEY, {**KEY, "property": value}]}]),
            "joins[0].keys[1].property",
        )
    for missing in ("id", "keys"):
        join = {"id": "J", "keys": [KEY, KEY]}
        del join[missing]
        yield add(joins=[join]), f"joins[0]: the key {missing!r} is missing"
    for key in ("ids", "key", "x", 5, None, ""):
        yield add(joins=[{"id": "J", "keys": [KEY, KEY], key: 1}]), "joins[0]"
        yield add(joins=[{"id": "J", "keys": [KEY, {**KEY, key: 1}]}]), "joins[0].keys[1]"
    for count in (0, 1):
        yield add(joins=[{"id": "J", "keys": [KEY] * count}]), f"got {count}"
    yield add(joins=[{"id": "J", "keys": [KEY, KEY]}] * 2), "joins[1].id"


CONFIGS: dict[str, dict[str, Any]] = {
    "map": {"A": {"insert": [{"selector": "$", "label": "B", "id": "$.id"}]}},
    "unwind": {"A": [{"selector": "$.items[*]", "label": "B", "key": "$.k"}]},
    "promote": {"mappings": [{"path": "$.a.b", "target_name": "b"}]},
    "relabel": {"labelMappings": {"A": "B"}},
    "decoder": {"encoding_type": "base64", "target_property": "x"},
    "parse_json": {"target_property": "x"},
    "jq": {"A": {"insert": [{"query": ".", "label": '"B"', "id": ".id"}]}},
}  # fmt: skip


def spoiled(value: Any) -> Iterator[Any]:
    """Yield a configuration with one leaf or branch replaced by what cannot stand there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: bad} for bad in spoiled(inner))
            yield {**{k: v for k, v in value.items() if k != key}, f"{key}zz": inner}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], bad, *value[place + 1 :]] for bad in spoiled(inner))
    yield from (5, 1.5, True, b"x", print)


def middleware_cases() -> Iterator[Case]:
    for value in (5, None, 1.5, True, [], b"x", "map", {}, int):
        yield add(middleware=[value]), "middleware[0]"
    for kind, config in CONFIGS.items():
        whole = {"kind": kind, "name": "m", **config}
        yield add(middleware=[{**whole, "kind": f"{kind}x"}]), "unknown kind of middleware"
        for missing in ("kind", "name"):
            short = {key: value for key, value in whole.items() if key != missing}
            yield add(middleware=[short]), f"the key {missing!r} is missing"
        for bad in spoiled(config):
            if isinstance(bad, dict):
                inner = {"kind": kind, "name": "m", "config": bad}
                if not is_good(inner):
                    yield add(middleware=[inner]), "middleware[0]"
            else:
                yield (
                    add(middleware=[{"kind": kind, "name": "m", "config": bad}]),
                    "middleware[0].config",
                )
        for value in (5, None, [], b"x", ""):
            yield add(middleware=[{**whole, "kind": value}]), "middleware[0].kind"
            yield add(middleware=[{**whole, "name": value}]), "middleware[0].name"
        yield (
            add(middleware=[whole, whole], sources=[{"id": "s", "pipeline": ["m"]}]),
            "middleware[1].name",
        )


def is_good(config: Any) -> bool:
    """Return whether a spoiled configuration is a right one still, such as another label."""
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        try:
            rt.add_query("q", ROWS, sources=["s"], middleware=[config])
        except dnb.ConfigError:
            return False
    return True


# -- settings, clocks, components ----------------------------------------------------------

COUNTS = (
    "kept_events", "kept_rejected", "most_trails", "most_versions", "most_queued", "reaction_pause_ms",
    "most_pending", "lateness_ms", "reaction_retries",
)  # fmt: skip


def setting_cases() -> Iterator[Case]:
    for name in COUNTS:
        for value in (-1, 1.5, NAN, "5", None, True, [], 2**64, b"1"):
            yield lambda _rt, n=name, v=value: dnb.RuntimeConfig(**{n: v}), name
    for name in ("slice_s", "backlog_slice_s", "pause_s"):
        for value in (0, -1, NAN, "5", None, True, [], float("inf")):
            yield lambda _rt, n=name, v=value: dnb.RuntimeConfig(**{n: v}), name
    for value in (-1, 1.5, "5", True, []):
        yield lambda _rt, v=value: dnb.RuntimeConfig(kept_versions_ms=v), "kept_versions_ms"
    for value in ("drop", "", None, 5, "FLUSH", [], True):
        yield lambda _rt, v=value: dnb.RuntimeConfig(overflow=v), "overflow"
    yield lambda _rt: dnb.RuntimeConfig(slice_s=0.5), "backlog_slice_s"
    for value in (5, "config", {}, [], print, dnb.RuntimeConfig):
        yield lambda _rt, v=value: dnb.Runtime(config=v), "config must be a RuntimeConfig"
        yield lambda _rt, v=value: dnb.Runtime(clock=v), "clock must be a Clock"


def clock_cases() -> Iterator[Case]:
    for start in (
        "now",
        1.5,
        None,
        NAN,
        True,
        [],
        2**43,
        -(2**63),
        10**5000,
        b"0",
        dt.date(2024, 1, 1),
    ):
        yield lambda _rt, v=start: dnb.VirtualClock(v), "a clock starts at"
    for value in (
        "soon",
        "",
        " ",
        "10",
        "m",
        "-1s",
        "1x",
        "1 fortnight",
        "s1",
        "10 m 5",
        "1e3s",
        -1,
        -0.5,
        NAN,
        None,
        [],
        True,
        float("inf"),
        2**50,
        dt.timedelta(-1),
        dt.timedelta.max,
        b"1s",
        print,
        "99999999999d",
    ):
        yield lambda rt, v=value: rt.clock.advance(v), "duration"


def component_cases() -> Iterator[Case]:
    for id_ in ("z", "", 5, None, [], {}, b"s", 1.5, ("s",)):
        for deed in ("start", "stop", "remove", "component", "update_query"):
            extra = (ROWS,) if deed == "update_query" else ()
            yield lambda rt, i=id_, d=deed, e=extra: getattr(rt, d)(i, *e), f"{id_!r}"
        yield lambda rt, i=id_: rt.snapshot([i]), f"{id_!r}"
        yield lambda rt, i=id_: rt.add_reaction("r2", [i], print), f"{id_!r}"
        if id_ != "z":
            yield lambda rt, i=id_: rt.add_source(i, dnb.PushSource()), "an id must be a text"
            yield lambda rt, i=id_: rt.add_reaction(i, ["q"], print), "an id must be a text"
    for source in (5, None, "s", [], print, dnb.PushSource, {}, dnb.VirtualClock(0)):
        yield lambda rt, s=source: rt.add_source("t", s), "source 't'"
    for reaction in (5, None, "r", [], {}, b"r", 1.5):
        yield (
            lambda rt, r=reaction: rt.add_reaction("r", ["q"], r),
            "reaction 'r' must be callable",
        )
    for queries in (5, None, 1.5, True):
        yield lambda rt, q=queries: rt.add_reaction("r", q, print), "reaction 'r'"
    for ids in (5, None, "q", True):
        yield lambda rt, i=ids: rt.snapshot(i), "snapshot() takes a list"
    for taken in ("q", "r"):
        yield (
            lambda rt, i=taken: rt.add_source(i, dnb.PushSource()),
            f"{taken!r} is the id of a",
        )
    for used in ("s", "q"):
        yield lambda rt, i=used: rt.remove(i), f"{used!r} is used by"


def replay_cases() -> Iterator[Case]:
    for value in (5, None, "abc", {}, b"x", 1.5, print):
        yield lambda _rt, v=value: dnb.ReplaySource(v), "expected change dicts or a frame"
    for value in (5, None, "abc", [], b"x"):
        yield lambda _rt, v=value: dnb.ReplaySource([v]), "change 0"
    for value in (None, "now", [], True, {}, b"1", NAN, float("inf")):
        yield lambda _rt, v=value: dnb.ReplaySource([{**GOOD, "at": v}], time="at"), "change 0"
    for speed in (0, -1, NAN, "fast", None, [], True):
        yield lambda _rt, v=speed: dnb.ReplaySource([], speed=v), "speed"
    for name in (5, None, [], True):
        yield lambda _rt, v=name: dnb.ReplaySource([], time=v), "time"
