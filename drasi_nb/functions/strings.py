"""Functions of text. Positions and lengths count code points, never bytes."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal, get_args

from drasi_nb.functions.registry import bad_argument, scalar, wrong_type

_Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
_FORMS: dict[str, _Form] = {form: form for form in get_args(_Form)}


@scalar("toUpper", "STRING -> STRING")
@scalar("upper", "STRING -> STRING")
def to_upper(text: str) -> str:
    """Return the text in upper case, which may be longer: "ß" gives "SS".

    Source:
        Cypher functions ``toUpper()`` and ``upper()``, Neo4j Cypher manual, "String functions".
    """
    return text.upper()


@scalar("toLower", "STRING -> STRING")
@scalar("lower", "STRING -> STRING")
def to_lower(text: str) -> str:
    """Return the text in lower case.

    Source:
        Cypher functions ``toLower()`` and ``lower()``, Neo4j Cypher manual, "String functions".
    """
    return text.lower()


@scalar("trim", "STRING -> STRING")
def trim(text: str) -> str:
    """Return the text without Unicode white space at both ends.

    Source:
        Cypher function ``trim()``, Neo4j Cypher manual, "String functions".
    """
    return text.strip()


@scalar("btrim", "STRING, [STRING] -> STRING")
def btrim(text: str, characters: str | None = None) -> str:
    """Return the text without white space, or the given characters, at both ends.

    Source:
        Cypher function ``btrim()``, Neo4j Cypher manual, "String functions".
    """
    return text.strip(characters)


@scalar("ltrim", "STRING, [STRING] -> STRING")
def ltrim(text: str, characters: str | None = None) -> str:
    """Return the text without white space, or the given characters, at its start.

    Source:
        Cypher function ``ltrim()``, Neo4j Cypher manual, "String functions".
    """
    return text.lstrip(characters)


@scalar("rtrim", "STRING, [STRING] -> STRING")
def rtrim(text: str, characters: str | None = None) -> str:
    """Return the text without white space, or the given characters, at its end.

    Source:
        Cypher function ``rtrim()``, Neo4j Cypher manual, "String functions".
    """
    return text.rstrip(characters)


@scalar("reverse", "STRING | LIST -> ANY")
def reverse(value: Any) -> Any:
    """Return a text with its code points, or a list with its items, from last to first.

    A combining mark then stands before its letter.

    Source:
        Cypher function ``reverse()``, Neo4j Cypher manual, "String" and "List functions".
    """
    return value[::-1]


@scalar("left", "STRING, INTEGER -> STRING")
def left(text: str, length: int) -> str:
    """Return the first ``length`` code points, or all there are.

    Raises:
        EvaluationError: The length is negative.

    Source:
        Cypher function ``left()``, Neo4j Cypher manual, "String functions".
    """
    if length < 0:
        raise bad_argument("left", 2, "be 0 or more", length)
    return text[:length]


@scalar("right", "STRING, INTEGER -> STRING")
def right(text: str, length: int) -> str:
    """Return the last ``length`` code points, or all there are.

    Raises:
        EvaluationError: The length is negative.

    Source:
        Cypher function ``right()``, Neo4j Cypher manual, "String functions".
    """
    if length < 0:
        raise bad_argument("right", 2, "be 0 or more", length)
    return text[max(0, len(text) - length) :]


@scalar("substring", "STRING, INTEGER, [INTEGER] -> STRING")
def substring(text: str, start: int, length: int | None = None) -> str:
    """Return up to ``length`` code points from position ``start``, counted from 0.

    Without a length all that follow; a start past the end gives "".

    Raises:
        EvaluationError: The start or the length is negative.

    Examples:
        >>> substring("sensor", 1, 3)
        'ens'

    Source:
        Cypher function ``substring()``, Neo4j Cypher manual, "String functions".
    """
    if start < 0:
        raise bad_argument("substring", 2, "be 0 or more", start)
    if length is None:
        return text[start:]
    if length < 0:
        raise bad_argument("substring", 3, "be 0 or more", length)
    return text[start : start + length]


@scalar("replace", "STRING, STRING, STRING -> STRING")
def replace(text: str, search: str, by: str) -> str:
    """Return the text with every occurrence of ``search`` replaced, from left to right.

    An empty ``search`` occurs nowhere.

    Source:
        Cypher function ``replace()``, Neo4j Cypher manual, "String functions"; the empty
        search as in Drasi.
    """
    return text.replace(search, by) if search else text


@scalar("split", "STRING, STRING | LIST -> LIST")
def split(text: str, delimiters: str | list[Any]) -> list[str]:
    """Return the parts between the occurrences of a delimiter, or of any in a list.

    There is one part more than occurrences, so the list is never empty. An empty delimiter
    cuts between all code points; within a list it is ignored.

    Raises:
        EvaluationError: An item of the list is not text.

    Examples:
        >>> split("a,b,", ",")
        ['a', 'b', '']

    Source:
        Cypher function ``split()``, Neo4j Cypher manual, "String functions".
    """
    if isinstance(delimiters, str):
        return text.split(delimiters) if delimiters else list(text) or [text]
    for delimiter in delimiters:
        if type(delimiter) is not str:
            raise wrong_type("split", 2, "a LIST of STRING", delimiter)
    longest_first: list[str] = sorted(filter(None, delimiters), key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest_first))
    return re.split(pattern, text) if pattern else [text]


@scalar("size", "STRING | LIST -> INTEGER")
def size(value: str | list[Any]) -> int:
    """Return the number of code points of a text or of items of a list.

    Source:
        Cypher function ``size()``, Neo4j Cypher manual, "Scalar functions".
    """
    return len(value)


@scalar("char_length", "STRING -> INTEGER")
@scalar("character_length", "STRING -> INTEGER")
def char_length(text: str) -> int:
    """Return the number of code points of a text.

    Source:
        Cypher functions ``char_length()`` and ``character_length()``, Neo4j Cypher manual,
        "Scalar functions".
    """
    return len(text)


@scalar("normalize", "STRING, [STRING] -> STRING")
def normalize(text: str, form: str = "NFC") -> str:
    """Return the text in a Unicode normal form: NFC (the default), NFD, NFKC or NFKD.

    Raises:
        EvaluationError: The form is another text; its case does not matter.

    Source:
        Cypher function ``normalize()``, Neo4j Cypher manual, "String functions".
    """
    known = _FORMS.get(form.upper())
    if known is None:
        raise bad_argument("normalize", 2, "be NFC, NFD, NFKC or NFKD", form)
    return unicodedata.normalize(known, text)
