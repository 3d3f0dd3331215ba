"""An Altair chart that follows a query."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drasi_nb.frames.delta import Delta
    from drasi_nb.runtime.query import Query

log = logging.getLogger("drasi_nb")
# what JupyterLab draws by itself; Altair's own HTML would load a script from the network
_MIME = "application/vnd.vegalite.v5+json"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_PAUSE_S = 0.5  # between two drawings; a chart is drawn whole each time


class LiveChart:
    """Draws a chart over the result of a query, again when the result moved.

    Args:
        query: Whose rows are the chart's data.
        chart: An ``altair.Chart`` without data.
    """

    def __init__(self, query: Query, chart: Any) -> None:
        self.query, self.chart = query, chart
        self._display: Any = None
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<LiveChart of {self.query.id}>"

    def _bundle(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.chart.properties(data=self.query.frame()).to_dict()
        spec["$schema"] = _SCHEMA
        return {_MIME: spec, "text/plain": repr(self)}

    def _ipython_display_(self) -> None:
        from IPython.display import display

        again = self._display is not None
        self._display = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        if not again:
            self.query.on_delta(self._moved)

    def _moved(self, _delta: Delta) -> None:
        if self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # a script: there is nothing to draw on
        self._timer = loop.call_later(_PAUSE_S, self._draw)

    def _draw(self) -> None:
        self._timer = None
        try:
            self._display.update(self._bundle(), raw=True)
        except Exception:
            log.exception("the chart of %s could not be drawn", self.query.id)
