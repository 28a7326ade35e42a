"""How one is told by e-mail and text: choices by group, quiet hours, the digest; a phone; a desk's shared address."""

from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import Depends, Query, Request, Response

from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.http import AccountReading, AccountWork
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading
from marketplace.terminals import browser, pages
from marketplace.terminals.account.notices import language_of
from marketplace.terminals.account.signing_in import workshop_of
from notifications.groups import NAMES
from notifications.languages import NAMES as LANGUAGES
from notifications.mail import addresses
from notifications.mail.schemas import DeskAddressBody
from notifications.preferences import service
from notifications.preferences.model import TEXT_WORDS, WORDS, Preferences
from notifications.preferences.schemas import PreferencesBody
from notifications.texting import numbers
from notifications.texting.schemas import PhoneBody, PhoneCodeBody

router = pages.router()

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
Owner = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
"""Who may change it: a key that only reads can't."""
DeskAdmin = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
ForDesk = Annotated[bool, Query()]

_PAGE = "account/preferences.html"
_PATH = "/account/notices/preferences"
_DAYS = (
    (1, marked("Monday")),
    (2, marked("Tuesday")),
    (3, marked("Wednesday")),
    (4, marked("Thursday")),
    (5, marked("Friday")),
    (6, marked("Saturday")),
    (7, marked("Sunday")),
)


@router.get(_PATH, summary="How one is told")
def show_notice_preferences(request: Request, reading: AccountReading, _: Anyone, desk: ForDesk = False) -> Response:  # noqa: FBT002 - a query
    """Show what comes by e-mail and when, and what is to be known of the address."""
    return pages.render(request, _PAGE, **_context(request, reading, desk=desk))


@router.post(_PATH, summary="Choose how one is told, by form")
def send_notice_preferences(request: Request, work: AccountWork, form: pages.Sent, _: Owner) -> Response:
    """Keep what was chosen, for oneself or for the desk's shared address."""
    desk = form.ticked("desk")
    with pages.again(request, _PAGE, form, lambda: _context(request, work, desk=desk)):
        quiet = {
            "since": form.text("quiet.since"),
            "until": form.text("quiet.until"),
            "days": list(form.texts("quiet.days")),
            "urgent_anyway": form.ticked("quiet.urgent_anyway"),
        }
        before = service.preferences(work, desk=desk).texts  # what a page without a phone doesn't ask stays as it is
        values = {
            "email": {group: form.text(f"email.{group}") for group in NAMES if f"email.{group}" in form},
            "texts": dict(before) | {group: form.text(f"texts.{group}") for group in NAMES if f"texts.{group}" in form},
            "language": form.text("language", language_of(request)),
            "zone": form.text("zone"),
            "digest_at": form.text("digest_at"),
            "quiet": quiet if form.ticked("has_quiet") else None,
        }
        service.save(work, pages.checked(PreferencesBody, values).value(), desk=desk)
    return pages.see(_PATH + ("?desk=true" if desk else ""), pages.said(request, "Kept. It holds from now on."))


@router.post("/account/notices/desk-address", summary="Set a desk's shared address by form")
def send_desk_address(request: Request, work: AccountWork, form: pages.Sent, _: DeskAdmin) -> Response:
    """Set the address and mail it a link, or remove it."""
    with pages.again(request, _PAGE, form, lambda: _context(request, work, desk=True)):
        if form.text("act") == "remove":
            addresses.remove_desk_address(work)
            return pages.see(f"{_PATH}?desk=true", pages.said(request, "Nothing goes there any more."))
        addresses.set_desk_address(work, pages.checked(DeskAddressBody, {"address": form.text("address")}).address)
    said = pages.said(request, "A link was mailed there. The address is used once it was opened.")
    return pages.see(f"{_PATH}?desk=true", said)


@router.post("/account/notices/confirm-address", summary="Ask for a link that confirms one's address, by form")
def send_address_confirmation(request: Request, work: AccountWork, form: pages.Sent, _: Owner) -> Response:
    """Mail a link to one's own address, after mail to it came back."""
    with pages.again(request, _PAGE, form, lambda: _context(request, work, desk=False)):
        addresses.ask_to_confirm(work)
    return pages.see(_PATH, pages.said(request, "A link was mailed to you. Mail comes again once you have opened it."))


@router.post("/account/notices/phone", summary="Set one's phone number by form")
def send_phone(request: Request, work: AccountWork, form: pages.Sent, _: Owner) -> Response:
    """Set the number and text it a code, or remove it."""
    with pages.again(request, _PAGE, form, lambda: _context(request, work, desk=False)):
        if form.text("act") == "remove":
            numbers.remove_number(work)
            return pages.see(_PATH, pages.said(request, "Nothing is texted to you any more."))
        numbers.set_number(work, pages.checked(PhoneBody, {"number": form.text("number")}).number)
    return pages.see(_PATH, pages.said(request, "A code was sent to your phone. It is good for ten minutes."))


@router.post("/account/notices/phone/confirm", summary="Confirm one's phone number by form")
def send_phone_code(request: Request, form: pages.Sent, principal: Owner) -> Response:
    """Check the code; a wrong one counts, and so it is recorded before the page answers."""
    workshop = workshop_of(request)

    def shown() -> dict[str, Any]:
        with workshop.reading(principal, DatabaseRole.APP) as reading:
            return _context(request, reading, desk=False)

    with pages.again(request, _PAGE, form, shown):
        numbers.confirm(workshop, principal, pages.checked(PhoneCodeBody, {"code": form.text("code")}).code)
    return pages.see(_PATH, pages.said(request, "Your phone is confirmed. Urgent notices come as text messages, too."))


def _context(request: Request, reading: Reading, *, desk: bool) -> dict[str, Any]:
    principal, words = reading.principal, pages.words(request)
    chosen = service.preferences(reading, desk=desk)
    has_desk = principal.kind is Kind.PROVIDER and principal.role is UserRole.ADMIN
    shared = addresses.desk_address(reading) if has_desk else None
    email = shared.address if desk and shared else addresses.own_address(reading)
    return {
        "desk": desk,
        "has_desk": has_desk,
        "shared": shared,
        "email": email,
        "spared": addresses.own_suppression(reading, email),
        "chosen": chosen,
        "zone": chosen.timing.zone if chosen != Preferences() else browser.preferences_of(request).zone,
        "language": chosen.language if chosen != Preferences() else language_of(request),
        "languages": list(LANGUAGES.items()),
        "zones": [
            (zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"
        ],
        "groups": [(group, words(NAMES[group])) for group in service.groups_of(principal, desk=desk)],
        "phone": None if desk else numbers.own_number(reading),
        "text_choices": [(choice, words(said)) for choice, said in TEXT_WORDS.items()],
        "choices": [(choice, words(said)) for choice, said in WORDS.items()],
        "days": [(number, words(day)) for number, day in _DAYS],
    }
