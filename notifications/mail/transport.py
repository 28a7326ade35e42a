"""How a mail leaves: by SMTP to the installation's mail server, or into a table where there is none."""

import smtplib
import ssl
from email.message import EmailMessage
from types import TracebackType
from typing import Protocol, Self

from marketplace.kernel.config import Settings, SmtpSecurity
from marketplace.kernel.work import Workshop
from notifications.mail import rules, store
from notifications.mail.model import Fate, Letter, Outcome


class Transport(Protocol):
    """Takes one mail after another; a ``with`` block ends its connection."""

    def send(self, letter: Letter, message: EmailMessage, envelope_sender: str) -> Outcome:
        """Hand a mail over and return what came of it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Smtp:
    """A connection to the mail server, opened with the first mail and again when it broke."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    def send(self, letter: Letter, message: EmailMessage, envelope_sender: str) -> Outcome:
        """Hand a mail over; what the server says decides whether to try again (RFC 5321, section 4.2.1)."""
        try:
            connection = self._connected()
            connection.send_message(message, envelope_sender, [letter.address])
        except smtplib.SMTPRecipientsRefused as refusal:
            (answer,) = refusal.recipients.values()
            return _told(*answer, permanent=Fate.REFUSED)
        except smtplib.SMTPDataError as refusal:
            return _told(refusal.smtp_code, refusal.smtp_error, permanent=Fate.REJECTED)
        except (smtplib.SMTPException, OSError) as fault:
            # also a login or a sender that is refused: that is our fault, and can be mended within two days
            self._hang_up()
            return Outcome(Fate.LATER, rules.plain_reason(f"{type(fault).__name__}: {fault}"))
        return Outcome(Fate.SENT)

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None:
            try:
                self._connection.noop()
            except (smtplib.SMTPException, OSError):
                self._hang_up()
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        own = self._settings
        if own.smtp_security is SmtpSecurity.TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                own.smtp_host,
                own.smtp_port,
                timeout=own.smtp_timeout_seconds,
                context=ssl.create_default_context(),
            )
        else:
            connection = smtplib.SMTP(own.smtp_host, own.smtp_port, timeout=own.smtp_timeout_seconds)
        try:
            if own.smtp_security is SmtpSecurity.STARTTLS:
                connection.starttls(context=ssl.create_default_context())
            if own.smtp_user and own.smtp_password is not None:
                connection.login(own.smtp_user, own.smtp_password.get_secret_value())
        except BaseException:
            connection.close()
            raise
        return connection

    def _hang_up(self) -> None:
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()


class Mailbox:
    """Keeps mails in a table instead of sending them: for development."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: there is no connection."""

    def send(self, letter: Letter, message: EmailMessage, envelope_sender: str) -> Outcome:  # noqa: ARG002 - a Transport
        """Keep a mail."""
        with self._workshop.work() as work:
            kept_id = f"{letter.id}.{letter.edition}"
            store.keep_mail(work, kept_id, letter.address, str(message["Subject"]), message.as_string())
        return Outcome(Fate.SENT)


def _told(code: int, said: bytes | str, permanent: Fate) -> Outcome:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    reason = rules.plain_reason(f"{code} {text}")
    return Outcome(permanent if rules.is_permanent(code) else Fate.LATER, reason)
