"""Wire types of the platform's own pages."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from buyers.requests.model import AcceptedFinding, Status, Use
from marketplace.bidding import model as auctions
from marketplace.identity.model import Intervention, StandingSession, User
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.ids import OrganizationId
from marketplace.oversight.model import (
    AuctionLine,
    Job,
    JobFlag,
    JobKind,
    OddBid,
    OpenedOrganization,
    OrganizationLine,
    Reveal,
    Right,
)
from marketplace.oversight.service import Impact
from sellers.subscriptions import Naming

Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
UserIdText = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class JobOutput(BaseModel):
    """One thing that waits. `subject` is the id of what it is about: the buyer, the provider, the bid or the request.

    `count` says how many things inside it wait (a verification: proofs that were given).
    """

    kind: JobKind
    subject: str
    since: datetime
    waiting_seconds: int
    flags: list[JobFlag]
    request_id: str | None
    lots: list[str]
    provider_id: str | None
    count: int
    taken_by: str | None
    taken_until: datetime | None

    @classmethod
    def of(cls, job: Job, now: datetime) -> "JobOutput":
        """Return a job as it waits at ``now``."""
        return cls(
            kind=job.kind,
            subject=job.subject,
            since=job.since,
            waiting_seconds=int((now - job.since).total_seconds()),
            flags=list(job.flags),
            request_id=job.request_id,
            lots=list(job.lots),
            provider_id=job.provider_id,
            count=job.count,
            taken_by=job.taken_by,
            taken_until=job.taken_until,
        )


class OrganizationOutput(BaseModel):
    """An organization in the list: a buyer by its id alone, a provider with its company's name."""

    id: str
    kind: Kind
    created_at: datetime
    state: str
    since: datetime | None
    name: str | None
    users: int
    active_users: int
    suspended_users: int
    sessions: int

    @classmethod
    def of(cls, line: OrganizationLine) -> "OrganizationOutput":
        """Return a line of the list."""
        one, standing = line.organization, line.standing
        return cls(
            id=one.id,
            kind=one.kind,
            created_at=one.created_at,
            state=standing.state,
            since=standing.since,
            name=standing.name,
            users=one.users,
            active_users=one.active_users,
            suspended_users=one.suspended_users,
            sessions=one.sessions,
        )


class AccountOutput(BaseModel):
    """A user. One that is neither active nor suspended was deactivated by its own organization, for good."""

    id: str
    email: EmailStr
    full_name: str
    role: UserRole
    active: bool
    suspended_at: datetime | None
    initial_password: bool
    second_factor: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User, suspended_at: datetime | None) -> "AccountOutput":
        """Return a user's account."""
        return cls(
            id=user.id,
            email=user.email,
            full_name=user.full_name,
            role=user.role,
            active=user.active,
            suspended_at=suspended_at,
            initial_password=user.initial_password,
            second_factor=user.second_factor,
            created_at=user.created_at,
        )


class SessionOutput(BaseModel):
    """A client that is signed in; `second_factor`: it proved one. `device`: what it says it is."""

    id: str
    user_id: str
    created_at: datetime
    second_factor: bool
    device: str
    seen_at: datetime

    @classmethod
    def of(cls, session: StandingSession) -> "SessionOutput":
        """Return a session."""
        return cls(
            id=session.id,
            user_id=session.user_id,
            created_at=session.created_at,
            second_factor=session.second_factor,
            device=session.device,
            seen_at=session.seen_at,
        )


class InterventionOutput(BaseModel):
    """What an admin did to accounts of this organization, and why."""

    action: str
    user_ids: list[str]
    reason: str
    admin_id: str
    at: datetime

    @classmethod
    def of(cls, done: Intervention) -> "InterventionOutput":
        """Return what was done."""
        return cls(
            action=done.action, user_ids=list(done.user_ids), reason=done.reason, admin_id=done.admin_id, at=done.at
        )


class OpenedOrganizationOutput(BaseModel):
    """An organization with its name, users and sessions. Of a buyer, that you read it goes on record."""

    organization: OrganizationOutput
    accounts: list[AccountOutput]
    open_sessions: list[SessionOutput]
    interventions: list[InterventionOutput]

    @classmethod
    def of(cls, opened: OpenedOrganization) -> "OpenedOrganizationOutput":
        """Return an opened organization."""
        found = opened.accounts
        return cls(
            organization=OrganizationOutput.of(OrganizationLine(found.organization, opened.standing)),
            accounts=[AccountOutput.of(user, found.suspended_at.get(user.id)) for user in found.users],
            open_sessions=[SessionOutput.of(session) for session in found.sessions],
            interventions=[InterventionOutput.of(done) for done in found.interventions],
        )


class SuspensionInput(_Input):
    """Whom it meets, and why. Without `user_ids` it meets all users of the organization."""

    reason: Reason = Field(examples=["The company reports a stolen laptop"])
    user_ids: Annotated[list[UserIdText], Field(max_length=200)] = []


class AccountReasonInput(_Input):
    """Why this is done."""

    reason: Reason = Field(examples=["The company reports a stolen laptop"])


class MetOutput(BaseModel):
    """Whose accounts this changed; who was in that state before is not among them."""

    user_ids: list[str]


class EndedOutput(BaseModel):
    """How many sessions were ended."""

    sessions: int


