"""One batch: hold the lots, decide on what they are now, write all that follows, commit; then the answers leave."""

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from typing import NamedTuple

import asyncpg
import orjson

from marketplace.bidding import clockwork, engine, stored
from marketplace.bidding.desk import statements
from marketplace.bidding.desk.cache import KnownLot, load_lots
from marketplace.bidding.desk.decision import Automatic, Draft, Office, check_same
from marketplace.bidding.desk.orders import Answer, Order
from marketplace.bidding.desk.statements import BidLine, LotLine
from marketplace.bidding.offer import Offer, adjusted_to
from marketplace.kernel import codec
from marketplace.kernel.errors import ProblemError
from marketplace.kernel.ids import LotId
from sellers.model import InvitationStatus


class Busy(NamedTuple):
    """An order that found lots held by somebody else, and those lots: each that it has met so far, in order."""

    order: Order
    lots: tuple[LotId, ...]


async def run(
    office: Office, connection: asyncpg.Connection, orders: Sequence[Order], wait_for: Sequence[LotId] = ()
) -> tuple[list[Busy], bool]:
    """Work off ``orders`` in their order and answer them once that is on disk.

    Waits for the lots ``wait_for`` alone. Returns the orders that need another lot that somebody else holds, and
    whether events were journaled. Raises what the connection raises; then nothing was answered, and nothing done
    unless the connection broke while it committed.
    """
    await connection.execute("BEGIN")
    try:
        draft, busy = await _decided(office, connection, orders, wait_for)
        if draft is not None:
            await _write(draft, connection)
        await connection.execute("COMMIT")
    except BaseException:
        await _undo(connection)
        raise
    if draft is None:
        return busy, False
    for held, after in draft.changed():
        office.cache.keep(after._replace(revision=held.revision + 1))
    for order, answer in draft.answers:
        if isinstance(answer, ProblemError):
            order.fail(answer)
        else:
            order.answer(answer)
            if order.guest.invitation_id in draft.lines.invitations:
                office.cache.keep_guest(order.guest._replace(status=InvitationStatus.BID))
    return busy, bool(draft.lines.events)


async def _undo(connection: asyncpg.Connection) -> None:
    """Leave no transaction behind; a connection that can't do that is not used again."""
    try:
        await connection.execute("ROLLBACK")
    except BaseException:  # noqa: BLE001 - what is raised already matters more
        connection.terminate()


async def _decided(
    office: Office, connection: asyncpg.Connection, orders: Sequence[Order], wait_for: Sequence[LotId]
) -> tuple[Draft | None, list[Busy]]:
    """Hold what can be held and decide the orders on it; return also the orders that have to wait."""
    rows = await _hold(connection, orders, wait_for)
    held = {row["id"] for row in rows}
    ready: list[Order] = []
    busy: list[Busy] = []
    for order in orders:
        missing = set(order.lot_ids) - held
        if missing:
            busy.append(Busy(order, tuple(sorted(missing.union(wait_for).intersection(order.lot_ids)))))
        else:
            ready.append(order)
    if not ready:
        return None, busy
    now = office.clock.at(max(row["now"] for row in rows)).astimezone(UTC)
    # behind the lots: who waits for a lot must not keep others of its bidder's bids waiting
    declined = await _hold_invitations(connection, ready)
    draft = Draft(office, now, await _as_held(office, connection, rows), declined)
    for order in ready:
        draft.decide(order)
    if draft.repeated:
        await _answer_repeated(draft, connection)
    return draft, busy


async def _hold(
    connection: asyncpg.Connection, orders: Sequence[Order], wait_for: Sequence[LotId]
) -> list[asyncpg.Record]:
    """Hold ``wait_for`` in the order of the ids, then what is free of the others: nobody waits in a circle."""
    others = {lot_id for order in orders for lot_id in order.lot_ids}.difference(wait_for)
    rows: list[asyncpg.Record] = []
    if wait_for:
        rows += await connection.fetch(statements.HOLD, list(wait_for))
    if others:
        rows += await connection.fetch(statements.HOLD_FREE, sorted(others))
    return rows


async def _hold_invitations(connection: asyncpg.Connection, orders: Sequence[Order]) -> frozenset[str]:
    """Hold the invitations on which a first bid is made; return those that were declined meanwhile."""
    first = {order.guest.invitation_id for order in orders if order.guest.status is not InvitationStatus.BID}
    if not first:
        return frozenset()
    rows = await connection.fetch(statements.HOLD_INVITATIONS, sorted(first))
    return frozenset(row["id"] for row in rows if row["status"] == InvitationStatus.DECLINED)


