"""Where temporal values are easily wrong: twice-told hours, far years, minus signs, limits."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drasi_nb import PushSource, Runtime
from drasi_nb.errors import EvaluationError
from drasi_nb.values import arithmetic
from drasi_nb.values.change import stored_value
from drasi_nb.values.temporal.text import temporal as t
from drasi_nb.values.temporal.types import (
    DAY,
    Date,
    Duration,
    LocalDateTime,
    LocalTime,
    Time,
    at_moment,
)
from tests.functions.cases import run

SECOND_0230 = "2017-10-29T02:30+01:00[Europe/Stockholm]"
ZONES = [
    "Europe/Stockholm",
    "America/New_York",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    0,
    -12_600,
]

days = st.one_of(
    st.integers(-1_000_000, 4_000_000), st.integers(-300_000_000_000, 300_000_000_000)
)
nanos = st.one_of(st.integers(0, 86_399).map(lambda s: s * 10**9), st.integers(0, DAY - 1))
moments = st.builds(
    at_moment,
    st.one_of(st.integers(-(10**8), 2 * 10**9), st.integers(-(10**16), 10**16)),
    st.integers(0, 10**9 - 1),
    st.sampled_from(ZONES),
)
amounts = st.one_of(st.integers(-100, 100), st.integers(-(10**12), 10**12))
values = {
    "date": st.builds(Date, days),
    "localtime": st.builds(LocalTime, nanos),
    "time": st.builds(Time, nanos, st.integers(-64_800, 64_800)),
    "localdatetime": st.builds(LocalDateTime, days, nanos),
    "datetime": moments,
    "duration": st.builds(Duration, amounts, amounts, amounts),
}


@pytest.mark.parametrize("kind", values)
@given(data=st.data())
def test_text_reads_back_as_the_value(kind: str, data: st.DataObject) -> None:
    value = data.draw(values[kind])

    assert t(kind, str(value)) == value
    assert pickle.loads(pickle.dumps(value)) == value


near = st.integers(1_400_000_000, 1_600_000_000)
near_moments = st.builds(at_moment, near, st.integers(0, 10**9 - 1), st.sampled_from(ZONES))
near_locals = st.builds(LocalDateTime, st.integers(16_000, 18_500), nanos)


@given(a=near_moments, b=near_moments)
def test_what_lies_between_leads_from_one_moment_to_the_other(a: Any, b: Any) -> None:
    there = arithmetic.add(a, run("duration.between", a, b))

    assert there.epoch_second == b.epoch_second
    assert there.nanos % 10**9 == b.nanos % 10**9


@given(a=near_locals, b=near_locals)
def test_what_lies_between_has_one_sign(a: LocalDateTime, b: LocalDateTime) -> None:
    between = run("duration.between", a, b)

    assert arithmetic.add(a, between) == b
    signs = {(n > 0) - (n < 0) for n in (between.months, between.days, between.nanos)}
    assert not {1, -1} <= signs


@given(value=values["duration"])
def test_components_of_a_duration_add_up(value: Duration) -> None:
    def of(name: str) -> int:
        return int(arithmetic.get_property(value, name))

    assert of("years") * 12 + of("monthsOfYear") == of("months")
    assert of("weeks") * 7 + of("daysOfWeek") == of("days")
    assert (of("hours") * 60 + of("minutesOfHour")) * 60 + of("secondsOfMinute") == of(
        "seconds"
    )
    assert of("seconds") * 10**9 + of("nanosecondsOfSecond") == of("nanoseconds")


def test_an_hour_that_comes_twice_stays_the_second() -> None:
    value = t("datetime", SECOND_0230)
    fold = dt.datetime(2017, 10, 29, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Stockholm"))

    assert str(value) == SECOND_0230
    assert stored_value(fold) == value
    assert arithmetic.add(value, t("duration", "PT0S")) == value
    assert run("datetime", value) == value
    assert run("datetime", {"datetime": value, "second": 0}) == value
    assert run("datetime.truncate", "minute", value) == value
    a_minute_on = "2017-10-29T02:31+01:00[Europe/Stockholm]"
    assert str(arithmetic.add(value, t("duration", "PT1M"))) == a_minute_on


@pytest.mark.parametrize(
    ("moment", "zone", "shown"),
    [
        ("9999-12-31T23:59:59Z", "Asia/Tokyo", "+10000-01-01T08:59:59+09:00[Asia/Tokyo]"),
        ("0001-01-01T00:00Z", "America/New_York", "0000-12-31T19:03:58-04:56:02[America/New_York]"),
        ("-0005-01-01T00:00Z", "America/New_York", "-0006-12-31T19:03:58-04:56:02[America/New_York]"),
        ("+400000-07-01T00:00Z", "Europe/Paris", "+400000-07-01T02:00+02:00[Europe/Paris]"),
    ],
)  # fmt: skip
def test_zones_hold_beyond_the_years_of_python(moment: str, zone: str, shown: str) -> None:
    value = run("datetime", {"datetime": t("datetime", moment), "timezone": zone})

    assert str(value) == shown


FAILING: list[tuple[str, Any]] = [
    ("years end", lambda: arithmetic.add(t("date", "+999999999-12-31"), t("duration", "P1D"))),
    ("clock ends", lambda: arithmetic.add(t("datetime", "+999999999-12-31T23:00Z"), t("duration", "PT2H"))),
    ("epoch", lambda: run("datetime.fromepoch", 2**62, 0)),
    ("64 bits", lambda: run("duration", {"seconds": 2**62, "hours": 2**62})),
    ("scaled", lambda: arithmetic.mul(t("duration", "P1D"), 1e30)),
    ("part of 64 bits", lambda: arithmetic.get_property(t("duration", "PT9999999999S"), "nanoseconds")),
    ("two ways", lambda: run("date", {"year": 1984, "month": 3, "week": 2})),
    ("part without its whole", lambda: run("date", {"year": 1984, "day": 2})),
    ("negative part", lambda: run("localtime", {"hour": 1, "millisecond": -1, "microsecond": 5000})),
    ("unit above a day", lambda: run("localtime.truncate", "month", t("datetime", SECOND_0230))),
    ("unknown component", lambda: run("date.truncate", "month", t("date", "2015-07-21"), {"dya": 2})),
    ("past midnight", lambda: run("localtime.truncate", "millisecond", t("localtime", "23:59:59.999"), {"microsecond": 1000})),
]  # fmt: skip


@pytest.mark.parametrize("attempt", [pytest.param(a, id=name) for name, a in FAILING])
def test_what_does_not_exist_is_an_error_of_the_row(attempt: Any) -> None:
    with pytest.raises(EvaluationError):
        attempt()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("date", "\uff12015-07-21"), ("date", "+12"), ("localtime", "21:4032"), ("time", "10:00+19:00"),
        ("duration", "P1YT"), ("duration", "PT"), ("datetime", "2015-07-21[Europe/London"),
        ("datetime", "2015-07-21T21:40+09:00[Europe/London]"), ("datetime", "2015-07-21T00:00[America]"),
    ],
)  # fmt: skip
def test_text_of_another_form_is_refused_by_kind(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=kind):
        t(kind, text)


@pytest.mark.parametrize(
    ("a", "b", "seconds"),
    [
        (t("datetime", "2017-10-29T00:00[Europe/Stockholm]"), t("localtime", "04:00"), "PT5H"),
        (t("localtime", "00:00"), t("datetime", "2017-10-29T04:00[Europe/Stockholm]"), "PT5H"),
        (t("datetime", "2017-10-29T00:00[Europe/Stockholm]"), t("date", "2017-10-30"), "PT25H"),
    ],
)
def test_what_one_side_lacks_is_taken_from_the_other(a: Any, b: Any, seconds: str) -> None:
    assert str(run("duration.inSeconds", a, b)) == seconds


def test_components_are_set_before_the_zone_moves_the_clock() -> None:
    noon = t("time", "12:00+01:00")
    late = t("datetime", "2015-07-21T23:00Z")

    assert str(run("time", {"time": noon, "hour": 5, "timezone": "+05:00"})) == "09:00+05:00"
    moved = run("datetime", {"datetime": late, "day": 1, "timezone": "+05:00"})
    assert str(moved) == "2015-07-02T04:00+05:00"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (-dt.timedelta(1, hours=2), "P-1DT-2H"),
        (np.datetime64("2024-01-02T03:04:05.000000007", "ns"), "2024-01-02T03:04:05.000000007"),
        (np.timedelta64(1_500_000_000, "ns"), "PT1.5S"),
        (pd.Timestamp("2024-01-02T03:04:05.000000007"), "2024-01-02T03:04:05.000000007"),
        (pd.Timedelta(hours=1, nanoseconds=7), "PT1H0.000000007S"),
        (pd.NaT, "None"),
        (np.datetime64("NaT", "ns"), "None"),
    ],
)
def test_values_of_numpy_and_pandas_keep_all_they_hold(given: Any, text: str) -> None:
    assert str(stored_value(given)) == text


def test_values_cannot_be_changed() -> None:
    for value, name in ((t("date", "2015-07-21"), "days"), (t("duration", "P1D"), "days")):
        with pytest.raises(AttributeError):
            setattr(value, name, 5)


def _column(frame: pl.DataFrame) -> pl.Series:
    with Runtime() as runtime:
        source = runtime.add_source("s", PushSource())
        query = runtime.add_query("q", "MATCH (n:N) RETURN n.v AS v", sources=["s"])
        source.upsert_nodes(frame, label="N", id="id")
        runtime.flush()
        return query.frame()["v"]


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_a_far_year_leaves_a_column_a_column_of_times(zone: str | None) -> None:
    until = pl.Series([dt.datetime(2024, 1, 1), dt.datetime(9999, 12, 31)]).cast(
        pl.Datetime("us")
    )
    until = until.dt.replace_time_zone(zone)

    column = _column(pl.DataFrame({"id": [1, 2], "v": until}))

    assert column.dtype == pl.Datetime("us", zone)
    assert column.to_list() == until.to_list()
