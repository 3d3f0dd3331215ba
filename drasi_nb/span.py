"""Places in query text, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points in a query text: ``text[start:stop]``."""

    start: int
    stop: int

    def line_column(self, text: str) -> tuple[int, int]:
        """Return the 1-based line and column of the start; a tab is one column."""
        before = text[: self.start]
        line = before.count("\n") + 1
        return line, self.start - (before.rfind("\n") + 1) + 1

    def excerpt(self, text: str) -> str:
        """Return the line of the start with carets under the span, tabs kept so that they align."""
        line, column = self.line_column(text)
        lines = text.split("\n")
        source = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
        width = max(1, min(self.stop - self.start, len(source) - column + 1))
        gutter = f"{line} | "
        pad = "".join("\t" if char == "\t" else " " for char in source[: column - 1])
        pad = pad.ljust(column - 1)
        bar = " " * (len(gutter) - 2) + "| "
        return f"{gutter}{source}\n{bar}{pad}{'^' * width} column {column}"

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of ``other``."""
        return Span(self.start, other.stop)


NOWHERE = Span(0, 0)
