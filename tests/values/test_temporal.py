"""Temporal values: text, components, arithmetic, and their way through a query."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drasi_nb as dnb
from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import lookup
from drasi_nb.values import arithmetic, logic
from drasi_nb.values.ordering import group_key, identical, order_key
from drasi_nb.values.temporal import calendar, math
from drasi_nb.values.temporal.text import from_python, temporal
from drasi_nb.values.temporal.types import DAY, Date, Duration, LocalDateTime


def call(name: str, *args: Any) -> Any:
    function = lookup(name)
    assert function is not None
    return function.call(*args)


python_values = st.one_of(
    st.dates(), st.datetimes(), st.times(), st.timedeltas(),
    st.datetimes(timezones=st.just(dt.UTC)),
)  # fmt: skip


@given(python_values)
def test_text_and_back(value: Any) -> None:
    ours = from_python(value)
    again = temporal(ours.kind, str(ours))
    assert identical(ours, again) and hash(ours) == hash(again)


@given(st.dates())
def test_the_calendar_is_pythons(day: dt.date) -> None:
    number = calendar.day_number(day.year, day.month, day.day)
    assert number == (day - dt.date(1970, 1, 1)).days
    assert calendar.civil(number) == (day.year, day.month, day.day)
    assert (*calendar.week_of(number), calendar.weekday(number)) == tuple(day.isocalendar())
    assert calendar.day_of_year(number) == day.timetuple().tm_yday


@given(st.integers(-365_000_000_000, 365_000_000_000))
def test_any_day_has_one_date(number: int) -> None:
    assert calendar.day_number(*calendar.civil(number)) == number


@settings(max_examples=300)
@given(
    st.integers(-800_000, 2_000_000), st.integers(0, DAY - 1),
    st.integers(-800_000, 2_000_000), st.integers(0, DAY - 1),
)  # fmt: skip
def test_between_leads_from_one_to_the_other(a: int, b: int, c: int, d: int) -> None:
    start, end = LocalDateTime(a, b), LocalDateTime(c, d)
    gap = math.between(start, end)
    assert math.shift(start, gap, 1) == end
    assert math.shift(start, math.seconds_between(start, end), 1) == end
    signs = {(part > 0) - (part < 0) for part in (gap.months, gap.days, gap.nanos)} - {0}
    assert len(signs) <= 1


SHIFTED = [
    ("date", "1984-10-11", "P12Y5M14DT16H12M70.000000002S", "1997-03-25", "1972-04-27"),
    ("localtime", "12:31:14.000000001", "P1DT16H12M70.000000002S", "04:44:24.000000003", "20:18:03.999999999"),
    ("localdatetime", "1984-10-11T12:31:14.000000001", "P12Y5M14DT16H12M70.000000002S",
     "1997-03-26T04:44:24.000000003", "1972-04-26T20:18:03.999999999"),
    ("date", "2024-01-31", "P1M", "2024-02-29", "2023-12-31"),
    ("datetime", "2017-10-28T12:00[Europe/Stockholm]", "P1D",
     "2017-10-29T12:00+01:00[Europe/Stockholm]", "2017-10-27T12:00+02:00[Europe/Stockholm]"),
    ("datetime", "2017-10-28T12:00[Europe/Stockholm]", "PT24H",
     "2017-10-29T11:00+01:00[Europe/Stockholm]", "2017-10-27T12:00+02:00[Europe/Stockholm]"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "gap", "plus", "minus"), SHIFTED)
def test_durations_are_added(kind: str, value: str, gap: str, plus: str, minus: str) -> None:
    start, duration = temporal(kind, value), temporal("duration", gap)
    assert str(arithmetic.add(start, duration)) == plus
    assert str(arithmetic.add(duration, start)) == plus
    assert str(arithmetic.sub(start, duration)) == minus


BETWEEN = [
    ("duration.between", ("date", "1984-10-11"), ("localdatetime", "2016-07-21T21:45:22.142"), "P31Y9M10DT21H45M22.142S"),
    ("duration.between", ("localtime", "14:30"), ("date", "1984-10-11"), "PT-14H-30M"),
    ("duration.between", ("time", "14:30Z"), ("time", "16:30+01:00"), "PT1H"),
    ("duration.between", ("date", "-999999999-01-01"), ("date", "+999999999-12-31"), "P1999999998Y11M30D"),
    ("duration.inSeconds", ("localdatetime", "-999999999-01-01T00"), ("localdatetime", "+999999999-12-31T23:59:59"), "PT17531639991215H59M59S"),
    ("duration.inSeconds", ("datetime", "2017-10-29T00:00[Europe/Stockholm]"), ("localdatetime", "2017-10-29T04:00"), "PT5H"),
    ("duration.inMonths", ("date", "2018-03-11"), ("date", "2016-06-24"), "P-1Y-8M"),
    ("duration.inDays", ("date", "2018-03-11"), ("date", "2016-06-24"), "P-625D"),
    ("duration.between", ("localdatetime", "2018-01-02T10:00:00.2"), ("localdatetime", "2018-01-02T10:00:00.1"), "PT-0.1S"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "a", "b", "wanted"), BETWEEN)
def test_what_lies_between(name: str, a: Any, b: Any, wanted: str) -> None:
    assert str(call(name, temporal(*a), temporal(*b))) == wanted


TRUNCATED = [
    ("date", "millennium", ("date", "2017-11-11"), {"day": 2}, "2000-01-02"),
    ("date", "weekYear", ("date", "1984-01-01"), {}, "1983-01-03"),
    ("date", "week", ("localdatetime", "1984-10-11T12:31"), {"dayOfWeek": 2}, "1984-10-09"),
    ("date", "quarter", ("date", "1984-11-11"), {}, "1984-10-01"),
    ("datetime", "day", ("datetime", "2017-10-11T21:40-01:00"), {"nanosecond": 2}, "2017-10-11T00:00:00.000000002-01:00"),
    ("datetime", "year", ("date", "1984-10-11"), {"timezone": "Europe/Stockholm"}, "1984-01-01T00:00+01:00[Europe/Stockholm]"),
    ("localtime", "millisecond", ("localtime", "12:31:14.645876123"), {"nanosecond": 2}, "12:31:14.645000002"),
    ("time", "minute", ("time", "12:31:14+01:00"), {}, "12:31+01:00"),
    ("localdatetime", "hour", ("datetime", "1984-10-11T12:31:14Z"), {"minute": 5}, "1984-10-11T12:05"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "unit", "value", "fields", "wanted"), TRUNCATED)
def test_values_are_cut(kind: str, unit: str, value: Any, fields: Any, wanted: str) -> None:
    assert str(call(f"{kind}.truncate", unit, temporal(*value), fields)) == wanted


@pytest.mark.parametrize("factor", [1, 2, 0.5])
def test_durations_are_scaled(factor: float) -> None:
    start = temporal("duration", "P12Y5M14DT16H12M70S")
    wanted = {1: "P12Y5M14DT16H13M10S", 2: "P24Y10M28DT32H26M20S", 0.5: "P6Y2M22DT13H21M8S"}
    assert str(arithmetic.mul(start, factor)) == wanted[factor]
    assert str(arithmetic.div(start, 1 / factor)) == wanted[factor]


def test_components() -> None:
    moment = temporal("datetime", "1984-11-11T12:31:14.645876123[Europe/Stockholm]")
    wanted = {
        "year": 1984, "quarter": 4, "month": 11, "week": 45, "weekYear": 1984, "day": 11, "ordinalDay": 316,
        "weekDay": 7, "dayOfQuarter": 42, "hour": 12, "minute": 31, "second": 14, "millisecond": 645,
        "microsecond": 645876, "nanosecond": 645876123, "timezone": "Europe/Stockholm", "offset": "+01:00",
        "offsetMinutes": 60, "offsetSeconds": 3600, "epochSeconds": 469020674, "epochMillis": 469020674645,
    }  # fmt: skip
    assert {name: arithmetic.get_property(moment, name) for name in wanted} == wanted
    with pytest.raises(EvaluationError, match="has no component 'hour'"):
        arithmetic.get_property(Date(0), "hour")


def test_equality_and_order() -> None:
    early, late = (
        temporal("datetime", "2000-01-01T10+02:00"),
        temporal("datetime", "2000-01-01T09Z"),
    )
    assert logic.lt(early, late) is True and logic.eq(early, late) is False
    assert logic.lt(Date(1), LocalDateTime(1, 0)) is None and logic.eq(Date(1), 1) is False
    assert logic.lt(Duration(0, 1, 0), Duration(0, 2, 0)) is None
    assert order_key(Duration(0, 1, 0)) < order_key(Duration(1, 0, 0))
    assert group_key(Date(3)) == group_key(Date(3)) != group_key(Date(4))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("date", "2015-13-01"), ("date", "2015-02-29"), ("localtime", "25:00"), ("time", "12:00[Europe/Paris]"),
     ("datetime", "2015-01-01T12[Nowhere/Land]"), ("duration", "P"), ("date", "x"), ("moment", "2015")],
)  # fmt: skip
def test_other_text_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError):
        temporal(kind, text)


def test_values_go_through_a_query() -> None:
    with dnb.Runtime(clock=dnb.VirtualClock(0)) as rt:
        source = rt.add_source("s", dnb.PushSource())
        q = rt.add_query(
            "q",
            "MATCH (n:N) RETURN n.at AS at, n.at.year AS year, n.at + duration('P1D') AS next",
            sources=["s"],
        )
        source.push(
            {
                "op": "insert",
                "id": 1,
                "labels": ["N"],
                "properties": {"at": dt.datetime(2013, 3, 8, 12)},
            }
        )
        rt.flush()
        (row,) = q.rows()
        assert (str(row["at"]), row["year"], str(row["next"])) == (
            "2013-03-08T12:00",
            2013,
            "2013-03-09T12:00",
        )
        assert q.frame()["at"].to_list() == [dt.datetime(2013, 3, 8, 12)]
