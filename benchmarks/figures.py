"""What many measured values come down to."""

from collections.abc import Sequence
from math import ceil


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest of the rising values that at least ``percent`` % of them don't exceed. Raises ValueError."""
    if not ordered:
        raise ValueError("there is no percentile of nothing")
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def relative(own: float, other: float) -> float:
    """Return how many times ``other`` goes into ``own``; 0 if either was not measured."""
    return own / other if other else 0.0
