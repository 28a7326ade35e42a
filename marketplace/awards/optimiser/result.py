"""What the optimiser answers: awards with their proofs, and the figures that explain them, in integer cents."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from marketplace.awards.optimiser.evaluate import Claim
from marketplace.awards.optimiser.filtering import Rejected
from marketplace.awards.optimiser.obedience import Violation

Status: TypeAlias = Literal["optimal", "feasible", "infeasible", "no award in time"]
Broken: TypeAlias = Literal["time", "memory", "cancelled", "failure"]
"""Why a process that was asked gave no answer."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one question may take: seconds in all, the gap to stop at, how many ties are looked for.

    ``gap`` in cents and ``relative`` as a part of the cost, whichever is larger: 0.001 ends a search within 0.1 %.
    """

    seconds: float = 30.0
    gap: float = 0.5
    ties: int = 32
    relative: float = 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What a claim about an award rests on: SHA-256 of the problem, form, engine, the gap asked in cents, seconds.

    Figures are texts, so that an award can be hashed.
    """

    problem_sha256: str
    form: str
    engine: str
    gap_asked: str
    seconds: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """One lot and the offer that wins it; None: it stays open at its reserve."""

    lot: str
    offer: str | None


@dataclass(frozen=True, slots=True)
class Award:
    """The chosen offers, what they cost, and how sure that is.

    ``bound``: no award costs less. ``ties`` are all awards of the same cost, this one among them; ``ties_complete``
    says whether there may be more. ``binding`` are the rules at their limit. ``broken_off``: why the search ended
    before it had an answer; this is the best that it had told until then.
    """

    status: Status
    proof: Proof
    cost: int | None = None
    bound: int | None = None
    offers: tuple[str, ...] = ()
    lots: tuple[Assignment, ...] = ()
    claims: tuple[Claim, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    binding: tuple[str, ...] = ()
    ties: tuple[tuple[str, ...], ...] = ()
    ties_complete: bool = False
    moves: int = 0
    carriers: int = 0
    quality100: int | None = None
    broken_off: Broken | None = None

    @property
    def gap(self) -> int | None:
        """The cents between cost and bound."""
        return None if self.cost is None or self.bound is None else self.cost - self.bound


@dataclass(frozen=True, slots=True)
class Verification:
    """What a recount without a solver says of an award: nothing wrong, or what."""

    cost: int | None
    wrong: tuple[Violation, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong


@dataclass(frozen=True, slots=True)
class RulePrice:
    """What one rule costs: the best without it, and the difference; None if either can't be had.

    ``proven``: the best without it is proven. Not proven, it is the best found in time.
    """

    rule: str
    cost_without: int | None
    price: int | None
    proven: bool


@dataclass(frozen=True, slots=True)
class RulePrices:
    """The price of each rule by itself, and of all rules together: the sum of the former is another figure."""

    rules: tuple[RulePrice, ...]
    together: RulePrice


@dataclass(frozen=True, slots=True)
class Distance:
    """What an offer is short of winning: total cost rises by ``increase`` if it must win; None: the rules forbid it."""

    offer: str
    increase: int | None
    proven: bool


@dataclass(frozen=True, slots=True)
class Critical:
    """What a carrier is worth to this award: what it is paid as bid, the best without it, and the difference it makes.

    ``figure`` is the sum at which the award would be as dear as without it; None: it can't be replaced. For the
    buyer alone, and no payment.
    """

    carrier: str
    paid_as_bid: int
    best_without: int | None
    figure: int | None
    proven: bool


@dataclass(frozen=True, slots=True)
class Repair:
    """Rules to drop so that there is an award, and what it then costs; ``advice`` is the nearest value that works."""

    drop: tuple[str, ...]
    cost: int
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why there is no award: rules of which none can be left out of the contradiction, and the cheapest ways out.

    ``uncovered``: lots that no offer is left for. ``complete`` is False if time ran out before all was tried.
    """

    rules: tuple[str, ...]
    uncovered: tuple[str, ...]
    repairs: tuple[Repair, ...]
    text: str
    complete: bool
