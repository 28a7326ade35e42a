"""What leaving its present providers costs a buyer: stated per lot, counted in the comparison, told to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from buyers.requests import rules as request_rules
from buyers.requests import service as requests
from buyers.requests.model import Content
from marketplace.awards import approval_store, events
from marketplace.awards.model import SwitchingCost, SwitchingCosts
from marketplace.bidding import service as bidding
from marketplace.kernel import http
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers


@dataclass(frozen=True, slots=True)
class Stated:
    """One switching cost as the buyer states it: of a lot, or of a site that is one lot."""

    lot: str
    site: str
    incumbent: str
    amount: Decimal
    note: str


def read(reading: Reading, request_id: RequestId) -> SwitchingCosts:
    """Return the switching costs of a request; of revision 0 where none were stated."""
    return approval_store.switching_costs(reading, request_id)


def state(
    work: Work, request_id: RequestId, stated: Sequence[Stated], reason: str, if_match: str | None
) -> SwitchingCosts:
    """Replace the switching costs of a request.

    Once bids can be seen, costs may not be shaped after them in silence: a reason is needed, and the comparison and
    every award's record show it. Raises MalformedError, StaleError, PreconditionRequiredError.
    """
    request = requests.hold(work, request_id)
    before = approval_store.switching_costs(work, request_id)
    if before.revision:
        http.check_if_match(if_match, before.revision)
    costs = _checked(work, request.content, stated)
    views = bidding.buyer_views(work, request_id).values()
    late = any(view.bids for view in views)
    if late and not reason.strip():
        message = "bids can be seen already: say why these costs are stated only now"
        raise MalformedError("Say why.", errors=(FieldError("/reason", message),))
    after = SwitchingCosts(
        costs, before.revision + 1, work.principal.user_id, work.now, late, reason.strip() if late else ""
    )
    approval_store.save_switching_costs(work, request_id, after, work.now)
    work.append(events.SwitchingCostsStated(request_id, after.revision, late))
    return after


def _checked(reading: Reading, content: Content, stated: Sequence[Stated]) -> tuple[SwitchingCost, ...]:
    lots = {lot.ref: lot.lines for lot in request_rules.default_lots(content)}
    site_of = {line.ref: line.site for line in content.lines}
    named = tuple(OrganizationId(item.incumbent) for item in stated if item.incumbent)
    known = sellers.names(reading, named)
    errors: list[FieldError] = []
    found: dict[str, SwitchingCost] = {}
    for index, item in enumerate(stated):
        at = f"/costs/{index}"
        ref = item.lot
        if not ref:
            there = [lot for lot, lines in lots.items() if any(site_of.get(line) == item.site for line in lines)]
            if len(there) != 1:
                errors.append(FieldError(f"{at}/site", f"{item.site} has {len(there)} lots: name the lot"))
                continue
            (ref,) = there
        if ref not in lots:
            errors.append(FieldError(f"{at}/lot", f"{ref} is no lot of this request"))
        elif ref in found:
            errors.append(FieldError(f"{at}/lot", f"{ref} has a switching cost above: state their sum"))
        elif item.incumbent and OrganizationId(item.incumbent) not in known:
            message = "this is no provider of the marketplace (GET /providers/directory): leave it out"
            errors.append(FieldError(f"{at}/incumbent", message))
        else:
            incumbent = OrganizationId(item.incumbent) if item.incumbent else None
            found[ref] = SwitchingCost(ref, item.amount, incumbent, item.note)
    if errors:
        raise MalformedError("These switching costs don't fit the request.", errors=tuple(errors))
    return tuple(found.values())
