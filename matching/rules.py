"""Pure decisions of matching: whom the buyer's provider list lets in, which filter came closest, and what can wait."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta

from buyers.requests.model import ListMode, ProviderList
from marketplace.kernel.ids import OrganizationId
from matching.model import RequestFacts
from matching.places import Places
from matching.predicate import explain
from sellers.model import CriterionResult, Filter

DIGEST = "digest"
"""The delivery of a filter whose requests are told once a day."""
DIGEST_AT = time(6)
"""When digests are due, UTC."""
TIME_AFTER_DIGEST = timedelta(hours=24)
"""A request that closes sooner than this after the next digest is told at once."""


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


def next_digest(now: datetime) -> datetime:
    """Return when the next digest is due, later than ``now``."""
    today = datetime.combine(now.astimezone(UTC).date(), DIGEST_AT, UTC)
    return today if now < today else today + timedelta(days=1)


def waits_for_digest(delivery: str, now: datetime, closes_at: datetime | None) -> bool:
    """Return whether a filter's invitation is told in the next digest: not one that leaves too little time after it."""
    if delivery != DIGEST:
        return False
    return closes_at is None or closes_at > next_digest(now) + TIME_AFTER_DIGEST


def closest(
    filters: Sequence[Filter], facts: RequestFacts, places: Callable[[Filter], Places]
) -> tuple[Filter, tuple[CriterionResult, ...]] | None:
    """Return the first filter that accepts, else the first with the fewest failed criteria, each with why."""
    judged = [(saved, explain(saved.criteria, facts, places(saved)).criteria) for saved in filters]
    return min(judged, key=lambda pair: sum(not result.passed for result in pair[1]), default=None)
