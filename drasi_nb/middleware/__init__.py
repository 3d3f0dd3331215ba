"""Steps between a source and a query: each makes of one change none, one or many.

A step is a configuration in Drasi's words (``map``, ``unwind``, ``promote``, ``relabel``,
``decoder``, ``parse_json``, ``jq``) or a Python function.
"""

from drasi_nb.middleware.building import build
from drasi_nb.middleware.pipeline import Pipeline
from drasi_nb.middleware.protocol import Middleware

__all__ = ["Middleware", "Pipeline", "build"]
