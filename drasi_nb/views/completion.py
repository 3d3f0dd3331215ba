"""Completion inside ``%%cypher`` cells: keywords, functions, labels, properties, parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.getipython import get_ipython

from drasi_nb.functions.registry import function_names
from drasi_nb.views.namespace import runtimes_in

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext

    from drasi_nb.runtime.runtime import Runtime

KEYWORDS = (
    *("MATCH", "OPTIONAL MATCH", "WHERE", "WITH", "RETURN", "DISTINCT", "UNWIND", "UNION"),
    *("UNION ALL", "ORDER BY", "ASC", "DESC", "SKIP", "LIMIT", "AS", "AND", "OR", "XOR", "NOT"),
    *("IN", "IS NULL", "IS NOT NULL", "STARTS WITH", "ENDS WITH", "CONTAINS", "EXISTS"),
    *("CASE", "WHEN", "THEN", "ELSE", "END", "COUNT", "TRUE", "FALSE", "NULL"),
)
IDENTIFIER = "drasi_nb.cypher"
_OPTIONS = ("--source", "--key", "--runtime")
_MAGIC = re.compile(r"\s*%%(?:cypher|gql)\b")
_FRAGMENT = re.compile(r"\w*$")
_VARIABLE = re.compile(r"[(\[]\s*(\w+)\s*(?::\s*(\w+))?|\bAS\s+(\w+)", re.IGNORECASE)
_Found = Iterable[tuple[str, str]]


def completions(
    text: str, before: str, namespace: dict[str, Any], runtime: Runtime | None
) -> tuple[str, list[tuple[str, str]]]:
    """Return the fragment being typed and (text, kind) of what may stand there.

    Args:
        text: The whole cell.
        before: The cell up to the cursor.
        namespace: The variables of the notebook.
        runtime: Where labels, properties and sources come from.
    """
    line = before.rpartition("\n")[2]
    if "\n" not in before:
        return _options(line, runtime)
    fragment = _FRAGMENT.search(line)
    token = "" if fragment is None else fragment[0]
    lead = line[: len(line) - len(token)].rstrip(" ")
    schema = {} if runtime is None else runtime.schema()
    found: _Found
    if lead.endswith("$"):
        found = [(name, "param") for name in namespace if not name.startswith("_")]
    elif re.search(r"[(\[][^()\[\]{}]*[:|&!]$", lead):
        found = [(label, "class") for label in schema]
    elif owner := re.search(r"(\w+)\.$", lead):
        found = [(name, "property") for name in _properties(owner[1], text, schema)]
    else:
        found = _words(text, token)
    wanted = token.lower()
    out = [item for item in dict.fromkeys(found) if item[0].lower().startswith(wanted)]
    return token, [item for item in out if item[0] != token]


def _words(text: str, token: str) -> _Found:
    body = text.partition("\n")[2]
    names = {name for match in _VARIABLE.findall(body) for name in (match[0], match[2]) if name}
    yield from ((name, "variable") for name in sorted(names))
    if token:
        yield from ((word, "keyword") for word in KEYWORDS)
        yield from ((name, "function") for name in function_names())
    else:
        yield from ((word, "keyword") for word in KEYWORDS[:8])


def _properties(owner: str, text: str, schema: dict[str, list[str]]) -> list[str]:
    """Return the properties of the labels ``owner`` has in the text, else of all labels."""
    labels = {label for name, label, _ in _VARIABLE.findall(text) if name == owner and label}
    chosen = [schema[label] for label in labels if label in schema] or list(schema.values())
    return sorted({name for names in chosen for name in names})


def _options(line: str, runtime: Runtime | None) -> tuple[str, list[tuple[str, str]]]:
    words = line.split(" ")
    token, previous = words[-1], words[-2] if len(words) > 1 else ""
    if previous in {"--source", "-s"}:
        names = [] if runtime is None else list(runtime.sources)
        return token, [(name, "source") for name in names if name.startswith(token)]
    if len(words) < 2:
        return token, []
    return token, [(name, "option") for name in _OPTIONS if name.startswith(token)]


@context_matcher(identifier=IDENTIFIER)  # type: ignore[untyped-decorator]
def cypher_matcher(context: CompletionContext) -> dict[str, Any]:
    """Complete in cells of ``%%cypher`` and leave all others alone."""
    text = context.full_text
    if not _MAGIC.match(text):
        return {"completions": []}
    lines = text.split("\n")
    before = "\n".join([*lines[: context.cursor_line], context.text_until_cursor])
    shell = get_ipython()
    namespace: dict[str, Any] = {} if shell is None else shell.user_ns
    runtimes = runtimes_in(namespace)
    runtime = next(iter(runtimes.values())) if len(runtimes) == 1 else None
    token, found = completions(text, before, namespace, runtime)
    return {
        "completions": [SimpleCompletion(name, type=kind) for name, kind in found],
        "suppress": True,
        "matched_fragment": token,
    }
