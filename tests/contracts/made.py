"""A request of two lots from its draft to the award, driven over HTTP by its buyer and two carriers."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from buyers.registry import service as registry
from buyers.registry import verification
from buyers.registry.model import Contact, Decision, Demographics, NumberKind
from marketplace.kernel.access import NOBODY, Kind
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import OrganizationId
from marketplace.wiring import Marketplace
from tests.factories import SignedIn, a_user

SITES = (
    "label,street,city,state,postal_code,country\n"
    "HQ,1 Pine St,Seattle,WA,98101,US\n"
    "Depot,9 Oak Ave,Yakima,WA,98901,US\n"
)
LINES = (
    "site,service_type,quantity,bandwidth_mbps\n"
    "HQ,data.dedicated-internet-access,1,500\n"
    "Depot,data.dedicated-internet-access,2,100\n"
)
TEXT = "# Terms of {}\n\nThe fee for ending early is 10 %."


class Caller:
    """A signed-in user who says what answer is expected."""

    def __init__(self, client: TestClient, who: SignedIn) -> None:
        self.client = client
        self.who = who

    def __call__(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        headers = self.who.headers | given.pop("headers", {})
        answer = self.client.request(method, path, headers=headers, **given)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@dataclass(frozen=True, slots=True)
class Deal:
    """A request of two lots, awarded: T1 to blue, T2 to red; each also bid on the other's lot."""

    request_id: str
    buyer: Caller
    blue: Caller
    red: Caller


def verified_buyer(market: Marketplace, admin: SignedIn) -> OrganizationId:
    contact = Contact("Ada Berg", "ada@northwind.example", "+1 206 555 0142")
    with market.workshop.work(NOBODY) as work:
        done = registry.register_buyer(work, "Northwind Orchards", contact, Demographics("G", 120, 3, "US", "WA"))
    buyer_id = done.buyer.id
    user = a_user(market, organization_id=buyer_id)
    with market.workshop.work(user.principal) as work:
        verification.add_numbers(work, {NumberKind.EIN: "91-1144442"})
        verification.submit(work)
    with market.workshop.work(admin.principal) as work:
        case = verification.read_case(work, buyer_id)
        verification.decide(work, buyer_id, Decision.VERIFY, "register read", f'"{case.buyer.revision}"')
    return buyer_id


def provider(client: TestClient, market: Marketplace, admin: Caller, name: str) -> tuple[Caller, str]:
    details = {"name": name, "contact_name": "Sam Reed", "contact_email": f"sam@{name.lower()}.example"}
    provider_id = client.post("/providers", json=details).json()["provider"]["id"]
    admin("POST", f"/providers/{provider_id}/approve", json={"reason": "licensed"})
    desk = Caller(client, a_user(market, Kind.PROVIDER, organization_id=provider_id))
    desk("POST", "/filters", 201, json={"name": "all", "criteria": {"territory": {"countries": ["US"]}}})
    return desk, desk("POST", "/terms", 201, json={"title": "Master agreement", "text": TEXT.format(name)})["id"]


def publish(buyer: Caller, clock: StagedClock) -> str:
    closes_at = (clock.now + timedelta(days=2)).isoformat()
    request = buyer("POST", "/requests", 201, json={"title": "Two places", "schedule": {"closes_at": closes_at}})
    path = f"/requests/{request['id']}"
    for what, rows in (("sites", SITES), ("lines", LINES)):
        headers = {"Content-Type": "text/csv", "If-Match": f'"{request["revision"]}"'}
        request = buyer("POST", f"{path}/import", params={"what": what}, content=rows, headers=headers)["request"]
    buyer("POST", f"{path}/submit", json={})
    return str(request["id"])


def bid(desk: Caller, terms_id: str, prices: dict[str, tuple[str, str]]) -> None:
    lots = [{"lot": lot, "lines": [{"line": line, "mrc": mrc, "nrc": "100.00"}]} for lot, (line, mrc) in prices.items()]
    invitation = desk("GET", "/invitations")["items"][0]
    body = {"request_version": 1, "terms_id": terms_id, "term_months": 36, "lots": lots}
    desk("POST", f"/invitations/{invitation['id']}/bids", 201, json=body)


def award(buyer: Caller, request_id: str) -> None:
    lots = buyer("GET", f"/requests/{request_id}/comparison")["lots"]
    chosen = [{"lot": lot["lot"], "bid_id": lot["offers"][0]["bid_id"]} for lot in lots if lot["status"] == "closed"]
    buyer("POST", f"/requests/{request_id}/award", 201, json={"awarded": chosen})


def confirm(*desks: Caller) -> None:
    for desk in desks:
        path = f"/invitations/{desk('GET', '/invitations')['items'][0]['id']}/award/confirmation"
        for asked in desk("GET", path):
            if asked["status"] == "awaited":
                desk("POST", path, json={"award_id": asked["award_id"]})


def contract_of(deal: Deal, name: str) -> dict[str, Any]:
    rows = deal.buyer("GET", f"/requests/{deal.request_id}/contracts")
    (row,) = [row for row in rows if row["provider_name"] == name and row["status"] == "presented"]
    contract: dict[str, Any] = deal.buyer("GET", f"/contracts/{row['id']}")
    return contract
