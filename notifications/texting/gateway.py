"""How a text leaves: by HTTP to the installation's gateway, or to the mailbox page where there is none."""

from email.message import EmailMessage
from types import TracebackType
from typing import Protocol, Self

import httpx

from marketplace.kernel.clock import machine_now
from marketplace.kernel.config import Settings
from marketplace.kernel.work import Workshop
from notifications.mail import store as mailbox
from notifications.texting import rules
from notifications.texting.model import Fate, Outcome, TextMessage

USER_AGENT = "Tenderline-Texts/1"


class TextChannel(Protocol):
    """Takes one text after another, from several threads; a ``with`` block ends its connections."""

    def send(self, message: TextMessage) -> Outcome:
        """Hand a text over and return what came of it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class HttpGateway:
    """A gateway that takes a text as a JSON document by POST, and drops what it has by the message's id."""

    def __init__(self, settings: Settings) -> None:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        auth = None
        if settings.text_gateway_token is not None:
            headers["Authorization"] = f"Bearer {settings.text_gateway_token.get_secret_value()}"
        elif settings.text_gateway_user and settings.text_gateway_password is not None:
            auth = httpx.BasicAuth(settings.text_gateway_user, settings.text_gateway_password.get_secret_value())
        self._url, self._sender = settings.text_gateway_url, settings.text_from
        self._client = httpx.Client(
            headers=headers, auth=auth, timeout=settings.text_timeout_seconds, trust_env=False, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(self, message: TextMessage) -> Outcome:
        """Hand a text over; what the gateway answers decides whether to try again. Its words are not kept."""
        content = {"id": message.id, "from": self._sender, "to": message.to, "text": message.text}
        try:
            with self._client.stream(
                "POST", self._url, json=content, headers={"Idempotency-Key": message.id}
            ) as answer:
                # the wait is told as a number of seconds, or by the clock of the world and not the marketplace's
                return rules.outcome_of(answer.status_code, answer.headers.get("retry-after", ""), machine_now())
        except httpx.TimeoutException:
            return Outcome(Fate.LATER, "the gateway did not answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return Outcome(Fate.LATER, "no connection to the gateway")


class Kept:
    """Keeps texts among the mails of a development installation instead of sending them."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: there is no connection."""

    def send(self, message: TextMessage) -> Outcome:
        """Keep a text."""
        kept = EmailMessage()
        kept["To"], kept["Subject"] = message.to, "Text message"
        kept.set_content(message.text)
        with self._workshop.work() as work:
            mailbox.keep_mail(work, message.id, message.to, str(kept["Subject"]), kept.as_string())
        return Outcome(Fate.SENT)
