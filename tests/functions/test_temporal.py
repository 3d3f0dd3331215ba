"""Temporal functions; their values are tested in ``tests/values/test_temporal.py``."""

from __future__ import annotations

from typing import Any

import pytest

from drasi_nb.errors import EvaluationError
from drasi_nb.values.temporal.text import temporal as t
from tests.functions.cases import TYPE, Case, check, named, run

DAY = t("date", "1984-11-11")
LOCAL = t("localdatetime", "1984-10-11T12:31:14.645")
PARIS = t("datetime", "1984-10-11T12:00[Europe/Paris]")
CASES: list[Case] = [
    ("date", ["2015-W30-2"], t("date", "2015-07-21")),
    ("date", [{"year": 1984, "quarter": 3, "dayOfQuarter": 45}], t("date", "1984-08-14")),
    ("date", [{"date": DAY, "quarter": 3}], t("date", "1984-08-11")),
    ("date", [PARIS], t("date", "1984-10-11")),
    ("date", [None], None),
    ("date", [1], TYPE),
    ("localtime", ["214032.142"], t("localtime", "21:40:32.142")),
    ("localtime", [{"hour": 12, "millisecond": 1, "nanosecond": 2}], t("localtime", "12:00:00.001000002")),
    ("localtime", [{"time": LOCAL, "second": 42}], t("localtime", "12:31:42.645")),
    ("localtime", [None], None),
    ("time", ["2140-02"], t("time", "21:40-02:00")),
    ("time", [{"time": t("time", "12:31+01:00"), "timezone": "+05:00"}], t("time", "16:31+05:00")),
    ("time", [LOCAL], t("time", "12:31:14.645Z")),
    ("time", [None], None),
    ("localdatetime", ["2015202T21"], t("localdatetime", "2015-07-21T21:00")),
    ("localdatetime", [{"date": DAY, "time": PARIS, "day": 28}], t("localdatetime", "1984-11-28T12:00")),
    ("localdatetime", [DAY], t("localdatetime", "1984-11-11T00:00")),
    ("localdatetime", [None], None),
    ("datetime", ["2015-07-21T21:40-04[America/New_York]"], t("datetime", "2015-07-21T21:40[America/New_York]")),
    ("datetime", [{"datetime": PARIS, "timezone": "Z"}], t("datetime", "1984-10-11T11:00Z")),
    ("datetime", [{"epochSeconds": 416779, "nanosecond": 5}], t("datetime", "1970-01-05T19:46:19.000000005Z")),
    ("datetime", [{"epochMillis": None}], None),
    ("datetime", [None], None),
    ("datetime.fromepoch", [416779, 999999999], t("datetime", "1970-01-05T19:46:19.999999999Z")),
    ("datetime.fromepoch", [None, 1], None),
    ("datetime.fromepoch", ["1", 1], TYPE),
    ("datetime.fromepochmillis", [237821673987], t("datetime", "1977-07-15T13:34:33.987Z")),
    ("datetime.fromepochmillis", [None], None),
    ("datetime.fromepochmillis", [1.5], TYPE),
    ("duration", ["P5M1.5D"], t("duration", "P5M1DT12H")),
    ("duration", [{"days": 14, "milliseconds": -1}], t("duration", "P14DT-0.001S")),
    ("duration", [{"months": 0.75}], t("duration", "P22DT19H51M49.5S")),
    ("duration", [None], None),
    *[
        case
        for kind, value, start in (
            ("date", DAY, "1980-01-01"),
            ("localdatetime", LOCAL, "1980-01-01T00:00"),
            ("datetime", PARIS, "1980-01-01T00:00[Europe/Paris]"),
        )
        for case in (
            (f"{kind}.truncate", ["decade", value], t(kind, start)),
            (f"{kind}.truncate", [None, value, {}], None),
            (f"{kind}.truncate", [1, value], TYPE),
        )
    ],
    *[
        case
        for kind, zone in (("localtime", ""), ("time", "Z"))
        for case in (
            (f"{kind}.truncate", ["minute", LOCAL], t(kind, f"12:31{zone}")),
            (f"{kind}.truncate", ["minute", None], None),
            (f"{kind}.truncate", ["minute", 1], TYPE),
        )
    ],
    ("duration.between", [DAY, LOCAL], t("duration", "P-30DT-11H-28M-45.355S")),
    ("duration.between", [DAY, None], None),
    ("duration.between", [DAY, 1], TYPE),
    ("duration.inMonths", [LOCAL, t("date", "1986-01-01")], t("duration", "P1Y2M")),
    ("duration.inMonths", [None, DAY], None),
    ("duration.inMonths", ["x", DAY], TYPE),
    ("duration.inDays", [LOCAL, DAY], t("duration", "P30D")),
    ("duration.inDays", [None, DAY], None),
    ("duration.inDays", ["x", DAY], TYPE),
    ("duration.inSeconds", [DAY, PARIS], t("duration", "PT-732H")),
    ("duration.inSeconds", [None, DAY], None),
    ("duration.inSeconds", ["x", DAY], TYPE),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "expected"), named(CASES))
def test_case(name: str, args: list[Any], expected: Any) -> None:
    check(name, args, expected)


WRONG = [
    ("date", {"month": 1}, "needs its year"),
    ("date", {"year": 2015, "month": 13}, "month must be 1 to 12"),
    ("date", {"year": "2015"}, "year must be an INTEGER"),
    ("date", {"year": 2015, "hour": 1}, "no component 'hour'"),
    ("time", {"hour": 1, "timezone": "Europe/Paris"}, "no named zone"),
    ("datetime", {"year": 2015, "timezone": "Nowhere"}, "no time zone 'Nowhere'"),
    ("duration", {}, "needs a component"),
    ("duration", {"hours": "x"}, "hours must be a NUMBER"),
]


@pytest.mark.parametrize(("name", "fields", "text"), WRONG)
def test_what_cannot_be_is_named(name: str, fields: dict[str, Any], text: str) -> None:
    with pytest.raises(EvaluationError, match=text) as caught:
        run(name, fields)
    assert caught.value.code == "invalid-temporal"
