"""Which carriers a request is for, when they bid and by which rules, with the linter's advice and a rehearsal."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request, Response

from buyers.desk import service as desk
from buyers.requests import model as requests
from buyers.requests.auction_words import in_words
from buyers.requests.model import Content, ListMode
from buyers.requests.presets import PRESETS
from marketplace.bidding import advice
from marketplace.bidding.rehearsal import RehearsedLot
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import wizard, wizard_auction
from marketplace.terminals.buyer.wizard import Context, Step
from marketplace.terminals.buyer.wizard_forms import nested
from matching import service as matching
from matching.reach import Reach
from sellers import service as sellers

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
_TEMPLATE = "buyer/wizard/carriers.html"
_ALL_SHOWN = 40
"""Up to so many approved carriers are shown as a list; of more one searches by name."""
_FOUND = 20
_USUAL_BIDDERS = 4
_STAMP = len("2026-01-31 17:00:00")
_TIME = re.compile(r"\b[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\b")


def values(form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:
    """Return the provider list, the schedule (typed in the reader's zone) and the rules as the form says them."""
    listed = nested(form, "provider_list")
    mode = listed.get("mode") or ListMode.OPEN.value
    schedule = nested(form, "schedule")
    for name in ("opens_at", "closes_at"):
        if schedule.get(name):
            schedule[name] = pages.instant_of(schedule[name], zone)
    return {
        "provider_list": {
            "mode": mode,
            "providers": [] if mode == ListMode.OPEN.value else list(dict.fromkeys(listed.get("providers", []))),
            "distribute": form.ticked("provider_list.distribute") if mode == ListMode.ONLY.value else True,
        },
        "schedule": schedule,
        "auction": wizard_auction.values(form, content),
    }


def context(reading: Reading, own: requests.Request) -> Context:
    """Return the carriers that can be named, how many the request reaches, and what the linter says of its rules."""
    approved = sellers.approved(reading)
    listed = list(own.content.provider_list.providers)
    shown = approved if len(approved) <= _ALL_SHOWN else listed
    return {
        "names": _names(reading, list(dict.fromkeys([*listed, *shown]))),
        "all_shown": len(approved) <= _ALL_SHOWN,
        "sought": "",
        "reach": reach_of(reading, own),
        "advice": advice.advise(own.content, reading.now),
        "rules": in_words(own.content.auction, own.content.billing.currency),
        "usual_bidders": _USUAL_BIDDERS,
        **wizard_auction.context(own.content),
    }


def reach_of(reading: Reading, own: requests.Request) -> Reach | None:
    """Return about how many carriers a draft is for; None while it asks for nothing."""
    if not own.content.lines:
        return None
    return matching.reach_of(reading, own, desk.disclosable_bands(reading))


def _names(reading: Reading, ids: list[OrganizationId]) -> list[tuple[str, str]]:
    known = sellers.names(reading, ids)
    return sorted(((one, known[one]) for one in ids if one in known), key=lambda pair: pair[1].casefold())


STEP = Step(
    "carriers",
    ("provider_list", "schedule", "auction"),
    values,
    context,
    ("_reach", "_advice", "_rules", "_settings"),
)


def _context(reading: Reading, own: requests.Request) -> Context:
    return wizard.frame(reading, own, STEP) | context(reading, own)


@router.get("/b/requests/{request_id}/edit/directory", summary="Find carriers by name")
def show_carrier_directory(request_id: str, request: Request, reading: ReadingOnly, _: Buyer, q: str = "") -> Response:
    """Show the carriers whose name holds the sought words, to be named in the provider list."""
    own = wizard.draft_of(reading, request_id)
    found = _names(reading, sellers.search(reading, q[:100], _FOUND)) if q.strip() else []
    base = _context(reading, own)
    names = list(dict.fromkeys([*base["names"], *found]))
    return pages.render(request, _TEMPLATE, **(base | {"names": names, "sought": q, "found": len(found)}))


@router.post("/b/requests/{request_id}/edit/mend", summary="Use the linter's nearest setting")
def send_mended_rules(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Put the nearest allowed setting in the place of one that can't work."""
    own = wizard.draft_of(work, request_id)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        found = [one for one in advice.advise(own.content, work.now) if one.mendable]
        mended = next((one for one in found if one.pointer == form.text("pointer")), None)
        if mended is not None:
            wizard.edit(work, own, wizard_auction.mended(own.content, mended))
    return pages.see(f"/b/requests/{own.id}/edit/carriers#rules", pages.said(request, "Changed to what is allowed."))


def steps_of(lot: RehearsedLot, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Return what happened in a rehearsed lot: when, and the sentence with its times in the reader's zone."""
    found = []
    for step in lot.steps:
        at = datetime.strptime(step[:_STAMP], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        day = at.date()

        def own(time_of_day: re.Match[str], day: date = day) -> str:
            moment = datetime.fromisoformat(f"{day} {time_of_day[0]}").replace(tzinfo=UTC)
            return f"{moment.astimezone(zone):%H:%M:%S}"

        found.append((at, _TIME.sub(own, step[_STAMP + 1 :])))
    return found


@router.get("/b/requests/{request_id}/edit/rehearsal", summary="Rehearse the auction of a draft")
def show_rehearsal(
    request_id: str,
    request: Request,
    reading: ReadingOnly,
    _: Buyer,
    bidders: Annotated[int, Query(ge=1, le=advice.MOST_BIDDERS)] = _USUAL_BIDDERS,
    seed: Annotated[int, Query(ge=0, le=2**31)] = 1,
) -> Response:
    """Show how the auction would go among made-up carriers; nobody learns of it."""
    own = wizard.draft_of(reading, request_id)
    with pages.again(request, _TEMPLATE, pages.Form(), lambda: _context(reading, own)):
        told = advice.rehearse(own.content, reading.now, bidders, seed)
    zone = pages.zone_of(request)
    shown: dict[str, Any] = {
        "steps_of": lambda lot: steps_of(lot, zone),
        "told": told,
        "bidders": bidders,
        "seed": seed,
        "most_bidders": advice.MOST_BIDDERS,
    }
    preset = PRESETS.get(own.content.auction.preset)
    return pages.render(
        request, "buyer/wizard/rehearsal.html", **wizard.frame(reading, own, STEP), **shown, preset=preset
    )
