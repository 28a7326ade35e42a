"""The rows of the strong form: every lot once, tiers by their hull, carriers' limits, and then the buyer's rules."""

from marketplace.awards.optimiser import form_rules
from marketplace.awards.optimiser.form import Builder, Form
from marketplace.awards.optimiser.instance import Instance, PricedDiscount


def form_of(instance: Instance) -> Form:
    """Return the form of an instance: its optimum is the cheapest award, to the cent."""
    builder = Builder(instance)
    for offer in instance.offers:
        builder.column(float(offer.cost))
    for number, lot in enumerate(instance.lots):
        row = dict.fromkeys(instance.of_lot[number], 1.0)
        if lot.reserve is not None:
            column = builder.columns.open_lot[number] = builder.column(float(lot.reserve))
            row[column] = 1.0
        builder.row(row, least=1, most=1)
    for number, discount in enumerate(instance.discounts):
        _tiers(builder, number, discount)
    _carriers(builder)
    _conditions(builder)
    for rule in instance.problem.rules:
        form_rules.add(builder, rule)
    _tiers_of_users(builder)
    return builder.built()


def _tiers(builder: Builder, number: int, discount: PricedDiscount) -> None:
    """Add a discount: a column a tier, and a column a tier and part that takes the saving only under that tier.

    The threshold counts those columns, not the offers: this is the hull of the tiers, and no large constant is in it.
    """
    reach = {
        "lots": sum(part.lots for part in discount.parts),
        "sites": len({site for part in discount.parts for site in part.sites}),
        "mrc": sum(part.mrc for part in discount.parts),
    }[discount.metric]
    tiers = [tier for tier, threshold in enumerate(discount.thresholds) if threshold <= reach]
    if not tiers:
        return
    for tier in tiers:
        own = builder.columns.tier[number, tier] = builder.column(-float(discount.lumps[tier]))
        builder.columns.parts[number, tier] = len(builder.cost)
        for part in discount.parts:
            builder.column(-float(part.savings[tier]), integer=False)
        _one_tier(builder, number, tier, discount, own)
    first = builder.columns.parts
    for place, part in enumerate(discount.parts):
        row = {first[number, tier] + place: 1.0 for tier in tiers}
        builder.row({**row, part.offer: -1.0}, most=0)
    if len(tiers) > 1:
        builder.columns.one_tier[number] = len(builder.row_lower)
        builder.row({builder.columns.tier[number, tier]: 1.0 for tier in tiers}, most=1)


def _tiers_of_users(builder: Builder) -> None:
    """Add that only a carrier that wins anything claims a tier, where there is a column that says who wins."""
    for number, discount in enumerate(builder.instance.discounts):
        if discount.carrier in builder.columns.used:
            row = {
                builder.columns.tier[number, tier]: 1.0
                for tier, threshold in enumerate(discount.thresholds)
                if threshold > 0 and (number, tier) in builder.columns.tier
            }
            if row:
                builder.row({**row, builder.columns.used[discount.carrier]: -1.0}, most=0)


def _one_tier(builder: Builder, number: int, tier: int, discount: PricedDiscount, own: int) -> None:
    first = builder.columns.parts[number, tier]
    of_lot: dict[int, list[int]] = {}
    of_site: dict[int, list[int]] = {}
    for place, part in enumerate(discount.parts):
        for lot in builder.instance.offers[part.offer].lots:
            of_lot.setdefault(lot, []).append(first + place)
        for site in part.sites:
            of_site.setdefault(site, []).append(first + place)
    for columns in of_lot.values():
        builder.row({**dict.fromkeys(columns, 1.0), own: -1.0}, most=0)
    threshold = -float(discount.thresholds[tier])
    if discount.metric != "sites":
        counts = [(part.lots if discount.metric == "lots" else part.mrc) for part in discount.parts]
        builder.row({**{first + place: float(n) for place, n in enumerate(counts) if n}, own: threshold}, least=0)
        return
    sites = {}
    for site, columns in of_site.items():
        column = sites[site] = builder.columns.tier_site[number, tier, site] = builder.column(integer=False)
        builder.row({**dict.fromkeys(columns, 1.0), column: -1.0}, least=0)
        builder.row({column: 1.0, own: -1.0}, most=0)
    builder.row({**dict.fromkeys(sites.values(), 1.0), own: threshold}, least=0)


def _carriers(builder: Builder) -> None:
    instance = builder.instance
    for number, carrier in enumerate(instance.problem.carriers):
        own = instance.of_carrier[number]
        lots = {offer: float(len(instance.offers[offer].lots)) for offer in own}
        if not own:
            continue
        if carrier.capacity_lots is not None:
            builder.row(lots, most=carrier.capacity_lots)
        if carrier.capacity_mbps is not None:
            builder.row({offer: float(instance.offers[offer].mbps) for offer in own}, most=carrier.capacity_mbps)
        if carrier.capacity_sites is not None:
            sites = {builder.at_site(number, site): 1.0 for site in builder.sites_of(number)}
            builder.row(sites, most=carrier.capacity_sites)
        if carrier.min_award_lots > 1:
            builder.row({**lots, builder.used(number): -float(carrier.min_award_lots)}, least=0)


def _conditions(builder: Builder) -> None:
    instance = builder.instance
    for number, priced in enumerate(instance.offers):
        condition = priced.offer.requires
        if condition is None:
            continue
        scope = None if condition.scope is None else {instance.lot_at[lot] for lot in condition.scope}
        row: dict[int, float] = {}
        for other in instance.of_carrier[priced.carrier]:
            lots = instance.offers[other].lots
            count = len(lots) if scope is None else sum(1 for lot in lots if lot in scope)
            if count:
                row[other] = float(count)
        row[number] = row.get(number, 0.0) - condition.min_lots
        builder.row(row, least=0)
    for group in instance.groups:
        builder.row(dict.fromkeys(group.offers, 1.0), most=1)
