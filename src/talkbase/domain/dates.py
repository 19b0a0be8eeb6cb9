"""Dates as English questions write them: "in May 2023", "on 7 March", "March 7th, 2023", "2023-03-07"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_NAME = "|".join(_MONTHS)
# Months have a capital: "march" and "may" are words as well. "May" alone begins many a question.
_WRITTEN = re.compile(
    rf"\b(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?(?-i:(?=[A-Z]))(?P<month>{_NAME})\b"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?\b)?(?:,?\s+(?P<year>\d{4})\b)?",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?\b")

TOLD_WITHIN = timedelta(days=10)
"""How long after a date people may tell of it for the first time; LoCoMo's sittings are a week or so apart."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month or, with `day`, a day; of any year where none was named."""

    year: int | None
    month: int
    day: int | None

    def is_told_on(self, day: date) -> bool:
        """Whether what happened then may well have been told on this day: in the period or shortly after."""
        return any(first <= day <= last + TOLD_WITHIN for first, last in self._spans(day))

    def _spans(self, day: date) -> Iterator[tuple[date, date]]:
        for year in [self.year] if self.year else [day.year - 1, day.year]:
            try:
                first = date(year, self.month, self.day or 1)
                after = first + timedelta(days=1) if self.day else (first.replace(day=28) + timedelta(4)).replace(day=1)
            except (ValueError, OverflowError):
                continue
            yield first, after - timedelta(days=1)


def periods_in(text: str) -> tuple[Period, ...]:
    """The months and days that a text names, in order; what cannot be a date is left out."""
    found = []
    for match in _WRITTEN.finditer(text):
        day = match["before"] or match["after"]
        if match["month"].lower() != "may" or day or match["year"]:
            found.append((match["year"], _MONTHS.index(match["month"].lower()) + 1, day))
    found += [(match["year"], int(match["month"]), match["day"]) for match in _ISO.finditer(text)]
    return tuple(
        Period(int(year) if year else None, month, int(day) if day else None)
        for year, month, day in found
        if 1 <= month <= 12 and (not year or 1 <= int(year) <= 9998)
    )
