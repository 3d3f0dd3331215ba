"""Views without a browser: plain text and HTML, equal for equal results.

They are what a saved notebook, GitHub, nbconvert and a terminal show, so they hold no
addresses, times or rates, and all text of the user is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from drasi_nb.errors import DrasiNbError
from drasi_nb.frames.ipc import cell_text
from drasi_nb.views.numbers import decimals_of, number_text
from drasi_nb.views.protocol import StillTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime

LIMIT = 20
_CELL_WIDTH = 48
_COMPONENT_COLUMNS = ("kind", "id", "status", "rows", "error")
_COMPONENT_NUMERIC = [False, False, False, True, False]
_NUMBER_STYLE = "text-align:right;font-variant-numeric:tabular-nums"


def query_text(query: Query, limit: int = LIMIT) -> str:
    """Return the caption, the error if there is one, and an aligned table of the first rows."""
    lines = [caption(query)]
    if error := _error(query):
        lines += [f"error: {line}" for line in error.splitlines()]
    still = still_table(query, limit)
    if still["columns"]:
        lines += _aligned(still["columns"], still["rows"], still["numeric"])
    hidden = _total(query) - len(still["rows"])
    if hidden > 0:
        lines.append(f"… {hidden} more {_plural('row', hidden)}")
    return "\n".join(lines)


def query_html(query: Query, limit: int = LIMIT) -> str:
    """Return an HTML table of the first rows, with the caption as its ``<caption>``."""
    still = still_table(query, limit)
    hidden = _total(query) - len(still["rows"])
    note = f"… {hidden} more {_plural('row', hidden)}" if hidden > 0 else ""
    if not still["rows"]:
        note = "no rows"
    return _html_table(still, error=_error(query), note=note)


def runtime_text(runtime: Runtime) -> str:
    """Return a caption and one line per component."""
    rows = _component_rows(runtime)
    lines = [runtime_caption(runtime)]
    if rows:
        lines += _aligned(_COMPONENT_COLUMNS, rows, _COMPONENT_NUMERIC)
    return "\n".join(lines)


def runtime_html(runtime: Runtime) -> str:
    """Return an HTML table with one row per component."""
    rows = _component_rows(runtime)
    still: StillTable = {
        "columns": list(_COMPONENT_COLUMNS),
        "rows": rows,
        "numeric": _COMPONENT_NUMERIC,
        "caption": runtime_caption(runtime),
    }
    return _html_table(still, note="" if rows else "no components yet")


def caption(query: Query) -> str:
    """Return for example ``comfort · Running · 3 rows``."""
    total = _total(query)
    return f"{query.id} · {_status(query)} · {total} {_plural('row', total)}"


def runtime_caption(runtime: Runtime) -> str:
    """Return for example ``Runtime · 1 source · 2 queries · 0 reactions``."""
    counts = [(len(runtime.sources), "source"), (len(runtime.queries), "query")]
    counts.append((len(runtime.reactions), "reaction"))
    return " · ".join(
        ["Runtime", *(f"{count} {_plural(word, count)}" for count, word in counts)]
    )


def still_table(query: Query, limit: int = LIMIT) -> StillTable:
    """Return the first rows as text."""
    columns = list(query.columns)
    rows = [row for _, row in query.first_rows(limit)]
    texts, numeric = [], []
    for place in range(len(columns)):
        cells, is_number = _column([row[place] for row in rows])
        texts.append(cells)
        numeric.append(is_number)
    return {
        "columns": columns,
        "rows": [list(cells) for cells in zip(*texts, strict=True)],
        "numeric": numeric,
        "caption": caption(query),
    }


def _column(values: Sequence[Any]) -> tuple[list[str], bool]:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    decimals = max((decimals_of(value) for value in numbers), default=0)
    whole = all(isinstance(value, int) for value in numbers)
    texts = []
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool):
            texts.append(number_text(value if whole else float(value), decimals))
        else:
            texts.append(" ".join(cell_text(value, limit=_CELL_WIDTH).split()) or "")
    return texts, bool(numbers) and all(v is None or v in numbers for v in values)


def _aligned(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> list[str]:
    cells = [list(map(_one_line, columns)), *rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in cells
    ]
    return [lines[0], "  ".join("─" * width for width in widths), *lines[1:]]


def _html_table(still: StillTable, *, error: str = "", note: str = "") -> str:
    styles = [f' style="{_NUMBER_STYLE}"' if right else "" for right in still["numeric"]]
    head = "".join(
        f"<th{style}>{escape(name)}</th>"
        for name, style in zip(still["columns"], styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{s}>{escape(text)}</td>" for text, s in zip(row, styles, strict=True))
        + "</tr>"
        for row in still["rows"]
    )
    span = max(1, len(styles))
    if error:
        body = f'<tr><td colspan="{span}"><b>error:</b> {escape(error)}</td></tr>{body}'
    foot = (
        f'<tfoot><tr><td colspan="{span}"><i>{escape(note)}</i></td></tr></tfoot>'
        if note
        else ""
    )
    return (
        f"<table><caption>{escape(still['caption'])}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody>{foot}</table>"
    )


def _component_rows(runtime: Runtime) -> list[list[str]]:
    rows = []
    for record in runtime.component_list():
        query = runtime.queries.get(record.id) if record.kind == "query" else None
        count = "" if query is None else str(_total(query))
        rows.append(
            [record.kind, record.id, record.status, count, _one_line(record.error or "")]
        )
    return rows


def _total(query: Query) -> int:
    try:
        return int(query.metrics().rows)
    except DrasiNbError:  # the query was dropped
        return 0


def _status(query: Query) -> str:
    try:
        return query.status
    except DrasiNbError:
        return "Dropped"


def _error(query: Query) -> str:
    try:
        return query.error or ""
    except DrasiNbError:
        return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return "queries" if word == "query" else f"{word}s"
