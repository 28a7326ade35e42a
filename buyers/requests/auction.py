"""How a buyer wants carriers to compete, as frozen values: everything that the rules of an auction can say."""

from dataclasses import dataclass
from decimal import Decimal

VISIBILITY_BY_FORMAT = {
    "sealed": "sealed",
    "sealed_second_price": "sealed",
    "english": "open",
    "best_and_final": "sealed",
    "three_rounds": "open",
    "dutch": "clock",
    "japanese": "clock",
}
"""Every format that can be chosen, with the visibility that it has unless another one is named."""
FORMATS = tuple(VISIBILITY_BY_FORMAT)
VISIBILITIES = ("sealed", "open", "rank_only", "traffic_light", "blind", "clock")
BASES = ("own", "next", "lead")
TIES = ("allowed", "banned", "banned_at_lead")
EXTENSION_BASES = ("close", "receipt")
SCORINGS = ("money", "relative_points")
OPTIONS = ("all_prices", "number_of_bidders", "lead_price", "prices_after_opening")
ARRANGEMENTS = ("parallel", "serial", "staggered")


@dataclass(frozen=True, slots=True)
class StepChoice:
    """From base prices of ``down_to`` upwards the least step is ``value``, in the decrement's kind."""

    down_to: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class SoftCloseChoice:
    """A late improvement moves the close; the hard stop is so many minutes behind the announced close."""

    window_seconds: int
    extension_seconds: int
    trigger_rank: int | None = 1
    base: str = "close"
    most_extensions: int | None = None
    hard_stop_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerChoice:
    """One possible answer to a criterion; ``malus`` is money, or points under relative points. A bonus is negative."""

    code: str
    malus: Decimal


@dataclass(frozen=True, slots=True)
class CriterionChoice:
    """A declared quality and its possible answers, of which each bid gives one."""

    code: str
    answers: tuple[AnswerChoice, ...]


@dataclass(frozen=True, slots=True)
class ScoringChoice:
    """Qualities that count beside the price."""

    criteria: tuple[CriterionChoice, ...]
    kind: str = "money"
    price_points: Decimal = Decimal(60)


@dataclass(frozen=True, slots=True)
class DutchChoice:
    """A price that rises from ``start`` by ``step`` every ``seconds`` until so many ``winners`` have taken it."""

    start: Decimal
    step: Decimal
    seconds: int
    winners: int = 1


@dataclass(frozen=True, slots=True)
class JapaneseChoice:
    """A price that falls from ``start`` by ``step``, or along ``prices``, in rounds of ``seconds``."""

    start: Decimal
    seconds: int
    step: Decimal | None = None
    prices: tuple[Decimal, ...] = ()
    stop_at: int = 1
    target: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TurnsChoice:
    """Rounds in which each bidder has one turn. They start at the announced close, until which first bids are taken."""

    rounds: int = 3
    first_pause_seconds: int = 300
    pause_seconds: int = 120
    turn_seconds: int = 120


@dataclass(frozen=True, slots=True)
class FinalOffersChoice:
    """After the close a short list may be called to one last offer."""

    may_not_worsen: bool = True


@dataclass(frozen=True, slots=True)
class ArrangementChoice:
    """How several lots share the time for bids: at once, one after the other, or closing one after the other.

    ``minutes`` lie between one lot's close and the next one's opening (serial) or close (staggered). The last lot
    closes when the request does.
    """

    kind: str = "parallel"
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class AuctionChoice:
    """The competition. ``format`` is a code of ``FORMATS``; ``ceiling`` is the highest total cost taken per lot.

    ``visibility`` is a code of ``VISIBILITIES``, or empty for what is usual with the format. ``preset`` tells from
    which preset the choice was made; all that it says stands in the other fields. Percentages are of a price.
    """

    format: str = "sealed"
    ceiling: Decimal | None = None
    decrement: Decimal | None = None
    decrement_percent: Decimal | None = None
    base: str = "own"
    min_bidders: int = 1
    preset: str = ""
    visibility: str = ""
    decrement_steps: tuple[StepChoice, ...] = ()
    lead_buffer: Decimal | None = None
    largest_change: Decimal | None = None
    largest_change_percent: Decimal | None = None
    ties: str = "allowed"
    proxy: bool = False
    soft_close: SoftCloseChoice | None = None
    scoring: ScoringChoice | None = None
    disclosed: tuple[str, ...] = ()
    starting_gate: bool = False
    longest_outage_seconds: int | None = None
    dutch: DutchChoice | None = None
    japanese: JapaneseChoice | None = None
    turns: TurnsChoice | None = None
    final_offers: FinalOffersChoice | None = None
    arrangement: ArrangementChoice = ArrangementChoice()
    results_together: bool = True

    @property
    def shown(self) -> str:
        """The visibility that holds: the one named, else the format's usual one."""
        return self.visibility or VISIBILITY_BY_FORMAT.get(self.format, "")


DEFAULT = AuctionChoice()
"""What a request has that says nothing of its auction: a sealed round."""
