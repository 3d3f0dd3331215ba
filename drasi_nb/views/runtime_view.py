"""The live list of a runtime's components."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drasi_nb.views.base import HubView
from drasi_nb.views.hub import reference
from drasi_nb.views.protocol import RUNTIME_TOPIC
from drasi_nb.views.static_form import runtime_caption, runtime_html, runtime_text

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime


class RuntimeView(HubView):
    """Model of ``widgets/src/runtime_view.ts``: sources, queries, reactions, latest events."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = reference(runtime)
        still = {"columns": [], "rows": [], "numeric": [], "caption": runtime_caption(runtime)}
        super().__init__(runtime, RUNTIME_TOPIC, still=still)

    def text(self) -> str:
        """Return the components as aligned text."""
        runtime = self._runtime()
        return "Runtime · gone" if runtime is None else runtime_text(runtime)

    def html(self) -> str:
        """Return the components as an HTML table."""
        runtime = self._runtime()
        return "" if runtime is None else runtime_html(runtime)
