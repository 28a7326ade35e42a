"""Loads the demo market: thirty days of invented trade, walked through by the services themselves."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import create_engine, text

from buyers.desk import service as desk
from buyers.desk.schemas import RequestParts
from buyers.requests import service as requests
from marketplace import schema, worker
from marketplace.awards import service as awards
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.model import LotRefusal, LotSelection, Selection
from marketplace.bidding import service as bidding
from marketplace.bidding.offer import Offer
from marketplace.contracts import service as contracts
from marketplace.contracts.model import ContractStatus
from marketplace.demo import cast, enrolment, pricing
from marketplace.demo.cast import CarrierRole, RequestRole
from marketplace.demo.enrolment import EnrolledBuyer
from marketplace.identity import service as identity
from marketplace.kernel import codec, http, ids
from marketplace.kernel.access import Principal
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Profile, Settings
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.ids import BidId, InvitationId, OrganizationId, RequestId
from marketplace.kernel.reactions import catch_up
from marketplace.kernel.work import Reading
from marketplace.wiring import Marketplace, assemble
from sellers import service as sellers

_HISTORY = timedelta(days=33)
_ROUND_FACTOR = Decimal("0.97")
"""What an English auction's next round costs of the one before."""
_ROUNDS = 4
_BIDDING: frozenset[str] = frozenset({"open", "suspended", "closed", "accepted", "presented", "refused", "rejected"})
_FEWEST_BIDDERS = 2
_DECLINING = 0.6
"""The share of those not bidding that say so."""
_DECLINES = ("price level", "capacity", "cannot serve the sites", "timing")

Step = Callable[[], None]


class NotForDemoError(ConflictError):
    """The demo's accounts have public passwords: they are for a development installation with nothing else in it."""

    kind = "not-for-demo"
    title = "The demo market can't be loaded here"


def check_profile(settings: Settings) -> None:
    """Raise NotForDemoError outside the development profile."""
    if settings.profile is not Profile.DEVELOPMENT:
        raise NotForDemoError(f"This is a {settings.profile} installation; the demo's passwords are public.")


def is_there(reading: Reading) -> bool:
    """Tell whether the whole demo market is in the database. Raises NotForDemoError when something else is."""
    if identity.is_known(reading, cast.ADMIN_EMAIL):
        return True
    if reading.session.connection().execute(text("SELECT count(*) FROM identity.organizations")).scalar_one():
        raise NotForDemoError(
            "The database holds other organizations, or a demo market that was not finished:"
            " 'marketplace demo --reset' empties the embedded one, another MARKETPLACE_FOLDER leaves it alone."
        )
    return False


def load(market: Marketplace, now: datetime, seed: str = cast.DEFAULT_SEED) -> None:
    """Load the demo market into the empty database of ``market``, so that it stands at ``now`` (aware UTC).

    The same seed and instant give the same market. Raises NotForDemoError.
    """
    check_profile(market.settings)
    with market.workshop.reading() as reading:
        if is_there(reading):
            raise NotForDemoError("It is there already.")
    with ids.seeded(seed):
        _Story(market, now.astimezone(UTC), seed).tell()


def empty(market: Marketplace) -> None:
    """Delete everything from the embedded database of a development installation. Raises NotForDemoError elsewhere."""
    check_profile(market.settings)
    if market.settings.database_url is not None:
        raise NotForDemoError("Only the embedded database is emptied; yours at MARKETPLACE_DATABASE_URL is not.")
    owner = create_engine(market.database.owner)
    with owner.begin() as connection:
        for table in reversed(schema.METADATA.sorted_tables):
            connection.execute(table.delete())
    owner.dispose()


@dataclass(slots=True)
class _Carrier:
    role: CarrierRole
    admin: Principal
    terms_id: str


