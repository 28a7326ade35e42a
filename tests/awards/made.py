"""What tests of awards need: a request of three lots at three sites, three carriers, and their bids."""

import time
from dataclasses import dataclass, field
from typing import Any

from httpx import Response

from marketplace.kernel.access import UserRole
from tests.factories import SignedIn, a_user
from tests.security.made import INTERNET, SITE, Stage

LOTS = ("T1", "T2", "T3")
PRICES = {"blue": (100, 110, 120), "red": (105, 100, 125), "green": (130, 130, 119)}
"""A month, by lot: the cheapest are blue, red, green."""


@dataclass
class Round:
    """One request among three carriers."""

    stage: Stage
    request_id: str
    carriers: dict[str, SignedIn]
    terms: dict[str, str]
    invitations: dict[str, str]
    colleague: SignedIn = field(init=False)

    def __post_init__(self) -> None:
        organization_id = self.stage.buyer.principal.organization_id
        self.colleague = a_user(self.stage.market, role=UserRole.NEGOTIATOR, organization_id=organization_id)

    def path(self, rest: str = "") -> str:
        return f"/requests/{self.request_id}{rest}"

    def bid(self, name: str, **changed: Any) -> None:
        """Let a carrier bid on all lots at its prices; ``changed`` is part of every lot's offer."""
        lots = [
            {"lot": lot, "lines": [{"line": f"L{lot[1:]}", "mrc": f"{price}.00", "nrc": "50.00"}], **changed}
            for lot, price in zip(LOTS, PRICES[name], strict=True)
        ]
        self.send(name, lots)

    def send(self, name: str, lots: list[dict[str, Any]]) -> None:
        body = {"request_version": 1, "terms_id": self.terms[name], "term_months": 36, "lots": lots}
        self.stage.ok(self.carriers[name], "POST", f"/invitations/{self.invitations[name]}/bids", body)

    def bid_all(self) -> None:
        for name in self.carriers:
            self.bid(name)

    def id_of(self, name: str) -> str:
        return str(self.carriers[name].principal.organization_id)

    def buyer(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return self.stage.ok(self.stage.buyer, method, self.path(path), body, **options)

    def asked(self, method: str, path: str, body: Any = None, **options: Any) -> Response:
        return self.stage.call(self.stage.buyer, method, self.path(path), body, **options)

    def chosen(self, **names: str) -> list[dict[str, Any]]:
        """Return a selection of each lot's bid by its carrier's name."""
        lots = {lot["lot"]: lot["offers"] for lot in self.buyer("GET", "/comparison")["lots"]}
        return [
            {
                "lot": lot,
                "bid_id": next(offer["bid_id"] for offer in lots[lot] if offer["provider_id"] == self.id_of(name)),
                "reason": "It serves us well.",
            }
            for lot, name in names.items()
        ]

    def board(self) -> dict[str, Any]:
        """Return the board once it is computed."""
        while True:
            found: dict[str, Any] = self.buyer("GET", "/scenarios")
            if found["current"]:
                return found
            assert not found["failed"], found
            assert not found["cancelled"], found
            time.sleep(0.1)

    def scenario(self, key: str) -> dict[str, Any]:
        """Return one computed scenario."""
        results = self.board()["computed"]["results"]
        return next(one for one in results if key in {one["key"], one["name"]})


def a_round(stage: Stage, carriers: dict[str, SignedIn] | None = None, **parts: Any) -> Round:
    """Publish a request of three lots at three sites that three carriers, new ones unless given, are invited to."""
    carriers = carriers or {name: stage.a_carrier() for name in PRICES}
    sites = stage.ok(stage.buyer, "GET", "/sites")["items"] or [
        stage.ok(stage.buyer, "POST", "/sites", SITE | {"label": f"Place {number}", "state": state})
        for number, state in ((1, "NY"), (2, "NY"), (3, "NJ"))
    ]
    features = [{"code": "bandwidth_mbps", "value": 500}]
    request_id = stage.publish(
        title="Three places",
        sites=[{"ref": f"S{number}", "site_id": site["id"]} for number, site in enumerate(sites, start=1)],
        lines=[
            {"ref": f"L{number}", "service_type": INTERNET, "site": f"S{number}", "features": features}
            for number in (1, 2, 3)
        ],
        **parts,
    )
    invitations = {name: stage.invitation(carrier) for name, carrier in carriers.items()}
    terms = {name: stage.terms(carrier) for name, carrier in carriers.items()}
    return Round(stage, request_id, carriers, terms, invitations)
