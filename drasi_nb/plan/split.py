"""A pattern with variable lengths in two: the part that is walked, and the part applied to it."""

from __future__ import annotations

from dataclasses import replace

from drasi_nb.plan.nodes import Match, free_variables


def split_variable_lengths(match: Match) -> tuple[Match, Match]:
    """Return the fixed part around the first variable length, and the rest, which imports it."""
    first = next(slot for slot in match.relations if slot.length is not None)
    inside = {first.start}
    grown = True
    while grown:
        grown = False
        for slot in match.relations:
            ends = {slot.start, slot.end}
            if slot.length is None and ends & inside and not ends <= inside:
                inside |= ends
                grown = True
    place = {old: new for new, old in enumerate(sorted(inside))}
    chosen = [
        i
        for i, slot in enumerate(match.relations)
        if slot.length is None and slot.start in inside
    ]
    position = {old: new for new, old in enumerate(chosen)}
    names = {match.nodes[i].name for i in inside} | {match.relations[i].name for i in chosen}
    early = tuple(e for e in match.filters if free_variables(e) <= names)
    base = Match(
        tuple(match.nodes[i] for i in sorted(inside)),
        tuple(
            replace(slot, start=place[slot.start], end=place[slot.end])
            for slot in (match.relations[i] for i in chosen)
        ),
        tuple(
            (position[a], position[b])
            for a, b in match.unique
            if a in position and b in position
        ),
        early,
    )
    late = tuple(e for e in match.filters if e not in early)
    return base, replace(match, filters=late, imports=frozenset(names))
