"""What a story about one auction needs: its bidders by name, the time of its clock, and its end in a contract."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from httpx import Response

from marketplace.bidding import transcripts
from marketplace.kernel import journal
from tests.factories import SignedIn
from tests.security.made import Stage

LINES = Decimal(3600)
"""What the lines of every bid cost over the term; its adjustment makes the rest of the total."""


@dataclass
class Story:
    """One request under auction. ``opens_at`` is an hour after its publication, the announced close two hours later."""

    stage: Stage
    request_id: str
    opens_at: datetime
    closes_at: datetime
    carriers: dict[str, SignedIn]
    terms: dict[str, str]
    invitations: dict[str, str]

    # ---- time

    def at(self, instant: datetime) -> None:
        """Let it be ``instant``, and the worker do what was due before."""
        self.stage.clock.now = instant
        self.stage.settle()

    def after_opening(self, **time: float) -> None:
        """Let so much time have passed since the announced opening."""
        self.at(self.opens_at + timedelta(**time))

    def before_close(self, **time: float) -> None:
        """Let so much time be left until the announced close."""
        self.at(self.closes_at - timedelta(**time))

    # ---- what bidders do and see

    def join(self, name: str, carrier: SignedIn) -> None:
        """Let a carrier take part that was invited after the publication."""
        self.stage.settle()
        self.carriers[name] = carrier
        self.terms[name] = self.stage.terms(carrier)
        self.invitations[name] = self.stage.invitation(carrier)

    def path(self, name: str) -> str:
        """Return where the bidder's invitation lies."""
        return f"/invitations/{self.invitations[name]}"

    def offer(self, total: str, lot: str = "T1", **changed: Any) -> dict[str, Any]:
        """Return an offer for a lot at a total."""
        lines = [{"line": f"L{lot[1:]}", "mrc": "100.00"}]
        return {"lot": lot, "lines": lines, "adjustment": str(Decimal(total) - LINES), **changed}

    def body(self, name: str, *lots: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """Return a bid of a bidder with its own terms."""
        return {
            "request_version": 1,
            "terms_id": self.terms[name],
            "term_months": 36,
            "lots": list(lots),
            **changed,
        }

    def send(self, name: str, total: str, lot: str = "T1", **changed: Any) -> Response:
        """Return the answer to a bid."""
        body = self.body(name, self.offer(total, lot, **changed))
        return self.stage.call(self.carriers[name], "POST", f"{self.path(name)}/bids", body)

    def bid(self, name: str, total: str, lot: str = "T1", **changed: Any) -> dict[str, Any]:
        """Bid and return the receipt."""
        answer = self.send(name, total, lot, **changed)
        assert answer.status_code == 201, answer.text
        (receipt,) = answer.json()["receipts"]
        assert receipt["amount"] == total
        return dict(receipt)

    def refused(self, name: str, total: str, lot: str = "T1", **changed: Any) -> dict[str, Any]:
        """Return why a bid is refused."""
        answer = self.send(name, total, lot, **changed)
        assert answer.status_code == 409, answer.text
        refusal: dict[str, Any] = answer.json()["refusal"]
        return refusal

    def dry_run(self, name: str, total: str, lot: str = "T1") -> dict[str, Any]:
        """Return what a bid would lead to."""
        body = self.body(name, self.offer(total, lot))
        (found,) = self.stage.ok(self.carriers[name], "POST", f"{self.path(name)}/bids/dry-run", body)
        return dict(found)

    def limit(self, name: str, limit: str, lot: str = "T1") -> dict[str, Any]:
        """Let the marketplace bid down to ``limit``; return the receipt."""
        body = self.body(name, {"offer": self.offer("20000.00", lot), "limit": limit})
        (receipt,) = self.stage.ok(self.carriers[name], "PUT", f"{self.path(name)}/proxies", body)["receipts"]
        return dict(receipt)

    def take_back(self, name: str, bid_id: str, reason: str = "") -> Response:
        """Return the answer to a bid's being taken back, or to asking for it."""
        path = f"{self.path(name)}/bids/{bid_id}"
        return self.stage.call(self.carriers[name], "DELETE", path, params={"reason": reason} if reason else {})

    def sees(self, name: str, lot: str = "T1") -> dict[str, Any]:
        """Return what a bidder sees of a lot."""
        lots = self.stage.ok(self.carriers[name], "GET", f"{self.path(name)}/auction")
        return next(dict(one) for one in lots if one["lot"] == lot)

    # ---- what the buyer and the platform do and see

    def buyer(self, method: str, path: str, body: Any = None) -> Any:
        """Return what the buyer is answered about its request."""
        return self.stage.ok(self.stage.buyer, method, f"/requests/{self.request_id}{path}", body)

    def buyer_sees(self, lot: str = "T1") -> dict[str, Any]:
        """Return what the buyer sees of a lot that runs."""
        return next(dict(one) for one in self.buyer("GET", "/auction") if one["lot"] == lot)

    def steer(self, command: str, body: Any) -> Any:
        """Return what the platform is answered when it pauses, resumes or extends."""
        return self.stage.ok(self.stage.admin, "POST", f"/auctions/{self.request_id}/{command}", body)

    def compared(self, lot: str = "T1") -> list[tuple[str, str]]:
        """Return the bidders and totals of a lot in the order of the buyer's comparison."""
        names = {carrier.principal.organization_id: name for name, carrier in self.carriers.items()}
        lots = self.buyer("GET", "/comparison")["lots"]
        offers = next(one["offers"] for one in lots if one["lot"] == lot)
        return [(names[offer["provider_id"]], offer["total"]) for offer in offers]

    def made_contract(self, name: str, total: str) -> None:
        """Award each lot to its best bid, accept the terms, and find ``total`` in the contract and all as journaled."""
        self.stage.award(self.request_id)
        self.stage.confirm(*self.carriers.values())
        winner = self.carriers[name].principal.organization_id
        rows = self.buyer("GET", "/contracts")
        contracts = [self.stage.ok(self.stage.buyer, "GET", f"/contracts/{row['id']}") for row in rows]
        (contract,) = [one for one in contracts if one["presentation"]["provider_id"] == winner]
        assert contract["presentation"]["figures"]["total"] == total
        accepted = {"sha256": contract["presentation"]["terms"]["sha256"], "accepted_terms": True}
        made = self.stage.ok(self.stage.buyer, "POST", f"/contracts/{contract['id']}/acceptance", accepted)
        assert made["status"] == "accepted"
        self.stage.settle()
        won = self.stage.ok(self.carriers[name], "GET", f"{self.path(name)}/award")
        assert sum(Decimal(lot["total"]) for lot in won) == Decimal(total)
        self.is_as_journaled()

    def is_as_journaled(self) -> None:
        """Find the stored state of every lot to be what its events lead to, and the journal unbroken."""
        with self.stage.market.workshop.work() as work:
            for lot in self.buyer("GET", "/auction"):
                examined = transcripts.examined(work, self.request_id, lot["lot"])
                assert examined.differences == ()
                assert examined.events > 1
            report = journal.verify(work.session)
        assert report.broken == ""


def begin(stage: Stage, auction: dict[str, Any], bidders: str = "ABC", lots: int = 1, **parts: Any) -> Story:
    """Publish a request with ``auction``; it is a minute after its opening, and nobody has bid."""
    carriers = {name: stage.a_carrier() for name in bidders}
    now = stage.clock.now
    opens_at, closes_at = now + timedelta(hours=1), now + timedelta(hours=3)
    if lots > 1:
        line = stage.parts()["lines"][0]
        parts["lines"] = [line | {"ref": f"L{number}"} for number in range(1, lots + 1)]
        parts["lots"] = [{"ref": f"T{number}", "lines": [f"L{number}"]} for number in range(1, lots + 1)]
    schedule = {"opens_at": opens_at.isoformat(), "closes_at": closes_at.isoformat()}
    request_id = stage.publish(auction=auction, schedule=schedule, **parts)
    terms = {name: stage.terms(carrier) for name, carrier in carriers.items()}
    invitations = {name: stage.invitation(carrier) for name, carrier in carriers.items()}
    story = Story(stage, request_id, opens_at, closes_at, carriers, terms, invitations)
    story.after_opening(seconds=1)
    return story
