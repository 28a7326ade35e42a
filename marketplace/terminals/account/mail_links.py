"""Where the links in mails lead, without signing in: a notice's facts, the end of mail, an address confirmed.

Whoever is signed in, these pages read with the application's role: what they show hangs on the link alone.
"""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.http import AccountReading, AccountWork
from marketplace.terminals import pages
from marketplace.terminals.account import notices
from notifications.mail import addresses, service

router = pages.router()

Anybody = Annotated[Principal, Depends(PUBLIC)]
Token = Annotated[str, Path(max_length=1000, pattern=r"^[\w-]+$")]
_UNSEEN = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@router.get("/n/{token}", summary="A notice, by the link in a mail")
def show_mailed_notice(token: Token, request: Request, reading: AccountReading, _: Anybody) -> Response:
    """Show what one notice tells; whoever wants to act signs in behind its button."""
    shown = service.notice_of_link(reading, token, notices.language_of(request))
    place = notices.place(shown.kind, shown.subject, shown.subject_id)
    return _kept_secret(pages.render(request, "account/mailed_notice.html", shown=shown, place=place))


@router.get("/unsubscribe/{token}", summary="Whether to end mail")
def show_unsubscribing(token: Token, request: Request, reading: AccountReading, _: Anybody) -> Response:
    """Ask before anything ends: programs open links, too."""
    service.check_unsubscribe(reading, token)
    return _kept_secret(pages.render(request, "account/unsubscribe.html", token=token, ended=False))


@router.post("/unsubscribe/{token}", summary="End mail with one click")
def send_unsubscription(token: Token, request: Request, work: AccountWork, _: Anybody) -> Response:
    """End all mail to a reader, for the page above or for a mail program (RFC 8058, one click).

    No form and no origin is asked for: the mail program of the reader's provider sends neither cookie nor origin. What
    allows it is the sealed token in the address, which no other site can know.
    """
    service.unsubscribe(work, token)
    return _kept_secret(pages.render(request, "account/unsubscribe.html", token=token, ended=True))


@router.get("/confirm-address/{token}", summary="Whether an address is right")
def show_address_confirmation(token: Token, request: Request, reading: AccountReading, _: Anybody) -> Response:
    """Ask before it is confirmed: programs open links, too."""
    address = addresses.address_of_link(reading, token)
    return _kept_secret(pages.render(request, "account/confirm_address.html", token=token, address=address, done=False))


@router.post("/confirm-address/{token}", summary="Confirm an address by form")
def send_confirmed_address(token: Token, request: Request, work: AccountWork, _: Anybody, form: pages.Sent) -> Response:  # noqa: ARG001 - checks the origin
    """Confirm an address: who has the link reads it."""
    address = addresses.confirm(work, token)
    return _kept_secret(pages.render(request, "account/confirm_address.html", token=token, address=address, done=True))


def _kept_secret(response: Response) -> Response:
    """Return an answer that nobody keeps or lists: its address opens it."""
    response.headers.update(_UNSEEN)
    return response
