"""Figures as whole numbers: exact scaled integers, and the coarse steps in which a range is looked up."""

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from functools import lru_cache

from sellers.model import DateRange, Range

OPEN_LOW = -(2**63)
OPEN_HIGH = 2**63 - 1
"""An open end of a range. No figure is one of these: figures beyond 64 bits become ``±FARTHEST``."""
FARTHEST = 2**63 - 2
PER_UNIT = 10_000
"""Filters are written with at most four decimals (the wire type ``Figure``)."""
_BEYOND = 24
"""Decimals of more (or, below one, fewer) digits than this are beyond 64 bits (or next to nothing)."""

Span = tuple[int, int]
"""A range of scaled figures, both ends included."""
OPEN: Span = (OPEN_LOW, OPEN_HIGH)

STEPS = {
    "bandwidth_mbps": tuple(step * PER_UNIT for step in (10, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)),
    "monthly_spend": tuple(
        step * PER_UNIT for step in (100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000)
    ),
    "sites": (2, 3, 5, 10, 20, 50, 100, 250),
    "term_months": (12, 13, 24, 25, 36, 37, 60, 61),
}
"""Where one step of a figure ends and the next begins; chosen where filters usually have their ends."""
QUARTERS = 12
"""Start dates are looked up by quarter; after three years the rows are used again, which is still a necessary sign."""
_DAYS_A_QUARTER = 91


@lru_cache(maxsize=4096)
def scaled(value: Decimal, per_unit: int = PER_UNIT) -> tuple[int, int]:
    """Return ``value * per_unit`` rounded down and rounded up: equal where it is whole."""
    exponent = value.adjusted()
    if value and abs(exponent) > _BEYOND:
        if exponent > 0:
            end = -FARTHEST if value < 0 else FARTHEST
            return end, end
        return (-1, 0) if value < 0 else (0, 1)
    numerator, denominator = value.as_integer_ratio()
    return _kept(numerator * per_unit // denominator), _kept(-(-numerator * per_unit // denominator))


def span_of(wanted: Range | None, per_unit: int = PER_UNIT) -> Span:
    """Return a filter's range in scaled figures. Ends between two figures move inside, which changes nothing."""
    if wanted is None:
        return OPEN
    low = OPEN_LOW if wanted.low is None else scaled(wanted.low, per_unit)[1]
    high = OPEN_HIGH if wanted.high is None else scaled(wanted.high, per_unit)[0]
    return low, high


def dates_of(wanted: DateRange | None) -> Span:
    """Return a filter's range of dates as days since year 1."""
    if wanted is None:
        return OPEN
    low = OPEN_LOW if wanted.low is None else wanted.low.toordinal()
    high = OPEN_HIGH if wanted.high is None else wanted.high.toordinal()
    return low, high


def step_of(name: str, value: int) -> int:
    """Return in which step of the criterion ``name`` a scaled figure lies."""
    return bisect_right(STEPS[name], value)


def steps_of(name: str, span: Span) -> range:
    """Return every step that a range touches; none when it is reversed."""
    low, high = span
    return range(step_of(name, low), step_of(name, high) + 1)


def quarter_of(day: date) -> int:
    """Return in which of the ``QUARTERS`` rows a start date is looked up."""
    return day.toordinal() // _DAYS_A_QUARTER % QUARTERS


def quarters_of(span: Span) -> range | set[int]:
    """Return every row of quarters that a range of dates touches."""
    low, high = span
    if low > high:
        return range(0)
    first, last = low // _DAYS_A_QUARTER, high // _DAYS_A_QUARTER
    if last - first >= QUARTERS - 1:
        return range(QUARTERS)
    return {quarter % QUARTERS for quarter in range(first, last + 1)}


def _kept(value: int) -> int:
    return max(-FARTHEST, min(FARTHEST, value))
