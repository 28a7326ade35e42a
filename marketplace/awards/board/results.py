"""The optimiser's answers in the buyer's words and money."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from marketplace.awards import problem_of
from marketplace.awards.board.model import (
    PriceOfRule,
    Question,
    Result,
    ScenarioLot,
    ScenarioProvider,
    Spec,
    Stage,
)
from marketplace.awards.model import ComparedOffer, LotSelection, Selection
from marketplace.awards.optimiser.result import Award, Broken, Conflict, RulePrice, RulePrices
from marketplace.awards.problem_of import money
from marketplace.awards.problem_rules import number_of
from marketplace.kernel.ids import BidId
from marketplace.kernel.money import cents

_NO_AWARD = {
    "infeasible": "no award under these rules",
    "no award in time": "no award found in time",
}

_BROKEN_OFF: dict[Broken | None, str] = {
    None: "",
    "time": "; the search ran out of time",
    "memory": "; the search ran out of memory",
    "cancelled": "; the search was cancelled",
    "failure": "; the search broke off",
}


def words_of(status: str, cost: int | None, bound: int | None) -> str:
    """Return how sure an award is, in words: 'proven cheapest', 'within 0.4 %'."""
    if status in _NO_AWARD:
        return _NO_AWARD[status]
    if status == "optimal":
        return "proven cheapest"
    if cost is None or bound is None or bound <= 0:
        return "found, not proven cheapest"
    per_mille = -(-(cost - bound) * 1_000 // bound)
    return f"within {Decimal(per_mille) / 10} %"


def result(
    question: Question,
    spec: Spec,
    award: Award,
    prices: RulePrices | None = None,
    conflict: Conflict | None = None,
) -> Result:
    """Return one computed scenario; while bids are taken its figures alone, without bids, lots and providers."""
    bare = _bare(question, spec, award, prices, conflict)
    return bare if award.cost is None else _filled(question, bare, award)


def not_possible(spec: Spec, why: str = "") -> Result:
    """Return a scenario that isn't computed, with the reason."""
    return Result(spec.key, spec.name, spec.own, "not possible", why or spec.impossible, spec.rules)


def _bare(question: Question, spec: Spec, award: Award, prices: RulePrices | None, conflict: Conflict | None) -> Result:
    months = question.comparison.term_months
    return Result(
        key=spec.key,
        name=spec.name,
        own=spec.own,
        status=award.status,
        words=words_of(award.status, award.cost, award.bound) + _BROKEN_OFF[award.broken_off],
        rules=spec.rules,
        evaluated=None if award.cost is None else money(award.cost),
        bound=None if award.bound is None else money(award.bound),
        service_level=None if award.quality100 is None else Decimal(award.quality100) / 100,
        provider_count=award.carriers,
        prices=tuple(_price(price, _said(spec, price.rule), months) for price in prices.rules) if prices else (),
        together=_price(prices.together, "all rules together", months) if prices and prices.rules else None,
        conflict=_conflict_words(spec, conflict),
        ways_out=tuple(_ways_out(spec, conflict)),
        engine=award.proof.engine,
    )


def _filled(question: Question, bare: Result, award: Award) -> Result:
    """Return the result with what the buyer pays, and after the close with who gets what."""
    comparison = question.comparison
    offers = {offer.bid_id: offer for lot in comparison.lots for offer in lot.offers}
    won = {one.lot: offers[BidId(one.offer)] for one in award.lots if one.offer is not None}
    selection = Selection(tuple(LotSelection(lot, offer.bid_id) for lot, offer in won.items()))
    discounts = problem_of.earned(comparison, question.content, selection)
    listed = sum((offer.total + offer.switching for offer in won.values()), Decimal(0))
    total = listed - sum((discount.amount for discount in discounts), Decimal(0))
    whole = len(won) == sum(lot.status in problem_of.WAITING for lot in comparison.lots)
    saving = comparison.prior_cost - total if comparison.prior_cost is not None and whole else None
    paid = replace(bare, total=total, saving=saving)
    if question.stage is Stage.LIVE:
        return paid
    lots = tuple(
        ScenarioLot(one.lot, offer.bid_id, offer.provider_id, offer.provider_name, offer.total)
        if (offer := won.get(one.lot)) is not None
        else ScenarioLot(one.lot, None, None, "", None)
        for one in award.lots
    )
    return replace(
        paid,
        lots=lots,
        providers=tuple(_providers(won)),
        discounts=discounts,
        risks=tuple(_risks(question, award, won)),
    )


def _providers(won: dict[str, ComparedOffer]) -> Iterator[ScenarioProvider]:
    for provider_id in sorted({offer.provider_id for offer in won.values()}):
        own = {lot: offer for lot, offer in won.items() if offer.provider_id == provider_id}
        name = next(iter(own.values())).provider_name
        yield ScenarioProvider(provider_id, name, tuple(own), sum((offer.total for offer in own.values()), Decimal(0)))


def _risks(question: Question, award: Award, won: dict[str, ComparedOffer]) -> Iterator[str]:
    """Yield what the buyer should know before it selects this, in words."""
    open_lots = [one.lot for one in award.lots if one.offer is None]
    if open_lots:
        yield f"nobody gets {', '.join(open_lots)}"
    if question.uncovered:
        yield f"no bid that can be taken on {', '.join(question.uncovered)}"
    if len(won) > 1 and award.carriers == 1:
        yield "everything depends on one provider"
    bidders = {lot.lot: sum(offer.selectable for offer in lot.offers) for lot in question.comparison.lots}
    alone = [lot for lot in won if bidders[lot] == 1]
    if alone:
        yield f"only one valid bid on {', '.join(alone)}: if it falls through, nobody follows"
    yield from (f"{lot} is incomplete: {'; '.join(offer.incomplete)}" for lot, offer in won.items() if offer.incomplete)
    yield from (
        f"{lot} depends on what is found at the site, up to a cap that is counted"
        for lot, offer in won.items()
        if any(line.construction for line in offer.lines)
    )
    days = [(offer.valid_until, lot) for lot, offer in won.items() if offer.valid_until is not None]
    if days:
        until, lot = min(days)
        yield f"the bid on {lot} is valid until {until} only"
    if len(award.ties) > 1:
        yield f"{len(award.ties)} awards cost the same; fewer moves, fewer providers, then a drawn lot decided"


def _said(spec: Spec, rule_id: str) -> str:
    """Return a rule in the buyer's words."""
    number = number_of(rule_id)
    return spec.rules[number] if number < len(spec.rules) else rule_id


def _price(price: RulePrice, words: str, months: int) -> PriceOfRule:
    amount = None if price.price is None else money(price.price)
    return PriceOfRule(words, amount, None if amount is None else cents(amount / months), price.proven)


def _conflict_words(spec: Spec, conflict: Conflict | None) -> str:
    if conflict is None:
        return ""
    if conflict.rules:
        said = dict.fromkeys(_said(spec, rule) for rule in conflict.rules)
        return f"No award obeys: {'; '.join(said)}."
    if conflict.uncovered:
        return f"No bid is left for {', '.join(conflict.uncovered)}."
    return conflict.text


def _ways_out(spec: Spec, conflict: Conflict | None) -> Iterator[str]:
    for repair in conflict.repairs if conflict is not None else ():
        dropped = "; ".join(dict.fromkeys(_said(spec, rule) for rule in repair.drop))
        advice = f" ({repair.advice})" if repair.advice else ""
        yield f"without '{dropped}'{advice}: {money(repair.cost)}"
