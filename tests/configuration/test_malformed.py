"""Every malformed configuration is answered by an error that names the place, and nothing is built."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.errors import ConfigError

GOOD: dict[str, Any] = {
    "apiVersion": "drasi_nb/v1",
    "clock": {"kind": "virtual", "start": 0},
    "config": {"lateness_ms": 1},
    "sources": [{"id": "s", "kind": "push", "settings": {"on_error": "reject"}}],
    "queries": [
        {
            "id": "q",
            "query": "MATCH (n:A) WHERE n.x > $least RETURN n.x AS x",
            "language": "cypher",
            "sources": [{"id": "s", "pipeline": ["m"]}],
            "parameters": {"least": 1},
            "joins": [
                {
                    "id": "J",
                    "keys": [
                        {"label": "A", "property": "x"},
                        {"label": "B", "property": "x"},
                    ],
                }
            ],
            "middleware": [{"kind": "relabel", "name": "m", "labelMappings": {"a": "A"}}],
        },
        {"id": "over", "query": "MATCH (n:q) RETURN n.x AS x", "sources": ["query:q"]},
    ],
    "reactions": [{"id": "r", "kind": "bell", "queries": ["q"], "settings": {"times": 1}}],
}
SERVER: dict[str, Any] = {
    "apiVersion": "drasi.io/v1",
    "sources": [{"kind": "mock", "id": "s", "intervalMs": 5}],
    "queries": [
        {
            "id": "q",
            "query": "MATCH (n:A) RETURN n.x AS x",
            "queryLanguage": "Cypher",
            "sources": [{"sourceId": "s", "nodes": ["A"], "pipeline": ["m"]}],
            "middleware": [
                {"kind": "relabel", "name": "m", "config": {"labelMappings": {"a": "A"}}}
            ],
        }
    ],
    "reactions": [{"kind": "log", "id": "r", "queries": ["q"], "autoStart": True}],
}
PLATFORM: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Source", "name": "s", "spec": {"kind": "PostgreSQL"}},
    {
        "apiVersion": "v1",
        "kind": "ContinuousQuery",
        "name": "q",
        "spec": {
            "mode": "query",
            "query": "MATCH (n:A) RETURN n.x AS x",
            "sources": {
                "subscriptions": [{"id": "s", "nodes": [{"sourceLabel": "A"}], "pipeline": []}],
                "middleware": [{"kind": "relabel", "name": "m", "labelMappings": {"a": "A"}}],
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Reaction",
        "name": "r",
        "spec": {"kind": "Debug", "queries": {"q": ""}},
    },
]
GONE = object()
made: list[object] = []


class Bell:
    def __init__(self, times: int) -> None:
        if times < 1:
            raise ValueError("times must be at least 1")
        made.append(self)

    def __call__(self, delta: dnb.Delta) -> None:
        """Ring."""


class Shy(dnb.PushSource):
    def start(self) -> None:
        raise RuntimeError("not today")


KINDS: dict[str, Any] = {"bell": Bell, "odd": lambda: 5, "source/shy": Shy}
Way = tuple[str | int, ...]

# (where it is changed, into what, the place that the error names, what it says)
OURS: list[tuple[Way, Any, str, str]] = [
    (("apiVersion",), "drasi_nb/v2", "apiVersion", "unknown version"),
    (("apiVersion",), 5, "apiVersion", "expected text, got int 5"),
    (("souces",), [], "souces", "did you mean 'sources'"),
    (("clock",), "virtual", "clock", "expected a mapping"),
    (("clock", "kind"), "atomic", "clock.kind", "unknown clock 'atomic'"),
    (("clock", "start"), GONE, "clock", "'start' is missing"),
    (("clock", "start"), "noon", "clock.start", "expected ms"),
    (("clock",), {"kind": "system", "start": 5}, "clock.start", "has no start"),
    (("config",), [], "config", "expected a mapping"),
    (("config", "latness_ms"), 5, "config.latness_ms", "did you mean 'lateness_ms'"),
    (("config", "lateness_ms"), -1, "config.lateness_ms", "must be at least 0"),
    (("config", "lateness_ms"), "5", "config.lateness_ms", "expected an integer"),
    (("config", "lateness_ms"), True, "config.lateness_ms", "expected an integer"),
    (("config", "slice_s"), "fast", "config.slice_s", "expected a number"),
    (("config", "slice_s"), 0, "config.slice_s", "must be above 0"),
    (("config", "overflow"), "explode", "config.overflow", "must be one of"),
    (("config", "overflow"), 5, "config.overflow", "expected text"),
    (("sources",), {"s": {}}, "sources", "expected a list"),
    (("sources", 0), "s", "sources[0]", "expected a mapping"),
    (("sources", 0, "id"), GONE, "sources[0]", "'id' is missing"),
    (("sources", 0, "id"), "", "sources[0].id", "must not be empty"),
    (("sources", 0, "id"), 7, "sources[0].id", "expected text, got int 7"),
    (("sources", 0, "id"), "query:q", "sources[0].id", "choose another"),
    (("sources", 0, "id"), "__components__", "sources[0].id", "choose another"),
    (("sources", 0, "id"), "q", "queries[0]", "that of sources[0] too"),
    (("sources", 0, "kind"), GONE, "sources[0]", "'kind' is missing"),
    (("sources", 0, "kind"), "pusch", "sources[0].kind", "did you mean 'push'"),
    (("sources", 0, "kind"), "postgres", "sources[0].kind", "of source 's'; known are bell"),
    (("sources", 0, "kind"), "odd", "sources[0].settings.on_error", "there are no settings"),
    (("sources", 0, "settings"), [], "sources[0].settings", "expected a mapping"),
    (("sources", 0, "settings", "on_eror"), 1, "sources[0].settings.on_eror", "'on_error'"),
    (("sources", 0, "settings", "on_error"), "shrug", "sources[0].settings", "'shrug'"),
    (("sources", 0, "settings", "on_error"), "${NO_SUCH}", "sources[0].settings.on_error",
     "'NO_SUCH' is not set"),
    (("sources", 0, "settings", "on_error"), {"kind": "Secret", "name": "x"},
     "sources[0].settings.on_error", "the secret 'x' has no store"),
    (("sources", 0, "auto_start"), "perhaps", "sources[0].auto_start", "expected true or false"),
    (("sources", 0), {"id": "s", "kind": "odd"}, "sources[0].settings", "which is no source"),
    (("sources", 0), {"id": "s", "kind": "shy"}, "sources[0]", "not today"),
    (("sources", 0), {"id": "s", "kind": "replay"}, "sources[0].settings", "'path' is missing"),
    (("sources", 0), {"id": "s", "kind": "replay", "settings": {"path": "/no/such"}},
     "sources[0].settings", "FileNotFoundError"),
    (("sources", 0), {"id": "s", "kind": "stand-in"}, "sources[0]", "need each other"),
    (("sources", 0, "stands_for"), {"kind": "http"}, "sources[0]", "need each other"),
    (("sources", 0), {"id": "s", "kind": "stand-in", "stands_for": {"kind": 5}},
     "sources[0].stands_for.kind", "expected text"),
    (("sources", 0), {"id": "s", "kind": "stand-in", "stands_for": {"kind": "x", "format": "y"}},
     "sources[0].stands_for.format", "unknown format"),
    (("queries",), "q", "queries", "expected a list"),
    (("queries", 0, "id"), GONE, "queries[0]", "'id' is missing"),
    (("queries", 0, "id"), "over", "queries[1]", "that of queries[0] too"),
    (("queries", 0, "text"), "x", "queries[0].text", "unknown key 'text'"),
    (("queries", 0, "query"), GONE, "queries[0]", "'query' is missing"),
    (("queries", 0, "query"), "", "queries[0].query", "must not be empty"),
    (("queries", 0, "query"), ["MATCH"], "queries[0].query", "expected text"),
    (("queries", 0, "query"), "MATCH (n:A RETURN n", "queries[0].query", "expected ')'"),
    (("queries", 0, "query"), "MATCH (n:A) RETURN m", "queries[0].query", "^ column 20"),
    (("queries", 0, "query"), "CREATE (n)", "queries[0].query", "writes to the graph"),
    (("queries", 0, "language"), "sql", "queries[0].language", "unknown language 'sql'"),
    (("queries", 0, "sources"), GONE, "queries[0]", "'sources' is missing"),
    (("queries", 0, "sources"), [], "queries[0].sources", "at least one source"),
    (("queries", 0, "sources"), "s", "queries[0].sources", "expected a list"),
    (("queries", 0, "sources", 0), 5, "queries[0].sources[0]", "expected a mapping"),
    (("queries", 0, "sources", 0, "id"), "t", "queries[0].sources[0]", "unknown source 't'"),
    (("queries", 0, "sources", 0, "id"), 5, "queries[0].sources[0].id", "expected text"),
    (("queries", 0, "sources", 0, "pipe"), [], "queries[0].sources[0].pipe", "'pipeline'"),
    (("queries", 0, "sources", 0, "pipeline"), ["k"], "queries[0].sources[0].pipeline[0]",
     "unknown middleware 'k'"),
    (("queries", 0, "sources", 0), "query:over", "queries[0].sources", "depend on itself"),
    (("queries", 0, "sources", 0), "query:q", "queries[0].sources", "depend on itself"),
    (("queries", 0, "sources", 0), "query:no", "queries[0].sources[0]", "'query:no'"),
    (("queries", 0, "parameters"), [1], "queries[0].parameters", "expected a mapping"),
    (("queries", 0, "parameters"), {}, "queries[0].query", "$least"),
    (("queries", 0, "parameters", "least"), {"$temporal": "moment", "text": "x"},
     "queries[0].parameters.least.$temporal", "unknown temporal kind"),
    (("queries", 0, "parameters", "least"), {"$temporal": "date", "text": "soon"},
     "queries[0].parameters.least.text", "soon"),
    (("queries", 0, "parameters", "least"), {"$temporal": "date"},
     "queries[0].parameters.least", "'text' is missing"),
    (("queries", 0, "parameters", "least"), {5: 6}, "queries[0].parameters.least", "key"),
    (("queries", 0, "parameters", "least"), "${NO_SUCH}", "queries[0].parameters.least",
     "${NO_SUCH:-value}"),
    (("queries", 0, "joins"), {}, "queries[0].joins", "expected a list"),
    (("queries", 0, "joins", 0, "id"), GONE, "queries[0].joins[0]", "'id' is missing"),
    (("queries", 0, "joins", 0, "keys"), [], "queries[0].joins[0].keys", "two keys"),
    (("queries", 0, "joins", 0, "keys", 1, "labl"), 1, "queries[0].joins[0].keys[1].labl",
     "'label'"),
    (("queries", 0, "middleware", 0, "kind"), "relable", "queries[0].middleware[0].kind",
     "did you mean 'relabel'"),
    (("queries", 0, "middleware", 0, "labelMappings"), {}, "queries[0].middleware[0].label",
     "at least one label"),
    (("queries", 0, "middleware", 0, "name"), GONE, "queries[0].middleware[0]", "'name'"),
    (("queries", 0, "auto_start"), 1, "queries[0].auto_start", "expected true or false"),
    (("queries", 0, "autoStart"), None, "", ""),
    (("reactions",), 5, "reactions", "expected a list"),
    (("reactions", 0, "kind"), "bel", "reactions[0].kind", "'bell'"),
    (("reactions", 0, "queries"), GONE, "reactions[0]", "'queries' is missing"),
    (("reactions", 0, "queries"), ["p"], "reactions[0].queries[0]", "unknown query 'p'"),
    (("reactions", 0, "queries"), [1], "reactions[0].queries[0]", "expected text"),
    (("reactions", 0, "id"), "s", "reactions[0]", "that of sources[0] too"),
    (("reactions", 0, "settings"), {}, "reactions[0].settings", "'times' is missing"),
    (("reactions", 0, "settings", "times"), 0, "reactions[0].settings", "at least 1"),
]  # fmt: skip
SERVERS: list[tuple[Way, Any, str, str]] = [
    (("prot",), 5, "prot", "did you mean 'port'"),
    (("sources", 0, "kind"), GONE, "sources[0]", "'kind' is missing"),
    (("sources", 0, "id"), {"kind": "Secret", "name": "x"}, "sources[0].id", "the secret 'x'"),
    (("sources", 0, "id"), {"kind": "EnvironmentVariable", "name": "NO_SUCH"}, "sources[0].id",
     "'NO_SUCH' is not set"),
    (("sources", 0, "kind"), "odd", "sources[0].intervalMs", "there are no settings"),
    (("queries", 0, "language"), "GQL", "queries[0].language", "'queryLanguage'"),
    (("queries", 0, "queryLanguage"), "SQL", "queries[0].queryLanguage", "unknown language"),
    (("queries", 0, "query"), "MATCH (n:A RETURN n", "queries[0].query", "expected ')'"),
    (("queries", 0, "sources"), [], "queries[0].sources", "at least one source"),
    (("queries", 0, "sources", 0, "id"), "s", "queries[0].sources[0].id", "'sourceId'"),
    (("queries", 0, "sources", 0, "nodes"), "A", "queries[0].sources[0].nodes", "a list"),
    (("queries", 0, "sources", 0, "pipeline"), ["k"], "queries[0].sources[0].pipeline[0]",
     "unknown middleware 'k'"),
    (("queries", 0, "middleware", 0, "config"), {}, "queries[0].middleware[0].config",
     "'labelMappings' is missing"),
    (("reactions", 0, "queries"), ["p"], "reactions[0].queries[0]", "unknown query 'p'"),
    (("reactions", 0, "autoStart"), "si", "reactions[0].autoStart", "expected true or false"),
    (("instances",), [{"id": "a"}, {"id": "a"}], "instances[1].id", "another instance"),
    (("instances",), [{"id": "a"}, {"id": "b"}], "instances", "2 instances"),
    (("instances",), [{"sources": []}], "instances[0]", "'id' is missing"),
    (("apiVersion",), "drasi.io/v9", "apiVersion", "'drasi.io/v1'"),
]  # fmt: skip
PLATFORMS: list[tuple[Way, Any, str, str]] = [
    ((0, "kind"), "Sorce", "documents[0].kind", "did you mean 'Source'"),
    ((0, "kind"), GONE, "documents[0]", "'kind' is missing"),
    ((0, "name"), GONE, "documents[0]", "'name' is missing"),
    ((0, "apiVersion"), "v2", "documents[0].apiVersion", "unknown version"),
    ((0, "spec"), GONE, "documents[0]", "'spec' is missing"),
    ((0, "spec", "props"), {}, "documents[0].spec.props", "'properties'"),
    ((1, "spec", "mode"), "push", "documents[1].spec.mode", "unknown mode"),
    ((1, "spec", "mode"), GONE, "documents[1].spec", "'mode' is missing"),
    ((1, "spec", "query"), "MATCH", "documents[1].spec.query", "expected"),
    ((1, "spec", "sources"), GONE, "documents[1]", "at least one source"),
    ((1, "spec", "sources", "subscriptions"), [], "documents[1].spec.sources.subscriptions",
     "at least one source"),
    ((1, "spec", "sources", "subscriptions", 0, "id"), "t",
     "documents[1].spec.sources.subscriptions[0]", "unknown source 't'"),
    ((1, "spec", "sources", "subscriptions", 0, "nodes"), ["A"],
     "documents[1].spec.sources.subscriptions[0].nodes[0]", "expected a mapping"),
    ((1, "spec", "sources", "middleware", 0, "kind"), "x",
     "documents[1].spec.sources.middleware[0].kind", "unknown kind of middleware"),
    ((2, "spec", "queries"), ["q"], "documents[2].spec.queries", "expected a mapping"),
    ((2, "spec", "queries"), {"p": ""}, "documents[2].spec.queries.p", "unknown query 'p'"),
    ((2, "name"), "q", "documents[2]", "that of documents[1] too"),
]  # fmt: skip


def changed(base: Any, way: Way, into: Any) -> Any:
    out = copy.deepcopy(base)
    inner = out
    for step in way[:-1]:
        inner = inner[step]
    if into is GONE:
        del inner[way[-1]]
    else:
        inner[way[-1]] = into
    return out


def check(config: Any, place: str, says: str) -> None:
    made.clear()
    if not place:
        dnb.Runtime.from_config(config, kinds=KINDS).close()
        return
    with pytest.raises(ConfigError) as caught:
        dnb.Runtime.from_config(config, kinds=KINDS)
    assert caught.value.place is not None and caught.value.place.startswith(place)
    assert str(caught.value).startswith(place) and says in str(caught.value)


def test_the_unchanged_ones_are_right() -> None:
    for config in (GOOD, SERVER, PLATFORM):
        rt = dnb.Runtime.from_config(config, kinds=KINDS)
        assert rt.component("q").status == "Running"


@pytest.mark.parametrize(("way", "into", "place", "says"), OURS)
def test_our_own(way: Way, into: Any, place: str, says: str) -> None:
    check(changed(GOOD, way, into), place, says)


@pytest.mark.parametrize(("way", "into", "place", "says"), SERVERS)
def test_drasi_server(way: Way, into: Any, place: str, says: str) -> None:
    check(changed(SERVER, way, into), place, says)


@pytest.mark.parametrize(("way", "into", "place", "says"), PLATFORMS)
def test_drasi_platform(way: Way, into: Any, place: str, says: str) -> None:
    check(changed(PLATFORM, way, into), place, says)


# (the text of a file, what the error says)
FILES: list[tuple[str, str]] = [
    ("", ": the configuration: there is nothing in it"),
    ("5", ", line 1: the configuration: expected a mapping"),
    ("a: [1,\nb: 2", ", line 2: no YAML: expected ',' or ']'"),
    ("sources:\n- id: s\n  id: t\n", ", line 3: the key 'id' is there twice"),
    ("sources: !!python/object:os.system {}\n", ", line 1: the tag"),
    ("sources: !!timestamp 2024-01-01\n", ", line 1: the tag"),
    ("? [a]\n: b\n", ", line 1: a key must be one word"),
    ("a: &a [*a]\n", ", line 1: an alias stands for what it is in"),
    ("a: *b\n", ", line 1: no YAML: found undefined alias"),
    ("\tsources: []\n", ", line 1: no YAML"),
    ("a: \x01\n", ": no YAML: unacceptable character"),
    ("[" * 1_500, "nests too deep"),
    ("sources:\n- kind: mock\n", ", line 2: sources[0]: the key 'id' is missing"),
    (
        "queries:\n- id: q\n  query: |\n    MATCH (n\n  sources: [{sourceId: s}]\nsources: [{kind: mock, id: s}]\n",
        ", line 3: queries[0].query",
    ),
    ("hosts: x\n", ", line 1: hosts: unknown key 'hosts'"),
    ("apiVersion: v1\nkind: Source\nname: s\nspec: {}\n", ", line 4: spec: the key 'kind'"),
    ("---\nkind: Source\n---\n- 1\n", ", line 4: documents[1]: expected a mapping"),
]


@pytest.mark.parametrize(("text", "says"), FILES)
def test_files(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "server.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        dnb.Runtime.from_config(path)
    assert str(caught.value).startswith(str(path)) and says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1,}', "line 1: no JSON"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ('{"hosts": 1}', "unknown key 'hosts'"),
        ("[" * 100_000, "nests too deep"),
    ],
)
def test_json(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "server.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"server\.json") as caught:
        dnb.Runtime.from_config(path)
    assert says in str(caught.value)


def test_aliases_do_not_multiply(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    path = tmp_path / "many.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError, match="more than 200,000 values"):
        dnb.Runtime.from_config(path)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.yaml cannot be read: No such file"):
        dnb.Runtime.from_config(tmp_path / "no.yaml")
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match=r"bytes\.yaml cannot be read"):
        dnb.Runtime.from_config(str(path))


def test_a_fault_at_the_end_makes_nothing() -> None:
    made.clear()
    wrong = changed(GOOD, ("reactions", 0, "queries"), ["q", "nobody"])
    with pytest.raises(ConfigError, match=r"reactions\[0\].queries\[1\]"):
        dnb.Runtime.from_config(wrong, kinds=KINDS)
    assert made == [], "nothing is made before everything was checked"


def test_a_source_that_does_not_start_leaves_nothing_running() -> None:
    seen: list[dnb.Runtime] = []

    class Kept(dnb.Runtime):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            seen.append(self)

    config = changed(GOOD, ("sources", 0), {"id": "s", "kind": "shy"})
    with pytest.raises(ConfigError, match="not today"):
        Kept.from_config(config, kinds=KINDS)
    (rt,) = seen
    assert rt.is_closed and not rt.queries and not rt.reactions


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"format": "drasi"}, "did you mean 'drasi_nb'?"),
        ({"kinds": {"t": "x"}}, "to_config(kinds=...): there is no component 't'"),
        ({"skip": ["t"]}, "to_config(skip=...): there is no component 't'"),
        ({"kinds": {"s": {"port": 5}}}, "'s' needs a kind"),
    ],
)
def test_wrong_arguments_of_to_config(options: dict[str, Any], says: str) -> None:
    rt = dnb.Runtime()
    rt.add_source("s", dnb.PushSource())
    with pytest.raises(ConfigError) as caught:
        rt.to_config(**options)
    assert says in str(caught.value)


def test_what_cannot_be_written_is_named() -> None:
    class Stopwatch(dnb.VirtualClock):
        pass

    rt = dnb.Runtime(clock=dnb.VirtualClock(0))
    rt.add_source("r", dnb.ReplaySource([]))
    with pytest.raises(ConfigError, match=r"'r'.*changes in memory"):
        rt.to_config()
    rt.remove("r")
    rt.add_source("s", dnb.PushSource())
    tricky = {"m": {"$temporal": 1}}
    rt.add_query("q", "MATCH (n) RETURN $m AS m", sources=["s"], parameters=tricky)
    with pytest.raises(ConfigError, match=r"parameter 'm' of query 'q'.*\$temporal"):
        rt.to_config()
    with pytest.raises(ConfigError, match="class Stopwatch"):
        dnb.Runtime(clock=Stopwatch(0)).to_config()


@pytest.mark.parametrize("name", ["bell", "sink/bell", "source/", 5])
def test_a_kind_has_a_role(name: Any) -> None:
    with pytest.raises(ConfigError, match=r"'source/\.\.' or 'reaction/\.\.'"):
        dnb.kind(name)


def test_an_instance_is_drasi_servers() -> None:
    for config in (GOOD, PLATFORM, SERVER):
        with pytest.raises(ConfigError, match="instance"):
            dnb.Runtime.from_config(config, kinds=KINDS, instance="a")


@pytest.mark.parametrize("config", [None, 5, {1: 2}, [], ["x"], {"sources"}])
def test_what_is_no_configuration(config: Any) -> None:
    with pytest.raises(ConfigError):
        dnb.Runtime.from_config(config)
