"""What the platform looks after in requests: words that the leak check found and a buyer kept, and what uses a code."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from buyers.requests import control_store, events
from buyers.requests.leak_check import Finding
from buyers.requests.model import AcceptedFinding, Use
from buyers.requests.tables import AcceptedFindingRow
from marketplace.kernel import ids
from marketplace.kernel.errors import ConflictError, NotFoundError
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work

REQUEST = "request"
"""Where found words stand if not in a text beside the request, such as an answer or an announcement."""

_AROUND = 160
"""Characters of the text shown on each side of the words."""


class AlreadyReviewedError(ConflictError):
    """Another admin was quicker."""

    kind = "already-reviewed"
    title = "These words have been looked at"


def keep_accepted(
    work: Work,
    request_id: RequestId,
    findings: Sequence[Finding],
    texts: Mapping[str, str],
    *,
    source: str = REQUEST,
    subject: str = "",
) -> None:
    """Keep findings that the buyer took responsibility for, to be looked at; those that are kept already stay as is.

    ``texts`` by JSON Pointer are what was checked. For texts beside the request (answers, announcements) give the
    ``source`` and the text's own id as ``subject``.
    """
    version = control_store.version_of(work, request_id)
    rows = [
        AcceptedFindingRow(
            id=ids.new("fnd"),
            request_id=request_id,
            version=max(version, 1),
            source=source,
            subject=subject,
            place=finding.where,
            words=finding.text,
            kind=finding.kind,
            why=finding.why,
            context=texts.get(finding.where, "")[max(finding.start - _AROUND, 0) : finding.end + _AROUND],
            accepted_by=work.principal.user_id,
            accepted_at=work.now,
        )
        for finding in findings
    ]
    control_store.keep(work, rows)


def accepted_findings(
    reading: Reading, *, seen: bool, after: tuple[datetime, str] | None, limit: int
) -> list[AcceptedFinding]:
    """Return kept findings of published requests behind ``after`` (acceptance, id), oldest first.

    Words that no carrier can read yet are left out: reading those would be reading who the buyer is.
    """
    return control_store.findings(reading, seen=seen, after=after, limit=limit)


def review(work: Work, finding_id: str, note: str) -> AcceptedFinding:
    """Record that an admin of the platform looked. Raises NotFoundError, AlreadyReviewedError."""
    found = control_store.held(work, finding_id)
    if found is None:
        raise NotFoundError
    work.tick()
    if found.seen_at is not None:
        raise AlreadyReviewedError
    control_store.mark_seen(work, finding_id, note)
    work.append(events.FindingReviewed(found.request_id, finding_id))
    reviewed = control_store.held(work, finding_id)
    if reviewed is None:
        raise NotFoundError
    return reviewed


def using(reading: Reading, service_types: Collection[str], features: Collection[tuple[str, str]]) -> list[Use]:
    """Return the requests, drafts too, that have not ended and use these service types or features (type, feature)."""
    wanted = [(code, "") for code in sorted(service_types)] + sorted(features)
    return [use for code, feature in wanted for use in control_store.using(reading, code, feature)]
