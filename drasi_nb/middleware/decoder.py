"""``decoder``: an encoded text property becomes plain text."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote_to_bytes

from drasi_nb.middleware.configuration import Setting
from drasi_nb.middleware.rewriting import KEYS, Rewrite, read_rewrite

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*\Z")


def read(config: Setting) -> Rewrite:
    """Return the middleware.

    Raises:
        ConfigError: The configuration is malformed; the text names the place.
    """
    given = config.fields(
        ("encoding_type", "target_property"), (*KEYS, "strip_quotes", "max_size_bytes")
    )
    decode = _DECODERS[given["encoding_type"].choice("encoding", tuple(_DECODERS))]
    if "strip_quotes" in given and given["strip_quotes"].flag():
        decode = partial(_unquoted, decode)
    return read_rewrite(given, "max_size_bytes", decode)


def _unquoted(decode: Callable[[str], str], text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return decode(text)


def _base64(text: str) -> str:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"is no base64: {error}") from None
    if base64.b64encode(decoded).decode() != text:
        raise ValueError("is no base64: bits are left over")
    return _utf8(decoded)


def _base64url(text: str) -> str:
    bare = text.rstrip("=")
    try:
        decoded = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_")
    except ValueError as error:
        raise ValueError(f"is no base64url: {error}") from None
    if base64.urlsafe_b64encode(decoded).decode().rstrip("=") != bare:
        raise ValueError("is no base64url")
    return _utf8(decoded)


def _hex(text: str) -> str:
    if not _HEX.match(text):
        raise ValueError("is no hex: pairs of 0-9 and a-f are expected")
    return _utf8(binascii.unhexlify(text))


def _url(text: str) -> str:
    broken = _BROKEN_PERCENT.search(text)
    if broken:
        raise ValueError(f"has a % without two hex digits at column {broken.start() + 1}")
    return _utf8(unquote_to_bytes(text))


def _json_escape(text: str) -> str:
    try:
        decoded = json.loads(f'"{text}"')
        decoded.encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"has a wrong escape: {error.msg} at column {error.pos}") from None
    except UnicodeEncodeError:
        raise ValueError("has half a surrogate pair") from None
    return str(decoded)


def _utf8(decoded: bytes) -> str:
    try:
        return decoded.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is no UTF-8 after decoding, at byte {error.start}") from None


_DECODERS: dict[str, Callable[[str], str]] = {
    "base64": _base64,
    "base64url": _base64url,
    "hex": _hex,
    "url": _url,
    "json_escape": _json_escape,
}
