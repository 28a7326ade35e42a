"""What declared qualities are worth: money added to the price, or (foreign rules) points relative to the best."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from marketplace.bidding.commands import Answers
from marketplace.bidding.model import StandingBid
from marketplace.bidding.rules import Scoring, ScoringKind

_POINT = Decimal("0.000001")
_PRECISION = 40
_NOTHING = Decimal(0)


def malus_of(scoring: Scoring | None, answers: Answers) -> Decimal | None:
    """Return Σ malus - Σ bonus of ``answers`` in money (points, under relative points).

    None if a declared criterion is not answered once, with one of its answers, or another one is answered.
    """
    if scoring is None:
        return None if answers else _NOTHING
    given = dict(answers)
    criteria = scoring.criteria
    if len(given) != len(answers) or given.keys() != {criterion.code for criterion in criteria}:
        return None
    total = Decimal(0)
    for criterion in criteria:
        worth = {answer.code: answer.malus for answer in criterion.answers}
        if given[criterion.code] not in worth:
            return None
        total += worth[given[criterion.code]]
    return total


def weighed(scoring: Scoring | None, bids: Iterable[StandingBid]) -> list[StandingBid]:
    """Return ``bids`` with the points that they have relative to each other; unchanged where money decides.

    Points are ``price_points x lowest price / price - malus``, to six decimals half-even. Sealed bids are left as
    they are.
    """
    taken = list(bids)
    if scoring is None or scoring.kind is ScoringKind.MONEY:
        return taken
    lowest = min((bid.amount for bid in taken if bid.amount is not None), default=None)
    if lowest is None:
        return taken
    return [bid._replace(points=_points(scoring, bid, lowest)) for bid in taken]


def _points(scoring: Scoring, bid: StandingBid, lowest: Decimal) -> Decimal | None:
    if bid.amount is None or bid.malus is None:
        return None
    with localcontext() as context:
        context.prec = _PRECISION
        return (scoring.price_points * lowest / bid.amount - bid.malus).quantize(_POINT, rounding=ROUND_HALF_EVEN)
