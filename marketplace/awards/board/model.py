"""Scenarios as saved, asked and answered, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from buyers.requests.model import Content
from marketplace.awards.buyer_rules import BuyerRule
from marketplace.awards.model import Comparison, Discount
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.scenarios import Scenario
from marketplace.awards.problem_of import LeftOut
from marketplace.kernel.ids import RequestId


class Stage(StrEnum):
    """How far the board may look: not at all, at figures while bids are taken, at everything after the close."""

    SEALED = "available after the opening"
    LIVE = "while bids are taken"
    CLOSED = "after the close"


@dataclass(frozen=True, slots=True)
class SavedScenario:
    """A scenario of the buyer's own on one request, shared by its organization. ``revision`` counts its edits."""

    id: str
    request_id: RequestId
    name: str
    rules: tuple[BuyerRule, ...]
    revision: int
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Spec:
    """One scenario to compute: on which problem, what it changes about its rules, and those in words.

    ``sha256`` is that of problem and change: the same question has the same answer, under whatever name.
    """

    key: str
    name: str
    own: bool
    problem: Problem
    scenario: Scenario
    rules: tuple[str, ...] = ()
    impossible: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """All that a board is computed from. ``sha256`` changes with everything that could change the answer."""

    stage: Stage
    sha256: str
    specs: tuple[Spec, ...]
    comparison: Comparison
    content: Content
    left_out: tuple[LeftOut, ...]
    uncovered: tuple[str, ...]
    uncounted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScenarioLot:
    """What a scenario does with a lot; without a bid it stays open."""

    lot: str
    bid_id: str | None
    provider_id: str | None
    provider_name: str
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class ScenarioProvider:
    """A provider that wins in a scenario."""

    provider_id: str
    provider_name: str
    lots: tuple[str, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class PriceOfRule:
    """What a rule costs over the term: the difference to the best without it. ``proven``: no better one is missed."""

    rule: str
    price: Decimal | None
    monthly: Decimal | None
    proven: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One computed scenario.

    ``status`` is the optimiser's word, ``words`` the sentence for people. ``total`` is what the buyer pays, switching
    costs included and discounts taken off; ``evaluated`` adds declared qualities. ``saving`` is against prior usage.
    """

    key: str
    name: str
    own: bool
    status: str
    words: str
    rules: tuple[str, ...] = ()
    total: Decimal | None = None
    evaluated: Decimal | None = None
    bound: Decimal | None = None
    saving: Decimal | None = None
    service_level: Decimal | None = None
    provider_count: int = 0
    lots: tuple[ScenarioLot, ...] = ()
    providers: tuple[ScenarioProvider, ...] = ()
    discounts: tuple[Discount, ...] = ()
    risks: tuple[str, ...] = ()
    prices: tuple[PriceOfRule, ...] = ()
    together: PriceOfRule | None = None
    conflict: str = ""
    ways_out: tuple[str, ...] = ()
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """A whole board as computed: scenarios, and the front of cost against service level, from cheapest to best."""

    stage: Stage
    sha256: str
    currency: str
    results: tuple[Result, ...]
    front: tuple[Result, ...]
    left_out: tuple[LeftOut, ...]
    uncovered: tuple[str, ...]
    uncounted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a computation is: steps done and in all, and what is computed now."""

    done: int
    steps: int
    now: str


@dataclass(frozen=True, slots=True)
class Board:
    """What the buyer is shown: the last computed board, how old it is, and what goes on.

    ``current``: nothing has changed since it was computed.
    """

    stage: Stage
    computed: Computed | None
    computed_at: datetime | None
    current: bool
    progress: Progress | None
    cancelled: bool
    failed: str
