"""What rules, offers and carriers are worth: each found by solving once more without it, or with it forced."""

from dataclasses import replace
from typing import TypeAlias

from marketplace.awards.optimiser.engine import Engine
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.exact import Found
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.problem import Problem, Rule
from marketplace.awards.optimiser.result import Award, Critical, Distance, Options, RulePrice, RulePrices
from marketplace.awards.optimiser.solving import Solving, choice_of, without_rules

_PROVEN = frozenset({"optimal", "infeasible"})

Known: TypeAlias = dict[frozenset[Rule], tuple[str, ...] | None]
"""Offers that are proven cheapest under some rules on the same bids; None: there is no award under them."""


def rule_prices(problem: Problem, award: Award, options: Options, engine: Engine) -> RulePrices:
    """Return what each rule costs by itself, leaving one out, and what all cost together.

    The present award obeys fewer rules as well, so that each search begins with it and finds nothing dearer.
    """
    return rule_prices_of(problem, award, Solving(engine, options))


def rule_prices_of(problem: Problem, award: Award, solving: Solving, known: Known | None = None) -> RulePrices:
    """Return the prices of rules as part of a larger question; a rule for which no time is left has none.

    All rules together come first: what is cheapest without any of them is often cheapest without one.
    """
    known = dict(known or {})
    rules = [rule.id for rule in problem.rules]
    if not rules:
        return RulePrices((), RulePrice("", award.cost, None if award.cost is None else 0, award.status == "optimal"))
    with solving.share(len(rules) + 1) as part:
        together = _price(problem, award, "", part, known)
    if len(rules) == 1:
        return RulePrices((replace(together, rule=rules[0]),), together)
    prices = []
    for number, name in enumerate(rules):
        with solving.share(len(rules) - number) as part:
            prices.append(_price(problem, award, name, part, known))
    return RulePrices(tuple(prices), together)


def _price(problem: Problem, award: Award, name: str, solving: Solving, known: Known) -> RulePrice:
    """Return the price of a rule; without a name, of all of them."""
    dropped = frozenset({name} if name else {rule.id for rule in problem.rules})
    without = without_rules(problem, dropped)
    instance = prepare(without)
    found = _already(instance, known)
    if found is None and solving.left <= 0:
        return RulePrice(name, None, None, proven=False)
    if found is None:
        found = solving.best(instance, start=_start(instance, award))
        if found.end in _PROVEN:
            offers = None if found.chosen is None else instance.ids(found.chosen)
            known[frozenset(without.rules)] = offers
    price = None if award.cost is None or found.cost is None else award.cost - found.cost
    return RulePrice(name, found.cost, price, found.end in _PROVEN and award.status in _PROVEN)


def _already(instance: Instance, known: Known) -> Found | None:
    """Return what is cheapest if that follows from what is known: without more rules it was, and it breaks none here.

    Without some rules there was no award at all: with more there is none.
    """
    rules = frozenset(instance.problem.rules)
    for fewer, offers in known.items():
        if not fewer <= rules:
            continue
        if offers is None:
            return Found("infeasible", None, None, None, 0.0)
        chosen = choice_of(instance, offers)
        if chosen is not None and not (evaluation := evaluate(instance, chosen)).violations:
            return Found("optimal", chosen, evaluation.cost, evaluation.cost, 0.0)
    return None


def distances(
    problem: Problem, award: Award, options: Options, engine: Engine, offers: tuple[str, ...] | None = None
) -> tuple[Distance, ...]:
    """Return for offers (all that weren't rejected, by default) by how much total cost rises if they must win.

    An offer of any of the ties is at no distance. Empty where there is no award to compare with.
    """
    if award.cost is None:
        return ()
    solving, instance = Solving(engine, options), prepare(problem)
    form = form_of(instance)
    tied = {offer for tie in award.ties for offer in tie}
    asked = offers if offers is not None else tuple(offer.offer.id for offer in instance.offers)
    found = []
    for place, name in enumerate(asked):
        if name in tied:
            found.append(Distance(name, 0, award.status == "optimal"))
        elif name in instance.offer_at:
            number = instance.offer_at[name]
            with solving.share(len(asked) - place) as part:
                forced = part.best(instance, form.with_fixed(number, 1), _with(instance, award, number))
            found.append(_distance(name, award, forced))
    return tuple(found)


def _distance(name: str, award: Award, forced: Found) -> Distance:
    increase = None if forced.cost is None or award.cost is None else forced.cost - award.cost
    return Distance(name, increase, forced.end in _PROVEN and award.status == "optimal")


def _with(instance: Instance, award: Award, number: int) -> frozenset[int]:
    """Return the award with one offer put in for what it displaces, as far as that covers every lot."""
    chosen = choice_of(instance, award.offers) or frozenset()
    lots = set(instance.offers[number].lots)
    return frozenset({number, *(other for other in chosen if not lots & set(instance.offers[other].lots))})


def criticality(problem: Problem, award: Award, options: Options, engine: Engine) -> tuple[Critical, ...]:
    """Return for each winning carrier what it is paid, the best without it, and the figure between the two.

    Paid as bid is list less discounts, without switching cost. For the buyer alone; nobody is paid by it.
    """
    if award.cost is None:
        return ()
    solving, paid = Solving(engine, options), _paid(prepare(problem), award)
    found = []
    for place, (name, amount) in enumerate(sorted(paid.items())):
        rest = prepare(replace(problem, offers=tuple(offer for offer in problem.offers if offer.carrier != name)))
        with solving.share(len(paid) - place) as part:
            without = part.best(rest)
        figure = None if without.cost is None else without.cost - (award.cost - amount)
        found.append(Critical(name, amount, without.cost, figure, without.end in _PROVEN))
    return tuple(found)


def _paid(instance: Instance, award: Award) -> dict[str, int]:
    """Return what each winning carrier is paid as bid, in cents."""
    chosen = choice_of(instance, award.offers) or frozenset()
    paid: dict[str, int] = {}
    for number in chosen:
        offer = instance.offers[number]
        paid[offer.offer.carrier] = paid.get(offer.offer.carrier, 0) + offer.paid
    of_discount = {discount.id: instance.carriers[discount.carrier] for discount in instance.discounts}
    for claim in award.claims:
        paid[of_discount[claim.discount]] -= claim.saving
    return paid


def _start(instance: Instance, award: Award) -> frozenset[int] | None:
    return choice_of(instance, award.offers) if award.cost is not None else None
