"""Environment variables in configurations."""

from __future__ import annotations

from typing import Any

import pytest

import drasi_nb as dnb
from drasi_nb.middleware.configuration import Setting
from drasi_nb.runtime.configuration.environment import escaped, resolved, text_of

VARIABLES = {"NAME": "Ada", "NUMBER": "5", "EMPTY": "", "TRICK": "${NAME}", "WORD": "true"}


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNSET", raising=False)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def envelope(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "EnvironmentVariable", "name": name, **more}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("${NAME}", "Ada"),
        ("${NUMBER}", 5),
        ("${WORD}", True),
        ("no ${NUMBER}", "no 5"),
        ("${NAME}-${NUMBER}", "Ada-5"),
        ("${UNSET:-x}", "x"),
        ("${UNSET:-2.5}", 2.5),
        ("${EMPTY:-x}", "x"),
        ("${NAME:-x}", "Ada"),
        ("${TRICK}", "${NAME}"),
        ("$${NAME}", "${NAME}"),
        ("$NAME {NAME} ${1}", "$NAME {NAME} ${1}"),
        ("5", "5"),
        (envelope("NUMBER"), 5),
        (envelope("UNSET", default="y"), "y"),
        (envelope("TRICK"), "${NAME}"),
        ({"a": ["${NAME}", 1, None]}, {"a": ["Ada", 1, None]}),
    ],
)
def test_variables_are_put_in(given: Any, expected: Any) -> None:
    value = resolved(Setting(given, "x"))
    assert value == expected and type(value) is type(expected)


def test_a_text_stays_text() -> None:
    assert text_of(Setting("${NUMBER}", "x")) == "5"
    assert text_of(Setting(envelope("NUMBER"), "x")) == "5"


@pytest.mark.parametrize("text", ["${A}", "$${A}", "$$${A}", "$", "${", "{}$$", "a${b:-c}$"])
def test_what_is_escaped_comes_back(text: str) -> None:
    assert resolved(Setting(escaped([text]), "x")) == [text]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            "${UNSET}",
            "x: the environment variable 'UNSET' is not set; set it, or give a default",
        ),
        ("${EMPTY}", "'EMPTY' is not set"),
        (envelope("UNSET"), "'UNSET' is not set"),
        ({"a": "${UNSET}"}, "x.a: "),
        ({"kind": "Secret", "name": "key"}, "x: the secret 'key' has no store here"),
        ({"kind": "Secret", "name": ["key"], "key": "k"}, "has no store here"),
    ],
)
def test_what_is_not_there_is_named(given: Any, says: str) -> None:
    with pytest.raises(dnb.ConfigError) as caught:
        resolved(Setting(given, "x"))
    assert says in str(caught.value)


def test_in_a_whole_configuration() -> None:
    config = {
        "sources": [{"kind": "${KIND:-mock}", "id": "${NAME}", "autoStart": "${WORD}"}],
        "queries": [
            {
                "id": "q${NUMBER}",
                "query": "MATCH (n:A) WHERE n.x > ${NUMBER} RETURN n.x AS x",
                "queryLanguage": "${LANGUAGE:-Cypher}",
                "sources": [{"sourceId": "${NAME}"}],
            }
        ],
    }
    rt = dnb.Runtime.from_config(config)
    assert rt.queries["q5"].text == "MATCH (n:A) WHERE n.x > 5 RETURN n.x AS x"
    assert list(rt.sources) == ["Ada"]
