"""What a buyer's live auction shows: figures and facts of its lots, without names until a lot has closed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from buyers.desk import service as desk
from buyers.requests import rules as request_rules
from buyers.requests.model import Content, Place, Status
from marketplace.awards import service as awards
from marketplace.awards.announcements import service as announcements
from marketplace.awards.model import ComparedLot, ComparedOffer, Comparison
from marketplace.bidding import control, watching
from marketplace.bidding.watching import WatchedLot
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading
from marketplace.terminals.buyer.live_auction_model import (
    Bidder,
    Figures,
    LotRow,
    News,
    Rung,
    Spot,
    above,
    best_of,
    costs_by_site,
    is_complete,
    once_of,
    remarks_of,
)
from marketplace.terminals.buyer.requests import head_of
from sellers import service as sellers

A_PAGE = 50
"""Lots that one page lists."""
_READ_IN_FULL = 12
"""Up to so many lots all bids are read; of more, those of the lot that is looked at."""
_LATEST = 12
_ANNOUNCEMENTS = 5
_BIDDER = "bidder-"


def key_of(request_id: str, lot: str, page: int) -> str:
    """Return the name of one look at an auction: what its live stream is asked for by."""
    return f"{request_id}-{lot}-{page}"


def context(reading: Reading, key: str) -> dict[str, Any]:
    """Return all that the page shows. ``key``: the request, and behind hyphens the lot and the page looked at."""
    request_id, _, rest = key.partition("-")
    ref, _, page = rest.partition("-")
    return _Look(reading, request_id, ref, int(page) if page.isdecimal() else 1).context()


def ladder_of(reading: Reading, request_id: RequestId, ref: str) -> list[Rung]:
    """Return the standing bids of one lot, best first."""
    look = _Look(reading, request_id, ref, 1)
    return list(look.rungs(look.by_ref[ref], look.compared[ref]))


class _Look:
    """One look at one request's auction."""

    def __init__(self, reading: Reading, request_id: str, ref: str, page: int) -> None:
        self.reading, self.page = reading, page
        self.own = desk.read(reading, request_id)
        self.id: RequestId = self.own.id
        self.content: Content = self.own.content
        self.names = {lot.ref: lot.name for lot in self.content.lots}
        refs = list(self.names)
        self.over = self.own.status not in {Status.OPEN, Status.CLOSED}
        whole = len(refs) <= _READ_IN_FULL or self.own.status is not Status.OPEN
        in_full = refs if whole else [ref if ref in self.names else refs[0]]
        self.lots = watching.watch(reading, self.id, in_full)
        self.comparison = self._compare()
        self._complete_the_reading(in_full, ref)
        self.by_ref = {lot.ref: lot for lot in self.lots}
        self.compared = {lot.lot: lot for lot in self.comparison.lots}
        self.running = any(lot.running for lot in self.lots)
        self.colours = self._colours()
        self.chosen = _chosen(self.lots, ref)

    # ---- reading

    def _compare(self) -> Comparison:
        opened = {lot.ref: lot.opened for lot in self.lots if lot.opened is not None}
        ids = {offer.provider_id for lot in opened.values() for offer in lot.offers}
        known = sellers.names(self.reading, tuple(one for one in ids if not one.startswith(_BIDDER)))
        names = {one: known.get(one, one) for one in ids}
        running = any(lot.running for lot in self.lots)
        return awards.comparison_of(self.reading, self.id, opened, names, with_switching=not running)

    def _complete_the_reading(self, in_full: Sequence[str], ref: str) -> None:
        """Read all bids of the lot looked at, and of one whose first are not complete: a complete one may follow."""
        compared = {lot.lot: lot for lot in self.comparison.lots}
        chosen = _chosen(self.lots, ref)
        more = [
            lot.ref
            for lot in self.lots
            if lot.ref not in in_full
            and lot.opened is not None
            and len(lot.numbers) > len(lot.opened.offers)
            and (lot is chosen or best_of(compared[lot.ref]) is None)
        ]
        if more:
            self.lots = watching.watch(self.reading, self.id, [*in_full, *more])
            self.comparison = self._compare()

    def _colours(self) -> dict[str, int]:
        """Give each carrier that may be named its colour: the same in all of the page."""
        named = [total.provider_id for total in self.comparison.grand_totals]
        named += [offer.provider_id for lot in self.comparison.lots for offer in lot.offers]
        real = dict.fromkeys(one for one in named if not one.startswith(_BIDDER))
        return {provider: number % 8 + 1 for number, provider in enumerate(real)}

    def bidder_of(self, offer: ComparedOffer, lot: WatchedLot) -> Bidder:
        """Return who made a bid, as far as the buyer may know."""
        number = lot.numbers.get(offer.bid_id, 0)
        if offer.provider_id.startswith(_BIDDER):
            return Bidder("", number, (number - 1) % 8 + 1)
        return Bidder(offer.provider_name, number, self.colours[offer.provider_id])

    # ---- parts

    def context(self) -> dict[str, Any]:
        rows = [self._row(lot) for lot in self.lots]
        start = (self.page - 1) * A_PAGE
        running = [row for row in rows if row.running]
        several = len(self.lots) > 1
        return head_of(self.reading, self.own) | {
            "streams": [f"request:{self.id}", *(f"lot:{lot.lot_id}" for lot in self.lots)],
            "currency": self.content.billing.currency,
            "term": self.content.term_months,
            "rules": self.lots[0].rules if self.lots else None,
            "lots": rows[start : start + A_PAGE],
            "lot_count": len(rows),
            "lot_page": self.page,
            "lot_pages": -(-len(rows) // A_PAGE),
            "several": several,
            "running": self.running,
            "sealed": bool(running) and all(row.sealed for row in running),
            "next_close": min(running, key=lambda row: row.closes_at, default=None),
            "last_close": max((row.closes_at for row in rows), default=None),
            "watched": self.chosen,
            "chosen": self.chosen.ref if self.chosen else "",
            "figures": self._figures(rows),
            "counts": sellers.counts(self.reading, self.id),
            "ladder": self._ladder(),
            "by_carrier": several and not self.running,
            "course": self._course(),
            "spots": self._spots(),
            "named": not self.running,
            "news": self._news(),
            "withdrawals": [] if self.over else control.withdrawals(self.reading, self.id),
            "announced": announcements.own(self.reading, self.id, None, _ANNOUNCEMENTS),
            "may_call": self._may_call(),
        }

    def _row(self, lot: WatchedLot) -> LotRow:
        best = best_of(self.compared.get(lot.ref))
        return LotRow(
            ref=lot.ref,
            name=self.names.get(lot.ref, lot.ref),
            places=self._places(lot.ref),
            status=lot.view.status.value,
            opens_at=lot.view.opens_at,
            closes_at=lot.view.closes_at,
            running=lot.running,
            sealed=lot.sealed,
            suspended=lot.suspended,
            bidders=None if lot.sealed else len(lot.numbers),
            bids=None if lot.sealed else sum(lot.placed.values()),
            best=best.evaluated if best else None,
            leader=self.bidder_of(best, lot) if best else None,
            extensions=lot.extensions,
            too_few=bool(lot.view.too_few_bidders),
            reason=lot.view.reason or "",
        )

    @cached_property
    def _members(self) -> dict[str, list[Place]]:
        """Where the lines of each lot are; of the whole company's there is no place."""
        sites = {site.ref: site.place for site in self.content.sites}
        site_of = {line.ref: line.site for line in self.content.lines}
        return {
            lot.ref: [sites[site_of[line]] for line in lot.lines if site_of.get(line) in sites]
            for lot in self.content.lots
        }

    def _places(self, ref: str) -> str:
        cities = dict.fromkeys(f"{place.city} {place.state}".strip() for place in self._members.get(ref, ()))
        found = [city for city in cities if city]
        return found[0] if len(found) == 1 else f"{found[0]} +{len(found) - 1}" if found else ""

    def _figures(self, rows: Sequence[LotRow]) -> Figures:
        live = [row for row in rows if row.status not in {"failed", "cancelled"}]
        without = sum(row.best is None for row in live)
        whole = bool(live) and not without
        found = [best_of(self.compared.get(row.ref)) for row in live]
        best = sum((offer.evaluated for offer in found if offer), Decimal(0)) if whole else None
        spend = request_rules.monthly_spend(self.content)
        today = None if spend is None else spend * self.content.term_months
        ceilings = [lot.rules.ceiling for lot in self.lots]
        known = [lot for lot in self.lots if not lot.sealed]
        course = self._best_course
        leaders = {row.leader for row in live if row.leader is not None and (row.leader.name or len(rows) == 1)}
        return Figures(
            best=best,
            monthly=sum((offer.monthly for offer in found if offer), Decimal(0)) if whole else None,
            once=sum((once_of(offer) for offer in found if offer), Decimal(0)) if whole else None,
            without=without,
            first_best=course[0][1] if course else None,
            today=today,
            share=None if best is None or not today else 1 - best / today,
            ceiling=sum((one for one in ceilings if one), Decimal(0)) if ceilings and all(ceilings) else None,
            bidders=max((len(lot.numbers) for lot in known), default=None),
            bids=sum(sum(lot.placed.values()) for lot in known) if known else None,
            leaders=tuple(sorted(leaders, key=lambda one: (one.name, one.number))),
        )

    # ---- the ladder

    def _ladder(self) -> list[Rung]:
        if self.chosen is None:
            return []
        if len(self.lots) > 1 and not self.running:
            return list(self._carriers())
        compared = self.compared.get(self.chosen.ref)
        return list(self.rungs(self.chosen, compared)) if compared else []

    def rungs(self, lot: WatchedLot, compared: ComparedLot) -> Iterator[Rung]:
        """Yield the bids of one lot: complete ones by cost, then the others."""
        first = best_of(compared)
        trends: dict[int, list[Decimal]] = defaultdict(list)
        for move in lot.moves:
            trends[move.number].append(move.amount)
        wanted = len(lot.opened.to_price.lines) if lot.opened else 0
        for offer in compared.offers:
            bidder = self.bidder_of(offer, lot)
            whole = is_complete(offer)
            yield Rung(
                key=f"{lot.ref}-{bidder.number}",
                rank=offer.rank if whole else None,
                bidder=bidder,
                bid_id=offer.bid_id,
                bids=lot.placed.get(bidder.number, 1),
                priced=wanted - len(offer.unpriced),
                wanted=wanted,
                complete=whole,
                remarks=tuple(remarks_of(offer)),
                monthly=offer.monthly,
                once=once_of(offer),
                total=offer.evaluated,
                above=above(offer.evaluated, first.evaluated) if first and whole else None,
                best=first is not None and offer.bid_id == first.bid_id,
                install_days=offer.slowest_install_days,
                trend=tuple(trends[bidder.number]),
            )

    def _carriers(self) -> Iterator[Rung]:
        """Yield the carriers over all lots, known after the close: those with a complete bid on each lot first."""
        mine: dict[OrganizationId, list[tuple[WatchedLot, ComparedOffer]]] = defaultdict(list)
        for compared in self.comparison.lots:
            for offer in compared.offers:
                mine[offer.provider_id].append((self.by_ref[compared.lot], offer))
        wanted = sum(lot.view.status not in {"failed", "cancelled"} for lot in self.lots)
        totals = {item.provider_id: item for item in self.comparison.grand_totals}
        complete = [item for item in self.comparison.grand_totals if len(item.lots) == wanted]
        ranks = {item.provider_id: rank for rank, item in enumerate(complete, start=1)}
        order = [*totals, *(one for one in mine if one not in totals)]
        for provider in order:
            item = totals.get(provider)
            counted = [(lot, offer) for lot, offer in mine[provider] if item is not None and lot.ref in item.lots]
            total = item.total if item is not None else Decimal(0)
            days = [offer.slowest_install_days for _, offer in counted if offer.slowest_install_days is not None]
            rank = ranks.get(provider)
            yield Rung(
                key=f"all-{provider}",
                rank=rank,
                bidder=Bidder(mine[provider][0][1].provider_name, 0, self.colours[provider]),
                bid_id="",
                bids=sum(lot.placed.get(lot.numbers.get(offer.bid_id, 0), 1) for lot, offer in mine[provider]),
                priced=len(counted),
                wanted=wanted,
                complete=rank is not None,
                remarks=(),
                monthly=sum((offer.monthly for _, offer in counted), Decimal(0)),
                once=sum((once_of(offer) for _, offer in counted), Decimal(0)),
                total=total,
                above=above(total, complete[0].total) if rank is not None else None,
                best=rank == 1,
                install_days=max(days, default=None),
                trend=(),
            )

    # ---- over time

    @cached_property
    def _best_course(self) -> list[tuple[datetime, Decimal]]:
        """Return how the sum of the best prices fell from the instant on at which every lot had one."""
        moves = sorted(((move.at, lot, move) for lot in self.lots for move in lot.moves), key=lambda one: one[0])
        best: dict[str, Decimal] = {}
        total = Decimal(0)
        course: list[tuple[datetime, Decimal]] = []
        live = {lot.ref for lot in self.lots if lot.view.status not in {"failed", "cancelled"}}
        left_out = {ref: self._numbers_left_out(ref) for ref in live}
        for at, lot, move in moves:
            if lot.ref not in live or move.number in left_out[lot.ref]:
                continue
            if lot.ref not in best or move.amount < best[lot.ref]:
                total += move.amount - best.get(lot.ref, Decimal(0))
                best[lot.ref] = move.amount
                if len(best) == len(live):
                    course.append((at, total))
        return course

    def _numbers_left_out(self, ref: str) -> frozenset[int]:
        """Return the bidders of a lot whose bid is not complete: never part of a best price."""
        compared = self.compared.get(ref)
        numbers = self.by_ref[ref].numbers
        return (
            frozenset(numbers.get(o.bid_id, 0) for o in compared.offers if not is_complete(o))
            if compared
            else frozenset()
        )

    def _course(self) -> dict[str, Any]:
        """Return what the chart of prices over time is drawn from."""
        lot = self.chosen
        lines: list[tuple[Bidder | None, list[tuple[datetime, Decimal]], bool]] = []
        if lot is not None and len(self.lots) == 1:
            first = best_of(self.compared.get(lot.ref))
            rungs = {rung.bidder.number: rung.bidder for rung in self._ladder()}
            for number, bidder in rungs.items():
                steps = [(move.at, move.amount) for move in lot.moves if move.number == number]
                lines.append((bidder, steps, first is not None and lot.numbers.get(first.bid_id) == number))
        elif lot is not None:
            lines.append((None, self._best_course, True))
        end = max((one.view.closes_at for one in self.lots), default=self.reading.now)
        figures = request_rules.monthly_spend(self.content)
        ceilings = [one.rules.ceiling for one in self.lots]
        return {
            "lines": lines,
            "until": self.reading.now if self.running else end,
            "today": None if figures is None else figures * self.content.term_months,
            "ceiling": sum((one for one in ceilings if one), Decimal(0)) if ceilings and all(ceilings) else None,
        }

    # ---- where

    def _spots(self) -> list[Spot]:
        """Return the sites with who is cheapest at each, as far as the buyer may know."""
        site_of = {line.ref: line.site for line in self.content.lines}
        cheapest: dict[str, tuple[Decimal, Bidder]] = {}
        for compared in self.comparison.lots:
            lot = self.by_ref[compared.lot]
            for offer in compared.offers:
                if offer.selectable and not offer.open_ended:
                    bidder = self.bidder_of(offer, lot)
                    for site, cost in costs_by_site(offer, site_of).items():
                        if site not in cheapest or cost < cheapest[site][0]:
                            cheapest[site] = cost, bidder
        several = len(self.lots) > 1
        found = []
        for place in self.content.sites:
            known = cheapest.get(place.ref)
            told = known[1] if known is not None and (known[1].name or not several) else None
            price = known[0] if known is not None else None
            found.append(Spot(f"{place.ref} {place.place.city}".strip(), place.place, told, price))
        return found

    # ---- what happened

    def _news(self) -> list[News]:
        lots = self.lots if len(self.lots) <= _READ_IN_FULL else tuple(filter(None, [self.chosen]))
        several = len(self.lots) > 1
        found = [news for lot in lots for news in self._moves(lot, several=several)]
        for one in watching.happenings(self.reading, lots, _LATEST):
            kind = "soft" if one.soft else one.kind
            lot = one.lot if several else ""
            found.append(News(one.at, kind, lot, reason=one.reason, closes_at=one.closes_at))
        return sorted(found, key=lambda one: one.at, reverse=True)[:_LATEST]

    def _moves(self, lot: WatchedLot, *, several: bool) -> Iterable[News]:
        best: Decimal | None = None
        left_out = self._numbers_left_out(lot.ref)
        bidders = {
            lot.numbers.get(offer.bid_id, 0): self.bidder_of(offer, lot)
            for offer in (self.compared[lot.ref].offers if lot.ref in self.compared else ())
        }
        for move in lot.moves:
            leads = move.number not in left_out and (best is None or move.amount < best)
            best = move.amount if leads else best
            bidder = bidders.get(move.number) or Bidder("", move.number, (move.number - 1) % 8 + 1)
            yield News(move.at, "bid", lot.ref if several else "", bidder, move.amount, leads)

    def _may_call(self) -> list[str]:
        """Return the lots on which a short list may be called to a last offer now."""
        return [
            lot.ref
            for lot in self.lots
            if lot.rules.final_offers is not None and lot.view.status == "closed" and len(lot.numbers) > 1
        ]


def _chosen(lots: Sequence[WatchedLot], ref: str) -> WatchedLot | None:
    """Return the lot that is looked at: the one asked for, else the first that runs, else the first."""
    named = next((lot for lot in lots if lot.ref == ref), None)
    return named or next((lot for lot in lots if lot.running), None) or next(iter(lots), None)
