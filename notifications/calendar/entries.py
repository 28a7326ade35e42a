"""What stands in a user's calendar, made from what its own pages show it: openings, closes, answers due, contracts."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from buyers.desk import service as desk
from buyers.requests import rules as request_rules
from buyers.requests import service as requests
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.confirmation.model import Confirmation
from marketplace.bidding import service as bidding
from marketplace.bidding.model import LotClock, Status
from marketplace.contracts import service as contracts
from marketplace.contracts.dates import ContractDates
from marketplace.kernel.access import Kind
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading
from matching import inbox
from matching.inbox import Tab
from matching.service import Received
from notifications.calendar.model import Entry

_MOST = 500
"""Requests, and contracts, that one calendar has at most: those that end first, and the newest."""
_RUNNING = frozenset({Status.SCHEDULED, Status.OPEN})


def entries(reading: Reading) -> tuple[Entry, ...]:
    """Return the caller's entries, by time. The platform's admins have none: what waits for them is their queue."""
    match reading.principal.kind:
        case Kind.BUYER:
            found = (*_of_buyer(reading),)
        case Kind.PROVIDER:
            found = (*_of_provider(reading),)
        case _:
            found = ()
    return tuple(sorted(found, key=lambda entry: (_instant(entry), entry.subject, entry.what)))


def _instant(entry: Entry) -> datetime:
    at = entry.at
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)


def _of_buyer(reading: Reading) -> Iterator[Entry]:
    own = set(desk.own_ids(reading))
    for request_id in own & requests.running(reading):
        title = requests.get(reading, request_id).content.title
        lots = bidding.lot_clocks(reading, request_id)
        yield from of_lots(request_id, f"“{title}”", lots, f"/b/requests/{request_id}/auction")
    for asked in confirmations.awaited(reading, own):
        text = "Until then the carrier confirms your award; after it you may take the lots back."
        yield _answer(asked, "A carrier's answer is due", text, f"/b/requests/{asked.request_id}")
    for contract, dates in contracts.dated(contracts.of_buyer(reading, _MOST)):
        yield from of_contract(contract.id, dates, f"/b/contracts/{contract.id}")


def _of_provider(reading: Reading) -> Iterator[Entry]:
    for tab in (Tab.NEW, Tab.SEEN, Tab.BIDDING):
        found, _ = inbox.page(reading, tab, "", None, _MOST)
        for received in found:
            yield from _of_received(received)
    for asked in confirmations.own_awaited(reading):
        text = "Until then you confirm your award; after it the buyer may take its lots back."
        yield _answer(asked, "Confirm your award", text, f"/c/invitations/{asked.invitation_id}/won")
    for contract, dates in contracts.dated(contracts.own_contracts(reading, None, _MOST)):
        yield from of_contract(contract.id, dates, f"/c/contracts/{contract.id}")


def of_lots(request_id: RequestId, name: str, lots: Iterable[LotClock], place: str) -> Iterator[Entry]:
    """Yield the first opening and the last close of a request's lots that are to come, and each close between."""
    running = [lot for lot in lots if lot.status in _RUNNING and lot.closes_at < request_rules.NOT_KNOWN_YET]
    opening = sorted(lot.opens_at for lot in running if lot.status is Status.SCHEDULED)
    if opening:
        yield Entry(request_id, "opening", opening[0], f"Bids are taken: {name}", "The auction opens.", place)
    closes: dict[datetime, list[str]] = {}
    for lot in running:
        closes.setdefault(lot.closes_at, []).append(lot.ref)
    for number, (at, refs) in enumerate(sorted(closes.items())):
        text = f"Until just before this instant bids are taken on {', '.join(refs)}. A late bid may move it."
        yield Entry(request_id, f"close {number}", at, f"Bidding ends: {name}", text, place)


def _of_received(received: Received) -> Iterator[Entry]:
    """Yield what a carrier's inbox tells of a request: never more than its published view and its close."""
    invitation_id = received.invitation.id
    name = f"the request of {received.document['pseudonym']}"
    place = f"/c/invitations/{invitation_id}"
    opens_at = received.document["schedule"]["opens_at"]
    if opens_at is not None:
        at = datetime.fromisoformat(opens_at)
        yield Entry(invitation_id, "opening", at, f"Bids are taken: {name}", "The auction opens.", place)
    text = "Until just before this instant bids are taken. A late bid may move it."
    yield Entry(invitation_id, "close", received.closes_at, f"Bidding ends: {name}", text, place)


def _answer(asked: Confirmation, title: str, text: str, place: str) -> Entry:
    return Entry(f"{asked.award_id}.{asked.invitation_id}", "answer", asked.due_at, title, text, place)


def of_contract(contract_id: str, dates: ContractDates, place: str) -> Iterator[Entry]:
    """Yield the days of a contract; who the parties are stands in none of them."""
    note = f"Start: {dates.start_basis}. The real start may be later."
    yield Entry(contract_id, "start", dates.start, "A contract starts", note, place)
    if dates.notice_opens is not None and dates.notice_closes is not None:
        last = f"Notice must reach the carrier by {dates.notice_closes.isoformat()}."
        yield Entry(contract_id, "notice opens", dates.notice_opens, "Decide on notice", last, place)
        yield Entry(contract_id, "notice closes", dates.notice_closes, "Last day for notice", last, place)
    for number, day in enumerate(dates.price_reviews, start=1):
        yield Entry(contract_id, f"price review {number}", day, "Prices may change", "By the terms.", place)
    yield Entry(contract_id, "end", dates.end, "A contract's term ends", "The last day of the term.", place)
