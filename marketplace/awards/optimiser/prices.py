"""What rules, offers and carriers are worth: each found by solving once more without it, or with it forced."""

from dataclasses import replace

from marketplace.awards.optimiser.engine import Engine
from marketplace.awards.optimiser.exact import Found
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.result import Award, Critical, Distance, Options, RulePrice, RulePrices
from marketplace.awards.optimiser.solving import Solving, choice_of, instance_without

_PROVEN = frozenset({"optimal", "infeasible"})


def rule_prices(problem: Problem, award: Award, options: Options, engine: Engine) -> RulePrices:
    """Return what each rule costs by itself, leaving one out, and what all cost together.

    The present award obeys fewer rules as well, so that each search begins with it and finds nothing dearer.
    """
    return rule_prices_of(problem, award, Solving(engine, options))


def rule_prices_of(problem: Problem, award: Award, solving: Solving) -> RulePrices:
    """Return the prices of rules as part of a larger question."""
    rules = [rule.id for rule in problem.rules]
    prices = []
    for number, name in enumerate(rules):
        with solving.share(len(rules) + 1 - number) as part:
            prices.append(_price(problem, award, name, frozenset({name}), part))
    if len(prices) == 1:
        return RulePrices(tuple(prices), replace(prices[0], rule=""))
    return RulePrices(tuple(prices), _price(problem, award, "", frozenset(rules), solving))


def _price(problem: Problem, award: Award, name: str, dropped: frozenset[str], solving: Solving) -> RulePrice:
    if not dropped:
        return RulePrice(name, award.cost, None if award.cost is None else 0, award.status == "optimal")
    instance = instance_without(problem, dropped)
    found = solving.best(instance, start=_start(instance, award))
    price = None if award.cost is None or found.cost is None else award.cost - found.cost
    return RulePrice(name, found.cost, price, found.end in _PROVEN and award.status in _PROVEN)


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
