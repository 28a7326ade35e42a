"""Wire types of the scenario board."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from marketplace.awards import buyer_rules as own
from marketplace.awards.buyer_rules import BuyerRule
from marketplace.awards.schemas import DiscountOutput
from marketplace.kernel.money import cents
from marketplace.kernel.wire import Whole

_MOST_RULES = 30
_Lot = Annotated[str, Field(max_length=8, pattern="^T[0-9]+$", examples=["T1"])]
_Site = Annotated[str, Field(max_length=8, pattern="^S[0-9]+$", examples=["S1"])]
_Lots = Annotated[list[_Lot], Field(max_length=2000)]
_Provider = Annotated[str, Field(max_length=60)]
_Count = Annotated[Whole, Field(ge=0, le=5000)]
_Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
_Amount = Annotated[Decimal, Field(ge=0, lt=Decimal("1e9"), max_digits=11, decimal_places=2), AfterValidator(cents)]
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+$"
"""No signs that can't be seen, or turn the direction of what is written."""


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProvidersRule(_Rule):
    """At least, at most so many providers win anything."""

    type: Literal["providers"]
    at_least: Annotated[Whole, Field(ge=1, le=100)] | None = None
    at_most: Annotated[Whole, Field(ge=1, le=100)] | None = None

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.Providers(self.at_least, self.at_most)


class ShareRule(_Rule):
    """A carrier (without one: each that wins) gets at least, at most so many percent of lots, sites or money."""

    type: Literal["share"]
    provider_id: _Provider = ""
    measure: own.Measure = "value"
    at_least: _Percent | None = None
    at_most: _Percent | None = None

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.Share(self.provider_id, self.measure, self.at_least, self.at_most)


class IncumbentsRule(_Rule):
    """Present providers (see switching costs) keep at least so many of their lots; each gets at most so many."""

    type: Literal["incumbents"]
    keep_at_least: _Count | None = None
    get_at_most: _Count | None = None

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.Incumbents(self.keep_at_least, self.get_at_most)


class ExcludedRule(_Rule):
    """A carrier wins nothing at these sites and none of these lots; without both nothing at all."""

    type: Literal["excluded"]
    provider_id: Annotated[str, Field(min_length=1, max_length=60)]
    sites: Annotated[list[_Site], Field(max_length=2000)] = []
    lots: _Lots = []

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.Excluded(self.provider_id, tuple(self.sites), tuple(self.lots))


class TogetherRule(_Rule):
    """What is awarded at a site, in a region such as US-WA, or of these lots goes to one carrier."""

    type: Literal["together"]
    site: _Site | Literal[""] = ""
    region: Annotated[str, Field(max_length=8, pattern="^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$")] = ""
    lots: _Lots = []

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.Together(self.site, self.region, tuple(self.lots))


class ApartRule(_Rule):
    """A primary and a backup lot have nothing of `by` in common.

    Whose access line it is and by which entrance it comes is what the bids state. What a bid does not state can't be
    proven diverse: it counts as the same as every other.
    """

    type: Literal["apart"]
    primary: _Lot
    backup: _Lot
    by: Annotated[list[own.Separation], Field(min_length=1, max_length=3)] = ["providers"]

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.Apart(self.primary, self.backup, tuple(dict.fromkeys(self.by)))


class FeaturesRule(_Rule):
    """Every bid taken for these lots (none named: for all) answers that it meets or exceeds these features."""

    type: Literal["features"]
    features: Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=50)]
    lots: _Lots = []

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.WithFeatures(tuple(self.features), tuple(self.lots))


class InstalledBeforeRule(_Rule):
    """Every bid taken for these lots (none named: for all) is installed by this day, if ordered today."""

    type: Literal["installed_before"]
    day: date
    lots: _Lots = []

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.InstalledBefore(self.day, tuple(self.lots))


class BudgetRule(_Rule):
    """All together costs at most so much: over the term after discounts, or a month by list."""

    type: Literal["budget"]
    amount: _Amount
    measure: Literal["total", "monthly"] = "total"

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.Budget(self.amount, self.measure)