async def _as_held(
    office: Office, connection: asyncpg.Connection, rows: Sequence[asyncpg.Record]
) -> dict[LotId, KnownLot]:
    """Return the held lots: from memory where their revision is the known one, otherwise read anew."""
    held: dict[LotId, KnownLot] = {}
    changed: list[LotId] = []
    for lot_id, revision, _ in rows:
        known = office.cache.lot(lot_id)
        if known is not None and known.revision == revision:
            held[lot_id] = known
        else:
            changed.append(lot_id)
    if changed:
        for lot_id, lot in (await load_lots(connection, changed)).items():
            held[lot_id] = lot
            office.cache.keep(lot)
    return held


async def _answer_repeated(draft: Draft, connection: asyncpg.Connection) -> None:
    """Give orders whose key was used before the receipts that they got then."""
    asked = [
        (lot_id, order.guest.provider_id, order.key) for order in draft.repeated for lot_id in sorted(order.lot_ids)
    ]
    rows = await connection.fetch(statements.REPEATED, *map(list, zip(*asked, strict=True)))
    kept = {(row["lot_id"], row["provider_id"], row["key"]): row for row in rows}
    for order in draft.repeated:
        try:
            draft.answers.append((order, _receipts_again(draft, order, kept)))
        except ProblemError as error:
            draft.answers.append((order, error))


def _receipts_again(draft: Draft, order: Order, kept: dict[tuple[str, str, str], asyncpg.Record]) -> Answer:
    receipts = []
    for lot_id in order.lot_ids:
        row = kept.get((lot_id, order.guest.provider_id, order.key))
        if row is None:  # the key was used for other lots, or by a command that has no receipt
            continue
        check_same(draft.lots[lot_id].ref, order.fingerprint, row["fingerprint"])
        receipts.append(draft.office.sealer.open(row["answer"]))
    if len(receipts) != len(order.parts):
        check_same(draft.lots[order.lot_ids[0]].ref, order.fingerprint, None)
    return Answer(tuple(receipts), replayed=True)


async def _write(draft: Draft, connection: asyncpg.Connection) -> None:
    """Write everything that was decided: one statement, and further ones for what is rare."""
    changed = draft.changed()
    lines = draft.lines
    if not changed:
        return
    if draft.automatic:
        await _price_automatic(draft, connection)
    lots = [_line(after, head=after.id in draft.heads) for _, after in changed]
    await connection.fetch(statements.WRITE, *statements.arguments(lines, draft.now, lots))
    alarms = []
    for held, after in changed:
        pending = engine.next_due(after.state)
        if pending is not None and pending != engine.next_due(held.state):
            alarms.append((after.id, pending))
    if alarms:
        keys, instants = map(list, zip(*alarms, strict=True))
        await connection.execute(statements.SET_ALARMS, clockwork.CLOSE_ALARM, keys, instants)
    if lines.entered:
        await connection.execute(statements.PLACE_ENTERED, *map(list, zip(*lines.entered, strict=True)))
    if lines.dropped:
        await connection.execute(statements.DROP, lines.dropped)
    if lines.invitations:
        await connection.execute(statements.MARK_BID, lines.invitations, draft.now)


def _line(lot: KnownLot, *, head: bool) -> LotLine:
    figures = stored.figures_of(lot.state)
    return LotLine(
        lot.id,
        figures.status,
        figures.sequence,
        figures.at,
        figures.opens_at,
        figures.closes_at,
        figures.extensions,
        orjson.Fragment(orjson.dumps(codec.dump(stored.head_of(lot.state)))) if head else None,
        lot.chain,
    )


async def _price_automatic(draft: Draft, connection: asyncpg.Connection) -> None:
    """Make the rows of bids that proxies placed: the proxy's offer, adjusted to the price that it came to."""
    missing = {item.proxy_id for item in draft.automatic} - draft.priced.keys()
    rows = {row["id"]: row for row in await connection.fetch(statements.PROXIES, sorted(missing))} if missing else {}
    for item in draft.automatic:
        if item.proxy_id in draft.priced:
            order, part = draft.priced[item.proxy_id]
            given = part.offer, order.guest.invitation_id, order.request_version or 0
        else:
            row = rows[item.proxy_id]
            given = codec.load(Offer, orjson.loads(row["offer"])), row["invitation_id"], row["request_version"]
        draft.lines.bids.append(_automatic_line(item, *given))


def _automatic_line(item: Automatic, offer: Offer, invitation_id: str, request_version: int) -> BidLine:
    bid, lot = item.bid, item.lot
    adjusted = adjusted_to(lot.to_price, offer, bid.amount if bid.amount is not None else Decimal(0))
    return BidLine(
        bid.bid_id,
        lot.id,
        lot.request_id,
        bid.bidder,
        invitation_id,
        bid.version,
        request_version,
        bid.sequence,
        item.key,
        True,
        bid.commitment,
        bid.valid_until,
        bid.placed_at,
        orjson.Fragment(codec.packed(adjusted)),
        bid.amount,
        bid.malus,
        None,
        None,
        None,
    )
