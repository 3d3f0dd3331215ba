"""What a handle on the last line of a cell shows: live in a kernel, still anywhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from drasi_nb.views.static_form import query_html, query_text, runtime_html, runtime_text

if TYPE_CHECKING:
    from drasi_nb.runtime.query import Query
    from drasi_nb.runtime.runtime import Runtime
    from drasi_nb.views.base import HubView

log = logging.getLogger("drasi_nb")
Bundle = tuple[dict[str, Any], dict[str, Any]]

_VIEWS: MutableMapping[Any, HubView] = WeakKeyDictionary()


def in_kernel() -> bool:
    """Tell whether this is a Jupyter kernel, where a comm reaches a browser."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None


def query_mimebundle(
    query: Query, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> Bundle:
    """Return the forms of a query: its live table in a kernel, text and HTML always."""
    still = {"text/plain": query_text(query), "text/html": query_html(query)}

    def make() -> HubView:
        from drasi_nb.views.query_view import QueryView

        return QueryView(query)

    return _bundle(query, still, make, include, exclude)


def runtime_mimebundle(
    runtime: Runtime, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> Bundle:
    """Return the forms of a runtime: its live list in a kernel, text and HTML always."""
    still = {"text/plain": runtime_text(runtime), "text/html": runtime_html(runtime)}

    def make() -> HubView:
        from drasi_nb.views.runtime_view import RuntimeView

        return RuntimeView(runtime)

    return _bundle(runtime, still, make, include, exclude)


def _bundle(
    handle: Any,
    still: dict[str, str],
    make: Callable[[], HubView],
    include: Iterable[str] | None,
    exclude: Iterable[str] | None,
) -> Bundle:
    data: dict[str, Any] = dict(still)
    metadata: dict[str, Any] = {}
    if in_kernel():
        try:
            live, metadata = _view_of(handle, make).bundle()
            data = {**live, **still}
        except Exception:  # the still form is better than a traceback
            log.exception("the live view could not be made")
    if include is not None:
        wanted = set(include)
        data = {kind: form for kind, form in data.items() if kind in wanted}
    if exclude is not None:
        refused = set(exclude)
        data = {kind: form for kind, form in data.items() if kind not in refused}
    return data, {kind: meta for kind, meta in metadata.items() if kind in data}


def _view_of(handle: Any, make: Callable[[], HubView]) -> HubView:
    """Return one view per handle, so that a cell that runs often does not pile up models."""
    view = _VIEWS.get(handle)
    if view is None or view.comm is None:
        view = _VIEWS[handle] = make()
    else:
        view.refresh()
    return view
