"""The comparison as the buyer looks at it: lots by carriers with heat, filters and sort, and a choice with its sum."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from urllib.parse import urlencode

from buyers.requests.model import Content, Request
from marketplace.awards import matrix, switching
from marketplace.awards import service as awards
from marketplace.awards.board import service as boards
from marketplace.awards.board.model import Stage
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.model import (
    ComparedLot,
    ComparedOffer,
    Comparison,
    GrandTotal,
    LotSelection,
    Selection,
)
from marketplace.bidding import watching
from marketplace.bidding.offer_conditions import capacity_words
from marketplace.kernel.ids import BidId, RequestId
from marketplace.kernel.work import Reading, Work
from marketplace.terminals.buyer.award_selection import NO_BID
from marketplace.terminals.buyer.compare_model import (
    NOBODY,
    ONLY,
    Cell,
    Choice,
    Column,
    Loosening,
    Part,
    Query,
    Row,
    belongs,
    cell_of,
    heat_of,
    key_of,
    lowest,
    needs_reason,
    rows_a_page,
)
from marketplace.terminals.buyer.live_auction_model import best_of, is_complete, once_of

_REMEMBERED = 8
BEST = "best"
"""The base of a choice that begins with each lot's best complete bid."""
OF_SCENARIO = "scenario."
FILTERS = ("only", "state", "chosen")
"""The filters of rows, as the address calls them."""


