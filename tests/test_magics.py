"""%%cypher, %%gql, %drasi and completion, in a real IPython shell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import drasi_nb as dnb
from drasi_nb import magics
from drasi_nb.views.completion import completions

ROOMS = "MATCH (r:Room) WHERE r.temperature > $limit RETURN r.name AS room"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "drasi_nb")
    yield shell
    shell.reset(new_session=False)
    InteractiveShell.clear_instance()


@pytest.fixture
def runtime(shell: InteractiveShell) -> dnb.Runtime:
    runtime = dnb.Runtime()
    building = runtime.add_source("building", dnb.PushSource())
    runtime.add_source("weather", dnb.PushSource())
    building.push(
        [
            {"op": "insert", "id": n, "labels": ["Room"],
             "properties": {"name": f"Room {n}", "temperature": 18 + n}}
            for n in range(5)
        ]
    )  # fmt: skip
    runtime.flush()
    shell.user_ns["runtime"] = runtime
    return runtime


def test_a_cell_binds_the_handle_and_returns_it(shell: Any, runtime: dnb.Runtime) -> None:
    shell.user_ns["limit"] = 20

    query = shell.run_cell_magic("cypher", "warm --source building", ROOMS)

    assert query is shell.user_ns["warm"] is runtime.queries["warm"]
    assert [row["room"] for row in query.rows()] == ["Room 3", "Room 4"]
    assert query.sources == ("building",)


def test_without_source_all_of_them(shell: Any, runtime: dnb.Runtime) -> None:
    shell.user_ns["limit"] = 0
    assert shell.run_cell_magic("cypher", "warm", ROOMS).sources == ("building", "weather")
    two = shell.run_cell_magic("cypher", "warm -s weather -s building", ROOMS)
    assert two.sources == ("weather", "building")


def test_a_cell_that_runs_again_replaces_its_query(shell: Any, runtime: dnb.Runtime) -> None:
    shell.user_ns["limit"] = 20
    first = shell.run_cell_magic("cypher", "warm", ROOMS)
    shell.user_ns["limit"] = 21

    assert shell.run_cell_magic("cypher", "warm", ROOMS) is first
    assert [row["room"] for row in first.rows()] == ["Room 4"]
    assert list(runtime.queries) == ["warm"]


def test_a_missing_parameter_is_the_engines_error(shell: Any, runtime: dnb.Runtime) -> None:
    with pytest.raises(dnb.QueryError) as caught:
        shell.run_cell_magic("cypher", "warm", ROOMS)

    assert "$limit" in str(caught.value)
    assert "warm" not in shell.user_ns


def test_parameters_of_any_spelling_are_found() -> None:
    names = {"a": 1, "b c": 2, "d": 3}
    assert magics.parameters_in("RETURN $a + $`b c` + $e", names) == {"a": 1, "b c": 2}


def test_a_wrong_query_shows_a_caret_and_no_traceback(
    shell: Any, runtime: dnb.Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%%cypher bad\nMATCH (r:Room]\nRETURN r")

    shown = capsys.readouterr().out
    assert "^ column 14" in shown
    assert "Traceback" not in shown
    assert "magics.py" not in shown


def test_other_errors_are_one_message(
    shell: Any, runtime: dnb.Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%%cypher warm --source nowhere\nMATCH (r:Room) RETURN r")

    shown = capsys.readouterr().out
    assert "there is no source 'nowhere'" in shown
    assert "Traceback" not in shown


def test_a_gql_cell_registers_too(shell: Any, runtime: dnb.Runtime) -> None:
    text = "MATCH (r IS Room) LET n = r.name FILTER n IS NOT NULL RETURN n"
    shell.run_cell_magic("gql", "named", text)
    assert shell.user_ns["named"].language == "gql"
    assert runtime.queries["named"].columns == ("n",)


@pytest.mark.parametrize("name", ["class", "two-words", "runtime", "building"])
def test_a_name_must_be_a_free_variable(shell: Any, runtime: dnb.Runtime, name: str) -> None:
    shell.user_ns["building"] = runtime.sources["building"]
    with pytest.raises(UsageError):
        shell.run_cell_magic("cypher", name, "MATCH (r:Room) RETURN r.name AS name")


def test_drasi_shows_stops_starts_and_drops(shell: Any, runtime: dnb.Runtime) -> None:
    shell.user_ns["limit"] = 20
    query = shell.run_cell_magic("cypher", "warm", ROOMS)

    assert shell.run_line_magic("drasi", "") is runtime
    shell.run_line_magic("drasi", "stop warm")
    assert query.status == "Stopped"
    shell.run_line_magic("drasi", "start warm")
    assert query.status == "Running"
    shell.run_line_magic("drasi", "drop warm")
    assert "warm" not in runtime.queries
    assert "warm" not in shell.user_ns


@pytest.mark.parametrize("line", ["stop", "explode warm"])
def test_drasi_needs_a_known_action_and_a_name(
    shell: Any, runtime: dnb.Runtime, line: str
) -> None:
    with pytest.raises(UsageError):
        shell.run_line_magic("drasi", line)


def test_a_default_runtime_is_made_once(shell: Any) -> None:
    made = shell.run_line_magic("drasi", "")

    assert shell.user_ns["rt"] is made
    assert shell.run_line_magic("drasi", "") is made


def test_a_variable_rt_of_the_user_is_never_overwritten(shell: Any) -> None:
    shell.user_ns["rt"] = "mine"
    with pytest.raises(UsageError):
        shell.run_line_magic("drasi", "")
    assert shell.user_ns["rt"] == "mine"


def test_several_runtimes_must_be_told_apart(shell: Any, runtime: dnb.Runtime) -> None:
    shell.user_ns["same"] = runtime
    shell.user_ns["other"] = other = dnb.Runtime()
    with pytest.raises(UsageError, match="--runtime"):
        shell.run_line_magic("drasi", "")

    assert shell.run_line_magic("drasi", "--runtime other") is other
    other.close()
    assert shell.run_line_magic("drasi", "") is runtime
    with pytest.raises(UsageError, match="holds no"):
        shell.run_line_magic("drasi", "-r nothing")


def test_magics_are_synchronous(shell: Any) -> None:
    for name in ("cypher", "gql"):
        assert not asyncio.iscoroutinefunction(shell.find_cell_magic(name))


def test_loading_again_and_unloading(shell: Any) -> None:
    shell.run_line_magic("reload_ext", "drasi_nb")
    magics.load_ipython_extension(shell)
    matchers = [m for m in shell.Completer.custom_matchers if "drasi" in m.matcher_identifier]
    assert len(matchers) == 1

    shell.run_line_magic("unload_ext", "drasi_nb")

    assert shell.Completer.custom_matchers == []
    assert shell.find_cell_magic("cypher") is None


def complete(text: str, runtime: Any = None, **namespace: Any) -> list[str]:
    before = text.partition("|")[0]
    return [
        name for name, _ in completions(text.replace("|", ""), before, namespace, runtime)[1]
    ]


def test_completion_knows_where_it_is(runtime: dnb.Runtime) -> None:
    cell = "%%cypher warm\nMATCH (r:Room)-[p]-(f) WHERE "

    assert complete("%%cypher warm\nMATCH (r:Ro|", runtime) == ["Room"]
    assert complete(cell + "r.te|", runtime) == ["temperature"]
    assert complete(cell + "r.|", runtime) == ["name", "temperature"]
    assert complete(cell + "r.x = $li|", runtime, limit=1, other=2) == ["limit"]
    assert "OPTIONAL MATCH" in complete("%%cypher warm\nopt|", runtime)
    assert "toUpper" in complete(cell + "toU|", runtime)
    assert complete(cell + "|", runtime)[:3] == ["f", "p", "r"]


def test_completion_of_the_first_line(runtime: dnb.Runtime) -> None:
    assert complete("%%cypher warm --source bu|", runtime) == ["building"]
    assert complete("%%cypher warm --s|", runtime) == ["--source"]
    assert complete("%%cypher wa|", runtime) == []


def test_completion_without_a_runtime_still_offers_the_language() -> None:
    assert "RETURN" in complete("%%cypher warm\nRET|")


def test_completion_in_the_shell_leaves_python_cells_alone(
    shell: Any, runtime: dnb.Runtime
) -> None:
    def names(text: str) -> list[str]:
        with provisionalcompleter():
            return [c.text for c in shell.Completer.completions(text, len(text))]

    assert names("%%cypher warm\nMATCH (r:Ro") == ["Room"]
    assert "RETURN" not in names("RET")
