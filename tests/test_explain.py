"""The plan as a tree, with what its operators hold."""

from __future__ import annotations

import re

import drasi_nb as dnb

TEXT = """
    MATCH (r:Room)-[:IN]->(f:Floor) WHERE r.t > 20
    WITH f, avg(r.t) AS t
    OPTIONAL MATCH (f)-[:IN*1..2]->(b)
    RETURN f.name AS floor, t, b.name AS b ORDER BY t DESC LIMIT 5"""

WANTED = """\
Sort t desc limit 5  · 2 held, 2 in, 2 out
  Project f.name as floor, t, b.name as b
    Apply optional adding b  · 2 held, 2 in, 2 out
      | Match (f)-[:IN*1..2]->(b)
      Project f, avg(r.t) as t
        Aggregate avg(r.t) by f  · 2 held, 2 in, 2 out
          Match (r:Room)-[:IN]->(f:Floor) where r.t > 20  · 2 out"""


def test_a_plan_is_a_tree_with_the_rows_held() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query("q", TEXT, sources=["s"])
        for i in range(4):
            source.push(
                {"op": "insert", "id": f"r{i}", "labels": ["Room"], "properties": {"t": 21 + i}}
            )
            source.push({"op": "insert", "id": f"f{i % 2}", "labels": ["Floor"]})
            ends = {"start_id": f"r{i}", "end_id": f"f{i % 2}"}
            source.push({"op": "insert", "id": f"p{i}", "labels": ["IN"], **ends})
        rt.flush()
        assert re.sub(r", [\d.,]+ µs", "", q.explain()) == WANTED
        shown = q.explain()._repr_html_()  # type: ignore[attr-defined]
        assert shown.count("<tr>") == 8 and "r.t &gt; 20" in shown and "<script" not in shown
        for i in range(200):  # enough for some to be timed
            source.update({"id": "r0", "properties": {"t": 30 + i}})
            rt.flush()
        lines = q.explain().splitlines()
        assert all(lines[i].endswith(" µs") for i in (0, 2, 5, 6)), lines
        assert "· 2 held, 202 in, 202 out, " in lines[5]
        assert "def expand(" not in q.explain(code=True) and "def upd_" in q.explain(code=True)
        rt.stop("q")
        assert "held" not in q.explain() and q.explain().startswith("Sort t desc limit 5\n")


def test_every_operator_has_a_line() -> None:
    text = """
        MATCH (a:A&!B), (c) WHERE EXISTS { (a)-->() } UNWIND [1, a.x] AS u
        CALL (a) { RETURN 1 AS one UNION ALL RETURN a.x AS one }
        RETURN DISTINCT u, one SKIP 1
        UNION RETURN 2 AS u, 3 AS one"""
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        shown = rt.add_query("q", text, sources=["s"]).explain()
    for part in (
        "Distinct u, one", "Union", "Limit skip 1", "Apply join adding one", "Unwind [1, a.x] as u",
        "Filter EXISTS { (a)-->() }", "Apply exists", "Match (a:A&!B), (c)", "Project 2 as u, 3 as one",
    ):  # fmt: skip
        assert part in shown, shown


def test_properties_that_stand_for_their_element_are_shown() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        rt.add_source("s", dnb.PushSource())
        text = "MATCH (n:N) WHERE drasi.trueFor(n.x > 0, 5) RETURN n.due AS due"
        assert "      Project n.due\n" in rt.add_query("q", text, sources=["s"]).explain()
