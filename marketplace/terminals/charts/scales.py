"""From figures to places on paper: linear scales, and round numbers and times to write beside an axis."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

_STEPS = (
    *(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 28, 56, 91, 182, 364)),
)
_ROUND = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from ``low`` → ``start`` to ``high`` → ``end``; ``high`` is above ``low``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of ``value``."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def padded(values: Sequence[Decimal], share: Decimal = Decimal("0.06")) -> tuple[Decimal, Decimal]:
    """Return the lowest and highest of ``values`` with some air around, apart from each other even if all are equal."""
    low, high = min(values), max(values)
    air = (high - low) * share or abs(high) * share or Decimal(1)
    return low - air, high + air


def ticks(low: Decimal, high: Decimal, about: int = 5) -> tuple[Decimal, ...]:
    """Return round numbers from ``low`` to ``high``, nearly ``about`` many."""
    raw = (high - low) / about
    power = Decimal(10) ** raw.adjusted()
    step = next((factor * power for factor in _ROUND if factor * power >= raw), 10 * power)
    first = (low / step).to_integral_value(rounding="ROUND_CEILING")
    last = (high / step).to_integral_value(rounding="ROUND_FLOOR")
    return tuple(step * number for number in range(int(first), int(last) + 1))


def time_ticks(
    start: datetime, end: datetime, zone: tzinfo, fits: Callable[[timedelta, Sequence[datetime]], bool]
) -> tuple[timedelta, tuple[datetime, ...]]:
    """Return the finest round step whose instants between ``start`` and ``end`` fit, and the instants.

    Steps count from midnight in ``zone``, the reader's; ``fits`` says whether their writing has room.
    """
    for step in _STEPS:
        if (end - start) / step > 60:  # noqa: PLR2004 - more than can ever be written
            continue
        instants = _instants(start, end, zone, step)
        if fits(step, instants):
            return step, instants
    return _STEPS[-1], ()


def _instants(start: datetime, end: datetime, zone: tzinfo, step: timedelta) -> tuple[datetime, ...]:
    local = start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((local - midnight) / step)
    count = math.floor((end - start) / step) + 2
    instants = (midnight + step * (first + number) for number in range(count))
    return tuple(instant for instant in instants if start <= instant <= end)
