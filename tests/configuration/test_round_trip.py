"""``from_config(to_config())`` has the same components, definitions and settings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import drasi_nb as dnb
from drasi_nb.runtime.configuration.yaml_text import read_file, to_yaml
from drasi_nb.values.change import stored_value

texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from("${}'\": -#\n\r\t\x85\u2028~"),
    ),
    max_size=12,
)
words = st.sampled_from(
    [
        "on",
        "yes",
        "null",
        "~",
        "1e5",
        "0o14",
        "010",
        "1_000",
        "2024-01-01",
        ".5",
        "1:30",
        "=",
        "<<",
    ]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), texts, words
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts | words, inner, max_size=3)
    ),
    max_leaves=6,
)
moments = st.one_of(
    st.dates(), st.datetimes(), st.timedeltas(), st.times()
).map(stored_value)  # fmt: skip
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    lambda id_: id_.strip() and not id_.startswith("query:")
)


def same(a: Any, b: Any) -> bool:
    """Equal, with kinds told apart and NaN equal to itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


@settings(deadline=None, max_examples=60)
@given(
    documents=st.lists(
        st.dictionaries(texts | words, values, min_size=1), min_size=1, max_size=3
    )
)
def test_what_is_written_as_yaml_reads_back(
    tmp_path_factory: Any, documents: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "values.yaml"
    path.write_text(to_yaml(documents), encoding="utf-8", newline="")
    assert same(read_file(path).values, documents)


@st.composite
def runtimes(draw: st.DrawFn) -> dnb.Runtime:
    config = dnb.RuntimeConfig(
        lateness_ms=draw(st.integers(0, 100)),
        slice_s=draw(st.floats(0.001, 0.01)),
        overflow=draw(st.sampled_from(["flush", "reject", "drop_oldest"])),
        kept_versions_ms=draw(st.none() | st.integers(1, 9)),
    )
    clock = dnb.VirtualClock(draw(st.integers(0, 10**12)))
    rt = dnb.Runtime(clock=clock, config=config)
    names = draw(st.lists(ids, min_size=2, max_size=5, unique=True))
    sources, queries = names[: len(names) // 2], names[len(names) // 2 :]
    for id_ in sources:
        rt.add_source(
            id_, dnb.PushSource(on_error=draw(st.sampled_from(["reject", "keep_good"])))
        )
        if draw(st.booleans()):
            rt.stop(id_)
    for place, id_ in enumerate(queries):
        parameters = {
            f"p{i}": v for i, v in enumerate(draw(st.lists(values | moments, max_size=3)))
        }
        conditions = "".join(f" AND n.x = ${name}" for name in parameters)
        note = draw(st.sampled_from(["", "// ${HOME}", "\n", "\n  // $${x}\n"]))
        middleware = draw(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "kind": st.just("relabel"),
                        "config": st.fixed_dictionaries(
                            {"labelMappings": st.dictionaries(ids, ids, min_size=1, max_size=2)}
                        ),
                    }
                ),
                max_size=2,
            )
        )
        for i, one in enumerate(middleware):
            one["name"] = f"m{i}"
        upstream: list[Any] = [draw(st.sampled_from(sources))]
        if middleware and draw(st.booleans()):
            upstream = [{"id": upstream[0], "pipeline": ["m0"]}]
        upstream += [f"query:{draw(st.sampled_from(queries[:place]))}"] if place else []
        text = f"MATCH (n:A) WHERE true{conditions} RETURN n.x AS x {note}"
        joins = [{"id": "J", "keys": [{"label": "A", "property": draw(ids)}] * 2}]
        rt.add_query(
            id_,
            text,
            sources=upstream,
            language=draw(st.sampled_from(["cypher", "gql"])),
            parameters=parameters,
            joins=joins if draw(st.booleans()) else (),
            middleware=middleware,
            auto_start=draw(st.booleans()),
        )
    return rt


@settings(deadline=None, max_examples=60)
@given(rt=runtimes(), in_file=st.booleans())
def test_a_runtime_is_made_again(
    tmp_path_factory: Any, rt: dnb.Runtime, *, in_file: bool
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "runtime.yaml"
    config = rt.to_config(path)
    again = dnb.Runtime.from_config(path if in_file else config)
    assert {c.id: (c.kind, c.status) for c in again.component_list()} == {
        c.id: (c.kind, c.status) for c in rt.component_list()
    }
    assert again.config == rt.config and again.clock.now_ms() == rt.clock.now_ms()
    for id_, source in rt.sources.items():
        assert again.sources[id_].on_error == source.on_error
    for id_, query in rt.queries.items():
        made, given_ = again.queries[id_].definition, query.definition
        assert (made.text, made.sources, made.language) == (
            given_.text, given_.sources, given_.language,
        )  # fmt: skip
        assert same(dict(made.parameters), dict(given_.parameters))
        assert (made.joins, made.middleware, made.auto_start) == (
            given_.joins, given_.middleware, given_.auto_start,
        )  # fmt: skip
    assert same(again.to_config(), config)
    for format_ in ("drasi-server", "drasi-platform"):
        out = rt.to_config(format=format_)
        back = read_back(path, out.text)
        assert same(back, out.documents)
    rt.close()
    again.close()


def read_back(path: Path, text: str) -> list[Any]:
    path.write_text(text, encoding="utf-8", newline="")
    return read_file(path).values
