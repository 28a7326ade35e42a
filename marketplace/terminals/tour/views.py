"""What the visitor sees at each step of a tour: figures and facts, ready for templates, which put them into words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from buyers.requests.leak_check import Finding, find_leaks
from buyers.requests.model import Content, Place, Site
from buyers.requests.presets import PRESETS, Preset
from buyers.requests.view import CarrierView, PlaceView, carrier_view
from marketplace.bidding import engine
from marketplace.bidding.events import BidPlaced, BidsOpened, LotAwarded, LotClosed, LotExtended, LotOpened
from marketplace.bidding.model import BidderView, LotState
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.money import cents
from marketplace.terminals.tour.market import OFFERED, InPlay, Market, Play
from marketplace.terminals.tour.model import PACE, VISITOR, Company, Need
from marketplace.terminals.tour.robots import chance
from marketplace.terminals.tour.ways import Way

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_MOST_SITES = 4
_MOST_HAPPENINGS = 12
_NOBODY_SAW = ("provider", "spend", "order")


# ---- before the auction: who sees what


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the request beside what carriers see of it; ``theirs`` is None where they see nothing.

    With a ``currency``, ``yours`` is an amount.
    """

    name: str
    yours: str
    theirs: str | None
    currency: str = ""


def pseudonym(seed: int) -> str:
    """Return the buyer's name for this request alone, in the form of real ones."""
    dice = chance(seed, "pseudonym")
    return f"Buyer {dice.choice(_LETTERS)}{dice.randrange(10)}-{dice.randrange(1000):03}"


def seen_by_carriers(seed: int, need: Need, content: Content) -> CarrierView:
    """Return what every invited carrier sees: by the function that builds it for real requests."""
    return carrier_view(1, pseudonym(seed), content, need.bands, content.lots, catalogue_version="tour")


def facts(seed: int, need: Need, content: Content) -> tuple[Fact, ...]:
    """Return the request's facts side by side: the buyer's own, and those of the carriers' view."""
    return tuple(_facts(need, content, seen_by_carriers(seed, need, content)))


def _facts(need: Need, content: Content, seen: CarrierView) -> Iterator[Fact]:
    company = need.company
    yield Fact("name", company.name, seen.pseudonym)
    yield Fact("contact", f"{company.contact_name}, {company.contact_email}, {company.contact_phone}", None)
    for name, band, shown in (
        ("industry", need.bands.industry, seen.bands.industry),
        ("size", need.bands.size, seen.bands.size),
        ("region", need.bands.region, seen.bands.region),
    ):
        yield Fact(name, band, shown or None)
    for site, shown_site in list(zip(content.sites, seen.sites, strict=True))[:_MOST_SITES]:
        yield Fact("site", _site(company, site), f"{shown_site.ref}: {_place(shown_site.place)}")
    if len(content.sites) > _MOST_SITES:
        more = str(len(content.sites) - _MOST_SITES)
        yield Fact("sites", more, more)
    for usage, shown_usage in zip(content.prior_usage, seen.prior_usage, strict=True):
        quantity = f"{usage.monthly_quantity:,} {usage.unit}"
        yield Fact("usage", quantity, f"{shown_usage.monthly_quantity:,} {shown_usage.unit}")
    first = content.prior_usage[0]
    spend = sum((usage.monthly_spend or Decimal(0) for usage in content.prior_usage), Decimal(0))
    private = (first.provider, str(spend), content.billing.purchase_order)
    for name, value in zip(_NOBODY_SAW, private, strict=True):
        yield Fact(name, value, None, content.billing.currency if name == "spend" else "")


def _site(company: Company, site: Site) -> str:
    return f"{company.labels.get(site.ref, site.ref)}: {_place(site.place)}"


def _place(place: Place | PlaceView) -> str:
    parts = (place.street, place.city, f"{place.state} {place.postal_code}".strip())
    return ", ".join(part for part in parts if part)


def leaks(need: Need, sentence: str) -> tuple[Finding, ...]:
    """Return what in a sentence of the visitor's would give the buyer away: by the check of real requests."""
    return find_leaks({"/description": sentence}, need.company.terms)


def presets() -> tuple[Preset, ...]:
    """Return the auctions to choose from."""
    return tuple(PRESETS[code] for code in OFFERED)


# ---- the auction


@dataclass(frozen=True, slots=True)
class Clock:
    """The market's time: when it closes and what it is, by the visitor's clock, and by the market's own."""

    closes_at: datetime
    now: datetime
    left: timedelta
    passed: timedelta
    extensions: int
    pace: int = PACE


@dataclass(frozen=True, slots=True)
class Rung:
    """One line of a ladder. ``name`` is None while the buyer may not know whose bid it is."""

    rank: int
    name: str | None
    amount: Decimal
    saving: Decimal