@dataclass(slots=True)
class Sheet:
    """One comparison prepared for looking at it in many ways."""

    content: Content
    comparison: Comparison
    defaulted: frozenset[str]
    columns: tuple[Column, ...] = ()
    offers: dict[str, dict[str, ComparedOffer]] = field(default_factory=dict)
    by_bid: dict[str, tuple[str, ComparedOffer]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    states: dict[str, frozenset[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for lot in self.comparison.lots:
            # the best first: of a carrier with several bids on a lot the first counts
            for offer in reversed(lot.offers):
                self.offers.setdefault(lot.lot, {})[offer.provider_id] = offer
                self.by_bid[offer.bid_id] = lot.lot, offer
            self.offers.setdefault(lot.lot, {})
        self.places = matrix.sites_of(self.content)
        self.names = {lot.ref: lot.name for lot in self.content.lots}
        sites = {site.ref: site.place.state for site in self.content.sites}
        site_of = {line.ref: line.site for line in self.content.lines}
        self.states = {
            lot.ref: frozenset(filter(None, (sites.get(site_of.get(line, ""), "") for line in lot.lines)))
            for lot in self.content.lots
        }
        self.columns = tuple(self._columns())

    @property
    def waiting(self) -> list[ComparedLot]:
        """The lots that wait for a decision."""
        return [lot for lot in self.comparison.lots if lot.status == "closed"]

    def _columns(self) -> Iterator[Column]:
        totals: dict[str, GrandTotal] = {str(item.provider_id): item for item in self.comparison.grand_totals}
        names: dict[str, str] = {}
        mine: dict[str, list[ComparedOffer]] = defaultdict(list)
        for lot in self.comparison.lots:
            for provider, offer in self.offers[lot.lot].items():
                names[provider] = offer.provider_name
                mine[provider].append(offer)
        wanted = sum(lot.status not in {"failed", "cancelled"} for lot in self.comparison.lots)
        order = [*totals, *sorted(set(names) - set(totals), key=lambda one: names[one])]
        for number, provider in enumerate(order):
            item: GrandTotal | None = totals.get(provider)
            counted = [offer for offer in mine[provider] if is_complete(offer)]
            days = [one.slowest_install_days for one in counted if one.slowest_install_days is not None]
            yield Column(
                provider_id=provider,
                name=names[provider],
                colour=number % 8 + 1,
                lots=len(item.lots) if item else 0,
                wanted=wanted,
                total=item.total if item else Decimal(0),
                monthly=sum((one.monthly for one in counted), Decimal(0)),
                once=sum((once_of(one) for one in counted), Decimal(0)),
                formula=item.formula if item else "",
                met=sum(one.features[0] for one in mine[provider]),
                answered=sum(one.features[1] for one in mine[provider]),
                exceeded=sum(one.exceeded for one in mine[provider]),
                install_days=max(days, default=None),
                conditions=self._conditions(mine[provider]),
                defaulted=provider in self.defaulted,
                best=number == 0 and item is not None and len(item.lots) == wanted,
            )

    def _conditions(self, bids: Sequence[ComparedOffer]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for offer in bids:
            if words := matrix.conditions(offer, self.comparison.currency):
                found.setdefault(words)
            if offer.capacity is not None:
                found.setdefault(capacity_words(offer.capacity))
        return tuple(found)

    # ---- rows

    def rows(self, query: Query, chosen: Mapping[str, str]) -> tuple[list[Row], int]:
        """Return the rows of the query's page in its order, and how many there are on all pages."""
        lots = self._ordered(self._wanted(query, chosen), query)
        columns = self.shown(query)
        most = rows_a_page(len(columns))
        start = (query.page - 1) * most
        return [self._row(lot, columns, query, chosen) for lot in lots[start : start + most]], len(lots)

    def all_rows(self, query: Query, chosen: Mapping[str, str]) -> list[Row]:
        """Return the rows of all pages, for a file of what is shown."""
        columns = self.shown(query)
        lots = self._ordered(self._wanted(query, chosen), query)
        return [self._row(lot, columns, query, chosen) for lot in lots]

    def shown(self, query: Query) -> list[Column]:
        """Return the carriers that the query shows."""
        return [one for one in self.columns if not query.carriers or one.provider_id in query.carriers]

    def counts(self, query: Query, chosen: Mapping[str, str]) -> dict[str, dict[str, int]]:
        """Return, by filter and what it may be set to, how many lots that leaves beside the other filters."""
        left = {name: self._wanted(query.without(name), chosen) for name in FILTERS}
        states = sorted({one for states in self.states.values() for one in states})
        carriers = [one.provider_id for one in self.columns]
        return {
            "only": {only: sum(belongs(lot, only) for lot in left["only"]) for only in ("", *ONLY)},
            "state": {"": len(left["state"])}
            | {state: sum(state in self.states.get(lot.lot, ()) for lot in left["state"]) for state in states},
            "chosen": {"": len(left["chosen"])}
            | {one: sum(self._chosen(lot, chosen) == one for lot in left["chosen"]) for one in (*carriers, NOBODY)},
        }

    def loosenings(self, query: Query, chosen: Mapping[str, str]) -> list[Loosening]:
        """Return the filters without which a query that finds nothing would find something, the widest first."""
        given = [name for name in FILTERS if getattr(query, name)]
        found = [Loosening(name, len(self._wanted(query.without(name), chosen))) for name in given]
        return sorted((one for one in found if one.lots), key=lambda one: -one.lots)

    def _wanted(self, query: Query, chosen: Mapping[str, str]) -> list[ComparedLot]:
        return [
            lot
            for lot in self.comparison.lots
            if (not query.state or query.state in self.states.get(lot.lot, ()))
            and (not query.only or belongs(lot, query.only))
            and (not query.chosen or query.chosen == self._chosen(lot, chosen))
        ]

    def _chosen(self, lot: ComparedLot, chosen: Mapping[str, str]) -> str:
        """Return the carrier that is chosen for a lot."""
        bid = chosen.get(lot.lot, "")
        return str(self.by_bid[bid][1].provider_id) if bid else NOBODY

    def _ordered(self, lots: list[ComparedLot], query: Query) -> list[ComparedLot]:
        def key(lot: ComparedLot) -> tuple[bool, Decimal]:
            found = key_of(lot, self.offers[lot.lot], query.sort, query.figure)
            return found is None, Decimal(0) if found is None else -found if query.down else found

        if query.sort == "lot":
            return lots[::-1] if query.down else lots
        if query.sort == "site":
            return sorted(lots, key=lambda lot: self.places.get(lot.lot, ""), reverse=query.down)
        return sorted(lots, key=key)

    def _row(self, lot: ComparedLot, columns: Sequence[Column], query: Query, chosen: Mapping[str, str]) -> Row:
        mine, best = self.offers[lot.lot], lowest(lot, query.figure)
        name = self.names.get(lot.lot, "")
        cells = tuple(cell_of(mine.get(one.provider_id), query.figure, best, chosen.get(lot.lot)) for one in columns)
        parts = tuple(self._parts(lot, columns, query)) if query.figure != "monthly" else ()
        return Row(lot.lot, name, self.places.get(lot.lot, ""), lot.status == "closed", lot.status, cells, parts)

    def _parts(self, lot: ComparedLot, columns: Sequence[Column], query: Query) -> Iterator[Part]:
        """Yield the sites of a lot that has several."""
        members = next((one.lines for one in self.content.lots if one.ref == lot.lot), ())
        if len(members) < 2:  # noqa: PLR2004 - one line is the lot itself
            return
        lines = {line.ref: line for line in self.content.lines}
        sites = {site.ref: site.place for site in self.content.sites}
        costs = {
            provider: {line.line: (line.nrc if query.figure == "once" else line.total) for line in offer.lines}
            for provider, offer in self.offers[lot.lot].items()
        }
        served = {one.provider_id for one in columns}
        for ref in members:
            known = [cost[ref] for provider, cost in costs.items() if ref in cost and provider in served]
            low = min(known, default=None)
            place = sites.get(lines[ref].site) if ref in lines else None
            label = f"{place.city}, {place.state}" if place and place.city else ref
            cells = tuple(
                Cell(amount, heat=heat_of(amount, low), word="low" if amount == low else "")
                if (amount := costs.get(one.provider_id, {}).get(ref)) is not None
                else Cell()
                for one in columns
            )
            yield Part(label, f"{lines[ref].site} · {ref}" if ref in lines and lines[ref].site else ref, cells)

    # ---- what is chosen

    def base_of(self, query: Query, scenario: Mapping[str, str] | None) -> dict[str, str]:
        """Return the choice that the picks change: a scenario's, one carrier's, or each lot's best complete bid."""
        found = {}
        for lot in self.waiting:
            offer: ComparedOffer | None
            if scenario is not None:
                found_bid = scenario.get(lot.lot, "")
                offer = self.by_bid[found_bid][1] if found_bid in self.by_bid else None
            elif query.base:
                offer = self.offers[lot.lot].get(query.base)
                offer = offer if offer is not None and offer.selectable and not offer.open_ended else None
            else:
                offer = best_of(lot)
            if offer is not None:
                found[lot.lot] = str(offer.bid_id)
        return found

    def choice(
        self, reading: Reading, request_id: RequestId, query: Query, scenario: Mapping[str, str] | None
    ) -> Choice:
        """Return what is chosen and what it comes to."""
        base = self.base_of(query, scenario)
        waiting = {lot.lot: lot for lot in self.waiting}
        picks = {lot: bid for lot, bid in query.picks if lot in waiting and self._fits(lot, bid)}
        bids = {lot: bid for lot, bid in (base | picks).items() if bid}
        offers = {lot: self.by_bid[bid][1] for lot, bid in bids.items()}
        selection = Selection(tuple(LotSelection(lot, BidId(bid)) for lot, bid in bids.items()))
        discounts = awards.earned(reading, request_id, self.comparison, selection) if bids else ()
        listed = sum((one.total + one.switching for one in offers.values()), Decimal(0))
        total = listed - sum((one.amount for one in discounts), Decimal(0))
        best = {lot: found for lot in waiting if (found := best_of(waiting[lot])) is not None}
        prior = self.comparison.prior_cost
        whole = len(bids) == len(self.comparison.lots)
        chosen = {one.provider_id for one in offers.values()}
        changed = tuple((lot, bid) for lot, bid in picks.items() if base.get(lot, "") != bid)
        return Choice(
            bids=bids,
            changed=changed,
            lots=len(bids),
            wanted=len(waiting),
            carriers=tuple(one for one in self.columns if one.provider_id in chosen),
            listed=listed,
            discounts=discounts,
            total=total,
            monthly=sum((one.monthly for one in offers.values()), Decimal(0)),
            switching=sum((one.switching for one in offers.values()), Decimal(0)),
            saving=prior - total if prior is not None and whole else None,
            above_best=sum((offers[lot].evaluated - best[lot].evaluated for lot in offers if lot in best), Decimal(0)),
            needs_reason=tuple(lot for lot in offers if needs_reason(offers[lot])),
            scenario=query.scenario if scenario is not None and not changed else "",
            base=query.base,
        )

    def award_query(self, choice: Choice, scenario: Mapping[str, str] | None, query: Query) -> str:
        """Return the query by which the award page begins with a choice: a base by its name, and what differs."""
        if choice.scenario:
            return f"?{urlencode({'scenario': choice.scenario})}"
        base = self.base_of(query, scenario)
        bids = {lot.lot: choice.bids.get(lot.lot, "") for lot in self.waiting}
        picks = [("pick", f"{lot}:{bid or NO_BID}") for lot, bid in bids.items() if bid != base.get(lot, "")]
        named = f"{OF_SCENARIO}{query.scenario}" if scenario is not None else query.base or BEST
        return f"?{urlencode([('base', named), *picks])}"

    def base_named(self, name: str, scenario: Mapping[str, str] | None) -> dict[str, str]:
        """Return the bid, or ``NO_BID``, that a base named by ``award_query`` gives each lot that waits."""
        base = "" if name == BEST or name.startswith(OF_SCENARIO) else name
        bids = self.base_of(Query(base=base), scenario)
        return {lot.lot: bids.get(lot.lot, NO_BID) for lot in self.waiting}

    def _fits(self, lot: str, bid: str) -> bool:
        """Tell whether a bid can be chosen for a lot; none at all can."""
        return not bid or (bid in self.by_bid and self.by_bid[bid][0] == lot and self.by_bid[bid][1].selectable)


_KEPT: OrderedDict[tuple[object, ...], Comparison] = OrderedDict()
"""The last comparisons of closed requests: choosing asks for the same one again and again."""


def compared(work: Work, own: Request, switching_revision: int) -> Comparison:
    """Return the comparison as the API gives it. Raises NotOpenedError while bids are taken."""
    lots, running, changes = watching.fingerprint(work, own.id)
    key = (own.id, own.version, own.revision, lots, changes, switching_revision, work.now.astimezone(UTC).date())
    if running or key not in _KEPT:
        found = awards.compare(work, own.id, hold=False)
        if running:
            return found  # the clock has changed the lots just now
        _KEPT[key] = found
        while len(_KEPT) > _REMEMBERED:
            _KEPT.popitem(last=False)
    return _KEPT[key]


def sheet_of(work: Work, own: Request) -> Sheet:
    """Return the comparison of a request, prepared for looking at it. Raises NotOpenedError while bids are taken."""
    comparison = compared(work, own, switching.read(work, own.id).revision)
    return Sheet(own.content, comparison, frozenset(confirmations.defaulted(work, own.id)))


def scenario_of(reading: Reading, request_id: RequestId, key: str) -> Mapping[str, str] | None:
    """Return the bids by lot that a scenario named when it was computed last; None where there is no such."""
    computed = boards.last(reading, request_id) if key else None
    if computed is None or computed.stage is not Stage.CLOSED:
        return None
    found = next((one for one in computed.results + computed.front if one.key == key), None)
    return {lot.lot: lot.bid_id for lot in found.lots if lot.bid_id is not None} if found and found.lots else None
