"""Prices a month become one comparable sum: present value in advance, in cents, rounded half-even per offer."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache

WHOLE_BP = 10_000
_DIGITS = 50
"""Decimal digits in between: with 1e13 cents there are still more than thirty behind the point."""


@lru_cache(maxsize=4096)
def annuity(rate_bp: int, uplift_bp: int, term: int, horizon: int) -> Decimal:
    """Return the present value of 1 a month over ``horizon`` months, paid in advance.

    The rate is annual; a month counts (1 + r)^(-1/12). After ``term`` months the price goes on with the uplift.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        factor = (1 + Decimal(rate_bp) / WHOLE_BP) ** (Decimal(-1) / 12)
        uplift = 1 + Decimal(uplift_bp) / WHOLE_BP
        total, weight = Decimal(0), Decimal(1)
        for month in range(horizon):
            total += weight if month < term else weight * uplift
            weight = weight * factor if rate_bp else weight
        return total


def present_value(mrc: int, rate_bp: int, uplift_bp: int, term: int, horizon: int) -> int:
    """Return PV(MRC) in cents, rounded half-even once."""
    with localcontext() as context:
        context.prec = _DIGITS
        return int((mrc * annuity(rate_bp, uplift_bp, term, horizon)).to_integral_value(ROUND_HALF_EVEN))


def rounded(ten_thousandths: int) -> int:
    """Return an amount in ten-thousandths of a cent as cents, rounded half-even: the step after basis points."""
    whole, rest = divmod(ten_thousandths, WHOLE_BP)
    return whole + (2 * rest > WHOLE_BP or (2 * rest == WHOLE_BP and whole % 2 == 1))