@dataclass(frozen=True, slots=True)
class LotView:
    """One lot for the buyer; ``sealed`` while nobody reads its prices."""

    ref: str
    name: str
    worth: Decimal
    rungs: tuple[Rung, ...]
    sealed: bool
    running: bool
    extensions: int
    clock_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened ``at`` so long after the opening; ``kind`` is for the template to say it."""

    at: timedelta
    kind: str
    lot: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BuyerAuction:
    """The buyer's page. ``best`` is the sum of the best prices once every lot has one, ``saving`` a share of today."""

    clock: Clock
    running: bool
    sealed: bool
    currency: str
    today: Decimal
    best: Decimal | None
    saving: Decimal | None
    without: int
    """Lots that have no price yet."""
    lots: tuple[LotView, ...]
    happenings: tuple[Happening, ...]
    course: tuple[tuple[int, Decimal], ...]
    """The best complete total after so many seconds of the market's time."""


def buyer_auction(play: Play, market: Market, now: datetime) -> BuyerAuction:
    """Return what the buyer sees of its auction: what it would be shown of a real one."""
    names = {robot.id: robot.name for robot in play.robots}
    lots = tuple(_lot(play, one, market.now, names) for one in market.lots)
    best = sum((lot.rungs[0].amount for lot in lots), Decimal(0)) if all(lot.rungs for lot in lots) else None
    return BuyerAuction(
        clock=_clock(market, now),
        running=market.running,
        sealed=any(lot.sealed for lot in lots),
        currency=play.content.billing.currency,
        today=play.need.today,
        best=best,
        saving=None if best is None else 1 - best / play.need.today,
        without=sum(not lot.rungs for lot in lots),
        lots=lots,
        happenings=_happenings(market, None),
        course=_course(market),
    )


def _clock(market: Market, now: datetime) -> Clock:
    left = max(timedelta(), market.closes_at - market.now) if market.running else timedelta()
    return Clock(
        closes_at=now + left / PACE,
        now=now,
        left=left,
        passed=min(market.now, market.closes_at) - market.opened_at,
        extensions=max(one.state.extensions for one in market.lots),
    )


def _lot(play: Play, one: InPlay, now: datetime, names: Mapping[OrganizationId, str]) -> LotView:
    seen = engine.buyer_view(one.state, now)
    worth = play.worth(one.lot.ref)
    rungs = tuple(
        Rung(bid.rank, names[bid.bidder] if bid.bidder is not None else None, bid.amount, 1 - bid.amount / worth)
        for bid in seen.bids or ()
    )
    running = seen.status in RUNNING
    price = seen.stage.price if seen.stage is not None and running else None
    sealed = running and seen.bids is None
    return LotView(one.lot.ref, one.lot.name, worth, rungs, sealed, running, one.state.extensions, price)


def _happenings(market: Market, bidder: OrganizationId | None) -> tuple[Happening, ...]:
    """Return the latest happenings first: the buyer's new best prices, or a bidder's own; and what all are told."""
    found = [happening for one in market.lots for happening in _of_lot(market, one, bidder)]
    return tuple(sorted(found, key=lambda item: item.at, reverse=True)[:_MOST_HAPPENINGS])


def _of_lot(market: Market, one: InPlay, bidder: OrganizationId | None) -> Iterator[Happening]:
    best: Decimal | None = None
    for event in one.events:
        passed = event.at - market.opened_at
        if isinstance(event, BidPlaced) and event.amount is not None and bidder in {None, event.bidder}:
            if bidder is not None or best is None or event.amount < best:
                yield Happening(passed, "own" if bidder is not None else "lead", one.lot.name, event.amount)
                best = event.amount
        elif type(event) in _KINDS and not (isinstance(event, LotExtended) and not event.soft):
            yield Happening(passed, _KINDS[type(event)], one.lot.name)


_KINDS: Mapping[type, str] = {
    LotOpened: "opened",
    LotExtended: "extended",
    LotClosed: "closed",
    BidsOpened: "unsealed",
    LotAwarded: "awarded",
}


def _course(market: Market) -> tuple[tuple[int, Decimal], ...]:
    """Return how the best complete total fell; incomplete ones are never mixed in."""
    best: dict[str, Decimal] = {}
    course: list[tuple[int, Decimal]] = []
    for point in market.points:
        best[point.lot] = point.price
        total = sum(best.values(), Decimal(0))
        if len(best) == len(market.lots) and (not course or course[-1][1] != total):
            course.append((point.at, total))
    return tuple(course)


# ---- the end, for the buyer


@dataclass(frozen=True, slots=True)
class WayView:
    """A way to award in words' reach: who wins which lot, what it costs and saves."""

    code: str
    cost: Decimal
    saving: Decimal
    discount: Decimal
    choices: int
    wins: tuple[tuple[str, str], ...]
    carriers: int


def way_view(play: Play, way: Way) -> WayView:
    """Return one way with the names of lots and carriers: the lots have closed, so the buyer knows both."""
    names = {robot.id: robot.name for robot in play.robots}
    wins = tuple((lot.name, names[way.winners[lot.ref]]) for lot in play.lots)
    return WayView(
        way.code, way.cost, 1 - way.cost / play.need.today, way.discount, way.choices, wins, len(way.carriers)
    )


