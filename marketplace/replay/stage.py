"""Who plays in a replay: each buyer and each provider registers once, over the API, whenever it is first needed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from marketplace.players.api import Api
from marketplace.players.pace import Pace
from marketplace.players.people import Admin, Buyer, Desk, Player, password_of
from marketplace.replay import script
from marketplace.replay.script import Cast
from marketplace.standards.erate import Application, ErateProvider


@dataclass
class Client:
    """A buyer, and what is known of it. Whoever changes its requests or its verification holds ``lock``."""

    player: Buyer
    id: str
    name: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Seller:
    """A provider that is approved, has filters and may bid."""

    player: Desk
    id: str


@dataclass
class Stage:
    """The signed-in players of one cast."""

    cast: Cast
    http: httpx.Client
    admin: Admin
    patience: float
    pace: Pace = field(default_factory=Pace)
    sellers: dict[str, Seller] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)
    _doors: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _admins_turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def domain(self) -> str:
        """The made-up mail domain of everybody in this replay."""
        return f"{self.cast.run}.replay.example"

    def enrol_sellers(self, workers: int) -> None:
        """Register every provider of the cast, approve it, and give it its terms and filters."""
        with ThreadPoolExecutor(workers, thread_name_prefix="enrol") as pool:
            self.sellers = dict(pool.map(self._enrol_seller, self.cast.providers))

    def _enrol_seller(self, provider: ErateProvider) -> tuple[str, Seller]:
        registration = script.provider_registration(provider, self.domain)
        player = Desk(self._api(), self.cast.run, registration["contact_email"])
        provider_id = player.register(registration)
        _keep_signed_in(player)
        with self._admins_turn:
            self.admin.approve_provider(provider_id)
        player.publish_terms(script.TERMS_TITLE, script.terms_text(provider))
        player.replace_filters(script.filter_bodies(self.cast.filters[provider.spin]))
        return provider.spin, Seller(player, provider_id)

    def client(self, application: Application) -> Client:
        """Return the buyer of an application, registered if it is the first time that it is needed."""
        number = application.buyer.entity_number
        with self._lock:
            door = self._doors.setdefault(number, threading.Lock())
        with door:
            if number not in self._clients:
                self._clients[number] = self._enrol_client(number)
            return self._clients[number]

    def _enrol_client(self, number: str) -> Client:
        # always from the same application, whichever is played first: a repeated call must say the same
        first = self.cast.firsts[number]
        registration = script.buyer_registration(first, self.domain)
        player = Buyer(self._api(), self.cast.run, registration["contact"]["email"])
        buyer_id = player.register(registration)
        _keep_signed_in(player)
        return Client(player, buyer_id, registration["name"])

    def verify(self, client: Client, application: Application) -> None:
        """Let a buyer ask for its verification and the admin verify it, once."""
        if not client.verified:
            client.player.ask_for_verification(script.evidence(application))
            with self._admins_turn:
                self.admin.verify_buyer(client.id)
            client.verified = True

    def _api(self) -> Api:
        return Api(self.http, self.patience, pace=self.pace)


def _keep_signed_in(player: Player) -> None:
    password = password_of(player.seed, player.email)
    player.api.renew = lambda: player.enter(password)
