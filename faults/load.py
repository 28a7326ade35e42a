"""The load: bids, awards, confirmations and acceptances over HTTP, each kept in a ledger with what was answered.

A client repeats a command with its Idempotency-Key, at any of the servers, until it knows the outcome; some clients
give up before. Some commands are sent again after their answer, and must get that answer again.
"""

import http.client
import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from faults.market import LOTS, Bidder, Market
from faults.processes import Tally
from marketplace.kernel.clock import stopwatch

_ANSWER_SECONDS = 8.0
_PAUSE_SECONDS = 0.1
_GIVES_UP = 0.02
"""Of the clients that did not hear an answer, each time."""
_SENT_AGAIN = 0.1
_CHANGED = 0.03
"""Of the keys that are used a second time for something else."""
_TOO_HIGH = 0.08
_TWO_LOTS = 0.2
_BUYERS = 12
"""Users of the one buyer's organization that award at a time."""
_BUYING = 0.8
"""Part of the time over which they award."""
_HIGHEST_CENTS = 9_000_000
_CREATED = 201
_CONFLICT = 409
_UNPROCESSABLE = 422
_TOO_MANY = 429
_SERVER_ERROR = 500
_UNAVAILABLE = 503


class Kind(StrEnum):
    """What is commanded."""

    BID = "bid"
    AWARD = "award"
    CONFIRMATION = "confirmation"
    ACCEPTANCE = "acceptance"


