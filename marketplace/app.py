"""The web application: routes of all rooms, how callers are recognised, and the worker's loops if asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import cache, partial
from math import ceil
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool

from marketplace import wiring, worker
from marketplace.awards.board.worker import Boards
from marketplace.bidding import service as bidding
from marketplace.identity import sessions
from marketplace.kernel import description, http
from marketplace.kernel.access import Principal, authenticated
from marketplace.kernel.config import Settings
from marketplace.kernel.errors import NotFoundError, ProblemError
from marketplace.kernel.lean import LeanDoor, Recognised
from marketplace.kernel.logs import RequestLog
from marketplace.kernel.metrics import RequestMetrics
from marketplace.kernel.origin import check_same_origin
from marketplace.kernel.rate_limits import RateLimit
from marketplace.kernel.tracing import RequestTraces
from marketplace.terminals import browser, pages
from marketplace.terminals.live import Hub
from marketplace.wiring import Marketplace
from notifications.feed.hub import FeedHub

TAGS = [
    {"name": "account", "description": "Signing in, passwords, second factors, API keys, users of an organization"},
    {"name": "buyer", "description": "A buyer's registration, its record and its verification"},
    {
        "name": "sites",
        "description": "A buyer's address book: carriers see a site only as far as a request discloses it",
    },
    {"name": "verification", "description": "The platform's queue of buyers to verify, and its decisions"},
    {"name": "catalogue", "description": "What can be requested and filtered: service types and their features"},
    {"name": "requests", "description": "A buyer's requests: drafted, checked for leaks, submitted, amended"},
    {"name": "providers", "description": "Registration and approval of carriers"},
    {"name": "provider desk", "description": "A carrier's own record, filters and terms documents"},
    {"name": "availability", "description": "What can be had at a place, from how many carriers"},
    {"name": "invitations", "description": "What a carrier received, as every invited carrier sees it, and why"},
    {"name": "bids", "description": "A carrier's bids, their receipts, and what the rules show of the competition"},
    {"name": "awards", "description": "Comparing, selecting, and the moment in which the winner learns the name"},
    {
        "name": "scenarios",
        "description": "What the bids make together under the buyer's rules, and what each rule costs",
    },
    {"name": "contracts", "description": "Terms presented, accepted or refused, and the frozen contract"},
    {"name": "notices", "description": "What happened, for whom it concerns"},
    {"name": "webhooks", "description": "Notices sent to your own system, signed, in order and until they arrive"},
    {"name": "back office", "description": "What the platform's agents look into"},
]
SECONDS_PER_DAY = 86_400
DESCRIPTION = "A reverse-auction marketplace for telecom services: carriers compete for buyers they cannot identify."


def create_app(market: Marketplace | None = None) -> FastAPI:
    """Return the application of ``market`` (by default the one that the environment configures)."""
    market = market or wiring.assemble(Settings())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with worker.working(market) if market.settings.worker else nullcontext():
            try:
                yield
            finally:
                await hub.close()
                await feed.close()
                await desk.close()
                await run_in_threadpool(boards.close)

    desk = bidding.Desk(market.workshop)
    boards = Boards(market.workshop)
    hub = Hub(market.workshop, market.database.desk_dsn, market.wake)

    feed = FeedHub(market.workshop, market.database.desk_dsn)

    def authenticate(request: Request) -> Principal:
        authorization = request.headers.get("authorization", "")
        if not authorization and (secret := browser.secret_of(request)):
            check_same_origin(request)
            principal, request.state.account = sessions.of_browser(market.workshop, secret)
            return principal
        return sessions.authenticate(market.workshop, authorization)

    app = FastAPI(
        title="Tenderline",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # the interactive page would load its parts from a foreign server
        redoc_url=None,
    )
    app.state.market = market
    app.state.workshop = market.workshop
    app.state.authenticate = authenticate
    app.state.recognised = Recognised(partial(sessions.recognise, market.workshop))
    app.state.desk = desk
    app.state.boards = boards
    app.state.hub = hub
    app.state.feed = feed
    app.state.bid_limit = RateLimit("bids", market.settings.bids_per_second, ceil(2 * market.settings.bids_per_second))
    app.state.place_limit = RateLimit(
        "places", market.settings.places_per_day / SECONDS_PER_DAY, market.settings.places_per_day
    )
    app.state.answer_sealer = market.vault.sealer("answers")
    routes = [route for router in wiring.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    app.add_middleware(LeanDoor, routes=routes)
    http.install(app, wiring.LARGE_BODIES, routes)
    if market.settings.log_json:
        app.add_middleware(RequestLog)
    if market.settings.metrics_port:
        app.add_middleware(RequestMetrics)
    if market.settings.traces_url:
        app.add_middleware(RequestTraces)

    @app.exception_handler(NotFoundError.status)
    async def nothing_there(request: Request, _error: Exception) -> Response:
        """Tell a person by a page, and a program by a problem, that no route has this address."""
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return await run_in_threadpool(_nothing_there, request)
        return http.problem_response(NotFoundError())

    app.router.routes.extend(_rooms().routes)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _nothing_there(request: Request) -> Response:
    """Return the page that says so, in the frame of who is signed in: no route has looked for that."""
    with suppress(ProblemError, DBAPIError, PoolTimeoutError):  # who cannot be recognised is told as a stranger
        authenticated(request)
    return pages.show_problem(request, NotFoundError())


@cache
def _rooms() -> APIRouter:
    """Return the routes of all rooms, once for all applications of a process: their validators take half a second."""
    together = APIRouter(generate_unique_id_function=_operation_id)
    for router in wiring.ROUTERS:
        together.include_router(router)
    return together


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the API's document with what every route says besides its own words."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            license_info=app.license_info,
            tags=TAGS,
        )
        described = (route for router in wiring.ROUTERS for route in router.routes if isinstance(route, APIRoute))
        description.complete(document, described)
        app.openapi_schema = document
    return app.openapi_schema


def _operation_id(route: APIRoute) -> str:
    """Return the name of the route's function: routes read like sentences, and so do generated clients."""
    return route.name
