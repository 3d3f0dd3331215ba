"""The rows of a result in pages of 1,024 places.

A page is a list with an entry or None in every place. Rows that entered as columns stay
columns (``frames/base.py``): their pages are dicts of what changed in them by itself, by place.
"""

from __future__ import annotations

from typing import Any

from drasi_nb.engine.entered import Entered
from drasi_nb.engine.result import Row
from drasi_nb.frames.base import Base

SHIFT = 10
PAGE = 1 << SHIFT

Entry = tuple[Any, Row]  # key, row
Page = (
    Any  # list[Entry | None] | dict[int, Entry | None]; both are written as page[place] = entry
)


class Pages:
    """The pages of one result.

    Attributes:
        pages: All of them.
        base: The rows that entered as columns; page 0 begins with the first of them. Where a
            page has an entry, or None, of its own, what is there is not theirs any more.
        free: Places without a row, the next one to take last.
    """

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.base: Base | None = None
        self.free: list[int] = []

    def fill(self, entries: list[Any]) -> None:
        """Take over the first rows, page by page."""
        height = len(entries)
        entries += [None] * (-height % PAGE)
        self.free.extend(range(len(entries) - 1, height - 1, -1))
        self.pages = [entries[at : at + PAGE] for at in range(0, len(entries), PAGE)]

    def enter(self, base: Entered) -> None:
        """Take over the first rows as columns; a last page that is not full is a list."""
        full, rest = divmod(len(base), PAGE)
        self.base, self.pages = Base(base, full << SHIFT), [{} for _ in range(full)]
        if rest:
            self.pages.append(
                [*base.entries(full << SHIFT, len(base)), *[None] * (PAGE - rest)]
            )
            self.free.extend(range((full << SHIFT) + PAGE - 1, len(base) - 1, -1))

    def extend(self) -> int:
        """Add a page; return its first place, which is the caller's."""
        start = len(self.pages) << SHIFT
        self.pages.append([None] * PAGE)
        self.free.extend(range(start + PAGE - 1, start, -1))
        return start

    def places(self, number: int) -> list[Entry | None]:
        """Return what is in every place of a page; a list is not a copy."""
        page = self.pages[number]
        if type(page) is list:
            return page
        assert self.base is not None
        start = number << SHIFT
        entries: list[Any] = self.base.rows.entries(start, start + PAGE)
        for place, entry in page.items():
            entries[place] = entry
        return entries

    def unfold(self, number: int) -> list[Entry | None]:
        """Make a page a list, for good."""
        made = self.pages[number] = self.places(number)
        if self.base is not None:
            self.base.leave(range(number << SHIFT, (number + 1) << SHIFT))
        return made
