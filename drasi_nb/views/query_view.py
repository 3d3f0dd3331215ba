"""The live table of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drasi_nb.views.base import HubView
from drasi_nb.views.feed import MAX_ROWS
from drasi_nb.views.hub import reference
from drasi_nb.views.protocol import QUERY_TOPIC
from drasi_nb.views.static_form import query_html, query_text, still_table

if TYPE_CHECKING:
    from drasi_nb.runtime.query import Query


class QueryView(HubView):
    """Model of ``widgets/src/query_view.ts``.

    Args:
        query: The handle to show.
        max_rows: Rows the browser holds at most; the rest is counted.
        height: Height of the table in pixels, when it has rows enough to need it.
    """

    def __init__(self, query: Query, *, max_rows: int = MAX_ROWS, height: int = 360) -> None:
        if max_rows < 1:
            raise ValueError(f"max_rows must be at least 1, got {max_rows}")
        self._query = reference(query)
        self._id = query.id
        super().__init__(
            query.runtime,
            f"{QUERY_TOPIC}{query.id}",
            still=dict(still_table(query)),
            height=height,
        )
        self.hub_model.broadcast.max_rows[query.id] = max_rows

    @property
    def query(self) -> Query | None:
        """The handle, or None when nothing else holds it any more."""
        return self._query()

    def text(self) -> str:
        """Return the result as aligned text."""
        return f"{self._id} · gone" if self.query is None else query_text(self.query)

    def html(self) -> str:
        """Return the result as an HTML table."""
        return "" if self.query is None else query_html(self.query)

    def refresh(self) -> None:
        """Take the rows of now as the saved ones."""
        if self.query is not None:
            self.still = dict(still_table(self.query))
