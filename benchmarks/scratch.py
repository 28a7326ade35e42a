"""The scratch installation: a market with one hot auction and one of 1,000 lots, made by the product's services."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from buyers.desk import service as desk
from buyers.desk.schemas import RequestParts
from marketplace.demo import cast, enrolment
from marketplace.demo.cast import BuyerRole, CarrierRole
from marketplace.identity import sessions, store
from marketplace.kernel import http
from marketplace.kernel.access import Principal
from marketplace.kernel.clock import machine_now
from marketplace.kernel.ids import RequestId
from marketplace.wiring import Marketplace
from sellers import service as sellers

CARRIERS = 64
LOTS = 1000
_SERVICE = "data.dedicated-internet-access"
_TERMS = "# Terms of a benchmark\n\n1. **Term.** As stated in the bid.\n2. **Law.** State of New York.\n"


@dataclass(frozen=True, slots=True)
class Bidder:
    """A carrier's access token, and its invitation to each auction by the auction's number of lots."""

    token: str
    terms_id: str
    invitations: dict[int, str]


@dataclass(frozen=True, slots=True)
class Market:
    """The carriers invited to every lot of each auction, the buyer's access token, and its auctions by their lots."""

    bidders: tuple[Bidder, ...]
    buyer_token: str
    requests: dict[int, str]


def build(market: Marketplace, sizes: tuple[int, ...] = (1, LOTS)) -> Market:
    """Make an English auction of each number of lots, to which all carriers are invited."""
    verifier = enrolment.platform_admin(market.workshop, cast.VERIFIER_EMAIL, "Noor Halloway")
    enrolled = [enrolment.carrier(market.workshop, carrier(number)) for number in range(CARRIERS)]
    for admin, _ in enrolled:
        with market.workshop.work(verifier) as work:
            sellers.approve(work, admin.organization_id, "Invented for a benchmark.")
    buyer = enrolment.buyer(market.workshop, one_site(cast.buyers()[0]))
    enrolment.decide(market.workshop, verifier, buyer.admin.organization_id, trust=True, reason="Invented, too.")
    site = next(iter(buyer.sites.values()))
    closes_at = machine_now() + timedelta(days=10)
    requests = {lots: publish(market, buyer.admin, site, lots, closes_at) for lots in sizes}
    by_lots = {lots: invited(market, request_id) for lots, request_id in requests.items()}
    bidders = tuple(
        Bidder(
            access_token(market, admin),
            terms_id,
            {lots: by_carrier[admin.organization_id] for lots, by_carrier in by_lots.items()},
        )
        for admin, terms_id in enrolled
    )
    return Market(bidders, access_token(market, buyer.admin), requests)


def carrier(number: int) -> CarrierRole:
    """Return an approved carrier that wants everything."""
    return CarrierRole(
        key=f"carrier-{number}",
        registration={
            "name": f"Carrier {number}",
            "contact_name": "Robin Vale",
            "contact_email": f"desk@carrier-{number}.example",
        },
        approved=True,
        price_level=Decimal(1),
        keenness=Decimal(1),
        install_days=30,
        terms={"title": "Terms", "text": _TERMS},
        filters=({"name": "everything", "criteria": {}},),
    )


def one_site(role: BuyerRole) -> BuyerRole:
    """Return a buyer with its first site alone, and no requests yet."""
    return BuyerRole(role.key, role.registration, role.numbers, role.verification, role.sites[:1], ())


def publish(market: Marketplace, buyer: Principal, site_id: str, lots: int, closes_at: datetime) -> str:
    """Publish an auction of that many lots; return the request's id."""
    with market.workshop.work(buyer) as work:
        request = desk.create(work, RequestParts.model_validate(_parts(site_id, lots, closes_at)).given())
    with market.workshop.work(buyer) as work:
        desk.submit(work, request.id, (), http.etag(request.revision))
    return request.id


def invited(market: Marketplace, request_id: str) -> dict[str, str]:
    """Return the invitation that each carrier received."""
    with market.workshop.reading() as reading:
        found = sellers.invitations_of_request(reading, RequestId(request_id))
    return {str(invitation.provider_id): str(invitation.id) for invitation in found}


def _parts(site_id: str, lots: int, closes_at: datetime) -> dict[str, Any]:
    line: dict[str, Any] = {
        "service_type": _SERVICE,
        "site": "S1",
        "features": [{"code": "bandwidth_mbps", "value": 500}],
    }
    return {
        "title": "Internet access",
        "description": "Circuits that are bid for as fast as they can be.",
        "term_months": 36,
        "sites": [{"ref": "S1", "site_id": site_id}],
        "lines": [{"ref": f"L{number}", **line} for number in range(1, lots + 1)],
        "lots": [{"ref": f"T{number}", "lines": [f"L{number}"]} for number in range(1, lots + 1)],
        "auction": {"format": "english", "decrement": "0.01", "base": "own"},
        "schedule": {"closes_at": closes_at},
    }


def access_token(market: Marketplace, admin: Principal) -> str:
    """Begin a session, as a sign-in does once the password is checked."""
    with market.workshop.work() as work:
        row = store.user(work, admin.user_id)
        if row is None:
            raise RuntimeError(f"{admin.user_id} was made a moment ago")
        session = sessions.begin_session(work, row, factor_used=True)
        return sessions.tokens_of(work, session, row, admin.kind).access_token
