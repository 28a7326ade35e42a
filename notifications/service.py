"""Telling those concerned what happened, and what a user does with its organization's notices."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buyers.desk import service as desk
from buyers.requests import service as requests
from buyers.requests.model import Status
from marketplace.kernel.access import SYSTEM, Kind, Principal
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reading, Work
from notifications import store, table
from notifications.languages import OTHERS, Language
from notifications.model import NewNotice, Notice
from notifications.row import (
    AFTER_THE_OPENING,
    ID_FIELDS,
    Audience,
    Data,
    Facts,
    ForBuyer,
    ForPlatform,
    ForProvider,
    Row,
    Subject,
    Words,
)
from notifications.wording.service import Said
from sellers import service as sellers
from sellers.model import InvitationStatus

PLATFORM = SYSTEM.organization_id
"""Under which the platform's notices stand: there is one platform, whatever its organization's id."""


def tell(work: Work, recorded: Recorded) -> None:
    """Write the notices that the table makes of an event: one for each organization concerned."""
    for row in table.rows_of(recorded.name):
        if recorded.position is None:
            raise RuntimeError("notices follow the journal: they are made of events that have a position")
        key = dedupe_key(row, recorded)
        told = row.per and not row.renews and store.told(work, key)  # 300 lots open: the first told everybody
        if told or not row.if_event(recorded.data):
            continue
        if row.renews and store.renew(work, key, position=recorded.position, at=recorded.at):
            continue
        notices = list(_notices(work, row, recorded.data))
        store.add(work, notices, dedupe_key=key, position=recorded.position, at=recorded.at, renews=row.renews)


def tell_together(work: Work, events: Sequence[Recorded]) -> None:
    """Write the notices of several events of one name: of thousands of invitations in a few statements."""
    rows = table.rows_of(events[0].name)
    if any(row.audience is not Audience.PROVIDER or row.per for row in rows):
        for recorded in events:
            tell(work, recorded)
        return
    known: dict[object, Facts] = {}
    said = Said(work, events[0].name)
    new = []
    for recorded in events:
        data = recorded.data
        about = data.get("request_id"), str(data.get("lots", "")), data.get("count")
        if about not in known:
            known[about] = _facts_for_provider(work, data)
        for row in rows:
            if row.if_event(data) and row.if_facts(data, known[about]):
                told = OrganizationId(data["provider_id"])
                notice = _notice(row, told, _subject_of(row, data), said.of(row, known[about]))
                new.append((notice, dedupe_key(row, recorded), recorded))
    store.add_many(work, new)


def dedupe_key(row: Row, recorded: Recorded) -> str:
    """Return the key under which an organization is told once: the audience's, the fields ``per`` or the one event."""
    what = [str(_field(recorded.data, field)) for field in row.per] or [recorded.stream, str(recorded.seq)]
    return " ".join([row.event, row.audience, *what])


def _field(data: Data, path: str) -> object:
    """Return the value at a dotted path, such as ``event.at``."""
    found: Any = data
    for name in path.split("."):
        found = found[name]
    return found


def _notices(reading: Reading, row: Row, data: Data) -> Iterator[NewNotice]:
    said = Said(reading, row.event)
    for organization_id, subject_id, facts in _audience(reading, row, data):
        if row.if_facts(data, facts):
            yield _notice(row, organization_id, subject_id, said.of(row, facts))


def _notice(row: Row, told: OrganizationId, subject_id: str, said: Mapping[Language, Words]) -> NewNotice:
    title, text = said[Language.EN]
    others: dict[Language, Words] = {language: said[language] for language in OTHERS}
    return NewNotice(told, row.event, row.severity, row.subject, subject_id, title, text, row.urgency, others)


def _audience(reading: Reading, row: Row, data: Data) -> Iterator[tuple[OrganizationId, str, Facts]]:
    """Yield who is told, the id that its notice leads to, and what its text may be made from."""
    if row.audience is Audience.BUYER:
        yield from _buyer(reading, row, data)
    elif row.audience is Audience.INVITED:
        yield from _invited(reading, data)
    elif row.audience is Audience.CALLED:
        called = set(data["event"]["bidders"])
        yield from (told for told in _invited(reading, data) if told[0] in called)
    elif row.audience is Audience.PROVIDER:
        yield from _provider(reading, row, data)
    else:
        name = sellers.get(reading, data["provider_id"]).name if row.subject is Subject.PROVIDER else ""
        yield PLATFORM, _subject_id(row, data), ForPlatform(name)