class Outcome(StrEnum):
    """What a client knows of its command in the end."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Command:
    """One command and what became of it.

    ``sent``, ``tried`` (the last time that it was sent) and ``known`` are instants of the stopwatch.
    """

    kind: Kind
    path: str
    body: bytes
    key: str
    token: str
    by: str
    sent: float = 0.0
    known: float = 0.0
    outcome: Outcome = Outcome.UNKNOWN
    status: int = 0
    answer: bytes = b""
    tries: int = 0
    tried: float = 0.0

    @property
    def document(self) -> Any:
        """What was answered."""
        return json.loads(self.answer)


@dataclass(slots=True)
class Clients:
    """All clients: how they reach the servers, when they end, and the ledger of what they commanded."""

    addresses: Sequence[tuple[str, int]]
    tally: Tally
    ended: threading.Event = field(default_factory=threading.Event)
    ledger: list[Command] = field(default_factory=list)

    def send(self, command: Command, draw: random.Random) -> Command:
        """Send a command until its outcome is known, or its client gives up, or all is over."""
        command.sent = stopwatch()
        self.ledger.append(command)
        while True:
            command.tries += 1
            command.tried = stopwatch()
            answer = self._command(command, command.body, draw)
            if answer is not None and answer[0] not in {_TOO_MANY, _UNAVAILABLE} and not _still_runs(*answer):
                command.status, command.answer = answer
                command.known = stopwatch()
                if answer[0] >= _SERVER_ERROR:
                    self.tally.find(f"{command.kind} was answered {answer[0]}: {answer[1][:300].decode()}")
                    return command
                done = answer[0] < _MULTIPLE_CHOICES
                command.outcome = Outcome.ACKNOWLEDGED if done else Outcome.REFUSED
                return command
            self.tally.count("tries that ended in the dark" if answer is None else "tries answered: not now")
            if draw.random() < _GIVES_UP or self.ended.wait(_PAUSE_SECONDS):
                return command

    def read(self, path: str, token: str, draw: random.Random) -> Any:
        """Return what is read, asked as often as it takes; None when all is over."""
        while True:
            answer = self._ask("GET", path, {"Authorization": f"Bearer {token}"}, draw)
            if answer is not None and answer[0] < _MULTIPLE_CHOICES:
                return json.loads(answer[1])
            if answer is not None and answer[0] not in {_TOO_MANY, _UNAVAILABLE}:
                self.tally.find(f"GET {path} was answered {answer[0]}: {answer[1][:300].decode()}")
                return None
            if self.ended.wait(_PAUSE_SECONDS):
                return None

    def send_again(self, command: Command, draw: random.Random) -> None:
        """Send an acknowledged command once more: the same answer, or nothing that is one."""
        changed = draw.random() < _CHANGED
        body = command.body.replace(b'"term_months": 36', b'"term_months": 37') if changed else command.body
        answer = self._command(command, body, draw)
        if answer is None or answer[0] in {_TOO_MANY, _UNAVAILABLE} or _still_runs(*answer):
            return
        if changed and body != command.body:
            self.tally.count("keys used for something else")
            if answer[0] != _UNPROCESSABLE:
                self.tally.find(f"{command.kind}: another payload under the same key was answered {answer[0]}")
            return
        self.tally.count("commands sent again after their answer")
        if answer != (command.status, command.answer):
            self.tally.find(
                f"{command.kind} {command.key}: sent again it was answered {answer[0]}, at first {command.status};"
                f" {answer[1][:300].decode()}"
            )

    def _command(self, command: Command, body: bytes, draw: random.Random) -> tuple[int, bytes] | None:
        headers = {"Authorization": f"Bearer {command.token}", "Idempotency-Key": command.key}
        return self._ask("POST", command.path, headers | {"Content-Type": "application/json"}, draw, body)

    def _ask(
        self, method: str, path: str, headers: dict[str, str], draw: random.Random, body: bytes | None = None
    ) -> tuple[int, bytes] | None:
        """Return the answer of one of the servers; None when it ended in the dark."""
        connection = self._connected(draw)
        if connection is None:
            return None
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _connected(self, draw: random.Random) -> http.client.HTTPConnection | None:
        """Connect to one of the servers, as a proxy before them would; None when all is over before one is there."""
        while True:
            for address in draw.sample(self.addresses, len(self.addresses)):
                connection = http.client.HTTPConnection(*address, timeout=_ANSWER_SECONDS)
                try:
                    connection.connect()
                except OSError:
                    connection.close()
                else:
                    return connection
            if self.ended.wait(_PAUSE_SECONDS):
                return None


_MULTIPLE_CHOICES = 300


def _still_runs(status: int, body: bytes) -> bool:
    return status == _CONFLICT and b"/problems/command-running" in body


@dataclass(slots=True)
class Carrier:
    """A client that bids one bid after the other, each lower than the last, until all is over."""

    clients: Clients
    bidder: Bidder
    draw: random.Random
    number: int

    def run(self) -> None:
        """Bid."""
        cents = _HIGHEST_CENTS
        while not self.clients.ended.is_set():
            too_high = self.draw.random() < _TOO_HIGH
            cents -= 1
            command = self.clients.send(self._bid(cents + 1000 if too_high else cents), self.draw)
            if command.outcome is Outcome.ACKNOWLEDGED and self.draw.random() < _SENT_AGAIN:
                self.clients.send_again(command, self.draw)

    def _bid(self, cents: int) -> Command:
        lots = self.draw.sample(range(1, LOTS + 1), 2 if self.draw.random() < _TWO_LOTS else 1)
        body = {
            "request_version": 1,
            "terms_id": self.bidder.terms_id,
            "term_months": 36,
            "lots": [
                {"lot": f"T{lot}", "lines": [{"line": f"L{lot}", "mrc": f"{cents // 100}.{cents % 100:02d}"}]}
                for lot in lots
            ],
        }
        path = f"/invitations/{self.bidder.invitation_id}/bids"
        return Command(
            Kind.BID, path, json.dumps(body).encode(), _key(self.draw), self.bidder.token, self.bidder.organization_id
        )


@dataclass(slots=True)
class Buyer:
    """A client that awards ``requests``, one after the other over ``seconds``, until each has its contract.

    The winners' confirmations are its part, too; an awarded request is awarded once more, which has to be refused.
    """

    clients: Clients
    market: Market
    requests: Sequence[str]
    draw: random.Random
    seconds: float

    def run(self) -> None:
        """Award."""
        began = stopwatch()
        for number, request_id in enumerate(self.requests):
            self.clients.ended.wait(began + self.seconds * number / len(self.requests) - stopwatch())
            if self.clients.ended.is_set():
                return
            self._one(request_id)

    def _one(self, request_id: str) -> None:
        comparison = self._read(f"/requests/{request_id}/comparison")
        if comparison is None:
            return
        offer = comparison["lots"][0]["offers"][0]
        body = {"awarded": [{"lot": "T1", "bid_id": offer["bid_id"]}]}
        awarded = self._send(Kind.AWARD, f"/requests/{request_id}/award", body)
        self._send(Kind.AWARD, f"/requests/{request_id}/award", body)
        if awarded.outcome is not Outcome.ACKNOWLEDGED:
            return
        winner = next(one for one in self.market.bidders if one.organization_id == offer["provider_id"])
        path = f"/invitations/{winner.invitations[request_id]}/award/confirmation"
        for _ in range(2):
            waiting = self.clients.read(path, winner.token, self.draw)
            if waiting:
                confirmed = {"award_id": waiting[0]["award_id"]}
                self._send(Kind.CONFIRMATION, path, confirmed, winner)
        contracts = self._read(f"/requests/{request_id}/contracts")
        if contracts:
            contract = self._read(f"/contracts/{contracts[0]['id']}")
            if contract is not None:
                accepted = {"sha256": contract["presentation"]["terms"]["sha256"], "accepted_terms": True}
                for _ in range(2):
                    self._send(Kind.ACCEPTANCE, f"/contracts/{contract['id']}/acceptance", accepted)

    def _read(self, path: str) -> Any:
        return self.clients.read(path, self.market.buyer_token, self.draw)

    def _send(self, kind: Kind, path: str, body: Any, by: Bidder | None = None) -> Command:
        token = self.market.buyer_token if by is None else by.token
        command = Command(
            kind, path, json.dumps(body).encode(), _key(self.draw), token, by.organization_id if by else ""
        )
        self.clients.send(command, self.draw)
        if command.outcome is Outcome.ACKNOWLEDGED:
            self.clients.send_again(command, self.draw)
        return command


def _key(draw: random.Random) -> str:
    return f"{draw.getrandbits(96):024x}"


def begin(clients: Clients, market: Market, draw: random.Random, seconds: float) -> list[threading.Thread]:
    """Start a thread for every client of the load."""
    runs: list[Callable[[], None]] = [
        Carrier(clients, bidder, random.Random(draw.random()), number).run  # noqa: S311 - load
        for number, bidder in enumerate(market.bidders)
    ]
    for first in range(_BUYERS):
        requests = market.closed[first::_BUYERS]
        own = random.Random(draw.random())  # noqa: S311 - load
        runs.append(Buyer(clients, market, requests, own, seconds * _BUYING).run)
    threads = [threading.Thread(target=_told(run, clients.tally), daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    return threads


def _told(run: Callable[[], None], tally: Tally) -> Callable[[], None]:
    """Return ``run`` with what it raises told as a finding: a client that ended says nothing more."""

    def told() -> None:
        try:
            run()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            tally.find(f"a client ended: {type(error).__name__}: {error}")

    return told
