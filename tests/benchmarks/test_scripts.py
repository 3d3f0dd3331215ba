"""Every script runs, at sizes that say nothing about speed; what it checks besides time is checked."""

from __future__ import annotations

import gc
import importlib
import json
import math
import re
import threading
from pathlib import Path

import pytest

from tests.benchmarks import faults, growth, measuring
from tests.benchmarks.hot_path import counted
from tests.benchmarks.many import tasks
from tests.benchmarks.measuring import Line, Report, line_text, quantile, repeated
from tests.benchmarks.rooms import QUERIES

SCRIPTS = {
    "load": "--rooms 600 --drasi 0 --here",
    "late": "--rooms 3000 --queries 4 --spend-s 0",
    "latency": "--rooms 300 --changes 300 --minutes 0.005",
    "frames": "--rooms 300 --sizes 1,300 --dicts 1,300 --spend-s 0.01",
    "many": "--queries 5 --rooms 100 --changes 300 --drasi 0 --graph 300 --here",
    "reading": "--rows 2000 --kept 5 --changes 100 --here",
    "hubs": "--rooms 300",
    "loads": "--seconds 0.2 --scenarios 1",
    "growth": "--largest 1000 --queries 2 --changes 30 --drasi 0",
    "memory": "--elements 300 --rooms 100 --churn 5000 --samples 5 --here",
    "faults": "--rows 1000 --changes 200 --components 20 --queries 5 --counted 10 --kept 1000",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        gc, "collect", lambda *_: 0
    )  # a second in all, for figures nobody reads
    script = importlib.import_module(f"tests.benchmarks.{name}")
    report = script.main(SCRIPTS[name].split())
    assert report.name == name and report.lines
    assert all(math.isfinite(line.value) for line in report.lines)
    printed = capsys.readouterr().out
    assert all(line.what in printed for line in report.lines)


# -- the six faults that can be counted ------------------------------------------------------


@pytest.mark.parametrize("name", QUERIES)
def test_a_change_makes_no_text_and_takes_no_lock(name: str) -> None:
    """One dict per change holds the old values of its properties; nothing describes the change."""
    made, where = faults.made_by_changes(QUERIES[name], 20)
    assert made["text"] == made["lock"] == 0, where
    assert made["dict"] <= 20, where


def test_a_look_up_copies_no_list_of_components() -> None:
    few, many = faults.with_components(1), faults.with_components(100)
    for held in (few, many):
        assert held.runtime.queries["q"].id == "q"
    look = [
        faults.bytes_of(lambda held=held: held.runtime.queries["q"]) for held in (few, many)
    ]
    assert look[1] <= look[0]


def test_tasks_do_not_grow_with_queries_and_sources() -> None:
    few, many = tasks(2, 2), tasks(20, 20)
    assert many[1] - many[0] == few[1] - few[0] <= 4


def test_a_change_leaves_nothing_behind() -> None:
    assert abs(faults.blocks_kept(QUERIES["average per floor"], 1_000)) < 1


def test_the_counter_counts() -> None:
    lock, number = threading.Lock(), 7

    def call() -> None:
        text = f"{number} is"
        ",".join([text])
        metadata = {"number": number}
        with lock:
            pass
        lock.acquire()
        lock.release()
        assert metadata

    kinds, where = counted(call)
    assert kinds["text"] >= 2 and kinds["dict"] == 1 and kinds["lock"] == 2, where


# -- the table ----------------------------------------------------------------------------


def test_limits_are_shown_as_held_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("r", "title")
    assert report.add("a", 2.0, "s", most=3).held
    assert report.add("b", 4.0, "s", ("c", 1.0), ratio_most=4).held
    assert report.add("d", 4.0, "s", ("e", 8.0), ratio_least=1).held is False
    assert report.add("f", 1.0, "s").held is None
    first, second, third, fourth = capsys.readouterr().out.splitlines()
    assert first.endswith("held: at most 3") and "NOT" not in first
    assert re.search(r"c 1 +4x  held: at most 4x of it$", second)
    assert third.endswith("NOT HELD: at least 1x of it") and "held" not in fourth


def test_ratios_and_quantiles() -> None:
    assert Line("a", 2.0, "s", "b", 4.0).ratio == 0.5
    assert "1/4" in line_text(Line("a", 1.0, "s", "b", 4.0))
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0 and quantile([1.0], 0.999) == 1.0
    assert len(repeated(lambda _: None, spend_s=0.0, least=4)) == 4


def test_the_picture_has_a_panel_per_size() -> None:
    points = [(panel, "drasi_nb", 10**n, 2.0) for panel in "abc" for n in range(3)]
    drawn = growth.picture(points).to_dict()
    assert [len(row["hconcat"]) for row in drawn["vconcat"]] == [2, 1]
    assert sorted(map(len, drawn["datasets"].values())) == [3, 3, 3]


def test_results_are_kept_per_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "RESULTS", tmp_path / "r.json")
    for name, value in (("one", 1.0), ("two", 2.0), ("one", 3.0)):
        report = Report(name, "t")
        report.add("a", value, "s")
        report.save()
    kept = json.loads((tmp_path / "r.json").read_text())
    assert {n: r["lines"][0]["value"] for n, r in kept.items()} == {"one": 3.0, "two": 2.0}
    assert kept["one"]["machine"]["cores"] >= 1
