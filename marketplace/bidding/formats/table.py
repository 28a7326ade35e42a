"""The table of formats: the only place that lists them."""

from marketplace.bidding.formats.base import Format
from marketplace.bidding.formats.dutch import Dutch
from marketplace.bidding.formats.english import English
from marketplace.bidding.formats.final_offers import BestAndFinal, FinalRound
from marketplace.bidding.formats.japanese import Japanese
from marketplace.bidding.formats.sealed import SealedFirstPrice
from marketplace.bidding.formats.turns import ThreeRounds
from marketplace.bidding.formats.vickrey import SealedSecondPrice
from marketplace.bidding.model import LotState
from marketplace.bidding.play import FinalPlay
from marketplace.bidding.rules import Rules

_ALL: tuple[Format, ...] = (
    SealedFirstPrice(),
    SealedSecondPrice(),
    BestAndFinal(),
    English(),
    ThreeRounds(),
    Dutch(),
    Japanese(),
)
_FINAL_ROUND = FinalRound()

FORMATS: dict[str, Format] = {format_.code: format_ for format_ in _ALL}


def has_sealed_bids(rules: Rules) -> bool:
    """Tell whether bids of a lot with these rules are ever sealed: by its format, or in a last round."""
    return FORMATS[rules.format].sealed or rules.final_offers is not None


def format_of(state: LotState) -> Format:
    """Return the format that decides in ``state``: that of the rules, or in a last round the one of final offers."""
    if isinstance(state.play, FinalPlay):
        return _FINAL_ROUND
    return FORMATS[state.rules.format]
