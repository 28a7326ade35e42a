"""A presentation of terms, the decision on it and the contract that comes of it, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from marketplace.bidding.offer import FeatureAnswer, Firmness, Surcharge, UsageRate
from marketplace.bidding.offer_conditions import PackageCondition, VolumeTier
from marketplace.kernel.codec import IF_STATED
from marketplace.kernel.ids import BidId, InvitationId, OrganizationId, RequestId, UserId
from sellers.key_terms import KeyTerms
from sellers.model import MARKDOWN


class ContractStatus(StrEnum):
    """Presented until the buyer decides. ``WITHDRAWN``: the award fell through before, and the terms with it."""

    PRESENTED = "presented"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PresentedTerms:
    """The version of a terms document that the provider fixed with its bids.

    ``sha256`` is of its bytes: its text in UTF-8, or the PDF of ``pages`` pages.
    """

    id: str
    title: str
    version: int
    sha256: str
    media_type: str = MARKDOWN
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class AcceptedBefore:
    """The terms that this buyer accepted from this provider last, which the presented ones are compared with."""

    contract_id: str
    accepted_at: datetime
    terms: PresentedTerms
    key_terms: KeyTerms | None


@dataclass(frozen=True, slots=True)
class ContractLine:
    """A line at the price that was bid, per unit of its quantity: ``mrc`` a month, ``nrc`` once.

    ``optional``: a nice-to-have line, priced beside the lot's total and not in it. ``site`` is the request's own name.
    ``taxes`` and ``construction_cap`` (of a price that is not firm, once) are per unit of the quantity, too.
    ``access_owner`` and ``entrance`` as the bid states them: whose access line it is, and by which way it comes in.
    """

    line: str
    service_type: str
    site: str
    quantity: int
    optional: bool
    mrc: Decimal
    nrc: Decimal
    usage_rates: tuple[UsageRate, ...]
    install_days: int | None
    answers: tuple[FeatureAnswer, ...]
    taxes: tuple[Surcharge, ...] = ()
    firmness: Firmness = Firmness.FIRM
    construction_cap: Decimal | None = None
    access_owner: Annotated[str, IF_STATED] = ""
    entrance: Annotated[str, IF_STATED] = ""


@dataclass(frozen=True, slots=True)
class ContractLot:
    """An awarded lot. ``total`` is over the term; ``bid_commitment`` is the hash that the bid's receipt names.

    ``adjustment`` is added once to the sum of the lines, and in ``total``. ``open_ended`` names the lines whose price
    is not firm and has no construction cap: what they cost beyond ``total`` has no limit. ``packages`` and ``volume``
    are the bid's conditions, no part of ``total``.
    """

    lot: str
    name: str
    bid_id: BidId
    bid_version: int
    bid_placed_at: datetime
    bid_commitment: str
    total: Decimal
    note: str
    lines: tuple[ContractLine, ...]
    adjustment: Decimal = Decimal(0)
    open_ended: tuple[str, ...] = ()
    packages: tuple[PackageCondition, ...] = ()
    volume: tuple[VolumeTier, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractDiscount:
    """A discount that the award earned by the bids' conditions: ``amount`` is what falls on this contract's lots.

    ``lots`` are all that it counts. ``elsewhere`` are those of them in other contracts of the award: while one of these
    can still return to the buyer, the discount stands on condition that it does not.
    """

    words: str
    lots: tuple[str, ...]
    amount: Decimal
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums over the lots without optional lines.

    ``monthly`` and ``one_time`` are MRC and NRC alone, by list; ``total`` counts usage, taxes, surcharges, construction
    caps and adjustments as well, and is after discounts, which make up ``discount``.
    ``slowest_install_days`` counts from the order, where the provider stated it.
    """

    currency: str
    term_months: int
    monthly: Decimal
    one_time: Decimal
    total: Decimal
    slowest_install_days: int | None
    discount: Annotated[Decimal, IF_STATED] = Decimal(0)


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a buyer has before it when it decides, beside the text of the terms: the prices that they would bind.

    ``key_terms`` as the provider stated them with this version. ``accepted_before`` is missing the first time.
    ``revision`` counts how often the discounts were reckoned anew since the first presentation.
    """

    award_id: str
    request_version: int
    provider_id: OrganizationId
    provider_name: str
    terms: PresentedTerms
    figures: Figures
    lots: tuple[ContractLot, ...]
    key_terms: KeyTerms | None = None
    accepted_before: AcceptedBefore | None = None
    discounts: Annotated[tuple[ContractDiscount, ...], IF_STATED] = ()
    revision: Annotated[int, IF_STATED] = 0

    @property
    def lot_refs(self) -> tuple[str, ...]:
        """The lots' names."""
        return tuple(lot.lot for lot in self.lots)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The evidence: who accepted when, which terms, and the hash of exactly what was shown (``document.shown``).

    ``changes_version`` is the version of the agreed changes that was accepted with the terms; None: none.
    """

    user_id: UserId
    full_name: str
    role: str
    at: datetime
    terms_sha256: str
    shown_sha256: str
    changes_version: int | None = None


@dataclass(frozen=True, slots=True)
class ProviderConfirmation:
    """The other side's evidence: who confirmed the award for the provider, and when."""

    user_id: UserId
    full_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """The buyer's no, and why."""

    user_id: UserId
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    """A made contract: its canonical bytes, their SHA-256, and our signature (JWS) over id and hash."""

    document: bytes
    sha256: str
    signature: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One presentation of terms to a buyer and what became of it."""

    id: str
    request_id: RequestId
    invitation_id: InvitationId
    presentation: Presentation
    presented_at: datetime
    status: ContractStatus = ContractStatus.PRESENTED
    acceptance: Acceptance | None = None
    refusal: Refusal | None = None
    made: Made | None = None
