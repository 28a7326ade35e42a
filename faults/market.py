"""The market that is harmed: carriers in a running auction, and requests whose bids wait for the buyer's decision.

Made by the product's services. The requests that wait were published, bid for and closed in the past, on a staged
clock.
"""

from dataclasses import dataclass
from datetime import timedelta

from benchmarks import scratch
from marketplace import wiring, worker
from marketplace.bidding import service as bidding
from marketplace.bidding import wire
from marketplace.bidding.schemas import OfferInput
from marketplace.demo import cast, enrolment
from marketplace.kernel import reactions
from marketplace.kernel.access import Principal
from marketplace.kernel.clock import StagedClock, machine_now
from marketplace.kernel.ids import InvitationId
from marketplace.wiring import Marketplace
from sellers import service as sellers

LOTS = 4
"""Of the auction that runs."""
_PAST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Bidder:
    """A carrier: its access token, its terms, its invitation to the auction that runs, and those by request."""

    organization_id: str
    token: str
    terms_id: str
    invitation_id: str
    invitations: dict[str, str]


@dataclass(frozen=True, slots=True)
class Market:
    """Who takes part: bidders of one auction of ``LOTS`` lots, and a buyer with requests to award."""

    bidders: tuple[Bidder, ...]
    buyer_token: str
    running: str
    closed: tuple[str, ...]


def build(market: Marketplace, carriers: int, closed: int) -> Market:
    """Enrol everybody, let ``closed`` requests be bid for and close, and publish the auction that runs."""
    now = machine_now()
    clock = StagedClock(now - _PAST)
    past = wiring.assemble(market.settings, clock, market.database)
    verifier = enrolment.platform_admin(past.workshop, cast.VERIFIER_EMAIL, "Noor Halloway")
    enrolled = [enrolment.carrier(past.workshop, scratch.carrier(number)) for number in range(carriers)]
    for admin, _ in enrolled:
        with past.workshop.work(verifier) as work:
            sellers.approve(work, admin.organization_id, "Invented to be harmed.")
    buyer = enrolment.buyer(past.workshop, scratch.one_site(cast.buyers()[0]))
    enrolment.decide(past.workshop, verifier, buyer.admin.organization_id, trust=True, reason="Invented, too.")
    site = next(iter(buyer.sites.values()))
    ends = clock.now + timedelta(days=1)
    waiting = [scratch.publish(past, buyer.admin, site, 1, ends) for _ in range(closed)]
    clock.now += timedelta(hours=1)
    _settle(past)
    _bid(past, waiting, enrolled[:2])
    clock.now += timedelta(days=2)
    _settle(past)
    running = scratch.publish(market, buyer.admin, site, LOTS, now + timedelta(days=10))
    _settle(market)
    invited = {request_id: scratch.invited(market, request_id) for request_id in (running, *waiting)}
    bidders = tuple(
        Bidder(
            admin.organization_id,
            scratch.access_token(market, admin),
            terms_id,
            invited[running][admin.organization_id],
            {one: invited[one][admin.organization_id] for one in waiting},
        )
        for admin, terms_id in enrolled
    )
    return Market(bidders, scratch.access_token(market, buyer.admin), running, tuple(waiting))


def _settle(market: Marketplace) -> None:
    """Do what the worker would do by now."""
    worker.heartbeat(market)
    reactions.catch_up(market.workshop)


def _bid(market: Marketplace, requests: list[str], bidders: list[tuple[Principal, str]]) -> None:
    with bidding.counter(market.workshop) as counter:
        for admin, terms_id in bidders:
            sha256 = counter.terms(admin, terms_id)
            given = OfferInput.model_validate({"lot": "T1", "lines": [{"line": "L1", "mrc": "400.00"}]})
            offer = wire.offer_from(given, 36, terms_id, sha256)
            for request_id in requests:
                invitation_id = scratch.invited(market, request_id)[admin.organization_id]
                counter.bid(admin, InvitationId(invitation_id), bidding.BidCommand(1, (offer,)))
