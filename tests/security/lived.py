"""A small market in which everything is there once: what a stranger's calls can hit when they reach deep."""

from datetime import timedelta
from io import BytesIO

from pypdf import PdfWriter

from marketplace.kernel.access import Kind, Scope
from sellers.model import ProviderStatus
from tests.factories import SignedIn, a_registered_buyer, a_user
from tests.house.plan import policies, routes
from tests.security.made import Stage

LIT = "kind,service_types,down_mbps,postal_code,country\non-net,data,1000,12207,US\n"
RULE = {"type": "providers", "at_most": 1}


class Lived:
    """The market: a draft, an open, a closed and an awarded request, two carriers, and who waits for the platform."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.carrier, other = stage.a_carrier(), stage.a_carrier()
        self._furnish(self.carrier)
        self._award(other)
        closed = self._closed(other)
        stage.ok(stage.buyer, "POST", f"/requests/{closed}/own-scenarios", {"name": "One carrier", "rules": [RULE]})
        stage.ok(stage.buyer, "GET", f"/requests/{closed}/scenarios")
        self._open()
        stage.ok(stage.buyer, "POST", "/requests", stage.parts(title="Not yet"))
        stage.a_carrier(status=ProviderStatus.PENDING, filters=False)
        self._waiting()
        self._colleagues()
        stage.settle()

    def players(self) -> dict[str, "Player"]:
        """Return who calls, by role: admins, who may do what all others of their kind may do, a key, and nobody."""
        stage = self.stage
        return {
            "anonymous": Player(stage, None, Kind.NOBODY),
            "buyer": Player(stage, stage.buyer, Kind.BUYER),
            "provider": Player(stage, self.carrier, Kind.PROVIDER),
            "platform": Player(stage, stage.admin, Kind.PLATFORM),
            "key": Player(stage, stage.buyer, Kind.BUYER, by_key=True),
        }

    def _furnish(self, carrier: SignedIn) -> None:
        """Give a carrier one of all that it keeps."""
        ok = self.stage.ok
        ok(carrier, "POST", "/territories", {"name": "Albany", "states": ["US-NY"], "postal_prefixes": ["US-122"]})
        ok(carrier, "POST", "/webhooks", {"url": "https://93.184.216.34/hook"})
        media = {"Content-Type": "text/csv"}
        ok(carrier, "POST", "/footprint/versions", content=LIT, headers=media)
        file = {"title": (None, "On paper"), "file": ("terms.pdf", a_pdf(), "application/pdf")}
        ok(carrier, "POST", "/terms/files", files=file)
        ok(carrier, "POST", "/calendar/feed")

    def _ask(self, carrier: SignedIn, request_id: str, text: str, answer: str = "") -> None:
        stage = self.stage
        asked = stage.ok(carrier, "POST", f"/invitations/{stage.invitation(carrier)}/questions", {"text": text})
        if answer:
            path = f"/requests/{request_id}/questions/{asked['id']}/answer"
            stage.ok(stage.buyer, "POST", path, {"text": answer})

    def _award(self, other: SignedIn) -> None:
        """Live a deal until its contract is negotiated."""
        stage = self.stage
        request_id = stage.publish()
        self._ask(self.carrier, request_id, "Is the riser ours to use?", "Yes, it is yours.")
        stage.bid(self.carrier, "400.00")
        stage.bid(other, "450.00")
        stage.close()
        stage.award(request_id)
        stage.confirm(self.carrier)
        stage.settle()
        (contract,) = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/contracts")
        change = {"reference": "key term", "clause": "notice_days", "wording": "Notice is 30 days before the end."}
        path = f"/contracts/{contract['id']}/negotiation"
        seen = stage.call(stage.buyer, "GET", path)
        headers = {"If-Match": seen.headers["etag"]}
        stage.ok(stage.buyer, "POST", f"{path}/proposals", {"changes": [change]}, headers=headers)

    def _closed(self, other: SignedIn) -> str:
        stage = self.stage
        request_id = stage.publish(title="Closed, to be awarded")
        stage.bid(self.carrier, "410.00")
        stage.bid(other, "390.00")
        stage.close()
        return request_id

    def _open(self) -> None:
        stage = self.stage
        schedule = {"closes_at": (stage.clock.now + timedelta(days=20)).isoformat()}
        request_id = stage.publish(title="Open for bids", schedule=schedule)
        self._ask(self.carrier, request_id, "Is there a lift?")
        stage.bid(self.carrier, "420.00")
        stage.ok(stage.admin, "POST", f"/auctions/{request_id}/announcements", {"text": "The platform is slow today."})

    def _waiting(self) -> None:
        """Let a buyer wait for its verification, with a document."""
        stage = self.stage
        buyer = a_registered_buyer(stage.client, stage.market, "waiting@riverbend-library.example.org")
        file = {"file": ("extract.pdf", a_pdf(), "application/pdf")}
        stage.ok(buyer, "POST", "/buyer/verification/documents", files=file)
        stage.ok(buyer, "POST", "/buyer/verification/evidence", {"numbers": {"ein": "91-2055551"}})
        stage.ok(buyer, "POST", "/buyer/verification/submit")

    def _colleagues(self) -> None:
        for who in (self.stage.buyer, self.carrier, self.stage.admin):
            a_user(self.stage.market, who.principal.kind, organization_id=who.principal.organization_id)
            self.stage.ok(who, "POST", "/me/api-keys", {"name": "spare", "scopes": ["read"]})


class Player:
    """Somebody who calls, and can show who it is again: it may well sign itself out."""

    def __init__(self, stage: Stage, who: SignedIn | None, kind: Kind, *, by_key: bool = False) -> None:
        self._stage, self._who, self._kind, self._by_key = stage, who, kind, by_key
        self.headers: dict[str, str] = {}
        self.renew()

    def operations(self) -> set[str]:
        """Return what its kind may call."""
        return {
            f"{method} {route.path_format}"
            for route in routes()
            for policy in policies(route.dependant)
            if not policy.kinds or self._kind in policy.kinds
            for method in route.methods
            if self._kind in policy.kinds or self._who is None
        }

    def renew(self) -> None:
        """Send a fresh admin of the organization, or have it make a key: the last one may have locked itself out."""
        if self._who is None:
            return
        who = a_user(self._stage.market, self._kind, organization_id=self._who.principal.organization_id)
        self.headers = who.headers
        if self._by_key:
            body = {"name": "stranger", "scopes": [Scope.READ, Scope.REQUESTS, Scope.AWARDS, Scope.ADMINISTRATION]}
            secret = self._stage.ok(who, "POST", "/me/api-keys", body)["secret"]
            self.headers = {"Authorization": f"Bearer {secret}"}


def a_pdf() -> bytes:
    """Return a page of nothing."""
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    file = BytesIO()
    writer.write(file)
    return file.getvalue()
