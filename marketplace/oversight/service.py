"""Use cases of oversight: what waits and who has it, organizations, running lots, reveals, what a catalogue breaks."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from buyers.requests import control as requests_control
from buyers.requests import service as requests
from buyers.requests.model import Use
from marketplace.bidding import control as bidding
from marketplace.bidding.model import LotOverview, Status
from marketplace.catalogue import rules as catalogue_rules
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.identity import control as identity
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from marketplace.oversight import buyers, rules, store
from marketplace.oversight.events import JobReleased, JobTaken
from marketplace.oversight.model import (
    AuctionLine,
    Job,
    JobKind,
    OpenedOrganization,
    OrganizationLine,
    OrganizationState,
    Removed,
    Reveal,
    RevealQuestion,
    Taking,
)
from sellers import service as sellers
from sellers import subscriptions
from sellers.model import ProviderStatus
from sellers.subscriptions import Naming

MOST_JOBS = 1_000
"""Of each kind: the oldest of more than that keep everybody busy long enough."""

MOST_FOUND = 1_000
"""Organizations that a search by state or name looks at."""

MOST_FILTERS = 200
"""Filters that a preview of a catalogue names; there may be more."""

LARGEST_EXPORT = 50_000

ADMINS_KINDS = frozenset({JobKind.VERIFICATION, JobKind.PROVIDER, JobKind.REVIEW})
"""What an agent of the platform may not decide."""


class JobTakenError(ConflictError):
    """Somebody else of the platform is at it; ``taken_by`` and ``taken_until`` say who and how long at most."""

    kind = "job-taken"
    title = "Somebody else has taken this"


class JobNotTakenError(ConflictError):
    """The caller does not have the job, or not any more."""

    kind = "job-not-taken"
    title = "You don't have this job"


# ---- the queue


def queue(reading: Reading, kinds: Collection[JobKind], after: str | None, limit: int) -> tuple[list[Job], str | None]:
    """Return one page of what waits for the caller's role, the longest waiting first, and the cursor of the next.

    ``kinds`` empty: all. At most ``MOST_JOBS`` of a kind are looked at. Raises MalformedError for a wrong cursor.
    """
    jobs = sorted(_jobs(reading, kinds), key=_place)
    if after is not None:
        since, key = pagination.decode(after, 2)
        jobs = [job for job in jobs if _place(job) > (str(since), str(key))]
    taken = store.takings(reading)
    page, following = pagination.page_of(jobs[: limit + 1], limit, _place)
    return [_with_taking(job, taken) for job in page], following


def counts(reading: Reading) -> dict[JobKind, int]:
    """Return how many jobs of each kind wait for the caller's role; a kind that it may not decide is left out."""
    found = dict.fromkeys(_allowed(reading), 0)
    for job in _jobs(reading, ()):
        found[job.kind] += 1
    return found


def _allowed(reading: Reading) -> list[JobKind]:
    admin = reading.principal.role is UserRole.ADMIN
    return [kind for kind in JobKind if admin or kind not in ADMINS_KINDS]


def _place(job: Job) -> tuple[str, str]:
    return job.since.isoformat(timespec="microseconds"), job.key


def _with_taking(job: Job, taken: Mapping[str, Taking]) -> Job:
    found = taken.get(job.key)
    return job if found is None else replace(job, taken_by=found.taken_by, taken_until=found.until)


def _jobs(reading: Reading, kinds: Collection[JobKind]) -> Iterable[Job]:
    sources: dict[JobKind, Callable[[Reading], list[Job]]] = {
        JobKind.VERIFICATION: lambda reading: buyers.jobs(reading, MOST_JOBS),
        JobKind.PROVIDER: _providers,
        JobKind.WITHDRAWAL: _withdrawals,
        JobKind.PAUSE: _pauses,
        JobKind.REVIEW: _reviews,
    }
    for kind in _allowed(reading):
        if not kinds or kind in kinds:
            yield from sources[kind](reading)


def _providers(reading: Reading) -> list[Job]:
    return [
        Job(JobKind.PROVIDER, one.id, one.registered_at or reading.now, provider_id=one.id)
        for one in sellers.many(reading, ProviderStatus.PENDING, None, MOST_JOBS)
    ]


