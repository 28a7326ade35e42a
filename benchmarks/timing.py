"""Whether what is done in turns costs the same in two places: the statistic, and how small a difference it finds.

The statistic is the sign test over pairs that were measured one right after the other, so that whatever else the
machine does meets both. Its effect is the chance that the second costs more: 0.5 says nothing. Two are told apart when
chance alone would part them so far in less than one of a thousand runs, by Holm over all comparisons of the run, and
when the effect is large enough that somebody who measures from outside could use it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.001
"""How often two samples of the same may be told apart, over all comparisons of a run together."""
LEAST_EFFECT = 0.1
"""An effect nearer to one half than this is no use: hundreds of calls wouldn't show it through a network."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The chance that the second of a pair costs more, and how likely chance alone parts them so far."""

    effect: float
    p: float


def compare(first: Sequence[float], second: Sequence[float]) -> Compared:
    """Return how pairs differ, two-sided; equal ones count half. Raises ValueError for fewer than 20 pairs."""
    least = 20
    if len(first) != len(second) or len(first) < least:
        raise ValueError(f"{least} pairs at least are needed")
    ties = sum(one == other for one, other in zip(first, second, strict=True))
    above = ties / 2 + sum(one < other for one, other in zip(first, second, strict=True))
    unequal = len(first) - ties
    distance = max(0.0, abs(above - len(first) / 2) - 0.5)
    z = 2 * distance / math.sqrt(unequal) if unequal else 0.0
    return Compared(above / len(first), math.erfc(z / math.sqrt(2)))


def told_apart(compared: dict[str, Compared]) -> list[str]:
    """Return the names whose samples are told apart, by Holm's procedure over all of them, with an effect of use."""
    found = []
    for rank, (name, one) in enumerate(sorted(compared.items(), key=lambda item: item[1].p)):
        if one.p > ALPHA / (len(compared) - rank):
            break
        if abs(one.effect - 0.5) >= LEAST_EFFECT:
            found.append(name)
    return found