def _buyer(reading: Reading, row: Row, data: Data) -> Iterator[tuple[OrganizationId, str, Facts]]:
    if "request_id" not in data:
        yield OrganizationId(data["buyer_id"]), _subject_id(row, data), ForBuyer()
        return
    request_id = RequestId(data["request_id"])
    buyer_id = desk.buyer_of(reading, request_id)
    if buyer_id is not None:
        yield buyer_id, _subject_id(row, data), _facts_for_buyer(reading, row, data, request_id)


def _facts_for_buyer(reading: Reading, row: Row, data: Data, request_id: RequestId) -> ForBuyer:
    request = requests.get(reading, request_id)
    counts = sellers.counts(reading, request_id)
    named = row.event in AFTER_THE_OPENING
    return ForBuyer(
        title=request.content.title,
        lots=tuple(data.get("lots", ())),
        provider=sellers.get(reading, data["provider_id"]).name if named else "",
        invited=counts.invited,
        declined=counts.declined,
        waits=request.status is Status.AWAITING_VERIFICATION,
    )


def _invited(reading: Reading, data: Data) -> Iterator[tuple[OrganizationId, str, Facts]]:
    request_id = RequestId(data["request_id"])
    approved = set(sellers.approved(reading))
    facts: ForProvider | None = None
    for invitation in sellers.invitations_of_request(reading, request_id):
        if invitation.provider_id in approved and invitation.status is not InvitationStatus.DECLINED:
            facts = facts or _facts_for_provider(reading, data)
            yield invitation.provider_id, invitation.id, facts


def _provider(reading: Reading, row: Row, data: Data) -> Iterator[tuple[OrganizationId, str, Facts]]:
    yield OrganizationId(data["provider_id"]), _subject_of(row, data), _facts_for_provider(reading, data)


def _subject_of(row: Row, data: Data) -> str:
    return InvitationId(data["invitation_id"]) if row.subject is Subject.INVITATION else _subject_id(row, data)


def _facts_for_provider(reading: Reading, data: Data) -> ForProvider:
    """Return what a provider's text is made from: out of the very document that invited providers read."""
    if "request_id" not in data:
        return ForProvider(requests=data.get("count", 0))
    pseudonym = requests.publication(reading, RequestId(data["request_id"]))["pseudonym"]
    return ForProvider(pseudonym, tuple(data.get("lots", ())))


def _subject_id(row: Row, data: Data) -> str:
    return str(data[ID_FIELDS[row.subject]])


def inbox(reading: Reading, before: int | None, limit: int, *, unread: bool) -> list[Notice]:
    """Return the notices of the caller's organization below the ordinal ``before``, newest first."""
    return store.notices(reading, inbox_of(reading.principal), before, limit, unread=unread)


def notice(reading: Reading, notice_id: str) -> Notice:
    """Return one notice of the caller's organization. Raises NotFoundError."""
    found = store.notice_in(reading, inbox_of(reading.principal), notice_id)
    if found is None:
        raise NotFoundError
    return found


def unread_count(reading: Reading) -> int:
    """Return how many notices of its organization the caller has not read."""
    return store.unread_count(reading, inbox_of(reading.principal))


def mark_read(work: Work, notice_id: str) -> None:
    """Record that the caller has read a notice; harmless when it has before. Raises NotFoundError."""
    organization_id = inbox_of(work.principal)
    if not store.exists_in(work, organization_id, notice_id):
        raise NotFoundError
    store.mark_read(work, organization_id, notice_id)


def mark_all_read(work: Work) -> int:
    """Record that the caller has read every notice there is now; return how many were unread."""
    return store.mark_read(work, inbox_of(work.principal), None)


def inbox_of(principal: Principal) -> OrganizationId:
    """Return the organization whose notices a user reads: all of the platform read the same."""
    return PLATFORM if principal.kind is Kind.PLATFORM else principal.organization_id
