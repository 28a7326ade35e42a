"""What bids state of their access lines and of what one provider takes on, in the optimiser's words."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from buyers.requests.model import Content, Line, Priority
from marketplace.awards.buyer_rules import Apart, BuyerRule
from marketplace.awards.model import ComparedOffer
from marketplace.awards.optimiser.problem import Carrier, Lot
from marketplace.awards.problem_rules import TAGS
from marketplace.bidding.offer_conditions import Capacity
from marketplace.bidding.offer_names import folded

Bid = tuple[str, ComparedOffer]
"""A bid on a lot, with the lot."""
_KINDS = {"access_owners": "access_owner", "entrances": "entrance"}
_NOT_STATED = "(not stated)"
_BANDWIDTH = "bandwidth_mbps"


def paths(bids: Sequence[Bid], rules: Iterable[BuyerRule]) -> dict[str, tuple[str, ...]]:
    """Return each bid's tags of the way in, such as 'owner:cascade fiber', whatever its spelling's case and spaces.

    What a bid does not state can't be proven diverse: where a rule keeps its lot apart by it, the bid gets every tag
    that any bid on such lots has, and one more that those without a statement share.
    """
    found = {offer.bid_id: set(_tags(offer)) for _, offer in bids}
    for kind, name in _KINDS.items():
        lots = {
            lot for rule in rules if isinstance(rule, Apart) and kind in rule.by for lot in (rule.primary, rule.backup)
        }
        there = [offer for lot, offer in bids if lot in lots]
        prefix = f"{TAGS[kind]}:"
        every = {tag for offer in there for tag in found[offer.bid_id] if tag.startswith(prefix)}
        for offer in there:
            if not offer.access or not all(getattr(one, name) for one in offer.access):
                found[offer.bid_id] |= {*every, f"{prefix}{_NOT_STATED}"}
    return {bid_id: tuple(sorted(tags)) for bid_id, tags in found.items()}


def _tags(offer: ComparedOffer) -> Iterator[str]:
    for kind, name in _KINDS.items():
        for one in offer.access:
            if text := getattr(one, name):
                yield f"{TAGS[kind]}:{folded(text)}"


def alternative(offer: ComparedOffer) -> str | None:
    """Return the group of which at most one offer of its provider is taken."""
    return folded(offer.alternative) or None


def capacities(bids: Iterable[Bid]) -> dict[str, Capacity]:
    """Return what each provider takes on at most: of what its bids state the smallest of each kind."""
    stated: dict[str, list[Capacity]] = defaultdict(list)
    for _, offer in bids:
        if offer.capacity is not None:
            stated[offer.provider_id].append(offer.capacity)
    return {
        provider: Capacity(
            min((one.lots for one in all_of if one.lots is not None), default=None),
            min((one.sites for one in all_of if one.sites is not None), default=None),
            min((one.mbps for one in all_of if one.mbps is not None), default=None),
        )
        for provider, all_of in stated.items()
    }


def carriers(
    providers: Iterable[str], stated: dict[str, Capacity], held: Sequence[tuple[str, Lot]]
) -> tuple[Carrier, ...]:
    """Return the providers with what they still take on beside the lots that they were awarded before (``held``).

    A site where a provider was awarded something counts as taken, also for another lot there.
    """
    found = []
    for provider in providers:
        most = stated.get(provider, Capacity())
        own = [lot for holder, lot in held if holder == provider]
        found.append(
            Carrier(
                provider,
                capacity_lots=_left(most.lots, len(own)),
                capacity_sites=_left(most.sites, len({lot.site for lot in own})),
                capacity_mbps=_left(most.mbps, sum(lot.mbps for lot in own)),
            )
        )
    return tuple(found)


def _left(most: int | None, taken: int) -> int | None:
    return None if most is None else max(0, most - taken)


def bandwidths(content: Content) -> dict[str, int]:
    """Return the Mbps that each lot asks for: by quantity, of its must lines, or of all where none is; rounded up."""
    lines = {line.ref: line for line in content.lines}
    found = {}
    for lot in content.lots:
        there = [lines[ref] for ref in lot.lines if ref in lines]
        counted = [line for line in there if line.priority is Priority.MUST] or there
        found[lot.ref] = sum(_mbps_of(line) for line in counted)
    return found


def _mbps_of(line: Line) -> int:
    asked = next((wanted.value for wanted in line.features if wanted.code == _BANDWIDTH), None)
    return math.ceil(asked * line.quantity) if isinstance(asked, Decimal) else 0