class MayStayOpenRule(_Rule):
    """A lot may stay without an award, which is counted as if it cost `amount`."""

    type: Literal["may_stay_open"]
    lot: _Lot
    amount: _Amount

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.MayStayOpen(self.lot, self.amount)


class ServiceLevelRule(_Rule):
    """The mean service level (80: every answered feature met, 100: all exceeded, 0: none met) is at least this."""

    type: Literal["service_level"]
    at_least: Annotated[Whole, Field(ge=0, le=100)]

    def rule(self) -> BuyerRule:
        """Return the rule as a value."""
        return own.ServiceLevel(self.at_least)


RuleInput = Annotated[
    ProvidersRule
    | ShareRule
    | IncumbentsRule
    | ExcludedRule
    | TogetherRule
    | ApartRule
    | FeaturesRule
    | InstalledBeforeRule
    | BudgetRule
    | MayStayOpenRule
    | ServiceLevelRule,
    Field(discriminator="type"),
]


class ScenarioInput(BaseModel):
    """A scenario of your own: the cheapest award that obeys its rules."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=80, pattern=_PRINTABLE, examples=["Two routes, one region"])
    rules: list[RuleInput] = Field(max_length=_MOST_RULES)

    def values(self) -> tuple[BuyerRule, ...]:
        """Return the rules as values."""
        return tuple(rule.rule() for rule in self.rules)


class ScenarioOutput(BaseModel):
    """A saved scenario, shared by your organization."""

    id: str
    name: str
    rules: list[RuleInput]
    words: list[str] = Field(description="each rule as a sentence")
    revision: int
    changed_by: str
    changed_at: datetime


class ScenarioLotOutput(BaseModel):
    """What a scenario does with a lot; without a bid it stays open."""

    lot: str
    bid_id: str | None
    provider_id: str | None
    provider_name: str
    total: Decimal | None


class ScenarioProviderOutput(BaseModel):
    """A carrier that wins in a scenario."""

    provider_id: str
    provider_name: str
    lots: list[str]
    total: Decimal


class PriceOfRuleOutput(BaseModel):
    """What a rule costs: over the term, and a month of it. `proven`: no better award without it is missed."""

    rule: str
    price: Decimal | None
    monthly: Decimal | None
    proven: bool


class ResultOutput(BaseModel):
    """One computed scenario. While bids are taken its figures alone: no bids, lots and carriers.

    `words`: 'proven cheapest', 'within 0.4 %', or why there is none. `total` is what you pay, switching costs included
    and discounts taken off; `evaluated` adds declared qualities; no award costs less than `bound`. The prices of rules
    one by one don't sum up to what they cost `together`.
    """

    key: str
    name: str
    own: bool
    status: str
    words: str
    rules: list[str]
    total: Decimal | None
    evaluated: Decimal | None
    bound: Decimal | None
    saving: Decimal | None
    service_level: Decimal | None
    provider_count: int
    lots: list[ScenarioLotOutput]
    providers: list[ScenarioProviderOutput]
    discounts: list[DiscountOutput]
    risks: list[str]
    prices: list[PriceOfRuleOutput]
    together: PriceOfRuleOutput | None
    conflict: str
    ways_out: list[str]
    engine: str


class LeftOutOutput(BaseModel):
    """A bid that no scenario takes, and why."""

    lot: str
    bid_id: str
    reason: str


class ComputedOutput(BaseModel):
    """A board as computed. `sha256` names it where a scenario is awarded. `front`: cost against service level."""

    stage: str
    sha256: str
    currency: str
    results: list[ResultOutput]
    front: list[ResultOutput]
    left_out: list[LeftOutOutput]
    uncovered: list[str]
    uncounted: list[str]


class ProgressOutput(BaseModel):
    """How far the computation is, and what is computed now."""

    done: int
    steps: int
    now: str


class BoardOutput(BaseModel):
    """The last computed board. `current`: nothing has changed since; otherwise look again while `progress` shows."""

    stage: str
    computed: ComputedOutput | None
    computed_at: datetime | None
    current: bool
    progress: ProgressOutput | None
    cancelled: bool
    failed: str


class ScenarioAwardInput(BaseModel):
    """Which scenario of which board; one reason for all, needed where it is not the cheapest."""

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    reason: str = Field("", max_length=1000)
