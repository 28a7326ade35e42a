"""Plays applications from draft to contract over the public API, going on where an earlier run broke off."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from marketplace.kernel.clock import stopwatch, wait
from marketplace.players.api import ApiError
from marketplace.players.people import Buyer
from marketplace.replay import script
from marketplace.replay.result import Failure, Played, Replayed
from marketplace.replay.script import Cast
from marketplace.replay.stage import Client, Seller, Stage
from marketplace.standards.erate import Application

Told = Callable[[str, str], None]
"""Is told each step: the application's number and the step. What it raises ends the replay."""

WINDOW_SECONDS = 12.0
_SECONDS_A_LOT = 0.12
"""Added to the window for each lot: a large bid takes its time to arrive."""
_MOST_BUSY = 4
"""Applications that use the marketplace at the same moment; the others wait for their auctions to close."""
_MOST_ATTEMPTS = 4
_OPENING_PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.4
_ENDED = frozenset({"withdrawn", "not awarded"})
_CONFLICT, _STALE = 409, 412


class ReplayError(Exception):
    """The marketplace did something else than the published purchase asks for."""


class EndedError(Exception):
    """The replay is being ended."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request for an application: an attempt."""

    application: Application
    client: Client
    attempt: int
    id: str
    findings: tuple[str, ...] = ()


