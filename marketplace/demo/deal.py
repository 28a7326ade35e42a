"""One whole deal over the public API, step by step: from the registration of the buyer to the signed contract."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Protocol

import httpx
from stdnum.iso7064 import mod_97_10

from marketplace.demo import cast, pricing
from marketplace.demo.cast import CarrierRole
from marketplace.kernel import codec, ids
from marketplace.kernel.clock import stopwatch, wait
from marketplace.players.api import Api, ApiError
from marketplace.players.pace import Pace
from marketplace.players.people import Admin, Buyer, Desk, password_of

_LONGEST_OPENING_SECONDS = 60.0
_TICK_SECONDS = 0.1
_CODES = ((0, 0.0), (1, 16.0), (1, 16.0), (1, 0.0))
"""Which one-time code is tried, counted from the present one, and how many seconds pass when it was used before."""


class Stage(Protocol):
    """Where the deal is shown."""

    def act(self, who: str, what: str) -> None:
        """Say that somebody did something."""

    def say(self, detail: str) -> None:
        """Add a detail to what was just done."""

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """Show a table."""

    def clock(self, seconds: float) -> AbstractContextManager[Callable[[float], None]]:
        """Show a clock that runs for ``seconds``; the value takes how many have passed."""


class SilentStage:
    """Nobody watches: for tests, and for running the deal as a check."""

    def act(self, who: str, what: str) -> None:
        """Say nothing."""

    def say(self, detail: str) -> None:
        """Say nothing."""

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """Show nothing."""

    @contextmanager
    def clock(self, seconds: float) -> Iterator[Callable[[float], None]]:  # noqa: ARG002 - as the protocol says
        """Show nothing."""
        yield lambda _passed: None


class PlayError(Exception):
    """The deal did not go as it must; the message says where."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the deal. ``notices`` counts by who was told: buyer, winners and losers."""

    request_id: str
    buyer_email: str
    buyer_password: str
    invited: int
    bidders: int
    winners: tuple[str, ...]
    total: Decimal
    contracts: tuple[str, ...]
    notices: dict[str, int]


