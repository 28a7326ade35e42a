"""What is announced before an auction and never changes: the rules of a lot, composed of small values."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from marketplace.kernel import codec


class Base(StrEnum):
    """Whose price a later bid must beat by the decrement."""

    OWN = "own"
    NEXT = "next"
    LEAD = "lead"


class DecrementKind(StrEnum):
    """Whether a decrement is money or a share of the price that it is taken from."""

    ABSOLUTE = "absolute"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class DecrementStep:
    """From base prices of ``down_to`` upwards the least step is ``value``, in the decrement's kind."""

    down_to: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class Decrement:
    """The least step down: ``value`` in the lot's currency, or in percent of the base price.

    ``steps`` let it change with the price: of those whose ``down_to`` the base price reaches the highest counts;
    below all of them ``value`` does.
    """

    kind: DecrementKind
    value: Decimal
    steps: tuple[DecrementStep, ...] = ()

    def of(self, base: Decimal) -> Decimal:
        """Return the step in money from ``base``."""
        value = self.value
        if self.steps:
            reached = [step for step in self.steps if base >= step.down_to]
            value = max(reached, key=lambda step: step.down_to).value if reached else value
        return value if self.kind is DecrementKind.ABSOLUTE else base * value / 100


class Ties(StrEnum):
    """Whether two bidders may stand at the same effective cost. Where they may, the earlier stands better."""

    ALLOWED = "allowed"
    BANNED = "banned"
    BANNED_AT_LEAD = "banned_at_lead"


class ExtensionBase(StrEnum):
    """From where an extension counts: the announced close, or the instant of the bid that caused it."""

    CLOSE = "close"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class SoftClose:
    """A late improvement moves the close, so that nobody wins by the clock alone.

    A bid in the last ``window_seconds`` (W) that overtakes another bidder to a rank of ``trigger_rank`` (R) or better
    (None: any accepted bid) moves the close by ``extension_seconds`` (L) from ``base``; at most ``most_extensions``
    times (None: no limit) and never past ``hard_stop``, which moves by the time that pauses take.
    """

    window_seconds: int
    extension_seconds: int
    trigger_rank: int | None = 1
    base: ExtensionBase = ExtensionBase.CLOSE
    most_extensions: int | None = None
    hard_stop: datetime | None = None

    @property
    def window(self) -> timedelta:
        """W."""
        return timedelta(seconds=self.window_seconds)

    @property
    def extension(self) -> timedelta:
        """L."""
        return timedelta(seconds=self.extension_seconds)


@dataclass(frozen=True, slots=True)
class DutchClock:
    """A clock that rises: ``start`` (p0), by ``step`` (s) every ``seconds`` (τ), up to the rules' ceiling (p_max).

    The first ``winners`` acceptances win, each at the price of its stage.
    """

    start: Decimal
    step: Decimal
    seconds: int
    winners: int = 1


@dataclass(frozen=True, slots=True)
class JapaneseClock:
    """A clock that falls by rounds of ``seconds``: from ``start`` by ``step``, or along ``prices`` if they are listed.

    It ends when at most ``stop_at`` (m) bidders are active, after the round at or below ``target``, at the end of the
    list, or when all are out.
    """

    start: Decimal
    seconds: int
    step: Decimal | None = None
    prices: tuple[Decimal, ...] = ()
    stop_at: int = 1
    target: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Turns:
    """Rounds in which every bidder has one turn: pauses before the first and before each later round, in seconds.

    First bids are taken, unseen, until ``starts_at``; the order of turns follows the standing, worst first.
    """

    starts_at: datetime
    rounds: int = 3
    first_pause_seconds: int = 300
    pause_seconds: int = 120
    turn_seconds: int = 120


@dataclass(frozen=True, slots=True)
class FinalOffers:
    """After the close the buyer may call a short list to one last offer, with one common cut-off."""

    may_not_worsen: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """One possible answer to a criterion and what it is worth: ``malus`` in the lot's currency, a bonus is negative."""

    code: str
    malus: Decimal


@dataclass(frozen=True, slots=True)
class Criterion:
    """A declared quality, such as the delivery time; each bid gives one of its answers."""

    code: str
    answers: tuple[Answer, ...]


class ScoringKind(StrEnum):
    """How bids are compared when not by price alone."""

    MONEY = "money"
    RELATIVE_POINTS = "relative_points"


@dataclass(frozen=True, slots=True)
class Scoring:
    """Qualities as declared money: effective cost = total cost + Σ malus - Σ bonus.

    ``relative_points`` is for the import of foreign rules: points = ``price_points`` · min/price - Σ malus, read as
    points. There a loser's withdrawal can reverse ranks.
    """

    criteria: tuple[Criterion, ...]
    kind: ScoringKind = ScoringKind.MONEY
    price_points: Decimal = Decimal(60)


class Option(StrEnum):
    """What the buyer may disclose beyond what the visibility shows anyway, where that visibility allows it."""

    ALL_PRICES = "all_prices"
    NUMBER_OF_BIDDERS = "number_of_bidders"
    LEAD_PRICE = "lead_price"
    PRICES_AFTER_OPENING = "prices_after_opening"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one lot; ``format`` and ``visibility`` are codes of the tables. Money in ``currency``, times UTC.

    ``ceiling`` (C) is the highest price taken. ``decrement`` (d), ``base``, ``lead_buffer`` (f, in money) and
    ``largest_change`` (the slip guard: a bigger step down has to be confirmed) are for formats with visible steps.
    A bid must stay valid until ``valid_until_at_least`` or longer. ``starting_gate`` shows no market data before a
    bidder's own first bid. An outage of more than ``longest_outage_seconds`` pauses the lot. ``dutch``, ``japanese``,
    ``turns`` and ``final_offers`` belong to the formats of these names.
    """

    format: str
    visibility: str
    currency: str
    opens_at: datetime
    closes_at: datetime
    ceiling: Decimal | None = None
    decrement: Decrement | None = None
    base: Base = Base.OWN
    min_bidders: int = 1
    valid_until_at_least: date | None = None
    lead_buffer: Decimal | None = None
    largest_change: Decrement | None = None
    ties: Ties = Ties.ALLOWED
    proxy: bool = False
    soft_close: SoftClose | None = None
    scoring: Scoring | None = None
    disclosed: tuple[Option, ...] = ()
    starting_gate: bool = False
    longest_outage_seconds: int | None = None
    dutch: DutchClock | None = None
    japanese: JapaneseClock | None = None
    turns: Turns | None = None
    final_offers: FinalOffers | None = None


def rules_hash(rules: Rules) -> str:
    """Return the SHA-256 of the rules' canonical form: it stands in every receipt."""
    return codec.digest(codec.dump(rules))
