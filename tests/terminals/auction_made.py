"""Auctions as tests of pages need them, made in the demo market by the services: many sites, rounds of bids, an end."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import select

from buyers.desk import service as desk
from buyers.desk.schemas import RequestParts
from buyers.registry import service as registry
from buyers.registry.model import SiteDetails
from buyers.registry.schemas import SiteInput
from marketplace.bidding import service as bidding
from marketplace.bidding.offer import Offer
from marketplace.identity.tables import UserRow
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, Principal, UserRole
from marketplace.kernel.ids import LotId, OrganizationId, RequestId
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace
from sellers import service as sellers
from tests.factories import as_owner

INTERNET = "data.dedicated-internet-access"
CITIES = (
    ("Seattle", "WA", "98101"),
    ("Portland", "OR", "97204"),
    ("Sacramento", "CA", "95814"),
    ("Phoenix", "AZ", "85003"),
    ("Denver", "CO", "80202"),
    ("Dallas", "TX", "75201"),
    ("Minneapolis", "MN", "55401"),
    ("Kansas City", "MO", "64106"),
    ("Chicago", "IL", "60601"),
    ("Nashville", "TN", "37201"),
    ("Atlanta", "GA", "30303"),
    ("Tampa", "FL", "33602"),
    ("Philadelphia", "PA", "19103"),
    ("Boston", "MA", "02108"),
)
ENGLISH: dict[str, Any] = {
    "format": "english",
    "decrement_percent": "0.1",
    "base": "own",
    "soft_close": {"window_seconds": 120, "extension_seconds": 120, "most_extensions": 10},
    "final_offers": {},
}


@dataclass(frozen=True, slots=True)
class Desk:
    """A carrier that bids: who it is and its terms."""

    principal: Principal
    name: str
    terms_id: str


@dataclass
class Auction:
    """One request under auction in the demo market."""

    market: Marketplace
    buyer: Principal
    request_id: RequestId
    desks: list[Desk]
    sites: int
    one_lot: bool
    term: int = 36

    @property
    def path(self) -> str:
        """Where its pages are."""
        return f"/b/requests/{self.request_id}"

    def bid(self, number: int, factor: str = "1", leave_out: int = 0, **changed: Any) -> None:
        """Let a carrier bid at its own prices times ``factor``; without the last ``leave_out`` sites."""
        own = self.desks[number]
        with self.market.workshop.reading() as reading:
            invitations = sellers.invitations_of_request(reading, self.request_id)
        (invitation,) = [one.id for one in invitations if one.provider_id == own.principal.organization_id]
        lines = [self._line(number, site, Decimal(factor)) for site in range(1, self.sites - leave_out + 1)]
        lots = [{"lot": "T1", "lines": lines}]
        if not self.one_lot:
            lots = [{"lot": f"T{line['line'][1:]}", "lines": [line]} for line in lines]
        # in a thread of its own: where a browser is driven, an event loop runs in this one
        with ThreadPoolExecutor(1) as beside:
            beside.submit(self._send, own, invitation, lots, changed).result()

    def _send(self, own: Desk, invitation: str, lots: list[dict[str, Any]], changed: dict[str, Any]) -> None:
        with bidding.counter(self.market.workshop) as counter:
            sha256 = counter.terms(own.principal, own.terms_id)
            fixed = {"terms_id": own.terms_id, "terms_sha256": sha256, "term_months": self.term}
            until = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
            offers = tuple(codec.load(Offer, lot | fixed | {"valid_until": until} | changed) for lot in lots)
            counter.bid(own.principal, invitation, bidding.BidCommand(1, offers))

    def _line(self, number: int, site: int, factor: Decimal) -> dict[str, Any]:
        """Return a price that differs by carrier and site, the same at every call."""
        mood = Decimal(900 + (number * 131 + site * 77 + number * site * 37) % 200) / 1000
        base = Decimal(1100 + site % 9 * 240) * mood * factor
        return {
            "line": f"L{site}",
            "mrc": f"{base:.2f}",
            "nrc": f"{(number * 250) % 1000}.00",
            "usage_rates": [{"service_type": INTERNET, "unit": "Mbps", "rate": "0"}],
            "install_days": 25 + number * 9,
            "taxes": [{"name": "USF", "basis": "percent", "figure": "4.5"}] if number % 2 else [],
            "answers": [
                {"code": "bandwidth_mbps", "fit": "meets"},
                {"code": "managed_router", "fit": "deviates", "text": "The router is sold, not managed."}
                if (number + site) % 4 == 0
                else {"code": "managed_router", "fit": "exceeds" if number == 1 else "meets"},
            ],
        }

    def spread_out(self, minutes: int = 25) -> None:
        """Let the bids lie apart in time, as in an auction that has run for a while."""
        with as_owner(self.market) as connection:
            connection.execute(
                text(
                    "UPDATE market.bids b SET placed_at = now() - make_interval(secs => :span * (1 - r.share))"
                    " FROM (SELECT id, row_number() OVER (ORDER BY placed_at, sequence)::float / count(*) OVER ()"
                    " AS share FROM market.bids WHERE request_id = :request) r WHERE b.id = r.id"
                ),
                {"span": minutes * 60, "request": self.request_id},
            )

    def close(self) -> None:
        """End it now: what its announced close would have done."""
        with as_owner(self.market) as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            values = {"past": past, "request": self.request_id}
            connection.execute(
                text(
                    "UPDATE market.lots SET closes_at = :past, opens_at = least(opens_at, :past)"
                    " WHERE request_id = :request"
                ),
                values,
            )
            connection.execute(text("UPDATE market.requests SET ends_at = :past WHERE id = :request"), values)
            lots = (
                connection.execute(text("SELECT id FROM market.lots WHERE request_id = :request"), values)
                .scalars()
                .all()
            )
        for lot in lots:
            with self.market.workshop.work() as work:
                bidding.ring(work, LotId(lot))
        catch_up(self.market.workshop)


def user_of(market: Marketplace, email: str, kind: Kind) -> Principal:
    """Return who has this address."""
    with market.workshop.reading() as reading:
        row = reading.session.exec(select(UserRow).where(UserRow.email == email)).one()
        return Principal(kind, row.id, OrganizationId(row.organization_id), UserRole.ADMIN)


def desks(market: Marketplace, most: int) -> list[Desk]:
    """Return the first approved carriers of the demo market."""
    found = []
    with market.workshop.reading() as reading:
        for provider_id in sorted(sellers.approved(reading), key=lambda one: sellers.names(reading, (one,))[one])[
            :most
        ]:
            user = reading.session.exec(select(UserRow).where(UserRow.organization_id == provider_id)).first()
            assert user is not None
            principal = Principal(Kind.PROVIDER, user.id, provider_id, UserRole.ADMIN)
            name = sellers.names(reading, (provider_id,))[provider_id]
            with market.workshop.reading(principal) as own:
                terms = sellers.terms_library(own, None, 1)[0].id
            found.append(Desk(principal, name, terms))
    return found


def an_auction(
    market: Marketplace,
    buyer: Principal,
    *,
    sites: int = 14,
    carriers: int = 6,
    one_lot: bool = True,
    auction: dict[str, Any] | None = None,
    closes_in: timedelta = timedelta(hours=2),
    title: str = "",
    **parts: Any,
) -> Auction:
    """Publish a request of dedicated Internet at so many sites, to which so many carriers are invited."""
    bidders = desks(market, carriers)
    cities = [CITIES[number % len(CITIES)] for number in range(sites)]
    with market.workshop.work(buyer) as work:
        details = [
            SiteDetails(
                **SiteInput.model_validate(
                    {
                        "label": f"{city} {number}",
                        "country": "US",
                        "state": state,
                        "city": city,
                        "postal_code": code,
                        "street": f"{number + 1} Foundry Pike",
                    }
                ).model_dump()
            )
            for number, (city, state, code) in enumerate(cities)
        ]
        ids = registry.upsert_sites(work, buyer.organization_id, details)
    given = {
        "title": title or f"{sites} sites: dedicated internet",
        "term_months": 36,
        "sites": [{"ref": f"S{n}", "site_id": ids[one.label]} for n, one in enumerate(details, 1)],
        "lines": [
            {
                "ref": f"L{n}",
                "service_type": INTERNET,
                "site": f"S{n}",
                "features": [
                    {"code": "bandwidth_mbps", "value": 500},
                    {"code": "managed_router", "value": True, "priority": "nice"},
                ],
            }
            for n in range(1, sites + 1)
        ],
        "billing": {"currency": "USD"},
        "prior_usage": [
            {
                "service_type": INTERNET,
                "unit": "Mbps",
                "monthly_quantity": "3000",
                "monthly_spend": f"{sites * 2450}.00",
            }
        ],
        "provider_list": {"mode": "only", "providers": [one.principal.organization_id for one in bidders]},
        "schedule": {"closes_at": (datetime.now(UTC) + closes_in).isoformat()},
        "auction": ENGLISH if auction is None else auction,
        **parts,
    }
    if one_lot:
        given["lots"] = [{"ref": "T1", "name": "All sites", "lines": [f"L{n}" for n in range(1, sites + 1)]}]
    with market.workshop.work(buyer) as work:
        request = desk.create(work, RequestParts.model_validate(given).given())
    with market.workshop.work(buyer) as work:
        desk.submit(work, request.id, (), None)
    while True:
        catch_up(market.workshop)
        with market.workshop.reading() as reading:
            if len(sellers.invited_providers(reading, request.id)) >= len(bidders) and bidding.is_scheduled(
                reading, request.id
            ):
                break
    return Auction(market, buyer, request.id, bidders, sites, one_lot)
