"""What came of it: the ledger against the database, the journal against itself, the notices against the journal."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from faults.load import Command, Kind, Outcome
from faults.market import Market
from marketplace.bidding import transcript, transcripts
from marketplace.kernel import journal, reactions
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.health import Health, health
from marketplace.wiring import Marketplace

_SETTLING_SECONDS = 180.0
_SHOWN = 5
_BIDS = (
    "SELECT b.id, b.key, b.provider_id, l.ref, b.amount, b.commitment, b.sequence, j.hash, j.seq"
    " FROM market.bids b JOIN market.lots l ON l.id = b.lot_id"
    " LEFT JOIN (SELECT data -> 'event' ->> 'bid_id' AS bid_id, hash, seq FROM kernel.journal"
    "  WHERE type = 'bid.placed') j ON j.bid_id = b.id"
    " WHERE b.request_id = :request_id"
)
_EVENTS = "SELECT stream, count(*) FROM kernel.journal WHERE type = :name GROUP BY stream"
_POSITIONS = (
    "SELECT count(*) AS events, count(DISTINCT position) AS positions, coalesce(max(position), 0) AS last"
    " FROM kernel.journal"
)
_NOTICES = "SELECT dedupe_key, organization_id, count FROM market.notices"
_FORGET_NOTICES = (
    "TRUNCATE market.notices CASCADE",
    "UPDATE kernel.cursors SET position = 0 WHERE name = 'notices are written'",
)
_LOTS = "SELECT id, request_id FROM market.lots"
_KEYS = "SELECT key, count(*) FROM kernel.idempotency GROUP BY caller, key HAVING count(*) > 1"


@dataclass(slots=True)
class Checks:
    """What is checked, and what is wrong by what was checked."""

    market: Marketplace
    played: Market
    ledger: list[Command]
    owner: Engine
    wrong: dict[str, list[str]]

    @classmethod
    def of(cls, market: Marketplace, played: Market, ledger: list[Command]) -> "Checks":
        """Return the checks of a market at rest."""
        return cls(market, played, ledger, create_engine(market.database.owner), {})

    def _rows(self, query: str, **values: Any) -> list[Any]:
        with self.owner.connect() as connection:
            return list(connection.execute(text(query), values))

    def all(self) -> dict[str, list[str]]:
        """Return what is wrong by what was checked. The notices come last: they are written anew."""
        try:
            bids = self._bids()
            self._note("acknowledged bids that are not there once as answered", self._acknowledged_bids(bids))
            self._note("refused bids that are there", self._refused_bids(bids))
            self._note("bids that nobody sent, or that are there twice", self._strange_bids(bids))
            self._note("bids out of the order of their answers", self._out_of_order(bids))
            self._note("awards not once as answered", self._counted(Kind.AWARD, "award.made"))
            self._note("confirmations not once as answered", self._counted(Kind.CONFIRMATION, "award.confirmed"))
            self._note("acceptances not once as answered", self._counted(Kind.ACCEPTANCE, "contract.made"))
            self._note("states that their own chain or receipt contradicts", self._chains())
            self._note("lots whose replay differs from what is stored", self._replayed())
            self._note("keys that are kept twice", (row.key for row in self._rows(_KEYS)))
            self._note("notices missing, doubled or of nothing", self._notices())
        finally:
            self.owner.dispose()
        return self.wrong

    def _note(self, what: str, found: Iterable[str]) -> None:
        self.wrong[what] = list(found)

    # ---- bids

    def _bids(self) -> dict[str, list[Any]]:
        """Return the bids of the auction that ran by the key of their command, each with its event."""
        found: dict[str, list[Any]] = defaultdict(list)
        for row in self._rows(_BIDS, request_id=self.played.running):
            found[row.key].append(row)
        return found

    def _sent(self, kind: Kind, outcome: Outcome) -> list[Command]:
        return [one for one in self.ledger if one.kind is kind and one.outcome is outcome]

    def _acknowledged_bids(self, bids: dict[str, list[Any]]) -> Iterator[str]:
        keys = self.market.vault.keyring.public_keys
        for one in self._sent(Kind.BID, Outcome.ACKNOWLEDGED):
            receipts = one.document["receipts"]
            told = sorted((item["lot"], item["bid_id"], item["amount"], item["leaf"]) for item in receipts)
            kept = sorted((row.ref, row.id, str(row.amount), row.hash) for row in bids.get(one.key, ()))
            if told != kept or any(row.provider_id != one.by for row in bids.get(one.key, ())):
                yield f"{one.key}: told {told}, kept {kept}"
            for item in receipts:
                try:
                    transcript.read_receipt(item, keys)
                except transcript.WrongTranscriptError as error:
                    yield f"{one.key}: {error}"

    def _refused_bids(self, bids: dict[str, list[Any]]) -> Iterator[str]:
        for one in self._sent(Kind.BID, Outcome.REFUSED):
            if one.key in bids:
                yield f"{one.key}: {one.status} {one.answer[:200].decode()}, tried {one.tries} times"

    def _strange_bids(self, bids: dict[str, list[Any]]) -> Iterator[str]:
        sent = {one.key: one for one in self.ledger if one.kind is Kind.BID}
        for key, rows in bids.items():
            if key not in sent:
                yield f"{key} was never sent"
                continue
            wanted = [item["lot"] for item in _body(sent[key])["lots"]]
            if sorted(wanted) != sorted(row.ref for row in rows):
                yield f"{key}: sent for {wanted}, kept for {[row.ref for row in rows]}"
            yield from (f"{key} has no event" for row in rows if row.hash is None)

    def _out_of_order(self, bids: dict[str, list[Any]]) -> Iterator[str]:
        """Find bids sent after another's answer that stand before it in the lot's chain."""
        by_lot: dict[str, list[tuple[int, Command]]] = defaultdict(list)
        for one in self._sent(Kind.BID, Outcome.ACKNOWLEDGED):
            for row in bids.get(one.key, ()):
                by_lot[row.ref].append((row.seq or 0, one))
        for ref, placed in by_lot.items():
            latest_sent, latest = 0.0, ""
            for _, one in sorted(placed, key=lambda item: item[0]):
                if latest_sent > one.known:
                    yield f"{ref}: {one.key} was answered before {latest} was sent, and stands after it"
                if one.sent > latest_sent:
                    latest_sent, latest = one.sent, one.key

    # ---- awards, confirmations, acceptances

    def _counted(self, kind: Kind, name: str) -> Iterator[str]:
        """Compare what was answered with how often it is in the journal, by request or contract."""
        happened = Counter({row.stream: row.count for row in self._rows(_EVENTS, name=name)})
        told: dict[str, list[Command]] = defaultdict(list)
        for one in self.ledger:
            if one.kind is kind:
                told[self._stream(one)].append(one)
        for stream, commands in told.items():
            known = [one for one in commands if one.outcome is Outcome.ACKNOWLEDGED]
            unknown = any(one.outcome is Outcome.UNKNOWN for one in commands)
            most = 1 if known or unknown else 0
            least = 1 if known else 0
            if not least <= happened[stream] <= most:
                answers = [f"{one.outcome} {one.status}" for one in commands]
                yield f"{stream}: {name} {happened[stream]} times, answered {answers}"
        for stream in happened.keys() - told.keys():
            yield f"{stream}: {name}, which nobody asked for"

    def _stream(self, command: Command) -> str:
        parts = command.path.split("/")
        if command.kind is Kind.ACCEPTANCE:
            return f"contract:{parts[2]}"
        if command.kind is Kind.AWARD:
            return f"request:{parts[2]}"
        requests = {found: one for bidder in self.played.bidders for one, found in bidder.invitations.items()}
        return f"request:{requests[parts[2]]}"

    # ---- the journal

    def _chains(self) -> Iterator[str]:
        with self.market.workshop.reading() as reading:
            report = journal.verify(reading.session)
        if report.broken:
            yield report.broken
        (row,) = self._rows(_POSITIONS)
        if not row.events == row.positions == row.last:
            yield f"{row.events} events, {row.positions} positions, the last is {row.last}"

    def _replayed(self) -> Iterator[str]:
        for row in self._rows(_LOTS):
            try:
                with self.market.workshop.work() as work:
                    found = transcripts.examined(work, row.id)
            except ValueError as error:
                yield f"{row.id}: {error}"
                continue
            yield from (f"{row.id}: {one.field}" for one in found.differences)

    # ---- notices

    def _notices(self) -> Iterator[str]:
        """Write all notices once more, from the journal's beginning, and compare."""
        told = self._told()
        with self.owner.begin() as connection:
            for statement in _FORGET_NOTICES:
                connection.execute(text(statement))
        (follower,) = [one for one in self.market.workshop.reactions.followers() if one.name == "notices are written"]
        reactions.follow(self.market.workshop, follower)
        expected = self._told()
        for key in sorted(told.keys() | expected.keys()):
            if told.get(key) != expected.get(key):
                yield f"{key}: told {told.get(key, 0)}, the journal says {expected.get(key, 0)}"

    def _told(self) -> dict[tuple[str, str], int]:
        return {(row.dedupe_key, row.organization_id): row.count for row in self._rows(_NOTICES)}


def settle(market: Marketplace) -> str:
    """Wait until the workers have caught up with everything; return what they have not, empty if nothing."""
    followers = tuple(one.name for one in market.workshop.reactions.followers())
    ends = stopwatch() + _SETTLING_SECONDS
    behind = "nothing could be read"
    while behind and stopwatch() < ends:
        with suppress(SQLAlchemyError), market.workshop.reading() as reading:
            behind = _behind(health(reading, followers))
        wait(0.2)
    return behind


def _behind(found: Health) -> str:
    waiting = [f"{one.name} is {one.behind} behind {one.last_error}" for one in found.followers if one.behind]
    if found.journal.unstamped:
        waiting.append(f"{found.journal.unstamped} events have no position")
    waiting += [f"{one.overdue} alarms of {one.kind} are overdue" for one in found.alarms if one.overdue]
    return ", ".join(waiting)


def shown(found: list[str]) -> str:
    """Return the first of what was found, for people."""
    more = len(found) - _SHOWN
    return "; ".join(found[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _body(command: Command) -> Any:
    return json.loads(command.body)
