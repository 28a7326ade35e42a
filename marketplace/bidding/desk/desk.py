"""The desk's lanes: orders wait by lot, and a batch is what waits when its lane is free; nothing waits for a timer.

A lot that somebody else holds leaves its lane: its orders are worked off beside it, so that no other lot waits for it.
Orders on several lots have a lane of their own. No lane ever waits for a lot; an order that found some held waits
beside the lanes for just those, together with all orders that wait for the same ones.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from zlib import crc32

import asyncpg

from marketplace.bidding import engine
from marketplace.bidding.desk import batch, cache, statements
from marketplace.bidding.desk.batch import Busy
from marketplace.bidding.desk.cache import Cache, Guest, KnownLot
from marketplace.bidding.desk.decision import Office, check_taking_bids
from marketplace.bidding.desk.line import LOST, Line, unavailable
from marketplace.bidding.desk.orders import (
    Answer,
    BidCommand,
    Leaving,
    Order,
    Part,
    Priced,
    ProxyCommand,
    TakingBack,
    command_of,
    lot_problems,
    priced,
)
from marketplace.bidding.model import BidderView, Refusal
from marketplace.kernel import ids, metrics, tracing
from marketplace.kernel.access import Principal
from marketplace.kernel.errors import MalformedError, NotFoundError, ProblemError
from marketplace.kernel.idempotency import Key
from marketplace.kernel.ids import BidId, LotId
from marketplace.kernel.work import Workshop
from sellers.model import InvitationStatus

_LOG = logging.getLogger(__name__)
_MOST_AT_ONCE = 256
"""Orders in one transaction at most."""
_ATTENDANTS = 8
"""Lots, or sets of lots, at once that are waited for beside the lanes."""
_SHARE = 4
"""A single lot may fill this part of the queue: one quarter."""

T = TypeVar("T")


class _Lane:
    """Orders that wait for one connection."""

    def __init__(self, dsn: dict[str, Any]) -> None:
        self.line = Line(dsn)
        self.waiting: deque[Order] = deque()
        self.filled = asyncio.Event()

    def put(self, order: Order) -> None:
        self.waiting.append(order)
        self.filled.set()

    async def take(self) -> list[Order]:
        """Wait until there is something to do; return it."""
        await self.filled.wait()
        taken = [self.waiting.popleft() for _ in range(min(len(self.waiting), _MOST_AT_ONCE))]
        if not self.waiting:
            self.filled.clear()
        return taken


class Desk:
    """Takes orders of bidders. Lives in one event loop; in another one it begins anew."""

    def __init__(self, workshop: Workshop) -> None:
        vault = workshop.vault
        self._workshop = workshop
        self._dsn = workshop.database.desk_dsn
        self._lane_count = vault.settings.desk_lanes
        self._most = vault.settings.desk_queue
        self._office = Office(Cache(), workshop.clock, vault.keyring, vault.sealer("answers"))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._forget_the_loop()

    # ---- orders

    @property
    def waiting(self) -> int:
        """How many commands wait in this process for their decision."""
        return self._waiting

    async def bid(self, principal: Principal, invitation_id: str, command: BidCommand, key: Key | None) -> Answer:
        """Place a bid; all of its offers are accepted, or none.

        Raises NotFoundError, ProviderInactiveError, NotTakingBidsError, RequestChangedError, MalformedError,
        BidRefusedError, KeyReusedError, UnavailableError.
        """
        guest, parts = await self._bid_parts(principal, invitation_id, command)
        return await self._order(principal, guest, parts, key, command.request_version)

    async def set_proxies(
        self, principal: Principal, invitation_id: str, command: ProxyCommand, key: Key | None
    ) -> Answer:
        """Set limits down to which the engine bids for the caller. Raises like ``bid``."""
        guest = await self._guest(principal, invitation_id)
        lots = await self._named(guest, [offer.lot for offer in command.offers])
        parts = [
            priced(lot, offer, f"/lots/{index}", limit=limit, step=step)
            for index, (lot, offer, limit, step) in enumerate(
                zip(lots, command.offers, command.limits, command.steps, strict=True)
            )
        ]
        _refuse_malformed(lots, parts, command.request_version)
        return await self._order(principal, guest, parts, key, command.request_version)

    async def take_back(
        self, principal: Principal, invitation_id: str, bid_id: str, reason: str, key: Key | None
    ) -> Answer:
        """Take a bid back or ask to. Raises NotFoundError, ProviderInactiveError, BidRefusedError, UnavailableError."""
        guest = await self._guest(principal, invitation_id)
        lot_id = await self._look(lambda connection: connection.fetchval(statements.LOT_OF_BID, bid_id, invitation_id))
        if lot_id is None:
            raise NotFoundError
        return await self._order(principal, guest, [TakingBack(LotId(lot_id), BidId(bid_id), reason)], key, None)

    async def leave(self, principal: Principal, invitation_id: str, ref: str, key: Key | None) -> Answer:
        """Leave a falling clock for good. Raises like ``take_back``."""
        guest = await self._guest(principal, invitation_id)
        if ref not in guest.lots:
            raise NotFoundError
        return await self._order(principal, guest, [Leaving(guest.lots[ref])], key, None)

    async def dry_run(
        self, principal: Principal, invitation_id: str, command: BidCommand
    ) -> list[tuple[str, Decimal, BidderView | Refusal]]:
        """Tell by lot what an offer costs, and what its bidder would see after the bid or why it would be refused.

        Changes nothing. Raises NotFoundError, ProviderInactiveError, NotTakingBidsError, RequestChangedError,
        MalformedError.
        """
        guest = await self._guest(principal, invitation_id)
        lots, now = await self._look(lambda connection: self._current(connection, guest, command))
        parts = [
            priced(lot, offer, f"/lots/{at}", confirmed=command.confirmed)
            for at, (lot, offer) in enumerate(zip(lots, command.offers, strict=True))
        ]
        _refuse_malformed(lots, parts, command.request_version)
        check_taking_bids(lots, command.request_version, declined=guest.status is InvitationStatus.DECLINED)
        order = Order(principal, guest, tuple(parts), ids.new("key"), "", command.request_version)
        found = []
        for lot, part in zip(lots, parts, strict=True):
            asked: Any = command_of(order, part)
            found.append((lot.ref, part.amount, engine.validate(lot.state, asked, now)))
        return found

    async def terms(self, principal: Principal, terms_id: str) -> str:
        """Return the hash of one of the caller's terms documents. Raises NotFoundError."""
        office = self._office
        known = office.cache.terms(terms_id, principal.organization_id)
        if known is None:
            known = await self._look(
                lambda connection: connection.fetchval(statements.TERMS, terms_id, principal.organization_id)
            )
            if known is None:
                raise NotFoundError
            office.cache.keep_terms(terms_id, principal.organization_id, known)
        return known

    # ---- lifecycle

    async def close(self) -> None:
        """Answer what still waits with 503 and close all connections."""
        if self._loop is not asyncio.get_running_loop():
            return
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes:
            for order in lane.waiting:
                order.fail(unavailable())
        for orders in self._slow.values():
            for order in orders:
                order.fail(unavailable())
        self._reader.hang_up()
        self._forget_the_loop()

    def _forget_the_loop(self) -> None:
        self._loop = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes: list[_Lane] = []
        self._reader = Line(self._dsn)
        self._slow: dict[tuple[LotId, ...], list[Order]] = {}
        self._wanted: set[LotId] = set()
        self._waiting = 0
        self._by_lot: Counter[LotId] = Counter()

    def _open(self) -> None:
        """Begin in the running loop; what a loop that is gone held went with it."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._forget_the_loop()
        self._loop = loop
        self._reading = asyncio.Lock()
        self._attendants = asyncio.Semaphore(_ATTENDANTS)
        self._lanes = [_Lane(self._dsn) for _ in range(self._lane_count + 1)]
        for lane in self._lanes:
            self._spawn(self._serve(lane))
        self._spawn(self._keep_reader(self._reader))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_reader(self, reader: Line) -> None:
        """Hang the reader up when the loop ends."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            reader.hang_up()

    # ---- before the lanes

    async def _bid_parts(
        self, principal: Principal, invitation_id: str, command: BidCommand
    ) -> tuple[Guest, Sequence[Part]]:
        guest = await self._guest(principal, invitation_id)
        lots = await self._named(guest, [offer.lot for offer in command.offers])
        parts = [
            priced(lot, offer, f"/lots/{at}", confirmed=command.confirmed)
            for at, (lot, offer) in enumerate(zip(lots, command.offers, strict=True))
        ]
        _refuse_malformed(lots, parts, command.request_version)
        return guest, parts

    async def _guest(self, principal: Principal, invitation_id: str) -> Guest:
        provider_id = principal.organization_id
        guest = self._office.cache.guest(invitation_id, provider_id)
        if guest is None:
            known = self._office.cache
            guest = await self._look(lambda connection: cache.load_guest(known, connection, invitation_id, provider_id))
            known.keep_guest(guest)
        return guest

    async def _named(self, guest: Guest, refs: Sequence[str]) -> list[KnownLot]:
        """Return the lots of these names as last known. Raises MalformedError."""
        _refuse_unknown(refs, guest)
        lot_ids = [guest.lots[ref] for ref in refs]
        known = self._office.cache
        # held here: what is known may be forgotten while the others are read
        lots = {lot_id: lot for lot_id in lot_ids if (lot := known.lot(lot_id)) is not None}
        missing = [lot_id for lot_id in lot_ids if lot_id not in lots]
        if missing:
            self._wanted.update(missing)
            lots |= await self._look(lambda connection: self._load_wanted(connection, missing))
        return [lots[lot_id] for lot_id in lot_ids]

    async def _load_wanted(self, connection: asyncpg.Connection, own: Sequence[LotId]) -> dict[LotId, KnownLot]:
        """Read the lots that callers wait for, all at once: who comes to the reader first reads for all."""
        known = self._office.cache
        lots = {lot_id: lot for lot_id in (*self._wanted, *own) if (lot := known.lot(lot_id)) is not None}
        wanted = {*self._wanted, *own} - lots.keys()
        self._wanted.clear()
        if wanted:
            lots |= await _snapshot(connection, sorted(wanted))
        for lot_id in wanted:
            known.keep(lots[lot_id])
        return {lot_id: lots[lot_id] for lot_id in own}

    async def _current(
        self, connection: asyncpg.Connection, guest: Guest, command: BidCommand
    ) -> tuple[list[KnownLot], Any]:
        """Return the lots of a command as they are now, and the time."""
        refs = [offer.lot for offer in command.offers]
        _refuse_unknown(refs, guest)
        lot_ids = [guest.lots[ref] for ref in refs]
        rows = await connection.fetch(statements.LOOK, lot_ids)
        known = self._office.cache
        revisions = {LotId(row["id"]): row["revision"] for row in rows}
        lots = {
            lot_id: lot for lot_id in lot_ids if (lot := known.lot(lot_id)) and lot.revision == revisions.get(lot_id)
        }
        changed = sorted(revisions.keys() - lots.keys())
        if changed:
            lots |= await _snapshot(connection, changed)
        for lot_id in changed:
            known.keep(lots[lot_id])
        now = self._office.clock.at(max(row["now"] for row in rows))
        return [lots[lot_id] for lot_id in lot_ids], now

    async def _look(self, ask: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Read something on the reader's connection, once more if that had died.

        Raises UnavailableError, and MalformedError for a text with a NUL.
        """
        self._open()
        async with self._reading:
            for _ in range(2):
                try:
                    return await ask(await self._reader.open())
                except LOST:
                    self._reader.hang_up()
                except _UNSTORABLE:
                    raise _unstorable() from None
                except asyncio.CancelledError:
                    self._reader.hang_up()
                    raise
        raise unavailable()

    # ---- the lanes

    async def _order(
        self, principal: Principal, guest: Guest, parts: Sequence[Part], key: Key | None, request_version: int | None
    ) -> Answer:
        """Queue an order and wait for its answer. Raises UnavailableError where too many wait already."""
        self._open()
        fingerprint = "" if key is None else f"{self._office.sealer.mark(key.caller.encode())[:16]}:{key.fingerprint}"
        order = Order(
            principal, guest, tuple(parts), ids.new("key") if key is None else key.key, fingerprint, request_version
        )
        lot_ids = order.lot_ids
        share = max(1, self._most // _SHARE)
        if self._waiting >= self._most or any(self._by_lot[lot_id] >= share for lot_id in lot_ids):
            raise unavailable()
        self._waiting += 1
        for lot_id in lot_ids:
            self._by_lot[lot_id] += 1
        try:
            self._put(order)
            return await order.done
        finally:
            self._waiting -= 1
            for lot_id in lot_ids:
                self._by_lot[lot_id] -= 1
                if not self._by_lot[lot_id]:
                    del self._by_lot[lot_id]

    def _put(self, order: Order) -> None:
        lot_ids = order.lot_ids
        if len(lot_ids) > 1:
            self._lanes[-1].put(order)
        elif (beside := self._slow.get(lot_ids)) is not None:
            beside.append(order)
        else:
            self._lanes[crc32(lot_ids[0].encode()) % self._lane_count].put(order)

    async def _serve(self, lane: _Lane) -> None:
        try:
            while True:
                orders = await lane.take()
                try:
                    self._set_aside(await self._work_off(lane.line, orders))
                except BaseException:
                    for order in orders:
                        order.fail(unavailable())
                    raise
        finally:
            lane.line.hang_up()

    def _set_aside(self, busy: Iterable[Busy]) -> None:
        """Let orders wait beside the lanes for the lots that they found held by somebody else.

        An order that meets another held lot there waits for that one, too: the lots of an order are finite, so it
        comes to its turn.
        """
        for order, lots in busy:
            beside = self._slow.get(lots)
            if beside is None:
                self._slow[lots] = [order]
                self._spawn(self._attend(lots))
            else:
                beside.append(order)

    async def _attend(self, lots: tuple[LotId, ...]) -> None:
        """Wait for lots that somebody else holds, and work off the orders on them until none is left."""
        async with self._attendants:
            line = Line(self._dsn)
            try:
                while orders := self._slow[lots][:_MOST_AT_ONCE]:
                    del self._slow[lots][: len(orders)]
                    self._set_aside(await self._work_off(line, orders, lots))
            finally:
                for order in self._slow.pop(lots):
                    order.fail(unavailable())
                line.hang_up()

    async def _work_off(self, line: Line, orders: list[Order], wait_for: tuple[LotId, ...] = ()) -> list[Busy]:
        """Work off orders in one transaction, or one by one if that fails; return those that have to wait."""
        try:
            with tracing.alone("desk batch", orders=len(orders)), metrics.batch(len(orders)):
                busy, journaled = await batch.run(self._office, await line.open(), orders, wait_for)
        except LOST:
            _LOG.warning("the desk lost a connection to the database; %d orders are answered 503", len(orders))
            self._give_up(line, orders)
            return []
        except asyncpg.LockNotAvailableError:
            self._give_up(None, orders)
            return []
        except Exception as error:  # noqa: BLE001 - it is told to the callers whose orders it is about
            if len(orders) > 1:
                return [found for one in orders for found in await self._work_off(line, [one], wait_for)]
            self._fail(orders[0], error)
            return []
        if journaled:
            self._workshop.woken()
        return busy

    def _give_up(self, line: Line | None, orders: Iterable[Order]) -> None:
        if line is not None:
            line.hang_up()
        for order in orders:
            self._office.cache.forget(order.lot_ids)
            order.fail(unavailable())

    def _fail(self, order: Order, error: Exception) -> None:
        """Tell the caller what stood against its order alone."""
        self._office.cache.forget(order.lot_ids)
        transient = asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError
        if isinstance(error, transient):
            order.fail(unavailable())
        elif isinstance(error, _UNSTORABLE):
            order.fail(_unstorable())
        else:
            if not isinstance(error, ProblemError):
                _LOG.error("an order failed", exc_info=error)
            order.fail(error)


_UNSTORABLE = (asyncpg.UntranslatableCharacterError, asyncpg.CharacterNotInRepertoireError)


def _unstorable() -> MalformedError:
    return MalformedError("A text holds a character that can't be stored (U+0000).")


async def _snapshot(connection: asyncpg.Connection, lot_ids: Sequence[LotId]) -> dict[LotId, KnownLot]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await cache.load_lots(connection, lot_ids)


def _refuse_unknown(refs: Sequence[str], guest: Guest) -> None:
    if errors := lot_problems(refs, guest.lots):
        raise MalformedError("The bid doesn't fit the request.", errors=errors)


def _refuse_malformed(lots: Sequence[KnownLot], parts: Sequence[Part], request_version: int) -> None:
    """Refuse at once what doesn't fit the version that it was made for; for another version the lanes say so."""
    errors = [error for part in parts if isinstance(part, Priced) for error in part.errors]
    if errors and all(lot.request_version == request_version and not lot.suspended for lot in lots):
        raise MalformedError("The bid doesn't fit the request.", errors=tuple(errors))
