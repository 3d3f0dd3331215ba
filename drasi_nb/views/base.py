"""What the views share: a small model that points to its hub, and a still form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from drasi_nb.views.hub import STATIC, Hub, hub_of

if TYPE_CHECKING:
    from drasi_nb.runtime.runtime import Runtime


class HubView(anywidget.AnyWidget):
    """A light model: its script only finds the hub's, which draws it and feeds it."""

    _esm = STATIC / "view.js"
    hub = traitlets.Unicode().tag(sync=True)
    topic = traitlets.Unicode().tag(sync=True)
    still = traitlets.Dict().tag(sync=True)
    height = traitlets.Int(360, min=80).tag(sync=True)

    def __init__(self, runtime: Runtime, topic: str, **traits: Any) -> None:
        self.hub_model: Hub = hub_of(runtime)
        super().__init__(hub=self.hub_model.model_id, topic=topic, **traits)

    def text(self) -> str:
        """Return the plain text form."""
        raise NotImplementedError

    def html(self) -> str:
        """Return the HTML form."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Take what is shown now as the form of the saved notebook."""

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the data and metadata of a display: live, text and HTML."""
        live = super()._repr_mimebundle_()
        data, metadata = live if live is not None else ({}, {})
        return {**data, "text/plain": self.text(), "text/html": self.html()}, metadata

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.bundle()
