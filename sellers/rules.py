"""Pure decisions about providers: is a filter well formed, may a provider bid, what may it do with an invitation."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice

from marketplace.catalogue.model import covers
from marketplace.kernel.errors import ConflictError, FieldError, ForbiddenError, MalformedError
from sellers.bands import BANDS
from sellers.model import (
    Coverage,
    CoverageKind,
    Criteria,
    Invitation,
    InvitationStatus,
    Provider,
    ProviderStatus,
    Range,
)
from sellers.place_rules import territory_errors

MAX_SERVICE_TYPES = 200
MAX_VALUES = 200
"""Values of any other list of a filter."""
MAX_ERRORS = 100
"""A filter is reported with this many errors at most: enough to mend it, and an answer of bounded size."""
MAX_DECLINE_TEXT = 2_000
"""Characters of the free text beside a decline reason."""
MAX_FILTERS = 10_000
"""Filters of one provider."""
MAX_PLACE_KEYS = 20_000_000
"""Place keys of a provider's saved territories and of its filters' territories, each different one counted once.

What a process keeps of them is about 200 bytes a filter and 24 a key: this is half a gigabyte of one provider.
"""
MAX_TERMS_BYTES = 200_000
"""Bytes of one version of a terms document in UTF-8."""

DECLINE_REASONS = ("cannot serve the sites", "capacity", "terms", "timing", "price level", "other")

_HUNDRED = Decimal(100)
_SHOWN = 5
_CURRENCY = (re.compile(r"[A-Z]{3}"), "a currency is three capital letters (ISO 4217), such as USD")


class ProviderClosedError(ConflictError):
    """The provider was closed; that is final."""

    kind = "provider-closed"
    title = "This provider is closed"


class ProviderAlreadyApprovedError(ConflictError):
    """Only a pending or suspended provider can be approved."""

    kind = "provider-already-approved"
    title = "This provider is approved already"


class ProviderNotApprovedError(ConflictError):
    """This needs an approved provider."""

    kind = "provider-not-approved"
    title = "This provider is not approved"


class ProviderInactiveError(ForbiddenError):
    """Who is not approved (not yet, not now, not any more) receives, opens and bids on nothing."""

    kind = "provider-inactive"
    title = "Your company can't receive requests now"


class TooManyFiltersError(ConflictError):
    """The provider has as many filters as one may have."""

    kind = "too-many-filters"
    title = "You have as many filters as one provider may have"


class TooManyPlacesError(ConflictError):
    """The provider's territories come to more place keys than one may have."""

    kind = "too-many-places"
    title = "Your territories and filters come to too many places"


class InvitationDeclinedError(ConflictError):
    """The provider declined this invitation."""

    kind = "invitation-declined"
    title = "This invitation is declined"


class InvitationNotDeclinedError(ConflictError):
    """Only a declined invitation can be reopened."""

    kind = "invitation-not-declined"
    title = "This invitation is not declined"


class InvitationHasBidError(ConflictError):
    """A bid was made on this invitation: it can't be declined any more."""

    kind = "invitation-has-bid"
    title = "You have bid on this request"


class InvitationClosedError(ConflictError):
    """The request closed."""

    kind = "invitation-closed"
    title = "This request is closed"


def may_bid(provider: Provider) -> bool:
    """Return whether the provider receives requests and may bid: only an approved one."""
    return provider.status is ProviderStatus.APPROVED


def check_active(provider: Provider) -> None:
    """Raise ProviderInactiveError, with the reason in words, unless the provider is approved."""
    if provider.status is ProviderStatus.PENDING:
        raise ProviderInactiveError("Your registration waits for the platform's approval.")
    if not may_bid(provider):
        because = f": {provider.reason}" if provider.reason else "."
        raise ProviderInactiveError(f"Your company is {provider.status}{because}")


def approve(provider: Provider) -> Provider:
    """Return the provider approved, for the first time or after a suspension.

    Raises ProviderClosedError, ProviderAlreadyApprovedError.
    """
    _not_closed(provider)
    if provider.status is ProviderStatus.APPROVED:
        raise ProviderAlreadyApprovedError
    return replace(provider, status=ProviderStatus.APPROVED)


