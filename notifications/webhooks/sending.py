"""Sending: what is due goes out to addresses that may be called, each attempt within limits of time and size."""

import asyncio
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import httpx

from marketplace.kernel import tracing
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.work import Workshop
from notifications.webhooks import addresses, resolving, rules, service
from notifications.webhooks.addresses import RefusedError, Resolver, Target
from notifications.webhooks.model import Message, Outcome

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
"""Of one attempt, the look-up of its name and the reading of its answer included."""
LARGEST_ANSWER = 65_536
"""Bytes of an answer that are read before the connection is closed."""
USER_AGENT = "Tenderline-Webhooks/1"
_MOST_ADDRESSES = 3
"""Of one name, tried one after the other until one takes the connection."""
_TOGETHER = 32
"""Messages that one call sends at the same time."""
_EACH = 8
"""Of them, to one endpoint that does well; to one in trouble goes one at a time."""


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Courier:
    """Sends what is due to endpoints that do well, or (``troubled``) to those that fail or are slow.

    ``resolve`` looks names up; ``draw`` returns random numbers from 0 to 1.
    """

    troubled: bool = False
    resolve: Resolver = resolving.system
    draw: Callable[[], float] = random.random

    def __call__(self, workshop: Workshop) -> int:
        """Send what is due by now and record what came of it; return how many messages were tried."""
        taken = self.take(workshop)
        if taken:
            outcomes = self.send(workshop, taken)
            with workshop.work() as work:
                service.record(work, list(zip(taken, outcomes, strict=True)), self.draw)
        return len(taken)

    def take(self, workshop: Workshop) -> list[Message]:
        """Take what is due: nobody else sends it before the lease has run out."""
        with workshop.work() as work:
            until = work.now + rules.LEASE
            each = 1 if self.troubled else _EACH
            return service.take(work, until, troubled=self.troubled, each=each, most=_TOGETHER)

    def send(self, workshop: Workshop, messages: Sequence[Message]) -> list[Outcome]:
        """Send messages at the same time; return what came of each, in their order."""
        vault = workshop.vault
        return asyncio.run(
            _send_all(messages, self.resolve, vault.settings.address, loopback=service.loopback_allowed(vault))
        )


async def _send_all(messages: Sequence[Message], resolve: Resolver, source: str, *, loopback: bool) -> list[Outcome]:
    return await asyncio.gather(*(_send(message, resolve, source, loopback=loopback) for message in messages))


async def _send(message: Message, resolve: Resolver, source: str, *, loopback: bool) -> Outcome:
    """Return what came of one attempt: whatever goes wrong is an outcome, too."""
    began = stopwatch()
    status, answer, error, retry_after = None, "", "", ""
    try:
        with tracing.alone("delivery", channel="webhooks"):
            async with asyncio.timeout(TOTAL_SECONDS):
                target = addresses.target_of(message.url, loopback=loopback)
                found = addresses.allowed(target, await resolving.look_up(resolve, target.host, target.port))
                response, answer = await _exchange(target, found, message, source)
        status, retry_after = response.status_code, response.headers.get("retry-after", "")
    except RefusedError as refused:
        error = str(refused)
    except TimeoutError:
        error = f"no complete answer within {TOTAL_SECONDS:.0f} seconds"
    except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
        error = "the certificate is not valid for the name" if _of_certificate(failed) else "no connection"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        error = "the connection broke before there was an answer"
    return Outcome(status, round(1000 * (stopwatch() - began)), answer, error, retry_after)


async def _exchange(target: Target, found: Sequence[str], message: Message, source: str) -> tuple[httpx.Response, str]:
    """Send to the first of the addresses that takes the connection: to it and to no other, whatever the name says now.

    The certificate must be the name's all the same. Returns the answer and its first characters.
    """
    headers = rules.headers_of(message, source) | {
        "host": target.authority,
        "user-agent": USER_AGENT,
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }
    transport = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False)
    limits = httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=limits) as client:
        client.headers.clear()
        last: httpx.TransportError = httpx.ConnectError("no address")
        for address in found[:_MOST_ADDRESSES]:
            url = httpx.URL(scheme=target.scheme, host=address, port=target.port, raw_path=target.path.encode())
            request = client.build_request(
                "POST", url, content=message.body, headers=headers, extensions={"sni_hostname": target.host}
            )
            try:
                response = await client.send(request, stream=True, follow_redirects=False)
            except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                last = failed
                continue
            try:
                return response, _shown(await _beginning(response))
            finally:
                await response.aclose()
    raise last


async def _beginning(response: httpx.Response) -> bytes:
    """Read an answer as far as the limit, packed or not: only its first bytes are shown, and nothing is unpacked."""
    read, kept = 0, b""
    async for chunk in response.aiter_raw():
        read += len(chunk)
        kept = (kept + chunk)[: 4 * rules.SHOWN_CHARACTERS]
        if read >= LARGEST_ANSWER:
            break
    return kept


def _shown(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text)[: rules.SHOWN_CHARACTERS]


def _of_certificate(error: BaseException | None) -> bool:
    """Tell whether a failed connection failed for its certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


SENDERS = {
    "webhooks": Courier(),
    "webhooks beside": Courier(),  # while the first waits for receivers, or for its turn among the threads that mail
    "webhooks in trouble": Courier(troubled=True),
}