class RunningLotOutput(BaseModel):
    """A lot that runs, or will: figures only. While `sealed` nobody knows an amount, and nothing is said of any.

    `leading_share` is the leading price as a share of the next one, `steepest_share` how much of its own earlier price
    one bidder gave up in one step. `odd` says why a person should look.
    """

    request_id: str
    lot: str
    title: str
    pseudonym: str
    status: auctions.Status
    suspended: bool
    sealed: bool
    opens_at: datetime
    closes_at: datetime
    extensions: int
    reason: str | None
    invited: int
    excluded: int
    bidders: int
    bids: int
    automatic: int
    surrogate: int
    last_bid_at: datetime | None
    last_bid_seconds: int | None
    withdrawals: int
    leading_share: Decimal | None
    steepest_share: Decimal | None
    steepest_bidder: str | None
    steepest_bid: str | None
    odd: list[OddBid]

    @classmethod
    def of(cls, line: AuctionLine, now: datetime) -> "RunningLotOutput":
        """Return a lot as it stands at ``now``."""
        lot, prices = line.lot, line.lot.prices
        last = lot.last_bid_at
        return cls(
            request_id=lot.request_id,
            lot=lot.lot,
            title=line.title,
            pseudonym=line.pseudonym,
            status=lot.status,
            suspended=lot.suspended,
            sealed=lot.sealed,
            opens_at=lot.opens_at,
            closes_at=lot.closes_at,
            extensions=lot.extensions,
            reason=lot.reason,
            invited=lot.invited,
            excluded=lot.excluded,
            bidders=lot.bidders,
            bids=lot.bids,
            automatic=lot.automatic,
            surrogate=lot.surrogate,
            last_bid_at=last,
            last_bid_seconds=None if last is None else int((now - last).total_seconds()),
            withdrawals=lot.withdrawals,
            leading_share=None if prices is None else prices.leading_share,
            steepest_share=None if prices is None else prices.steepest_share,
            steepest_bidder=None if prices is None else prices.steepest_bidder,
            steepest_bid=None if prices is None else prices.steepest_bid,
            odd=list(line.odd),
        )


class RevealOutput(BaseModel):
    """Somebody learned, or may learn from then on, who a buyer is; all by id, a provider with its name.

    `organization_id` and `user_id` acted: at an award the buyer's own, while `provider_id` may read from then on.
    """

    position: int
    at: datetime
    right: Right
    buyer_id: str | None
    organization_id: str
    user_id: str
    provider_id: str | None
    provider_name: str | None
    request_id: str | None
    award_id: str | None
    document_id: str | None

    @classmethod
    def of(cls, reveal: Reveal, names: dict[OrganizationId, str]) -> "RevealOutput":
        """Return a reveal, with the name of the provider if there is one."""
        return cls(
            position=reveal.position,
            at=reveal.at,
            right=reveal.right,
            buyer_id=reveal.buyer_id,
            organization_id=reveal.organization_id,
            user_id=reveal.user_id,
            provider_id=reveal.provider_id,
            provider_name=None if reveal.provider_id is None else names.get(reveal.provider_id),
            request_id=reveal.request_id,
            award_id=reveal.award_id or None,
            document_id=reveal.document_id or None,
        )


class ReviewOutput(BaseModel):
    """Words that the leak check found, and that the buyer published all the same, taking responsibility for them.

    `source` says where they stand: the request, or a text beside it whose id is `subject`.
    """

    id: str
    request_id: str
    version: int
    source: str
    subject: str
    place: str
    words: str
    kind: str
    why: str
    context: str
    accepted_by: str
    accepted_at: datetime
    seen_by: str | None
    seen_at: datetime | None
    note: str

    @classmethod
    def of(cls, found: AcceptedFinding) -> "ReviewOutput":
        """Return a finding that a buyer kept."""
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class NoteInput(_Input):
    """What you thought of it, for colleagues; the buyer does not read it."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^[^\x00]*$")] = Field(
        "", examples=["A street of that name is in every town"]
    )


class FilterUseOutput(BaseModel):
    """A provider's active filter that names what would be gone."""

    filter_id: str
    filter_name: str
    provider_id: str
    provider_name: str
    nodes: list[str]
    features: list[str]

    @classmethod
    def of(cls, naming: Naming, names: dict[OrganizationId, str]) -> "FilterUseOutput":
        """Return a filter, with the name of its provider."""
        return cls(
            filter_id=naming.filter_id,
            filter_name=naming.filter_name,
            provider_id=naming.provider_id,
            provider_name=names.get(naming.provider_id, ""),
            nodes=list(naming.nodes),
            features=list(naming.features),
        )


class RequestUseOutput(BaseModel):
    """A request that has not ended and asks for what would be gone; `feature` is empty where it is the type."""

    request_id: str
    status: Status
    service_type: str
    feature: str

    @classmethod
    def of(cls, use: Use) -> "RequestUseOutput":
        """Return a request's use."""
        return cls(request_id=use.request_id, status=use.status, service_type=use.service_type, feature=use.feature)


class RemovedFeatureOutput(BaseModel):
    """A feature that a kept service type would lose."""

    service_type: str
    feature: str


class ImpactOutput(BaseModel):
    """What a new catalogue would take away, and who uses that: active filters (the first 200), requests not ended.

    A published request keeps the version that it was written against; a draft has to be changed, a filter never
    matches again by what is gone.
    """

    version: str
    nodes: list[str]
    removed_features: list[RemovedFeatureOutput]
    filters: list[FilterUseOutput]
    requests: list[RequestUseOutput]

    @classmethod
    def of(cls, impact: Impact) -> "ImpactOutput":
        """Return a preview."""
        return cls(
            version=impact.version,
            nodes=list(impact.removed.nodes),
            removed_features=[
                RemovedFeatureOutput(service_type=code, feature=feature) for code, feature in impact.removed.features
            ],
            filters=[FilterUseOutput.of(naming, impact.provider_names) for naming in impact.filters],
            requests=[RequestUseOutput.of(use) for use in impact.requests],
        )