def suspend(provider: Provider) -> Provider:
    """Return the provider suspended. Raises ProviderClosedError, ProviderNotApprovedError."""
    _not_closed(provider)
    if provider.status is not ProviderStatus.APPROVED:
        raise ProviderNotApprovedError(f"Only an approved provider can be suspended; this one is {provider.status}.")
    return replace(provider, status=ProviderStatus.SUSPENDED)


def close(provider: Provider) -> Provider:
    """Return the provider closed, for good. Raises ProviderClosedError when it is already."""
    _not_closed(provider)
    return replace(provider, status=ProviderStatus.CLOSED)


def _not_closed(provider: Provider) -> None:
    if provider.status is ProviderStatus.CLOSED:
        raise ProviderClosedError("A closed provider stays closed; register a new one.")


def see(invitation: Invitation, now: datetime) -> Invitation:
    """Return the invitation seen; the first time counts, and what was done since stands."""
    if invitation.status is not InvitationStatus.RECEIVED:
        return invitation
    return replace(invitation, status=InvitationStatus.SEEN, seen_at=now)


def decline(invitation: Invitation, reason: str, text: str, now: datetime) -> Invitation:
    """Return the invitation declined for one of ``DECLINE_REASONS``, with the provider's words beside it.

    The stored ``decline_reason`` is 'capacity' or 'capacity: words'. Who declines has seen it. Raises MalformedError
    for another reason, too long a text or 'other' without a text; InvitationHasBidError, InvitationDeclinedError.
    """
    text = text.strip()
    errors = tuple(_decline_errors(reason, text))
    if errors:
        raise MalformedError("The decline needs a reason.", errors=errors)
    if invitation.status is InvitationStatus.BID:
        raise InvitationHasBidError("A request that you have bid on can't be declined.")
    if invitation.status is InvitationStatus.DECLINED:
        raise InvitationDeclinedError("It was declined before; reopen it to give another reason.")
    return replace(
        invitation,
        status=InvitationStatus.DECLINED,
        seen_at=invitation.seen_at or now,
        declined_at=now,
        decline_reason=f"{reason}: {text}" if text else reason,
    )


def reopen(invitation: Invitation, now: datetime, closes_at: datetime | None) -> Invitation:
    """Return a declined invitation as seen again, until just before the request closes.

    Raises InvitationNotDeclinedError, InvitationClosedError.
    """
    if invitation.status is not InvitationStatus.DECLINED:
        raise InvitationNotDeclinedError(
            f"Only a declined invitation can be reopened; this one is {invitation.status}."
        )
    if closes_at is not None and now >= closes_at:
        raise InvitationClosedError("A declined invitation can be reopened only before the request closes.")
    return replace(invitation, status=InvitationStatus.SEEN, declined_at=None, decline_reason="")


def record_bid(invitation: Invitation, now: datetime) -> Invitation:
    """Return the invitation with the fact that the provider bid. Raises InvitationDeclinedError: reopen it first."""
    if invitation.status is InvitationStatus.DECLINED:
        raise InvitationDeclinedError("Reopen the invitation before you bid.")
    return replace(invitation, status=InvitationStatus.BID, seen_at=invitation.seen_at or now)


def check_room(filters: int) -> None:
    """Raise TooManyFiltersError when a provider with ``filters`` filters can't have one more."""
    if filters >= MAX_FILTERS:
        raise TooManyFiltersError(f"{MAX_FILTERS:,} is the limit: remove or widen some.")


def check_places(keys: int) -> None:
    """Raise TooManyPlacesError when a provider's territories and filters come to more than ``MAX_PLACE_KEYS``."""
    if keys > MAX_PLACE_KEYS:
        raise TooManyPlacesError(
            f"They come to {keys:,} place keys; {MAX_PLACE_KEYS:,} is the limit. Let filters share one saved territory:"
            " what a filter adds to a large one, or to your footprint, makes another large one."
        )