@dataclass(frozen=True, slots=True)
class Reveal:
    """What one winner learns at the award: who the buyer is, and where exactly the sites of its own lots are."""

    carrier: str
    lots: tuple[str, ...]
    company: Company
    purchase_order: str
    sites: tuple[str, ...]


def reveals(play: Play, way: Way) -> tuple[Reveal, ...]:
    """Return what each winner learns. The buyer's present provider and spend are told to nobody."""
    names = {robot.id: robot.name for robot in play.robots}
    return tuple(
        _reveal(play, names[carrier], {ref for ref, winner in way.winners.items() if winner == carrier})
        for carrier in way.carriers
    )


def losers(market: Market, way: Way) -> int:
    """Return how many bid and won nothing."""
    bidders = {bidder for one in market.lots for bidder in one.state.standing}
    return len(bidders - set(way.carriers))


def reveal_to(play: Play, name: str) -> Reveal:
    """Return what the winner of every lot learns."""
    return _reveal(play, name, {lot.ref for lot in play.lots})


def _reveal(play: Play, name: str, won: set[str]) -> Reveal:
    lots = tuple(lot for lot in play.lots if lot.ref in won)
    lines = {ref for lot in lots for ref in lot.lines}
    refs = {line.site for line in play.content.lines if line.ref in lines}
    sites = tuple(_site(play.need.company, site) for site in play.content.sites if site.ref in refs)
    order = play.content.billing.purchase_order
    return Reveal(name, tuple(lot.name for lot in lots), play.need.company, order, sites)


# ---- the carrier's side


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the bid sheet: what it costs this carrier a month, and what its price book proposes."""

    ref: str
    site: str
    place: str
    mbps: Decimal
    cost: Decimal
    proposed: Decimal


@dataclass(frozen=True, slots=True)
class CarrierAuction:
    """The bidding page: ``seen`` is all that the rules let the visitor know. Amounts are totals over the term."""

    clock: Clock
    running: bool
    decided: bool
    currency: str
    term: int
    seen: BidderView
    cost: Decimal
    next_price: Decimal | None
    below_cost: bool
    """Whether the next step would lie below the visitor's own cost."""
    leads: bool
    happenings: tuple[Happening, ...]
    course: tuple[tuple[int, Decimal], ...]

    @property
    def won(self) -> bool:
        """Whether the visitor has won."""
        return bool(self.seen.won)


_COST_PERMILLE = 740
_MARGIN_PERCENT = 128


def sheet(need: Need, seen: CarrierView) -> tuple[SheetLine, ...]:
    """Return the bid sheet: lines as the carriers' view has them, costs as the visitor's own price book does."""
    places = {site.ref: site.place for site in seen.sites}
    speeds = {line.ref: _mbps(line.features[0].value) for line in seen.lines}
    weights = {ref: 300 + speed for ref, speed in speeds.items()}
    monthly = sum(need.monthly.values(), Decimal(0)) * _COST_PERMILLE / 1000
    whole = sum(weights.values(), Decimal(0))
    found = []
    for line in seen.lines:
        cost = (monthly * weights[line.ref] / whole).quantize(Decimal(1))
        proposed = (cost * _MARGIN_PERCENT / 100).quantize(Decimal(1))
        place = _place(places[line.site])
        found.append(SheetLine(line.ref, line.site, place, speeds[line.ref], cost, proposed))
    return tuple(found)


def _mbps(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)


def carrier_auction(play: Play, market: Market, seed: int, now: datetime) -> CarrierAuction:
    """Return what the visitor sees as a bidder: its own view by the engine, and its own history."""
    one = market.lots[0]
    view = engine.view(one.state, VISITOR, market.now)
    lines = sheet(play.need, seen_by_carriers(seed, play.need, play.content))
    cost = sum((line.cost for line in lines), Decimal(0)) * play.content.term_months
    following = view.next_admissible_price if one.state.status in RUNNING else None
    return CarrierAuction(
        clock=_clock(market, now),
        running=market.running,
        decided=bool(one.state.awards),
        currency=play.content.billing.currency,
        term=play.content.term_months,
        seen=view,
        cost=cost,
        next_price=following,
        below_cost=following is not None and following < cost,
        leads=view.rank == 1 or view.light == "green",
        happenings=_happenings(market, VISITOR),
        course=_own_course(market, one.state),
    )


def _own_course(market: Market, state: LotState) -> tuple[tuple[int, Decimal], ...]:
    bids = (bid for (bidder, _), bid in sorted(state.bids.items()) if bidder == VISITOR)
    return tuple(
        (int((bid.placed_at - market.opened_at).total_seconds()), bid.amount) for bid in bids if bid.amount is not None
    )


def monthly(total: Decimal, term: int) -> Decimal:
    """Return a total over the term as so much a month."""
    return cents(total / term)
