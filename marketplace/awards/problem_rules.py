"""A buyer's rules in the optimiser's words, checked against what the request has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.awards import buyer_rules as own
from marketplace.awards.buyer_rules import BuyerRule
from marketplace.awards.optimiser import problem as to
from marketplace.awards.optimiser.problem import Lot, Rule
from marketplace.kernel.errors import FieldError, MalformedError

TAGS = {"providers": "carrier", "access_owners": "owner", "entrances": "entrance"}
"""What the optimiser keeps two lots apart by, for each word of the buyer's."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What rules are held against: the lots in the problem, the providers in it, the day, all lots of the request."""

    lots: tuple[Lot, ...]
    providers: tuple[str, ...]
    today: date
    known_lots: frozenset[str]

    def at(self, sites: Sequence[str]) -> tuple[str, ...]:
        """Return the lots at these sites."""
        return tuple(lot.id for lot in self.lots if lot.site in sites)

    def among(self, lots: Sequence[str]) -> tuple[str, ...]:
        """Return those of ``lots`` that are in the problem."""
        present = {lot.id for lot in self.lots}
        return tuple(lot for lot in lots if lot in present)


def optimiser_rules(rules: Sequence[BuyerRule], ground: Ground) -> tuple[Rule, ...]:
    """Return the rules in the optimiser's words, each named by its place ('rule 1').

    What a rule says of lots that are decided already, or that nobody bid on, is left out. Raises MalformedError.
    """
    check(rules, ground.known_lots)
    return tuple(
        found for number, rule in enumerate(rules, start=1) for found in _rules(f"rule {number}", rule, ground)
    )


def check(rules: Sequence[BuyerRule], known_lots: frozenset[str]) -> None:
    """Raise MalformedError for rules that name lots which the request doesn't have, or that say nothing."""
    errors = []
    for index, rule in enumerate(rules):
        strange = [lot for lot in _named(rule) if lot not in known_lots]
        errors += [FieldError(f"/rules/{index}", f"{lot} is no lot of this request") for lot in strange]
        if _says_nothing(rule):
            errors.append(FieldError(f"/rules/{index}", "say at least one of its bounds, and a lower one first"))
    if errors:
        raise MalformedError("These rules don't fit the request.", errors=tuple(errors))


def number_of(rule_id: str) -> int:
    """Return the place, from 0, of the buyer's rule that an optimiser's rule came from."""
    return int(rule_id.split()[1]) - 1


def _named(rule: BuyerRule) -> tuple[str, ...]:
    match rule:
        case own.Apart():
            return (rule.primary, rule.backup)
        case own.MayStayOpen(lot, _):
            return (lot,)
        case own.Excluded() | own.Together() | own.WithFeatures() | own.InstalledBefore():
            return rule.lots
        case _:
            return ()


def _says_nothing(rule: BuyerRule) -> bool:
    match rule:
        case own.Providers(least, most):
            return (least is None and most is None) or (least is not None and most is not None and least > most)
        case own.Share(_, _, at_least, at_most):
            none = at_least is None and at_most is None
            return none or (at_least is not None and at_most is not None and at_least > at_most)
        case own.Incumbents(keep, get):
            return keep is None and get is None
        case own.Together(site, region, lots):
            return not (site or region or lots)
        case own.Apart(primary, backup, by):
            return primary == backup or not by
        case _:
            return False


def _rules(name: str, rule: BuyerRule, ground: Ground) -> Iterator[Rule]:
    match rule:
        case own.Share():
            yield from _share(name, rule, ground)
        case own.Incumbents():
            yield from _incumbents(name, rule, ground)
        case own.Excluded():
            yield from _excluded(name, rule, ground)
        case own.Together() | own.Apart():
            yield from _grouped(name, rule, ground)
        case own.WithFeatures() | own.InstalledBefore():
            yield from _demanded(name, rule, ground)
        case own.Providers() | own.Budget() | own.ServiceLevel():
            yield from _bounded(name, rule)
        case own.MayStayOpen():
            pass  # it is the lot's reserve


def _bounded(name: str, rule: own.Providers | own.Budget | own.ServiceLevel) -> Iterator[Rule]:
    match rule:
        case own.Providers(least, most):
            if least is not None:
                yield to.MinCarriers(f"{name} least", least)
            if most is not None:
                yield to.MaxCarriers(f"{name} most", most)
        case own.Budget(amount, measure):
            yield to.Budget(name, "mrc" if measure == "monthly" else "tco", int(amount * 100))
        case own.ServiceLevel(at_least):
            yield to.MinQuality(name, at_least * 100)


def _grouped(name: str, rule: own.Together | own.Apart, ground: Ground) -> Iterator[Rule]:
    match rule:
        case own.Together(site, region, lots):
            group = tuple(
                lot.id
                for lot in ground.lots
                if lot.id in lots or (site and lot.site == site) or (region and lot.region == region)
            )
            if len(group) > 1:
                yield to.SameCarrier(name, (group,))
        case own.Apart(primary, backup, by):
            if len(ground.among((primary, backup))) == 2:  # noqa: PLR2004 - a pair
                yield to.Diverse(name, ((primary, backup),), tuple(tag for kind, tag in TAGS.items() if kind in by))


def _demanded(name: str, rule: own.WithFeatures | own.InstalledBefore, ground: Ground) -> Iterator[Rule]:
    lots = ground.among(rule.lots) if rule.lots else None
    if lots == ():
        return
    match rule:
        case own.WithFeatures(features, _):
            yield to.Features(name, features, lots)
        case own.InstalledBefore(day, _):
            yield to.InstallWithin(name, max(0, (day - ground.today).days), lots)


def _share(name: str, rule: own.Share, ground: Ground) -> Iterator[Rule]:
    carrier = rule.provider_id or None
    if carrier is not None and carrier not in ground.providers:
        if rule.at_least:
            yield to.MinCarriers(f"{name} least", len(ground.providers) + 1)  # who has no bid gets no share
        return
    if rule.at_least is not None:
        share = int(rule.at_least * 100)
        yield to.MinShare(f"{name} least", carrier, rule.measure, share, if_awarded=carrier is None)
    if rule.at_most is not None:
        yield to.MaxShare(f"{name} most", carrier, rule.measure, int(rule.at_most * 100))


def _incumbents(name: str, rule: own.Incumbents, ground: Ground) -> Iterator[Rule]:
    keep, get = rule.keep_at_least, rule.get_at_most
    served = [lot for lot in ground.lots if lot.incumbent is not None]
    if keep is not None:
        yield to.MaxSwitched(f"{name} keep", max(0, len(served) - keep))
        if keep > len(served):
            yield to.MinCarriers(f"{name} short", len(ground.providers) + 1)
    if get is not None:
        for incumbent in sorted({lot.incumbent for lot in served if lot.incumbent in ground.providers}, key=str):
            yield to.MaxAwards(f"{name} get {incumbent}", incumbent, "lots", get)


def _excluded(name: str, rule: own.Excluded, ground: Ground) -> Iterator[Rule]:
    if rule.provider_id not in ground.providers:
        return
    everywhere = not rule.sites and not rule.lots
    shut = tuple(dict.fromkeys((*ground.at(rule.sites), *ground.among(rule.lots))))
    if everywhere or shut:
        yield to.Exclude(name, rule.provider_id, None if everywhere else shut)