def terms_hash(text: str) -> str:
    """Return the SHA-256 of a terms document's text in UTF-8, in hexadecimal: what a bid fixes.

    Raises MalformedError for a text that is empty or longer than ``MAX_TERMS_BYTES``.
    """
    raw = text.encode()
    if not text.strip():
        raise MalformedError(errors=(FieldError("/text", "the terms are empty: send them as Markdown"),))
    if len(raw) > MAX_TERMS_BYTES:
        message = f"{len(raw):,} bytes in UTF-8 are too many: at most {MAX_TERMS_BYTES:,}"
        raise MalformedError(errors=(FieldError("/text", message),))
    return hashlib.sha256(raw).hexdigest()


def check_criteria(
    criteria: Criteria,
    known_nodes: frozenset[str],
    known_features: frozenset[str],
    saved: frozenset[str] = frozenset(),
    *,
    base: str = "/criteria",
) -> tuple[FieldError, ...]:
    """Return what is wrong with a filter's criteria, at most ``MAX_ERRORS``; empty when it can be saved.

    ``known_nodes`` are all nodes of the catalogue's tree, families included, and ``known_features`` its feature codes.
    ``saved`` are the ids of the provider's saved territories, ``base`` the JSON Pointer of the criteria in the body.
    """
    return tuple(islice(_criteria_errors(criteria, known_nodes, known_features, saved, base), MAX_ERRORS))


def _criteria_errors(
    criteria: Criteria, known_nodes: frozenset[str], known_features: frozenset[str], saved: frozenset[str], base: str
) -> Iterator[FieldError]:
    at = f"{base}/service_types"
    yield from _known(at, criteria.service_types, known_nodes, "service type", MAX_SERVICE_TYPES)
    yield from territory_errors(f"{base}/territory", criteria.territory, saved)
    yield from territory_errors(f"{base}/excluded_territory", criteria.excluded_territory, saved)
    yield from _coverage(f"{base}/coverage", criteria.coverage)
    yield from _range(f"{base}/bandwidth_mbps", criteria.bandwidth_mbps)
    yield from _range(f"{base}/sites", criteria.sites, whole=True)
    yield from _range(f"{base}/monthly_spend", criteria.monthly_spend)
    yield from _range(f"{base}/term_months", criteria.term_months, whole=True)
    dates = criteria.start_date
    if dates is not None and dates.low is not None and dates.high is not None and dates.low > dates.high:
        yield FieldError(f"{base}/start_date", f"{dates.low} is after {dates.high}: give the earlier date as low")
    yield from _features(base, criteria, known_features)
    for name, bands in BANDS.items():
        yield from _bands(f"{base}/{name}", getattr(criteria, name), bands)
    yield from _patterned(f"{base}/currencies", criteria.currencies, _CURRENCY)


def _features(base: str, criteria: Criteria, known: frozenset[str]) -> Iterator[FieldError]:
    yield from _known(f"{base}/required_features", criteria.required_features, known, "feature", MAX_VALUES)
    yield from _known(f"{base}/excluded_features", criteria.excluded_features, known, "feature", MAX_VALUES)
    excluded = frozenset(criteria.excluded_features)
    for index, code in enumerate(criteria.required_features):
        if code in excluded:
            message = f"{code!r} is both required and excluded, so no line could pass: keep it in one of the two"
            yield FieldError(f"{base}/required_features/{index}", message)


