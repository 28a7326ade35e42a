"""What a search finds: lines that lead somewhere, the same for every kind of reader."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST = 20
"""Lines that one search answers with."""
SHORTEST = 2
"""Characters from which on it is looked for things; pages are found by one."""


@dataclass(frozen=True, slots=True)
class Found:
    """One line: where it leads, what it is called, and what kind of thing it is (translated)."""

    href: str
    text: str
    note: str
    icon: str


def holds(wanted: Sequence[str], said: Iterable[str]) -> bool:
    """Tell whether every one of the wanted words, in small letters, stands somewhere in what is said."""
    text = " ".join(said).casefold()
    return all(word in text for word in wanted)
