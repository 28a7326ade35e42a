"""From the index's candidates to whom a request is for: each decided by the predicate on its row as it stands."""

from collections.abc import Container, Sequence

from buyers.requests.model import ListMode, ProviderList
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Work
from matching import live, rules, whereabouts
from matching.model import Match, Published, RequestFacts
from matching.predicate import explain
from sellers import service as sellers
from sellers import subscriptions
from sellers.model import InvitationReason


def matches(work: Work, published: Published, received: Container[str]) -> list[Match]:
    """Return whom a request is for, by id, but for those that have ``received`` it.

    The buyer's list decides first. Then a provider's first filter that accepts is the reason; without one, that the
    buyer chose it or lets it open the request. The index only proposes: the row is read and judged in here.
    """
    hits = live.of(work).search(work, published.facts, published.providers)
    candidates = {hit.filter_id: hit.provider_id for hit in hits if hit.provider_id not in received}
    found = {match.provider_id: match for match in _decided(work, published.facts, candidates)}
    for provider_id in _listed(work, published.providers):
        if provider_id not in found and provider_id not in received:
            chosen = rules.chooses(published.providers, provider_id)
            reason = InvitationReason.CHOSEN if chosen else InvitationReason.GRANTED
            found[provider_id] = Match(provider_id, reason)
    return [found[provider_id] for provider_id in sorted(found)]


def matches_of(
    work: Work, provider_id: OrganizationId, requests: Sequence[Published]
) -> list[tuple[RequestFacts, Match]]:
    """Return those of ``requests`` that are for one approved provider, each with why."""
    found = []
    for published in requests:
        providers = published.providers
        if not rules.admits(providers, provider_id):
            continue
        hits = live.of(work).search(work, published.facts, ProviderList(ListMode.ONLY, (provider_id,)))
        decided = _decided(work, published.facts, {hit.filter_id: hit.provider_id for hit in hits})
        if decided:
            found.append((published.facts, decided[0]))
        elif rules.chooses(providers, provider_id):
            found.append((published.facts, Match(provider_id, InvitationReason.CHOSEN)))
        elif rules.grants(providers, provider_id):
            found.append((published.facts, Match(provider_id, InvitationReason.GRANTED)))
    return found


def _listed(work: Work, providers: ProviderList) -> list[OrganizationId]:
    """Return the approved providers that the buyer pushes the request to or lets open it, whatever they want."""
    if providers.mode is not ListMode.ONLY:
        return []
    return [one for one in sellers.approved(work) if rules.admits(providers, one)]


def _decided(work: Work, facts: RequestFacts, candidates: dict[str, str]) -> list[Match]:
    """Return for each provider its first candidate that accepts, as rows and approvals stand in this transaction."""
    found: list[Match] = []
    while candidates:
        firsts = subscriptions.firsts(work, list(candidates))
        known = whereabouts.read(work, ((saved.provider_id, saved.criteria) for saved in firsts))
        refused: dict[str, OrganizationId] = {}
        for saved in firsts:
            explanation = explain(saved.criteria, facts, known.of_filter(saved))
            if explanation.accepted:
                found.append(Match(saved.provider_id, InvitationReason.FILTER, saved, explanation.criteria))
            else:  # changed since the index read it
                refused[saved.id] = saved.provider_id
        again = set(refused.values())
        candidates = {one: owner for one, owner in candidates.items() if owner in again and one not in refused}
    return found