def _withdrawals(reading: Reading) -> list[Job]:
    return [
        Job(JobKind.WITHDRAWAL, one.bid_id, one.asked_at, (), one.request_id, (one.lot,), one.bidder)
        for one in bidding.waiting_withdrawals(reading)[:MOST_JOBS]
    ]


def _pauses(reading: Reading) -> list[Job]:
    """Return a job for each request with paused lots, since the first of them was paused."""
    found: dict[RequestId, Job] = {}
    for lot in bidding.paused(reading):
        job = found.get(lot.request_id)
        if job is None:
            found[lot.request_id] = Job(JobKind.PAUSE, lot.request_id, lot.paused_at, (), lot.request_id, (lot.lot,))
        else:
            found[lot.request_id] = replace(job, lots=(*job.lots, lot.lot), count=job.count + 1)
    return list(found.values())[:MOST_JOBS]


def _reviews(reading: Reading) -> list[Job]:
    """Return a job for each request with words that nobody has looked at."""
    found: dict[RequestId, Job] = {}
    for one in requests_control.accepted_findings(reading, seen=False, after=None, limit=MOST_JOBS):
        job = found.get(one.request_id)
        if job is None:
            found[one.request_id] = Job(JobKind.REVIEW, one.request_id, one.accepted_at, (), one.request_id)
        else:
            found[one.request_id] = replace(job, count=job.count + 1)
    return list(found.values())


def take(work: Work, kind: JobKind, subject: str) -> Job:
    """Take a job that waits, for half an hour; again: for half an hour from now.

    Raises NotFoundError where nothing waits under this name, JobTakenError while somebody else has it.
    """
    job = _waiting(work, kind, subject)
    work.tick()
    until = work.now + rules.TAKEN_FOR
    other = store.take(work, job.key, until)
    if other is not None:
        raise JobTakenError(
            f"It is with {other.taken_by} until {other.until.isoformat()} at most.",
            taken_by=other.taken_by,
            taken_until=other.until.isoformat(),
        )
    work.append(JobTaken(kind, subject))
    return replace(job, taken_by=work.principal.user_id, taken_until=until)


def release(work: Work, kind: JobKind, subject: str) -> None:
    """Give a job back. Raises JobNotTakenError."""
    if not store.release(work, Job(kind, subject, work.now).key):
        raise JobNotTakenError
    work.append(JobReleased(kind, subject))


def _waiting(reading: Reading, kind: JobKind, subject: str) -> Job:
    found = next((job for job in _jobs(reading, (kind,)) if job.subject == subject), None)
    if found is None:
        raise NotFoundError
    return found


# ---- organizations


@dataclass(frozen=True, slots=True)
class OrganizationSearch:
    """Which organizations to list: of a kind, in a state of that kind, whose id or (a provider's) name holds words."""

    kind: Kind | None = None
    state: str = ""
    words: str = ""


def organizations(
    reading: Reading, asked: OrganizationSearch, after: str | None, limit: int
) -> tuple[list[OrganizationLine], str | None]:
    """Return one page of organizations, newest first, and the cursor of the next; buyers without names.

    Raises MalformedError for a state without its kind.
    """
    page, following = identity.organizations(reading, asked.kind, _among(reading, asked), after, limit)
    standings = {
        **buyers.states(reading, [one.id for one in page if one.kind is Kind.BUYER]),
        **_provider_states(reading, [one.id for one in page if one.kind is Kind.PROVIDER]),
    }
    nothing = OrganizationState("", None, None)
    return [OrganizationLine(one, standings.get(one.id, nothing)) for one in page], following


def _among(reading: Reading, asked: OrganizationSearch) -> frozenset[str] | None:
    """Return the ids that the search leaves; None: it leaves all."""
    left: frozenset[str] | None = None
    if asked.state:
        if asked.kind is Kind.BUYER:
            left = frozenset(buyers.with_status(reading, asked.state, MOST_FOUND))
        elif asked.kind is Kind.PROVIDER:
            status = ProviderStatus(asked.state) if asked.state in list(ProviderStatus) else None
            found = sellers.many(reading, status, None, MOST_FOUND) if status else []
            left = frozenset(one.id for one in found)
        else:
            raise MalformedError(
                errors=(FieldError("query/kind", "a state is one of buyers or of providers: say which"),)
            )
    if asked.words:
        named = frozenset(sellers.search(reading, asked.words, MOST_FOUND)) | {asked.words.strip()}
        left = named if left is None else left & named
    return left


