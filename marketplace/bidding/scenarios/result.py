"""What a played scenario led to: each step's answer and views, the end of each lot, and what was expected otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketplace.bidding.events import Event
from marketplace.bidding.model import BidderView, BuyerView, Refusal, Status
from marketplace.bidding.scenarios.expect import Mismatch
from marketplace.bidding.scenarios.scenario import Step
from marketplace.kernel.errors import FieldError


@dataclass(frozen=True, slots=True)
class Told:
    """One event of one lot."""

    lot: str
    event: Event


@dataclass(frozen=True, slots=True)
class Played:
    """One step as it was played.

    ``answer`` is 'accepted', 'repeated' (the same as an earlier one), 'nothing' (taken, without effect), 'refused'
    (see ``refusal``) or 'time passed'. ``events`` are all since the step before, those of the clock included.
    ``preview`` is what a dry run was told; ``views`` what each participant sees of the step's lot.
    """

    number: int
    at: datetime
    lot: str
    step: Step
    answer: str
    refusal: Refusal | None
    preview: BidderView | None
    events: tuple[Told, ...]
    views: Mapping[str, BidderView]
    buyer: BuyerView
    mismatches: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the final standing; ``cost`` is the effective cost, ``points`` those of relative points."""

    rank: int
    joint: bool
    bidder: str
    bid: str
    price: Decimal
    malus: Decimal
    cost: Decimal
    points: Decimal | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate for the award and what it would be paid."""

    bidder: str
    bid: str
    payment: Decimal


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one lot. ``winner`` is who was awarded or, before that, the first candidate."""

    lot: str
    currency: str
    rules_hash: str
    status: Status
    reason: str | None
    opens_at: datetime
    closes_at: datetime
    extensions: int
    events: int
    standing: tuple[Line, ...]
    candidates: tuple[Candidate, ...]
    winner: str | None
    payment: Decimal | None
    mismatches: tuple[Mismatch, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A whole scenario, played. ``after`` are the events behind the last step; ``warnings`` the linter's."""

    title: str
    warnings: tuple[FieldError, ...]
    steps: tuple[Played, ...]
    after: tuple[Told, ...]
    lots: tuple[Ending, ...]

    @property
    def mismatches(self) -> tuple[Mismatch, ...]:
        """All that was expected otherwise."""
        steps = tuple(one for step in self.steps for one in step.mismatches)
        return steps + tuple(one for lot in self.lots for one in lot.mismatches)


def seen(view: BidderView) -> dict[str, Any]:
    """Return what a bidder sees under the names that scenario files use."""
    own, stage = view.own, view.stage
    shown = view._asdict() | {
        "price": own.amount if own else None,
        "version": own.version if own else None,
        "automatic": own.automatic if own else None,
        "prices": None if view.prices is None else tuple(line.amount for line in view.prices),
        "stage": None,
    }
    if stage is not None:
        entered = stage.entered.amount if stage.entered is not None else None
        shown["stage"] = {name: getattr(stage, name) for name in stage.__slots__} | {"entered": entered}
    return shown
