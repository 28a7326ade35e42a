"""Pure decisions of matching: whom the buyer's provider list lets in, and which providers a request is for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from buyers.requests.model import ListMode, ProviderList
from marketplace.kernel.ids import OrganizationId
from matching.model import Match, RequestFacts
from matching.predicate import accepts, explain
from sellers.model import CriterionResult, Filter, InvitationReason


def admits(providers: ProviderList, provider_id: OrganizationId) -> bool:
    """Return whether the buyer lets this provider receive the request at all."""
    listed = provider_id in providers.providers
    if providers.mode is ListMode.ONLY:
        return listed and (providers.grant or providers.distribute)
    return not (providers.mode is ListMode.EXCEPT and listed)


def chooses(providers: ProviderList, provider_id: OrganizationId) -> bool:
    """Return whether the buyer has the request pushed to this provider, whatever its filters say."""
    return providers.mode is ListMode.ONLY and providers.distribute and provider_id in providers.providers


def grants(providers: ProviderList, provider_id: OrganizationId) -> bool:
    """Return whether the buyer lets this provider open the request, without having it pushed to it."""
    return providers.mode is ListMode.ONLY and providers.grant and provider_id in providers.providers


def matches(
    providers: ProviderList, approved: Sequence[OrganizationId], filters: Iterable[Filter], facts: RequestFacts
) -> Iterator[Match]:
    """Yield each of the ``approved`` providers that the request is for, once, in their order.

    The buyer's list decides first: whom it does not admit is not even compared. Then the provider's first filter that
    accepts is the reason; without one, that the buyer chose it, or lets it open the request.

    Args:
        providers: the buyer's provider list.
        approved: the providers that may receive anything.
        filters: their active filters, provider by provider in saved order.
        facts: of the request.
    """
    by_provider: Mapping[OrganizationId, list[Filter]] = {
        provider_id: list(own) for provider_id, own in groupby(filters, lambda saved: saved.provider_id)
    }
    for provider_id in approved:
        if not admits(providers, provider_id):
            continue
        accepting = next((own for own in by_provider.get(provider_id, ()) if accepts(own.criteria, facts)), None)
        if accepting is not None:
            reasons = explain(accepting.criteria, facts).criteria
            yield Match(provider_id, InvitationReason.FILTER, accepting, reasons)
        elif chooses(providers, provider_id):
            yield Match(provider_id, InvitationReason.CHOSEN)
        elif grants(providers, provider_id):
            yield Match(provider_id, InvitationReason.GRANTED)


def closest(filters: Sequence[Filter], facts: RequestFacts) -> tuple[Filter, tuple[CriterionResult, ...]] | None:
    """Return the first filter that accepts, else the first with the fewest failed criteria, each with why."""
    judged = [(saved, explain(saved.criteria, facts).criteria) for saved in filters]
    return min(judged, key=lambda pair: sum(not result.passed for result in pair[1]), default=None)
