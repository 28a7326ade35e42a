"""The mailbox of a development installation without a mail server: what would have been sent, as its readers see it."""

from email import message_from_string
from email.message import EmailMessage
from email.policy import default

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from marketplace.kernel.config import Profile
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, PlatformAdmin
from notifications.mail import service
from notifications.mail.model import KeptMail

router = pages.router()

_MAILS_OWN = {
    # a mail brings its styles along, and nothing else may run or load
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}


@router.get("/o/mailbox", summary="Mails that were kept")
def show_mailbox(request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """List what would have been sent, the newest first."""
    _check_development(reading)
    return pages.render(request, "backoffice/mailbox.html", mails=service.kept_mails(reading))


@router.get("/o/mailbox/{mail_id}", summary="A mail that was kept")
def show_kept_mail(mail_id: Id, request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show one mail: its headers, its text, and the way to its HTML."""
    mail = _mail(reading, mail_id)
    message = _parsed(mail)
    headers = [(name, str(value)) for name, value in message.items()]
    return pages.render(request, "backoffice/kept_mail.html", mail=mail, headers=headers, text=_part(message, "plain"))


@router.get("/o/mailbox/{mail_id}/html", summary="The HTML of a mail that was kept")
def show_kept_html(mail_id: Id, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show the HTML of one mail as it is, in a page that may do nothing."""
    return HTMLResponse(_part(_parsed(_mail(reading, mail_id)), "html"), headers=_MAILS_OWN)


def _mail(reading: Reading, mail_id: str) -> KeptMail:
    _check_development(reading)
    return service.kept_mail(reading, mail_id)


def _check_development(reading: Reading) -> None:
    """Raise NotFoundError elsewhere: nobody reads the mail of others."""
    if reading.vault.settings.profile is not Profile.DEVELOPMENT:
        raise NotFoundError


def _parsed(mail: KeptMail) -> EmailMessage:
    return message_from_string(mail.source, policy=default)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return "" if part is None else str(part.get_content())
