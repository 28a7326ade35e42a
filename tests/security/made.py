"""What an attack needs: a verified buyer with a published request, approved carriers, and calls over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response

from buyers.registry import verification
from buyers.registry.model import Decision, NumberKind
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from sellers import service as sellers
from sellers import store
from sellers.model import Contact, Criteria, Provider, ProviderStatus, Territory
from tests.factories import SignedIn, a_registered_buyer, a_user

INTERNET = "data.dedicated-internet-access"
EVERYWHERE = Criteria(territory=Territory(countries=("US",)))
SITE: dict[str, Any] = {
    "label": "Bookbinders' workshop",
    "street": "12 Canal Street",
    "city": "Albany",
    "state": "NY",
    "postal_code": "12207",
    "country": "US",
}


@dataclass
class Stage:
    """A marketplace with the people that an attack is played between."""

    market: Marketplace
    client: TestClient
    clock: StagedClock
    settle: Callable[[], None]
    buyer: SignedIn = field(init=False)
    admin: SignedIn = field(init=False)

    def __post_init__(self) -> None:
        self.admin = a_user(self.market, Kind.PLATFORM)
        self.buyer = self.a_buyer()

    def call(self, who: SignedIn | None, method: str, path: str, body: Any = None, **options: Any) -> Response:
        """Return the answer to a call, whatever it is."""
        headers = ({} if who is None else who.headers) | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        answer: Response = self.client.request(method, path, headers=headers, **options)
        return answer

    def ok(self, who: SignedIn | None, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Return the JSON of a call that has to succeed."""
        answer = self.call(who, method, path, body, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def a_buyer(self, email: str = "") -> SignedIn:
        """Return the admin of a verified buyer."""
        user = a_registered_buyer(self.client, self.market, email)
        buyer_id = user.principal.organization_id
        with self.market.workshop.work(user.principal) as work:
            verification.add_numbers(work, {NumberKind.EIN: "91-1144442"})
            verification.submit(work)
        with self.market.workshop.work(self.admin.principal) as work:
            case = verification.read_case(work, buyer_id)
            verification.decide(work, buyer_id, Decision.VERIFY, "The register agrees.", f'"{case.buyer.revision}"')
        return user

    def a_carrier(self, *, status: ProviderStatus = ProviderStatus.APPROVED, filters: bool = True) -> SignedIn:
        """Return the admin of a provider that wants everything."""
        user = a_user(self.market, Kind.PROVIDER, UserRole.ADMIN)
        provider_id = user.principal.organization_id
        with self.market.workshop.work() as work:
            contact = Contact("Robin Vale", user.email)
            store.add_provider(
                work, Provider(provider_id, f"Carrier {provider_id}", ProviderStatus.PENDING, "", contact)
            )
        if filters:
            with self.market.workshop.work(user.principal) as work:
                sellers.save_filter(work, sellers.FilterDraft("everything", EVERYWHERE))
        if status is not ProviderStatus.PENDING:
            with self.market.workshop.work() as work:
                sellers.approve(work, provider_id, "licence checked")
        return user

    def parts(self, **changed: Any) -> dict[str, Any]:
        """Return a complete request of one site, one line, closing in two days."""
        found = self.ok(self.buyer, "GET", "/sites")["items"]
        site = found[0] if found else self.ok(self.buyer, "POST", "/sites", SITE)
        features = [{"code": "bandwidth_mbps", "value": 500}]
        return {
            "title": "Internet access for one place",
            "sites": [{"ref": "S1", "site_id": site["id"]}],
            "lines": [{"ref": "L1", "service_type": INTERNET, "site": "S1", "features": features}],
            "schedule": {"closes_at": (self.clock.now + timedelta(days=2)).isoformat()},
            **changed,
        }

    def publish(self, **changed: Any) -> str:
        """Publish a request of the buyer, a minute after the last thing, and return its id."""
        self.clock.now += timedelta(minutes=1)
        request_id = str(self.ok(self.buyer, "POST", "/requests", self.parts(**changed))["id"])
        self.ok(self.buyer, "POST", f"/requests/{request_id}/submit", {})
        self.settle()
        return request_id

    def amend(self, request_id: str, **parts: Any) -> None:
        """Amend a published request."""
        seen = self.call(self.buyer, "GET", f"/requests/{request_id}")
        headers = {"If-Match": seen.headers["etag"]}
        self.ok(self.buyer, "POST", f"/requests/{request_id}/amendments", parts, headers=headers)

    def invitation(self, carrier: SignedIn) -> str:
        """Return the carrier's newest invitation."""
        return str(self.ok(carrier, "GET", "/invitations")["items"][0]["id"])

    def terms(self, carrier: SignedIn) -> str:
        """Return a terms document of the carrier."""
        return str(self.ok(carrier, "POST", "/terms", {"title": "Terms", "text": "Terms."})["id"])

    def bid_body(self, carrier: SignedIn, mrc: Any = "400.00", **changed: Any) -> dict[str, Any]:
        """Return a bid on the one lot of a request."""
        lots = [{"lot": "T1", "lines": [{"line": "L1", "mrc": mrc}]}]
        return {"request_version": 1, "terms_id": self.terms(carrier), "term_months": 36, "lots": lots, **changed}

    def bid(self, carrier: SignedIn, mrc: Any = "400.00", **options: Any) -> Any:
        """Bid on the newest invitation's one lot."""
        path = f"/invitations/{self.invitation(carrier)}/bids"
        return self.ok(carrier, "POST", path, self.bid_body(carrier, mrc), **options)

    def close(self) -> None:
        """Let the time for bids pass."""
        self.clock.now += timedelta(days=3)
        self.settle()

    def confirm(self, *carriers: SignedIn) -> None:
        """Let carriers confirm what they were awarded on their newest invitations."""
        for carrier in carriers:
            for invitation in self.ok(carrier, "GET", "/invitations")["items"]:
                path = f"/invitations/{invitation['id']}/award/confirmation"
                for one in self.ok(carrier, "GET", path):
                    if one["status"] == "awaited":
                        self.ok(carrier, "POST", path, {"award_id": one["award_id"]})

    def award(self, request_id: str) -> Any:
        """Award every lot to its best bid."""
        lots = self.ok(self.buyer, "GET", f"/requests/{request_id}/comparison")["lots"]
        chosen = [{"lot": lot["lot"], "bid_id": lot["offers"][0]["bid_id"]} for lot in lots]
        done = self.ok(self.buyer, "POST", f"/requests/{request_id}/award", {"awarded": chosen})
        self.settle()
        return done
