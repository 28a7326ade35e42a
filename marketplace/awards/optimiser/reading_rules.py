"""The buyer's rules in the documented JSON of a problem, read one kind at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from marketplace.awards.optimiser.fields import Fields, Findings
from marketplace.awards.optimiser.money import WHOLE_BP
from marketplace.awards.optimiser.problem import (
    Budget,
    BudgetMetric,
    Diverse,
    Exclude,
    Features,
    InstallWithin,
    Lot,
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

_MOST = 5_000
_BEST_QUALITY = 10_000
_LARGEST_BUDGET = 10**15
_PAIR = 2
_SHARES = ("lots", "sites", "value")


@dataclass(frozen=True, slots=True)
class Names:
    """What a rule refers to."""

    carriers: frozenset[str] = frozenset()
    lots: frozenset[str] = frozenset()
    offers: frozenset[str] = frozenset()


def names_of(rule: Rule) -> Names:
    """Return the carriers, lots and offers that a rule names."""
    match rule:
        case Exclude(carrier=carrier, lots=lots):
            named = Names(frozenset({carrier}), frozenset(lots or ()))
        case Require(carrier=who, lots=wanted, offers=offers):
            named = Names(frozenset({who} if who else ()), frozenset(wanted), frozenset(offers))
        case Features(lots=lots) | InstallWithin(lots=lots):
            named = Names(lots=frozenset(lots or ()))
        case MaxShare() | MinShare() | MaxAwards() | MinAwards():
            named = Names(frozenset({rule.carrier} if rule.carrier else ()))
        case Diverse(pairs=groups) | SameCarrier(groups=groups):
            named = Names(lots=frozenset(lot for group in groups for lot in group))
        case Xor(offers=offers):
            named = Names(offers=frozenset(offers))
        case _:
            named = Names()
    return named


def rule(value: Any, pointer: str, findings: Findings, lots: tuple[Lot, ...]) -> Rule | None:
    """Return one rule, or None with what is wrong noted."""
    fields = Fields(value, pointer, findings)
    reader = _READERS[fields.choice("type", among=tuple(_READERS))]
    before = len(findings.errors)
    found = reader(fields.text("id"), fields, lots)
    fields.end()
    return found if len(findings.errors) == before else None


def _lots(fields: Fields, lots: tuple[Lot, ...]) -> tuple[str, ...] | None:
    """Return the lots that a rule is about: ``lots``, ``sites`` or ``region``; None if it names none: all."""
    if fields.has("lots") and fields.values["lots"] == "all":
        return None
    if not any(fields.has(name) for name in ("lots", "sites", "region", "scope")):
        return None
    if fields.has("scope"):
        return None if fields.values["scope"] == "all" else fields.texts("scope", most=_MOST)
    sites = fields.texts("sites", most=_MOST)
    region = fields.maybe_text("region")
    there = {lot.site for lot in lots}
    for site in sites:
        if site not in there:
            fields.wrong("sites", f"there is no site {site!r}")
    if region is not None and all(lot.region != region for lot in lots):
        fields.wrong("region", f"there is no lot in the region {region!r}")
    chosen = [lot.id for lot in lots if lot.site in sites or (region is not None and lot.region == region)]
    return tuple(dict.fromkeys([*fields.texts("lots", most=_MOST), *chosen]))


def _exclude(name: str, fields: Fields, lots: tuple[Lot, ...]) -> Rule:
    return Exclude(name, fields.text("carrier"), _lots(fields, lots))


def _features(name: str, fields: Fields, lots: tuple[Lot, ...]) -> Rule:
    return Features(name, fields.texts("features", needed=True), _lots(fields, lots))


def _install(name: str, fields: Fields, lots: tuple[Lot, ...]) -> Rule:
    return InstallWithin(name, fields.whole("days"), _lots(fields, lots))


def _require(name: str, fields: Fields, lots: tuple[Lot, ...]) -> Rule:
    offers = fields.texts("offers", most=_MOST)
    if fields.has("offer"):
        offers = (*offers, fields.text("offer"))
    carrier = fields.maybe_text("carrier")
    if carrier is None:
        if not offers:
            fields.wrong("carrier", "is missing; a carrier with its lots, or offers are right")
        return Require(name, None, (), offers)
    wanted = _lots(fields, lots)
    if wanted is None:
        wanted = () if offers else tuple(lot.id for lot in lots)
    return Require(name, carrier, wanted, offers)


def _max_carriers(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    return MaxCarriers(name, fields.whole("n", "max", most=_MOST))


def _min_carriers(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    return MinCarriers(name, fields.whole("n", "min", most=_MOST))


def _share(fields: Fields) -> ShareMetric:
    return cast("ShareMetric", fields.choice("metric", among=_SHARES, default="lots"))


def _max_share(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    share = fields.whole("share_bp", "max_bp", "bp", most=WHOLE_BP)
    return MaxShare(name, fields.maybe_text("carrier"), _share(fields), share)


def _min_share(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    share = fields.whole("share_bp", "min_bp", "bp", most=WHOLE_BP)
    if_awarded = fields.flag("if_awarded", default=False)
    return MinShare(name, fields.maybe_text("carrier"), _share(fields), share, if_awarded)


def _max_awards(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    return MaxAwards(name, fields.maybe_text("carrier"), _share(fields), fields.whole("n", "max", most=_LARGEST_BUDGET))


def _min_awards(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    least = fields.whole("n", "min", most=_LARGEST_BUDGET)
    if_awarded = fields.flag("if_awarded", default=False)
    return MinAwards(name, fields.maybe_text("carrier"), _share(fields), least, if_awarded)


def _diverse(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    pairs = []
    for value, pointer in fields.items("pairs", most=_MOST, needed=True):
        if isinstance(value, list) and len(set(map(str, value))) == _PAIR == len(value):
            pairs.append((str(value[0]), str(value[1])))
        else:
            fields.findings.add(pointer, "is no pair; two different lots are right")
    by = fields.texts("by") if fields.has("by") else ("carrier", "path")
    return Diverse(name, tuple(pairs), by)


def _budget(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    metric = cast("BudgetMetric", fields.choice("metric", "on", "kind", among=("tco", "mrc", "nrc"), default="tco"))
    return Budget(name, metric, fields.whole("max", "limit", "amount", "cents", most=_LARGEST_BUDGET))


def _min_quality(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    return MinQuality(name, fields.whole("q100", most=_BEST_QUALITY))


def _max_switched(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    return MaxSwitched(name, fields.whole("n", "max", most=_MOST))


def _same_carrier(name: str, fields: Fields, lots: tuple[Lot, ...]) -> Rule:
    groups = []
    for list_name in ("groups", "pairs"):
        for value, pointer in fields.items(list_name, most=_MOST):
            if isinstance(value, list) and value and all(isinstance(lot, str) for lot in value):
                groups.append(tuple(value))
            else:
                fields.findings.add(pointer, "is no group; a list of lots is right")
    if fields.flag("each_site", default=False):
        of_site: dict[str, list[str]] = {}
        for lot in lots:
            of_site.setdefault(lot.site, []).append(lot.id)
        groups += [tuple(group) for group in of_site.values() if len(group) > 1]
    elif not groups:
        group = _lots(fields, lots)
        groups.append(tuple(lot.id for lot in lots) if group is None else group)
    return SameCarrier(name, tuple(groups))


def _xor(name: str, fields: Fields, _lots: tuple[Lot, ...]) -> Rule:
    return Xor(name, fields.texts("offers", most=_MOST, needed=True))


_READERS: dict[str, Callable[[str, Fields, tuple[Lot, ...]], Rule]] = {
    "exclude": _exclude,
    "features": _features,
    "install_within": _install,
    "require": _require,
    "max_carriers": _max_carriers,
    "min_carriers": _min_carriers,
    "max_share": _max_share,
    "min_share": _min_share,
    "max_awards": _max_awards,
    "min_awards": _min_awards,
    "diverse": _diverse,
    "budget": _budget,
    "min_quality": _min_quality,
    "max_switched": _max_switched,
    "same_carrier": _same_carrier,
    "xor": _xor,
}
