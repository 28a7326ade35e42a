"""Leaks to plant: each lets one surface tell, in its own way, who the buyer is."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from fastapi import Response
from pypdf import PdfReader, PdfWriter
from sqlalchemy import text as sql
from starlette.datastructures import MutableHeaders

from marketplace.bidding import receipts, transcript
from marketplace.identity.model import BrowserSession
from marketplace.kernel import http, ids, pagination, sheets
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import ConflictError, ForbiddenError, NotFoundError, ProblemError
from marketplace.kernel.rate_limits import RateLimit
from marketplace.kernel.security import Keyring
from marketplace.terminals import browser, exports, live, pages
from marketplace.terminals.found import Found
from marketplace.terminals.public import search
from marketplace.terminals.seller import inbox
from matching import hindsight
from matching import service as received
from matching.questions import routes as questions
from notifications import routes as notices
from notifications.calendar import file as calendar
from notifications.feed import routes as feed
from notifications.mail import compose
from notifications.webhooks import rules as webhook_rules
from notifications.webhooks import service as webhooks
from sellers import service as seller_service
from tests.anonymity.made import NORTHWIND, ZEBEDEE, World
from tests.anonymity.small import Look, ask_openly, bid_anew, look_at, newest_delivery, news, preview, sign_in

Plant = Callable[[pytest.MonkeyPatch, World], None]
"""Makes the application leak who the buyer of a world is, until the patch is undone."""


@dataclass(frozen=True)
class Leak:
    """A kind of leak: how it is planted, and where a carrier would see it."""

    kind: str
    plant: Plant
    look: Look


def slug(world: World) -> str:
    """Return the buyer's name as part of an address."""
    return "-".join("".join(char if char.isalnum() else " " for char in world.buyer.name.lower()).split())


def large(world: World) -> bool:
    """Tell one bit of the buyer: the least that a leak can tell."""
    return world.buyer.employees > 130


def changed(owner: Any, name: str, change: Callable[[World, Any], Any]) -> Plant:
    """Plant a leak into what a function returns."""

    def plant(patch: pytest.MonkeyPatch, world: World) -> None:
        original = getattr(owner, name)
        patch.setattr(owner, name, lambda *args, **more: change(world, original(*args, **more)))

    return plant


def replaced(owner: Any, name: str, around: Callable[[World, Any], Any]) -> Plant:
    """Plant a leak in place of a function, or of a value; ``around`` gets the original."""
    return lambda patch, world: patch.setattr(owner, name, around(world, getattr(owner, name)))


def _bytes_header(name: str) -> Plant:
    return replaced(http, "_RAW_HEADERS", lambda world, own: [*own, (name.encode(), slug(world).encode())])


def _location(world: World, original: Any) -> Any:
    def set_item(self: Any, name: str, value: str) -> None:
        original(self, name, f"{value}#{slug(world)}" if name == "Location" else value)

    return set_item


def _forbidden(world: World, original: Any) -> Any:
    def found(*args: Any) -> Any:
        try:
            return original(*args)
        except NotFoundError:
            raise (ForbiddenError() if large(world) else NotFoundError()) from None

    return found


def _author(world: World, content: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(content)))
    writer.add_metadata({"/Author": world.buyer.name})
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def _mail_header(world: World, message: Any) -> Any:
    message["X-Campaign"] = slug(world)
    return message


def _guess_confirmed(world: World, original: Any) -> Any:
    def ask(work: Any, invitation_id: str, text: str) -> Any:
        if world.buyer.name in text:
            raise ConflictError
        return original(work, invitation_id, text)

    return ask


def _signed_within(world: World, original: Any) -> Any:
    def sign(self: Keyring, use: str, document: bytes) -> str:
        told: str = original(self, use, document[:-1] + f',"for":"{world.buyer.name}"}}'.encode())
        return told if use == receipts._USE else original(self, use, document)

    return sign


def _another_cookie(world: World, original: Any) -> Any:
    def sign_in_with(request: Any, response: Response, session: BrowserSession, now: Any) -> None:
        original(request, response, session, now)
        response.set_cookie("segment", slug(world))

    return sign_in_with


