"""A buyer's home: what needs it next, what runs, and what was reached so far."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.registry import service as registry
from buyers.registry.model import VerificationStatus
from buyers.requests import model as requests
from buyers.requests.model import Status
from marketplace.awards import approvals
from marketplace.awards.model import Approval
from marketplace.awards.questions import service as questions
from marketplace.contracts import service as contracts
from marketplace.contracts.dates import ContractDates
from marketplace.contracts.model import Contract, ContractStatus
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer.glances import glances
from marketplace.terminals.buyer.savings import savings_of

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]

_NEWEST = 100
"""Requests that the home page looks at; older ones are in the list."""
_SOON = timedelta(days=120)
"""How early days of contracts are told: long enough to ask for new bids before a term ends."""
_MOST_DAYS = 8
_NOT_VERIFIED = frozenset(VerificationStatus) - {VerificationStatus.VERIFIED, VerificationStatus.PENDING}


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits for the buyer. ``kind`` chooses its words; ``due``: until when, if that is known."""

    kind: str
    href: str
    title: str
    due: datetime | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a contract that comes soon. ``kind`` chooses its words: start, notice (the last day), prices or end."""

    kind: str
    on: date
    href: str
    carrier: str


@router.get("/b", summary="A buyer's home")
def show_buyer_home(request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show what waits for the buyer, the soonest first, and its auctions that run."""
    return pages.render(request, "buyer/home.html", **_context(reading))


def _context(reading: Reading) -> dict[str, Any]:
    own, _ = desk.list_own(reading, None, _NEWEST)
    buyer = registry.get(reading, reading.principal.organization_id)
    asked = questions.waiting_on(reading, [one for one in own if one.status is Status.OPEN])
    pending = approvals.pending_on(reading, [one for one in own if one.status is Status.CLOSED])
    tasks = [task for one in own for task in _tasks(one, asked.get(one.id, 0), pending.get(one.id))]
    of_contracts = contracts.of_buyer(reading, _NEWEST)
    tasks += [
        Task("terms", f"/b/contracts/{contract.id}", contract.presentation.provider_name)
        for contract in of_contracts
        if contract.status is ContractStatus.PRESENTED
    ]
    today = reading.now.astimezone(UTC).date()
    days = [day for contract, dates in contracts.dated(of_contracts) for day in days_of(contract, dates, today)]
    last = max((task.due for task in tasks if task.due), default=reading.now)
    tasks.sort(key=lambda task: (task.due or last, task.title))
    running = [one for one in own if one.status is Status.OPEN]
    return {
        "verification": buyer.verification,
        "must_verify": buyer.verification.status in _NOT_VERIFIED,
        "tasks": tasks,
        "running": running,
        "glances": glances(reading, running),
        "requests": own,
        "savings": savings_of(own, of_contracts),
        "days": sorted(days, key=lambda day: (day.on, day.carrier))[:_MOST_DAYS],
    }


def days_of(contract: Contract, dates: ContractDates, today: date) -> Iterator[Day]:
    """Yield the days of a contract that the buyer should have in mind now."""
    ahead = [("start", dates.start), ("end", dates.end), *(("prices", review) for review in dates.price_reviews)]
    if dates.notice_closes is not None:
        ahead.append(("notice", dates.notice_closes))
    for kind, on in ahead:
        if today <= on <= today + _SOON:
            yield Day(kind, on, f"/b/contracts/{contract.id}", contract.presentation.provider_name)


def _tasks(request: requests.Request, questions_waiting: int, pending: Approval | None) -> Iterator[Task]:
    """Yield what one request asks of the buyer now."""
    href, title = f"/b/requests/{request.id}", request.content.title
    match request.status:
        case Status.DRAFT:
            yield Task("draft", f"{href}/edit", title, request.content.schedule.closes_at)
        case Status.OPEN:
            if questions_waiting:
                closes_at = request.content.schedule.closes_at
                yield Task("questions", f"{href}/questions", title, closes_at, questions_waiting)
        case Status.CLOSED:
            if pending is not None:
                yield Task("approval", f"{href}/award", title, pending.asked_at)
            else:
                yield Task("choose", f"{href}/compare", title, request.ends_at or request.content.schedule.closes_at)
        case _:
            return