def contradictions(criteria: Criteria, features: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return why a filter that can be saved lets nothing through, in sentences; empty where nothing is found.

    ``features`` are the feature codes of each service type of the catalogue.
    """
    return tuple(_contradictions(criteria, features))


def _contradictions(criteria: Criteria, features: Mapping[str, frozenset[str]]) -> Iterator[str]:
    named = [codes for kind, codes in features.items() if any(covers(node, kind) for node in criteria.service_types)]
    for code in criteria.required_features:
        if criteria.service_types and not any(code in codes for codes in named):
            yield f"None of the services that you name has the feature {code!r}, which you require: nothing can match."
    inside, outside = criteria.territory, criteria.excluded_territory
    shut = [state for state in inside.states if state in outside.states or state[:2] in outside.countries]
    if shut:
        yield f"You want and leave out the same places: {', '.join(shut[:_SHOWN])}."
    least, sites = criteria.coverage.sites, criteria.sites
    if least is not None and sites is not None and sites.high is not None and least > sites.high:
        yield f"At least {least} sites must fit, but you take requests of at most {sites.high:f} sites only."


def _coverage(at: str, coverage: Coverage) -> Iterator[FieldError]:
    """Yield a missing figure, one out of range, and one that this kind does not use."""
    if coverage.kind is CoverageKind.AT_LEAST:
        if coverage.sites is None or coverage.sites < 1:
            yield FieldError(f"{at}/sites", "'at least' needs a number of sites, 1 or more")
    elif coverage.sites is not None:
        yield FieldError(f"{at}/sites", f"'{coverage.kind}' takes no number of sites: leave it out or use 'at least'")
    if coverage.kind is CoverageKind.SHARE:
        share = coverage.percent
        if share is None or not share.is_finite() or not 0 <= share <= _HUNDRED:
            yield FieldError(f"{at}/percent", "'share' needs a percentage of the sites from 0 to 100")
    elif coverage.percent is not None:
        yield FieldError(f"{at}/percent", f"'{coverage.kind}' takes no percentage: leave it out or use 'share'")


def _range(at: str, span: Range | None, *, whole: bool = False) -> Iterator[FieldError]:
    if span is None:
        return
    sound = True
    for name, end in (("low", span.low), ("high", span.high)):
        if end is not None and (not end.is_finite() or end < 0):
            sound = False
            yield FieldError(f"{at}/{name}", f"{end} is not a number from 0 up")
        elif end is not None and whole and end % 1:
            yield FieldError(f"{at}/{name}", f"{end} is not a whole number")
    if sound and span.low is not None and span.high is not None and span.low > span.high:
        yield FieldError(at, f"{span.low} to {span.high} is reversed: give the smaller number as low")


def _known(at: str, values: tuple[str, ...], known: frozenset[str], noun: str, limit: int) -> Iterator[FieldError]:
    if len(values) > limit:
        yield _too_many(at, len(values), limit)
        return
    for index, value in enumerate(values):
        if value not in known:
            # sorted, so that of two equally close names the same one is suggested every time
            close_ones = get_close_matches(value, sorted(known), n=1)
            right = f"did you mean {close_ones[0]!r}?" if close_ones else "take one from the catalogue"
            yield FieldError(f"{at}/{index}", f"{value!r} is no {noun} of the catalogue: {right}")


def _bands(at: str, values: tuple[str, ...], bands: tuple[str, ...]) -> Iterator[FieldError]:
    if len(values) > MAX_VALUES:
        yield _too_many(at, len(values), MAX_VALUES)
        return
    for index, value in enumerate(values):
        if value not in bands:
            yield FieldError(f"{at}/{index}", f"{value!r} is nothing that a buyer can disclose: {', '.join(bands)}")


def _patterned(
    at: str, values: tuple[str, ...], pattern: tuple[re.Pattern[str], str], limit: int = MAX_VALUES
) -> Iterator[FieldError]:
    if len(values) > limit:
        yield _too_many(at, len(values), limit)
        return
    shape, right = pattern
    for index, value in enumerate(values):
        if not shape.fullmatch(value):
            yield FieldError(f"{at}/{index}", f"{value!r} is not one: {right}")


def _too_many(at: str, count: int, limit: int) -> FieldError:
    return FieldError(at, f"{count:,} values are too many: at most {limit:,}")


def _decline_errors(reason: str, text: str) -> Iterable[FieldError]:
    if reason not in DECLINE_REASONS:
        yield FieldError("/reason", f"{reason!r} is no decline reason; it is one of: {', '.join(DECLINE_REASONS)}")
    if reason == "other" and not text:
        yield FieldError("/text", "'other' needs a few words")
    if len(text) > MAX_DECLINE_TEXT:
        yield FieldError("/text", f"{len(text):,} characters are too many: at most {MAX_DECLINE_TEXT:,}")