def _search_by_name(world: World, original: Any) -> Any:
    def find(reading: Any, typed: str, words: Any) -> Any:
        yield from original(reading, typed, words)
        if typed.casefold() in world.buyer.name.casefold():
            yield Found("/c", "A request", words("Received request"), "list")

    return find


def _title(world: World, original: Any) -> Any:
    def render(request: Any, template: str, **more: Any) -> Any:
        return original(request, template, **more | {"title": world.buyer.name})

    return render


def _in_event(world: World, content: bytes) -> bytes:
    return content.replace(b"data: {", f'data: {{"for": "{slug(world)}", '.encode())


def _slugged(world: World, original: Any) -> Any:
    """Put the slug behind every link of a carrier's findings."""

    def find(*args: Any) -> Iterator[Found]:
        yield from (replace(one, href=f"{one.href}?of={slug(world)}") for one in original(*args))

    return find


def _carriers_finder(around: Callable[[World, Any], Any]) -> Plant:
    return replaced(search, "_FINDERS", lambda world, own: own | {Kind.PROVIDER: around(world, own[Kind.PROVIDER])})


def _called(world: World, original: Any) -> Any:
    return lambda sheet, name, form: original(sheet, f"{name}-{slug(world)}", form)


def _later(world: World, found: Any) -> Any:
    return [replace(one, closes_at=one.closes_at + timedelta(seconds=len(world.buyer.name))) for one in found]


def _prior(world: World, found: Any) -> Any:
    return replace(found, invitation=replace(found.invitation, decline_reason=world.buyer.prior_provider))


def _redirected(world: World, response: Response) -> Response:
    response.headers["location"] += f"?of={slug(world)}"
    return response


def _asking_once_more(world: World, original: Any) -> Any:
    """Cost five queries more for large buyers: what is answered is the same, what it takes is not."""

    def public(reading: Any, request_ids: Any) -> Any:
        for _ in range(5 * large(world)):
            reading.session.execute(sql("SELECT 1"))
        return original(reading, request_ids)

    return public


def _drawn_from_the_name(world: World) -> Callable[[str], str]:
    """Draw ids from a seed: who knows, or tries, a name, can tell which ids its buyer has."""
    numbers = count()

    def new(prefix: str) -> str:
        drawn = hashlib.sha256(f"{world.buyer.name} {next(numbers)}".encode()).digest()[:15]
        return f"{prefix}_{base64.b32encode(drawn).decode().lower()}"

    return new


def guess(world: World) -> None:
    """Ask the buyer whether it is one or the other."""
    for one in (NORTHWIND, ZEBEDEE):
        ask_openly(world, f"Are you {one.name}?")


