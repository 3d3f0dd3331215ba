"""Hashes of ids, of one as of a column, and a table of places by hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNKNOWN = -1  # among the places of many keys: it is not here
_EMPTY, _GONE = -1, -2  # in a slot
_ODD = 0x9E3779B97F4A7C15  # 2^64 by the golden ratio
_ODD_TOO = 0xC2B2AE3D27D4EB4F
_ODD_SIGNED = np.int64(_ODD - (1 << 64))  # of products only the lower 64 bits count
_ALL = (1 << 64) - 1
_WORD = 8  # bytes
_BYTES_OF = np.array([(1 << (_WORD * n)) - 1 for n in range(_WORD + 1)], np.uint64)


def key_hash(key: Any) -> int:
    """Return Python's hash of a key, its bits spread."""
    return hash(key) * _ODD & _ALL


def key_hashes(keys: Iterable[Any], count: int) -> Ints:
    """Return ``key_hash()`` of so many keys."""
    return np.fromiter(map(hash, keys), np.int64, count) * _ODD_SIGNED


def id_hash(element_id: str | int) -> int:
    """Return a hash of an id: a multiple of an integer, or a mix of the bytes of a text, 8 at a time."""
    if isinstance(element_id, int):
        return element_id * _ODD & _ALL
    try:
        given = element_id.encode()
    except UnicodeEncodeError:  # in no column
        given = b""
    mixed = size = len(given)
    if size <= _WORD:
        mixed = (mixed ^ int.from_bytes(given, "little")) * _ODD & _ALL
        return (mixed ^ (mixed >> 32)) * _ODD_TOO & _ALL
    for at in range(0, size, _WORD):
        mixed = (mixed ^ int.from_bytes(given[at : at + _WORD], "little")) * _ODD & _ALL
        mixed ^= mixed >> 32
    return mixed * _ODD_TOO & _ALL


def id_hashes(ids: pl.Series) -> Ints:
    """Return ``id_hash()`` of text or 64-bit integers. Cost: 0.02 us each of short ones."""
    if ids.dtype != pl.String:
        return ids.to_numpy() * _ODD_SIGNED
    # a name with a NUL is none to Arrow
    text = ids.alias("").to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, given = text.buffers()
    ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    starts, sizes = ends[:-1], np.diff(ends)
    data = np.zeros(ends[-1] + _WORD, np.uint8)
    if given is not None:
        data[: ends[-1]] = np.frombuffer(given, np.uint8, ends[-1])
    words: npt.NDArray[np.uint64] = np.ndarray((ends[-1] + 1,), "<u8", data, strides=(1,))
    mixed, longest = sizes.astype(np.uint64), int(sizes.max(initial=0))
    left: Any = slice(None)
    for at in range(0, longest, _WORD):
        if at:
            left = np.flatnonzero(sizes > at)
        mask = _BYTES_OF[np.minimum(sizes[left] - at, _WORD)]
        more = (mixed[left] ^ (words[starts[left] + at] & mask)) * np.uint64(_ODD)
        mixed[left] = more ^ (more >> np.uint64(32))
    return (mixed * np.uint64(_ODD_TOO)).view(np.int64)


def _print_of(hashes: Ints) -> npt.NDArray[np.int32]:
    return (hashes ^ (hashes >> 32)).astype(np.int32)


class HashTable:
    """Places by the hashes of their keys, with open addressing: 12 to 20 bytes a key, and no object.

    The upper bits of a hash say where it is looked for first, so they must differ most of the time.
    It answers with candidates: whoever asks compares the keys.

    Args:
        most: So many places it has room for, at least.
    """

    def __init__(self, most: int) -> None:
        bits = max(1, (2 * most - 1).bit_length())
        self.most = 1 << (bits - 1)
        self._shift, self._mask = 64 - bits, (1 << bits) - 1
        self._slots = np.full(1 << bits, _EMPTY, np.int32)
        self._prints = np.zeros(self.most + 1, np.int32)  # of the hashes, by place
        self._view = self._slots.data  # read one by one it is quicker

    def _first(self, hashes: Ints) -> Ints:
        return (hashes.view(np.uint64) >> np.uint64(self._shift)).view(np.int64)

    def add(self, hashes: Ints, places: npt.NDArray[np.int32]) -> None:
        """Add keys and their places; to add some again changes nothing."""
        slots, at = self._slots, self._first(hashes)
        self._prints[places] = _print_of(hashes)
        while len(places):
            free = slots[at] == _EMPTY
            slots[at[free]] = places[free]  # of several the last stays
            left = slots[at] != places
            places, at = places[left], (at[left] + 1) & self._mask

    def candidates(self, hash_: int) -> list[int]:
        """Return the places that a key of this hash, from 0 to 2^64, may have."""
        at, view = hash_ >> self._shift, self._view
        places: list[int] = []
        while (place := view[at]) != _EMPTY:
            if place >= 0:
                places.append(place)
            at = (at + 1) & self._mask
        return places

    def find(self, hashes: Ints, is_right: Callable[[Ints, Ints], Bools]) -> Ints:
        """Return the places of keys, ``UNKNOWN`` of those that are not here.

        Args:
            hashes: Of the keys.
            is_right: Told numbers of keys and a place for each, says whether it is the key's.
        """
        found = np.full(len(hashes), UNKNOWN, np.int64)
        keys, at, prints = np.arange(len(hashes)), self._first(hashes), _print_of(hashes)
        while len(keys):
            places = self._slots.take(at)
            right = self._prints.take(places, mode="wrap") == prints  # of negative ones any
            right &= places >= 0
            hits = np.flatnonzero(right)
            found[keys.take(hits)] = places.take(hits)
            left = np.flatnonzero(~right & (places != _EMPTY))
            keys, at, prints = keys[left], (at[left] + 1) & self._mask, prints[left]
        there = np.flatnonzero(found != UNKNOWN)
        for key in there[~is_right(there, found[there])].tolist():  # hashes that look alike
            found[key] = UNKNOWN
            for place in self.candidates(int(hashes[key]) & _ALL):
                if is_right(np.array([key]), np.array([place])).all():
                    found[key] = place
        return found

    def forget(self, hash_: int, place: int) -> None:
        """Take a key out that is here."""
        at = hash_ >> self._shift
        while self._view[at] != place:
            at = (at + 1) & self._mask
        self._view[at] = _GONE

    def places(self) -> list[int]:
        """Return the places of all keys, ascending."""
        listed: list[int] = np.sort(self._slots[self._slots >= 0]).tolist()
        return listed
