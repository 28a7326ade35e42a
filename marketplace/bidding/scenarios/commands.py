"""From the steps of a scenario to the engine's commands, in the lot as it is at that moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplace.bidding import commands, engine
from marketplace.bidding.commands import Answers, Command, OpenedPrice
from marketplace.bidding.model import LotState
from marketplace.bidding.scenarios import scenario
from marketplace.bidding.scenarios.values import instant_of
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, OrganizationId


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a step is read by: the lot, the time, the number of the step, and what sealed bids hold."""

    state: LotState
    start: datetime
    now: datetime
    number: int
    answers: Mapping[str, dict[str, str]]
    prices: Mapping[BidId, OpenedPrice]

    def instant(self, moment: Any) -> datetime:
        """Return the instant that a time of the file names."""
        return instant_of(moment, self.start)

    def standing_bid(self, bidder: str | None) -> BidId:
        """Return the id of a participant's standing bid; an id that nobody has if there is none."""
        bid = self.state.standing.get(OrganizationId(bidder or ""))
        return bid.bid_id if bid is not None else BidId("none")


def command_of(step: scenario.Step, scene: Scene) -> Command | None:
    """Return what ``step`` asks of the engine; None for one that only waits."""
    return _MAKERS[type(step)](step, scene)


def opening(scene: Scene) -> commands.OpenBids:
    """Return the opening of all sealed bids with what is in them."""
    sealed = [bid.bid_id for bid in scene.state.standing.values() if bid.amount is None]
    return commands.OpenBids(tuple(scene.prices[bid_id] for bid_id in sealed))


def _bid(step: Any, scene: Scene) -> Command:
    bidder = OrganizationId(step.by)
    price = step.price
    if price is None:
        price = _clock_price(scene, bidder)
    surrogate = step.surrogate and commands.Surrogate(step.surrogate.agent, step.surrogate.evidence)
    return commands.PlaceBid(
        bidder,
        _bid_id(step, scene),
        price,
        _commitment(step, scene),
        step.valid_until,
        _key(step, scene),
        _answers(step, scene),
        step.confirmed,
        surrogate,
    )


def _clock_price(scene: Scene, bidder: OrganizationId) -> Decimal:
    """Return the clock's price in the bidder's own money; 0, which no format takes, where there is no clock."""
    view = engine.view(scene.state, bidder, scene.now)
    if view.stage is None or view.stage.price is None:
        return Decimal(0)
    return view.next_admissible_price or view.stage.price


def _set_limit(step: Any, scene: Scene) -> Command:
    return commands.SetProxy(
        OrganizationId(step.by),
        _bid_id(step, scene),
        step.limit,
        _commitment(step, scene),
        step.valid_until,
        _key(step, scene),
        step.step,
        _answers(step, scene),
    )


def _bid_id(step: Any, scene: Scene) -> BidId:
    return BidId(step.id or f"{step.by}-{scene.number}")


def _key(step: Any, scene: Scene) -> str:
    return step.key or f"step-{scene.number}"


def _answers(step: Any, scene: Scene) -> Answers:
    given = scene.answers.get(step.by, {}) if step.answers is None else step.answers
    return tuple(sorted(given.items()))


def _commitment(step: Any, scene: Scene) -> str:
    """Return a value that is the same for the same content, so that a repetition is recognised as one."""
    if step.commitment is not None:
        return str(step.commitment)
    price = step.limit if isinstance(step, scenario.SetLimitStep) else step.price
    return codec.digest([step.by, str(price), [list(pair) for pair in _answers(step, scene)], str(step.valid_until)])


def _withdraw(step: Any, scene: Scene) -> Command:
    bid_id = BidId(step.bid) if step.bid else scene.standing_bid(step.by)
    return commands.WithdrawBid(OrganizationId(step.by), bid_id, _key(step, scene), step.reason)


def _decide_withdrawal(step: Any, scene: Scene) -> Command:
    return commands.DecideWithdrawal(_named_bid(step, scene), step.granted, step.reason)


def _award(step: Any, scene: Scene) -> Command:
    if step.bid is None and step.bidder is None:
        return commands.MarkAwarded(next(iter(engine.payments(scene.state)), BidId("none")))
    return commands.MarkAwarded(_named_bid(step, scene))


def _named_bid(step: Any, scene: Scene) -> BidId:
    return BidId(step.bid) if step.bid else scene.standing_bid(step.bidder)


def _open_bids(step: Any, scene: Scene) -> Command:
    if step.prices is None:
        return opening(scene)
    return commands.OpenBids(tuple(OpenedPrice(BidId(one.bid), one.price, one.malus) for one in step.prices))


def _outage(step: Any, scene: Scene) -> Command:
    ended = scene.now if step.ended is None else scene.instant(step.ended)
    return commands.ReportOutage(scene.instant(step.began), ended)


def _call_final_offers(step: Any, scene: Scene) -> Command:
    bidders = tuple(OrganizationId(name) for name in step.bidders)
    return commands.CallFinalOffers(bidders, scene.instant(step.closes_at), step.reason)


_MAKERS: dict[type[scenario.Step], Callable[[Any, Scene], Command | None]] = {
    scenario.BidStep: _bid,
    scenario.DryRunStep: _bid,
    scenario.SetLimitStep: _set_limit,
    scenario.WithdrawStep: _withdraw,
    scenario.LeaveStep: lambda step, scene: commands.Leave(OrganizationId(step.by), _key(step, scene)),
    scenario.InviteStep: lambda step, _: commands.Invite(OrganizationId(step.bidder)),
    scenario.ExcludeStep: lambda step, _: commands.Exclude(OrganizationId(step.bidder), step.reason),
    scenario.PauseStep: lambda step, _: commands.Pause(step.reason),
    scenario.ResumeStep: lambda _step, _scene: commands.Resume(),
    scenario.OutageStep: _outage,
    scenario.ExtendStep: lambda step, scene: commands.Extend(scene.instant(step.closes_at)),
    scenario.RescheduleStep: lambda step, scene: commands.Reschedule(
        scene.instant(step.opens_at), scene.instant(step.closes_at)
    ),
    scenario.OpenBidsStep: _open_bids,
    scenario.DecideWithdrawalStep: _decide_withdrawal,
    scenario.CallFinalOffersStep: _call_final_offers,
    scenario.AwardStep: _award,
    scenario.NoAwardStep: lambda step, _: commands.MarkNotAwarded(step.reason),
    scenario.ReturnStep: lambda step, _: commands.Return(step.reason),
    scenario.CancelStep: lambda step, _: commands.Cancel(step.reason),
    scenario.WaitStep: lambda _step, _scene: None,
}