def _provider_states(reading: Reading, ids: Sequence[OrganizationId]) -> dict[OrganizationId, OrganizationState]:
    """Return how providers stand; an account without a provider's record is left out: nothing trades there."""
    return {
        one: OrganizationState(found.status, found.decided_at or found.registered_at, found.name)
        for one, found in sellers.among(reading, ids).items()
    }


def open_organization(work: Work, organization_id: OrganizationId) -> OpenedOrganization:
    """Return an organization with its name, users and sessions. Of a buyer that goes on record, and the buyer sees it.

    Raises NotFoundError.
    """
    accounts = identity.accounts(work, organization_id)
    if accounts.organization.kind is Kind.BUYER:
        return OpenedOrganization(buyers.open_record(work, organization_id), accounts)
    if accounts.organization.kind is Kind.PROVIDER:
        return OpenedOrganization(
            _provider_states(work, [organization_id]).get(organization_id, OrganizationState("", None, None)), accounts
        )
    return OpenedOrganization(OrganizationState("", None, "The platform"), accounts)


# ---- auctions


def auctions(
    reading: Reading, statuses: Collection[Status], after: tuple[datetime, str] | None, limit: int
) -> list[AuctionLine]:
    """Return lots behind ``after`` (close, id), what closes first comes first, each with what is odd about its bids.

    Of lots whose bids are sealed nothing about amounts is known here, or to anybody.
    """
    lots = bidding.overview(reading, statuses or bidding.UPCOMING_OR_RUNNING, after, limit)
    public = requests.public(reading, {lot.request_id for lot in lots})
    return [_line(lot, public[lot.request_id].view if lot.request_id in public else {}) for lot in lots]


def auction(reading: Reading, request_id: RequestId) -> list[AuctionLine]:
    """Return the lots of one request, in whatever state, in the order of their numbers. Raises NotFoundError."""
    lots = bidding.overview_of(reading, request_id)
    if not lots:
        raise NotFoundError
    public = requests.public(reading, {request_id})
    view = public[request_id].view if request_id in public else {}
    return [_line(lot, view) for lot in lots]


def _line(lot: LotOverview, view: Mapping[str, object]) -> AuctionLine:
    return AuctionLine(lot, str(view.get("title", "")), str(view.get("pseudonym", "")), rules.odd_bids(lot))


# ---- reveals


def reveals(
    reading: Reading, asked: RevealQuestion, before: int | None, limit: int
) -> tuple[list[Reveal], dict[OrganizationId, str]]:
    """Return who learned which buyer's identity before a position, newest first, and the names of the providers."""
    found = store.reveals(reading, asked, before, limit)
    providers = {one.provider_id for one in found if one.provider_id is not None}
    return found, sellers.names(reading, tuple(providers))


# ---- the catalogue


@dataclass(frozen=True, slots=True)
class Impact:
    """What saving a catalogue would take from whom. ``filters`` are the first ``MOST_FILTERS``."""

    version: str
    removed: Removed
    filters: tuple[Naming, ...]
    provider_names: dict[OrganizationId, str]
    requests: tuple[Use, ...]


def impact(reading: Reading, catalogue: Catalogue) -> Impact:
    """Return what of the catalogue in force a new one leaves out, and who uses it. Raises MalformedError.

    A filter counts while it is active and its provider approved, a request until it has ended.
    """
    errors = catalogue_rules.validate_catalogue(catalogue)
    if errors:
        raise MalformedError("This is not a catalogue.", errors=errors)
    lost = rules.removed(catalogues.current(reading), catalogue)
    naming: list[Naming] = []
    if lost.nodes or lost.gone:
        naming = subscriptions.naming(reading, lost.nodes, lost.gone, MOST_FILTERS)
    uses = requests_control.using(reading, lost.service_types, lost.features)
    names = sellers.names(reading, tuple({one.provider_id for one in naming}))
    return Impact(catalogue.version, lost, tuple(naming), names, tuple(uses))
