"""A sales desk's inbox: the requests that it received, by what it did with them, the newest first."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.requests.view import CarrierView
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.kernel import codec, pagination
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.sheets import Cell, Sheet
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading
from marketplace.terminals import exports, pages
from marketplace.terminals.exports import Form
from marketplace.terminals.live import LiveView
from matching import inbox
from matching.fit import Fit
from matching.inbox import Tab
from matching.service import Received
from sellers import service as sellers
from sellers.rules import DECLINE_REASONS, ProviderInactiveError

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
_A_PAGE = 50
_BANDWIDTH = "bandwidth_mbps"
_COLUMNS = (
    marked("Request"),
    marked("Buyer"),
    marked("Received"),
    marked("Closes"),
    marked("State"),
    marked("Services"),
    marked("Sites"),
    marked("Where"),
    marked("Lots"),
    marked("Term, months"),
    marked("Filter"),
)
"""Of the inbox as a file."""
_NAMED = 3
"""Services and areas that a row names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One received request at a glance: nothing but what its page shows."""

    id: str
    title: str
    pseudonym: str
    status: str
    received_at: datetime
    closes_at: datetime
    request_status: str
    suspended: bool
    late_version: int
    services: tuple[tuple[str, int], ...]
    more_services: int
    bandwidth: Decimal | None
    sites: int
    areas: tuple[tuple[str, int], ...]
    more_areas: int
    lots: int
    term_months: int
    usage: tuple[tuple[Decimal, str], ...]
    reason: str
    filter_name: str
    why: tuple[str, ...]
    fit: Fit | None


@router.get("/c", summary="A sales desk's inbox")
def show_desk_inbox(
    request: Request,
    reading: ReadingOnly,
    _: Desk,
    tab: Tab = Tab.NEW,
    q: Annotated[str, Query(max_length=200)] = "",
    after: pagination.After = None,
) -> Response:
    """Show what a desk received under one tab, or of that what holds the words ``q``."""
    first = not q.strip() and after is None
    context = _context(reading, tab, q.strip(), after)
    stream = f"/live/{VIEW.name}/{tab.value}" if first and not context["inactive"] else ""
    return pages.render(request, "seller/inbox.html", stream=stream, **context)


@router.get("/c/inbox.{form}", summary="A sales desk's inbox as a file")
def export_inbox(
    form: Form,
    request: Request,
    reading: ReadingOnly,
    _: Desk,
    tab: Tab = Tab.NEW,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """All that a tab holds, or of that what holds the words ``q``."""
    say = pages.words(request)
    known: dict[str, Catalogue] = {}
    received = exports.all_pages(lambda after: inbox.page(reading, tab, q.strip(), after, _A_PAGE))
    rows = tuple(_cells(_row(reading, one, known, None), say) for one in received)
    return exports.as_file(Sheet(say("Inbox"), tuple(map(say, _COLUMNS)), rows, 1), f"inbox-{tab}", form)


def _cells(row: Row, say: Callable[[str], str]) -> tuple[Cell, ...]:
    return (
        row.title,
        row.pseudonym,
        exports.instant(row.received_at),
        exports.instant(row.closes_at),
        say(row.request_status) + (f", {say('suspended')}" if row.suspended else ""),
        _listed(row.services, row.more_services),
        row.sites,
        _listed(row.areas, row.more_areas),
        row.lots,
        row.term_months,
        row.filter_name,
    )


def _listed(counted: Iterable[tuple[str, int]], more: int) -> str:
    return "; ".join([*(f"{count} x {name}" for name, count in counted), *([f"+{more}"] if more else [])])


def _live(reading: Reading, key: str) -> dict[str, Any]:
    if key not in set(Tab):
        raise NotFoundError
    context = _context(reading, Tab(key), "", None)
    requests = [f"request:{one}" for one in context.pop("request_ids")]
    return context | {"streams": [f"provider:{reading.principal.organization_id}", *requests]}


VIEW = LiveView("desk-inbox", frozenset({Kind.PROVIDER}), _live, "seller", ("inbox",))


def _context(reading: Reading, tab: Tab, words: str, after: str | None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "tab": tab,
        "words": words,
        "after": after,
        "inactive": "",
        "rows": [],
        "counts": dict.fromkeys(Tab, 0),
        "following": None,
        "request_ids": [],
        "has_filters": True,
        "decline_reasons": DECLINE_REASONS,
    }
    try:
        received, following = inbox.page(reading, tab, words, after, _A_PAGE)
        counts = inbox.counts(reading)
    except ProviderInactiveError as inactive:
        has_filters = bool(sellers.filters(reading, None, 1))
        return context | {"inactive": inactive.detail or "", "has_filters": has_filters}
    known: dict[str, Catalogue] = {}
    fits = inbox.fits(reading, received)
    return context | {
        "rows": [_row(reading, one, known, fits.get(one.invitation.id)) for one in received],
        "request_ids": [one.invitation.request_id for one in received],
        "counts": counts,
        "following": following,
        "has_filters": bool(sellers.filters(reading, None, 1)),
    }


def _row(reading: Reading, received: Received, known: dict[str, Catalogue], fit: Fit | None) -> Row:
    invitation = received.invitation
    view = codec.load(CarrierView, received.document)
    if view.catalogue_version not in known:
        known[view.catalogue_version] = catalogues.version(reading, view.catalogue_version)
    services = _ranked(line.service_type for line in view.lines)
    areas = _ranked(site.place.state or site.place.country for site in view.sites)
    speeds = [
        Decimal(feature.value)
        for line in view.lines
        for feature in line.features
        if feature.code == _BANDWIDTH and isinstance(feature.value, Decimal | str)
    ]
    return Row(
        id=invitation.id,
        title=view.title,
        pseudonym=view.pseudonym,
        status=invitation.status,
        received_at=invitation.received_at,
        closes_at=received.closes_at,
        request_status=received.request_status,
        suspended=received.suspended,
        late_version=view.version if view.version > 1 else 0,
        services=tuple((_name(known[view.catalogue_version], code), count) for code, count in services[:_NAMED]),
        more_services=max(0, len(services) - _NAMED),
        bandwidth=max(speeds, default=None),
        sites=len(view.sites),
        areas=tuple(areas[:_NAMED]),
        more_areas=max(0, len(areas) - _NAMED),
        lots=len(view.lots),
        term_months=view.term_months,
        usage=tuple((one.monthly_quantity, one.unit) for one in view.prior_usage),
        reason=invitation.reason,
        filter_name=invitation.filter_name,
        why=tuple(result.reason for result in invitation.explanation if result.passed),
        fit=fit,
    )


def _ranked(values: Iterable[str]) -> list[tuple[str, int]]:
    """Return values with how often they occur, the most frequent first."""
    return sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))


def _name(catalogue: Catalogue, code: str) -> str:
    kind = catalogue.service_type(code)
    return code if kind is None else kind.name
