"""Small worlds that live side by side: one carrier, a closed and an open request, and looks at single surfaces."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from io import BytesIO
from typing import Any

from pypdf import PdfWriter
from sqlalchemy import event

from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from notifications.webhooks import sending as webhooks
from tests.anonymity.made import CARRIERS, ID, Buyer, Observed, World, address_of, ask, begin_world, bid, parts
from tests.conftest import NOON
from tests.factories import PASSWORD
from tests.notifications.receivers import Receiver

CARRIER = CARRIERS[0]
Look = Callable[[World], None]
_SIGNATURE = re.compile(r"v1,[\w+/=]+")


def live(buyer: Buyer, database: Database, settings: Settings, enter: Any, hooks: Receiver) -> World:
    """Live a short story: one request until it has closed, with questions and a bid, and another that is open."""
    world = begin(buyer, database, settings, enter, hooks)
    request_id = ask(world, timedelta(days=2))
    inbox(world)
    ask_openly(world, "Is the riser ours to use?")
    bid(world, CARRIER, (400, 300))
    world.clock.now += timedelta(days=3)
    tell(world)
    assert world.buyer_user is not None
    sites = world.call(world.buyer_user, "GET", "/sites", 200)["items"]
    sites.sort(key=lambda site: site["postal_code"])  # the buyer's own order is that of its labels
    again = parts(world, [site["id"] for site in sites], timedelta(days=60))
    second = world.call(world.buyer_user, "POST", "/requests", 201, json=again)["id"]
    world.call(world.buyer_user, "POST", f"/requests/{second}/submit", 200, json={})
    world.buyer_ids += [request_id, second]
    tell(world)
    inbox(world)
    world.observe(CARRIER, "story", "GET", "/webhooks")
    file = {"title": (None, "Terms on paper"), "file": ("terms.pdf", _a_pdf(), "application/pdf")}
    assert world.observe(CARRIER, "story", "POST", "/terms/files", files=file).status_code == 201
    return world


def live_shortly(buyer: Buyer, database: Database, settings: Settings, enter: Any, hooks: Receiver) -> World:
    """Live until the carrier has received the buyer's request."""
    world = begin(buyer, database, settings, enter, hooks)
    ask(world, timedelta(days=2))
    inbox(world)
    return world


def begin(buyer: Buyer, database: Database, settings: Settings, enter: Any, hooks: Receiver) -> World:
    """Return a world in which nothing has been asked for yet."""
    world = begin_world(buyer, database, settings, enter, (CARRIER,), hooks.url)
    world.only_the_story = True
    return world


def inbox(world: World) -> None:
    """Let the carrier see the ids of what it received."""
    world.observe(CARRIER, "story", "GET", "/invitations")


def tell(world: World) -> None:
    """Let the worker do what is due, and everything leave the house: mails and webhooks."""
    world.settle()
    for courier in webhooks.SENDERS.values():
        while courier(world.market.workshop):
            pass


def ask_openly(world: World, text: str) -> None:
    """Ask a question about the newest request, as the carrier."""
    world.clock.now += timedelta(minutes=1)
    world.observe(CARRIER, "asking", "POST", f"/invitations/{_seen(world, 'inv')}/questions", json={"text": text})


def announce(world: World) -> None:
    """Let the platform announce something about the open request: news in every channel."""
    world.clock.now += timedelta(minutes=1)
    path = f"/auctions/{world.buyer_ids[-1]}/announcements"
    world.call(world.admin, "POST", path, 201, json={"text": "The platform is slow today."})
    tell(world)
    world.clock.now += timedelta(days=1)  # what is mailed with the day's other news
    tell(world)


def known(world: World) -> dict[str, str]:
    """Return what stands for the places of a path: the carrier's newest ids, its first request, the buyer's own id."""
    newest = {kind: _seen(world, kind) for kind in ("inv", "terms", "flt", "whk")}
    return newest | {"closed": world.seen_ids[CARRIER]["inv"][0], "request": world.buyer_ids[-1]}


def look_at(*paths: str) -> Look:
    """Return the look at some of the carrier's routes."""

    def look(world: World) -> None:
        for path in paths:
            world.observe(CARRIER, "look", "GET", path.format(**known(world)))

    return look


def news(*paths: str) -> Look:
    """Return the look at a piece of news: its mails, its webhooks, and some routes."""

    def look(world: World) -> None:
        announce(world)
        look_at(*paths)(world)

    return look


def newest_delivery(world: World) -> None:
    """Look at the newest message in the log of the carrier's webhook."""
    log = world.observe(CARRIER, "look", "GET", f"/webhooks/{_seen(world, 'whk')}/deliveries?limit=200")
    world.observe(CARRIER, "look", "GET", f"/webhooks/{_seen(world, 'whk')}/deliveries/{log.json()['items'][0]['id']}")


def bid_anew(world: World) -> None:
    """Bid on the open request, which also tries what it may not do."""
    world.clock.now += timedelta(minutes=1)
    price = int((world.clock.now - NOON).total_seconds()) // 60 % 1000  # another bid each time
    bid(world, CARRIER, (1000 + price, 2000 + price))


def sign_in(world: World) -> None:
    """Sign in by the form of the pages."""
    form = {"email": address_of(CARRIER), "password": PASSWORD}
    headers = {"Authorization": "", "Sec-Fetch-Site": "same-origin"}
    world.observe(CARRIER, "look", "POST", "/sign-in", data=form, headers=headers, follow_redirects=False)
    world.client.cookies.clear()


def preview(world: World) -> None:
    """Ask what a filter would have brought."""
    body = {"name": "Washington", "criteria": {"service_types": ["data"], "territory": {"states": ["US-WA"]}}}
    world.observe(CARRIER, "look", "POST", "/filters/preview", json=body)


def seen(world: World, look: Look, hooks: Receiver) -> list[Observed]:
    """Return every byte that the carrier observes by a look, without what it observed before."""
    names, seen_ids = deepcopy(world.names), deepcopy(world.seen_ids)
    world.observed, world.mails = {}, {}
    hooks.received.clear()
    try:
        look(world)
        found = world.observed.get(CARRIER, [])
        found += [(f"mail {number}", mail) for number, mail in enumerate(world.mails.get(CARRIER, []))]
        for number, sent in enumerate(hooks.received):
            headers = "\n".join(f"{name}: {value}" for name, value in sorted(sent.headers.items()))
            whole = _SIGNATURE.sub("<signature>", f"{headers}\n\n{sent.body.decode()}")
            found.append((f"webhook {number}", world._normal(CARRIER, whole)))
        return found
    finally:
        world.names, world.seen_ids = names, seen_ids


def drawn(world: World) -> set[str]:
    """Return the ids and pseudonyms that the carrier has seen: what is drawn, and no hash of anything."""
    return {value for value in world.names[CARRIER] if ID.fullmatch(value) or value.startswith("Buyer ")}


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Collect the statements that a world's marketplace sends to its database."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engines = (world.market.database.app, world.market.database.carrier, world.market.database.desk)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def _seen(world: World, kind: str) -> str:
    return world.seen_ids[CARRIER][kind][-1]


def _a_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    file = BytesIO()
    writer.write(file)
    return file.getvalue()