@dataclass
class Replay:
    """A cast on its stage. ``window`` is how long bids are taken, in seconds; large requests get more."""

    cast: Cast
    stage: Stage
    window: float = WINDOW_SECONDS
    workers: int = 32
    told: Told = lambda _application, _step: None
    _steps: dict[str, str] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        # waiting for a close costs nothing; bidding does, and must be done before the close
        self._busy = threading.Semaphore(_MOST_BUSY)

    def run(self) -> Replayed:
        """Play everything. What goes wrong in one application is its failure and leaves the others alone."""
        started = stopwatch()
        self.stage.enrol_sellers(_MOST_BUSY)
        results: list[Played | Failure] = []
        largest_first = sorted(self.cast.applications, key=lambda one: -len(one.lots))
        with ThreadPoolExecutor(self.workers, thread_name_prefix="replay") as pool:
            futures = [pool.submit(self._one, application) for application in largest_first]
            try:
                results.extend(future.result() for future in as_completed(futures))
            except BaseException:
                self._ended.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        order = {application.number: index for index, application in enumerate(self.cast.applications)}
        results.sort(key=lambda one: order[one.application])
        return Replayed(
            tuple(one for one in results if isinstance(one, Played)),
            tuple(one for one in results if isinstance(one, Failure)),
            stopwatch() - started,
        )

    def _one(self, application: Application) -> Played | Failure:
        try:
            return self._play(application)
        except (ApiError, ReplayError, httpx.TransportError) as error:
            failure = Failure(application.number, self._steps.get(application.number, ""), str(error) or repr(error))
            self._say(application, "failed")
            return failure

    def _say(self, application: Application, step: str) -> None:
        if self._ended.is_set():
            raise EndedError
        self._steps[application.number] = step
        self.told(application.number, step)

    def _play(self, application: Application) -> Played:
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            with self._busy:
                asked = self._ask(application, attempt)
                request = asked.client.player.request(asked.id)
                if request["status"] in _ENDED:
                    continue
                if request["status"] == "open":
                    self._bid(asked, request)
            self._wait_for_close(application, request)
            with self._busy:
                done = self._decide(asked, request)
            if done is not None:
                self._say(application, "done")
                return done
        raise ReplayError(f"the real bid missed the close {_MOST_ATTEMPTS} times")

    def _ask(self, application: Application, attempt: int) -> _Asked:
        """Draft the request and get it published; harmless where that was done before."""
        self._say(application, "registering")
        client = self.stage.client(application)
        buyer, name = client.player, (application.number, attempt)
        labels = self.cast.labels[application.buyer.entity_number]
        with client.lock:
            self._say(application, "drafting")
            draft = buyer.draft({"title": script.title(application)}, name)
            imported = buyer.import_rows(draft, "sites", script.sites_csv(application, labels))
            if imported["problems"]:
                problem = imported["problems"][0]
                raise ReplayError(f"site in row {problem['row']}, {problem['column']}: {problem['message']}")
            buyer.edit(imported["request"], script.request_parts(application), "lines")
            self._say(application, "submitting")
            findings = self._publish(application, client, draft["id"], attempt)
        return _Asked(application, client, attempt, draft["id"], findings)

    def _publish(self, application: Application, client: Client, request_id: str, attempt: int) -> tuple[str, ...]:
        """Submit until the request is open or beyond; return the findings that the buyer took responsibility for."""
        buyer = client.player
        findings: tuple[str, ...] | None = None
        while True:
            request = buyer.request(request_id)
            if request["status"] == "awaiting verification":
                self._say(application, "verifying")
                self.stage.verify(client, application)  # publishes it, or returns it when its close has passed
                continue
            if request["status"] != "draft":
                return _found(buyer, request_id) if findings is None else findings
            seconds = (self.window + _SECONDS_A_LOT * len(application.lots)) * 2 ** (attempt - 1)
            closes_at = (self.stage.pace.now() + timedelta(seconds=seconds)).isoformat()
            try:
                planned = buyer.edit(request, {"schedule": {"closes_at": closes_at}}, closes_at)
                buyer.submit(request_id, findings or (), (planned["revision"], *(findings or ())))
                findings = findings or ()
            except ApiError as error:
                if error.kind == "identity-found" and not findings:
                    findings = _found(buyer, request_id)
                elif error.status != _STALE:
                    raise

    def _bid(self, asked: _Asked, request: dict[str, Any]) -> None:
        """Place the real bids, then the rivals'. A bid that comes too late is found missing at the comparison."""
        application = asked.application
        self._say(application, "bidding")
        for bid in application.winning:
            seller = self.stage.sellers[bid.spin]
            self._place(seller, _invited(seller, request), script.real_bid(application, bid))
        self._say(application, "rivals bidding")
        for spin in script.rivals(self.cast, application):
            rival = self.stage.sellers[spin]
            self._place(rival, _invited(rival, request), script.synthetic_bid(self.cast, application, spin))

    @staticmethod
    def _place(seller: Seller, invitation: dict[str, Any] | None, body: dict[str, Any]) -> None:
        if invitation is None:
            return
        try:
            opened = seller.player.open(invitation["id"])
            seller.player.bid(invitation["id"], body | {"request_version": opened["request"]["version"]})
        except ApiError as error:
            if error.status != _CONFLICT:
                raise

    def _wait_for_close(self, application: Application, request: dict[str, Any]) -> None:
        self._say(application, "waiting for the close")
        closes_at = datetime.fromisoformat(request["content"]["schedule"]["closes_at"])
        while (left := (closes_at - self.stage.pace.now()).total_seconds()) > 0:
            self.stage.pace.rest(min(left + 0.05, 1.0))
            self._say(application, "waiting for the close")

    def _decide(self, asked: _Asked, request: dict[str, Any]) -> Played | None:
        """Compare, award to the real winners and see the contracts made; None where a real bid is missing."""
        application, buyer = asked.application, asked.client.player
        self._say(application, "comparing")
        lots = {lot["lot"]: lot["offers"] for lot in self._comparison(asked)["lots"]}
        chosen = self._real_offers(application, lots)
        if chosen is None or (asked.attempt < _MOST_ATTEMPTS and self._rival_missing(application, request, lots)):
            self._give_up(asked)
            return None
        self._say(application, "awarding")
        if buyer.request(asked.id)["status"] != "awarded":
            buyer.award(asked.id, {"awarded": [_selected(ref, offer) for ref, offer in chosen.items()]})
        self._say(application, "meeting the buyer")
        winners_invited = self._meet(asked, request)
        self._say(application, "accepting terms")
        contracts = self._contracts(asked)
        awards = {
            lot["lot"] for award in buyer.awards(asked.id) for lot in award["lots"] if lot["outcome"] == "awarded"
        }
        if awards != set(lots):
            raise ReplayError(f"{len(awards)} of {len(lots)} lots are awarded")
        return Played(
            application=application.number,
            attempt=asked.attempt,
            sites=len(application.sites),
            lines=len(application.lines),
            lots=len(lots),
            invited=buyer.invitation_counts(asked.id)["invited"],
            winners=len(application.winning),
            winners_invited=winners_invited,
            real_bids=len(chosen),
            synthetic_bids=sum(len(offers) for offers in lots.values()) - len(chosen),
            awards=len(awards),
            contracts=contracts,
            accepted_findings=asked.findings,
        )

    def _comparison(self, asked: _Asked) -> dict[str, Any]:
        """Return the comparison as soon as the bids are open: the marketplace's clock decides, not ours."""
        ends = stopwatch() + _OPENING_PATIENCE_SECONDS
        while True:
            try:
                return asked.client.player.compare(asked.id)
            except ApiError as error:
                if error.kind != "bids-not-opened" or stopwatch() > ends:
                    raise
            wait(_POLL_SECONDS)
            self._say(asked.application, "comparing")

    def _real_offers(
        self, application: Application, lots: Mapping[str, list[dict[str, Any]]]
    ) -> dict[str, dict[str, Any]] | None:
        """Return the real winner's offer of each lot, None where one is missing; a wrong price is a ReplayError."""
        expected = script.real_totals(application)
        chosen = {}
        for bid in application.winning:
            provider_id = self.stage.sellers[bid.spin].id
            for ref in bid.lots:
                offer = next((item for item in lots[ref] if item["provider_id"] == provider_id), None)
                if offer is None:
                    return None
                if Decimal(offer["total"]) != expected[ref]:
                    raise ReplayError(f"{ref} costs {offer['total']}, the published award {expected[ref]}")
                chosen[ref] = offer
        return chosen

    def _rival_missing(
        self, application: Application, request: dict[str, Any], lots: Mapping[str, list[dict[str, Any]]]
    ) -> bool:
        """Tell whether a rival that was invited has no bid: it came too late, and a replay must not depend on that."""
        bidding = {offer["provider_id"] for offers in lots.values() for offer in offers}
        rivals = (self.stage.sellers[spin] for spin in script.rivals(self.cast, application))
        return any(rival.id not in bidding and _invited(rival, request) is not None for rival in rivals)

    def _give_up(self, asked: _Asked) -> None:
        """Take a request back that closed without one of its bids: the application is asked for again."""
        self._say(asked.application, "asking again")
        buyer = asked.client.player
        try:
            buyer.withdraw(asked.id, "A bid of the replay did not arrive before the close.")
        except ApiError:
            if buyer.request(asked.id)["status"] not in _ENDED:  # without any bid it ends by itself
                raise

    def _meet(self, asked: _Asked, request: dict[str, Any]) -> int:
        """Let each winner read who the buyer is; return how many were invited by their filters."""
        by_filter = 0
        for bid in asked.application.winning:
            seller = self.stage.sellers[bid.spin]
            invitation = _invited(seller, request)
            if invitation is None:
                raise ReplayError(f"the winner {bid.spin} has no invitation")
            by_filter += invitation["reason"] == "your filter"
            met = seller.player.meet_buyer(invitation["id"])["buyer"]["name"]
            if met != asked.client.name:
                raise ReplayError(f"the winner met '{met}', not '{asked.client.name}'")
            seller.player.confirm(invitation["id"])
        return by_filter

    def _contracts(self, asked: _Asked) -> int:
        """Accept all terms; return how many contracts stand, each document checked against its hash."""
        buyer = asked.client.player
        for contract in buyer.contracts(asked.id):
            if contract["status"] == "presented":
                buyer.accept(contract["id"], contract["terms"]["sha256"])
        made = buyer.contracts(asked.id)
        parties = {contract["provider_id"] for contract in made if contract["status"] == "accepted"}
        if parties != {self.stage.sellers[bid.spin].id for bid in asked.application.winning} or len(parties) != len(
            made
        ):
            raise ReplayError(f"{len(made)} contracts with {len(parties)} of {len(asked.application.winning)} winners")
        for contract in made:
            document = buyer.api.download(f"/contracts/{contract['id']}/document")
            if hashlib.sha256(document).hexdigest() != contract["sha256"]:
                raise ReplayError(f"the document of {contract['id']} is not the one that was hashed")
        return len(made)


def _found(buyer: Buyer, request_id: str) -> tuple[str, ...]:
    """Return the words of a request that the leak check finds, each once."""
    return tuple(dict.fromkeys(item["text"] for item in buyer.findings(request_id)))


def _invited(seller: Seller, request: dict[str, Any]) -> dict[str, Any] | None:
    return seller.player.invitation_to(request["pseudonym"])


def _selected(ref: str, offer: dict[str, Any]) -> dict[str, str]:
    reason = script.AWARD_REASON if Decimal(offer["above_best"] or 0) > 0 else ""
    return {"lot": ref, "bid_id": offer["bid_id"], "reason": reason}
