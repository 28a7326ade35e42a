"""What changed between two versions of terms: key terms side by side, and the text by lines and words."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from sellers import key_terms
from sellers.key_terms import KeyTerms

CONTEXT = 2
"""Unchanged lines shown before and after a change."""
_SMALL = 60
"""Lines between two anchors that are compared one with another: the cost grows with the cube."""
_MOST_WORDS = 400
_MOST_PAIRS = 200
"""Changed lines in a row whose words are compared; who reads more of them reads the text."""


class Change(StrEnum):
    """What happened to a piece of text. ``SKIPPED`` stands for unchanged lines that are not shown."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words of one line."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either version; of a changed one ``pieces`` tell the words. ``lines``: how many are skipped."""

    change: Change
    pieces: tuple[Piece, ...] = ()
    lines: int = 1


@dataclass(frozen=True, slots=True)
class KeyTermRow:
    """One key term in plain words, now and in the version that was accepted before, if any was."""

    key: str
    name: str
    now: str
    before: str | None
    changed: bool


def key_term_rows(
    now: KeyTerms | None, before: KeyTerms | None, *, compared: bool, currency: str
) -> tuple[KeyTermRow, ...]:
    """Return the key terms in their fixed order. ``compared``: there is a version that was accepted before."""
    present, past = key_terms.sentences(now, currency), key_terms.sentences(before, currency)
    return tuple(
        KeyTermRow(
            key,
            name,
            present[key],
            past[key] if compared else None,
            compared and present[key] != past[key],
        )
        for key, name in key_terms.NAMES.items()
    )


def text_differences(before: str, now: str) -> tuple[Line, ...]:
    """Return the changed lines from ``before`` to ``now`` with some around them; empty where nothing changed."""
    old, new = before.splitlines(), now.splitlines()
    lines = list(_compared(old, new))
    if all(line.change is Change.SAME for line in lines):
        return ()
    return tuple(_shortened(lines))


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Yield all lines. Lines that occur once in both are anchors (patience diff): cheap also for hostile texts."""
    at_old, at_new = 0, 0
    for i, j in [*_anchors(old, new), (len(old), len(new))]:
        yield from _gap(old[at_old:i], new[at_new:j])
        if i < len(old):
            yield Line(Change.SAME, (Piece(Change.SAME, old[i]),))
        at_old, at_new = i + 1, j + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of places of the same line, rising in both: the longest such chain of lines that are unique."""
    once_old = {line for line, number in Counter(old).items() if number == 1}
    once_new = {line for line, number in Counter(new).items() if number == 1}
    place = {line: j for j, line in enumerate(new) if line in once_new}
    pairs = [(i, place[line]) for i, line in enumerate(old) if line in once_old and line in place]
    tails: list[int] = []  # the smallest end of a chain of each length
    ends: list[int] = []
    back: list[int] = []
    for index, (_, j) in enumerate(pairs):
        length = bisect_left(tails, j)
        back.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(j)
            ends.append(index)
        else:
            tails[length], ends[length] = j, index
    chain, index = [], ends[-1] if ends else -1
    while index >= 0:
        chain.append(pairs[index])
        index = back[index]
    return chain[::-1]


def _gap(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Yield the lines between two anchors."""
    if len(old) > _SMALL or len(new) > _SMALL:
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        yield from (_whole(Change.SAME, line) for line in old[:head])
        yield from _replaced(old[head : len(old) - tail], new[head : len(new) - tail])
        yield from (_whole(Change.SAME, line) for line in old[len(old) - tail :])
        return
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from (_whole(Change.SAME, line) for line in old[a:b])
        else:
            yield from _replaced(old[a:b], new[c:d])


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Yield removed and added lines; line by line with their words where there are as many of both."""
    if len(old) != len(new) or len(old) > _MOST_PAIRS:
        yield from (_whole(Change.REMOVED, line) for line in old)
        yield from (_whole(Change.ADDED, line) for line in new)
        return
    for before, after in zip(old, new, strict=True):
        removed, added = _words(before, after)
        yield Line(Change.REMOVED, removed)
        yield Line(Change.ADDED, added)


def _words(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    old, new = before.split(" "), after.split(" ")
    if len(old) > _MOST_WORDS or len(new) > _MOST_WORDS:
        return (Piece(Change.REMOVED, before),), (Piece(Change.ADDED, after),)
    removed, added = [], []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if a < b:
            removed.append(Piece(Change.SAME if kind == "equal" else Change.REMOVED, " ".join(old[a:b])))
        if c < d:
            added.append(Piece(Change.SAME if kind == "equal" else Change.ADDED, " ".join(new[c:d])))
    return tuple(removed), tuple(added)


def _shortened(lines: list[Line]) -> Iterator[Line]:
    """Yield the changed lines with ``CONTEXT`` around them, and how many others lie between."""
    near = {
        close
        for place, line in enumerate(lines)
        if line.change is not Change.SAME
        for close in range(place - CONTEXT, place + CONTEXT + 1)
    }
    skipped = 0
    for place, line in enumerate(lines):
        if place not in near:
            skipped += 1
            continue
        if skipped:
            yield Line(Change.SKIPPED, lines=skipped)
            skipped = 0
        yield line
    if skipped:
        yield Line(Change.SKIPPED, lines=skipped)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many lines are the same from the start."""
    return next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _whole(change: Change, line: str) -> Line:
    return Line(change, (Piece(change, line),))
