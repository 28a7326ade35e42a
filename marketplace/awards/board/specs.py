"""Which scenarios a board has, and on which problems: the built-in ones and the buyer's own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from buyers.requests.model import Content
from marketplace.awards import problem_of
from marketplace.awards.board.model import Question, SavedScenario, Spec, Stage
from marketplace.awards.buyer_rules import BuyerRule, Excluded, Incumbents, Share
from marketplace.awards.model import Comparison, SwitchingCosts
from marketplace.awards.optimiser.problem import MaxCarriers, MaxSwitched, Problem, in_order
from marketplace.awards.optimiser.scenarios import Scenario
from marketplace.awards.problem_of import Held
from marketplace.kernel import codec

MOST_LOTS = 5_000
MOST_OWN = 20
CHEAPEST = "cheapest"
BEST_SERVICE = "best-service"
WITHIN_PERCENT = 3
_NAMES_NEEDED = "It names providers, and who bids is shown after the close."


def question(
    stage: Stage,
    comparison: Comparison,
    content: Content,
    switching: SwitchingCosts,
    own: Sequence[SavedScenario],
    *,
    today: date,
    seed: str,
    held: Held = (),
) -> Question:
    """Return what a board of this request is computed from. ``held``: the lots that stand awarded."""
    built = problem_of.build(comparison, content, switching, today=today, seed=seed, held=held)
    base = in_order(built.problem)
    names = _names(comparison) if stage is Stage.CLOSED else {}
    specs = [*_built_in(base, live=stage is Stage.LIVE)]
    for saved in own:
        problem = in_order(
            problem_of.build(comparison, content, switching, saved.rules, today=today, seed=seed, held=held).problem
        )
        impossible = _NAMES_NEEDED if stage is Stage.LIVE and names_providers(saved.rules) else ""
        said = tuple(_words(rule, names) for rule in saved.rules)
        scenario = Scenario(saved.id, add=problem.rules)
        same = (
            problem.lots == base.lots and problem.offers == base.offers
        )  # a lot that may stay open, or a path, differs
        bids = base if same else replace(problem, rules=())
        specs.append(Spec(saved.id, saved.name, True, bids, scenario, said, impossible))
    problems = {id(spec.problem): codec.dump(spec.problem) for spec in specs}
    named = tuple(_signed(spec, problems[id(spec.problem)]) for spec in specs)
    asked = [[spec.key, spec.name, spec.sha256, spec.impossible] for spec in named]
    sha256 = codec.digest([stage, str(comparison.prior_cost), asked])
    left_out = () if stage is Stage.LIVE else built.left_out
    return Question(stage, sha256, named, comparison, content, left_out, built.uncovered, built.uncounted)


def _signed(spec: Spec, problem: Any) -> Spec:
    unnamed = codec.dump(replace(spec.scenario, name=""))
    return replace(spec, sha256=codec.digest([problem, unnamed]))


def _names(comparison: Comparison) -> dict[str, str]:
    return {offer.provider_id: offer.provider_name for lot in comparison.lots for offer in lot.offers}


def _words(rule: BuyerRule, names: dict[str, str]) -> str:
    """Return a rule as a sentence, with a provider's name where the buyer knows it."""
    if isinstance(rule, Excluded | Share) and names.get(rule.provider_id):
        return replace(rule, provider_id=names[rule.provider_id]).words
    return rule.words


def names_providers(rules: Sequence[BuyerRule]) -> bool:
    """Tell whether rules could tell bids apart by who made them, before that is the buyer's to know."""
    return any(
        isinstance(rule, Excluded | Incumbents) or (isinstance(rule, Share) and bool(rule.provider_id))
        for rule in rules
    )


def _built_in(problem: Problem, *, live: bool) -> tuple[Spec, ...]:
    def spec(key: str, name: str, scenario: Scenario, said: str = "", impossible: str = "") -> Spec:
        return Spec(key, name, False, problem, scenario, (said,) if said else (), impossible)

    one, two = MaxCarriers("rule 1", 1), MaxCarriers("rule 1", 2)
    within = Scenario(BEST_SERVICE, within_bp=WITHIN_PERCENT * 100)
    found = (
        spec(CHEAPEST, "Cheapest", Scenario(CHEAPEST)),
        spec("one-provider", "One provider", Scenario("one-provider", add=(one,)), "at most 1 provider"),
        spec("two-providers", "Best two", Scenario("two-providers", add=(two,)), "at most 2 providers"),
        spec(BEST_SERVICE, f"Best service within {WITHIN_PERCENT} %", within),
    )
    if live:
        return found
    bidding = {(offer.carrier, lot) for offer in problem.offers for lot in offer.lots}
    served = [lot for lot in problem.lots if lot.incumbent is not None]
    staying = [lot for lot in served if (lot.incumbent, lot.id) in bidding]
    impossible = "" if staying else "No present provider bids on a lot that it serves, as far as you named them."
    stay = MaxSwitched("rule 1", len(served) - len(staying))
    words = f"present providers keep the {len(staying)} lots that they serve and bid on"
    scenario = Scenario("incumbents-stay", add=(stay,))
    return (*found, spec("incumbents-stay", "Present providers stay", scenario, words, impossible))
