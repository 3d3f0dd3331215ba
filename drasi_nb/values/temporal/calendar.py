"""The proleptic Gregorian calendar over day numbers; day 0 is 1970-01-01.

Python's own ``date`` ends at the years 1 and 9999, Cypher's does not.
"""

from __future__ import annotations

YEAR_MIN, YEAR_MAX = -999_999_999, 999_999_999
_ERA = 146_097  # days of 400 years
_SHIFT = 719_468  # from 0000-03-01 to day 0


def is_leap(year: int) -> bool:
    """Return whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Return the days of a month."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def year_length(year: int) -> int:
    """Return the days of a year."""
    return 366 if is_leap(year) else 365


def day_number(year: int, month: int, day: int) -> int:
    """Return the number of a day; the years of its era begin in March, so leap days come last."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _ERA + day_of_era - _SHIFT


def civil(number: int) -> tuple[int, int, int]:
    """Return (year, month, day) of a day number."""
    era, day_of_era = divmod(number + _SHIFT, _ERA)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def weekday(number: int) -> int:
    """Return 1 (Monday) to 7 (Sunday)."""
    return (number + 3) % 7 + 1


def week_start(week_year: int) -> int:
    """Return the day number of the Monday of week 1: the week with the year's first Thursday."""
    fourth = day_number(week_year, 1, 4)
    return fourth - (weekday(fourth) - 1)


def week_of(number: int) -> tuple[int, int]:
    """Return (week year, week) of a day."""
    thursday = number - weekday(number) + 4
    year = civil(thursday)[0]
    return year, (number - week_start(year)) // 7 + 1


def weeks_in(week_year: int) -> int:
    """Return 52 or 53."""
    return (week_start(week_year + 1) - week_start(week_year)) // 7


def day_of_year(number: int) -> int:
    """Return 1 to 366."""
    return number - day_number(civil(number)[0], 1, 1) + 1


def quarter_start(year: int, quarter: int) -> int:
    """Return the day number of a quarter's first day."""
    return day_number(year, 3 * quarter - 2, 1)


def add_months(number: int, months: int) -> int:
    """Return a day some months on; a day the month does not have becomes its last."""
    year, month, day = civil(number)
    count = year * 12 + month - 1 + months
    year, month = count // 12, count % 12 + 1
    return day_number(year, month, min(day, month_length(year, month)))