@dataclass
class Deal:
    """A deal being played. ``window_seconds`` is how long bids are taken."""

    http: httpx.Client
    stage: Stage
    window_seconds: float = 8.0
    run: str = field(default_factory=lambda: ids.new("deal"))
    pace: Pace = field(default_factory=Pace)

    def play(self) -> Outcome:
        """Play it to the end. Raises PlayError where the marketplace does what it must not."""
        buyer = self._enter_market()
        desks = self._desks()
        request_id, closes_at = self._post_request(buyer)
        invitations = self._bid(desks, request_id, closes_at)
        self._check(bool(invitations), "no carrier received the request")
        self._nobody_knows(desks, invitations)
        self._watch_clock(buyer, request_id, closes_at)
        comparison = self._compare(buyer, request_id)
        awarded = self._award(buyer, request_id, comparison)
        winners = self._meet(desks, invitations, awarded)
        contracts = self._contract(buyer, request_id)
        notices = self._notices(buyer, desks, invitations, winners)
        return Outcome(
            request_id=request_id,
            buyer_email=buyer.email,
            buyer_password=buyer.password,
            invited=len(invitations),
            bidders=len({offer["provider_id"] for lot in comparison["lots"] for offer in lot["offers"]}),
            winners=tuple(sorted(desks[key].name for key in winners)),
            total=sum((Decimal(lot["total"]) for lot in awarded["lots"]), Decimal(0)),
            contracts=contracts,
            notices=notices,
        )

    # ---- before the request

    def _enter_market(self) -> "_Buyer":
        role = cast.deal()
        contact = dict(role.buyer["contact"])
        name, _, domain = contact["email"].partition("@")
        contact["email"] = f"{name}+{self.run[-6:]}@{domain}"  # each deal has a buyer of its own
        buyer = _Buyer(self._api(), self.run, contact["email"])
        buyer_id = buyer.register(role.buyer | {"contact": contact})
        self.stage.act("Buyer", f"registers as {role.buyer['name']} and sets its own password")
        lei = _invented_lei(self.run)
        buyer.ask_for_verification({"numbers": {"lei": lei}})
        self.stage.say(f"gives its LEI {lei} as evidence; until it is verified no carrier sees it")
        verifier = Admin(self._api(), self.run, cast.VERIFIER_EMAIL, cast.FACTOR)
        self._enter_with_code(verifier)
        case = verifier.verify_buyer(buyer_id)
        checks = case["checks"]
        passed = sum(1 for check in checks if check["passed"])
        self.stage.act("Platform", f"reads the case ({passed} of {len(checks)} checks passed) and verifies the buyer")
        return buyer

    def _desks(self) -> dict[str, "_Carrier"]:
        desks = {}
        for role in cast.carriers():
            if role.approved:
                desk = Desk(self._api(), self.run, role.registration["contact_email"])
                desk.enter(cast.PASSWORD)
                desk.terms_id = desk.api.get("/terms")["items"][0]["id"]
                provider = desk.api.get("/provider")
                desks[provider["id"]] = _Carrier(provider["name"], role, desk)
        return desks

    # ---- the request and the bids

    def _post_request(self, buyer: "_Buyer") -> tuple[str, datetime]:
        role = cast.deal()
        sites = [{"ref": f"S{n}", "site_id": buyer.add_site(site)} for n, site in enumerate(role.sites, 1)]
        closes_at = self.pace.now() + timedelta(seconds=self.window_seconds)
        schedule = {"closes_at": closes_at.isoformat()}
        leaky = role.parts | {"sites": sites, "schedule": schedule, "description": role.leaky_description}
        draft = buyer.draft(leaky)
        self.stage.act("Buyer", f"drafts '{draft['content']['title']}': {len(sites)} sites, sealed bids")
        try:
            buyer.submit(draft["id"])
        except ApiError as error:
            self._check(error.kind == "identity-found", f"the leak check answered {error}")
            found = ", ".join(item["message"].split(":")[0] for item in error.problem["errors"])
            self.stage.say(f"not published: its own text gives it away ({found})")
        else:
            raise PlayError("a request that names its buyer was published")
        draft = buyer.edit(draft, {"description": role.parts["description"]})
        buyer.api.post(f"/requests/{draft['id']}/submit", {}, key=buyer.key("submit again"))
        counts = buyer.api.get(f"/requests/{draft['id']}/invitations")
        self.stage.act("Marketplace", f"publishes it and gives it to {counts['invited']} carriers by their filters")
        return str(draft["id"]), closes_at

    def _bid(self, desks: dict[str, "_Carrier"], request_id: str, closes_at: datetime) -> dict[str, str]:
        """Let every desk that received the request bid on what it can serve; return the invitations by provider."""
        invitations: dict[str, str] = {}
        for provider_id, carrier in desks.items():
            newest = carrier.desk.api.get("/invitations", limit=1, status="received")["items"]
            if newest and datetime.fromisoformat(newest[0]["closes_at"]) == closes_at:
                invitations[provider_id] = newest[0]["id"]
        for number, (provider_id, invitation_id) in enumerate(invitations.items()):
            carrier = desks[provider_id]
            opened = carrier.desk.open(invitation_id)
            if number == 0:
                self._show_view(carrier, opened)
            mood = random.Random(f"{request_id}:{provider_id}")  # noqa: S311 - an invented carrier's prices
            body = pricing.bid(opened["request"], carrier.role, mood, Decimal(1))
            if body is not None:
                receipts = carrier.desk.bid(invitation_id, body)
                lots = ", ".join(receipt["lot"] for receipt in receipts)
                self.stage.act(carrier.name, f"bids on {lots}, sealed; its receipt is signed")
        return invitations

    def _show_view(self, carrier: "_Carrier", opened: dict[str, Any]) -> None:
        view = opened["request"]
        places = ", ".join(f"{site['place']['postal_code']} {site['place']['city']}" for site in view["sites"])
        bands = ", ".join(filter(None, view["bands"].values()))
        self.stage.act(carrier.name, f"opens it: the buyer is '{view['pseudonym']}' (industry and size: {bands})")
        self.stage.say(f"the sites are {places}; no street, no name; matched by its filter '{opened['filter_name']}'")
        name = cast.deal().buyer["name"]
        self._check(name.split()[0].lower() not in str(opened).lower(), "the carrier's view names the buyer")

    def _nobody_knows(self, desks: dict[str, "_Carrier"], invitations: dict[str, str]) -> None:
        for provider_id, invitation_id in invitations.items():
            self._check(self._buyer_of(desks[provider_id], invitation_id) is None, "a carrier met the buyer too early")
        self.stage.act("Every carrier", "asks who the buyer is: 404, for all of them")

    def _watch_clock(self, buyer: "_Buyer", request_id: str, closes_at: datetime) -> None:
        lots = buyer.api.get(f"/requests/{request_id}/auction")
        self._check(all(lot["bids"] is None for lot in lots), "sealed bids were shown before the close")
        self.stage.act("Buyer", "looks: bids are sealed, not even their number is shown")
        seconds = max(0.0, (closes_at - self.pace.now()).total_seconds())
        begun = self.pace.now()
        with self.stage.clock(seconds) as show:
            while (passed := (self.pace.now() - begun).total_seconds()) < seconds:
                show(passed)
                self.pace.rest(min(_TICK_SECONDS, seconds - passed))
            show(seconds)

    # ---- the decision

    def _compare(self, buyer: "_Buyer", request_id: str) -> dict[str, Any]:
        """Return the comparison, as soon as the database's clock has closed the last lot."""
        ends = stopwatch() + _LONGEST_OPENING_SECONDS
        while True:
            try:
                comparison = buyer.compare(request_id)
                break
            except ApiError as error:
                if error.kind != "bids-not-opened" or stopwatch() > ends:
                    raise
                wait(_TICK_SECONDS)
        self.stage.act("Marketplace", "closes the lots and opens the bids")
        rows = [
            [
                lot["lot"],
                str(offer["rank"]),
                offer["provider_name"],
                f"{Decimal(offer['total']):,.2f}",
                f"{Decimal(offer['above_best'] or 0):,.2f}",
                f"{offer['slowest_install_days']} days",
                _deviating(offer["deviations"]),
            ]
            for lot in comparison["lots"]
            for offer in lot["offers"]
        ]
        title = f"Total cost over {comparison['term_months']} months in {comparison['currency']}"
        self.stage.table(
            title, ["lot", "rank", "carrier", "total", "above best", "installs in", "wanted features"], rows
        )
        if comparison["prior_cost"] is not None:
            saved = Decimal(comparison["prior_cost"]) - Decimal(comparison["cheapest_total"])
            self.stage.say(f"against today's {Decimal(comparison['prior_cost']):,.2f}: {saved:,.2f} less")
        return comparison

    def _award(self, buyer: "_Buyer", request_id: str, comparison: dict[str, Any]) -> dict[str, Any]:
        awarded, refused = [], []
        for lot in comparison["lots"]:
            if lot["offers"]:
                awarded.append({"lot": lot["lot"], "bid_id": lot["offers"][0]["bid_id"]})
            else:
                refused.append({"lot": lot["lot"], "reason": "There was no bid."})
        selection = {"awarded": awarded, "not_awarded": refused}
        preview = buyer.preview(request_id, selection)
        self.stage.act("Buyer", "looks at what an award would reveal, before it confirms")
        rows = [[winner["provider_name"], ", ".join(winner["lots"])] for winner in preview["winners"]]
        self.stage.table("These would learn who you are", ["carrier", "winner of"], rows)
        self.stage.say(f"each of them: {'; '.join(preview['reveals'])}")
        self.stage.say(f"the other bidders ({preview['losers']}) learn that they lost, and nothing else")
        award = buyer.award(request_id, selection)
        self.stage.act("Buyer", f"awards {len(awarded)} lots for {Decimal(preview['total']):,.2f}")
        return award

    def _meet(self, desks: dict[str, "_Carrier"], invitations: dict[str, str], award: dict[str, Any]) -> frozenset[str]:
        winners = frozenset(lot["provider_id"] for lot in award["lots"] if lot["provider_id"])
        name = cast.deal().buyer["name"]
        for provider_id, invitation_id in invitations.items():
            carrier, identity = desks[provider_id], self._buyer_of(desks[provider_id], invitation_id)
            if provider_id in winners:
                self._check(identity is not None and identity["buyer"]["name"] == name, "a winner did not learn who")
                self.stage.act(carrier.name, f"won, asks again who the buyer is: {name}, with streets and contacts")
                self._check(bool(carrier.desk.confirm(invitation_id)), "a winner had no award to confirm")
                self.stage.act(carrier.name, "confirms the award")
            else:
                self._check(identity is None, "a loser learned who the buyer is")
                self.stage.act(carrier.name, "lost, asks again: still 404")
        return winners

    def _contract(self, buyer: "_Buyer", request_id: str) -> tuple[str, ...]:
        hashes = []
        for presented in buyer.contracts(request_id):
            contract = buyer.api.get(f"/contracts/{presented['id']}")
            terms = contract["presentation"]["terms"]
            self.stage.act("Buyer", f"reads '{terms['title']}' of {presented['provider_name']} and accepts it")
            self.stage.say(f"terms sha256 {terms['sha256'][:16]}…, fixed when the bid was placed")
            made = buyer.accept(presented["id"], terms["sha256"])
            document = buyer.api.get(f"/contracts/{presented['id']}/document")
            self._check(codec.digest(document) == made["sha256"], "the contract's document has another hash")
            self.stage.say(f"contract stands: sha256 {made['sha256']}, recomputed from the document")
            hashes.append(str(made["sha256"]))
        return tuple(hashes)

    def _notices(
        self, buyer: "_Buyer", desks: dict[str, "_Carrier"], invitations: dict[str, str], winners: frozenset[str]
    ) -> dict[str, int]:
        """Count who was told how often; notices follow the journal, so they may take a moment."""
        ends = stopwatch() + _LONGEST_OPENING_SECONDS
        told = buyer.notices()
        while not any(notice["event"] == "contract.made" for notice in told):
            self._check(stopwatch() < ends, "the buyer was not told of the contract")
            wait(_TICK_SECONDS)
            told = buyer.notices()
        counts = {"buyer": len(told), "winners": 0, "losers": 0}
        for provider_id, invitation_id in invitations.items():
            group = "winners" if provider_id in winners else "losers"
            about = [item for item in desks[provider_id].desk.notices() if item["subject_id"] == invitation_id]
            counts[group] += len(about)
        told_whom = ", ".join(f"{count} to the {who}" for who, count in counts.items())
        self.stage.act("Marketplace", f"wrote notices of it: {told_whom}")
        return counts

    # ---- small things

    def _buyer_of(self, carrier: "_Carrier", invitation_id: str) -> dict[str, Any] | None:
        try:
            return carrier.desk.meet_buyer(invitation_id)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def _enter_with_code(self, admin: Admin) -> None:
        """Sign a platform admin in. A code works once: after a deal a moment ago the next one is taken, or awaited."""
        for ahead, pause in _CODES:
            try:
                admin.enter(cast.PASSWORD, ahead=ahead)
            except ApiError as error:
                if error.kind != "second-factor-code":
                    raise
                self.pace.rest(pause)
            else:
                return
        raise PlayError("the platform admin found no fresh one-time code")

    def _check(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like an assertion
        if not holds:
            raise PlayError(otherwise)

    def _api(self) -> Api:
        return Api(self.http, patience=60.0, pace=self.pace)


def _invented_lei(run: str) -> str:
    """Return an LEI with right check digits and a prefix that nobody issues: one for each run."""
    body = f"DEMO00{run[-12:].upper()}"
    return f"{body}{mod_97_10.calc_check_digits(body)}"


def _deviating(deviations: list[str]) -> str:
    """Return which features are not met as wanted, without the carriers' words."""
    codes = [item.partition(":")[0].rpartition(" ")[2].replace("_", " ") for item in deviations]
    return f"not {', '.join(codes)}" if codes else "all"


@dataclass(frozen=True, slots=True)
class _Carrier:
    name: str
    role: CarrierRole
    desk: Desk


@dataclass
class _Buyer(Buyer):
    @property
    def password(self) -> str:
        """The password that it set for itself."""
        return password_of(self.seed, self.email)