@dataclass
class _Story:
    """The past being made. Everything happens through services, at the instant that the staged clock shows."""

    market: Marketplace
    now: datetime
    seed: str
    buyers: dict[str, EnrolledBuyer] = field(default_factory=dict)
    carriers: dict[str, _Carrier] = field(default_factory=dict)
    posted: dict[str, RequestId] = field(default_factory=dict)
    bidders: dict[str, set[str]] = field(default_factory=dict)
    """Which carriers bid on which request, by their keys."""

    counter: bidding.Counter = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - reproducible on purpose
        self.clock = StagedClock(self.now - _HISTORY)
        self.market = assemble(self.market.settings, self.clock, self.market.database)
        self.workshop = self.market.workshop

    def tell(self) -> None:
        """Let everything happen in the order of its instants, up to now."""
        self._enrol()
        steps = [step for role in cast.requests() for step in self._steps(role)]
        with bidding.counter(self.workshop) as self.counter:
            for at, step in sorted(steps, key=lambda item: item[0]):
                self._walk_to(at)
                step()
        self._walk_to(self.now)
        enrolment.platform_admin(self.workshop, cast.ADMIN_EMAIL, "Robin Castellano")
        self._settle()

    def _walk_to(self, at: datetime) -> None:
        self._settle()
        self.clock.now = max(at, self.clock.now)
        self._settle()

    def _settle(self) -> None:
        """Do what the worker would have done by now."""
        worker.heartbeat(self.market)
        if self.market.wake.is_set():  # something was appended
            self.market.wake.clear()
            catch_up(self.workshop)

    def _day(self, offset: Decimal) -> datetime:
        return self.now + timedelta(days=float(offset))

    def _enrol(self) -> None:
        verifier = enrolment.platform_admin(self.workshop, cast.VERIFIER_EMAIL, "Noor Halloway")
        for carrier in cast.carriers():
            self._walk_to(self.clock.now + timedelta(minutes=31))
            admin, terms_id = enrolment.carrier(self.workshop, carrier)
            self.carriers[carrier.key] = _Carrier(carrier, admin, terms_id)
            if carrier.approved:
                self.clock.now += timedelta(hours=1)
                with self.workshop.work(verifier) as work:
                    sellers.approve(work, admin.organization_id, "Licence checked with the regulator.")
        for role in cast.buyers():
            self._walk_to(self.clock.now + timedelta(minutes=47))
            enrolled = enrolment.buyer(self.workshop, role)
            self.buyers[role.key] = enrolled
            if role.verification == "verified":
                self.clock.now += timedelta(hours=2)
                reason = "Register extract and contact confirmed by telephone."
                enrolment.decide(self.workshop, verifier, enrolled.admin.organization_id, trust=True, reason=reason)
        self.verifier = verifier

    # ---- what happens to a request

    def _steps(self, role: RequestRole) -> list[tuple[datetime, Step]]:
        posted, closes = self._day(role.posted), self._day(role.closes)
        steps: list[tuple[datetime, Step]] = [(posted, lambda: self._post(role))]
        if role.plan in _BIDDING or role.plan == "nobids":
            steps += self._bidding(role, posted, min(closes, self.now))
        if role.amendment is not None:
            amended = posted + timedelta(days=float(role.amendment.after))
            steps.append((amended, lambda: self._amend(role)))
        if role.plan == "suspended":
            steps.append((self._day(Decimal(-2)), lambda: self._revoke(role)))
        if role.plan == "withdrawn":
            steps.append((posted + timedelta(days=3, hours=7), lambda: self._withdraw(role)))
        if role.plan in {"accepted", "presented", "refused", "rejected"}:
            decided = closes + timedelta(days=1, hours=3)
            steps.append((decided, lambda: self._decide(role)))
            if role.plan in {"accepted", "refused"}:
                steps.append((decided + timedelta(hours=5), lambda: self._confirm(role)))
            steps.append((decided + timedelta(days=1), lambda: self._answer_terms(role)))
        return steps

    def _bidding(self, role: RequestRole, begins: datetime, ends: datetime) -> list[tuple[datetime, Step]]:
        """Return when each carrier looks at the request, and comes back if the auction is open."""
        if role.opens is not None and self._day(role.opens) > self.now:
            return []
        rounds = _ROUNDS if role.parts.get("auction", {}).get("format") == "english" else 1
        steps: list[tuple[datetime, Step]] = []
        for key in self.carriers:
            first = begins + (ends - begins) * self.chance.uniform(0.1, 0.5)
            steps.append((first, self._look(role, key)))
            for number in range(1, rounds):
                at = first + (ends - first) * (number - self.chance.uniform(0, 0.4)) / rounds
                steps.append((at, self._bid_again(role, key, _ROUND_FACTOR**number)))
            if role.amendment is not None and self.chance.random() < role.amendment.confirmed:
                steps.append((ends - timedelta(hours=2), self._bid_again(role, key, Decimal(1))))
        return steps

    def _wants(self, role: RequestRole, carrier: _Carrier) -> bool:
        """Tell whether a carrier bids: the first two always do, so that there is competition with every seed."""
        if role.plan == "nobids":
            return False
        keen = self.chance.random() < carrier.role.keenness
        return keen or len(self.bidders.get(role.key, ())) < _FEWEST_BIDDERS

    def _post(self, role: RequestRole) -> None:
        buyer = self.buyers[role.buyer]
        parts = RequestParts.model_validate(self._parts(role, buyer)).given()
        with self.workshop.work(buyer.admin) as work:
            request = desk.create(work, parts)
        self.posted[role.key] = request.id
        if role.plan != "draft":
            with self.workshop.work(buyer.admin) as work:
                desk.submit(work, request.id, (), None)

    def _parts(self, role: RequestRole, buyer: EnrolledBuyer) -> dict[str, Any]:
        schedule: dict[str, Any] = {"closes_at": self._day(role.closes)}
        if role.opens is not None:
            schedule["opens_at"] = self._day(role.opens)
        if role.award_planned is not None:
            schedule["award_planned_on"] = self._day(Decimal(role.award_planned)).date()
        parts = dict(role.parts) | {"schedule": schedule}
        parts["sites"] = [
            {"ref": f"S{number}", "site_id": buyer.sites[label]} for number, label in enumerate(role.sites, 1)
        ]
        if role.start is not None:
            parts["start_date"] = self._day(Decimal(role.start)).date()
        if role.providers is not None:
            listed = [self.carriers[key].admin.organization_id for key in role.providers.keys]
            parts["provider_list"] = {"mode": role.providers.mode, "providers": listed}
        return parts

    def _look(self, role: RequestRole, key: str) -> Step:
        """Return the step in which a carrier that received the request opens it, then bids, declines or leaves it."""

        def look() -> None:
            carrier = self.carriers[key]
            invitation_id = self._invitation(role, carrier)
            if invitation_id is None:
                return
            with self.workshop.work(carrier.admin) as work:
                sellers.mark_seen(work, invitation_id)
            if self._wants(role, carrier):
                if self._bid(role, carrier, invitation_id, Decimal(1)):
                    self.bidders.setdefault(role.key, set()).add(key)
            elif self.chance.random() < _DECLINING:
                self.clock.now += timedelta(minutes=self.chance.randint(5, 90))
                with self.workshop.work(carrier.admin) as work:
                    sellers.decline(work, invitation_id, self.chance.choice(_DECLINES), "")

        return look

    def _bid_again(self, role: RequestRole, key: str, factor: Decimal) -> Step:
        """Return the step in which a carrier that has bid comes back with all its prices times ``factor``."""

        def bid() -> None:
            invitation_id = self._invitation(role, self.carriers[key])
            if invitation_id is not None and key in self.bidders.get(role.key, ()):
                self._bid(role, self.carriers[key], invitation_id, factor)

        return bid

    def _bid(self, role: RequestRole, carrier: _Carrier, invitation_id: InvitationId, factor: Decimal) -> bool:
        """Bid on what the carrier can serve, if the request takes bids now; tell whether it did."""
        with self.workshop.reading(carrier.admin) as reading:
            state = requests.public_state(reading, self.posted[role.key])
            view = requests.publication(reading, self.posted[role.key])
        # the same mood in every round, so that later prices are lower
        mood = random.Random(f"{self.seed}:{role.key}:{carrier.role.key}")  # noqa: S311 - reproducible on purpose
        body = pricing.bid(view, carrier.role, mood, factor)
        if body is None or state.suspended or self.clock.now >= state.closes_at:
            return False
        sha256 = self.counter.terms(carrier.admin, carrier.terms_id)
        fixed = {"terms_id": carrier.terms_id, "terms_sha256": sha256, "term_months": body["term_months"]}
        offers = tuple(codec.load(Offer, lot | fixed) for lot in body["lots"])
        self.counter.bid(carrier.admin, invitation_id, bidding.BidCommand(body["request_version"], offers))
        return True

    def _invitation(self, role: RequestRole, carrier: _Carrier) -> InvitationId | None:
        with self.workshop.reading() as reading:
            found = sellers.invitations_of_request(reading, self.posted[role.key])
        provider_id = carrier.admin.organization_id
        return next((item.id for item in found if item.provider_id == provider_id), None)

    def _amend(self, role: RequestRole) -> None:
        if role.amendment is None:
            return
        request_id = self.posted[role.key]
        with self.workshop.work(self.buyers[role.buyer].admin) as work:
            revision = requests.get(work, request_id).revision
            desk.amend(work, request_id, {"description": role.amendment.description}, http.etag(revision))

    def _revoke(self, role: RequestRole) -> None:
        reason = "The register shows another legal representative: send a current extract."
        buyer_id = self.buyers[role.buyer].admin.organization_id
        enrolment.decide(self.workshop, self.verifier, buyer_id, trust=False, reason=reason)

    def _withdraw(self, role: RequestRole) -> None:
        with self.workshop.work(self.buyers[role.buyer].admin) as work:
            desk.withdraw(work, self.posted[role.key], "The present contract was extended for a year.")

    def _decide(self, role: RequestRole) -> None:
        """Award every lot to its lowest total, or none at all."""
        with self.workshop.work(self.buyers[role.buyer].admin) as work:
            request_id = self.posted[role.key]
            chosen, refused = [], []
            for lot in awards.compare(work, request_id).lots:
                best = next((offer for offer in lot.offers if offer.selectable), None)
                if best is None or role.plan == "rejected":
                    refused.append(LotRefusal(lot.lot, "Dearer than what is in place today."))
                else:
                    chosen.append(LotSelection(lot.lot, BidId(best.bid_id)))
            awards.decide(work, request_id, Selection(tuple(chosen), tuple(refused)))

    def _confirm(self, role: RequestRole) -> None:
        """Let each winner stand by its bids."""
        request_id = self.posted[role.key]
        with self.workshop.reading() as reading:
            asked = confirmations.of_request(reading, request_id)
        for confirmation in asked:
            desks = (carrier.admin for carrier in self.carriers.values())
            winner = next(desk for desk in desks if desk.organization_id == confirmation.provider_id)
            with self.workshop.work(winner) as work:
                confirmations.confirm(work, confirmation.invitation_id, confirmation.award_id)

    def _answer_terms(self, role: RequestRole) -> None:
        """Accept the presented terms; where the plan says so, refuse the last and leave the lot to be awarded anew."""
        if role.plan in {"presented", "rejected"}:
            return
        buyer = self.buyers[role.buyer].admin
        with self.workshop.work(buyer) as work:
            waiting = [
                contract
                for contract in contracts.of_request(work, self.posted[role.key])
                if contract.status is ContractStatus.PRESENTED
            ]
            for number, contract in enumerate(sorted(waiting, key=lambda item: item.presentation.lot_refs), 1):
                if role.plan == "refused" and number == len(waiting):
                    contracts.refuse(work, contract.id, "Prices may rise within the term; that is not what we asked.")
                else:
                    contracts.accept(work, contract.id, contract.presentation.terms.sha256)


def digest(market: Marketplace) -> dict[str, Any]:
    """Return what two loads of one seed have in common: each request with its state, lots and the bids' amounts."""
    found: dict[str, Any] = {}
    with market.workshop.work() as work:
        owners = work.session.connection().execute(
            text("SELECT request_id, buyer_id FROM registry.request_owners ORDER BY request_id")
        )
        for request_id, buyer_id in owners.all():
            request = requests.get(work, RequestId(request_id))
            views = bidding.buyer_views(work, request.id) if request.version else {}
            found[request.content.title] = {
                "id": request.id,
                "buyer": OrganizationId(buyer_id),
                "status": request.status.value,
                "suspended": request.suspended,
                "version": request.version,
                "pseudonym": request.pseudonym,
                "lots": {
                    ref: {
                        "id": view.lot_id,
                        "status": view.status.value,
                        "bids": None
                        if view.bids is None
                        else [[bid.rank, bid.bid_id, str(bid.amount)] for bid in view.bids],
                    }
                    for ref, view in views.items()
                },
                "invitations": [
                    [item.id, item.status.value] for item in sellers.invitations_of_request(work, request.id)
                ],
            }
    return found
