"""The comparison as tables that leave the house: every bid a row, sites by providers, and each provider's total."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from buyers.requests.model import Content
from marketplace.awards.model import ComparedLot, ComparedOffer, Comparison
from marketplace.bidding.offer_conditions import PackageCondition, VolumeTier, capacity_words
from marketplace.kernel.sheets import Cell, Sheet

BIDS_HEADER = (
    "Lot",
    "Site",
    "Rank",
    "Provider",
    "Total cost",
    "Switching cost",
    "Declared qualities",
    "Evaluated cost",
    "Above best",
    "A month",
    "Features met",
    "Deviations",
    "Install days",
    "Installed by",
    "Incomplete",
    "Open",
    "Discounts on condition",
    "Access owner",
    "Entrance",
    "Takes on",
    "Alternative",
    "Valid until",
    "Remarks",
    "Formula",
    "Bid",
)


def sheets(comparison: Comparison, content: Content, today: date) -> tuple[Sheet, ...]:
    """Return the bids, the matrix of evaluated cost, and the totals. 'Installed by' counts from ``today``."""
    sites = sites_of(content)
    bids = tuple(
        _bid(lot, offer, sites.get(lot.lot, ""), today, comparison.currency)
        for lot in comparison.lots
        for offer in lot.offers
    )
    return Sheet("Bids", BIDS_HEADER, bids), _matrix(comparison, sites), _totals(comparison)


def sites_of(content: Content) -> dict[str, str]:
    """Return where each lot is, as far as the request itself says: 'S1 Seattle 98101', several joined by commas."""
    places = {site.ref: f"{site.ref} {site.place.city} {site.place.postal_code}".strip() for site in content.sites}
    site_of = {line.ref: line.site for line in content.lines}
    return {
        lot.ref: ", ".join(dict.fromkeys(places[site_of[line]] for line in lot.lines if site_of.get(line) in places))
        for lot in content.lots
    }


def conditions(offer: ComparedOffer, currency: str) -> str:
    """Return a bid's discounts on condition in words."""
    return "; ".join(
        [
            *(package_words(package, currency) for package in offer.packages),
            *(volume_words(tier, currency) for tier in offer.volume),
        ]
    )


def package_words(package: PackageCondition, currency: str) -> str:
    """Return a package in words."""
    off = f"{package.percent} %" if package.percent is not None else f"{package.amount} {currency}"
    return f"{off} off if it gets all of {', '.join(package.lots)}"


def volume_words(tier: VolumeTier, currency: str) -> str:
    """Return a volume tier in words."""
    least = f"{tier.from_lots} lots" if tier.from_lots is not None else f"{tier.from_monthly} {currency} a month"
    return f"{tier.percent} % off its lots from {least} on"


def _bid(lot: ComparedLot, offer: ComparedOffer, site: str, today: date, currency: str) -> tuple[Cell, ...]:
    met, answered = offer.features
    days = offer.slowest_install_days
    return (
        lot.lot,
        site,
        offer.rank,
        offer.provider_name,
        offer.total,
        offer.switching,
        offer.malus,
        offer.evaluated,
        offer.above_best,
        offer.monthly,
        f"{met} of {answered}" if answered else "none answered",
        "; ".join(offer.deviations),
        days,
        today + timedelta(days=days) if days is not None else None,
        "; ".join(offer.incomplete),
        "; ".join(offer.open_because),
        conditions(offer, currency),
        _stated([(one.line, one.access_owner) for one in offer.access]),
        _stated([(one.line, one.entrance) for one in offer.access]),
        capacity_words(offer.capacity) if offer.capacity else "",
        offer.alternative,
        offer.valid_until,
        ", ".join(_remarks(offer)),
        offer.formula,
        offer.bid_id,
    )


def _stated(names: Sequence[tuple[str, str]]) -> str:
    """Return what a bid states of its lines; of several with the line's number."""
    return "; ".join(f"{line} {name}" if len(names) > 1 else name for line, name in names if name)


def _remarks(offer: ComparedOffer) -> Iterator[str]:
    if offer.joint:
        yield "tied"
    if offer.expired:
        yield "expired"
    if offer.stale:
        yield "for an earlier version"
    if offer.surrogate:
        yield "entered by an agent"


def _matrix(comparison: Comparison, sites: dict[str, str]) -> Sheet:
    names = {offer.provider_id: offer.provider_name for lot in comparison.lots for offer in lot.offers}
    providers = sorted(names, key=lambda provider: (names[provider], provider))
    rows = []
    for lot in comparison.lots:
        mine = {offer.provider_id: offer for offer in lot.offers}
        cells: list[Cell] = [lot.lot, sites.get(lot.lot, "")]
        cells += [_cell(mine[provider]) if provider in mine else None for provider in providers]
        rows.append(tuple(cells))
    return Sheet("Matrix", ("Lot", "Site", *(names[provider] for provider in providers)), tuple(rows))


def _cell(offer: ComparedOffer) -> Cell:
    """Return a bid's evaluated cost, or with words what keeps it from being one: nobody sums those up by accident."""
    if offer.open_ended:
        return f"open: {offer.evaluated}"
    if offer.incomplete:
        return f"incomplete: {offer.evaluated}"
    if not offer.selectable:
        return f"not valid: {offer.evaluated}"
    return offer.evaluated


def _totals(comparison: Comparison) -> Sheet:
    header = ("Provider", "Lots", "Without a complete bid on", "Total with switching cost", "Formula")
    rows: list[tuple[Cell, ...]] = [
        (item.provider_name, len(item.lots), ", ".join(item.missing), item.total, item.formula)
        for item in comparison.grand_totals
    ]
    rows.append(("The best of every lot", None, "", comparison.cheapest_total, ""))
    if comparison.prior_cost is not None:
        rows.append(("Today, over the same term", None, "", comparison.prior_cost, ""))
    return Sheet("Totals", header, tuple(rows), kept_columns=1)
