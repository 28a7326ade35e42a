"""The buyer's rules as rows of the strong form."""

from collections import Counter

from marketplace.awards.optimiser.form import Builder
from marketplace.awards.optimiser.money import WHOLE_BP
from marketplace.awards.optimiser.obedience import PERCENT, tags_of
from marketplace.awards.optimiser.problem import (
    Budget,
    Diverse,
    MaxAwards,
    MaxCarriers,
    MaxShare,
    MaxSwitched,
    MinAwards,
    MinCarriers,
    MinQuality,
    MinShare,
    Require,
    Rule,
    SameCarrier,
    ShareMetric,
    Xor,
)


def add(builder: Builder, rule: Rule) -> None:
    """Add the rows of one rule. Rules that filter have none."""
    offers = enumerate(builder.instance.offers)
    match rule:
        case MaxCarriers(n=n):
            builder.row(_users(builder), most=n)
        case MinCarriers(n=n):
            builder.row(_users(builder), least=n)
        case MaxSwitched(n=n):
            builder.row({number: float(offer.moves) for number, offer in offers if offer.moves}, most=n)
        case MinQuality(q100=q100):
            builder.row(
                {number: float(PERCENT * offer.quality - q100 * offer.weight) for number, offer in offers}, least=0
            )
        case Budget():
            _budget(builder, rule)
        case MaxShare() | MinShare() | MaxAwards() | MinAwards():
            _shares(builder, rule)
        case _:
            _add_placed(builder, rule)


def _add_placed(builder: Builder, rule: Rule) -> None:
    """Add the rows of a rule about single lots or offers."""
    match rule:
        case Require():
            _require(builder, rule)
        case Diverse():
            _diverse(builder, rule)
        case SameCarrier():
            _same_carrier(builder, rule)
        case Xor(offers=names):
            there = [builder.instance.offer_at[name] for name in names if name in builder.instance.offer_at]
            builder.row(dict.fromkeys(there, 1.0), most=1)
        case _:
            pass


def _users(builder: Builder) -> dict[int, float]:
    return {builder.used(carrier): 1.0 for carrier, own in enumerate(builder.instance.of_carrier) if own}


def _budget(builder: Builder, rule: Budget) -> None:
    """Add a budget in units of a hundred cents, so that the row's figures stay near those of the others."""
    match rule.metric:
        case "tco":
            row = {column: cost for column, cost in enumerate(builder.cost) if cost}
        case "mrc":
            row = {number: float(offer.offer.mrc) for number, offer in enumerate(builder.instance.offers)}
        case "nrc":
            row = {number: float(offer.offer.nrc) for number, offer in enumerate(builder.instance.offers)}
    builder.row({column: value / PERCENT for column, value in row.items()}, most=rule.max / PERCENT)


def _amounts(builder: Builder, carrier: int, metric: ShareMetric) -> dict[int, float]:
    """Return what a carrier wins by a metric, as a row."""
    offers = builder.instance.offers
    match metric:
        case "lots":
            return {number: float(len(offers[number].lots)) for number in builder.instance.of_carrier[carrier]}
        case "value":
            return {builder.won_value(carrier): 1.0} if builder.instance.of_carrier[carrier] else {}
        case "sites":
            return {builder.at_site(carrier, site): 1.0 for site in builder.sites_of(carrier)}


def _whole(builder: Builder, metric: ShareMetric) -> tuple[dict[int, float], float | None, float]:
    """Return the total by a metric as a row, its value if it is the same in every award, and its most."""
    instance = builder.instance
    every = all(lot.reserve is None for lot in instance.lots)
    match metric:
        case "lots":
            row = {number: float(len(offer.lots)) for number, offer in enumerate(instance.offers)}
            return row, float(len(instance.lots)) if every else None, float(len(instance.lots))
        case "sites":
            there = sorted({site for offer in instance.offers for site in offer.sites})
            if every:
                return {}, float(len(instance.sites)), float(len(instance.sites))
            return {builder.site_awarded(site): 1.0 for site in there}, None, float(len(instance.sites))
        case "value":
            row = {builder.won_value(carrier): 1.0 for carrier, own in enumerate(instance.of_carrier) if own}
            most = sum(
                max(
                    (instance.offers[number].value / len(instance.offers[number].lots) for number in numbers), default=0
                )
                for numbers in instance.of_lot
            )
            return row, None, most + 1


def _shares(builder: Builder, rule: MaxShare | MinShare | MaxAwards | MinAwards) -> None:
    instance = builder.instance
    asked = range(len(instance.carriers)) if rule.carrier is None else [instance.carrier_at[rule.carrier]]
    must = isinstance(rule, MinShare | MinAwards) and rule.carrier is not None and not rule.if_awarded
    for carrier in asked:
        if must or instance.of_carrier[carrier]:
            match rule:
                case MaxAwards(n=n):
                    builder.row(_amounts(builder, carrier, rule.metric), most=n)
                case MinAwards(n=n) if must:
                    builder.row(_amounts(builder, carrier, rule.metric), least=n)
                case MinAwards(n=n):
                    own = _amounts(builder, carrier, rule.metric)
                    builder.row({**own, builder.used(carrier): -float(n)}, least=0)
                case MaxShare() | MinShare():
                    _share(builder, carrier, rule, must=must)