LEAKS = (
    Leak("the slug of a link", _carriers_finder(_slugged), look_at("/search?q=internet")),
    Leak(
        "an ETag",
        changed(http, "etag", lambda world, tag: f'{tag[:-1]}-{len(world.buyer.name)}"'),
        look_at("/invitations/{inv}/bid-draft"),
    ),
    Leak(
        "a Location", replaced(MutableHeaders, "__setitem__", _location), lambda world: ask_openly(world, "How high?")
    ),
    Leak("a redirect", changed(pages, "see", _redirected), sign_in),
    Leak("a header", _bytes_header("x-cache-key"), look_at("/provider")),
    Leak(
        "a header of rate limits",
        changed(RateLimit, "_fields", lambda world, own: own | {"RateLimit-Partition": slug(world)}),
        preview,
    ),
    Leak("Set-Cookie", replaced(browser, "sign_in", _another_cookie), sign_in),
    Leak(
        "the order of a list",
        changed(notices.service, "inbox", lambda world, found: found[:: 1 - 2 * large(world)]),
        look_at("/notices"),
    ),
    Leak(
        "a count",
        changed(notices.service, "unread_count", lambda world, count: count + large(world)),
        look_at("/notices/unread-count"),
    ),
    Leak(
        "a cursor",
        replaced(pagination, "encode", lambda world, own: lambda key: own([*key, slug(world)])),
        look_at("/notices?limit=1"),
    ),
    Leak("403 in place of 404", replaced(seller_service, "terms", _forbidden), look_at("/terms/{request}")),
    Leak(
        "a mention in an error",
        changed(ProblemError, "document", lambda world, own: own | {"detail": world.buyer.name}),
        bid_anew,
    ),
    Leak("the name of a file", replaced(exports, "as_file", _called), look_at("/c/inbox.csv")),
    Leak(
        "a column of an export",
        changed(inbox, "_cells", lambda world, cells: (*cells, world.buyer.purchase_order)),
        look_at("/c/inbox.csv", "/c/inbox.csv?tab=bidding"),
    ),
    Leak(
        "the author of a workbook",
        replaced(sheets, "_NO_PROPERTIES", lambda world, own: own.replace(b"/>", f" of='{slug(world)}'/>".encode())),
        look_at("/c/inbox.xlsx"),
    ),
    Leak("the metadata of a PDF", changed(seller_service, "terms_bytes", _author), look_at("/terms/{terms}/file")),
    Leak("a calendar file", changed(calendar, "_uid", lambda world, uid: f"{uid}.{slug(world)}"), look_at("/calendar")),
    Leak("the head of a mail", changed(compose, "compose", _mail_header), news()),
    Leak("the text of a mail", changed(compose, "_text", lambda world, text: f"{text}\n{world.buyer.person}"), news()),
    Leak(
        "the headers of a webhook",
        changed(webhook_rules, "headers_of", lambda world, own: own | {"ce-tenant": slug(world)}),
        news(),
    ),
    Leak(
        "the body of a webhook",
        changed(webhook_rules, "body_of", lambda world, body: body[:-1] + f',"of":"{slug(world)}"}}'.encode()),
        news(),
    ),
    Leak(
        "the log of webhooks",
        changed(webhooks, "read_delivery", lambda world, found: (replace(found[0], subject=slug(world)), found[1])),
        newest_delivery,
    ),
    Leak("an event of the feed", changed(feed, "_written", _in_event), look_at("/events/stream?once=true&after=")),
    Leak(
        "a live page",
        changed(live, "_picture", lambda world, picture: (picture[0] + f"<!-- {slug(world)} -->", *picture[1:])),
        look_at("/live/desk-inbox/new?once=true"),
    ),
    Leak("the title of a page", replaced(pages, "render", _title), look_at("/search")),
    Leak(
        "a search for the name", _carriers_finder(_search_by_name), look_at("/search?q=Northwind", "/search?q=Zebedee")
    ),
    Leak("a moment", changed(received, "received", _later), look_at("/invitations")),
    Leak(
        "a field that is empty otherwise", changed(received, "open_invitation", _prior), look_at("/invitations/{inv}")
    ),
    Leak(
        "the number of past requests",
        changed(hindsight, "hindsight", lambda world, found: replace(found, matched=10 if large(world) else None)),
        preview,
    ),
    Leak("a guess that is confirmed", replaced(questions.service, "ask", _guess_confirmed), guess),
    Leak("what a receipt signs", replaced(Keyring, "sign", _signed_within), bid_anew),
    Leak(
        "a transcript",
        changed(transcript, "for_bidder", lambda world, own: replace(own, reader=f"{own.reader} of {slug(world)}")),
        look_at("/invitations/{closed}/lots/T1/transcript"),
    ),
)

MORE_WORK = replaced(received.requests, "public", _asking_once_more)
"""Seen by a clock alone."""

SEEDED_IDS = replaced(ids, "new", lambda world, _own: _drawn_from_the_name(world))
"""Seen by who lives twice alone: one world's ids are as good as another's."""

HASHED_NAME = changed(http, "etag", lambda world, _tag: f'"{hashlib.sha256(world.buyer.name.encode()).hexdigest()}"')
"""Seen by who tries names alone: it looks random."""
