"""What a buyer's contracts save of what it paid before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from buyers.requests import rules
from buyers.requests.model import Request
from marketplace.contracts.model import Contract, ContractStatus


@dataclass(frozen=True, slots=True)
class Savings:
    """``before``: what was paid over the same terms, as the buyer stated it; ``now``: what its contracts cost.

    Both in ``currency`` and over the terms of so many ``requests``.
    """

    currency: str
    requests: int
    before: Decimal
    now: Decimal

    @property
    def saved(self) -> Decimal:
        """How much less it is; negative where it is more."""
        return self.before - self.now


def savings_of(own: Iterable[Request], contracts: Sequence[Contract]) -> list[Savings]:
    """Return the savings by currency, over the requests that say what was paid and have a contract for every lot.

    Switching costs are no part of it, as no contract names them.
    """
    found: dict[str, Savings] = {}
    for request in own:
        accepted = [
            one.presentation
            for one in contracts
            if one.request_id == request.id and one.status is ContractStatus.ACCEPTED
        ]
        monthly = rules.monthly_spend(request.content)
        covered = {lot for presentation in accepted for lot in presentation.lot_refs}
        if monthly is None or not accepted or covered < {lot.ref for lot in request.content.lots}:
            continue
        currency = request.content.billing.currency
        so_far = found.get(currency, Savings(currency, 0, Decimal(0), Decimal(0)))
        found[currency] = Savings(
            currency,
            so_far.requests + 1,
            so_far.before + monthly * request.content.term_months,
            so_far.now + sum((presentation.figures.total for presentation in accepted), Decimal(0)),
        )
    return [found[currency] for currency in sorted(found)]