def _share(builder: Builder, carrier: int, rule: MaxShare | MinShare, *, must: bool) -> None:
    own = _amounts(builder, carrier, rule.metric)
    whole, fixed, most = _whole(builder, rule.metric)
    if fixed is not None:
        if isinstance(rule, MaxShare):
            builder.row(own, most=rule.share_bp * int(fixed) // WHOLE_BP)
            return
        least = -(-rule.share_bp * int(fixed) // WHOLE_BP)
        builder.row(own if must else {**own, builder.used(carrier): -float(least)}, least=least if must else 0)
        return
    scaled = {
        column: own.get(column, 0.0) - whole.get(column, 0.0) * rule.share_bp / WHOLE_BP for column in {**whole, **own}
    }
    if isinstance(rule, MaxShare):
        builder.row(scaled, most=0)
    elif must:
        builder.row(scaled, least=0)
    else:
        room = rule.share_bp * most / WHOLE_BP
        builder.row({**scaled, builder.used(carrier): -room}, least=-room)


def _require(builder: Builder, rule: Require) -> None:
    instance = builder.instance
    for name in rule.offers:
        there = [instance.offer_at[name]] if name in instance.offer_at else []
        builder.row(dict.fromkeys(there, 1.0), least=1)
    if rule.carrier is None:
        return
    carrier = instance.carrier_at[rule.carrier]
    for lot in rule.lots:
        own = [number for number in instance.of_lot[instance.lot_at[lot]] if instance.offers[number].carrier == carrier]
        builder.row(dict.fromkeys(own, 1.0), least=1)


def _diverse(builder: Builder, rule: Diverse) -> None:
    """Add for every pair and every tag: of the offers that carry it at either lot, at most one is taken."""
    instance = builder.instance
    for pair in rule.pairs:
        of_tag: dict[tuple[str, str], Counter[int]] = {}
        for lot in pair:
            for number in instance.of_lot[instance.lot_at[lot]]:
                for tag in tags_of(instance, number, rule.by):
                    of_tag.setdefault(tag, Counter())[number] += 1
        for _, numbers in sorted(of_tag.items()):
            builder.row({number: float(times) for number, times in numbers.items()}, most=1)
        if builder.columns.few:
            _side_by_side(builder, pair, rule.by)


def _side_by_side(builder: Builder, pair: tuple[str, str], by: tuple[str, ...]) -> None:
    """Add a column for every two kinds of offers that may win the lots of a pair together: the hull of the pair.

    An offer for both lots shares its tags with itself: it is no candidate, which no fraction in the rows above says.
    A kind is what carries the same tags; a lot that may stay open has one kind more, which goes with all.
    """
    columns, offers = builder.columns, builder.instance.offers
    for number in builder.instance.of_lot[builder.instance.lot_at[pair[0]]]:
        if builder.instance.lot_at[pair[1]] in offers[number].lots and tags_of(builder.instance, number, by):
            builder.top[number] = 0.0
    kinds = [_kinds(builder, builder.instance.lot_at[lot], by) for lot in pair]
    rows: tuple[list[dict[int, float]], list[dict[int, float]]] = ([], [])
    for side in (0, 1):
        for _, numbers, is_open in kinds[side]:
            rows[side].append(dict.fromkeys(numbers, 1.0) if is_open is None else {is_open: 1.0})
    lots = builder.instance.lot_at[pair[0]], builder.instance.lot_at[pair[1]]
    for first, (tags, numbers, _) in enumerate(kinds[0]):
        for second, (others, against, _) in enumerate(kinds[1]):
            if not tags & others:
                column = builder.column(integer=False)
                columns.pairs[column] = (lots[0], numbers), (lots[1], against)
                rows[0][first][column] = rows[1][second][column] = -1.0
    for row in (*rows[0], *rows[1]):
        builder.row(row, least=0, most=0)


def _kinds(
    builder: Builder, lot: int, by: tuple[str, ...]
) -> list[tuple[frozenset[tuple[str, str]], tuple[int, ...], int | None]]:
    """Return the kinds of what may win a lot: their tags, their offers, and the column of a lot that stays open."""
    found: dict[frozenset[tuple[str, str]], list[int]] = {}
    for number in builder.instance.of_lot[lot]:
        found.setdefault(frozenset(tags_of(builder.instance, number, by)), []).append(number)
    kinds: list[tuple[frozenset[tuple[str, str]], tuple[int, ...], int | None]] = [
        (tags, tuple(numbers), None) for tags, numbers in sorted(found.items(), key=lambda one: one[1])
    ]
    if lot in builder.columns.open_lot:
        kinds.append((frozenset(), (), builder.columns.open_lot[lot]))
    return kinds


def _same_carrier(builder: Builder, rule: SameCarrier) -> None:
    instance = builder.instance
    for place, group in enumerate(rule.groups):
        of_carrier: dict[int, dict[int, list[int]]] = {}
        for name in group:
            lot = instance.lot_at[name]
            for number in instance.of_lot[lot]:
                of_carrier.setdefault(instance.offers[number].carrier, {}).setdefault(lot, []).append(number)
        chosen = {}
        for carrier, lots in sorted(of_carrier.items()):
            column = chosen[carrier] = builder.column()
            for lot, numbers in lots.items():
                builder.columns.of_group[f"{rule.id}/{place}", carrier, lot] = column
                builder.row({**dict.fromkeys(numbers, 1.0), column: -1.0}, most=0)
        builder.row(dict.fromkeys(chosen.values(), 1.0), most=1)
